"""One connection to one server, from the handshake to its end.

A link routes every message by its id: what the editor asked for passes through untouched, the rest belongs to the
session, which negotiates and answers the server. It knows at every moment whether it is alive.
"""

import asyncio
import itertools
import json
import logging
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

import attrs
import pydantic
from mcp import MCPError
from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    NAME_BEARING_METHODS,
    encode_header_value,
    find_invalid_x_mcp_header,
    mcp_param_headers,
    x_mcp_header_map,
)
from mcp.shared.message import SessionMessage
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    LOG_LEVEL_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
    jsonrpc_message_adapter,
)
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from mcp_sidecar.connection.channel import Channel, ChannelEvents, Message, RequestId
from mcp_sidecar.connection.defects import log_defect
from mcp_sidecar.connection.errors import (
    ConnectionLost,
    ProtocolError,
    ServerError,
    SessionExpired,
    SidecarError,
    TimedOut,
    TransportError,
)
from mcp_sidecar.connection.logs import Source
from mcp_sidecar.connection.problems import Problem
from mcp_sidecar.connection.session import CLOSED, HandshakeClient, Inbox, Outbox, SessionTransport
from mcp_sidecar.connection.status import ServerInfo, Transport
from mcp_sidecar.connection.trace import Tap

logger = logging.getLogger(__name__)

PROBE_TIMEOUT = 3.0
"""Seconds that `server/discover` may take before the older handshake is tried as well; at most a third of the time."""

LOG_LEVEL = "info"
"""What is asked for in the 2026-07-28 era, which logs only for requests that ask for it."""

HEARTBEAT_INTERVAL = 3.0
"""Seconds between looks at an idle server that would not be heard dying; its death must be noticed within five."""

SECOND_LOOK = 0.5
"""Seconds after a heartbeat that failed until the one that decides."""

GATEWAY_STATUSES = (502, 503, 504)
"""HTTP statuses by which a proxy says that the server behind it is gone."""

HEARTBEAT_TIMEOUT = 1.5
"""Seconds for a heartbeat's answer. A server that is late is busy, not dead."""

RECENT_VIOLATIONS = 5
"""Protocol violations that a timeout's details recall: they explain most of them."""

_FIRST_ID = 1000
"""Of the editor's requests. The session counts its own from 1, and only needs a few for the handshake."""

_LATE_IDS = 1000
"""Ids of abandoned requests that are remembered, to tell a late answer from a made-up one."""


class LinkEvents(Protocol):
    """What a link tells its owner."""

    def logged(self, source: Source, level: str, message: str, name: str | None = None) -> None:
        """Something to read: a line of stderr, a log message, a violation of the protocol; see `LogEntry`."""

    def notified(self, method: str, params: Mapping[str, Any]) -> None:
        """A notification of the server."""


@attrs.frozen
class Answer:
    """A result as the server sent it, and what was seen on the way."""

    result: dict[str, Any]
    duration_ms: float
    problems: list[Problem]
    link: "Link"
    """Who answered."""


