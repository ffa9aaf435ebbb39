"""The results of the requests that make views: text to read and to write."""

from typing import Literal

import attrs

from mcp_sidecar.connection.configured.input_option import InputOption
from mcp_sidecar.connection.status import ConnectionStatus
from mcp_sidecar.positions import Position


@attrs.frozen(kw_only=True)
class Decided:
    """What holds now for a question of consent."""

    id: str
    allowed: bool
    status: ConnectionStatus | None = None
    """Of the connection that `connect` wanted."""


@attrs.frozen(kw_only=True)
class InputQuestion:
    """Params of `mcp/input`: what a configuration file asks for."""

    id: str
    type: Literal["promptString", "pickString"]
    description: str
    password: bool
    server: str
    """The name of the server that needs it."""
    file: str
    """The URI of the file that defines both."""
    default: str | None = None
    options: tuple[InputOption, ...] | None = None


@attrs.frozen(kw_only=True)
class Prefilled:
    """Arguments to be edited: JSON with comments."""

    uri: str
    """Of the document that it belongs into: one for each tool, prompt and resource template of a server."""
    text: str
    cursor: Position
    """Where the first value to edit is."""


@attrs.frozen(kw_only=True)
class Summary:
    """What a server asks for, to read before it is allowed."""

    text: str


@attrs.frozen(kw_only=True)
class Part:
    """Something in a page that can be opened or saved by itself."""

    name: str
    """As a file, with the extension of its type."""
    text: str | None = None
    blob: str | None = None
    """In base64, in place of `text`."""


@attrs.frozen(kw_only=True)
class Page:
    """An exchange with the server, to read."""

    title: str
    html: str
    """A whole document, without any script."""
    whole: str | None = None
    """The answer as JSON, where the page had to cut."""
    uri: str | None = None
    """Of the resource that was read."""
    parts: tuple[Part, ...] = ()
    """What the resource holds, where `openPart` was given."""
