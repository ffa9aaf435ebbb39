"""What a server answered, as a page. Broken servers are what this tool is for: any JSON may come."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from mcp_sidecar.views.blocks import LONGEST_TEXT, MOST_ITEMS, Blocks, cut, plain
from mcp_sidecar.views.formats import format_duration, format_size, measure, one_line
from mcp_sidecar.views.inspection import inspection
from mcp_sidecar.views.json_text import byte_size, lay_out_whole
from mcp_sidecar.views.markup import Html, html
from mcp_sidecar.views.page import Header, page

TOOL_CALL: Final = "tools/call"
PROMPT: Final = "prompts/get"
RESOURCE: Final = "resources/read"
INSPECTION: Final = "inspect"
"""The sidecar's own, which is shown like a request of MCP."""

MOST_COUNTED: Final = 50_000
"""Values of a result that are counted to tell its size; of what has more, only that it is larger."""


@dataclass(frozen=True)
class Result:
    """The server's answer."""

    value: Any


@dataclass(frozen=True)
class Failure:
    """Why there is no answer: a JSON-RPC error."""

    message: str
    code: int | None = None
    data: Any = None


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and what came of it."""

    method: str
    params: Any
    at: datetime
    server: str | None = None
    outcome: Result | Failure | None = None
    """None while the request is under way."""


class Rendering(NamedTuple):
    """A page."""

    html: str
    is_cut: bool
    """Whether something was too long for it."""


def render(exchange: Exchange, open_whole: str | None = None, open_part: str | None = None) -> Rendering:
    """Return the page.

    Args:
        exchange: what to show.
        open_whole: a `command:` or `file:` URI that opens the whole result, for what the page had to cut.
        open_part: a `command:` URI that opens one of the `parts`, with its index as its argument.
    """
    blocks = Blocks(open_whole, open_part)
    answer = _answer(blocks, exchange)
    header = Header(
        title=title(exchange),
        outcome=answer.outcome,
        kind=answer.kind,
        facts=[one_line(exchange.server, 200)] * bool(exchange.server) + answer.facts,
        at=exchange.at,
    )
    body = html("{}\n{}\n{}", answer.body, _sent(blocks, exchange), _raw(blocks, exchange))
    return Rendering(page(header, body), blocks.is_cut)


def title(exchange: Exchange) -> str:
    """Return what the exchange is called: a tool's or prompt's name, a resource's URI, or the method."""
    params = exchange.params if isinstance(exchange.params, dict) else {}
    key = {TOOL_CALL: "name", PROMPT: "name", RESOURCE: "uri"}.get(exchange.method, "")
    name = one_line(params.get(key), 200)
    return "Inspection" if exchange.method == INSPECTION else name or one_line(exchange.method, 200)


def whole(exchange: Exchange) -> str:
    """Return the answer as JSON, all of it."""
    match exchange.outcome:
        case Result(value):
            return lay_out_whole(value)
        case Failure(message, code, data):
            return lay_out_whole({"message": message, "code": code, "data": data})
    return "null"


class _Answer(NamedTuple):
    outcome: str
    kind: Literal["ok", "bad", "busy"]
    facts: list[str]
    body: Html


def _answer(blocks: Blocks, exchange: Exchange) -> _Answer:
    match exchange.outcome:
        case None:
            return _Answer("Running", "busy", [], html("<p>Waiting for the answer…</p>"))
        case Failure() as failure:
            return _Answer("Failed", "bad", [], _failure(blocks, failure))
    result = exchange.outcome.value
    is_tool = exchange.method == TOOL_CALL
    has_failed = is_tool and isinstance(result, dict) and result.get("isError") is True
    return _Answer(
        "Tool error (isError)" if has_failed else "Result",
        "bad" if has_failed else "ok",
        _facts(result),
        html("{}{}", _problems(blocks, result), _PRESENTATIONS.get(exchange.method, _result)(blocks, result)),
    )


def _sent(blocks: Blocks, exchange: Exchange) -> Html | None:
    params = exchange.params
    if exchange.method in (TOOL_CALL, PROMPT) and isinstance(params, dict):
        return blocks.folded("Arguments sent", params["arguments"]) if "arguments" in params else None
    return None if params is None else blocks.folded("Params sent", params)


def _raw(blocks: Blocks, exchange: Exchange) -> Html | None:
    if exchange.method in _PRESENTATIONS and isinstance(exchange.outcome, Result):
        return blocks.folded("Raw result", exchange.outcome.value)
    return None


def _meta(result: Any) -> dict[str, Any]:
    """What the sidecar added to the result, among others."""
    meta = result.get("_meta") if isinstance(result, dict) else None
    return meta if isinstance(meta, dict) else {}


def _facts(result: Any) -> list[str]:
    duration = measure(_meta(result).get("mcp-sidecar/durationMs"))
    own = {key: value for key, value in result.items() if key != "_meta"} if isinstance(result, dict) else result
    size, is_all = byte_size(own, MOST_COUNTED)
    counted = format_size(size) if is_all else f"over {format_size(size)}"
    return [counted] if duration is None else [format_duration(duration), counted]