class Link(ChannelEvents):
    """A live connection. `open()` it once, `close()` it once; `lost` is done when the server is gone."""

    def __init__(self, make_channel: Callable[[ChannelEvents], Channel], events: LinkEvents, tap: Tap) -> None:
        """
        Args:
            make_channel: makes the channel, given who to tell.
            events: who is told what the server says.
            tap: who is told of every frame.
        """
        self._events = events
        self.tap = tap
        self._channel = make_channel(self)
        self._ids = itertools.count(_FIRST_ID)
        self._waiting: dict[RequestId, asyncio.Future[dict[str, Any]]] = {}
        self._session_requests: dict[RequestId, str] = {}
        self._abandoned: deque[RequestId] = deque(maxlen=_LATE_IDS)
        self._unheard: deque[RequestId] = deque(maxlen=_LATE_IDS)
        """Like these, but of heartbeats."""
        self._flaws: dict[RequestId, list[Problem]] = {}
        self._violations: deque[tuple[float, str]] = deque(maxlen=RECENT_VIOLATIONS)
        """When, on the loop's clock, and what."""
        self._inbox = Inbox()
        self._client: HandshakeClient | None = None
        self._heartbeat: asyncio.Task[None] | None = None
        self._pinned: str | None = None
        self._envelope: dict[str, Any] = {}
        self._log_level: str = LOG_LEVEL
        self._handshake: dict[str, Any] = {}
        self._tools: dict[str, Mapping[str, Any]] | None = None
        self.listing: asyncio.Task[None] | None = None
        """The reading of the tools that calls share; see `Calls`."""
        self._heard_at = 0.0
        self._closing: SidecarError | None = None
        self.lost: asyncio.Future[SidecarError] = asyncio.get_running_loop().create_future()
        """Done when the server is gone, with the reason."""
        self.on_lost: Callable[[SidecarError], None] = _ignore
        """Called at that very moment, before any request is answered: the status must be true by then."""
        self.server: ServerInfo
        """Known once open."""

    # life

    async def open(self, *, protocol: str, timeout: float) -> None:
        """Connect and negotiate. On failure the caller closes the link.

        Args:
            protocol: `auto`, `legacy`, or a version.
            timeout: seconds; only sizes the probe, the deadline is the caller's.

        Raises:
            SidecarError: no connection came about; says why.
        """
        await self._channel.open()
        legacy_only = self._channel.transport == "sse"
        if protocol not in ("auto", "legacy", *MODERN_PROTOCOL_VERSIONS):
            self._pinned = protocol
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
            waiting: set[asyncio.Future[Any]] = {negotiation, self.lost}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self.lost.done():
                raise self.lost.result()
            await negotiation
        except MCPError as error:
            raise self._refused(error, protocol) from error
        except pydantic.ValidationError as error:
            raise _malformed_handshake(error) from error
        except RuntimeError as error:
            cause = error.__cause__
            if isinstance(cause, pydantic.ValidationError):
                raise _malformed_handshake(cause) from error
            raise self._no_common_version(error) from error
        finally:
            if not negotiation.done():
                negotiation.cancel()
                await asyncio.wait({negotiation})
            if not negotiation.cancelled():
                negotiation.exception()
        self.server = self._introduce()
        self._session_requests.clear()
        if not self.modern:
            self._channel.start_listening()
        self._heartbeat = asyncio.create_task(self._beat())

    async def close(self, reason: SidecarError, *, gracefully: bool) -> None:
        """End the connection and everything that belongs to it; requests under way fail with `reason`.

        Args:
            gracefully: let the server end by itself, for a moment.
        """
        self._closing = reason
        self.fail_all(reason)
        for task in (self._heartbeat, self.listing):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
                if not task.cancelled() and (error := task.exception()) is not None:
                    log_defect(logger, "a task of the link failed", error)
        self._inbox.put(CLOSED)
        try:
            await self._channel.close(gracefully=gracefully)
        finally:
            await self._close_client()

    async def _close_client(self) -> None:
        if self._client is None:
            return
        for _ in range(2):  # the first close of a failed session raises that session's error
            try:
                await self._client.close()  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001 - the connection is over either way
                logger.debug("closing the session: %s", type(error).__name__)

    @property
    def transport(self) -> Transport:
        """How the server is reached, after all fallbacks."""
        return self._channel.transport

    @property
    def modern(self) -> bool:
        """Whether the 2026-07-28 era was negotiated, which has no session and no handshake."""
        return self.server.protocol_version in MODERN_PROTOCOL_VERSIONS

    def diagnosis(self, since: float = 0.0) -> dict[str, Any]:
        """What is known that may explain a failure: last lines of stderr, violations of the protocol.

        Args:
            since: the time on the loop's clock before which violations explain nothing.
        """
        known = self._channel.diagnosis()
        violations = [text for time, text in self._violations if time >= since]
        return {**known, "violations": violations} if violations else known

    def suspicion(self, since: float = 0.0) -> str:
        """What most likely explains a silence, as a sentence with a space in front, or nothing; see `diagnosis`."""
        known = self.diagnosis(since)
        if violations := known.get("violations"):
            return f" It broke the protocol: {violations[-1]}"
        if unfinished := known.get("unfinishedLine"):
            return f" It wrote a line without a newline at its end: {unfinished}"
        return ""

    @property
    def probe_unanswered(self) -> bool:
        """Whether the server ended without having said anything to `server/discover`."""
        return not self._handshake and set(self._session_requests.values()) == {"server/discover"}

    # requests

    async def request(
        self, method: str, params: Mapping[str, Any] | None, *, timeout: float, quiet: bool = False
    ) -> Answer:
        """Send a request as it is, and return the server's result as it is.

        Args:
            method: an MCP method, such as `tools/call`.
            params: its params.
            timeout: seconds until the request is given up, and the server told so.
            quiet: whether a late answer is no news.

        Raises:
            ServerError: the server answered with an error.
            TimedOut: it did not answer in time; the connection stands.
            ConnectionLost: the connection ended first.
            TransportError: this exchange failed; the connection stands.
            ProtocolError: the answer can't be understood.
        """
        if self._closing is not None:
            raise self._closing
        if self.lost.done():
            raise self.lost.result()
        if method == "logging/setLevel" and self.modern:
            # That era has no such method: the level goes along with each request (MCP 2026-07-28, "Logging").
            self._log_level = str((params or {}).get("level", LOG_LEVEL))
            return Answer({}, 0.0, [], self)
        loop = asyncio.get_running_loop()
        request_id = next(self._ids)
        message: Message = {"jsonrpc": "2.0", "id": request_id, "method": method}
        headers = self._stamp(message, method, params)
        future: asyncio.Future[dict[str, Any]] = loop.create_future()
        self._waiting[request_id] = future
        started = loop.time()
        try:
            async with asyncio.timeout(timeout):
                self._channel.send(message, headers)
                result = await future
        except TimeoutError:
            self._abandon(request_id, f"no answer in {timeout:g} s", quiet=quiet)
            raise TimedOut(
                f"The server did not answer {method} within {timeout:g} s.{self.suspicion(started)}",
                suggestion="The connection stands. Raise callTimeout if the server needs longer; else find what hangs.",
                details={"method": method, "timeoutSeconds": timeout, **self.diagnosis(started)},
            ) from None
        except asyncio.CancelledError:
            self._abandon(request_id, "cancelled by the user", quiet=quiet)
            raise
        finally:
            self._waiting.pop(request_id, None)
            flaws = self._flaws.pop(request_id, [])
        return Answer(result, (loop.time() - started) * 1000, flaws, self)

    async def ping(self, *, timeout: float, quiet: bool = False) -> Answer:
        """Ask whether the server answers. The 2026-07-28 era has no ping; there `server/discover` serves.

        Args, Raises: as `request`.
        """
        if not self.modern:
            return await self.request("ping", None, timeout=timeout, quiet=quiet)
        answer = await self.request("server/discover", None, timeout=timeout, quiet=quiet)
        return attrs.evolve(answer, result={})

    @property
    def needs_tools_to_call(self) -> bool:
        """Whether a call must know the tool first: its arguments may belong into headers (MCP 2026-07-28, HTTP)."""
        return self._tools is None and self.modern and self.transport == "streamable-http"

    def remember_tools(self, tools: list[Any], *, complete: bool) -> None:
        """Keep the server's tools, for what calls need of them: output schemas, and header annotations.

        Args:
            tools: as `tools/list` showed them.
            complete: whether these are all tools.
        """
        if self._tools is None and not complete:
            return  # one page would count as all there is
        known = {} if complete or self._tools is None else self._tools
        self._tools = known | {tool["name"]: tool for tool in tools if isinstance(tool, dict) and _named(tool)}

    @property
    def tools(self) -> Mapping[str, Mapping[str, Any]] | None:
        """The tools last listed, by name; None when none were, or they changed since."""
        return self._tools

    def _abandon(self, request_id: RequestId, reason: str, *, quiet: bool) -> None:
        """Tell the server that nobody waits any more (MCP, "Cancellation")."""
        (self._unheard if quiet else self._abandoned).append(request_id)
        if not self.lost.done() and self._closing is None:
            # On modern HTTP, closing the response stream is the signal, and the notification does not exist.
            if not (self.modern and self._channel.transport == "streamable-http"):
                cancelled = {"requestId": request_id, "reason": reason}
                self._channel.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})
            self._channel.abort(request_id)

    def _stamp(self, message: Message, method: str, params: Mapping[str, Any] | None) -> dict[str, str]:
        """Add what the negotiated era wants on every request (MCP 2026-07-28, "Base protocol" and "Transports").

        Returns the HTTP headers that go with the message.
        """
        version = self.server.protocol_version
        headers = {MCP_PROTOCOL_VERSION_HEADER: version}
        if params is not None:
            message["params"] = params
        if self.modern:
            params = dict(params or {})
            params["_meta"] = {LOG_LEVEL_META_KEY: self._log_level, **(params.get("_meta") or {}), **self._envelope}
            message["params"] = params
            if self._channel.transport != "streamable-http":
                return headers  # nobody would read them, and walking a schema for them takes time
            headers[MCP_METHOD_HEADER] = method
            name = params.get(NAME_BEARING_METHODS.get(method, ""))
            if isinstance(name, str):
                headers[MCP_NAME_HEADER] = encode_header_value(name)
                if method == "tools/call" and (tool := (self._tools or {}).get(name)) is not None:
                    headers |= _param_headers(tool, params.get("arguments"))
        return headers

    # ChannelEvents

    def pending(self) -> Collection[RequestId]:
        if not self._session_requests:
            return self._waiting
        return [*self._waiting, *self._session_requests]

    def received(self, message: Message) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        if (method := message.get("method")) is not None:
            if "id" in message:
                self._for_session(message)
            else:
                self._notified(method, message.get("params") or {})
            return
        request_id = message["id"]
        # Forgotten here, not when the waiting task gets its turn: from now on it is answered.
        if (future := self._waiting.pop(request_id, None)) is not None:
            if future.done():
                pass  # given up in this very turn of the loop
            elif "error" in message:
                future.set_exception(_server_error(message["error"]))
            else:
                future.set_result(message["result"])
        elif request_id in self._session_requests:
            asked = self._session_requests.pop(request_id)
            if asked in ("initialize", "server/discover") and "result" in message:
                self._handshake = message["result"]
            self._for_session(message)
        elif request_id in self._unheard:
            pass
        elif request_id in self._abandoned:
            self._events.logged("sidecar", "info", f"a late answer to request {request_id} was dropped")
        else:
            self.violated(f"an answer to request {request_id!r}, which was never sent or is answered already")

    def failed(self, request_id: RequestId, error: SidecarError) -> None:
        if (future := self._waiting.pop(request_id, None)) is not None:
            if not future.done():
                future.set_exception(error)
        elif self._session_requests.pop(request_id, None) is not None:
            # In-process only: the data is the error itself, which no server can send.
            body = {"code": -32000, "message": error.message, "data": _Local(error)}
            message = {"jsonrpc": "2.0", "id": request_id, "error": body}
            self._inbox.put(SessionMessage(jsonrpc_message_adapter.validate_python(message, by_name=False)))

    def flawed(self, request_id: RequestId, problem: str) -> None:
        if request_id not in self._waiting:
            return
        self._flaws.setdefault(request_id, []).append(Problem("protocol", "$", problem))

    def violated(self, problem: str, raw: str | None = None) -> None:
        text = f"{problem}: {raw}" if raw else problem
        self._violations.append((asyncio.get_running_loop().time(), text))
        self._events.logged("protocol", "warning", text)

    def printed(self, line: str) -> None:
        self._events.logged("stderr", "info", line)

    def ended(self, error: SidecarError) -> None:
        if not self.lost.done():
            self.lost.set_result(error)
            self.on_lost(error)
            if isinstance(error, SessionExpired):  # true of one request only; others may have been carried out
                error = ConnectionLost(error.message, suggestion=error.suggestion, details=error.details)
            self.fail_all(error)
            self._inbox.put(CLOSED)

    # details

    def fail_all(self, error: SidecarError) -> None:
        """Fail all requests under way, at once."""
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(error)

    def _send_for_session(self, message: Message, headers: Mapping[str, str]) -> None:
        method = message.get("method")
        if method is not None and "id" in message:
            self._session_requests[message["id"]] = method
        if method == "initialize" and self._pinned is not None:
            message["params"]["protocolVersion"] = self._pinned
        if method == "server/discover":
            meta = message["params"]["_meta"]
            keys = (PROTOCOL_VERSION_META_KEY, CLIENT_INFO_META_KEY, CLIENT_CAPABILITIES_META_KEY)
            self._envelope = {key: meta[key] for key in keys}
        self._channel.send(message, headers)

    def _for_session(self, message: Message) -> None:
        try:
            parsed = jsonrpc_message_adapter.validate_python(message, by_name=False)
        except pydantic.ValidationError:
            self.violated(f"a message that is no JSON-RPC: {message.get('method', message.get('id'))!r}")
            return
        self._inbox.put(SessionMessage(parsed))

    def _notified(self, method: str, params: Mapping[str, Any]) -> None:
        if not method.startswith("notifications/"):
            # Passed on under `mcp/`, it could pose as a message of the sidecar itself.
            self.violated(f"a notification whose name does not begin with notifications/: {method[:100]!r}")
            return
        if method == "notifications/message":
            level = params.get("level")
            name = params.get("logger")
            self._events.logged(
                "server",
                level if isinstance(level, str) else "info",
                _as_text(params.get("data")),
                name if isinstance(name, str) else None,
            )
        elif method == "notifications/tools/list_changed":
            self._tools = None
        elif method == "notifications/cancelled":
            # The server withdraws a request of its own: the session must stop working on it.
            self._for_session({"jsonrpc": "2.0", "method": method, "params": params})
        self._events.notified(method, params)

    def _introduce(self) -> ServerInfo:
        """What the server said of itself, from the message as it came."""
        assert self._client is not None
        said = self._handshake
        version = self._client.protocol_version
        assert version is not None
        if self._pinned is not None and version != self._pinned:
            raise ProtocolError(
                f"The server answered protocol version {self._pinned} with {version}.",
                suggestion=f"Set protocolVersion to {version} or auto.",
                details={"asked": self._pinned, "answered": version},
            )
        modern = version in MODERN_PROTOCOL_VERSIONS
        info = (said.get("_meta") or {}).get(SERVER_INFO_META_KEY) if modern else said.get("serverInfo")
        info = info if isinstance(info, dict) else {}
        instructions = said.get("instructions")
        capabilities = said.get("capabilities")
        title = info.get("title")
        return ServerInfo(
            name=str(info.get("name", "")),
            version=str(info.get("version", "")),
            title=title if isinstance(title, str) else None,
            protocol_version=version,
            capabilities=capabilities if isinstance(capabilities, dict) else {},
            instructions=instructions if isinstance(instructions, str) else None,
        )

    def _refused(self, error: MCPError, protocol: str) -> SidecarError:
        local = error.error.data
        if isinstance(local, _Local):
            return local.error
        other = "legacy" if protocol in MODERN_PROTOCOL_VERSIONS else "auto"
        also = "" if protocol == other else f"; try protocolVersion {other}"
        violations = {"violations": [text for _, text in self._violations]} if self._violations else {}
        return ServerError(
            f"The server refused the handshake: {error.error.message or 'no message'} (code {error.error.code})."
            f"{self.suspicion()}",
            suggestion=f"Look into the server's log{also}.",
            details={"error": error.error.model_dump(by_alias=True, mode="json", exclude_unset=True), **violations},
        )

    def _no_common_version(self, error: RuntimeError) -> ProtocolError:
        offered = self._handshake.get("supportedVersions") or self._handshake.get("protocolVersion")
        return ProtocolError(
            f"The server speaks protocol version {offered}, which is unknown here." if offered else str(error),
            suggestion=f"Known are {', '.join(KNOWN_PROTOCOL_VERSIONS)}; update the server, or the sidecar.",
            details={"offered": offered, "known": list(KNOWN_PROTOCOL_VERSIONS)},
        )

    async def _beat(self) -> None:
        """Look after an idle server that would not be heard dying."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not self.lost.done():
            await asyncio.sleep(SECOND_LOOK if failures else HEARTBEAT_INTERVAL)
            if self._channel.hears_loss or (failures == 0 and loop.time() - self._heard_at < HEARTBEAT_INTERVAL / 2):
                continue
            try:
                await self.ping(timeout=HEARTBEAT_TIMEOUT, quiet=True)
            except (ServerError, TimedOut, ProtocolError):
                failures = 0  # it answered, or it is busy: not dead
            except ConnectionLost:
                return
            except TransportError as error:
                if error.details.get("httpStatus") not in (None, *GATEWAY_STATUSES):
                    failures = 0  # it answered, if not in MCP's terms: not dead
                    continue
                failures += 1
                if failures > 1:
                    self.ended(ConnectionLost(error.message, suggestion=error.suggestion, details=error.details))
            except SidecarError as error:
                logger.debug("heartbeat: %s", error.message)
            else:
                failures = 0


def _ignore(error: SidecarError) -> None:
    """Nobody waits for the loss yet."""


class _Local:
    """Carries an error of ours through the SDK's error objects."""

    def __init__(self, error: SidecarError) -> None:
        self.error = error


