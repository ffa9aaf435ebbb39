"""Cuts a stream of bytes into lines of bounded length, in linear time."""

from collections.abc import Callable
from typing import Final

_SHOWN: Final = 8192
"""Bytes of a line beyond the limit that are told."""


class LineSplitter:
    """Feed it chunks; it calls back with each whole line, without its newline."""

    def __init__(self, limit: int, on_line: Callable[[bytes], None], on_overlong: Callable[[bytes, int], None]) -> None:
        """
        Args:
            limit: bytes a line may have.
            on_line: called with each whole line.
            on_overlong: called once for a line beyond the limit, with its beginning and the bytes seen so far; the
                rest of that line is skipped.
        """
        self._limit = limit
        self._on_line = on_line
        self._on_overlong = on_overlong
        self._parts: list[bytes] = []
        self._size = 0
        self._skipping = False

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._add(data[start:end] if start or end < len(data) else data)
            self.flush()
            start = end + 1
        if start < len(data):
            self._add(data[start:] if start else data)

    @property
    def unfinished(self) -> bytes:
        """The beginning of a line that has no end yet."""
        return b"".join(self._parts[:1])

    def flush(self) -> None:
        """End the present line: at a newline, or at the end of the stream."""
        if not self._skipping and self._parts:
            line = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts.clear()
            self._size = 0
            self._on_line(line)
        self._parts.clear()
        self._size = 0
        self._skipping = False

    def _add(self, part: bytes) -> None:
        if self._skipping:
            return
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._limit:
            head = self._head(min(self._limit, _SHOWN))
            size = self._size
            self._parts.clear()
            self._skipping = True
            self._on_overlong(head, size)

    def _head(self, size: int) -> bytes:
        """The first bytes of the present line; the rest, which may be as long as memory allows, is not copied."""
        head = bytearray()
        for part in self._parts:
            head += part[: size - len(head)]
            if len(head) == size:
                break
        return bytes(head)
