"""What a schema offers as values, and whether they fit the schema that offers them."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import attrs

from mcp_sidecar.connection.inspection.dialect import dialect_of
from mcp_sidecar.connection.inspection.schema_tree import Node
from mcp_sidecar.connection.inspection.watch import Watch
from mcp_sidecar.connection.output_schema import Checker

_MOST = 200
"""Values of one schema that are checked."""

_MOST_EXAMPLES = 10


@attrs.frozen
class Offer:
    """A value that does not fit."""

    node: Node
    """The schema that offers it."""
    steps: tuple[str | int, ...]
    """Where in that."""
    value: Any
    message: str


def broken_offers(root: dict[str, Any], nodes: list[Node], watch: Watch) -> Iterator[Offer]:
    """Yield the values that break the schema that offers them.

    Args:
        root: a valid schema.
        nodes: its places.
        watch: looked at before each value.

    Raises:
        OutOfTime: the watch ended.
    """
    checker: Checker | None = None
    left = _MOST
    for node in nodes:
        for steps, value in _offered(node.schema):
            watch.look()
            left -= 1
            if left < 0:
                return
            if _needs_root(node.schema):
                checker = checker or Checker(root, trusted=True)
                message = _first(checker, value, node.schema)
            else:
                message = _first(_general(root.get("$schema")), value, node.schema)
            if message is not None:
                yield Offer(node, steps, value, message)


def _offered(schema: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if "default" in schema:
        yield ("default",), schema["default"]
    examples = schema.get("examples")
    for index, value in enumerate(examples[:_MOST_EXAMPLES] if isinstance(examples, list) else []):
        yield ("examples", index), value


def _needs_root(schema: dict[str, Any]) -> bool:
    """Whether a part of a schema means something only within the whole, as far as its text tells."""
    try:
        text = json.dumps(schema)
    except (RecursionError, ValueError):  # deeper than it can be written
        return True
    return '"$ref"' in text or '"$dynamicRef"' in text or '"unevaluated' in text


class _General(threading.local):
    """Checkers for parts that need no whole, by dialect: making one takes much longer than using it.

    For each thread its own, because a checker keeps the time of the check that is under way.
    """

    def __init__(self) -> None:
        self.checkers: dict[object, Checker] = {}


_GENERAL = _General()


def _general(dialect: object) -> Checker:
    key = dialect if isinstance(dialect, str) and dialect_of({"$schema": dialect}) is not None else None
    if key not in _GENERAL.checkers:
        _GENERAL.checkers[key] = Checker({} if key is None else {"$schema": key}, trusted=True)
    return _GENERAL.checkers[key]


def _first(checker: Checker, value: object, part: dict[str, Any]) -> str | None:
    try:
        errors = checker.errors(value, 1, part=part)
    except Exception:  # noqa: BLE001 - a stranger's schema, in which a `pattern` may be JavaScript's alone
        return None
    return errors[0].message[:200] if errors else None
