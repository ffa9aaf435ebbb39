"""The streamable HTTP channel (MCP 2025-03-26 to 2026-07-28, "Transports: Streamable HTTP")."""

import asyncio
import contextlib
import functools
import json
import logging
import re
from collections.abc import AsyncGenerator, Collection, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import httpx2

from mcp_sidecar.connection import http, inbound
from mcp_sidecar.connection.channel import MESSAGE_LIMIT, Channel, ChannelEvents, Message, RequestId, encode
from mcp_sidecar.connection.errors import (
    AuthenticationRequired,
    ConnectionLost,
    ProtocolError,
    SessionExpired,
    SidecarError,
    TransportError,
)
from mcp_sidecar.connection.status import Transport
from mcp_sidecar.connection.target import HttpEndpoint
from mcp_sidecar.connection.trace import Tap
from mcp_sidecar.defects import log_defect

if TYPE_CHECKING:
    from mcp_sidecar.connection.oauth import Authority

logger = logging.getLogger(__name__)

SESSION_HEADER = "mcp-session-id"
VERSION_HEADER = "mcp-protocol-version"

RETRY_DELAY = 1.0
"""Seconds before a broken event stream is taken up again, when the server named none (WHATWG HTML, 9.2.3)."""

RETRY_LIMIT = 30.0
"""Seconds the server's own retry delay may be at most."""

RETRY_FLOOR = 0.05
"""Seconds it is at least: a server that names none and ends each stream at once must not be asked without a pause."""

RESUME_LIMIT = 5
"""Times in a row that a stream is taken up again without a new event."""

QUICK_END = 10.0
"""Seconds within which a quiet GET stream must not end again and again; ending an idle one later is right."""

NOTIFICATION_TIMEOUT = 5.0
"""Seconds that the messages behind it wait for a notification's POST."""

EXPIRY_GRACE = 0.2
"""Seconds that requests under way get for their own 404, once one of them was refused because of the session."""

DELETE_TIMEOUT = 1.0
"""Seconds for the DELETE that ends a session."""

_SESSION_ID = re.compile(r"[\x21-\x7e]+")
"""Visible ASCII (MCP, "Session Management"); nothing else fits into a header."""


