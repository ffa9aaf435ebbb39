"""What a server answered, as Markdown: for editors that show files. Any JSON may come."""

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from mcp_sidecar.views.formats import format_duration, format_size, measure, one_line
from mcp_sidecar.views.json_text import byte_size, lay_out, read_container
from mcp_sidecar.views.resource_file import file_name

Attach = Callable[[str, bytes], str]
"""Keeps what is no text, under a name like this, and returns where it is."""

LONGEST_TEXT: Final = 4_000_000
"""Characters of one block; of what is longer, the beginning is shown."""

_MOST_ITEMS: Final = 500
_MOST_COUNTED: Final = 50_000
"""Values that are counted to tell a size."""

# Editors take settings out of the first and last five lines of a file (Vim's modelines), and out of its last page
# (Emacs's file variables, which a form feed ends). Those lines must not be the server's.
_HEAD: Final = """\
<!--
What an MCP server answered, as MCP Sidecar shows it: all below is the server's.
The file is deleted when the sidecar ends.

-->
"""
_FOOT: Final = "\n<!--\n\f\nEnd of the answer\n\n-->\n"

_DURATION: Final = "mcp-sidecar/durationMs"
_PROBLEMS: Final = "mcp-sidecar/problems"

_NAMED: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""The methods whose results are shown as what they are, and the param that says of what."""


def subject(method: str, params: Any) -> str:
    """What a request is about, for a title: a tool's or prompt's name, a resource's URI, or the method."""
    named = params.get(_NAMED.get(method, "name")) if isinstance(params, dict) else None
    return one_line(named, 200) or method


def brief(method: str, result: Any) -> str | None:
    """The line that says all there is; None for a result that has something to read.

    Args:
        method: without `mcp/`.
        result: as JSON.
    """
    known = result if isinstance(result, dict) else {}
    if method in ("connect", "disconnect", "reconnect"):
        return _state(known)
    if method == "consent":
        if isinstance(status := known.get("status"), dict):
            return _state(status)
        return "allowed" if known.get("allowed") else "denied"
    if known.keys() <= {"_meta"} and _PROBLEMS not in _meta(known):
        duration = measure(_meta(known).get(_DURATION))
        return f"{method}: done" + (f" in {format_duration(duration)}" if duration is not None else "")
    return None


def _state(status: dict[str, Any]) -> str:
    server, target = status.get("server") or {}, status.get("target") or {}
    state = str(status.get("state"))
    if state != "connected":
        return state
    name = one_line(server.get("name"), 30) or one_line(target.get("name"), 30)
    about = [one_line(server.get("version"), 12), one_line(target.get("transport"), 20)]
    return f"connected to {name} {' '.join(f'({each})' for each in about[1:])}".strip() if name else state


def result_text(method: str, params: Any, result: Any, *, server: str, at: datetime, attach: Attach) -> str:
    """Return the text.

    Args:
        method: without `mcp/`.
        params: as they were sent, as JSON.
        result: the result, as JSON.
        server: whose it is.
        at: when it came.
        attach: see `Attach`.
    """
    parts = [
        f"{_HEAD}\n# {subject(method, params)}\n",
        " · ".join([*_facts(method, result, server), f"{at.astimezone():%Y-%m-%d %H:%M:%S}"]) + "\n",
        *_problems(result),
    ]
    text = result.get("text") if isinstance(result, dict) else None
    if method in ("trace", "log", "prefill") and isinstance(text, str):
        return "\n".join([*parts, _fenced(text, "jsonc" if method == "prefill" else "text")]) + _FOOT
    if method == "inspect":
        parts += _inspection(result)
    shown = list(_PRESENTED[method](result, attach)) if method in _PRESENTED else []
    parts += shown
    if isinstance(params, dict) and (sent := {key: params[key] for key in params if key != "_meta"}):
        parts.append(_section("Sent", _json(sent)))
    parts.append(_section("Whole answer" if shown else "Answer", _json(result)))
    return "\n".join(parts) + _FOOT


def _meta(result: Any) -> dict[str, Any]:
    meta = result.get("_meta") if isinstance(result, dict) else None
    return meta if isinstance(meta, dict) else {}


def _facts(method: str, result: Any, server: str) -> list[str]:
    facts = [one_line(server, 100), method]
    if isinstance(result, dict) and result.get("isError") is True:
        facts.append("**tool error (isError)**")
    if (duration := measure(_meta(result).get(_DURATION))) is not None:
        facts.append(format_duration(duration))
    size, is_all = byte_size(result, _MOST_COUNTED)
    return [*facts, format_size(size) if is_all else f"over {format_size(size)}"]


