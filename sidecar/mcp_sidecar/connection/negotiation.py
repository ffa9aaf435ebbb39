"""The negotiation of one link: the handshake, which FastMCP's client leads, on messages that the link routes."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pydantic
from mcp import MCPError
from mcp.shared.message import SessionMessage
from mcp_types import CLIENT_CAPABILITIES_META_KEY, jsonrpc_message_adapter
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from mcp_sidecar.connection import handshake
from mcp_sidecar.connection.channel import Message, RequestId
from mcp_sidecar.connection.diagnosis import Diagnosis
from mcp_sidecar.connection.envelope import Envelope
from mcp_sidecar.connection.errors import SidecarError
from mcp_sidecar.connection.host import Host
from mcp_sidecar.connection.session import CLOSED, HandshakeClient, Inbox, Outbox, SessionTransport

logger = logging.getLogger(__name__)

PROBE_TIMEOUT = 3.0
"""Seconds that `server/discover` may take before the older handshake is tried as well; at most a third of the time."""


class Negotiation:
    """Negotiates once: `run()` it, `close()` it with the link."""

    def __init__(
        self,
        send: Callable[[Message, Mapping[str, str]], None],
        *,
        host: Host,
        envelope: Envelope,
        initialized: Callable[[], None],
        violated: Callable[[str], None],
    ) -> None:
        """
        Args:
            send: takes its messages, with their HTTP headers.
            host: what is declared to the server.
            envelope: learns what goes with every later request.
            initialized: is told that the server may ask from now on.
            violated: is told how the server breaks the protocol.
        """
        self._send = send
        self._host = host
        self._envelope = envelope
        self._initialized = initialized
        self._violated = violated
        self._inbox = Inbox()
        self._client: HandshakeClient | None = None
        self._waiting: dict[RequestId, str] = {}
        """The methods of its requests that wait for an answer."""
        self.pinned: str | None = None
        """The only version that is wanted, where it is one with a handshake."""
        self.said: Mapping[str, Any] = {}
        """The result of the handshake as it came."""

    @property
    def pending(self) -> Collection[RequestId]:
        """The ids of its requests that wait for an answer."""
        return self._waiting.keys()

    @property
    def probe_unanswered(self) -> bool:
        """Whether nothing was said yet to `server/discover`, and nothing else asked."""
        return not self.said and set(self._waiting.values()) == {"server/discover"}

    async def run(
        self,
        protocol: str,
        *,
        legacy_only: bool,
        timeout: float,
        lost: "asyncio.Future[SidecarError]",
        diagnosis: Diagnosis,
    ) -> str:
        """Negotiate, and return the version of the protocol.

        Args:
            protocol: `auto`, `legacy`, or a version.
            legacy_only: whether the transport knows no other era than that of the handshake.
            timeout: seconds; only sizes the probe, the deadline is the caller's.
            lost: done when the server is gone.
            diagnosis: what may explain a failure.

        Raises:
            SidecarError: nothing came of it; says why.
        """
        if protocol not in ("auto", "legacy", *MODERN_PROTOCOL_VERSIONS):
            self.pinned = protocol
        self._client = HandshakeClient(
            SessionTransport(
                self._inbox,
                Outbox(self._send_for_session),
                legacy_only=legacy_only,
                # For a pinned version it is no probe, but the handshake.
                probe_timeout=timeout if protocol in MODERN_PROTOCOL_VERSIONS else min(PROBE_TIMEOUT, timeout / 3),
            ),
            protocol=protocol,
        )
        negotiation = asyncio.create_task(self._client.negotiate())
        try:
            waiting: set[asyncio.Future[Any]] = {negotiation, lost}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if lost.done():
                raise diagnosis.of_loss(lost.result())
            await negotiation
        except MCPError as error:
            raise handshake.refused(
                error, protocol, violations=diagnosis.violations(), suspicion=diagnosis.suspicion()
            ) from error
        except pydantic.ValidationError as error:
            raise handshake.malformed(error) from error
        except RuntimeError as error:
            cause = error.__cause__
            if isinstance(cause, pydantic.ValidationError):
                raise handshake.malformed(cause) from error
            raise handshake.no_common_version(self.said, error) from error
        finally:
            if not negotiation.done():
                negotiation.cancel()
                await asyncio.wait({negotiation})
            if not negotiation.cancelled():
                negotiation.exception()
        self._waiting.clear()
        version = self._client.protocol_version
        assert version is not None
        return version

    def end(self) -> None:
        """There is nothing more to be heard."""
        self._inbox.put(CLOSED)

    async def close(self) -> None:
        """Leave nothing behind; `end()` it before."""
        if self._client is None:
            return
        for _ in range(2):  # the first close of a failed session raises that session's error
            try:
                await self._client.close()  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001 - the connection is over either way
                logger.debug("closing the session: %s", type(error).__name__)

    def answered(self, message: Message) -> bool:
        """Take an answer, if it is one to a request of the handshake."""
        asked = self._waiting.pop(message["id"], None)
        if asked is None:
            return False
        if asked in ("initialize", "server/discover") and "result" in message:
            self.said = message["result"]
        try:
            parsed = jsonrpc_message_adapter.validate_python(message, by_name=False)
        except pydantic.ValidationError:
            self._violated(f"a message that is no JSON-RPC: {message['id']!r}")
            return True
        self._inbox.put(SessionMessage(parsed))
        return True

    def failed(self, request_id: RequestId, error: SidecarError) -> None:
        """A request will never be answered; nothing happens where it is none of the handshake."""
        if self._waiting.pop(request_id, None) is not None:
            # In-process only: the data is the error itself, which no server can send.
            body = {"code": -32000, "message": error.message, "data": handshake.LocalError(error)}
            message = {"jsonrpc": "2.0", "id": request_id, "error": body}
            self._inbox.put(SessionMessage(jsonrpc_message_adapter.validate_python(message, by_name=False)))

    def _send_for_session(self, message: Message, headers: Mapping[str, str]) -> None:
        method = message.get("method")
        assert method is not None  # it answers nothing: the server's requests don't reach it
        if "id" in message:
            self._waiting[message["id"]] = method
        if method == "initialize":
            message["params"]["capabilities"] |= {**self._host.capabilities(), "roots": {"listChanged": True}}
            if self.pinned is not None:
                message["params"]["protocolVersion"] = self.pinned
        elif method == "server/discover":
            meta = message["params"]["_meta"]
            meta[CLIENT_CAPABILITIES_META_KEY] |= {**self._host.capabilities(), "roots": {}}
            self._envelope.learn(meta)
        elif method == "notifications/initialized":
            self._initialized()
        self._send(message, headers)
