"""A client that stops reading: it must block nobody."""

import asyncio
import os
import threading

import pytest

from mcp_sidecar.wire.outbox import Outbox
from mcp_sidecar.wire.payload import Raw
from tests.sidecar.wire.conftest import Handlers, make_server
from tests.sidecar.wire.harness import LIMIT, serving

MEGABYTE = 1024 * 1024


async def test_a_client_that_stops_reading_does_not_block_the_loop(handlers: Handlers) -> None:
    async with serving(make_server(handlers), reading=False) as client:
        client.send({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}})
        client.send({"jsonrpc": "2.0", "id": 2, "method": "t/place", "params": {"url": "a"}})
        for _ in range(20):
            client.server.notify("t/raw", Raw("x" * MEGABYTE))
        # Requests are still served: the handler runs although no answer gets through.
        async with asyncio.timeout(LIMIT):
            while not handlers.seen:
                await asyncio.sleep(0)
        client.start_reading()
        methods = [(await client.receive()).get("method") for _ in range(22)]
        assert methods.count("t/raw") == 20, "nothing was lost"


async def test_a_client_that_never_reads_is_taken_for_dead(
    handlers: Handlers, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(
        make_server(handlers), reading=False, max_waiting_bytes=2 * MEGABYTE, stop_timeout=0.5
    ) as client:
        for _ in range(10):
            client.server.notify("t/raw", Raw("x" * MEGABYTE))
        assert await client.code() == 1
        assert client.stopped.is_set()
        assert "does not read" in caplog.text
        client.drain()  # let go of the blocked write


async def test_a_client_that_closed_its_reading_end_ends_the_session(handlers: Handlers) -> None:
    async with serving(make_server(handlers), reading=False) as client:
        client.stop_reading()
        client.send({"jsonrpc": "2.0", "id": 1, "method": "t/nothing"})
        assert await client.code() == 1
        assert client.stopped.is_set()


def test_frames_go_out_whole_and_in_order() -> None:
    reading, writing = os.pipe()
    received = bytearray()

    def read() -> None:
        while chunk := os.read(reading, 4096):
            received.extend(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    bodies = [bytes([65 + n % 26]) * (n * n * 37 % 200_000) for n in range(200)]
    with open(writing, "wb", buffering=0) as stream:
        outbox = Outbox(stream)
        for body in bodies:
            outbox.send(body)
        outbox.close()
        outbox.send(b"late")
        outbox.join(LIMIT)
        assert outbox.waiting_bytes == 0
        assert not outbox.lost_something
    reader.join(LIMIT)
    os.close(reading)
    assert bytes(received) == b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)
