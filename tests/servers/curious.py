"""A FastMCP server whose tools ask in rounds (2026-07-28): a form with all kinds of fields, a page, a model.

python curious.py
"""

import json
from typing import Any

from fastmcp import Context, FastMCP
from fastmcp.prompts import Message
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    CreateMessageResultWithTools,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    InputRequest,
    InputRequiredResult,
    ModelHint,
    ModelPreferences,
    SamplingMessage,
    TextContent,
    Tool,
    ToolChoice,
    ToolResultContent,
    ToolUseContent,
)

mcp: FastMCP[Any] = FastMCP("curious", version="1.0.0")

FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "email": {"type": "string", "title": "Email", "format": "email", "description": "Never shown to anybody"},
        "days": {"type": "integer", "title": "Days", "minimum": 1, "maximum": 30, "default": 7},
        "guide": {"type": "boolean", "title": "With a guide", "default": False},
        "comfort": {
            "type": "string",
            "title": "Comfort",
            "oneOf": [{"const": "p", "title": "Plain $(flame)"}, {"const": "g", "title": "Grand"}],
        },
        "meals": {
            "type": "array",
            "title": "Meals",
            "minItems": 1,
            "items": {"type": "string", "enum": ["breakfast", "lunch", "dinner"]},
        },
        "note": {"type": "string", "title": "Note"},
    },
    "required": ["email", "days", "guide", "comfort", "meals"],
}


def _asked(ctx: Context, request: InputRequest) -> str | InputRequiredResult:
    """Ask, or tell the answer."""
    if ctx.input_responses is None:
        return InputRequiredResult(input_requests={"it": request}, request_state="asked")
    answer = ctx.input_responses["it"]
    return json.dumps(answer.model_dump(mode="json", by_alias=True, exclude_none=True))


@mcp.tool
async def plan_trip(ctx: Context) -> str | InputRequiredResult:
    """Ask for all kinds of fields."""
    message = "Where to? [Click](command:workbench.action.quit) $(flame)"
    return _asked(ctx, ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=FORM)))


@mcp.tool
async def confirm(ctx: Context) -> str | InputRequiredResult:
    """Ask for a yes, by a form without fields."""
    nothing = {"type": "object", "properties": {}}
    return _asked(ctx, ElicitRequest(params=ElicitRequestFormParams(message="Really?", requested_schema=nothing)))


@mcp.tool
async def visit_page(ctx: Context) -> str | InputRequiredResult:
    """Ask for the visit of a page."""
    params = ElicitRequestURLParams(message="Please log in.", url="https://visit.example/login?next=a%20b")
    return _asked(ctx, ElicitRequest(params=params))


@mcp.tool
async def ask_model(ctx: Context) -> str | InputRequiredResult:
    """Ask the client's model."""
    said = SamplingMessage(role="user", content=TextContent(type="text", text="Say hello."))
    params = CreateMessageRequestParams(
        messages=[said],
        max_tokens=10,
        system_prompt="Be brief.",
        model_preferences=ModelPreferences(hints=[ModelHint(name="parrot")]),
    )
    return _asked(ctx, CreateMessageRequest(params=params))


CLOCK = Tool(
    name="clock",
    description="Tells the time.",
    input_schema={"type": "object", "properties": {"mode": {"type": "integer"}}},
)


@mcp.tool
async def ask_model_with_tool(ctx: Context) -> str | InputRequiredResult:
    """Ask the client's model, which may use a tool that this server then runs."""
    asked = SamplingMessage(role="user", content=TextContent(type="text", text="What is the time?"))
    if ctx.input_responses is None:
        return _sampling_with_clock(asked)
    answer = ctx.input_responses["it"]
    assert isinstance(answer, CreateMessageResultWithTools | CreateMessageResult)
    blocks = answer.content if isinstance(answer.content, list) else [answer.content]
    uses = [block for block in blocks if isinstance(block, ToolUseContent)]
    if not uses:
        return f"{answer.stop_reason}: {blocks}"
    told = TextContent(type="text", text=f"Noon, asked with {uses[0].input}.")
    result = ToolResultContent(type="tool_result", tool_use_id=uses[0].id, content=[told])
    used = SamplingMessage(role="assistant", content=list(uses))
    return _sampling_with_clock(asked, used, SamplingMessage(role="user", content=[result]))


def _sampling_with_clock(*messages: SamplingMessage) -> InputRequiredResult:
    params = CreateMessageRequestParams(
        messages=list(messages), max_tokens=10, tools=[CLOCK], tool_choice=ToolChoice(mode="required")
    )
    return InputRequiredResult(input_requests={"it": CreateMessageRequest(params=params)}, request_state="asked")


@mcp.prompt
def greet(name: str, manner: str = "kindly") -> list[Message]:
    """Greet somebody."""
    return [Message(f"Greet {name} {manner}.")]


if __name__ == "__main__":
    mcp.run(transport="stdio", show_banner=False)