def _malformed_handshake(error: pydantic.ValidationError) -> ProtocolError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return ProtocolError(
        f"The server's answer to the handshake breaks the protocol: {where}: {first['msg']}.",
        suggestion="Mend the server's initialize (or server/discover) result.",
        details={"problems": [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()][:20]},
    )


def _server_error(error: Mapping[str, Any]) -> ServerError:
    return ServerError(
        error["message"] or f"The server answered with error {error['code']} and no message.",
        suggestion=_CODE_ADVICE.get(error["code"], "Look into the server's log for the cause."),
        details={"error": error},
    )


_CODE_ADVICE = {
    -32601: "The server does not know this method; see the capabilities in its status.",
    -32602: "The server does not accept these params; compare them with the schema it publishes.",
}


def _named(tool: Mapping[str, Any]) -> bool:
    return isinstance(tool.get("name"), str)


def _param_headers(tool: Mapping[str, Any], arguments: object) -> dict[str, str]:
    schema = tool.get("inputSchema")
    if not isinstance(arguments, Mapping) or find_invalid_x_mcp_header(schema) is not None:
        return {}
    return mcp_param_headers(x_mcp_header_map(schema), arguments)


def _as_text(data: object) -> str:
    if isinstance(data, str):
        return data
    try:
        return json.dumps(data, ensure_ascii=False)
    except RecursionError:  # JSON can be read a little deeper than it can be written
        return "something that is nested too deep to be shown"
