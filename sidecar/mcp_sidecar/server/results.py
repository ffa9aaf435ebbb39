"""The results of the requests that make views: text to read and to write."""

import attrs

from mcp_sidecar.positions import Position


@attrs.frozen(kw_only=True)
class Prefilled:
    """The arguments of a tool, to be edited: JSON with comments."""

    uri: str
    """Of the document that it belongs into: one for each tool of a server."""
    text: str
    cursor: Position
    """Where the first value to edit is."""


@attrs.frozen(kw_only=True)
class Page:
    """An exchange with the server, to read."""

    title: str
    html: str
    """A whole document, without any script."""
    whole: str | None = None
    """The answer as JSON, where the page had to cut."""
