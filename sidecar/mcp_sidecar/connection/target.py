"""What to connect to: the request as it came, and what it was understood to be.

Fields that may hold secrets are left out of every `repr`.
"""

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from mcp_sidecar.connection.auth import OAuth
from mcp_sidecar.connection.entry_fields import as_target
from mcp_sidecar.connection.status import TargetInfo, Transport


@attrs.frozen(kw_only=True)
class Target:
    """A target as a client names it: the fields of an `mcp.json` entry. Exactly one of `url`, `command`, `server`."""

    url: str | None = attrs.field(default=None, repr=False)
    """An http(s) URL, the path of a server script, or a command line."""
    command: str | None = None
    args: tuple[str, ...] | None = attrs.field(default=None, repr=False)
    env: Mapping[str, str | None] | None = attrs.field(default=None, repr=False)
    """null takes an inherited variable away."""
    env_file: str | None = None
    cwd: str | None = None
    server: str | None = None
    """The name of a configured server."""
    file: str | None = None
    """With `server`: the path or URI of the file that defines it, where several have one of that name."""
    inputs: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    """With `server`: values for the inputs of its file, by their ids."""
    type: Literal["stdio", "http", "sse"] | None = None
    """Overrides the detection of the transport."""
    headers: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    auth: Literal["oauth"] | Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    protocol_version: str | None = None
    """`auto`, `legacy`, or an MCP version such as `2025-06-18`."""
    connect_timeout: float | None = None
    """Seconds."""
    call_timeout: float | None = None
    """Seconds."""
    max_call_timeout: float | None = None
    """Seconds up to which progress extends `call_timeout`."""
    login_timeout: float | None = None
    """Seconds that a person has to log in."""

    @classmethod
    def prepared(cls, written: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON of a target where an entry of a configuration file was sent as it stands."""
        return as_target(written)

    @property
    def given_env(self) -> dict[str, str]:
        """The variables to add."""
        return {name: value for name, value in (self.env or {}).items() if value is not None}

    @property
    def removed_env(self) -> tuple[str, ...]:
        """The inherited variables to take away."""
        return tuple(name for name, value in (self.env or {}).items() if value is None)

    @property
    def is_configured(self) -> bool:
        """Whether it is one of the configured servers: by its name, or, where nothing names a server, by choice."""
        others = (
            self.url,
            self.command,
            self.args,
            self.env,
            self.env_file,
            self.cwd,
            self.type,
            self.headers,
            self.auth,
        )
        return self.server is not None or all(each is None for each in others)


@attrs.frozen(kw_only=True)
class Preview:
    """How a target is understood, before anything is connected or run; secrets are removed."""

    target: TargetInfo
    text: str
    """The target as one line that could be typed as `url`."""
    has_secrets: bool
    """Whether something had to be left out of `text`, so that typing it would not give the same target."""


@attrs.frozen(kw_only=True)
class StdioEndpoint:
    """A program to start, ready for `exec`."""

    program: str
    args: tuple[str, ...] = attrs.field(repr=False)
    env: Mapping[str, str] = attrs.field(repr=False)
    """The whole environment of the program."""
    cwd: str | None


@attrs.frozen(kw_only=True)
class HttpEndpoint:
    """A URL to talk to."""

    url: str = attrs.field(repr=False)
    """With userinfo and query, if it has any."""
    transport: Transport
    """`streamable-http` or `sse`."""
    headers: Mapping[str, str] = attrs.field(repr=False)
    """Those of the target; a bearer token is already among them."""
    may_fall_back_to_sse: bool
    """Whether the transport was detected, not asked for, so that SSE may be tried when the server only has that."""
    auth: OAuth | None = None
    """The target's `auth` where it takes more than a header. None for a bearer token."""


Endpoint = StdioEndpoint | HttpEndpoint
