"""Strict structuring of JSON values: nothing is coerced, so that `"false"` never becomes true.

One deliberate leniency: `[]` counts as `{}` wherever an object is expected, since an empty Lua table arrives as `[]`.
"""

import collections.abc
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Union, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import IterableValidationError, IterableValidationNote

from mcp_sidecar.wire.payload import Raw
from mcp_sidecar.wire.problems import WrongValue

Hook = Callable[[Any, Any], Any]

_SEQUENCES = (list, tuple, collections.abc.Sequence)
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


def structure_str(value: Any, _: Any) -> str:
    """Take a JSON string."""
    if isinstance(value, str):
        return value
    raise WrongValue("a string", value)


def structure_int(value: Any, _: Any) -> int:
    """Take a JSON number without a fraction."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise WrongValue("an integer", value)


def structure_float(value: Any, _: Any) -> float:
    """Take a JSON number; an integer is one."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise WrongValue("a number of double precision", value) from None
    raise WrongValue("a number", value)


def structure_bool(value: Any, _: Any) -> bool:
    """Take `true` or `false`."""
    if isinstance(value, bool):
        return value
    raise WrongValue("true or false", value)


def structure_none(value: Any, _: Any) -> None:
    """Take `null`."""
    if value is not None:
        raise WrongValue("null", value)


def structure_datetime(value: Any, _: Any) -> datetime:
    """Take an ISO-8601 time with an offset or `Z`, as UTC."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise WrongValue("an ISO-8601 time", value) from None
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    raise WrongValue("an ISO-8601 time with its offset from UTC", value)


def unstructure_datetime(moment: datetime) -> str:
    """Write ISO-8601 in UTC, in milliseconds: `2026-01-31T12:00:00.000Z`.

    Raises:
        ValueError: The time has no time zone, so that it names no moment.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone cannot go on the wire")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def as_object(value: Any) -> dict[str, Any]:
    """Return the value, when it is a JSON object (or `[]`, see above)."""
    if isinstance(value, dict):
        return value
    if value == [] and isinstance(value, list):
        return {}
    raise WrongValue("an object", value)


def is_sequence(cls: Any) -> bool:
    """Tell whether a type is an array whose elements have all one type."""
    origin = get_origin(cls)
    if origin is tuple:
        return get_args(cls)[1:] == (...,)
    return origin in _SEQUENCES


def sequence_hook(cls: Any, converter: Converter) -> Hook:
    """Structure `tuple[X, ...]` into a tuple, `list[X]` and `Sequence[X]` into a list."""
    element = get_args(cls)[0]
    make: Callable[[list[Any]], Any] = tuple if get_origin(cls) is tuple else list

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise WrongValue("an array", value)
        return make(_each(list(enumerate(value)), element, cls, converter))

    return structure


def is_mapping(cls: Any) -> bool:
    """Tell whether a type is an object with free keys."""
    return get_origin(cls) in _MAPPINGS


def mapping_hook(cls: Any, converter: Converter) -> Hook:
    """Structure `Mapping[str, X]` and `dict[str, X]`; JSON has no other keys."""
    element = get_args(cls)[1]

    def structure(value: Any, _: Any) -> Any:
        items = as_object(value)
        if element is Any:
            return items
        return dict(zip(items, _each(list(items.items()), element, cls, converter), strict=True))

    return structure


def _each(items: list[tuple[Any, Any]], element: Any, cls: Any, converter: Converter) -> list[Any]:
    hook = converter.get_structure_hook(element)
    done: list[Any] = []
    errors: list[Exception] = []
    for index, value in items:
        try:
            done.append(hook(value, element))
        except Exception as exc:  # noqa: BLE001 - reported as one problem of the whole
            exc.add_note(IterableValidationNote("while structuring an element", index, element))
            errors.append(exc)
    if errors:
        raise IterableValidationError("wrong elements", errors, cls)
    return done


def is_literal(cls: Any) -> bool:
    """Tell whether a type is a choice of constants."""
    return get_origin(cls) is Literal


def literal_hook(cls: Any) -> Hook:
    """Accept exactly the constants; 1 is not True."""
    choices = get_args(cls)

    def structure(value: Any, _: Any) -> Any:
        for choice in choices:
            if type(choice) is type(value) and choice == value:
                return choice
        raise WrongValue(expectation(cls), value)

    return structure


def is_union(cls: Any) -> bool:
    """Tell whether a type is a union none of whose members is an LSP structure (lsprotocol brings hooks for those)."""
    if get_origin(cls) not in (Union, types.UnionType):
        return False
    return not any(getattr(member, "__module__", "").startswith("lsprotocol") for member in get_args(cls))


def union_hook(cls: Any, converter: Converter) -> Hook:
    """Take the member that fits the JSON type of the value, so that errors inside it keep their path."""
    members = get_args(cls)

    def structure(value: Any, _: Any) -> Any:
        fitting = [member for member in members if _fits(member, value)]
        for member in fitting[:-1]:
            try:
                return converter.structure(value, member)
            except (WrongValue, ExceptionGroup):
                continue  # the last one that fits decides what is reported
        if not fitting:
            raise WrongValue(expectation(cls), value)
        return converter.structure(value, fitting[-1])

    return structure


def _fits(cls: Any, value: Any) -> bool:
    if cls is Any or cls is Raw:
        return True
    if cls is type(None):
        return value is None
    if is_literal(cls):
        return any(type(choice) is type(value) and choice == value for choice in get_args(cls))
    if is_sequence(cls):
        return isinstance(value, list)
    if is_mapping(cls) or (isinstance(cls, type) and attrs.has(cls)):
        return isinstance(value, dict) or value == []
    if cls is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if cls is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if cls is datetime:
        return isinstance(value, str)
    return isinstance(cls, type) and isinstance(value, cls)


_EXPECTATIONS: Mapping[Any, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    type(None): "null",
    datetime: "an ISO-8601 time",
}


def expectation(cls: Any) -> str:
    """Say what a type asks for. That null would do as well is not worth a word."""
    if get_origin(cls) in (Union, types.UnionType):
        return " or ".join(expectation(member) for member in get_args(cls) if member is not type(None))
    if is_literal(cls):
        return " or ".join(f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in get_args(cls))
    if is_sequence(cls):
        return "an array"
    if is_mapping(cls) or (isinstance(cls, type) and attrs.has(cls)):
        return "an object"
    return _EXPECTATIONS.get(cls, "a valid value")


def resolve_hints(cls: type) -> None:
    """Resolve the string annotations of an attrs class in place, as cattrs needs it."""
    if any(isinstance(field.type, str) for field in attrs.fields(cls)):
        attrs.resolve_types(cls, include_extras=True)
