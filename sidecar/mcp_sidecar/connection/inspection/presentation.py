"""The presentation of a server: all that an inspection asked and saw, for the rules to judge."""

from collections.abc import Mapping
from typing import Any

import attrs

from mcp_sidecar.connection.inspection.finding import PlaceKind
from mcp_sidecar.connection.inspection.listing import Listing
from mcp_sidecar.connection.inspection.probe import Probe
from mcp_sidecar.connection.misdeeds import Misdeed
from mcp_sidecar.connection.status import ServerInfo

KINDS: Mapping[str, PlaceKind] = {
    "tools/list": "tool",
    "resources/list": "resource",
    "resources/templates/list": "resourceTemplate",
    "prompts/list": "prompt",
}
"""What is in each list."""


@attrs.frozen(kw_only=True)
class Presentation:
    """A server as it presents itself."""

    server: ServerInfo
    introduction: Mapping[str, Any] = attrs.field(factory=dict)
    """What it says of itself, as it came: `serverInfo`."""
    modern: bool = False
    """Whether the 2026-07-28 era was negotiated."""
    pinned: bool = False
    """Whether the user chose the protocol version."""
    listings: Mapping[str, Listing] = attrs.field(factory=dict)
    """By method."""
    probes: tuple[Probe, ...] = ()
    """What else was asked: `ping`, completions, the level of the log, resources."""
    misdeeds: tuple[Misdeed, ...] = ()

    def listed(self, method: str) -> tuple[Any, ...]:
        """What is in a list; nothing if it could not be had."""
        listing = self.listings.get(method)
        return () if listing is None else listing.items
