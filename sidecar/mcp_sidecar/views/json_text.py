"""JSON as text to read: any value, however large or deep, in bounded time, with its numbers as they came."""

import itertools
import json
import sys
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any, Final, NamedTuple, NoReturn

_DEEPEST_INDENTED: Final = 100
"""Indentation grows with the square of the depth, so what is nested deeper stays on one line."""

_MOST_INDENTED: Final = 1_000_000
"""Values and brackets of a text that is laid out whole; writing more would take too long."""

_LINE_ENDS: Final = "\x85\u2028\u2029"
"""Ends of lines to editors, but not to JSON."""


class Numeral(str):
    """A number as it was written: 1.0, 1e3, -0."""

    __slots__ = ()


class JsonText(NamedTuple):
    """A value as text."""

    text: str
    is_whole: bool
    """Whether it was short enough to be there to its end."""


def lay_out(value: Any, limit: int, *, indented: bool = True) -> JsonText:
    """Write a value as JSON: indented, or without any white space.

    Args:
        value: what `json.loads` or `read_container` gives.
        limit: characters after which it is cut; no more work is done than they need.
        indented: whether each member has a line of its own.
    """
    pieces: list[str] = []
    length = 0
    for piece in _pieces(value, limit, indented):
        pieces.append(piece)
        length += len(piece)
        if length > limit:
            return JsonText("".join(pieces)[:limit], is_whole=False)
    return JsonText("".join(pieces), is_whole=True)


def lay_out_whole(value: Any) -> str:
    """Write all of a value as JSON: indented, unless there is too much of it."""
    if byte_size(value, _MOST_INDENTED)[1]:
        return lay_out(value, sys.maxsize).text
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return lay_out(value, sys.maxsize, indented=False).text


def byte_size(value: Any, most_pieces: int) -> tuple[int, bool]:
    """Return how long a value is as JSON in UTF-8, and whether that is all of it."""
    pieces = _pieces(value, sys.maxsize, indented=False)
    size = sum(len(piece.encode("utf-8", "surrogatepass")) for piece in itertools.islice(pieces, most_pieces))
    return size, next(pieces, None) is None


def quote(text: str) -> str:
    """Write a string as JSON. Characters of all languages stay as they are."""
    quoted = encode_basestring(text)
    for end in () if quoted.isascii() else _LINE_ENDS:
        quoted = quoted.replace(
            end, f"\\u{ord(end):04x}"
        )  # faster than a regular expression, which holds up all threads
    return quoted


def read_container(text: str) -> Any:
    """Return the object or list that a text is in JSON, its numbers as `Numeral`; None for any other text."""
    if not text.lstrip(" \t\r\n").startswith(("{", "[")):
        return None
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def _pieces(value: Any, longest: int, indented: bool) -> Iterator[str]:
    """Yield a value piece by piece. Without recursion, since foreign values may be nested without bounds."""
    colon = ": " if indented else ":"
    levels: list[tuple[Iterator[tuple[str, Any]], str]] = [(iter([("", value)]), "")]
    """The members still to write, and what closes them; the value itself is the one of the outermost level."""
    comma = ""
    while levels:
        depth = len(levels) - 1
        has_lines = indented and 0 < depth <= _DEEPEST_INDENTED
        members, closing = levels[-1]
        member = next(members, None)
        if member is None:
            levels.pop()
            yield "\n" + "  " * (depth - 1) + closing if has_lines else closing
            comma = ","
            continue
        name, value = member
        start = comma + ("\n" + "  " * depth if has_lines else "") + name
        if value and isinstance(value, dict):
            yield start + "{"
            levels.append((((quote(key[:longest]) + colon, each) for key, each in value.items()), "}"))
            comma = ""
        elif value and isinstance(value, list):
            yield start + "["
            levels.append(((("", each) for each in value), "]"))
            comma = ""
        else:
            yield start + _scalar(value, longest)
            comma = ","


def _scalar(value: Any, longest: int) -> str:
    """Write what has no members."""
    if isinstance(value, Numeral):
        return str(value)
    return quote(value[:longest]) if isinstance(value, str) else json.dumps(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity, which are no JSON


_DECODER: Final = json.JSONDecoder(parse_int=Numeral, parse_float=Numeral, parse_constant=_refuse)
