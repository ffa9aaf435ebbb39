"""The test servers themselves: what the other tests build on is what it says it is."""

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable

import pytest
from fastmcp import Client
from fastmcp.client.transports import SSETransport, StdioTransport

from tests.sidecar.programs import (
    EVERYTHING,
    EXAMPLE,
    GOOD,
    NASTY_HTTP,
    NASTY_STDIO,
    RAW,
    HttpServer,
    everything_http,
    good_http,
    nasty_http,
    stdio,
)

Serve = Callable[[HttpServer], Awaitable[HttpServer]]


def fastmcp_client(target: dict, mode: str = "auto") -> Client:
    """FastMCP's own client of a stdio target."""
    return Client(StdioTransport(target["command"], target["args"], keep_alive=False), mode=mode, init_timeout=20)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    "script", [GOOD, RAW, EXAMPLE, EVERYTHING], ids=lambda path: path.parent.name + "/" + path.name
)
async def test_a_stdio_server_lists_its_tools(script, mode):
    async with fastmcp_client(stdio(script, *(["--era", "both"] if script == RAW else [])), mode) as client:
        assert await client.list_tools()


@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_the_good_server_answers_over_http(serve: Serve, transport):
    server = await serve(good_http(transport))
    target = SSETransport(server.url) if transport == "sse" else server.url
    async with Client(target, init_timeout=20) as client:
        result = await client.call_tool_mcp("add", {"a": 2, "b": 3})
    assert result.structured_content == {"result": 5}


@pytest.mark.parametrize("transport", ["streamableHttp", "sse"])
async def test_server_everything_answers_over_http(serve: Serve, transport):
    server = await serve(everything_http(transport))
    target = SSETransport(server.url) if transport == "sse" else server.url
    async with Client(target, init_timeout=20) as client:
        assert await client.list_tools()


async def test_a_nasty_http_server_counts_what_reaches_it(serve: Serve):
    server = await serve(nasty_http("proper"))
    async with Client(server.url, init_timeout=20) as client:
        await client.call_tool_mcp("echo", {"text": "hi"})
        await client.call_tool_mcp("echo", {"text": "hi"})
    assert (await asyncio.to_thread(counts, server))["tools/call"] == 2


def counts(server: HttpServer) -> dict[str, int]:
    """What has reached a nasty HTTP server, by JSON-RPC method."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{server.port}/count", timeout=5) as response:
        return json.load(response)


@pytest.mark.parametrize("program", [NASTY_STDIO, NASTY_HTTP], ids=lambda path: path.name)
def test_the_nasty_servers_list_their_modes_with_what_they_do(program):
    shown = subprocess.run([sys.executable, program, "--list"], capture_output=True, text=True, check=True).stdout
    modes = [line for line in shown.splitlines() if line.startswith("  ")]
    assert len(modes) > 30
    assert all(line[26:].strip() not in {"", "None"} for line in modes)
