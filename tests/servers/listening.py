"""A server on the official SDK, FastMCP aside, that announces what `subscriptions/listen` of 2026-07-28 asks for.

python listening.py [--transport stdio|http] [--port PORT] [--json]
"""

import argparse
import asyncio
from typing import Any

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("listening")
cancelled = 0


@server.resource("note://1")
def note() -> str:
    """Give a note."""
    return "a note"


@server.prompt()
def greet() -> str:
    """Greet somebody."""
    return "Greet."


@server.tool()
async def touch(uri: str, ctx: Context[Any, Any]) -> str:
    """Announce that this resource was updated."""
    await ctx.notify_resource_updated(uri)
    return "touched"


@server.tool()
async def announce(what: str, ctx: Context[Any, Any]) -> str:
    """Announce that the list of `tools`, `resources` or `prompts` changed."""
    await getattr(ctx, f"notify_{what}_changed")()
    return "announced"


@server.tool()
async def wait() -> str:
    """Wait until it is cancelled."""
    global cancelled
    try:
        await asyncio.Event().wait()
    finally:
        cancelled += 1
    return "never"


@server.tool()
def cancellations() -> int:
    """Give the number of calls of `wait` that ended."""
    return cancelled


def main() -> None:
    """Serve as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transport", choices=["stdio", "http", "sse"], default="stdio")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--json", action="store_true", help="answer POSTs with JSON instead of an SSE stream")
    options = parser.parse_args()
    if options.transport == "stdio":
        server.run("stdio")
    elif options.transport == "http":
        server.run("streamable-http", port=options.port, json_response=options.json)
    else:
        server.run("sse", port=options.port)


if __name__ == "__main__":
    main()
