"""A standing connection: the target that was asked for, what it came to, and the link."""

from typing import TYPE_CHECKING

import attrs

from mcp_sidecar.connection.target import Target

if TYPE_CHECKING:
    from mcp_sidecar.connection.link import Link
    from mcp_sidecar.connection.resolution import Resolved


@attrs.frozen(kw_only=True, eq=False)
class Standing:
    """The connection that stands, or stood."""

    target: Target
    resolved: "Resolved"
    link: "Link"

    def is_to(self, target: Target, resolved: "Resolved") -> bool:
        """Whether it is to this server: as the client names it, even if an `envFile` changed since, or as opened."""
        return self.target == target or self.resolved.endpoint == resolved.endpoint
