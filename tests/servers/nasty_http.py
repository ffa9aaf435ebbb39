"""An HTTP server with one thing broken: plain asyncio, no framework.

    python nasty_http.py MODE --port PORT [N]

Where a mode says nothing else, `/mcp` is a proper streamable HTTP endpoint of the legacy era with sessions, whose tools
are `echo(text)`, `count()` and `slow(seconds)`. `--list` shows all modes.

Every mode counts what reaches it: `GET /count` gives `{"initialize": 1, "tools/call": 2, …}`, the JSON-RPC methods that
were received. `GET /headers` gives the headers of the last request to the endpoint. `GET /expire` forgets all
sessions.
"""

import argparse
import asyncio
import contextlib
import json
import socket
import struct
import uuid
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import attrs

Json = Any
"""Whatever JSON can say."""


@attrs.frozen
class Request:
    """One HTTP request."""

    method: str
    path: str
    """Without the query."""
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> Json:
        """The JSON-RPC message in the body; an empty one if there is none."""
        with contextlib.suppress(ValueError):
            parsed = json.loads(self.body)
            if isinstance(parsed, dict):
                return parsed
        return {}

    @property
    def rpc(self) -> str:
        """The JSON-RPC method in the body, or an empty text."""
        return str(self.message.get("method", ""))


