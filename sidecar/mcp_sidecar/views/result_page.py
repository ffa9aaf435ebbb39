"""What a server answered, as a page. Broken servers are what this tool is for: any JSON may come."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from mcp_sidecar.views.blocks import LONGEST_TEXT, Blocks, cut, plain
from mcp_sidecar.views.formats import format_duration, format_size, measure, one_line
from mcp_sidecar.views.json_text import byte_size, lay_out_whole
from mcp_sidecar.views.markup import Html, html
from mcp_sidecar.views.page import Header, page

TOOL_CALL: Final = "tools/call"

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


def render(exchange: Exchange, open_whole: str | None = None) -> Rendering:
    """Return the page.

    Args:
        exchange: what to show.
        open_whole: a `command:` or `file:` URI that opens the whole result, for what the page had to cut.
    """
    blocks = Blocks(open_whole)
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
    """Return what the exchange is called: a tool's name, or the method."""
    params = exchange.params if isinstance(exchange.params, dict) else {}
    name = one_line(params.get("name"), 200) if exchange.method == TOOL_CALL else ""
    return name or one_line(exchange.method, 200)


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
        html("{}{}", _problems(blocks, result), _tool_result(blocks, result) if is_tool else _result(blocks, result)),
    )


def _sent(blocks: Blocks, exchange: Exchange) -> Html | None:
    params = exchange.params
    if exchange.method == TOOL_CALL and isinstance(params, dict):
        return blocks.folded("Arguments sent", params["arguments"]) if "arguments" in params else None
    return None if params is None else blocks.folded("Params sent", params)


def _raw(blocks: Blocks, exchange: Exchange) -> Html | None:
    if exchange.method == TOOL_CALL and isinstance(exchange.outcome, Result):
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
