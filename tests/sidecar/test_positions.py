"""Positions as LSP counts them, in lines of any length."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sidecar import positions
from mcp_sidecar.positions import Encoding, Lines, Position

WIDTHS = {
    "utf-8": lambda character: len(character.encode()),
    "utf-16": lambda character: len(character.encode("utf-16-le")) // 2,
    "utf-32": len,
}


@given(st.text(st.sampled_from("aé€😀"), max_size=12), st.integers(0, 30), st.sampled_from(sorted(WIDTHS)))
def test_an_offset_is_the_first_that_is_not_before_the_position(text: str, character: int, encoding: Encoding) -> None:
    width = WIDTHS[encoding]
    before = [sum(map(width, text[:offset])) for offset in range(len(text) + 1)]
    expected = next((offset for offset, units in enumerate(before) if units >= character), len(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(positions, "_PIECE", 3)
        assert Lines(f"x\n{text}\ny").offset(Position(1, character), encoding) == 2 + expected


@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_line_of_megabytes_takes_no_second(letter: str) -> None:
    lines, size = Lines(letter * 8_000_000), 8_000_000
    began = time.thread_time()
    assert lines.offset(Position(0, size - 1), "utf-16") == size - 1
    assert time.thread_time() - began < 0.5