class Wire:
    """The way back to the client."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, status: int, headers: dict[str, str]) -> None:
        """Send the status line and the headers."""
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            *(f"{key}: {value}" for key, value in headers.items()),
        ]
        await self.write("\r\n".join([*lines, "", ""]).encode())

    async def respond(self, status: int, body: bytes = b"", type_: str = "text/plain", **headers: str) -> None:
        """Send a whole response; underscores in the names of headers become hyphens."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        await self.head(
            status, {"Content-Type": type_, "Content-Length": str(len(body)), "Connection": "close"} | named
        )
        await self.write(body)

    async def json(self, message: Json, **headers: str) -> None:
        """Send a JSON-RPC message as the whole response."""
        await self.respond(200, json.dumps(message).encode(), "application/json", **headers)

    async def open_stream(self, **headers: str) -> None:
        """Begin an SSE stream."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        await self.head(200, {"Content-Type": "text/event-stream", "Connection": "close"} | named)

    async def event(self, data: Json, event: str = "message", event_id: str | None = None) -> None:
        """Send one SSE event."""
        text = data if isinstance(data, str) else json.dumps(data)
        identity = f"id: {event_id}\n" if event_id else ""
        await self.write(f"event: {event}\n{identity}data: {text}\n\n".encode())

    def reset(self) -> None:
        """Break the connection off with a reset (RST): no lingering."""
        connection = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


class HttpServer:
    """A proper server of the legacy era; the modes below override what they break."""

    default = 0
    """The mode's number when none is given."""

    def __init__(self, port: int, value: int | None = None) -> None:
        self.port = port
        self.value = self.default if value is None else value
        self.counts: Counter[str] = Counter()
        self.sessions: set[str] = set()
        self.headers: dict[str, str] = {}
        """Of the last request to the endpoint."""

    # HTTP

    async def serve(self) -> None:
        """Serve until killed."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port)
        await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            try:
                request = await self._read(reader)
                if request is not None:
                    await self._dispatch(request, Wire(writer))
            finally:
                writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        line = await reader.readline()
        if not line:
            return None
        method, path, _ = line.decode().split(" ", 2)
        headers = {}
        while (line := await reader.readline()) not in {b"\r\n", b""}:
            name, _, value = line.decode().partition(":")
            headers[name.strip().lower()] = value.strip()
        return Request(
            method, path.partition("?")[0], headers, await reader.readexactly(int(headers.get("content-length", 0)))
        )

    async def _dispatch(self, request: Request, wire: Wire) -> None:
        if request.path == "/count":
            await wire.json(self.counts)
        elif request.path == "/headers":
            await wire.json(self.headers)
        elif request.path == "/expire":
            self.sessions.clear()
            await wire.json({})
        else:
            self.headers = request.headers
            if request.rpc or request.method != "POST":
                self.counts[request.rpc or request.method] += 1
            await self.handle(request, wire)

    # MCP

    async def handle(self, request: Request, wire: Wire) -> None:
        """Answer one request to the endpoint."""
        if request.path != "/mcp":
            await wire.respond(404, b"Not Found")
        elif request.method == "GET" and request.headers.get("mcp-session-id") in self.sessions:
            await self.listen(wire)
        elif request.method == "DELETE":
            self.sessions.discard(request.headers.get("mcp-session-id", ""))
            await wire.respond(200)
        elif request.rpc == "initialize":
            await self.greet(request, wire)
        elif request.rpc == "server/discover":
            await wire.json(self.error(request, -32601, "Method not found"))
        elif request.headers.get("mcp-session-id") not in self.sessions:
            await wire.respond(404, b'{"error": "no such session"}', "application/json")
        elif "id" not in request.message:
            await wire.respond(202)
        else:
            await self.answer(request, wire)

    async def greet(self, request: Request, wire: Wire) -> None:
        """Answer `initialize` with a new session."""
        session = uuid.uuid4().hex
        self.sessions.add(session)
        await wire.json(self.introduction(request), Mcp_Session_Id=session)

    async def listen(self, wire: Wire) -> None:
        """Hold the stream for what the server says by itself."""
        await wire.open_stream()
        await asyncio.Event().wait()

    async def answer(self, request: Request, wire: Wire) -> None:
        """Answer a request within a session."""
        if request.rpc == "tools/call":
            await self.call(request, wire)
        else:
            await wire.json(self.reply(request))

    async def call(self, request: Request, wire: Wire) -> None:
        """Answer a tool call."""
        params = request.message["params"]
        self.counts["carried out"] += 1
        if params["name"] == "slow":
            await asyncio.sleep(params["arguments"]["seconds"])
        await wire.json(self.reply(request))

    # Messages

    def introduction(self, request: Request) -> Json:
        """The answer to `initialize`."""
        info = {"name": "nasty-http", "version": "1.2.3"}
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
        return self.message(request, result)

    def reply(self, request: Request) -> Json:
        """The proper answer to a request within a session."""
        message = request.message
        if message["method"] == "tools/list":
            schema = {"type": "object"}
            tools = [{"name": name, "inputSchema": schema} for name in ("echo", "count", "slow")]
            return self.message(request, {"tools": tools})
        if message["method"] == "tools/call":
            arguments = message["params"].get("arguments") or {}
            text = arguments.get("text", "done")
            if message["params"]["name"] == "count":
                text = str(self.counts["tools/call"])
            return self.message(request, {"content": [{"type": "text", "text": text}], "isError": False})
        if message["method"] in ("ping", "logging/setLevel"):
            return self.message(request, {})
        return self.error(request, -32601, f"Method not found: {message['method']}")

    @staticmethod
    def message(request: Request, result: Json) -> Json:
        """A JSON-RPC result."""
        return {"jsonrpc": "2.0", "id": request.message["id"], "result": result}

    @staticmethod
    def error(request: Request, code: int, message: str) -> Json:
        """A JSON-RPC error."""
        return {"jsonrpc": "2.0", "id": request.message["id"], "error": {"code": code, "message": message}}


MODES: dict[str, type[HttpServer]] = {}
"""All modes by their names."""


def mode(name: str) -> Callable[[type[HttpServer]], type[HttpServer]]:
    """Register a server under the name of its mode."""

    def register(server: type[HttpServer]) -> type[HttpServer]:
        MODES[name] = server
        return server

    return register


@mode("proper")
class Proper(HttpServer):
    """Does nothing wrong."""


# What never gets to MCP

Respond = Callable[[Request, Wire], Awaitable[None]]


def always(name: str, doc: str, respond: Respond) -> None:
    """Register a mode that treats all requests alike."""

    class Always(HttpServer):
        async def handle(self, request: Request, wire: Wire) -> None:
            await respond(request, wire)

    Always.__doc__ = doc
    MODES[name] = Always


BEARER = 'Bearer realm="mcp", error="invalid_token", error_description="The token has expired"'

always("500", "Answers 500 with a text.", lambda _, wire: wire.respond(500, b"the database is on fire"))
always("503", "Answers 503 with Retry-After.", lambda _, wire: wire.respond(503, b"back soon", Retry_After="120"))
always("401", "Answers 401 with WWW-Authenticate.", lambda _, wire: wire.respond(401, b"", WWW_Authenticate=BEARER))
always("403", "Answers 403 with a text.", lambda _, wire: wire.respond(403, b"not from this network"))
always(
    "403-bearer", "Answers 403 with WWW-Authenticate.", lambda _, wire: wire.respond(403, b"", WWW_Authenticate=BEARER)
)
always(
    "403-scope",
    "Answers 403 for want of a scope.",
    lambda _, wire: wire.respond(403, b"", WWW_Authenticate='Bearer error="insufficient_scope", scope="notes:write"'),
)
always("404", "Answers 404.", lambda _, wire: wire.respond(404, b"nothing here"))
always("html", "Answers 200 with a page.", lambda _, wire: wire.respond(200, b"<h1>Welcome!</h1>", "text/html"))
always("no-rpc", "Answers 200 with JSON that is no JSON-RPC.", lambda _, wire: wire.json({"status": "ok"}))
always(
    "no-json",
    "Answers 200 with broken JSON.",
    lambda _, wire: wire.respond(200, b'{"jsonrpc": "2.', "application/json"),
)
always("empty", "Answers 200 with nothing.", lambda _, wire: wire.respond(200))
always("accepts", "Answers requests with 202 and nothing.", lambda _, wire: wire.respond(202))
always(
    "redirect-away",
    "Redirects to another origin.",
    lambda _, wire: wire.respond(307, Location="http://other.example/mcp?token=secret"),
)
always("no-http", "Answers with something that is not HTTP.", lambda _, wire: wire.write(b"220 mail.example ESMTP\r\n"))


async def _hang(_: Request, __: Wire) -> None:
    await asyncio.Event().wait()


always("hangs", "Takes requests and never answers.", _hang)


async def _reset(_: Request, wire: Wire) -> None:
    wire.reset()


always("resets", "Resets every connection.", _reset)


async def _slow_headers(_: Request, wire: Wire) -> None:
    await wire.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        await asyncio.sleep(0.5)
        await wire.write(b"X-More: yes\r\n")


always("slow-headers", "Sends a header every half second and never gets to the body.", _slow_headers)


@mode("redirect")
class Redirect(HttpServer):
    """`/mcp` redirects (307) to `/there/mcp` on the same origin, where the proper server is."""

    async def handle(self, request: Request, wire: Wire) -> None:
        if request.path == "/mcp":
            await wire.respond(307, Location="/there/mcp")
        else:
            await super().handle(attrs.evolve(request, path=request.path.removeprefix("/there")), wire)


@mode("needs-token")
class NeedsToken(HttpServer):
    """Wants the header `Authorization: Bearer sesame`, else 401; else proper."""

    async def handle(self, request: Request, wire: Wire) -> None:
        if request.headers.get("authorization") == "Bearer sesame":
            await super().handle(request, wire)
        else:
            await wire.respond(401, b"", WWW_Authenticate="Bearer")


# Sessions


@mode("expires")
class Expires(HttpServer):
    """Forgets the session after every N (2) tool calls: the next request gets 404."""

    default = 2
    calls = 0

    async def call(self, request: Request, wire: Wire) -> None:
        self.calls += 1
        await super().call(request, wire)
        if self.calls % self.value == 0:
            self.sessions.clear()


@mode("expires-always")
class ExpiresAlways(HttpServer):
    """Every request after the handshake gets 404: the session never lives."""

    async def answer(self, request: Request, wire: Wire) -> None:
        await wire.respond(404)


@mode("fails-after-handshake")
class FailsAfterHandshake(HttpServer):
    """Answers the handshake, and every tool call with status N (502)."""

    default = 502

    async def call(self, request: Request, wire: Wire) -> None:
        await wire.respond(self.value, b"bad gateway")


@mode("unauthorized-call")
class UnauthorizedCall(HttpServer):
    """Answers the handshake, and every tool call with 401: the token has expired."""

    async def call(self, request: Request, wire: Wire) -> None:
        await wire.respond(401, b"", WWW_Authenticate=BEARER)


# In the middle of a call


@mode("drops-stream")
class DropsStream(HttpServer):
    """Answers a tool call with an SSE stream that ends without the answer; no event id, so nothing to resume."""

    async def call(self, request: Request, wire: Wire) -> None:
        await wire.open_stream()
        await wire.event(
            {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "soon"}}
        )


@mode("resets-in-call")
class ResetsInCall(HttpServer):
    """Resets the connection in the middle of a tool call, after the request was read."""

    async def call(self, request: Request, wire: Wire) -> None:
        wire.reset()


@mode("cuts-body")
class CutsBody(HttpServer):
    """Announces 1000 bytes as the answer to a tool call, sends 20 and closes."""

    async def call(self, request: Request, wire: Wire) -> None:
        await wire.head(200, {"Content-Type": "application/json", "Content-Length": "1000"})
        await wire.write(b'{"jsonrpc": "2.0", "')


@mode("accepts-call")
class AcceptsCall(HttpServer):
    """Answers a tool call with 202 and nothing, as if it were a notification."""

    async def call(self, request: Request, wire: Wire) -> None:
        await wire.respond(202)


@mode("hangs-in-call")
class HangsInCall(HttpServer):
    """Never answers a tool call; everything else works."""

    async def call(self, request: Request, wire: Wire) -> None:
        await asyncio.Event().wait()


@mode("no-listening")
class NoListening(HttpServer):
    """Refuses the stream for the server's own messages (405), as the protocol allows."""

    async def listen(self, wire: Wire) -> None:
        await wire.respond(405)


