"""The status: what is true of the connection at one moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import attrs

from mcp_sidecar.connection.errors import Failure
from mcp_sidecar.connection.timings import ToolTiming

State = Literal["disconnected", "connecting", "connected", "reconnecting", "failed"]
Transport = Literal["stdio", "streamable-http", "sse"]


@attrs.frozen(kw_only=True)
class TargetInfo:
    """What was connected to, as it may be shown: secrets are removed."""

    name: str
    transport: Transport
    url: str | None = None
    command: str | None = None
    args: tuple[str, ...] | None = None
    server: str | None = None
    """The name of the configured server that it is."""
    file: str | None = None
    """The URI of the file that configures it."""


@attrs.frozen(kw_only=True)
class ServerInfo:
    """What the server said of itself in the handshake."""

    name: str
    version: str
    protocol_version: str
    capabilities: Mapping[str, Any]
    title: str | None = None
    instructions: str | None = None


@attrs.frozen(kw_only=True)
class Statistics:
    """What was done since the last explicit disconnect."""

    tools_called: int = 0
    resources_accessed: int = 0
    prompts_executed: int = 0
    errors: int = 0


@attrs.frozen(kw_only=True)
class ConnectionStatus:
    """The connection at one moment. Every field but the last three is always present, so that clients see one shape."""

    state: State
    since: datetime
    """When this state began (UTC)."""
    target: TargetInfo | None
    server: ServerInfo | None
    connected_at: datetime | None
    """Start of the present connection (UTC)."""
    statistics: Statistics
    in_flight: int
    """Requests the server still owes an answer to."""
    error: Failure | None
    """The last failure, kept until the next successful connect."""
    revision: int
    """Grows by one with every change."""
    tools: tuple[ToolTiming, ...] | None = None
    """How long the calls of each tool took; only where it was asked for."""
    text: str | None = None
    """All of it in lines to read; only where it was asked for."""
    name: str | None = None
    """What stands for the server where there is little room; only with `text`."""
