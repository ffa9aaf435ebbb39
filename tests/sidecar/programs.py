"""The servers under `tests/servers/` as programs: how to name them as a target, how to run those that speak HTTP."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SERVERS = Path(__file__).parents[1] / "servers"
GOOD = SERVERS / "good.py"
RAW = SERVERS / "raw.py"
CAPABLE = SERVERS / "capable.py"
MANY = SERVERS / "many.py"
TIDY = SERVERS / "tidy.py"
LISTENING = SERVERS / "listening.py"
NASTY_STDIO = SERVERS / "nasty_stdio.py"
NASTY_HTTP = SERVERS / "nasty_http.py"
ASKING = SERVERS / "asking.py"
ASKING_RAW = SERVERS / "asking_raw.py"
CHOICES = SERVERS / "choices.py"
OAUTH_HTTP = SERVERS / "oauth_http.py"
MODERN = SERVERS / "modern.mjs"
_NPM = SERVERS / "node_modules"
EVERYTHING = _NPM / "@modelcontextprotocol" / "server-everything" / "dist" / "index.js"
EVERYTHING_0_6_2 = _NPM / "server-everything-0.6.2" / "dist" / "index.js"
FILESYSTEM = _NPM / "@modelcontextprotocol" / "server-filesystem" / "dist" / "index.js"
MEMORY = _NPM / "@modelcontextprotocol" / "server-memory" / "dist" / "index.js"
GITLAB = _NPM / "@zereight" / "mcp-gitlab" / "build" / "index.js"
GIT = Path(sys.executable).with_name("mcp-server-git")
EXAMPLE = Path(__file__).parents[2] / "examples" / "notes_server.py"

START_TIMEOUT = 30.0
"""Seconds that a server may take until its port answers."""


def stdio(script: Path, *args: object, **fields: Any) -> dict[str, Any]:
    """A stdio target: this script with these arguments, and more fields of a target."""
    command = "node" if script.suffix in {".js", ".mjs"} else sys.executable
    return {"command": command, "args": [str(script), *map(str, args)], **fields}


def good(*args: object, **fields: Any) -> dict[str, Any]:
    """The good FastMCP server on stdio, as a target."""
    return stdio(GOOD, *args, **fields)


def raw(*args: object, **fields: Any) -> dict[str, Any]:
    """The raw server, as a target."""
    return stdio(RAW, *args, **fields)


def capable(*args: object, **fields: Any) -> dict[str, Any]:
    """The raw server with everything that MCP has, as a target."""
    return stdio(CAPABLE, *args, **fields)


def tidy(*args: object, **fields: Any) -> dict[str, Any]:
    """The server with nothing to find fault with, as a target."""
    return stdio(TIDY, *args, **fields)


def nasty(mode: str, *args: object, **fields: Any) -> dict[str, Any]:
    """A nasty stdio server, as a target."""
    return stdio(NASTY_STDIO, mode, *args, **fields)


def choices() -> dict[str, Any]:
    """The raw server with few tools and arguments to choose from, as a target."""
    return stdio(CHOICES)


def asking(*args: object, **fields: Any) -> dict[str, Any]:
    """The FastMCP server that asks, on stdio, as a target."""
    return stdio(ASKING, *args, **fields)


def asking_raw(*args: object, **fields: Any) -> dict[str, Any]:
    """The raw server that asks, as a target."""
    return stdio(ASKING_RAW, *args, **fields)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class HttpServer:
    """A server program that listens on a port; `start` it, and `stop` it in the end."""

    def __init__(
        self, command: list[str], path: str = "/mcp", port: int | None = None, env: dict[str, str] | None = None
    ):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self._command = [each.replace("{port}", str(self.port)) for each in command]
        self._env = os.environ | (env or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """What the server wrote to stdout and stderr."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace")

    def start(self) -> "HttpServer":
        """Start the program and wait until its port answers."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._output, env=self._env
        )
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self
            if self._process.poll() is not None:
                raise AssertionError(f"{self._command} ended with {self._process.returncode}:\n{self.output}")
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{self._command} does not listen after {START_TIMEOUT} s:\n{self.output}")
            time.sleep(0.01)

    async def start_async(self) -> "HttpServer":
        """Start without blocking the loop."""
        return await asyncio.to_thread(self.start)

    def kill(self) -> None:
        """Kill the server at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Stop the server's execution (SIGSTOP): it keeps its port and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        os.kill(self.pid, signal.SIGCONT)

    async def restart(self) -> None:
        """Kill the server and start it again on the same port."""
        self.kill()
        await self.start_async()

    def close(self) -> None:
        """Kill the server and forget its output."""
        self.kill()
        self._output.close()


def good_http(transport: str = "http", *args: object) -> HttpServer:
    """The good FastMCP server on streamable HTTP (`http`) or SSE (`sse`); not started."""
    command = [sys.executable, str(GOOD), "--transport", transport, "--port", "{port}", *map(str, args)]
    return HttpServer(command, "/sse" if transport == "sse" else "/mcp")


def asking_http(transport: str = "http") -> HttpServer:
    """The FastMCP server that asks, on streamable HTTP (`http`) or SSE (`sse`); not started."""
    command = [sys.executable, str(ASKING), "--transport", transport, "--port", "{port}"]
    return HttpServer(command, "/sse" if transport == "sse" else "/mcp")


def nasty_http(mode: str, *args: object) -> HttpServer:
    """A nasty HTTP server; not started."""
    return HttpServer([sys.executable, str(NASTY_HTTP), mode, *map(str, args), "--port", "{port}"])


def modern_http() -> HttpServer:
    """The server on the TypeScript SDK v2 on streamable HTTP; not started."""
    return HttpServer(["node", str(MODERN), "--http", "{port}"])


def everything_http(transport: str = "streamableHttp") -> HttpServer:
    """The server-everything of npm on `streamableHttp` or `sse`; not started."""
    path = "/sse" if transport == "sse" else "/mcp"
    server = HttpServer(["node", str(EVERYTHING), transport], path)
    server._env |= {"PORT": str(server.port)}
    return server


def oauth_http(path: str = "/mcp", **settings: str) -> HttpServer:
    """An HTTP server that wants OAuth, with its authorization server; see there for the settings. Not started."""
    given = [f"{name}={value}" for name, value in settings.items()]
    return HttpServer([sys.executable, str(OAUTH_HTTP), "--port", "{port}", *given], path)


def listening_http(transport: str = "http", *args: object) -> HttpServer:
    """The server that announces what it is asked to, on streamable HTTP (`http`) or SSE (`sse`); not started."""
    command = [sys.executable, str(LISTENING), "--transport", transport, "--port", "{port}", *map(str, args)]
    return HttpServer(command, "/sse" if transport == "sse" else "/mcp")
