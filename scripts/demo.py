"""The whole job of MCP Sidecar in one go, through the wire that an editor uses.

    make demo                                  with examples/notes_server.py
    make demo TARGET="npx -y some-server"      with a server of your own: a URL, a path, or a command line

Starts the sidecar as an editor does and shows what an editor would: each status that is pushed as one line, as in a
status bar; tools and calls; what happens when the server dies.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
EXAMPLE = "examples/notes_server.py"

Json = Any
"""Whatever JSON can say."""

ICONS = {"disconnected": "○", "connecting": "◌", "connected": "●", "reconnecting": "◍", "failed": "✖"}
COLOURS = {"connected": "32", "connecting": "33", "reconnecting": "33", "failed": "31", "disconnected": "90"}
USE_COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ

LOSS_TIMEOUT = 10.0
"""Seconds within which the death of the server has to be noticed."""


class Failed(Exception):
    """The sidecar answered a request with an error."""

    def __init__(self, method: str, error: Json) -> None:
        data = error.get("data") or {}
        self.suggestion: str = data.get("suggestion", "")
        super().__init__(f"{method}: {error['message']}")


def say(text: str = "", colour: str = "") -> None:
    """Print a line."""
    print(f"\x1b[{colour}m{text}\x1b[0m" if colour and USE_COLOUR else text, flush=True)


def heading(text: str) -> None:
    """Print what comes next."""
    say()
    say(f"» {text}", "1")


def short(value: Json, width: int = 92) -> str:
    """A value on one line, cut."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def count(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def status_line(status: Json) -> str:
    """A status as a status bar shows it."""
    state, server, target = status["state"], status["server"], status["target"]
    parts = [f"{ICONS[state]} {state}"]
    if server and state == "connected":
        parts.append(f"{server['name']} {server['version']}")
        parts.append(f"MCP {server['protocolVersion']}")
    elif target and state != "disconnected":
        parts.append(short(target["name"], 40))
    if target and state != "disconnected":
        parts.append(target["transport"])
    counts = status["statistics"]
    if any(counts.values()):
        parts.append(f"{count(counts['toolsCalled'], 'call')}, {count(counts['errors'], 'error')}")
    if status["inFlight"]:
        parts.append(f"{status['inFlight']} under way")
    if state in {"failed", "reconnecting"} and status["error"]:
        parts.append(short(status["error"]["message"]))
    return " · ".join(parts)


class Editor:
    """What an editor does: starts the sidecar, speaks LSP to it, shows what it pushes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.states: asyncio.Queue[Json] = asyncio.Queue()
        """The statuses that were pushed."""
        self._ids = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Json]] = {}
        self._shown = ""
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls) -> "Editor":
        """Start the sidecar; its own log goes to this terminal."""
        command = (sys.executable, "-m", "mcp_sidecar", "--log-level", "warning")
        pipe = asyncio.subprocess.PIPE
        return cls(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe))

    async def initialize(self) -> Json:
        """Shake hands."""
        folder = {"uri": Path.cwd().as_uri(), "name": Path.cwd().name}
        params = {"processId": os.getpid(), "rootUri": folder["uri"], "capabilities": {}, "workspaceFolders": [folder]}
        result = await self.request("initialize", params)
        await self._send({"method": "initialized", "params": {}})
        return result

    async def request(self, method: str, params: Json = None) -> Json:
        """Send a request and wait for its result."""
        request_id = next(self._ids)
        future = self._pending[request_id] = asyncio.get_running_loop().create_future()
        await self._send({"id": request_id, "method": method} | ({} if params is None else {"params": params}))
        message = await future
        if "error" in message:
            raise Failed(method, message["error"])
        return message["result"]

    async def end(self) -> int:
        """End the sidecar as an editor does; gives its exit code."""
        await self.request("shutdown")
        await self._send({"method": "exit"})
        code = await self.process.wait()
        await self._reader
        return code

    async def kill(self) -> None:
        """End the sidecar in any case."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def _send(self, message: Json) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0"} | message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await self.process.stdin.drain()

    async def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := await stream.readline():
            length = int(header.partition(b":")[2])
            await stream.readline()
            self._receive(json.loads(await stream.readexactly(length)))
        gone = {"error": {"message": "the sidecar ended before it answered"}}
        for future in self._pending.values():
            if not future.done():
                future.set_result(gone)

    def _receive(self, message: Json) -> None:
        params = message.get("params") or {}
        match message.get("method"):
            case None:
                self._pending.pop(message["id"]).set_result(message)
            case "mcp/didChangeStatus":
                self._show(params)
                self.states.put_nowait(params)
            case "mcp/didLog":
                say(f"    {params['source']}: {short(params['message'])}", "90")
            case "mcp/notifications/progress":
                done, total = params["progress"], params.get("total")
                say(f"    progress {done:g}{f' of {total:g}' if total else ''} {params.get('message') or ''}", "90")

    def _show(self, status: Json) -> None:
        line = status_line(status)
        if line != self._shown:
            self._shown = line
            say(f"  {line}", COLOURS[status["state"]])


def show_tools(tools: list[Json], elapsed: float) -> None:
    """Print a list of tools."""
    for tool in tools[:20]:
        properties = tool.get("inputSchema", {}).get("properties", {})
        say(f"    {tool['name']}({', '.join(properties)})  {short(tool.get('description') or '', 60)}")
    if len(tools) > 20:
        say(f"    … and {len(tools) - 20} more")
    say(f"    {count(len(tools), 'tool')} in {elapsed:.0f} ms", "90")


