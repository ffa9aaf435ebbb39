"""Positions in a text, as LSP counts them."""

import bisect
import functools
import re
from typing import Final, Literal

import attrs

Encoding = Literal["utf-8", "utf-16", "utf-32"]
"""In what characters are counted (LSP 3.17, "PositionEncodingKind")."""

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_PIECE: Final = 4096
"""Characters."""


@attrs.frozen
class Position:
    """A place in a text as LSP has it: from 0."""

    line: int
    character: int


@attrs.frozen
class Range:
    """From one position up to, and without, another."""

    start: Position
    end: Position


class Lines:
    """The lines of a text: between offsets in characters and positions."""

    def __init__(self, text: str) -> None:
        self._text = text

    def position(self, offset: int, encoding: Encoding) -> Position:
        """The position of an offset."""
        line = bisect.bisect_right(self._starts, offset) - 1
        return Position(line, _units(self._text[self._starts[line] : offset], encoding))

    def offset(self, position: Position, encoding: Encoding) -> int:
        """The offset of a position; one beyond the end of a line is that end (LSP 3.17, "Position")."""
        if position.line >= len(self._starts):
            return len(self._text)
        start, *after = self._starts[position.line : position.line + 2]
        content = self._text[start : after[0] if after else None].rstrip("\r\n")
        index = units = 0
        # A line may have megabytes, so whole pieces of it are counted at once; only the last is walked through.
        while (size := _units(content[index : index + _PIECE], encoding)) and units + size < position.character:
            index, units = index + _PIECE, units + size
        while index < len(content) and units < position.character:
            index, units = index + 1, units + _units(content[index], encoding)
        return start + min(index, len(content))

    @functools.cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self._text))]


def _units(text: str, encoding: Encoding) -> int:
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
