"""What a server asks of a language model, in short: to read before it is allowed (MCP 2025-11-25, "Sampling")."""

from collections.abc import Mapping
from typing import Any, Final

_LONGEST: Final = 500
"""Characters of a prompt and of a message; whoever wants to read more reads the request."""

_DEEPEST: Final = 20


def sampling_text(request: Mapping[str, Any]) -> str:
    """Return the paragraphs of the text.

    Args:
        request: the params of `sampling/createMessage`; any JSON object.
    """
    messages, tools = (_list(request.get(name)) for name in ("messages", "tools"))
    prompt, last = request.get("systemPrompt"), text_in(_record(messages[-1]).get("content")) if messages else ""
    names = ", ".join(str(_record(tool).get("name")) for tool in tools)
    paragraphs = [
        f"Messages: {len(messages)}. At most {request.get('maxTokens')} tokens.",
        f"System prompt: {_short(prompt)}" if isinstance(prompt, str) and prompt else "",
        f"Last message: {_short(last)}" if last else "The last message has no text.",
        f"It may use tools of the server: {_short(names)}" if names else "",
    ]
    return "\n\n".join(filter(None, paragraphs))


def text_in(content: Any, depth: int = 0) -> str:
    """The text of a message's content, as far as it is text, or the result of a tool that is."""
    blocks = [_record(block) for block in (content if isinstance(content, list) else [content])]
    texts = [
        block["text"]
        if isinstance(block.get("text"), str)
        else text_in(block.get("content"), depth + 1)
        if "content" in block and depth < _DEEPEST
        else ""
        for block in blocks
    ]
    return "\n".join(filter(None, texts))


def _short(text: str) -> str:
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _record(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
