"""FastMCP's client over a channel of ours: it negotiates.

The public seams are `ClientTransport` (which streams a client runs on) and `ClientSession` (whose probe is shortened).
Requests of the editor and of the server don't pass through here: they would lose what the SDK's models don't know.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self, Unpack

import anyio
import mcp_types
from fastmcp import Client
from fastmcp.client.transports.base import ClientTransport, SessionKwargs, TransportOptions
from mcp import ClientSession, MCPError
from mcp.shared.message import ClientMessageMetadata, SessionMessage
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from mcp_sidecar.connection.channel import Message
from mcp_sidecar.version import VERSION

CLIENT_INFO = mcp_types.Implementation(name="mcp-sidecar", title="MCP Sidecar", version=VERSION)
"""How the sidecar introduces itself to servers."""

CLOSED = object()
"""What ends an `Inbox`."""


class Inbox:
    """What the session reads: the messages that are for it, until `CLOSED`."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, item: object) -> None:
        """Add a `SessionMessage`, or `CLOSED`."""
        self._queue.put_nowait(item)

    async def receive(self) -> SessionMessage | Exception:
        item = await self._queue.get()
        if item is CLOSED:
            self._queue.put_nowait(CLOSED)
            raise anyio.EndOfStream
        assert isinstance(item, SessionMessage)
        return item

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> bool | None:
        return None


class Outbox:
    """What the session writes, handed on at once: a channel never blocks."""

    def __init__(self, send: Callable[[Message, dict[str, str]], None]) -> None:
        self._send = send

    async def send(self, item: SessionMessage, /) -> None:
        metadata = item.metadata
        headers = metadata.headers if isinstance(metadata, ClientMessageMetadata) else None
        self._send(item.message.model_dump(by_alias=True, mode="json", exclude_unset=True), headers or {})

    async def aclose(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> bool | None:
        return None


class Session(ClientSession):
    """The SDK's session, asking `server/discover` with patience of our own."""

    probe_timeout: float
    """Seconds. The SDK's ten would eat up a short connect timeout when a server ignores what it doesn't know."""

    async def send_discover(self, version: str) -> dict[str, Any]:
        try:
            with anyio.fail_after(self.probe_timeout):
                return await super().send_discover(version)
        except TimeoutError:
            raise MCPError(
                code=mcp_types.REQUEST_TIMEOUT, message=f"no answer to server/discover in {self.probe_timeout:g} s"
            ) from None


class SessionTransport(ClientTransport):
    """Runs a session on an inbox and an outbox."""

    def __init__(self, inbox: Inbox, outbox: Outbox, *, legacy_only: bool, probe_timeout: float) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._probe_timeout = probe_timeout
        self.legacy_only = legacy_only

    @contextlib.asynccontextmanager
    async def connect_session(
        self, *, transport_options: TransportOptions | None = None, **session_kwargs: Unpack[SessionKwargs]
    ) -> AsyncIterator[ClientSession]:
        session = Session(self._inbox, self._outbox, **session_kwargs)
        session.probe_timeout = self._probe_timeout
        async with session:
            yield session


class HandshakeClient(Client[SessionTransport]):
    """FastMCP's client, negotiating what was asked for."""

    # Its task extension would advertise what the bridge does not carry.
    _auto_internal_extensions = False

    def __init__(self, transport: SessionTransport, *, protocol: str) -> None:
        """
        Args:
            transport: what to run on.
            protocol: `auto`, `legacy`, or a version.
        """
        self._pinned_modern = protocol if protocol in MODERN_PROTOCOL_VERSIONS else None
        super().__init__(
            transport,
            mode="auto" if protocol == "auto" else "legacy",
            auto_initialize=self._pinned_modern is None,
            init_timeout=0,  # the link has a deadline of its own
            client_info=CLIENT_INFO,
            log_handler=_ignore_log,
        )

    async def negotiate(self) -> None:
        """Connect and agree on a protocol version.

        Raises:
            MCPError: the server answered with an error, or the channel failed.
            RuntimeError: the server answered, but no version suits both.
            pydantic.ValidationError: the server's answer is none.
        """
        await self.__aenter__()  # type: ignore[no-untyped-call]
        if self._pinned_modern is not None:
            # FastMCP adopts a pinned version unasked, and "connected" would prove nothing.
            raw = await self.session.send_discover(self._pinned_modern)
            self.session.adopt(mcp_types.DiscoverResult.model_validate(raw))


async def _ignore_log(message: object) -> None:
    """Log messages reach the editor through the link, as they came."""
