"""`Plain`: an MCP server read with asyncio and json alone, which is as little as reading a line can take in Python."""

import asyncio
import json
import time
from types import TracebackType
from typing import Any, Self

from bench.servers import Server

_LINE_LIMIT = 64 * 1024 * 1024


class Plain:
    """A stdio server behind a `StreamReader`."""

    def __init__(self, server: Server) -> None:
        self._runner = asyncio.Runner()
        self._process = self._runner.run(self._start(server))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._stop())
        self._runner.close()

    def call(self, tool: str, arguments: dict[str, Any]) -> tuple[float, float]:
        """Call a tool; gives the seconds until its line was read, and until it was parsed."""
        return self._runner.run(self._call(tool, arguments))

    async def _start(self, server: Server) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *server.argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE_LIMIT
        )

    async def _stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def _call(self, tool: str, arguments: dict[str, Any]) -> tuple[float, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        params = {"name": tool, "arguments": arguments}
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode() + b"\n"
        started = time.perf_counter()
        self._process.stdin.write(line)
        answer = await self._process.stdout.readline()
        read = time.perf_counter() - started
        json.loads(answer)
        return read, time.perf_counter() - started