@mode("only-posts")
class OnlyPosts(HttpServer):
    """Answers every GET with 404, as a router does that knows only POST there."""

    async def listen(self, wire: Wire) -> None:
        await wire.respond(404, b"Cannot GET /mcp")


@mode("ends-listening")
class EndsListening(HttpServer):
    """Ends the stream for its own messages N (4) times, each after one notification with an id; says `retry: 100`."""

    default = 4
    streams = 0

    async def listen(self, wire: Wire) -> None:
        self.streams += 1
        await wire.open_stream()
        if self.streams > self.value:
            await asyncio.Event().wait()
        await wire.write(b"retry: 100\n")
        message = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "tick"}}
        await wire.event(message, event_id=str(self.streams))


@mode("resumes")
class Resumes(HttpServer):
    """Ends the stream of a tool call before the answer, but with an event id: the answer is on the stream taken up."""

    asked: Request | None = None

    async def call(self, request: Request, wire: Wire) -> None:
        self.asked = request
        await wire.open_stream()
        await wire.write(b"retry: 50\n")
        message = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "soon"}}
        await wire.event(message, event_id="e-1")

    async def listen(self, wire: Wire) -> None:
        if self.headers.get("last-event-id") != "e-1" or self.asked is None:
            await super().listen(wire)
            return
        await wire.open_stream()
        await wire.event(self.reply(self.asked), event_id="e-2")


