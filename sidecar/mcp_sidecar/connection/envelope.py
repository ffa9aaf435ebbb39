"""The envelope of a request: what its era and its transport want besides method and params."""

from collections.abc import Mapping
from typing import Any, get_args

from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    NAME_BEARING_METHODS,
    encode_header_value,
)
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    LOG_LEVEL_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    LoggingLevel,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from mcp_sidecar.connection.channel import Message
from mcp_sidecar.connection.errors import ProtocolError
from mcp_sidecar.connection.param_headers import param_headers
from mcp_sidecar.connection.status import Transport

LOG_LEVEL = "info"
"""What is asked for in the 2026-07-28 era, which logs only for requests that ask for it."""

LOG_LEVELS: tuple[str, ...] = get_args(LoggingLevel)

NAMED_BY: Mapping[str, str] = {
    **NAME_BEARING_METHODS,
    **dict.fromkeys(("tasks/get", "tasks/update", "tasks/cancel"), "taskId"),
}
"""What the name in the `Mcp-Name` header is taken from; of tasks as SEP-2663 has it."""


class Envelope:
    """What is the same for all requests of one link."""

    def __init__(self) -> None:
        self._log_level = LOG_LEVEL
        self._meta: dict[str, Any] = {}

    def learn(self, meta: Mapping[str, Any]) -> None:
        """Take over what the session said of the client in the `_meta` of `server/discover`."""
        keys = (PROTOCOL_VERSION_META_KEY, CLIENT_INFO_META_KEY, CLIENT_CAPABILITIES_META_KEY)
        self._meta = {key: meta[key] for key in keys}

    def choose_log_level(self, level: object) -> None:
        """Choose what the server may log in the 2026-07-28 era.

        Raises:
            ProtocolError: there is no such level, and the server would have to refuse every request that names it.
        """
        if level not in LOG_LEVELS:
            raise ProtocolError(
                f"MCP has no log level {level!r:.100}: the level stays {self._log_level}.",
                suggestion=f"Use one of {', '.join(LOG_LEVELS)}.",
                details={"method": "logging/setLevel", "known": list(LOG_LEVELS)},
            )
        self._log_level = str(level)

    def headers(self, version: str) -> dict[str, str]:
        """The HTTP headers that go with every message."""
        return {MCP_PROTOCOL_VERSION_HEADER: version}

    def stamp(
        self,
        message: Message,
        params: Mapping[str, Any] | None,
        *,
        version: str,
        transport: Transport,
        tools: Mapping[str, Mapping[str, Any]],
    ) -> dict[str, str]:
        """Put the params into a request (MCP 2026-07-28, "Base protocol" and "Transports").

        Args:
            message: the request, without params.
            params: as the client gave them.
            version: the negotiated version.
            transport: how the server is reached.
            tools: those known, by name: arguments of one may belong into headers.

        Returns:
            The HTTP headers that go with the message.

        Raises:
            ProtocolError: the headers of the tool that is called can't be told.
        """
        method = message["method"]
        headers = self.headers(version)
        if params is not None:
            message["params"] = params
        if version in MODERN_PROTOCOL_VERSIONS:
            params = dict(params or {})
            meta = params.get("_meta") or {}
            params["_meta"] = {LOG_LEVEL_META_KEY: self._log_level, **meta, **self._meta, **self._capabilities(meta)}
            message["params"] = params
            if transport != "streamable-http":
                return headers  # nobody would read them, and walking a schema for them takes time
            headers[MCP_METHOD_HEADER] = method
            name = params.get(NAMED_BY.get(method, ""))
            if isinstance(name, str):
                headers[MCP_NAME_HEADER] = encode_header_value(name)
                if method == "tools/call" and (tool := tools.get(name)) is not None:
                    headers |= param_headers(tool, params.get("arguments"))
        return headers

    def _capabilities(self, meta: Mapping[str, Any]) -> dict[str, Any]:
        """The client's capabilities with those that the request declares besides, such as an extension."""
        more = meta.get(CLIENT_CAPABILITIES_META_KEY)
        if not isinstance(more, Mapping):
            return {}
        return {CLIENT_CAPABILITIES_META_KEY: {**self._meta.get(CLIENT_CAPABILITIES_META_KEY, {}), **more}}
