"""Any JSON value as text, in bounded time, with its numbers as they came."""

import json
import time
from typing import Any

import pytest

from mcp_sidecar.views.json_text import lay_out, read_container

NO_LIMIT = 10**9


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 0, -1.5, 12345678901234567890, 1.0, "", "ä\n\"\\\x00", [], {}, [[]], [{}], {"": {}}),
        {"a": [1, {"b": None, "c": [[], [2]]}], "d": "e"},
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_is_laid_out_as_json_does_it(value: Any) -> None:
    assert lay_out(value, NO_LIMIT).text == json.dumps(value, ensure_ascii=False, indent=2)
    assert lay_out(value, NO_LIMIT, indented=False).text == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_what_editors_take_for_the_end_of_a_line_is_escaped() -> None:
    assert lay_out({"\u2028": "\u2029\x85"}, NO_LIMIT).text == '{\n  "\\u2028": "\\u2029\\u0085"\n}'


def test_numbers_of_a_text_stay_as_they_were_written() -> None:
    text = "[12345678901234567890, 1.0, 1e3, -0, 1E999, 0.12345678901234567890]"
    assert lay_out(read_container(text), NO_LIMIT, indented=False).text == text.replace(" ", "")
    long = f"[{'9' * 10_000}]"
    assert lay_out(read_container(long), NO_LIMIT, indented=False).text == long


@pytest.mark.parametrize("text", ["", "1", '"a"', "[", "{]", "[NaN]", "[-Infinity]", "\ufeff[]", "[" * 200_000])
def test_what_is_no_object_or_list_is_not_read(text: str) -> None:
    assert read_container(text) is None


def test_what_is_too_long_is_cut_and_says_so() -> None:
    assert lay_out(["abc"], 4, indented=False) == ('["ab', False)
    assert lay_out(["abc"], 7, indented=False) == ('["abc"]', True)
    assert lay_out(["abc"], 6, indented=False) == ('["abc"', False)
    assert lay_out({"x" * 100: 1}, 4, indented=False) == ('{"xx', False)


def test_no_more_work_is_done_than_the_limit_needs() -> None:
    values: list[Any] = [["x" * 50_000_000] * 50, [1] * 5_000_000, {str(i): i for i in range(1_000_000)}]
    started = time.process_time()
    for value in values:
        assert len(lay_out(value, 1_000).text) == 1_000
    assert time.process_time() - started < 1


def test_deep_nesting_is_written_without_growing_with_the_square() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    found = lay_out(value, NO_LIMIT)
    assert found.is_whole
    assert len(found.text) < 250_000
    assert "".join(found.text.split()) == "[" * 100_000 + "1" + "]" * 100_000
    assert lay_out(value, 1_000, indented=False) == ("[" * 1_000, False)