@mode("gzip-bomb")
class GzipBomb(HttpServer):
    """Answers a tool call with N MB (200) of text, packed by gzip to a thousandth."""

    default = 200

    async def call(self, request: Request, wire: Wire) -> None:
        head, tail = (
            json.dumps(self.message(request, {"content": [{"type": "text", "text": "@"}]})).encode().split(b"@")
        )
        packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)  # one member: most clients read no second one
        parts = [packer.compress(head)]
        parts += [packer.compress(b"z" * 1_000_000) for _ in range(self.value)]
        parts += [packer.compress(tail), packer.flush()]
        await wire.respond(200, b"".join(parts), "application/json", Content_Encoding="gzip")


@mode("big-event")
class BigEvent(HttpServer):
    """Answers a tool call with one SSE event of N MB (5)."""

    default = 5

    async def call(self, request: Request, wire: Wire) -> None:
        await wire.open_stream()
        text = "z" * (self.value * 1_000_000)
        await wire.event(self.message(request, {"content": [{"type": "text", "text": text}], "isError": False}))


@mode("endless-event")
class EndlessEvent(HttpServer):
    """Answers a tool call with an SSE event that never ends."""

    async def call(self, request: Request, wire: Wire) -> None:
        await wire.open_stream()
        await wire.write(b"data: ")
        while True:
            await wire.write(b"z" * 1_000_000)


@mode("garbage-events")
class GarbageEvents(HttpServer):
    """Sends events that are no JSON-RPC, comments and unknown fields before the answer to a tool call; all on SSE."""

    async def call(self, request: Request, wire: Wire) -> None:
        await wire.open_stream()
        await wire.write(b": a comment\n\nretry: soon\nshade: blue\n\n")
        await wire.event("no JSON at all")
        await wire.event({"status": "ok"})
        await wire.event(self.reply(request))


