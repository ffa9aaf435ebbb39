"""A schema tree: the places in a JSON value where a schema stands, whatever its dialect.

A loop, not a recursion, and no reference is followed: it ends for every JSON value, however deep it is nested.
"""

from collections.abc import Iterator
from typing import Any

import attrs

SCHEMA_KEYWORDS = frozenset(
    {
        *("additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not"),
        *("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
    }
)
"""Keywords whose value is a schema."""

LIST_KEYWORDS = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
"""Keywords whose value is a list of schemas; `items` until 2019-09."""

MAP_KEYWORDS = frozenset(
    {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}
)
"""Keywords whose value is an object of schemas; `dependencies` until draft-07."""

IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"})
"""Keywords whose schemas are about the same value as the schema that they stand in."""

NODE_LIMIT = 20_000
"""Places of one schema that are looked at."""


@attrs.frozen(eq=False)
class Node:
    """A place where a schema stands."""

    schema: dict[str, Any]
    steps: tuple[str | int, ...]
    """From the parent: a keyword, and a name or an index where it has several."""
    parent: "Node | None"
    depth: int
    """How many schemas it is inside of."""
    resource: "Node | None"
    """The nearest schema around it that has an `$id` of its own; None for the root."""

    @property
    def trail(self) -> tuple[str | int, ...]:
        """Where it is, from the root of the schema."""
        steps: list[str | int] = []
        node: Node | None = self
        while node is not None:
            steps += reversed(node.steps)
            node = node.parent
        return tuple(reversed(steps))

    @property
    def keyword(self) -> str:
        """The keyword of the parent that it hangs on; nothing for the root."""
        return str(self.steps[0]) if self.steps else ""

    @property
    def is_in_place(self) -> bool:
        """Whether it is about the same value as its parent, in part or under a condition."""
        return self.keyword in IN_PLACE

    @property
    def is_partial(self) -> bool:
        """Whether it describes a member that the same object may describe elsewhere as well."""
        return self.parent is not None and self.parent.is_in_place


def nodes(root: object) -> Iterator[Node]:
    """Yield the places of a schema, the root first, then in the order of the text; no more than NODE_LIMIT."""
    if not isinstance(root, dict):
        return
    pending = [Node(root, (), None, 0, None)]
    for _ in range(NODE_LIMIT):
        if not pending:
            return
        node = pending.pop()
        yield node
        pending += reversed(list(_children(node)))


def _children(node: Node) -> Iterator[Node]:
    resource = node if node.parent is not None and isinstance(node.schema.get("$id"), str) else node.resource
    for keyword, value in node.schema.items():
        if keyword in SCHEMA_KEYWORDS and isinstance(value, dict):
            yield Node(value, (keyword,), node, node.depth + 1, resource)
        elif keyword in LIST_KEYWORDS and isinstance(value, list):
            for index, each in enumerate(value[:NODE_LIMIT]):
                if isinstance(each, dict):
                    yield Node(each, (keyword, index), node, node.depth + 1, resource)
        elif keyword in MAP_KEYWORDS and isinstance(value, dict):
            for name, each in value.items():
                if isinstance(each, dict):
                    yield Node(each, (keyword, name), node, node.depth + 1, resource)
