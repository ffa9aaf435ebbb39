"""The HTTP channels against a server in this process, which does one thing wrong at a time."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any

import attrs
import pytest

from mcp_sidecar.connection import streamable
from mcp_sidecar.connection.channel import Channel, ChannelEvents, Message, RequestId
from mcp_sidecar.connection.errors import ConnectionFailed, SidecarError
from mcp_sidecar.connection.redaction import Redactor
from mcp_sidecar.connection.sse import SseChannel
from mcp_sidecar.connection.streamable import StreamableHttpChannel
from mcp_sidecar.connection.target import HttpEndpoint
from mcp_sidecar.connection.trace import Trace

SECRET = "made-up-s3cret"

LIMIT = 5.0
"""Seconds that anything here may take."""


class Recorder(ChannelEvents):
    """Stands in for a link: the requests under way, and what became of them."""

    def __init__(self) -> None:
        self.tap = Trace().tap(Redactor())
        self.waiting: list[RequestId] = []
        self.messages: list[Message] = []
        self.failures: dict[RequestId, SidecarError] = {}
        self.violations: list[str] = []
        self.end: SidecarError | None = None
        self.stumbles = False
        """Whether taking a message raises, as a defect would."""

    def received(self, message: Message, stream: RequestId | None = None) -> None:
        if self.stumbles:
            raise LookupError(SECRET)
        self.messages.append(message)
        if "method" not in message:
            self.waiting.remove(message["id"])

    def failed(self, request_id: RequestId, error: SidecarError) -> None:
        self.failures[request_id] = error
        self.waiting.remove(request_id)

    def flawed(self, request_id: RequestId, problem: str) -> None:
        pass

    def violated(self, problem: str, raw: str | None = None) -> None:
        self.violations.append(problem)

    def printed(self, line: str) -> None:
        pass

    def ended(self, error: SidecarError) -> None:
        self.end = error

    def pending(self) -> Collection[RequestId]:
        return self.waiting

    def standing(self) -> Collection[RequestId]:
        return []


@attrs.frozen
class Asked:
    """A request that reached the server."""

    verb: str
    body: Any
    writer: asyncio.StreamWriter

    @property
    def method(self) -> str | None:
        return self.body.get("method") if isinstance(self.body, dict) else None

    async def answer(
        self, body: str = "", status: str = "200 OK", kind: str = "application/json", **headers: str
    ) -> None:
        lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", "connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1"))
        await self.writer.drain()

    async def result(self, **headers: str) -> None:
        await self.answer(json.dumps({"jsonrpc": "2.0", "id": self.body["id"], "result": {}}), **headers)


Handler = Callable[[Asked], Awaitable[None]]


class Server:
    """Hands each request to a handler; the connection is closed after it."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.seen: list[str | None] = []
        """The JSON-RPC methods of POSTs, and the verbs of other requests."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next((line for line in head.lower().split("\r\n") if line.startswith("content-length:")), ":0")
            body = await reader.readexactly(int(length.partition(":")[2]))
            asked = Asked(head.partition(" ")[0], json.loads(body or b"null"), writer)
            self.seen.append(asked.method or asked.verb)
            await self._handler(asked)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # a probe, or one that gave up
        finally:
            writer.close()


Open = Callable[..., Awaitable[tuple[Channel, Recorder, Server]]]


def endpoint(kind: type[Channel], url: str) -> HttpEndpoint:
    return HttpEndpoint(
        url=url, headers={}, transport="sse" if kind is SseChannel else "streamable-http", may_fall_back_to_sse=False
    )


@pytest.fixture
async def open_channel() -> AsyncIterator[Open]:
    """Open a channel to a server: `await open_channel(handler)`; both are ended."""
    opened: list[tuple[asyncio.Server, Channel]] = []

    async def run(handler: Handler, kind: type[Channel] = StreamableHttpChannel) -> tuple[Channel, Recorder, Server]:
        events, server = Recorder(), Server(handler)
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        channel = kind(endpoint(kind, f"http://127.0.0.1:{port}/mcp"), events)  # type: ignore[call-arg]
        opened.append((listener, channel))
        await channel.open()
        return channel, events, server

    yield run
    for listener, channel in opened:
        listener.close()
        await channel.close(gracefully=False)
    await asyncio.sleep(0.05)  # for the server's side to see it


def ask(channel: Channel, events: Recorder, request_id: int, method: str = "ping") -> None:
    events.waiting.append(request_id)
    channel.send({"jsonrpc": "2.0", "id": request_id, "method": method})


async def until(condition: Callable[[], object], seconds: float = LIMIT) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


# Sending


async def test_a_cancellation_that_the_server_does_not_take_holds_nothing_up(open_channel: Open) -> None:
    released = asyncio.Event()

    async def handle(asked: Asked) -> None:
        if asked.method == "notifications/cancelled":
            await released.wait()
        else:
            await asked.result()

    channel, events, _ = await open_channel(handle)
    channel.send({"jsonrpc": "2.0", "method": "notifications/cancelled"})
    ask(channel, events, 1)
    await until(lambda: events.messages, 2)
    released.set()


async def sse_endpoint(asked: Asked) -> None:
    await asked.answer("event: endpoint\ndata: /messages\n\n", kind="text/event-stream")


@pytest.mark.parametrize("kind", [StreamableHttpChannel, SseChannel])
async def test_a_request_that_is_given_up_while_it_is_queued_is_never_sent(
    open_channel: Open, kind: type[Channel]
) -> None:
    released = asyncio.Event()

    async def handle(asked: Asked) -> None:
        if asked.verb == "GET":
            await sse_endpoint(asked)
            await released.wait()
        elif asked.method == "notifications/initialized":
            await asyncio.sleep(0.2)
        await asked.answer(status="202 Accepted")

    channel, events, server = await open_channel(handle, kind)
    channel.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
    ask(channel, events, 1, "tools/call")
    events.waiting.remove(1)
    ask(channel, events, 2, "ping")
    await until(lambda: "ping" in server.seen)
    assert "tools/call" not in server.seen
    released.set()


@pytest.mark.parametrize("kind", [StreamableHttpChannel, SseChannel])
async def test_a_defect_in_an_exchange_fails_its_request(
    open_channel: Open, kind: type[Channel], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    released = asyncio.Event()

    async def handle(asked: Asked) -> None:
        await sse_endpoint(asked)
        await released.wait()

    def stumble(message: Message) -> bytes:
        raise LookupError(SECRET)

    channel, events, _ = await open_channel(handle, kind)
    monkeypatch.setattr(f"{kind.__module__}.encode", stumble)
    ask(channel, events, 1)
    await until(lambda: events.failures)
    assert "LookupError" in events.failures[1].message
    assert "could not be handled: LookupError" in caplog.text
    assert SECRET not in caplog.text
    released.set()


# Streams


async def test_a_stream_that_breaks_after_the_request_was_given_up_is_not_taken_up_again(open_channel: Open) -> None:
    sent, released = asyncio.Event(), asyncio.Event()

    async def handle(asked: Asked) -> None:
        await asked.answer("id: 1\nretry: 50\ndata: {}\n\n", kind="text/event-stream")
        sent.set()
        await released.wait()

    channel, events, server = await open_channel(handle)
    ask(channel, events, 1)
    await sent.wait()
    await until(lambda: events.violations)
    events.waiting.remove(1)
    released.set()
    await asyncio.sleep(0.3)
    assert server.seen == ["ping"]


async def listening(open_channel: Open, handle: Handler) -> tuple[Channel, Recorder, Server]:
    channel, events, server = await open_channel(handle)
    ask(channel, events, 1, "initialize")
    await until(lambda: events.messages)
    channel.start_listening()
    return channel, events, server


async def ends_at_once(asked: Asked) -> None:
    if asked.verb == "GET":
        await asked.answer("retry: 1\n\n", kind="text/event-stream")
    else:
        await asked.result(mcp_session_id="s-1")


async def test_a_stream_that_ends_again_and_again_is_given_up_with_a_word(
    open_channel: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamable, "RETRY_DELAY", 0.01)
    channel, events, server = await listening(open_channel, ends_at_once)
    await until(lambda: events.violations)
    assert "ends again and again" in events.violations[0]
    assert server.seen.count("GET") == streamable.RESUME_LIMIT + 1
    assert not channel.hears_loss


async def test_a_quiet_stream_that_lasted_is_always_taken_up_again(
    open_channel: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamable, "RETRY_DELAY", 0.01)
    monkeypatch.setattr(streamable, "QUICK_END", 0.0)  # each lasts longer than this
    _, events, server = await listening(open_channel, ends_at_once)
    await until(lambda: server.seen.count("GET") > streamable.RESUME_LIMIT + 2)
    assert events.violations == []


async def test_a_defect_in_reading_an_sse_stream_ends_the_connection(
    open_channel: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, released = asyncio.Event(), asyncio.Event()

    async def handle(asked: Asked) -> None:
        await sse_endpoint(asked)
        await go_on.wait()
        asked.writer.write(b"event: message\ndata: {}\n\n")
        await released.wait()

    def stumble(raw: bytes, events: ChannelEvents) -> None:
        raise LookupError(SECRET)

    _, events, _ = await open_channel(handle, SseChannel)
    monkeypatch.setattr("mcp_sidecar.connection.inbound.read", stumble)
    go_on.set()
    await until(lambda: events.end)
    assert "LookupError" in str(events.end)
    assert SECRET not in str(events.end)
    released.set()


# Sessions


async def test_a_session_id_that_fits_no_header_is_a_violation_and_not_kept(open_channel: Open) -> None:
    async def handle(asked: Asked) -> None:
        await asked.result(mcp_session_id="s\xe9ance")

    channel, events, server = await open_channel(handle)
    ask(channel, events, 1, "initialize")
    await until(lambda: events.messages)
    assert "not visible ASCII" in events.violations[0]
    ask(channel, events, 2)
    await until(lambda: len(events.messages) == 2)
    await channel.close(gracefully=True)
    assert "DELETE" not in server.seen


async def test_an_expired_session_ends_also_when_its_request_is_given_up(open_channel: Open) -> None:
    released = asyncio.Event()

    async def handle(asked: Asked) -> None:
        if asked.method == "initialize":
            await asked.result(mcp_session_id="s-1")
        elif asked.method == "tools/call":
            await released.wait()
        else:
            await asked.answer(status="404 Not Found")

    channel, events, _ = await open_channel(handle)
    ask(channel, events, 1, "initialize")
    await until(lambda: events.messages)
    ask(channel, events, 2, "tools/call")
    ask(channel, events, 3)
    await until(lambda: 3 in events.failures)
    channel.abort(3)
    await until(lambda: events.end)
    assert 2 in events.failures
    released.set()


# The proxy of the environment


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "gopher://127.0.0.1:1"])
@pytest.mark.parametrize("kind", [StreamableHttpChannel, SseChannel])
async def test_a_proxy_that_can_not_be_used_is_named_and_does_not_matter_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, open_channel: Open, kind: type[Channel], proxy: str
) -> None:
    for name in ("ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    released = asyncio.Event()

    async def handle(asked: Asked) -> None:
        await sse_endpoint(asked)
        await released.wait()

    await open_channel(handle, kind)
    released.set()
    far = kind(endpoint(kind, "http://mcp.example/mcp"), Recorder())  # type: ignore[call-arg]
    with pytest.raises(ConnectionFailed, match="proxy") as failed:
        await far.open()
    assert failed.value.details == {"variables": ["ALL_PROXY"]}
    await far.close(gracefully=True)