@mode("late-answers")
class LateAnswers(HttpServer):
    """Answers a call of `slow` only once it is cancelled: on the stream for what the server says by itself."""

    stream: Wire | None = None
    held: Request | None = None

    async def handle(self, request: Request, wire: Wire) -> None:
        await super().handle(request, wire)
        if request.rpc == "notifications/cancelled" and self.stream is not None and self.held is not None:
            await self.stream.event(self.reply(self.held))

    async def listen(self, wire: Wire) -> None:
        self.stream = wire
        await super().listen(wire)

    async def call(self, request: Request, wire: Wire) -> None:
        if request.message["params"]["name"] != "slow":
            await super().call(request, wire)
            return
        self.held = request
        await wire.open_stream()
        await asyncio.Event().wait()


# The older transport


@mode("sse-only")
class SseOnly(HttpServer):
    """Only speaks the HTTP+SSE transport of 2024-11-05, at `/mcp`: POST there is 405, GET gives the endpoint event."""

    refusal = 405
    stream: Wire | None = None

    async def handle(self, request: Request, wire: Wire) -> None:
        if request.path == "/mcp" and request.method == "GET":
            self.stream = wire
            await wire.open_stream()
            await wire.event("/messages?session=1", event="endpoint")
            await asyncio.Event().wait()
        elif request.path.startswith("/messages") and self.stream is not None:
            await wire.respond(202, b"Accepted")
            if request.rpc == "initialize":
                await self.stream.event(self.introduction(request))
            elif "id" in request.message:
                await self.stream.event(self.reply(request))
        else:
            await wire.respond(self.refusal)


@mode("sse-only-404")
class SseOnly404(SseOnly):
    """As `sse-only`, but POST to `/mcp` is 404."""

    refusal = 404


@mode("sse-silent")
class SseSilent(HttpServer):
    """Opens the SSE stream and never sends the endpoint event; POST is 405."""

    async def handle(self, request: Request, wire: Wire) -> None:
        if request.method == "GET":
            await self.listen(wire)
        else:
            await wire.respond(405)


@mode("sse-foreign-endpoint")
class SseForeignEndpoint(SseOnly):
    """Sends an endpoint event that names another origin; POST is 405."""

    async def handle(self, request: Request, wire: Wire) -> None:
        if request.method == "GET":
            await wire.open_stream()
            await wire.event("http://other.example/messages", event="endpoint")
            await asyncio.Event().wait()
        else:
            await wire.respond(405)


@mode("sse-no-endpoint")
class SseNoEndpoint(HttpServer):
    """Sends an endpoint event that is no URL; POST is 405."""

    async def handle(self, request: Request, wire: Wire) -> None:
        if request.method == "GET":
            await wire.open_stream()
            await wire.event("http://[nowhere/messages", event="endpoint")
            await asyncio.Event().wait()
        else:
            await wire.respond(405)


@mode("sse-holds-posts")
class SseHoldsPosts(SseOnly):
    """As `sse-only`, but never answers the POST of a tool call; the call's answer is on the stream, but for `slow`."""

    async def handle(self, request: Request, wire: Wire) -> None:
        if request.rpc == "tools/call" and self.stream is not None:
            if request.message["params"]["name"] != "slow":
                await self.stream.event(self.reply(request))
            await asyncio.Event().wait()
        else:
            await super().handle(request, wire)


@mode("sse-late-answers")
class SseLateAnswers(SseOnly):
    """As `sse-only`, but answers a call of `slow` only once it is cancelled."""

    held: Request | None = None

    async def handle(self, request: Request, wire: Wire) -> None:
        if request.rpc == "tools/call" and request.message["params"]["name"] == "slow":
            self.held = request
            await wire.respond(202)
            return
        await super().handle(request, wire)
        if request.rpc == "notifications/cancelled" and self.stream is not None and self.held is not None:
            await self.stream.event(self.reply(self.held))


@mode("sse-drops")
class SseDrops(SseOnly):
    """As `sse-only`, but the stream ends in the middle of every tool call."""

    async def handle(self, request: Request, wire: Wire) -> None:
        if request.rpc == "tools/call" and self.stream is not None:
            await wire.respond(202)
            self.stream.reset()
        else:
            await super().handle(request, wire)


def main() -> None:
    """Run one mode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", metavar="MODE", nargs="?", choices=list(MODES))
    parser.add_argument("value", metavar="N", nargs="?", type=int)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--list", action="store_true", help="show all modes")
    options = parser.parse_args()
    if options.list or options.mode is None:
        for name, server in MODES.items():
            print(f"  {name:24}{server.__doc__}")
        return
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(MODES[options.mode](options.port, options.value).serve())


if __name__ == "__main__":
    main()
