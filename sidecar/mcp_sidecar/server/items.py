"""What a server offers, as rows that can be shown."""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import attrs

ItemKind = Literal["tool", "resource", "resourceTemplate", "prompt"]


@attrs.frozen(kw_only=True)
class Item:
    """One of a server's tools, resources, resource templates or prompts."""

    kind: ItemKind
    id: str
    """What requests call it: of a resource its URI, of a template the template."""
    label: str
    description: str
    """What stands beside the label: what else it is called, and what it does or of which type it is."""
    detail: str
    """What the server says of it."""
    tooltip: str
    """All of that, in paragraphs."""
    raw: Mapping[str, Any]
    """As the server lists it."""


@attrs.frozen(kw_only=True)
class Items:
    """What a server offers of one kind."""

    items: tuple[Item, ...]


class _Listing(NamedTuple):
    method: str
    key: str
    """Of its result."""
    id: str
    """The member that is the item's id."""


LISTINGS: Final[Mapping[ItemKind, _Listing]] = {
    "tool": _Listing("tools/list", "tools", "name"),
    "resource": _Listing("resources/list", "resources", "uri"),
    "resourceTemplate": _Listing("resources/templates/list", "resourceTemplates", "uriTemplate"),
    "prompt": _Listing("prompts/list", "prompts", "name"),
}
"""Where each kind is listed."""