def _failure(blocks: Blocks, failure: Failure) -> Html:
    data = dict(failure.data) if isinstance(failure.data, dict) else {"details": failure.data}
    suggestion, details = data.pop("suggestion", None), data.pop("details", None)
    known = dict(details) if isinstance(details, dict) else {} if details is None else {"details": details}
    stderr = known.pop("stderr") if isinstance(known.get("stderr"), list) else None
    code = {} if failure.code is None else {"code": failure.code}
    kind = {"kind": data.pop("kind")} if "kind" in data else {}
    items, note = blocks.first([*(kind | code | data | known).items()])
    rows = [html("<dt>{}</dt><dd>{}</dd>", cut(name), blocks.shown(value)) for name, value in items]
    return html(
        """<section class="box error"><h2>Error</h2>{}{}</section>\n{}\n{}""",
        blocks.paragraph(failure.message),
        None if suggestion is None else blocks.paragraph(suggestion),
        blocks.section("Last lines of the server's stderr", _lines(blocks, stderr))
        if isinstance(stderr, list)
        else None,
        blocks.section("Details", html("<dl>{}</dl>{}", rows, note)) if rows else None,
    )


def _lines(blocks: Blocks, lines: list[Any]) -> Html:
    items, note = blocks.first(lines)
    return html("{}{}", note, blocks.text("\n".join(plain(line) for line in items)))


def _problems(blocks: Blocks, result: Any) -> Html | None:
    problems = _meta(result).get("mcp-sidecar/problems")
    if not isinstance(problems, list) or not problems:
        return None
    shown, note = blocks.first(problems)
    items = [_problem(blocks, problem) for problem in shown]
    head = "The result breaks the rules"
    return html('<section class="box warning"><h2>{}</h2><ul>{}</ul>{}</section>', head, items, note)


def _problem(blocks: Blocks, problem: Any) -> Html:
    known = problem if isinstance(problem, dict) else {"message": problem}
    where = [html("<code>{}</code> ", plain(known[key])) for key in ("rule", "path") if key in known]
    return html("<li>{}<p>{}</p></li>", blocks.paragraph(known.get("message")), where)


def _result(blocks: Blocks, result: Any) -> Html:
    """The result of a method whose results have no presentation of their own."""
    return blocks.section("Result", blocks.json(result))


def _tool_result(blocks: Blocks, result: Any) -> Html:
    if not isinstance(result, dict) or not {"content", "structuredContent"} & result.keys():
        return blocks.section("Not the result of a tool call", blocks.json(result))
    parts = []
    content = result.get("content", [])
    if isinstance(content, list):
        items, note = blocks.first(content)
        shown = [blocks.content(item) for item in items]
        parts.append(blocks.section("Content", html("{}{}", note, shown or "Nothing.")))
    else:
        parts.append(blocks.section("Content that is no list", blocks.json(content)))
        items = []
    if "structuredContent" in result:
        structured = result["structuredContent"]
        texts = (item.get("text") for item in items if isinstance(item, dict))
        if not any(_is_same(text, structured) for text in texts):
            parts.append(blocks.section("Structured content", blocks.json(structured)))
    return html("{}", parts)


def _resource(blocks: Blocks, result: Any) -> Html:
    contents = contents_of(result)
    if contents is None:
        return blocks.section("Not the contents of a resource", blocks.json(result))
    items, note = blocks.first(contents)
    shown = [_content(blocks, item, number) for number, item in enumerate(items)]
    return blocks.section("Contents", html("{}{}", note, shown or "Nothing."))


def contents_of(result: Any) -> list[Any] | None:
    """Return what the result of `resources/read` holds; None for what is none."""
    contents = result.get("contents") if isinstance(result, dict) else None
    return contents if isinstance(contents, list) else None


def _content(blocks: Blocks, content: Any, number: int) -> Html:
    resource = content if isinstance(content, dict) else {}
    shown = blocks.resource(resource, [plain(resource["uri"])] if "uri" in resource else [], number)
    return shown or blocks.unknown(content)


def _messages(blocks: Blocks, result: Any) -> Html:
    messages = result.get("messages") if isinstance(result, dict) else None
    if not isinstance(messages, list):
        return blocks.section("Not the messages of a prompt", blocks.json(result))
    told = blocks.paragraph(result["description"]) if result.get("description") is not None else None
    items, note = blocks.first(messages)
    shown = [_message(blocks, item) for item in items]
    return html("{}{}{}", told, note, shown or blocks.section("Messages", "None."))


def _message(blocks: Blocks, message: Any) -> Html:
    match message:
        case {"role": str(role), "content": content}:
            # A list is none of MCP's, and yet what several servers send.
            parts = content if isinstance(content, list) else [content]
            return blocks.section(one_line(role, 80), [blocks.content(part) for part in parts[:MOST_ITEMS]])
    return blocks.section("Not a message", blocks.json(message))


_PRESENTATIONS: Final[dict[str, Callable[[Blocks, Any], Html]]] = {
    TOOL_CALL: _tool_result,
    RESOURCE: _resource,
    PROMPT: _messages,
    INSPECTION: inspection,
}
"""The methods whose results are shown as what they are."""


def _is_same(text: Any, value: Any) -> bool:
    """Whether a text is a value as JSON, as MCP recommends; the value is seen already then."""
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        return False
    try:
        read = json.loads(text)
        # In Python, true equals 1.
        return bool(read == value) and json.dumps(read, sort_keys=True) == json.dumps(value, sort_keys=True)
    except (ValueError, RecursionError):
        return False
