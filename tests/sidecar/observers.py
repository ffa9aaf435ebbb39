"""What tests look at besides the wire: processes, memory, and what reached a server."""

import asyncio
import contextlib
import json
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import psutil

from tests.sidecar.harness import Editor
from tests.sidecar.programs import HttpServer

LOOK_EVERY = 0.01
"""Seconds between two looks at what raises no event."""


def children(editor: Editor) -> list[psutil.Process]:
    """All processes that the sidecar started, and those that they started."""
    return psutil.Process(editor.pid).children(recursive=True)


async def gone(processes: list[psutil.Process], seconds: float = 5) -> bool:
    """Whether all of these end within that time."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, seconds)
    return not alive


async def counts(server: HttpServer) -> dict[str, int]:
    """What has reached a nasty HTTP server; see there."""
    return await asyncio.to_thread(_get, server, "/count")


async def expire(server: HttpServer) -> None:
    """Let a nasty HTTP server forget all sessions."""
    await asyncio.to_thread(_get, server, "/expire")


async def headers(server: HttpServer) -> dict[str, str]:
    """The headers of the last request to a nasty HTTP server's endpoint, their names in lower case."""
    return await asyncio.to_thread(_get, server, "/headers")


def _get(server: HttpServer, path: str) -> dict:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{server.port}{path}", timeout=5) as response:
        return json.load(response)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait for a condition that raises no event."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(LOOK_EVERY)


@attrs.define
class Memory:
    """The resident memory of a process over a while, in MiB."""

    before: int
    peak: int

    @property
    def growth(self) -> int:
        """By how much it was higher at its peak than before."""
        return self.peak - self.before


@contextlib.asynccontextmanager
async def watched_memory(editor: Editor) -> AsyncIterator[Memory]:
    """Watch the sidecar's memory while the block runs."""
    process = psutil.Process(editor.pid)

    def resident() -> int:
        return process.memory_info().rss >> 20

    memory = Memory(resident(), resident())

    async def watch() -> None:
        while True:
            memory.peak = max(memory.peak, resident())
            await asyncio.sleep(LOOK_EVERY)

    watcher = asyncio.create_task(watch())
    try:
        yield memory
    finally:
        memory.peak = max(memory.peak, resident())
        watcher.cancel()
        await asyncio.wait({watcher})