def _problems(result: Any) -> Iterator[str]:
    problems = _meta(result).get(_PROBLEMS)
    for problem in problems[:_MOST_ITEMS] if isinstance(problems, list) else ():
        known = problem if isinstance(problem, dict) else {"message": problem}
        yield f"**Problem** {' '.join(one_line(_plain(known.get(key)), 400) for key in ('rule', 'path', 'message'))}\n"


def _inspection(result: Any) -> Iterator[str]:
    findings = result.get("findings") if isinstance(result, dict) else None
    if not findings:
        yield "Nothing is wrong.\n"
    for finding in findings or ():
        place = finding.get("place") or {}
        where = " ".join(one_line(_plain(place[key]), 100) for key in ("kind", "name", "path") if place.get(key))
        told = [finding.get("message"), finding.get("suggestion")]
        words = " ".join(one_line(_plain(each), 500) for each in told if each is not None)
        yield f"- **{finding.get('severity')}** {where} `{finding.get('rule')}`: {words}"
    yield ""


def _contents(result: Any, attach: Attach) -> Iterator[str]:
    """Of `tools/call`."""
    content = result.get("content") if isinstance(result, dict) else None
    texts = []
    for block in content[:_MOST_ITEMS] if isinstance(content, list) else ():
        texts.append(block.get("text") if isinstance(block, dict) else None)
        yield _block(block, attach)
    if isinstance(result, dict) and "structuredContent" in result:
        structured = result["structuredContent"]
        if not any(isinstance(text, str) and _is_same(text, structured) for text in texts):
            yield _section("Structured content", _json(structured))


def _messages(result: Any, attach: Attach) -> Iterator[str]:
    """Of `prompts/get`."""
    messages = result.get("messages") if isinstance(result, dict) else None
    for message in messages[:_MOST_ITEMS] if isinstance(messages, list) else ():
        known = message if isinstance(message, dict) else {}
        content = known.get("content")
        blocks: Sequence[Any] = content if isinstance(content, list) else [content]
        shown = "\n".join(_block(block, attach) for block in blocks[:_MOST_ITEMS])
        yield _section(one_line(known.get("role"), 80) or "Message", shown)


def _resources(result: Any, attach: Attach) -> Iterator[str]:
    """Of `resources/read`."""
    contents = result.get("contents") if isinstance(result, dict) else None
    for content in contents[:_MOST_ITEMS] if isinstance(contents, list) else ():
        yield _block({"type": "resource", "resource": content}, attach)


_PRESENTED: Final[dict[str, Callable[[Any, Attach], Iterator[str]]]] = {
    "tools/call": _contents,
    "prompts/get": _messages,
    "resources/read": _resources,
}


def _block(block: Any, attach: Attach) -> str:
    """One of MCP's content blocks."""
    match block:
        case {"type": "text", "text": str(text)}:
            return _text(text)
        case {"type": "image" | "audio", "data": str(data)} if (decoded := _decoded(data)) is not None:
            return _attached(None, block.get("mimeType"), decoded, attach)
        case {"type": "resource", "resource": {"text": str(text)} as resource}:
            return f"{one_line(_plain(resource.get('uri')), 400)}\n\n{_text(text)}"
        case {"type": "resource", "resource": {"blob": str(blob)} as resource} if (
            decoded := _decoded(blob)
        ) is not None:
            return _attached(resource.get("uri"), resource.get("mimeType"), decoded, attach)
    return _json(block)


def _attached(uri: Any, mime_type: Any, data: bytes, attach: Attach) -> str:
    name = file_name(uri, mime_type, is_text=False)
    return f"{one_line(_plain(mime_type), 100)}, {format_size(len(data))}: {attach(name, data)}\n"


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _text(text: str) -> str:
    value = read_container(text) if len(text) <= LONGEST_TEXT else None
    return _fenced(text, "text") if value is None else _json(value)


def _json(value: Any) -> str:
    text, is_whole = lay_out(value, LONGEST_TEXT)
    return _fenced(text if is_whole else f"{text}\n… [cut]", "json")


def _fenced(text: str, language: str) -> str:
    """A block that nothing in it can end."""
    text = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}\n… [cut]"
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.removesuffix(chr(10))}\n{fence}\n"


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else lay_out(value, 500, indented=False).text


def _is_same(text: str, value: Any) -> bool:
    read = read_container(text) if len(text) <= LONGEST_TEXT else None
    return read is not None and lay_out(read, LONGEST_TEXT) == lay_out(value, LONGEST_TEXT)