class StreamableHttpChannel(Channel):
    """A server behind one URL that takes POSTs and answers with JSON or an event stream."""

    transport: ClassVar[Transport] = "streamable-http"

    def __init__(self, endpoint: HttpEndpoint, events: ChannelEvents, authority: "Authority | None" = None) -> None:
        """
        Args:
            endpoint: where the server is.
            events: who is told what happens.
            authority: has the token of every request, where the target asks for OAuth.
        """
        self._endpoint = endpoint
        self._events = events
        self._authority = authority
        self._client: httpx2.AsyncClient
        self._leftovers = contextlib.AsyncExitStack()
        self._outbox: asyncio.Queue[tuple[Message, Mapping[str, str]]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._posts: dict[RequestId, asyncio.Task[None]] = {}
        self._session_id: str | None = None
        self._version: str | None = None
        self._listening = False
        self._expiring = False

    async def open(self) -> None:
        self._client = http.new_client(self._endpoint.url, self._endpoint.headers)
        self._leftovers.push_async_callback(self._client.aclose)
        self._spawn(self._drain_outbox())

    def send(self, message: Message, headers: Mapping[str, str] | None = None) -> None:
        self._outbox.put_nowait((message, headers or {}))

    def start_listening(self) -> None:
        """Open the GET stream, when there is a session; a server may refuse it with 405."""
        if self._session_id is not None:
            self._spawn(self._listen())

    def abort(self, request_id: RequestId) -> None:
        """Close the response stream of a request; in the 2026-07-28 era that is what cancels it."""
        if (task := self._posts.get(request_id)) is not None:
            task.cancel()

    @property
    def hears_loss(self) -> bool:
        return self._listening

    async def close(self, *, gracefully: bool) -> None:
        async with self._leftovers:
            while self._tasks:
                for task in self._tasks:
                    task.cancel()
                await asyncio.wait(self._tasks)
            if gracefully and self._session_id is not None:
                with contextlib.suppress(*http.FAILURES, SidecarError):
                    request = self._client.build_request("DELETE", self._endpoint.url, headers=self._headers())
                    async with asyncio.timeout(DELETE_TIMEOUT):
                        if self._authority is not None:
                            await self._authority.sign(request)
                        response = await http.send_within_origin(self._client, request, self._events.tap)
                        await response.aclose()

    # sending

    async def _drain_outbox(self) -> None:
        """Post in order: a notification is taken before what follows it is sent, requests run side by side."""
        while True:
            message, headers = await self._outbox.get()
            request_id = message.get("id") if "method" in message else None
            if request_id is not None and request_id not in self._events.pending():
                continue  # given up before it was sent
            if message.get("method") == "initialize":
                self._version = None
            else:
                self._version = headers.get(VERSION_HEADER, self._version)
            task = self._spawn(self._post(message, request_id, headers))
            if request_id is not None:
                self._posts[request_id] = task
                task.add_done_callback(functools.partial(self._forget, request_id))
            elif message.get("method") != "notifications/cancelled":  # nothing depends on that one
                await asyncio.wait({task}, timeout=NOTIFICATION_TIMEOUT)

    def _forget(self, request_id: RequestId, task: asyncio.Task[None]) -> None:
        if self._posts.get(request_id) is task:
            del self._posts[request_id]

    async def _post(self, message: Message, request_id: RequestId | None, headers: Mapping[str, str]) -> None:
        """One exchange. Whatever happens, a request ends in an answer or a failure."""
        had_session = self._session_id is not None
        try:
            request = self._client.build_request(
                "POST",
                self._endpoint.url,
                content=encode(message),
                headers={
                    **self._headers(),
                    "accept": "application/json, text/event-stream",
                    "content-type": "application/json",
                    **headers,
                },
            )
            response = await http.send_authorized(
                self._client,
                request,
                self._events.tap,
                message,
                authority=self._authority,
                pause=None if request_id is None else self._events.patience(request_id),
            )
            try:
                if response.status_code >= 300:
                    await self._refused(response, message, request_id, had_session)
                elif request_id is not None:
                    if message["method"] == "initialize":
                        self._session_id = self._session_named_by(response)
                    await self._answer(response, request_id)
            finally:
                await response.aclose()
        except SidecarError as error:
            self._fail(request_id, error)
        except http.UNREACHABLE as error:
            self._unreachable(error, request_id)
        except http.FAILURES as error:
            await self._broken(error, request_id)
        except http.BodyTooLong as error:
            self._fail(request_id, _too_long(error))
        except Exception as error:  # noqa: BLE001 - a request must not wait for ever for what went wrong here
            log_defect(logger, "an exchange could not be handled", error)
            self._fail(request_id, http.unforeseen(error))

    def _session_named_by(self, response: httpx2.Response) -> str | None:
        session_id: str | None = response.headers.get(SESSION_HEADER)
        if session_id is None or _SESSION_ID.fullmatch(session_id):
            return session_id
        self._events.violated("a session id that is not visible ASCII; it can't be sent back")
        return None

    async def _refused(
        self, response: httpx2.Response, message: Message, request_id: RequestId | None, had_session: bool
    ) -> None:
        body = await http.read_error_body(response, self._events.tap)
        answered, own = _error_in(body)
        if response.status_code == 404 and had_session and (own is None or answered != request_id):
            self._expire(request_id)
            return
        error = http.status_error(response, body)
        if request_id is not None and own is not None and response.status_code not in (401, 403):
            # The server's own JSON-RPC error; its id may be null when the request was refused unread.
            self._events.received({"jsonrpc": "2.0", "id": request_id, "error": own})
        elif request_id is not None:
            self._fail(request_id, error)
        elif message.get("method") != "notifications/cancelled":
            self._events.violated(f"{message.get('method', 'an answer')} was refused: {error}", inbound.excerpt(body))

    async def _answer(self, response: httpx2.Response, request_id: RequestId) -> None:
        kind = http.content_type(response)
        if response.status_code == 202:
            self._events.failed(
                request_id,
                ProtocolError(
                    "The server answered a request with 202 Accepted, which promises no answer.",
                    suggestion="Answer requests with application/json or text/event-stream; 202 is for notifications.",
                    details={"httpStatus": 202},
                ),
            )
        elif kind == "application/json":
            body = await http.read_body(response)
            inbound.read(body, _OfBody(self._events, request_id))
            if request_id in self._events.pending():
                self._events.failed(request_id, http.no_answer(response, body))
        elif kind == "text/event-stream":
            await self._read_stream(response, request_id)
        else:
            self._events.failed(
                request_id, http.wrong_content(response, await http.read_error_body(response, self._events.tap))
            )

    # event streams

    async def _read_stream(self, response: httpx2.Response, request_id: RequestId) -> None:
        """Read a request's event stream to its answer, taking it up again where the server allows."""
        position = _Position(self._events.tap)
        stream = _OfStream(self._events, request_id)
        attempt = 0
        while True:
            broken: Exception | None = None
            seen = position.last_id
            try:
                async with contextlib.aclosing(position.events(response)) as events:
                    async for data in events:
                        inbound.read(data, stream)
                        if request_id not in self._events.pending():
                            return
            except httpx2.SSEError as error:
                self._fail(request_id, _too_long(error))
                return
            except httpx2.HTTPError as error:
                broken = error
            finally:
                await response.aclose()
            if request_id not in self._events.pending():
                return
            attempt = 0 if position.last_id != seen else attempt + 1
            if not position.last_id or attempt > RESUME_LIMIT:
                if broken is not None:
                    await self._broken(broken, request_id)
                if request_id in self._events.pending():
                    self._events.failed(request_id, _stream_ended())
                return
            await asyncio.sleep(position.retry)
            if request_id not in self._events.pending():
                return
            response = await self._get(position.last_id)
            if response.status_code != 200:
                body = await http.read_error_body(response, self._events.tap)
                await response.aclose()
                self._fail(request_id, http.status_error(response, body))
                return

    async def _listen(self) -> None:
        """Hold the GET stream of the session: the server's own messages, and a push notice of its death."""
        position = _Position(self._events.tap)
        opened = False
        attempt = 0
        while attempt <= RESUME_LIMIT:
            seen = position.last_id
            quiet_until = asyncio.get_running_loop().time() + QUICK_END
            ended: Exception = ConnectionError("its event stream ended")
            self._listening = True
            try:
                response = await self._get(position.last_id)
                try:
                    if response.status_code == 404 and opened:
                        self._expire(None)
                        return
                    # 405 says that there is no such stream (MCP, "Listening for Messages from the Server"), and from
                    # a server whose router only knows POST so does 404: what the session is worth, the next POST tells.
                    if response.status_code != 200 or http.content_type(response) != "text/event-stream":
                        break
                    opened = True
                    async with contextlib.aclosing(position.events(response)) as events:
                        async for data in events:
                            attempt = 0
                            inbound.read(data, self._events)
                finally:
                    await response.aclose()
            except http.UNREACHABLE as error:
                self._unreachable(error, None)
                return
            except httpx2.SSEError as error:
                self._events.violated(f"the GET stream can't be read: {error}")
            except http.FAILURES as error:
                logger.debug("the GET stream broke: %s", http.reason(error))
                ended = error
            finally:
                self._listening = False
            # Look at once whether the server is still there, then take the stream up again.
            if await self._is_gone(ended):
                return
            lasted = asyncio.get_running_loop().time() >= quiet_until
            attempt = 0 if lasted or position.last_id != seen else attempt + 1
            await asyncio.sleep(position.retry)
        else:
            self._events.violated("the GET stream ends again and again; the server's own messages are no longer heard")

    async def _get(self, last_id: str) -> httpx2.Response:
        headers = {**self._headers(), "accept": "text/event-stream"}
        if last_id:
            headers["last-event-id"] = last_id
        request = self._client.build_request("GET", self._endpoint.url, headers=headers)
        return await http.send_authorized(self._client, request, self._events.tap, authority=self._authority)

    # failing

    async def _broken(self, error: Exception, request_id: RequestId | None) -> None:
        """An exchange broke off: is the server gone, or was it only this exchange?"""
        if not await self._is_gone(error):
            self._fail(request_id, http.broken_exchange(error))

    async def _is_gone(self, error: Exception) -> bool:
        """Whether the server takes no connection any more; if so, the loss has been told."""
        if await http.takes_connections(self._endpoint.url):
            return False
        self._events.ended(http.gone(error, self._endpoint.url))
        return True

    def _unreachable(self, error: Exception, request_id: RequestId | None) -> None:
        gone = http.unreachable(error, self._endpoint.url)
        self._fail(request_id, gone)
        self._events.ended(gone)

    def _expire(self, request_id: RequestId | None) -> None:
        """The server refused a request, or the GET stream, because it forgot the session; tell it of those alone."""
        expired = SessionExpired(
            "The server no longer knows the session (HTTP 404): it was restarted, or the session expired.",
            suggestion="Nothing to do: a new session is started.",
            details={"httpStatus": 404},
        )
        self._fail(request_id, expired)
        if not self._expiring:
            self._expiring = True
            self._spawn(self._end_session(expired, request_id))  # not in the request's task, which can be aborted

    async def _end_session(self, expired: SessionExpired, request_id: RequestId | None) -> None:
        """Give the others under way a moment for a 404 of their own, then end.

        What is left then may have been carried out, and must not look like one that was not.
        """
        if others := {post for other, post in self._posts.items() if other != request_id}:
            await asyncio.wait(others, timeout=EXPIRY_GRACE)
        for other in tuple(self._events.pending()):
            self._events.failed(
                other,
                ConnectionLost(
                    "The server forgot the session (HTTP 404) while the request was under way.",
                    suggestion="The request may have been carried out; it is not sent again.",
                    details={"httpStatus": 404},
                ),
            )
        self._events.ended(expired)

    def _fail(self, request_id: RequestId | None, error: SidecarError) -> None:
        if request_id is not None and _wants_token(error) and self._authority and not self._authority.established:
            self._events.ended(error)  # no other handshake would be taken either: the token comes first
        elif request_id is not None:
            self._events.failed(request_id, error)

    # details

    def _headers(self) -> dict[str, str]:
        headers = {}
        if self._session_id is not None:
            headers[SESSION_HEADER] = self._session_id
        if self._version is not None:
            headers[VERSION_HEADER] = self._version
        return headers

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_defect(logger, "a task of the HTTP channel failed", error)


class _Position:
    """Where an event stream stands, for taking it up again."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self.last_id = ""
        self.retry = RETRY_DELAY

    async def events(self, response: httpx2.Response) -> AsyncGenerator[bytes]:
        """The data of each message event."""
        async with http.event_stream(response) as events:
            async for event in events:
                if event.id:
                    self.last_id = event.id
                if event.retry is not None:
                    self.retry = min(max(event.retry / 1000, RETRY_FLOOR), RETRY_LIMIT)
                if event.event == "message" and event.data:
                    yield event.data.encode("utf-8", "replace")
                elif event.event != "message":
                    self._tap.event(event.event, event.data)


class _OfStream:
    """Reads a response's event stream: what the server says there belongs to that request."""

    def __init__(self, events: ChannelEvents, request_id: RequestId) -> None:
        self._events = events
        self._request_id = request_id

    def received(self, message: Message, stream: RequestId | None = None) -> None:
        self._events.received(message, stream or self._request_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._events, name)


class _OfBody(_OfStream):
    """Reads a response's JSON body: an answer in it without an id can only be to this request."""

    def pending(self) -> Collection[RequestId]:
        return [self._request_id] if self._request_id in self._events.pending() else []


def _error_in(body: bytes) -> tuple[object, dict[str, Any] | None]:
    """The JSON-RPC error that a body holds, with the id it answers; None where it holds none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None, None
    error = value.get("error") if isinstance(value, dict) and "jsonrpc" in value else None
    if isinstance(error, dict) and isinstance(error.get("code"), int) and isinstance(error.get("message"), str):
        return value.get("id"), error
    return None, None


def _wants_token(error: SidecarError) -> bool:
    refusal = error.refusal if isinstance(error, AuthenticationRequired) else None
    return refusal is not None and (refusal.status == 401 or refusal.wants_more_scopes)


def _stream_ended() -> TransportError:
    return TransportError(
        "The event stream ended without the answer.",
        suggestion="Look into the server's log: it closed the response before it had answered.",
    )


def _too_long(error: Exception) -> ProtocolError:
    return ProtocolError(
        f"The server's answer was not read to its end: {http.reason(error)}.",
        suggestion="Send less in one answer, or page it.",
        details={"limitBytes": MESSAGE_LIMIT},
    )
