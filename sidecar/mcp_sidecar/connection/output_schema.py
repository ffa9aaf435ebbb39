"""Checks values against a stranger's JSON Schema in bounded time: nothing else is done meanwhile.

Three things can make a check endless: a keyword that compares everything with everything, references that double, and
regular expressions. The first are replaced, every step looks at a deadline, and what an expression may cost is
estimated before it is run, because nothing can stop it. What is left unchecked is never told as a problem.
"""

import functools
import re
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any

import attrs
from jsonschema import ValidationError, validators
from jsonschema.exceptions import SchemaError
from referencing import Registry

TIME_LIMIT = 0.1
"""Seconds of computing that go into checking one result."""

SCHEMA_TIME_LIMIT = 0.5
"""Seconds of computing that go into checking a schema itself, once."""

_STEPS = 10_000_000
"""Steps that a regular expression may take, at worst: a tenth of a second."""

_EVALUATED_LIMIT = 1000
"""Members of a value for which `unevaluatedItems` and `unevaluatedProperties` are checked: quadratic in jsonschema."""

_PATTERN = validators.Draft202012Validator.VALIDATORS["pattern"]
_PATTERN_PROPERTIES = validators.Draft202012Validator.VALIDATORS["patternProperties"]

_ATOMS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
"""What stands for one character, whatever is written in it."""
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_ENDLESS = re.compile(r"[*+]|\{[0-9]*,[0-9]*\}")
_OPTIONAL = re.compile(r"(?<![(*+}])\?")

Keyword = Callable[[Any, Any, Any, Any], Iterable[ValidationError] | None]
"""The validator, the keyword's value, the instance, the schema that the keyword stands in."""


class _OutOfTimeError(Exception):
    """The deadline is over."""


class _UncheckedError(Exception):
    """A part was left unchecked, where it decides whether all is well."""


@attrs.define
class _Pass:
    """One check, while it runs."""

    ends: float
    choosing: int = 0
    """How many keywords are under way that make a problem out of what fits: `not`, `oneOf`, …"""

    def look(self) -> None:
        # The thread's own time: on a busy machine no check is cut short.
        if time.thread_time() > self.ends:
            raise _OutOfTimeError

    def skip(self) -> None:
        """Leave something unchecked."""
        if self.choosing:
            raise _UncheckedError


