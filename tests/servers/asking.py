"""A FastMCP server whose tools ask the client: elicitation, sampling, roots.

    python asking.py [--transport stdio|http|sse] [--port PORT]

HTTP servers are ready when their port answers; `/mcp` is the path of `http`, `/sse` that of `sse`.
"""

import argparse
import asyncio
import json
from dataclasses import dataclass
from typing import Any, Literal

from fastmcp import Context, FastMCP
from mcp.types import (
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)

mcp: FastMCP[Any] = FastMCP("asking", version="1.0.0")


@dataclass
class Trip:
    """What a form can ask for."""

    city: str
    days: int
    budget: float
    guide: bool
    comfort: Literal["plain", "grand"]


def _shown(answer: Any) -> str:
    data = getattr(answer, "data", None)
    return f"{answer.action}: {data.__dict__ if isinstance(data, Trip) else data}"


@mcp.tool
async def ask_trip(ctx: Context) -> str:
    """Ask for all kinds of fields."""
    return _shown(await ctx.elicit("Where to?", response_type=Trip))


@mcp.tool
async def ask_choice(ctx: Context) -> str:
    """Ask for one of two."""
    return _shown(await ctx.elicit("Which one?", response_type=["red", "green"]))


@mcp.tool
async def ask_confirmation(ctx: Context) -> str:
    """Ask whether to go on."""
    return _shown(await ctx.elicit("Go on?", response_type=bool))


@mcp.tool
async def ask_model(ctx: Context) -> str:
    """Ask the client's model."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text="Say hello."))
    answer = await ctx.session.create_message([message], max_tokens=10, related_request_id=ctx.request_id)
    return f"the model said: {getattr(answer.content, 'text', None)}"


@mcp.tool
async def sleep(seconds: float) -> str:
    """Take that many seconds."""
    await asyncio.sleep(seconds)
    return "slept"


@mcp.tool
async def list_roots(ctx: Context) -> str:
    """Give the client's roots."""
    return json.dumps([str(root.uri) for root in (await ctx.session.list_roots()).roots])


@mcp.tool
async def guard(ctx: Context) -> str | InputRequiredResult:
    """Ask in a round of its own (2026-07-28)."""
    answers = ctx.input_responses
    if answers is None:
        params = ElicitRequestFormParams(
            message="Your name?",
            requested_schema={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        )
        wanted: dict[str, InputRequest] = {"name": ElicitRequest(params=params), "roots": ListRootsRequest()}
        return InputRequiredResult(input_requests=wanted, request_state="opaque")
    said = {key: answer.model_dump(mode="json", exclude_none=True) for key, answer in answers.items()}
    return json.dumps({"state": ctx.request_state, **said})


def main() -> None:
    """Serve as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transport", choices=["stdio", "http", "sse"], default="stdio")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    if options.transport == "stdio":
        mcp.run(transport="stdio", show_banner=False)
    else:
        mcp.run(transport=options.transport, port=options.port, show_banner=False, log_level="WARNING")


if __name__ == "__main__":
    main()
