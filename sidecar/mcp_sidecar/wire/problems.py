"""What is wrong with a payload, said with the JSON path: `$.args[1]: expected a string, got 3`."""

import json
import re
from collections.abc import Iterator
from typing import Any

import attrs
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)

from mcp_sidecar.wire.payload import name_on_wire

SECRET_FIELDS = frozenset({"auth", "env", "headers"})
"""Fields whose content is never quoted, only its type: a user's error must not print a token into a log."""

LONGEST_QUOTE = 40
"""Characters of a string that a message may quote; a longer one is only named by its type."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class WrongValue(ValueError):
    """One value that is not what its place asks for."""

    def __init__(self, expected: str, found: Any) -> None:
        super().__init__(f"expected {expected}")
        self.expected = expected
        self.found = found


def describe(exc: Exception) -> str:
    """Name all problems that structuring found, joined by `; `, and quote nothing below one of `SECRET_FIELDS`."""
    return "; ".join(_problems(exc, "$", secret=False))


def _problems(exc: BaseException, path: str, *, secret: bool) -> Iterator[str]:
    if isinstance(exc, ClassValidationError):
        for sub, note in exc.group_exceptions()[0]:
            name = _field_name(exc.cl, note)
            yield from _problems(sub, f"{path}.{name}", secret=secret or name in SECRET_FIELDS)
        for sub in exc.group_exceptions()[1]:
            yield from _problems(sub, path, secret=secret)
    elif isinstance(exc, IterableValidationError):
        for sub, item in exc.group_exceptions()[0]:
            yield from _problems(sub, path + _step(item), secret=secret)
        for sub in exc.group_exceptions()[1]:
            yield from _problems(sub, path, secret=secret)
    elif isinstance(exc, ForbiddenExtraKeysError):
        yield from (f"{path}: {_unknown_field(name, exc.cl)}" for name in sorted(exc.extra_fields))
    elif isinstance(exc, WrongValue):
        # A string where an array belongs is a command line, which may hold a token.
        secret = secret or (isinstance(exc.found, str) and exc.expected == "an array")
        found = json_type(exc.found) if secret else _quote(exc.found)
        yield f"{path}: expected {exc.expected}, got {found}"
    elif isinstance(exc, KeyError):
        yield f"{path}: required, but missing"
    elif isinstance(exc, RecursionError):
        yield f"{path}: nested too deeply"
    else:
        # The text of a foreign exception may quote the value, and the value may be secret.
        yield f"{path}: not a valid value"


def _field_name(cls: type, note: AttributeValidationNote) -> str:
    return next((name_on_wire(f) for f in attrs.fields(cls) if f.name == note.name), note.name)


def _step(note: IterableValidationNote) -> str:
    if isinstance(note.index, int):
        return f"[{note.index}]"
    return f".{note.index}" if _PLAIN_KEY.fullmatch(note.index) else f"[{json.dumps(note.index)}]"


def _unknown_field(name: str, cls: type) -> str:
    import difflib  # only needed when something is wrong

    close = difflib.get_close_matches(name, [name_on_wire(f) for f in attrs.fields(cls)], n=1)
    hint = f" (did you mean {json.dumps(close[0])}?)" if close else ""
    return f"unknown field {json.dumps(name[:LONGEST_QUOTE])}{hint}"


def _quote(value: Any) -> str:
    if value is None or isinstance(value, (bool, float)):
        return json.dumps(value)
    if isinstance(value, int) and abs(value) < 10**18:
        return str(value)
    if isinstance(value, str) and len(value) <= LONGEST_QUOTE:
        return json.dumps(value, ensure_ascii=False)
    return json_type(value)


def json_type(value: Any) -> str:
    """Name the JSON type of a value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "an array"
    return "an object"
