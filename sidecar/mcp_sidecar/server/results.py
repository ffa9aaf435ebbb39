"""The results of the requests that make views: text to read and to write."""

import attrs

from mcp_sidecar.positions import Position


@attrs.frozen(kw_only=True)
class Prefilled:
    """The arguments of a tool, to be edited: JSON with comments."""

    text: str
    cursor: Position
    """Where the first value to edit is."""


@attrs.frozen(kw_only=True)
class Rendered:
    """A page to read, without any script."""

    html: str