async def call(editor: Editor, name: str, arguments: Json, *, reveal: bool = True, **more: Json) -> None:
    """Call a tool and print what came of it; of a result that is not to be revealed, only its size."""
    say(f"    {name}({short(arguments, 70)})")
    result = await editor.request("mcp/tools/call", {"name": name, "arguments": arguments, **more})
    blocks = result.get("content") or []
    texts = [block.get("text", f"<{block.get('type')}>") for block in blocks if isinstance(block, dict)]
    shown = result.get("structuredContent") or " ".join(texts)
    if not reveal:
        shown = f"{count(len(blocks), 'content block')}, {len(json.dumps(result))} bytes of JSON"
    meta = result.get("_meta", {})
    mark = "✖ the tool says:" if result.get("isError") else "→"
    say(f"      {mark} {short(shown)}  [{meta.get('mcp-sidecar/durationMs')} ms]")
    for problem in meta.get("mcp-sidecar/problems", []):
        say(f"      ! {problem['rule']}: {short(problem['message'])}", "33")


async def call_example_tools(editor: Editor) -> None:
    """Call what the example server has; one call fails, one takes a while and tells its progress."""
    await call(editor, "add_note", {"title": "Buy milk", "tags": ["shop"]})
    await call(editor, "import_notes", {"lines": ["Water plants", "Call Ada"]}, _meta={"progressToken": "import"})
    await call(editor, "finish_note", {"note_id": 42})
    await call(editor, "search_notes", {"query": "milk"})


async def call_harmless_tool(editor: Editor, tools: list[Json]) -> None:
    """Call one tool of the user's server, if there is one that says it only reads and needs no argument."""
    for tool in tools:
        read_only = (tool.get("annotations") or {}).get("readOnlyHint") is True
        if read_only and not tool.get("inputSchema", {}).get("required"):
            await call(editor, tool["name"], {}, reveal=False)
            return
    say("    none is marked as read-only and works without arguments, so none is called unasked")


async def lose_server(editor: Editor, transport: str) -> bool:
    """Kill the server and show that the sidecar notices; False where there is no process to kill."""
    if transport != "stdio":
        return False
    heading("the server is killed")
    while not editor.states.empty():
        editor.states.get_nowait()
    for process in psutil.Process(editor.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    async with asyncio.timeout(LOSS_TIMEOUT):
        while (status := await editor.states.get())["state"] == "connected":
            pass
    error = status["error"]
    details = error["details"]
    say(f"    {error['kind']}: {error['message']}")
    say(f"    what to do: {error['suggestion']}")
    facts = {key: details[key] for key in ("exitCode", "signal") if details.get(key) is not None}
    say(f"    {short(facts)}")
    for line in (details.get("stderr") or [])[-3:]:
        say(f"    stderr: {short(line)}", "90")
    return True


async def demonstrate(editor: Editor, target: str, *, own: bool) -> int:
    """Go through the whole job."""
    heading("start the sidecar, as an editor does")
    result = await editor.initialize()
    mcp = result["capabilities"]["experimental"]["mcp"]
    say(f"    mcp-sidecar {mcp['version']}, {len(mcp['methods'])} methods")

    heading(f"mcp/connect {target}")
    status = await editor.request("mcp/connect", {"url": target})
    if status["server"].get("instructions"):
        say(f"    instructions: {short(status['server']['instructions'])}")

    heading("mcp/tools/list")
    tools: list[Json] = []
    if "tools" in status["server"]["capabilities"]:
        listed = await editor.request("mcp/tools/list")
        tools = listed["tools"]
        show_tools(tools, listed["_meta"]["mcp-sidecar/durationMs"])
    else:
        say("    the server has no tools")

    heading("mcp/tools/call")
    await (call_harmless_tool(editor, tools) if own else call_example_tools(editor))

    heading("mcp/status")
    status = await editor.request("mcp/status")
    say(f"    {json.dumps(status['statistics'])}")

    if await lose_server(editor, status["target"]["transport"]):
        heading("mcp/reconnect")
        await editor.request("mcp/reconnect")

    heading("mcp/disconnect")
    await editor.request("mcp/disconnect")

    heading("shutdown, exit")
    code = await editor.end()
    say(f"    the sidecar ended with exit code {code}")
    return code


async def run(target: str, *, own: bool) -> int:
    """Run the demo; every failure says what happened and what to do."""
    editor = await Editor.start()
    try:
        return await demonstrate(editor, target, own=own)
    except Failed as error:
        say(f"\n✖ {error}", "31")
        if error.suggestion:
            say(f"  {error.suggestion}")
    except TimeoutError:
        say(f"\n✖ the loss of the server was not noticed within {LOSS_TIMEOUT:g} s", "31")
    finally:
        await editor.kill()
    return 1


def main() -> int:
    """Run the demo as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", metavar="TARGET", help=f"a URL, a path, or a command line; {EXAMPLE} if left out")
    target: str | None = parser.parse_args().target
    if sys.stdout.encoding.lower() != "utf-8" and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")  # A Windows console.
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(run(target or os.path.relpath(ROOT / EXAMPLE), own=target is not None))
    return 130


if __name__ == "__main__":
    sys.exit(main())
