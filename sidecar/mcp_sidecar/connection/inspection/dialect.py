"""A dialect of JSON Schema: what it allows to stand in a schema.

Judged by the dialect's own meta-schema, one place at a time with what is inside taken for right: a schema may be nested
deeper than any validator goes, and the same few places occur a thousand times in a list of tools.
"""

import functools
import json
from collections.abc import Mapping
from typing import Any

import attrs
from jsonschema import validators
from referencing import Registry

from mcp_sidecar.connection.inspection.schema_tree import LIST_KEYWORDS, MAP_KEYWORDS, SCHEMA_KEYWORDS

_KINDS: Mapping[str, Any] = {
    "json-schema.org/draft-03/schema": validators.Draft3Validator,
    "json-schema.org/draft-04/schema": validators.Draft4Validator,
    "json-schema.org/draft-06/schema": validators.Draft6Validator,
    "json-schema.org/draft-07/schema": validators.Draft7Validator,
    "json-schema.org/draft/2019-09/schema": validators.Draft201909Validator,
    "json-schema.org/draft/2020-12/schema": validators.Draft202012Validator,
}

DEFAULT = "json-schema.org/draft/2020-12/schema"
"""What MCP takes a schema for that names no dialect (2025-11-25, "JSON Schema Usage")."""

_SHAPES = 20_000
"""Different places of schemas whose faults are remembered."""

_LONGEST_LIST = 20
_FREE = frozenset({"default", "const", "example"})
_FREE_LISTS = frozenset({"examples", "enum"})
_FORMS = frozenset({"type", "id", "$id", "$schema", "$anchor", "$dynamicAnchor", "$recursiveAnchor"})
"""Keywords whose texts must be certain ones."""


@attrs.frozen
class Fault:
    """What a dialect does not allow."""

    steps: tuple[int | str, ...]
    """Where, from the place that was judged."""
    message: str


@attrs.frozen
class Dialect:
    """One of the published dialects."""

    key: str

    @property
    def name(self) -> str:
        """What people call it."""
        return self.key.split("/")[-2]

    @property
    def is_current(self) -> bool:
        """Whether it is the one that every host must know."""
        return self.key == DEFAULT

    @property
    def ignores_beside_ref(self) -> bool:
        """Whether keywords beside a `$ref` mean nothing (draft-07, section 8.3)."""
        return "/draft-0" in self.key

    def faults(self, schema: Mapping[str, Any]) -> tuple[Fault, ...]:
        """What it does not allow in one place of a schema; what is inside of that is not looked at."""
        return _faults(self.key, json.dumps(_outline(schema), sort_keys=True))


def dialect_of(schema: Mapping[str, Any]) -> Dialect | None:
    """Return the dialect that a schema says it is in, the default if it says nothing, None for an unknown one."""
    named = schema.get("$schema")
    if named is None:
        return Dialect(DEFAULT)
    if not isinstance(named, str):
        return None
    key = named.strip().removesuffix("#").removeprefix("http://").removeprefix("https://").rstrip("/")
    return Dialect(key) if key in _KINDS else None


@functools.cache
def _judge(key: str) -> Any:
    kind = _KINDS[key]
    return kind(kind.META_SCHEMA, registry=Registry())


@functools.lru_cache(maxsize=_SHAPES)
def _faults(key: str, outline: str) -> tuple[Fault, ...]:
    found: dict[Fault, None] = {}
    for error in _judge(key).iter_errors(json.loads(outline)):
        steps = tuple(error.absolute_path)
        found[Fault(steps, _in_words(steps, error.message))] = None
    return tuple(found)


def _in_words(steps: tuple[int | str, ...], message: str) -> str:
    if steps[:1] == ("type",):
        return "`type` is none of JSON Schema's types, nor a list of different ones"
    where = f"`{steps[0]}`: " if steps else ""
    return f"{where}{message}"


def _outline(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return one place of a schema without what is inside, and without what any dialect leaves free."""
    outline: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _FREE or keyword.startswith("x-"):
            continue
        if isinstance(value, str) and keyword not in _FORMS:
            outline[keyword] = ""
            continue
        if keyword == "required" and isinstance(value, list) and _are_names(value):
            outline[keyword] = ["x"]
            continue
        if keyword in _FREE_LISTS and isinstance(value, list):
            outline[keyword] = [0] if value else []
        elif keyword in SCHEMA_KEYWORDS and isinstance(value, dict):
            outline[keyword] = {}
        elif keyword in LIST_KEYWORDS and isinstance(value, list):
            outline[keyword] = [_inside(each) for each in value[:_LONGEST_LIST]]
        elif keyword in MAP_KEYWORDS and isinstance(value, dict):
            outline[keyword] = _outline_of_map(value)
        else:
            outline[keyword] = _bounded(value)
    return outline


def _outline_of_map(value: Mapping[str, Any]) -> dict[str, Any]:
    wrong = [name for name, each in value.items() if not isinstance(each, dict)][:_LONGEST_LIST]
    return {"": {}} if not wrong and value else {name: _bounded(value[name]) for name in wrong}


def _are_names(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(each, str) for each in value) and len(set(value)) == len(value)


def _inside(value: object) -> object:
    return {} if isinstance(value, dict) else _bounded(value)


def _bounded(value: object) -> object:
    """Return a value whose kind matters, not its size: of numbers the sign, of texts those that have a form."""
    if isinstance(value, str):
        return value[:200]
    if isinstance(value, int | float) and not isinstance(value, bool):
        sign = (value > 0) - (value < 0)
        return sign if isinstance(value, int) else sign * 0.5
    if isinstance(value, list):
        return [each[:200] if isinstance(each, str) else each if _is_plain(each) else {} for each in value[:200]]
    return {} if isinstance(value, dict) else value


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float)
