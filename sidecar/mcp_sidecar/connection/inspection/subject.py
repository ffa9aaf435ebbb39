"""A subject of judgement: one schema of a tool, and where it is."""

from typing import Any, Literal, get_args

import attrs

from mcp_sidecar.connection.inspection.finding import Place
from mcp_sidecar.connection.inspection.json_path import json_path
from mcp_sidecar.connection.inspection.schema_tree import Node

Role = Literal["inputSchema", "outputSchema"]
"""The fields of a tool that hold a schema."""

SCHEMA_FIELDS: tuple[Role, ...] = get_args(Role)


@attrs.frozen(kw_only=True)
class Subject:
    """A schema of a tool, to be judged."""

    schema: Any
    role: Role
    place: Place
    """The tool."""
    modern: bool
    """Whether the 2026-07-28 era was negotiated."""

    def at(self, node: Node, *steps: str | int) -> Place:
        """Return the place of something in the schema."""
        return self.place.at(json_path((self.role, *node.trail, *steps)))

    @property
    def root(self) -> Place:
        """The place of the whole."""
        return self.place.at(f"$.{self.role}")
