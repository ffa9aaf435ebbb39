"""Lines out of a stream of bytes: whole, bounded, in linear time."""

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any, SupportsIndex

from hypothesis import given
from hypothesis import strategies as st

from mcp_sidecar.connection.lines import LineSplitter

TEXTS = st.lists(st.sampled_from([b"\n", b"\n\n", b"\r\n", b"a", b"bc", b"\x00\xff", b"d" * 9, b"e" * 40])).map(
    b"".join
)
"""Streams in which lines end often and some are too long."""


class Seen:
    """What a splitter told."""

    def __init__(self, limit: int = 1000) -> None:
        self.lines: list[bytes] = []
        self.overlong: list[bytes] = []
        self.sizes: list[int] = []
        self.splitter = LineSplitter(limit, self.lines.append, self._overlong)

    def _overlong(self, head: bytes, size: int) -> None:
        self.overlong.append(head)
        self.sizes.append(size)

    def feed(self, *chunks: bytes, end: bool = True) -> "Seen":
        for chunk in chunks:
            self.splitter.feed(chunk)
        if end:
            self.splitter.flush()
        return self


@given(TEXTS, st.data())
def test_any_chunking_gives_the_same_lines(text: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    chunks = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole, cut = Seen(limit=10).feed(text), Seen(limit=10).feed(*chunks)
    assert (cut.lines, cut.overlong) == (whole.lines, whole.overlong)


@given(TEXTS)
def test_lines_are_what_stands_between_newlines(text: bytes) -> None:
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()  # the end of the last line begins no other
    seen = Seen(limit=10).feed(text)
    assert seen.lines == [line for line in lines if len(line) <= 10]
    assert seen.overlong == [line[:10] for line in lines if len(line) > 10]


def test_a_line_of_just_the_limit_passes() -> None:
    seen = Seen(limit=5).feed(b"12345\n123456\n12345")
    assert seen.lines == [b"12345", b"12345"]
    assert seen.overlong == [b"12345"]


def test_an_overlong_line_is_told_once_while_it_still_comes_and_skipped_to_its_end() -> None:
    seen = Seen(limit=5).feed(b"1234", end=False)
    assert seen.overlong == []
    seen.feed(b"5678", end=False)
    assert (seen.overlong, seen.sizes) == ([b"12345"], [8])
    seen.feed(b"9" * 100, b"9" * 100, b"9\nnext\n")
    assert (seen.overlong, seen.lines) == ([b"12345"], [b"next"])


def test_of_an_overlong_line_only_the_beginning_is_kept() -> None:
    seen = Seen(limit=100_000).feed(b"x" * 200_000, end=False)
    (head,) = seen.overlong
    assert len(head) == 8192
    assert seen.splitter.unfinished == b""


def test_for_the_beginning_of_an_overlong_line_the_rest_is_not_copied() -> None:
    chunk = b"x" * 65536  # one object, so that what is kept of the line takes no memory
    seen = Seen(limit=8 * 2**20)
    tracemalloc.start()
    try:
        seen.feed(*[chunk] * 200, end=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(seen.overlong[0]) == 8192
    assert peak < 2**20


def test_what_has_no_end_yet_can_be_looked_at() -> None:
    seen = Seen().feed(b"whole\nhalf", end=False)
    assert (seen.lines, seen.splitter.unfinished) == ([b"whole"], b"half")
    seen.feed(b"\n", end=False)
    assert seen.splitter.unfinished == b""


def test_the_end_of_the_stream_ends_the_last_line_once() -> None:
    seen = Seen().feed(b"last", end=True)
    seen.splitter.flush()
    assert seen.lines == [b"last"]


class Counted(bytes):
    """Bytes that count how many of them were looked at."""

    looked_at = 0

    def find(self, sub: Any, start: SupportsIndex | None = None, end: SupportsIndex | None = None, /) -> int:
        found = super().find(sub, start, end)
        Counted.looked_at += (found if found >= 0 else len(self)) - int(start or 0)
        return found


def joins(work: Callable[[], object]) -> int:
    """How often bytes are put together while `work` runs."""
    count = 0

    def profile(frame: FrameType, event: str, called: Any) -> None:
        nonlocal count
        count += event == "c_call" and called.__name__ == "join" and isinstance(called.__self__, bytes)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_no_byte_is_looked_at_twice_however_a_long_line_arrives() -> None:
    Counted.looked_at = 0
    chunks = [Counted(b"x" * 100) for _ in range(1000)] + [Counted(b"yy\n" * 50)]
    seen = Seen(limit=10**6)
    # Putting the parts together at every chunk would be quadratic.
    assert joins(lambda: seen.feed(*chunks)) <= 1
    assert len(seen.lines) == 50
    total = sum(map(len, chunks))
    assert total - 50 <= Counted.looked_at <= total
