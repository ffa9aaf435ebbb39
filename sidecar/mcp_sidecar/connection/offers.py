"""The offers: what could be connected to, in words for a picker that is open while the user types."""

import attrs


@attrs.frozen(kw_only=True)
class OfferedTarget:
    """A target as far as offers need one: `url`, or `server` and `file`."""

    url: str | None = attrs.field(default=None, repr=False)
    server: str | None = None
    file: str | None = None


@attrs.frozen(kw_only=True)
class Offer:
    """Something that could be connected to; secrets are removed, but from what the user typed."""

    label: str = attrs.field(repr=False)
    """What the user knows it by: a line as it could be typed, or the name of a configured server."""
    description: str
    """Where it is from."""
    detail: str
    """How it is understood, or why it can't be connected to."""
    is_wrong: bool
    """Whether `detail` says that it can't."""
    target: OfferedTarget
    """What to pass to `mcp/connect`."""


@attrs.frozen(kw_only=True)
class Offers:
    """What a picker of targets offers."""

    typed: Offer | None
    """What was typed; nothing where nothing was."""
    configured: tuple[Offer, ...]
    """The configured servers, in the order of `mcp/servers`."""
    document: Offer | None
    """The script that is being edited, where it uses an MCP library."""
