"""The references of a schema: where each `$ref` leads, and which lead back to themselves."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urljoin

import attrs

from mcp_sidecar.connection.inspection.schema_tree import Node

_LONGEST = 2000
"""Characters of a `$ref` that is followed."""


@attrs.frozen
class Reference:
    """A `$ref`, and what it leads to."""

    node: Node
    """Where it stands."""
    text: str
    target: Node | None
    """The schema that it leads to; None when it leads nowhere, or out of the schema."""
    is_remote: bool
    """Whether it leads out of the schema."""


class References:
    """All references of one schema."""

    def __init__(self, nodes: list[Node]) -> None:
        """
        Args:
            nodes: the places of the schema, the root first.
        """
        self._root = nodes[0]
        self._nodes = {id(node.schema): node for node in nodes}
        self._named = dict(_names(nodes))
        self.all = [self._reference(node) for node in nodes if isinstance(node.schema.get("$ref"), str)]

    def loops(self) -> list[Reference]:
        """One reference of each circle that never enters a value: no validator comes to an end there."""
        return self._circles(lambda node: node.is_in_place)

    def recursions(self) -> list[Reference]:
        """One reference of each circle."""
        return self._circles(lambda _: True)

    def _circles(self, follows: Any) -> list[Reference]:
        if not any(reference.target for reference in self.all):
            return []
        edges: dict[int, list[int]] = {key: [] for key in self._nodes}
        for key, node in self._nodes.items():
            if node.parent is not None and follows(node):
                edges[id(node.parent.schema)].append(key)
        for reference in self.all:
            if reference.target is not None:
                edges[id(reference.node.schema)].append(id(reference.target.schema))
        component = _components(edges)
        found: dict[int, Reference] = {}
        for reference in self.all:
            if reference.target is not None:
                here, there = component[id(reference.node.schema)], component[id(reference.target.schema)]
                if here == there:
                    found.setdefault(here, reference)
        return list(found.values())

    def _reference(self, node: Node) -> Reference:
        text = node.schema["$ref"]
        base = node if isinstance(node.schema.get("$id"), str) and node.parent is not None else node.resource
        if len(text) > _LONGEST:
            return Reference(node, text, None, is_remote=not text.startswith("#"))
        place, _, fragment = text.partition("#")
        resource = base or self._root
        if place:
            known = self._named.get(_resolved(_id(base) or _id(self._root), place)) or self._named.get(place)
            if known is None:
                return Reference(node, text, None, is_remote=True)
            resource = known
        return Reference(node, text, self._target(resource, fragment), is_remote=False)

    def _target(self, resource: Node, fragment: str) -> Node | None:
        if not fragment:
            return resource
        if not fragment.startswith("/"):
            return self._named.get(f"#{fragment}")
        here: Any = resource.schema
        for part in fragment.split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(here, dict):
                here = here.get(name)
            elif isinstance(here, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(here):
                here = here[int(name[:9])]
            else:
                return None
        if isinstance(here, bool):  # a schema, too, but one without anything to look at
            return Node({}, (), resource, resource.depth, resource.resource)
        found = self._nodes.get(id(here))
        if found is None and isinstance(here, dict):  # where no keyword of ours has a schema
            found = Node(here, (), None, 0, None)
        return found


def _names(nodes: list[Node]) -> Iterator[tuple[str, Node]]:
    """Yield the places that have a name in the schema: `$id`, `id`, `$anchor`."""
    for node in nodes:
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(name := node.schema.get(keyword), str):
                yield f"#{name}", node
        for keyword in ("$id", "id"):
            if isinstance(name := node.schema.get(keyword), str):
                yield name.removesuffix("#") if name != "#" else name, node
                yield _resolved(_id(node.resource) or _id(nodes[0]), name).removesuffix("#"), node


def _id(node: Node | None) -> str:
    found = None if node is None else node.schema.get("$id")
    return found if isinstance(found, str) else ""


def _resolved(base: str, place: str) -> str:
    try:
        return urljoin(base[:_LONGEST], place)
    except ValueError:  # no URL
        return place


def _components(edges: Mapping[int, list[int]]) -> dict[int, int]:
    """Return for each node the number of its strongly connected component (Tarjan, without recursion)."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    component: dict[int, int] = {}
    open_nodes: list[int] = []
    for start in edges:
        if start in order:
            continue
        order[start] = low[start] = len(order)
        open_nodes.append(start)
        work = [(start, iter(edges[start]))]
        while work:
            node, rest = work[-1]
            for following in rest:
                if following not in order:
                    order[following] = low[following] = len(order)
                    open_nodes.append(following)
                    work.append((following, iter(edges.get(following, ()))))
                    break
                if following not in component:
                    low[node] = min(low[node], order[following])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    while True:
                        member = open_nodes.pop()
                        component[member] = node
                        if member == node:
                            break
    return component