class Checker:
    """A schema that values are checked against, again and again."""

    def __init__(self, schema: dict[str, Any], *, trusted: bool = False) -> None:
        """
        Args:
            schema: the JSON Schema, of any draft.
            trusted: whether it is known to be one.

        Raises:
            SchemaError: it is none.
        """
        self._pass = _Pass(time.thread_time() + SCHEMA_TIME_LIMIT)
        self._patterns = tuple(_patterns(schema))
        kind = validators.validator_for(schema, default=validators.Draft202012Validator)
        own = self._guarded(kind)
        # Formats unchecked: a `pattern` in JavaScript's dialect is right, even where Python can't read it.
        try:
            for error in () if trusted else own(kind.META_SCHEMA, registry=Registry()).iter_errors(schema):
                raise SchemaError.create_from(error)
        except _OutOfTimeError:
            pass
        # An empty registry: a `$ref` to elsewhere must not make the sidecar fetch it.
        self._validator = own(schema, registry=Registry())

    def errors(self, value: object, limit: int, *, part: dict[str, Any] | None = None) -> list[ValidationError]:
        """Return what is wrong with a value, as far as that could be checked in time.

        Args:
            value: JSON data.
            limit: how many errors are enough.
            part: a part of the schema to check against instead of the whole.
        """
        self._pass = _Pass(time.thread_time() + TIME_LIMIT)
        validator = self._validator if part is None else self._validator.evolve(schema=part)
        found: list[ValidationError] = []
        try:
            for error in validator.iter_errors(value):
                found.append(error)
                if len(found) >= limit:
                    break
        except _OutOfTimeError:
            pass
        return found

    def _guarded(self, kind: Any) -> Any:
        """Return a kind of validator that does as `kind` does, in bounded time."""
        keywords: dict[str, Keyword] = {
            **kind.VALIDATORS,
            "uniqueItems": self._unique_items,
            "pattern": self._pattern,
            "patternProperties": self._pattern_properties,
        }
        keywords["additionalProperties"] = self._additional_properties(kind.VALIDATORS["additionalProperties"])
        for name in ("unevaluatedItems", "unevaluatedProperties"):
            if name in keywords:
                keywords[name] = self._few_members(keywords[name])
        for name in ("not", "oneOf", "if", "contains", "unevaluatedItems", "unevaluatedProperties", "disallow"):
            if name in keywords:
                keywords[name] = self._choice(keywords[name])
        own = validators.extend(kind, {name: self._timed(keyword) for name, keyword in keywords.items()})

        def evolve(validator: Any, **changes: Any) -> Any:
            # jsonschema's takes an unguarded kind for a part of the schema that has a `$schema` of its own.
            self._pass.look()
            return attrs.evolve(validator, **changes)

        own.evolve = evolve
        return own

    def _timed(self, keyword: Keyword) -> Keyword:
        def check(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterable[ValidationError] | None:
            self._pass.look()
            return keyword(validator, wanted, instance, schema)

        return check

    def _choice(self, keyword: Keyword) -> Keyword:
        """Make a keyword say nothing when a part of it was left unchecked: taken for right, that may be a problem."""

        def check(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterable[ValidationError]:
            self._pass.choosing += 1
            try:
                return list(keyword(validator, wanted, instance, schema) or ())
            except _UncheckedError:
                if self._pass.choosing > 1:
                    raise
                return []
            finally:
                self._pass.choosing -= 1

        return check

    def _few_members(self, keyword: Keyword) -> Keyword:
        def check(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterable[ValidationError] | None:
            if isinstance(instance, list | dict) and len(instance) > _EVALUATED_LIMIT:
                self._pass.skip()
                return ()
            if isinstance(instance, dict) and any(_may_last(pattern, instance) for pattern in self._patterns):
                self._pass.skip()
                return ()
            return keyword(validator, wanted, instance, schema)

        return check

    def _unique_items(self, validator: Any, wanted: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
        if not wanted or not validator.is_type(instance, "array"):
            return
        first: dict[int, int] = {}
        for index, identity in enumerate(_identities(instance, self._pass.look)):
            if first.setdefault(identity, index) != index:
                yield ValidationError(f"items {first[identity]} and {index} are equal: it has non-unique elements")
                return

    def _pattern(self, validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and _may_last(pattern, (instance,)):
            self._pass.skip()
        else:
            yield from _PATTERN(validator, pattern, instance, schema)

    def _pattern_properties(
        self, validator: Any, wanted: Mapping[str, Any], instance: Any, schema: Any
    ) -> Iterator[ValidationError]:
        if not isinstance(instance, dict):
            return
        for pattern, inner in wanted.items():
            if _may_last(pattern, instance):
                self._pass.skip()
            else:
                yield from _PATTERN_PROPERTIES(validator, {pattern: inner}, instance, schema)

    def _additional_properties(self, keyword: Keyword) -> Keyword:
        """Leave it unchecked where it must not be found out which properties are additional."""

        def check(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterable[ValidationError] | None:
            patterns = schema.get("patternProperties", {})
            if isinstance(instance, dict) and any(_may_last(pattern, instance) for pattern in patterns):
                self._pass.skip()
                return ()
            return keyword(validator, wanted, instance, schema)

        return check


def _may_last(pattern: str, texts: Iterable[str]) -> bool:
    """Whether Python's `re` may take for ever to find out that a pattern is in none of the texts.

    An estimate from above: what is repeated may have any length, what is optional doubles the ways, and a repeated
    group is never run.
    """
    endless, ways, repeats_group = _cost(pattern)
    return repeats_group or any((len(text) + 1) ** endless * ways > _STEPS for text in texts)


@functools.lru_cache(maxsize=1024)
def _cost(pattern: str) -> tuple[int, int, bool]:
    """How many parts have any length (the place where a match begins is one), in how many ways, and repeated groups."""
    plain = _ATOMS.sub("x", pattern)
    endless = len(_ENDLESS.findall(plain)) + (not plain.startswith("^") or "|" in plain)
    choices = min(plain.count("|"), plain.count("(")) + len(_OPTIONAL.findall(plain))
    return min(endless, 50), 2 ** min(choices, 50), _REPEATED_GROUP.search(plain) is not None


def _patterns(schema: object) -> Iterator[str]:
    """Yield all patterns of properties in a schema."""
    pending = [schema]
    while pending:
        here = pending.pop()
        if isinstance(here, dict):
            found = here.get("patternProperties")
            yield from found if isinstance(found, dict) else ()
            pending += here.values()
        elif isinstance(here, list):
            pending += here


def _identities(values: list[Any], look: Callable[[], None]) -> list[int]:
    """Return a number for each of the values, the same for those that are equal in JSON: 1 and 1.0, but not 1 and true.

    A loop, not a recursion: a server may nest its values deeper than Python's stack goes.

    Args:
        values: JSON data.
        look: called now and then.
    """
    known: dict[Hashable, int] = {}
    stack: list[tuple[tuple[str, ...] | None, Iterator[Any], list[int]]] = [(None, iter(values), [])]
    while True:
        keys, rest, identities = stack[-1]
        for value in rest:
            if len(identities) % 256 == 0:
                look()
            if isinstance(value, dict):
                stack.append((tuple(value), iter(value.values()), []))
                break
            if isinstance(value, list):
                stack.append((None, iter(value), []))
                break
            kind = float if type(value) is int else type(value)
            identities.append(known.setdefault((kind, value), len(known)))
        else:
            stack.pop()
            if not stack:
                return identities
            whole: Hashable = (list, *identities) if keys is None else frozenset(zip(keys, identities, strict=True))
            stack[-1][2].append(known.setdefault(whole, len(known)))
