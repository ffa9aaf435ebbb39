"""A well-behaved FastMCP server with everything a client must cope with.

    python good.py [--transport stdio|http|sse] [--port PORT] [--name NAME] [--json]

HTTP servers are ready when their port answers; `/mcp` is the path of `http`, `/sse` that of `sse`.
"""

import argparse
import asyncio
import base64
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Annotated, Any, Literal

from fastmcp import Context, FastMCP
from fastmcp.tools import ToolResult
from mcp.types import (
    AudioContent,
    BlobResourceContents,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
    ToolListChangedNotification,
)
from pydantic import BaseModel, Field

mcp: FastMCP[Any] = FastMCP("good", version="2.0.1", instructions="Call `echo` first.")


def _png(width: int, height: int) -> bytes:
    """A picture that programs can show: red grows from left to right."""
    row = b"\0" + b"".join(bytes((255 * x // width, 90, 160)) for x in range(width))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _wav() -> bytes:
    """An eighth of a second of silence that programs can play."""
    samples = bytes([128]) * 1000
    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


PICTURE = base64.b64encode(_png(96, 64)).decode()
CLICK = base64.b64encode(_wav()).decode()


class Weather(BaseModel):
    """A structured result."""

    city: str
    temperature: float
    winds: list[int]
    warning: str | None = None


@mcp.tool(annotations={"readOnlyHint": True})
def echo(text: str) -> str:
    """Say it back."""
    return text


@mcp.tool(annotations={"readOnlyHint": True})
def add(a: int, b: int) -> int:
    """Add two integers."""
    return a + b


@mcp.tool
async def slow(seconds: float, ctx: Context) -> str:
    """Take that many seconds, with ten reports of progress."""
    for step in range(10):
        await ctx.report_progress(step, 10, f"step {step}")
        await asyncio.sleep(seconds / 10)
    return f"slept {seconds}"


@mcp.tool
def big(size: Annotated[int, Field(ge=0, description="bytes")]) -> ToolResult:
    """Give a long text."""
    return ToolResult(content=[TextContent(type="text", text="x" * size)])


@mcp.tool
def blocks() -> ToolResult:
    """Give one content block of each kind."""
    note = TextResourceContents(uri="note://1", mime_type="text/plain", text="a note")
    blob = BlobResourceContents(uri="blob://1", mime_type="application/octet-stream", blob=PICTURE)
    content: list[ContentBlock] = [
        TextContent(type="text", text="words"),
        ImageContent(type="image", data=PICTURE, mime_type="image/png"),
        AudioContent(type="audio", data=CLICK, mime_type="audio/wav"),
        ResourceLink(type="resource_link", uri="note://1", name="a note"),
        EmbeddedResource(type="resource", resource=note),
        EmbeddedResource(type="resource", resource=blob),
    ]
    return ToolResult(content=content)


@mcp.tool(annotations={"readOnlyHint": True})
def structured(city: str = "Oslo") -> Weather:
    """Give structured content that follows a schema."""
    return Weather(city=city, temperature=-3.5, winds=[1, 2, 3])


@mcp.tool
def fails(message: str = "It did not work.") -> str:
    """Raise an error: a result with `isError`."""
    raise ValueError(message)


@mcp.tool
def exit(code: int = 1) -> str:  # noqa: A001
    """End the server's process without an answer."""
    print(f"leaving with {code}", file=sys.stderr, flush=True)
    os._exit(code)


@mcp.tool
async def log(message: str, ctx: Context, level: Literal["debug", "info", "warning", "error"] = "info") -> str:
    """Send a log message to the client."""
    await ctx.log(message, level=level, logger_name="good")
    return "logged"


@mcp.tool
def stderr(lines: int) -> str:
    """Write lines to stderr."""
    for number in range(lines):
        print(f"stderr line {number + 1}", file=sys.stderr, flush=True)
    return "written"


@mcp.tool(annotations={"readOnlyHint": True})
def environment(names: list[str]) -> dict[str, str | None]:
    """Give the values of environment variables, null for what is not set."""
    return {name: os.environ.get(name) for name in names}


@mcp.tool(annotations={"readOnlyHint": True})
def cwd() -> str:
    """Give the working directory."""
    return str(Path.cwd())


@mcp.tool(annotations={"readOnlyHint": True})
def interpreter() -> str:
    """Give the path of the Python that runs this server."""
    return sys.executable


@mcp.tool(annotations={"readOnlyHint": True})
def pid() -> int:
    """Give the server's process id."""
    return os.getpid()


@mcp.tool
def spawn_grandchild() -> int:
    """Start a process that outlives the server and holds none of its streams; gives its id."""
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    null = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=null, stdout=null, stderr=null).pid


@mcp.tool
async def add_tool(name: str, ctx: Context) -> str:
    """Add a tool of this name and announce the change."""

    def added() -> str:
        """Say that this tool was added."""
        return f"I am {name}"

    mcp.tool(added, name=name)
    await ctx.send_notification(ToolListChangedNotification())
    return f"added {name}"


@mcp.tool
async def ask(question: str, ctx: Context) -> str:
    """Ask the user for a text (elicitation)."""
    answer = await ctx.elicit(question, response_type=str)
    return f"{answer.action}: {getattr(answer, 'data', None)}"


@mcp.resource("note://1", mime_type="text/plain")
def note() -> str:
    """Give a note."""
    return "a note"


@mcp.resource("note://{number}/copy")
def note_copy(number: int) -> str:
    """Give a copy of a note."""
    return f"copy of {number}"


@mcp.prompt
def greet(name: str, style: str = "warm") -> str:
    """Greet somebody."""
    return f"Write a {style} greeting for {name}."


def main() -> None:
    """Serve as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transport", choices=["stdio", "http", "sse"], default="stdio")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--name", default="good", help="the name the server gives itself")
    parser.add_argument("--json", action="store_true", help="answer POSTs with JSON instead of an SSE stream")
    parser.add_argument("--stateless", action="store_true", help="keep no sessions")
    options = parser.parse_args()
    mcp._mcp_server.name = options.name
    if options.transport == "stdio":
        mcp.run(transport="stdio", show_banner=False)
    elif options.transport == "http":
        mcp.run(
            transport="http",
            port=options.port,
            show_banner=False,
            json_response=options.json,
            stateless_http=options.stateless,
            log_level="WARNING",
        )
    else:
        mcp.run(transport="sse", port=options.port, show_banner=False, log_level="WARNING")


if __name__ == "__main__":
    main()
