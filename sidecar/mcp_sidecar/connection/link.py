"""One connection to one server, from the handshake to its end.

A link routes every message by its id: what the editor asked for passes through untouched, what the server asks is
answered beside it, the rest belongs to the session, which only negotiates. A link knows at every moment whether it is
alive.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, TypeVar

import attrs
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from mcp_sidecar.connection import handshake, heartbeat
from mcp_sidecar.connection.channel import Channel, ChannelEvents, Message, Pause, RequestId
from mcp_sidecar.connection.deadline import Deadline
from mcp_sidecar.connection.diagnosis import Diagnosis
from mcp_sidecar.connection.envelope import Envelope
from mcp_sidecar.connection.errors import (
    ConnectionLost,
    SessionExpired,
    SidecarError,
)
from mcp_sidecar.connection.exchange import Exchange, Exchanges
from mcp_sidecar.connection.host import Host
from mcp_sidecar.connection.logs import Source
from mcp_sidecar.connection.misdeeds import Misdeed, Misdeeds
from mcp_sidecar.connection.negotiation import Negotiation
from mcp_sidecar.connection.problems import Problem
from mcp_sidecar.connection.progress import ProgressListener
from mcp_sidecar.connection.questions import Questions
from mcp_sidecar.connection.server_error import server_error
from mcp_sidecar.connection.server_requests import ServerRequests
from mcp_sidecar.connection.status import ServerInfo, Transport
from mcp_sidecar.connection.subscriptions import Subscriptions
from mcp_sidecar.connection.trace import Tap
from mcp_sidecar.connection.wishes import SET_LEVEL, SUBSCRIBE, UNSUBSCRIBE, Wishes
from mcp_sidecar.defects import log_defect

logger = logging.getLogger(__name__)

T = TypeVar("T")

SUBSCRIPTION_ENDED: Final = "didEndSubscription"
"""The server refused to renew a subscription. Its own notifications have names that begin with `notifications/`."""


class LinkEvents(Protocol):
    """What a link tells its owner."""

    def logged(self, source: Source, level: str, message: str, name: str | None = None) -> None:
        """Something to read: a line of stderr, a log message, a violation of the protocol; see `LogEntry`."""

    def notified(self, method: str, params: Mapping[str, Any]) -> None:
        """A notification of the server, or SUBSCRIPTION_ENDED."""


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

    def __init__(
        self, make_channel: Callable[[ChannelEvents], Channel], events: LinkEvents, tap: Tap, host: Host
    ) -> None:
        """
        Args:
            make_channel: makes the channel, given who to tell.
            events: who is told what the server says.
            tap: who is told of every frame.
            host: whom the server may ask.
        """
        self._events = events
        self.questions = Questions(host, self, lambda: self.server.title or self.server.name)
        self._server_requests = ServerRequests(self.questions, self)
        self.tap = tap
        self._channel = make_channel(self)
        self._exchanges = Exchanges(self.violated)
        self.subscriptions = Subscriptions(self)
        self.wishes = Wishes()
        """What the client asked the server to keep doing."""
        self._renewal: asyncio.Task[None] | None = None
        self.diagnosis = Diagnosis(self._channel.diagnosis)
        self.misdeeds = Misdeeds()
        """All that the server did wrong on this connection, each kind once."""
        self._heartbeat: asyncio.Task[None] | None = None
        self._envelope = Envelope()
        self._negotiation = Negotiation(
            self._channel.send,
            host=host,
            envelope=self._envelope,
            initialized=self._server_requests.initialized,
            violated=self.violated,
        )
        self._tools: dict[str, Mapping[str, Any]] | None = None
        self.listing: asyncio.Task[None] | None = None
        """The reading of the tools that calls share; see `Calls`."""
        self.heard_at = 0.0
        """When the server said something last, on the loop's clock."""
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
        version = await self._negotiation.run(
            protocol,
            legacy_only=self._channel.transport == "sse",
            timeout=timeout,
            lost=self.lost,
            diagnosis=self.diagnosis,
        )
        self.server = handshake.introduced(self._negotiation.said, version, self._negotiation.pinned)
        if self.modern:
            self.subscriptions.start()
        else:
            self._channel.start_listening()
        self._heartbeat = asyncio.create_task(heartbeat.beat(self))
        self._server_requests.begin(version)

    async def close(self, reason: SidecarError, *, gracefully: bool) -> None:
        """End the connection and everything that belongs to it; requests under way fail with `reason`.

        Args:
            gracefully: let the server end by itself, for a moment.
        """
        self._closing = reason
        self._exchanges.fail_all(reason)
        await self._server_requests.close()
        for task in (self._heartbeat, self.listing, self._renewal):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
                if not task.cancelled() and (error := task.exception()) is not None:
                    log_defect(logger, "a task of the link failed", error)
        await self.subscriptions.close()
        self._negotiation.end()
        try:
            await self._channel.close(gracefully=gracefully)
        finally:
            await self._negotiation.close()

    @property
    def transport(self) -> Transport:
        """How the server is reached, after all fallbacks."""
        return self._channel.transport

    @property
    def modern(self) -> bool:
        """Whether the 2026-07-28 era was negotiated, which has no session and no handshake."""
        return self.server.protocol_version in MODERN_PROTOCOL_VERSIONS

    @property
    def hears_loss(self) -> bool:
        """Whether the loss of an idle server is noticed by itself."""
        return self._channel.hears_loss

    def take_up(self, wishes: Wishes) -> None:
        """Ask the server for what a former connection to it was asked for."""
        self.wishes = wishes
        self._renewal = asyncio.create_task(wishes.renew(self))

    def fail_all(self, error: SidecarError) -> None:
        """Fail all requests under way, at once."""
        self._exchanges.fail_all(error)

    def pause_deadlines(self, server_request: RequestId | None = None) -> AbstractContextManager[None]:
        """Stop the clocks while a person is being asked: thinking never counts against a request's timeout.

        Args:
            server_request: the id of the server's request that is the reason. Where the protocol tells in which request
                of ours it came (by the response stream it came on), only that one's clock stops; else those of all.
        """
        return self._exchanges.paused(server_request)

    async def while_it_stands(self, work: Coroutine[Any, Any, T]) -> T:
        """Do what only makes sense for as long as the connection stands, and return what comes of it.

        Raises:
            SidecarError: the connection ended first.
        """
        task = asyncio.create_task(work)
        try:
            if self.lost.done():
                raise self.lost.result()
            with self._exchanges.between() as end:
                waiting: set[asyncio.Future[Any]] = {task, end}
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if end.done():
                    end.result()
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()

    def tell_roots_changed(self) -> None:
        """Tell the server that the folders of the workspace are others; the 2026-07-28 era asks anew each time."""
        if not self.modern and self._closing is None:
            self._channel.send({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"})

    @property
    def pinned(self) -> bool:
        """Whether the user chose the protocol version."""
        return self._negotiation.pinned is not None

    @property
    def introduction(self) -> Mapping[str, Any]:
        """What the server says of itself, as it came: `serverInfo`."""
        return handshake.introduction(self._negotiation.said, modern=self.modern)

    @property
    def probe_unanswered(self) -> bool:
        """Whether the server ended without having said anything to `server/discover`."""
        return self._negotiation.probe_unanswered

    # requests

    async def request(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        *,
        timeout: float,
        maximum: float | None = None,
        quiet: bool = False,
        progress: ProgressListener | None = None,
        acknowledged: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> Answer:
        """Send a request as it is, and return the server's result as it is.

        Args:
            method: an MCP method, such as `tools/call`.
            params: its params.
            timeout: seconds until the request is given up, and the server told so.
            maximum: seconds up to which progress of the request lets that time begin anew; none does without it.
            quiet: whether a late answer is no news.
            progress: who is told of its progress.
            acknowledged: is told what the server agrees to, for a request that stands; its time has no limit then.

        Raises:
            ServerError: the server answered with an error.
            TimedOut: it did not answer in time; the connection stands.
            ConnectionLost: the connection ended first.
            TransportError: this exchange failed; the connection stands.
            ProtocolError: the answer can't be understood, or the tool that is called can't be called over HTTP.
        """
        self._raise_if_over()
        if method == SUBSCRIBE:
            self.subscriptions.expect((params or {}).get("uri"))
        if self.modern and method in (SET_LEVEL, SUBSCRIBE, UNSUBSCRIBE):
            answer = await self._served(method, params or {}, timeout)
            self._granted(method, params)
            return answer
        deadline = Deadline(timeout, maximum=maximum)
        exchange, params = self._exchanges.begin(
            method, params, deadline, quiet=quiet, progress=progress, acknowledged=acknowledged
        )
        message: Message = {"jsonrpc": "2.0", "id": exchange.request_id, "method": method}
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            headers = self._envelope.stamp(
                message, params, version=self.server.protocol_version, transport=self.transport, tools=self._tools or {}
            )
            async with exchange.deadline:
                self._channel.send(message, headers)
                result = await exchange.answer
        except TimeoutError:
            self._abandon(exchange, f"no answer in {loop.time() - started:g} s")
            raise self.diagnosis.of_silence(method, exchange.deadline, started) from None
        except asyncio.CancelledError:
            self._abandon(exchange, "cancelled by the user")
            raise
        finally:
            self._exchanges.end(exchange)
            self._server_requests.ended(exchange.request_id, abandoned=False)
        self._granted(method, params)
        taken = loop.time() - started - exchange.deadline.paused_for
        return Answer(result, taken * 1000, exchange.flaws, self)

    async def _served(self, method: str, params: Mapping[str, Any], timeout: float) -> Answer:
        """Serve a request of the older eras that the 2026-07-28 era has no method for."""
        if method == SET_LEVEL:
            # The level goes along with each request (MCP 2026-07-28, "Logging").
            self._envelope.choose_log_level(params.get("level"))
            return self.answer({}, 0.0)
        return await self.subscriptions.request(method, params, timeout=timeout)

    def _granted(self, method: str, params: Mapping[str, Any] | None) -> None:
        self.wishes.granted(method, params)
        if method == UNSUBSCRIBE:
            self.subscriptions.expect_no_more((params or {}).get("uri"))

    def answer(self, result: dict[str, Any], duration_ms: float) -> Answer:
        """An answer that took more, or less, than one request."""
        return Answer(result, duration_ms, [], self)

    def notify(self, method: str, params: Mapping[str, Any] | None) -> None:
        """Send a notification of the client's as it is.

        Raises:
            SidecarError: the connection has ended.
        """
        self._raise_if_over()
        message: Message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        self._channel.send(message, self._envelope.headers(self.server.protocol_version))

    @property
    def is_over(self) -> bool:
        """Whether the connection ended, or is being ended."""
        return self.lost.done() or self._closing is not None

    def _raise_if_over(self) -> None:
        if self._closing is not None:
            raise self._closing
        if self.lost.done():
            raise self.lost.result()

    async def ping(
        self,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float,
        maximum: float | None = None,
        quiet: bool = False,
        progress: ProgressListener | None = None,
    ) -> Answer:
        """Ask whether the server answers. The 2026-07-28 era has no ping; there `server/discover` serves.

        Args, Raises: as `request`.
        """
        method = "server/discover" if self.modern else "ping"
        answer = await self.request(method, params, timeout=timeout, maximum=maximum, quiet=quiet, progress=progress)
        return attrs.evolve(answer, result={}) if self.modern else answer

    @property
    def sends_param_headers(self) -> bool:
        """Whether a call must know its tool: arguments of it may belong into headers (MCP 2026-07-28, HTTP)."""
        return self.modern and self.transport == "streamable-http"

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

    def _abandon(self, exchange: Exchange, reason: str) -> None:
        """Tell the server that nobody waits any more (MCP, "Cancellation")."""
        self._exchanges.abandon(exchange)
        self._server_requests.ended(exchange.request_id, abandoned=True)
        if self.is_over:
            return
        # On modern HTTP, closing the response stream is the signal, and the notification does not exist.
        if not (self.modern and self.transport == "streamable-http") and exchange.method != "initialize":
            cancelled = {"requestId": exchange.request_id, "reason": reason}
            self._channel.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})
        self._channel.abort(exchange.request_id)

    # ChannelEvents

    def pending(self) -> Collection[RequestId]:
        negotiating = self._negotiation.pending
        return [*self._exchanges.ids, *negotiating] if negotiating else self._exchanges.ids

    def patience(self, request_id: RequestId) -> Pause | None:
        exchange = self._exchanges.get(request_id)
        return None if exchange is None or exchange.quiet else exchange.deadline.paused

    def standing(self) -> Collection[RequestId]:
        return self._exchanges.standing

    def received(self, message: Message, stream: RequestId | None = None) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        if (method := message.get("method")) is None:
            self._answered(message)
        elif "id" in message:
            if stream is not None:
                self._exchanges.asked(message["id"], stream)
            self._server_requests.take(message)
        else:
            self._notified(method, message.get("params") or {}, stream)

    def _answered(self, message: Message) -> None:
        request_id = message["id"]
        if (exchange := self._exchanges.take(request_id)) is not None:
            if "error" in message:
                exchange.fail(server_error(message["error"], exchange.method))
            else:
                exchange.succeed(message["result"])
            self._exchanges.end(exchange)  # here, not when the waiting task gets its turn: from now on it is over
        elif not self._negotiation.answered(message):
            match self._exchanges.fate(request_id):
                case "abandoned":
                    self._events.logged("sidecar", "info", f"a late answer to request {request_id} was dropped")
                case "unknown":
                    self.violated(f"an answer to request {request_id!r}, which was never sent or is answered already")

    def failed(self, request_id: RequestId, error: SidecarError) -> None:
        if (exchange := self._exchanges.take(request_id)) is not None:
            exchange.fail(error)
        else:
            self._negotiation.failed(request_id, error)

    def flawed(self, request_id: RequestId, problem: str) -> None:
        if (exchange := self._exchanges.get(request_id)) is not None:
            exchange.flaws.append(Problem("protocol", "$", problem))

    def violated(self, problem: str, raw: str | None = None) -> None:
        text = f"{problem}: {raw}" if raw else problem
        self.diagnosis.note(text)
        self.misdeeds.note(Misdeed(rule="violation", message=text))
        self._events.logged("protocol", "warning", text)

    def end_subscription(self, uri: str) -> None:
        """Forget a subscription that the server does not keep any more."""
        self.wishes.give_up(uri)
        self._events.notified(SUBSCRIPTION_ENDED, {"uri": uri})

    def tell(self, message: str) -> None:
        """Tell the user something that is no failure."""
        self._events.logged("sidecar", "info", message)

    def printed(self, line: str) -> None:
        self._events.logged("stderr", "info", line)

    # what the server asks

    def noted(self, level: str, message: str) -> None:
        """Something to read about a question; see `QuestionEvents`."""
        self._events.logged("sidecar", level, message)

    def answered_wrong(self, problem: str) -> None:
        """The editor's answer is none; see `QuestionEvents`."""
        self._events.logged("protocol", "warning", f"the editor broke the protocol: {problem}")

    def reply(self, message: Message) -> None:
        """Answer the server; see `Way`."""
        self._exchanges.replied(message["id"])
        self._channel.send(message)

    def asked_for(self, request_id: RequestId) -> Collection[RequestId]:
        """What a request of the server belongs to; see `Way`."""
        return self._exchanges.asked_for(request_id)

    def paused(self, request_id: RequestId) -> AbstractContextManager[None]:
        """Stop the clocks of what a request of the server belongs to; see `Way`."""
        return self.pause_deadlines(request_id)

    def ended(self, error: SidecarError) -> None:
        if not self.lost.done():
            self.lost.set_result(error)
            self.on_lost(error)
            if isinstance(error, SessionExpired):  # true of one request only; others may have been carried out
                error = ConnectionLost(error.message, suggestion=error.suggestion, details=error.details)
            self._exchanges.fail_all(error)
            self._server_requests.stop()
            self._negotiation.end()

    def _notified(self, method: str, params: Mapping[str, Any], stream: RequestId | None) -> None:
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
        elif method == "notifications/progress":
            params = self._exchanges.progress.received(params)
        elif method == "notifications/resources/updated":
            if not self._exchanges.client_listens and self.subscriptions.is_news(params.get("uri")):
                self.violated(f"an update of a resource that nobody subscribed to: {params['uri'][:200]}")
        elif method == "notifications/subscriptions/acknowledged":
            self._exchanges.acknowledge(_subscription(params) or stream, params.get("notifications"))
        elif method == "notifications/cancelled":
            self._server_requests.withdraw(params.get("requestId"))
        self._events.notified(method, params)


def _ignore(error: SidecarError) -> None:
    """Nobody waits for the loss yet."""


def _subscription(params: Mapping[str, Any]) -> RequestId | None:
    """The request that a notification of a standing request belongs to (MCP 2026-07-28, "Subscriptions")."""
    meta = params.get("_meta")
    value = meta.get(SUBSCRIPTION_ID_META_KEY) if isinstance(meta, Mapping) else None
    return value if isinstance(value, int | str) else None


def _named(tool: Mapping[str, Any]) -> bool:
    return isinstance(tool.get("name"), str)


def _as_text(data: object) -> str:
    if isinstance(data, str):
        return data
    try:
        return json.dumps(data, ensure_ascii=False)
    except RecursionError:  # JSON can be read a little deeper than it can be written
        return "something that is nested too deep to be shown"
