"""The HTTP+SSE channel of MCP 2024-11-05: a stream to hear by, and an endpoint of its own to post to."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

import httpx2

from mcp_sidecar.connection import http, inbound
from mcp_sidecar.connection.channel import Channel, ChannelEvents, Message, RequestId, encode
from mcp_sidecar.connection.errors import ConnectionFailed, ConnectionLost, ProtocolError, SidecarError
from mcp_sidecar.connection.status import Transport
from mcp_sidecar.connection.target import HttpEndpoint
from mcp_sidecar.defects import log_defect

if TYPE_CHECKING:
    from mcp_sidecar.connection.oauth import Authority

logger = logging.getLogger(__name__)

POST_TIMEOUT = 1.0
"""Seconds that the messages behind it wait for a POST to be taken. Some servers answer it only with the work done."""


class SseChannel(Channel):
    """A server behind a GET stream. The end of the stream is the end of the connection."""

    transport: ClassVar[Transport] = "sse"

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
        self._tasks: set[asyncio.Task[None]] = set()
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._posts: dict[RequestId, asyncio.Task[None]] = {}
        self._post_url: asyncio.Future[str] | None = None

    async def open(self) -> None:
        self._client = http.new_client(self._endpoint.url, self._endpoint.headers)
        self._leftovers.push_async_callback(self._client.aclose)
        self._post_url = asyncio.get_running_loop().create_future()
        self._spawn(self._listen(self._post_url))
        await asyncio.wait({self._post_url})  # which leaves it alone when this is cancelled
        self._post_url.result()
        self._spawn(self._drain_outbox())

    def send(self, message: Message, headers: Mapping[str, str] | None = None) -> None:
        self._outbox.put_nowait(message)

    def abort(self, request_id: RequestId) -> None:
        """End a POST that the server never took."""
        if (post := self._posts.get(request_id)) is not None:
            post.cancel()

    async def close(self, *, gracefully: bool) -> None:
        async with self._leftovers:
            while self._tasks:
                for task in self._tasks:
                    task.cancel()
                await asyncio.wait(self._tasks)
            if self._post_url is not None and not self._post_url.done():
                self._post_url.cancel()

    async def _listen(self, post_url: asyncio.Future[str]) -> None:
        ended = "the server closed the event stream"
        try:
            request = self._client.build_request(
                "GET", self._endpoint.url, headers={"accept": "text/event-stream", "cache-control": "no-store"}
            )
            response = await http.send_authorized(self._client, request, self._events.tap, authority=self._authority)
            try:
                if response.status_code != 200:
                    body = await http.read_error_body(response, self._events.tap)
                    self._end(post_url, http.status_error(response, body))
                    return
                if http.content_type(response) != "text/event-stream":
                    body = await http.read_error_body(response, self._events.tap)
                    self._end(post_url, http.wrong_content(response, body))
                    return
                async with http.event_stream(response) as events:
                    async for event in events:
                        if event.event != "message":
                            self._events.tap.event(event.event, event.data)
                        if event.event == "endpoint" and not post_url.done():
                            post_url.set_result(self._accept(event.data))
                        elif event.event == "message" and event.data:
                            inbound.read(event.data.encode("utf-8", "replace"), self._events)
            finally:
                await response.aclose()
        except SidecarError as error:
            self._end(post_url, error)
            return
        except http.UNREACHABLE as error:
            self._end(post_url, http.unreachable(error, self._endpoint.url))
            return
        except http.FAILURES as error:
            ended = http.reason(error)
        except Exception as error:  # noqa: BLE001 - nobody listens any more, so the connection is over
            log_defect(logger, "the event stream could not be handled", error)
            ended = f"the sidecar could not handle it ({type(error).__name__})"
        self._end(
            post_url,
            ConnectionLost(
                f"The event stream from {http.origin(self._endpoint.url)} ended: {ended}.",
                suggestion="Start the server again; the sidecar reconnects by itself for a while.",
                details={"reason": ended},
            ),
        )

    def _accept(self, data: str) -> str:
        """The URL to post to; it must be on the stream's origin, or a server could send secrets elsewhere."""
        own = httpx2.URL(self._endpoint.url)
        try:
            url = httpx2.URL(urljoin(self._endpoint.url, data.strip()))
        except (ValueError, httpx2.InvalidURL):
            raise ProtocolError(
                "The server named an endpoint that is no URL.",
                suggestion="Let the server name a path of its own as the endpoint.",
                details={"received": inbound.excerpt(data)},
            ) from None
        if http.origin(str(url)) != http.origin(str(own)):
            raise ProtocolError(
                f"The server named an endpoint on another origin, {http.origin(str(url))}.",
                suggestion="Let the server name a path of its own as the endpoint.",
                details={"endpoint": http.origin(str(url))},
            )
        return str(url if url.userinfo else url.copy_with(userinfo=own.userinfo))

    def _end(self, post_url: asyncio.Future[str], error: SidecarError) -> None:
        if post_url.done():
            self._events.ended(error)
        else:
            if isinstance(error, ConnectionLost):
                error = ConnectionFailed(error.message, suggestion=error.suggestion, details=error.details)
            post_url.set_exception(error)
            post_url.exception()  # asyncio would complain of it if nobody waits for it any more

    async def _drain_outbox(self) -> None:
        """Post in order: each message is taken before the next one is sent, unless the server holds a POST up."""
        while True:
            message = await self._outbox.get()
            request_id = message.get("id") if "method" in message else None
            if request_id is not None and request_id not in self._events.pending():
                continue  # given up before it was sent
            post = self._spawn(self._post(message))
            if request_id is not None:
                self._posts[request_id] = post
                post.add_done_callback(functools.partial(self._forget, request_id))
            await asyncio.wait({post}, timeout=POST_TIMEOUT)

    def _forget(self, request_id: RequestId, post: asyncio.Task[None]) -> None:
        if self._posts.get(request_id) is post:
            del self._posts[request_id]

    async def _post(self, message: Message) -> None:
        assert self._post_url is not None
        request_id = message.get("id") if "method" in message else None
        error: SidecarError
        try:
            request = self._client.build_request(
                "POST",
                self._post_url.result(),
                content=encode(message),
                headers={"content-type": "application/json"},
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
                taken = response.status_code < 300  # then its body says nothing, or "Accepted"
                body = await http.read_error_body(response, None if taken else self._events.tap)
            finally:
                await response.aclose()
            if taken:
                return
            error = http.status_error(response, body)
        except SidecarError as failure:
            error = failure
        except http.UNREACHABLE as failure:
            error = http.unreachable(failure, self._endpoint.url)
        except http.FAILURES as failure:
            if not await http.takes_connections(self._endpoint.url):
                self._events.ended(http.gone(failure, self._endpoint.url))
                return
            error = http.broken_exchange(failure)
        except Exception as failure:  # noqa: BLE001 - a request must not wait for ever for what went wrong here
            log_defect(logger, "an exchange could not be handled", failure)
            error = http.unforeseen(failure)
        if request_id is not None:
            self._events.failed(request_id, error)
        else:
            self._events.violated(f"{message.get('method', 'an answer')} was refused: {error}")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_defect(logger, "a task of the SSE channel failed", error)
