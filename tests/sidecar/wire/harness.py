"""A raw client: bytes in, bytes out, over pipes, with no code of the wire's own."""

import asyncio
import contextlib
import io
import json
import os
import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from mcp_sidecar.wire.serve import serve
from mcp_sidecar.wire.server import WireServer

LIMIT = 10.0
"""Seconds that anything may take before the test fails."""


def frame(message: Any) -> bytes:
    """One message as a client sends it."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def read_message(stream: io.BufferedReader) -> Any:
    """The next message, read strictly as LSP has it; None at the end."""
    header = stream.readline()
    if not header:
        return None
    assert header.startswith(b"Content-Length: "), header
    assert header.endswith(b"\r\n"), header
    assert stream.readline() == b"\r\n"
    size = int(header.split(b":")[1])
    body = stream.read(size)
    assert len(body) == size
    return json.loads(body, parse_constant=lambda name: (_ for _ in ()).throw(AssertionError(name)))


class RawClient:
    """The client's ends of two pipes to a server that runs on the same loop."""

    def __init__(self, server: WireServer) -> None:
        self.server = server
        self.server_in, self._out = os.pipe()
        self._in, self.server_out = os.pipe()
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._unsent: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()
        self._ids = iter(range(1000, 10**9))
        self.exit_code: asyncio.Task[int]
        self.stopped = asyncio.Event()
        """Set when `on_stop` was called."""

    def start_reading(self) -> None:
        self._reader.start()

    def _read(self) -> None:
        with open(self._in, "rb") as stream:
            while True:
                message = read_message(stream)
                self._loop.call_soon_threadsafe(self._queue.put_nowait, message)
                if message is None:
                    return

    def drain(self) -> None:
        """Read to the end without looking: the last frame of a session that was given up may be cut short."""
        self._reader = threading.Thread(target=self._discard, daemon=True)
        self._reader.start()

    def _discard(self) -> None:
        with open(self._in, "rb", buffering=0) as stream:
            while stream.read(65536):
                pass

    def stop_reading(self) -> None:
        """Close the client's receiving end; when it is being read, the server has closed its own before."""
        if self._reader.ident is not None:
            self._reader.join(LIMIT)
            assert not self._reader.is_alive()
        elif self._in >= 0:
            os.close(self._in)
            self._in = -1

    def send_bytes(self, data: bytes) -> None:
        """Write, in order, without waiting for the server, which may read on the loop that this runs on."""
        self._unsent.put(data)

    def _write(self) -> None:
        with open(self._out, "wb", buffering=0) as stream, contextlib.suppress(BrokenPipeError):
            while (data := self._unsent.get()) is not None:
                view = memoryview(data)
                while view:
                    view = view[stream.write(view) :]

    def send(self, message: Any) -> None:
        self.send_bytes(frame(message))

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    async def receive(self) -> Any:
        """The next message from the server; None when it closed its end."""
        async with asyncio.timeout(LIMIT):
            return await self._queue.get()

    async def request(self, method: str, *params: Any, msg_id: Any = None) -> Any:
        """Send a request, without a `params` member unless params are given, and return the next message."""
        msg_id = next(self._ids) if msg_id is None else msg_id
        message = {"jsonrpc": "2.0", "id": msg_id, "method": method}
        if params:
            (message["params"],) = params
        self.send(message)
        answer = await self.receive()
        assert answer["id"] == msg_id, answer
        return answer

    async def nothing_more(self) -> None:
        """Fail if the server has sent, or is about to send, anything: a request behind it is answered first."""
        answer = await self.request("nobody/knows/this")
        assert answer["error"]["code"] in (-32601, -32600, -32002), answer

    async def initialize(self, **params: Any) -> Any:
        answer = await self.request("initialize", {"processId": None, "capabilities": {}, **params})
        self.notify("initialized", {})
        return answer["result"]

    def close(self) -> None:
        """Close the client's sending end."""
        self._unsent.put(None)

    async def end(self) -> int:
        """The exit code, after closing."""
        self.close()
        return await self.code()

    async def code(self) -> int:
        async with asyncio.timeout(LIMIT):
            return await asyncio.shield(self.exit_code)


@asynccontextmanager
async def serving(
    server: WireServer,
    *,
    on_stop: Callable[[], Awaitable[None]] | None = None,
    reading: bool = True,
    **options: Any,
) -> AsyncIterator[RawClient]:
    """A raw client of a server; afterwards nothing may be left of either."""
    before = asyncio.all_tasks()  # the loop is shared with other tests' fixtures
    client = RawClient(server)

    async def stop() -> None:
        client.stopped.set()
        if on_stop is not None:
            await on_stop()

    with open(client.server_in, "rb") as reader, open(client.server_out, "wb", buffering=0) as writer:
        client.exit_code = asyncio.ensure_future(serve(server, reader, writer, on_stop=stop, **options))
        await asyncio.sleep(0)  # one turn of the loop: the server is up
        if reading:
            client.start_reading()
        try:
            yield client
        finally:
            await client.end()
            assert server.protocol.outbox is not None
            server.protocol.outbox.join(LIMIT)
            await _threads_end("wire-inbox")
    client.stop_reading()
    protocol = server.protocol
    assert (protocol.in_flight, protocol.awaited_replies, len(protocol.background)) == (0, 0, 0)
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("wire-")] == []


async def _threads_end(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(LIMIT)
