"""`Direct`: FastMCP's own Client, in this process, on a loop that only runs while something is measured."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

os.environ.setdefault("FASTMCP_LOG_ENABLED", "false")

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from bench.servers import Server

_NOWHERE = Path(os.devnull)


class Direct:
    """A connection of FastMCP's Client to a stdio server."""

    def __init__(self, server: Server) -> None:
        self._runner = asyncio.Runner()
        # The sidecar hands its environment on, FastMCP six variables of it; a server must not start the slower for it.
        environment = dict(os.environ)
        transport = StdioTransport(
            server.command, list(server.args), env=environment, keep_alive=False, log_file=_NOWHERE
        )
        self._client: Client[Any] = Client(transport)

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def connect(self) -> float:
        """Connect; gives the seconds it took."""
        return self._runner.run(self._connect())

    def close(self) -> None:
        self._runner.run(self._client.close())  # type: ignore[no-untyped-call]
        self._runner.close()

    def call(self, count: int, tool: str, arguments: dict[str, Any]) -> list[float]:
        """Call one after the other; gives the seconds each took."""
        return self._runner.run(self._call(count, tool, arguments))

    def list_tools(self) -> tuple[float, int]:
        """List the tools, all pages of them; gives the seconds that took, and how many there are."""
        return self._runner.run(self._list_tools())

    @staticmethod
    def processor_time() -> float:
        """Seconds of processor time that this process, and thus the client, has used."""
        return time.process_time()

    def call_many(self, count: int, in_flight: int, tool: str, arguments: dict[str, Any]) -> float:
        """Call with so many in flight; gives the seconds that all of them took."""
        return self._runner.run(self._call_many(count, in_flight, tool, arguments))

    async def _connect(self) -> float:
        started = time.perf_counter()
        await self._client.__aenter__()  # type: ignore[no-untyped-call]
        return time.perf_counter() - started

    async def _call(self, count: int, tool: str, arguments: dict[str, Any]) -> list[float]:
        times = []
        for _ in range(count):
            started = time.perf_counter()
            await self._client.call_tool(tool, arguments)
            times.append(time.perf_counter() - started)
        return times

    async def _list_tools(self) -> tuple[float, int]:
        started = time.perf_counter()
        tools = await self._client.list_tools()
        return time.perf_counter() - started, len(tools)

    async def _call_many(self, count: int, in_flight: int, tool: str, arguments: dict[str, Any]) -> float:
        tickets = iter(range(count))

        async def work(tickets: Iterator[int]) -> None:
            for _ in tickets:
                await self._client.call_tool(tool, arguments)

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(work(tickets))
        return time.perf_counter() - started
