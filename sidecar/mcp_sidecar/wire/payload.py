"""Payloads that pass through: JSON whose shape is somebody else's business."""

from collections.abc import Mapping
from typing import Any

import attrs

WIRE_NAME = "mcp_sidecar.wire.name"
"""Key in an attrs field's metadata under which its name on the wire is kept."""


@attrs.frozen
class Raw:
    """A JSON value that arrives and leaves unchanged, as params, as a result, or as a field."""

    value: Any
    """What `json.loads` gives: dict, list, str, int, float, bool or None."""


@attrs.frozen(kw_only=True)
class Passthrough:
    """Base of params that declare only the fields we need; those are checked strictly, all others are kept.

    Example: `class CallToolParams(Passthrough): name: str`, made an attrs class with `@attrs.frozen(kw_only=True)`.
    """

    raw: dict[str, Any] | None = attrs.field(default=None, repr=False)
    """The whole JSON object as it came; None where none came. Not in the repr: it may hold secrets."""


def wire_name(name: str) -> Mapping[str, str]:
    """Return metadata for an attrs field whose name on the wire is not its own in camelCase."""
    return {WIRE_NAME: name}


def name_on_wire(field: "attrs.Attribute[Any]") -> str:
    """Return the name of an attrs field on the wire: camelCase unless it says otherwise. A trailing underscore goes."""
    explicit = field.metadata.get(WIRE_NAME)
    if explicit is not None:
        return str(explicit)
    head, *rest = field.name.removesuffix("_").split("_")
    return head + "".join(part.title() for part in rest)
