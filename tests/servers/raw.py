"""A hand-written MCP server on stdio: plain Python, no SDK, up in some 30 ms.

    python raw.py [--era legacy|modern|both] [--name NAME] [--record FILE] …

The nasty servers are this one with something broken. Tools of its own:

    echo(text)          the text
    add(a, b)           their sum, also as structured content
    big(bytes)          that many letters
    slow(seconds)       "slept"; heeds `notifications/cancelled`, and sends progress when asked to
    fails()             a result with `isError`
    refuses()           a JSON-RPC error (-32042, with data)
    pid()               the process id
    environment()       the environment, as a JSON object
    cwd()               the working directory
    stderr(lines)       that many lines on stderr
    changed()           sends `notifications/tools/list_changed` first
    exit(code)          ends the process without an answer
"""

import argparse
import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

Json = Any
"""Whatever JSON can say."""

LEGACY_VERSION = "2025-06-18"
"""The newest handshake version this server knows."""

MODERN_VERSION = "2026-07-28"
"""The stateless era: `server/discover` instead of a handshake."""

META = "io.modelcontextprotocol/"
"""Prefix of the protocol's own keys in `_meta`."""


class RpcError(Exception):
    """Answers the request with this JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Json = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({} if data is None else {"data": data})


class NoAnswer(Exception):
    """Leaves the request without an answer."""


def text(value: str) -> Json:
    """A tool result of one text block."""
    return {"content": [{"type": "text", "text": value}], "isError": False}


def tool(name: str, description: str = "", **properties: str) -> Json:
    """A tool as `tools/list` shows it; the properties map names to JSON types, all of them required."""
    schema = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    if properties:
        schema["required"] = list(properties)
    return {"name": name, "description": description or f"The tool {name}.", "inputSchema": schema}


class RawServer:
    """Answers newline-delimited JSON-RPC on the standard streams; subclasses override what they break."""

    name = "raw"
    version = "1.2.3"
    instructions = "A server for tests."

    def __init__(self, era: str = "legacy") -> None:
        self.legacy = era in {"legacy", "both"}
        self.modern = era in {"modern", "both"}
        self.record: str | None = None
        """A file that every received line is appended to, as it came."""
        self._write_lock = threading.Lock()
        self._cancelled: dict[Json, threading.Event] = {}
        self.tools = [
            tool("echo", "Says it back.", text="string"),
            tool("add", "Adds two integers.", a="integer", b="integer")
            | {"outputSchema": {"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}},
            tool("big", "A long text.", bytes="integer"),
            tool("slow", "Takes its time.", seconds="number"),
            tool("fails", "Reports an error of its own."),
            tool("refuses", "Is refused by the server."),
            tool("pid", "The process id.") | {"annotations": {"readOnlyHint": True}},
            tool("environment", "The environment."),
            tool("cwd", "The working directory."),
            tool("stderr", "Writes to stderr.", lines="integer"),
            tool("changed", "Announces a change of the tools."),
            tool("exit", "Ends the process.", code="integer"),
        ]

    # The wire

    def write(self, data: bytes) -> None:
        """Write bytes as they are, in one piece."""
        with self._write_lock:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def send(self, message: Json) -> None:
        """Write one message as one line."""
        self.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def notify(self, method: str, params: Json = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method} | ({} if params is None else {"params": params}))

    def serve(self) -> None:
        """Answer until stdin ends."""
        for line in sys.stdin.buffer:
            if self.record is not None:
                with open(self.record, "ab") as file:
                    file.write(line)
            self.receive(json.loads(line))

    def receive(self, message: Json) -> None:
        """Take one message in."""
        method = message.get("method")
        if method == "notifications/cancelled":
            request_id = message["params"]["requestId"]
            if request_id in self._cancelled:
                self._cancelled[request_id].set()
        elif method is not None and "id" in message:
            self._cancelled[message["id"]] = threading.Event()
            if method == "tools/call":  # Calls run side by side.
                threading.Thread(target=self.request, args=(message,), daemon=True).start()
            else:
                self.request(message)

    def request(self, message: Json) -> None:
        """Answer one request."""
        answer = {"jsonrpc": "2.0", "id": message["id"]}
        try:
            answer["result"] = self.result(message["method"], message.get("params") or {}, message["id"])
        except RpcError as error:
            answer["error"] = error.error
        except NoAnswer:
            return
        finally:
            del self._cancelled[message["id"]]
        self.respond(message["method"], answer)

    def respond(self, method: str, answer: Json) -> None:
        """Send an answer."""
        self.send(answer)

    # MCP

    def result(self, method: str, params: Json, request_id: Json) -> Json:
        """The result of a request."""
        if method == "initialize" and self.legacy:
            return self.initialize(params)
        if method == "server/discover" and self.modern:
            return self.modern_result(self.discover())
        if self.modern and META + "protocolVersion" not in params.get("_meta", {}) and not self.legacy:
            raise RpcError(-32602, "Missing the protocol version in _meta")
        if method == "ping" and self.legacy:
            return {}
        if method == "tools/list":
            result = self.list_tools(params.get("cursor"))
        elif method == "tools/call":
            result = self.call_tool(params.get("name"), params.get("arguments") or {}, params, request_id)
        else:
            return self.unknown(method)
        modern_request = META + "protocolVersion" in params.get("_meta", {})
        return self.modern_result(result) if modern_request else result

    def unknown(self, method: str) -> Json:
        """What a method that this server does not know results in."""
        raise RpcError(-32601, f"Method not found: {method}")

    def capabilities(self) -> Json:
        """What the server says it can do."""
        return {"tools": {"listChanged": True}}

    def initialize(self, params: Json) -> Json:
        """The handshake of the legacy era."""
        asked = params.get("protocolVersion")
        return {
            "protocolVersion": asked if asked in {"2024-11-05", "2025-03-26"} else LEGACY_VERSION,
            "capabilities": self.capabilities(),
            "serverInfo": {"name": self.name, "version": self.version},
            "instructions": self.instructions,
        }

    def discover(self) -> Json:
        """The introduction of the modern era."""
        return {
            "supportedVersions": [MODERN_VERSION],
            "capabilities": self.capabilities(),
            "instructions": self.instructions,
        }

    def modern_result(self, result: Json) -> Json:
        """A result with what the modern era adds to it."""
        meta = {META + "serverInfo": {"name": self.name, "version": self.version}}
        caching = {} if "content" in result else {"ttlMs": 0, "cacheScope": "private"}
        return {"resultType": "complete"} | caching | result | {"_meta": meta | result.get("_meta", {})}

    def list_tools(self, cursor: str | None) -> Json:
        """One page of tools."""
        return {"tools": self.tools}

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        """The result of a tool."""
        if name == "slow":
            return self._slow(arguments["seconds"], params.get("_meta", {}).get("progressToken"), request_id)
        if name not in TOOLS:
            raise RpcError(-32602, f"Unknown tool: {name}")
        return TOOLS[name](self, arguments)

    def _slow(self, seconds: float, progress_token: Json, request_id: Json) -> Json:
        cancelled = self._cancelled[request_id]
        for step in range(10):
            if progress_token is not None:
                progress = {"progressToken": progress_token, "progress": step, "total": 10}
                self.notify("notifications/progress", progress)
            if cancelled.wait(seconds / 10):
                raise NoAnswer
        return text("slept")


def _refuse(server: RawServer, arguments: Json) -> Json:
    raise RpcError(-32042, "Not on a Sunday", {"day": "Sunday", "retry": None})


def _write_stderr(server: RawServer, arguments: Json) -> Json:
    for number in range(arguments["lines"]):
        print(f"stderr line {number + 1}", file=sys.stderr, flush=True)
    return text("written")


def _announce_change(server: RawServer, arguments: Json) -> Json:
    server.notify("notifications/tools/list_changed")
    return text("announced")


def _exit(server: RawServer, arguments: Json) -> Json:
    print(f"leaving with {arguments['code']}", file=sys.stderr, flush=True)
    os._exit(arguments["code"])


TOOLS: dict[str, Callable[[RawServer, Json], Json]] = {
    "echo": lambda _, arguments: text(arguments["text"]),
    "add": lambda _, arguments: (
        text(str(arguments["a"] + arguments["b"])) | {"structuredContent": {"sum": arguments["a"] + arguments["b"]}}
    ),
    "big": lambda _, arguments: text("x" * arguments["bytes"]),
    "fails": lambda _, __: text("It did not work.") | {"isError": True},
    "refuses": _refuse,
    "pid": lambda _, __: text(str(os.getpid())),
    "environment": lambda _, __: text(json.dumps(dict(os.environ))),
    "cwd": lambda _, __: text(os.getcwd()),  # noqa: PTH109 - pathlib doubles the start-up time
    "stderr": _write_stderr,
    "changed": _announce_change,
    "exit": _exit,
}


def main() -> None:
    """Run the server as its arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--era", choices=["legacy", "modern", "both"], default="legacy")
    parser.add_argument("--name", default=RawServer.name, help="the name the server gives itself")
    parser.add_argument("--server-version", default=RawServer.version, help="the version the server gives itself")
    parser.add_argument("--record", metavar="FILE", help="append every received line to this file")
    parser.add_argument("--stderr", metavar="LINE", action="append", default=[], help="a line for stderr at the start")
    parser.add_argument("words", nargs="*", help="ignored: to see what a command line is split into")
    options = parser.parse_args()
    server = RawServer(options.era)
    server.name, server.version, server.record = options.name, options.server_version, options.record
    for line in options.stderr:
        print(line, file=sys.stderr, flush=True)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        server.serve()


if __name__ == "__main__":
    main()
