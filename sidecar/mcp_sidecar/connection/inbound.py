"""Reads what a server sent: tolerant of everything that can be understood, loud about what is wrong with it.

JSON-RPC 2.0, sections 4 and 5; MCP, "Base protocol: Messages". The plain SDK drops what it can't validate, and the
request that waits for it hangs; here each message becomes an answer, a failure of the request it answers, or a report.
"""

import codecs
import json
import logging
import math
import re
from typing import Any

from mcp_sidecar.connection.channel import ChannelEvents, Message, RequestId
from mcp_sidecar.connection.errors import ProtocolError
from mcp_sidecar.defects import log_defect

logger = logging.getLogger(__name__)

_EXCERPT = 500
"""Characters of a bad message that a report shows."""

_ID_IN_TEXT = re.compile(rb'"id"\s*:\s*(\d{1,18}|"[^"\\]{1,100}")')


def excerpt(raw: bytes | str) -> str:
    """The beginning of a bad message, fit to be shown."""
    text = raw[: _EXCERPT * 4].decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"


def read(raw: bytes, events: ChannelEvents, *, rule: str = "") -> None:
    """Hand the message in `raw` to `events`; blank input is ignored.

    Args:
        raw: what the server sent as one message.
        events: who is told.
        rule: what to add when it is no message at all.
    """
    raw = raw.strip()
    problems = []
    if raw.startswith(codecs.BOM_UTF8):
        raw = raw.removeprefix(codecs.BOM_UTF8)
        problems.append("a byte order mark before the message")
    if not raw:
        return
    if raw[0] not in b"{[":
        events.tap.received(raw, None)
        events.violated(f"not a protocol message{rule}", excerpt(raw))
        return
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        text = raw.decode("utf-8", "replace")
        problems.append(f"invalid UTF-8 at byte {error.start}; read with replacement characters")
    try:
        value = _decode(text)
    except RecursionError:
        events.tap.received(raw, None)
        _unreadable(raw, "nested too deep to be read", events)
        return
    except ValueError as error:
        events.tap.received(raw, None)
        _unreadable(raw, f"not JSON: {error}", events)
        return
    events.tap.received(raw, value)
    if isinstance(value, list):  # legal in 2025-03-26 only
        problems.append("a JSON-RPC batch; its messages are read one by one")
    for problem in problems:
        events.violated(problem, excerpt(text))
    for item in value if isinstance(value, list) else [value]:
        try:
            _read_one(item, text, problems, events)
        except Exception as error:  # noqa: BLE001 - what comes after it must still be read
            log_defect(logger, "a message of the server could not be handled", error)
            _unhandled(item, text, events)


def discard(head: bytes, size: int, limit: int, events: ChannelEvents) -> None:
    """Report a message that was longer than `limit` bytes and not kept.

    Args:
        head: its first bytes, where most servers put the id.
        size: bytes seen so far.
    """
    events.tap.received(head, None, size)
    problem = f"a message of more than {limit} bytes ({size} bytes seen) was dropped"
    _unreadable(head, problem, events)


def _unreadable(raw: bytes, problem: str, events: ChannelEvents) -> None:
    """Fail the request that a message was meant for, when that can be told, and report it in any case."""
    events.violated(problem, excerpt(raw))
    found = _ID_IN_TEXT.search(raw[:512]) or _ID_IN_TEXT.search(raw[-512:])
    if found and b'"method"' not in raw[:512]:
        text = found.group(1).decode("utf-8", "replace")
        request_id: RequestId = text.strip('"') if text.startswith('"') else int(text)
        if request_id in events.pending():
            events.failed(request_id, _broken(f"The server's answer can't be read: {problem}.", excerpt(raw)))


def _unhandled(item: Any, text: str, events: ChannelEvents) -> None:
    """As `_unreadable`, for a message that was read: here its id is known."""
    events.violated("a message that could not be handled", excerpt(text))
    request_id = item.get("id") if isinstance(item, dict) and "method" not in item else None
    if isinstance(request_id, int | str) and request_id in events.pending():
        events.failed(request_id, _broken("The server's answer could not be handled.", excerpt(text)))


def _read_one(value: Any, text: str, problems: list[str], events: ChannelEvents) -> None:
    if not isinstance(value, dict):
        events.violated("not a JSON-RPC message: expected an object", excerpt(text))
        return
    if "method" in value:
        _read_call(value, text, events)
    elif "id" in value or "result" in value or "error" in value:
        _read_answer(value, text, problems, events)
    else:
        events.violated("not a JSON-RPC message: neither a method nor an id", excerpt(text))


def _read_call(message: Message, text: str, events: ChannelEvents) -> None:
    """A request or a notification of the server."""
    if not isinstance(message["method"], str):
        events.violated("a JSON-RPC method that is no string", excerpt(text))
        return
    if message.get("jsonrpc") != "2.0":
        events.violated('a message without "jsonrpc": "2.0"', excerpt(text))
    if "params" in message and message["params"] is None:
        events.violated("params that are null; they were taken for absent", excerpt(text))
        message = {name: value for name, value in message.items() if name != "params"}
    if not isinstance(message.get("params", {}), dict):
        events.violated("MCP params must be an object", excerpt(text))
        return
    if "id" in message and not _is_id(message["id"]):
        events.violated("a request whose id is neither a string nor an integer", excerpt(text))
        return
    events.received(message)


def _read_answer(message: Message, text: str, noticed: list[str], events: ChannelEvents) -> None:
    request_id = message.get("id")
    problems = []
    if message.get("jsonrpc") != "2.0":
        problems.append('the answer lacks "jsonrpc": "2.0"')
    pending = events.pending()
    if not _is_id(request_id):
        # JSON-RPC 2.0, section 5: null when the server could not detect the id. Only one request can be meant?
        pending = set(pending).difference(events.standing())
        if len(pending) != 1:
            events.violated(f"an answer with the id {_shown(request_id)}", excerpt(text))
            return
        problems.append(f"the answer's id is {_shown(request_id)}; it was taken for the only request under way")
        request_id = next(iter(pending))
    elif request_id not in pending and (twin := _twin(request_id)) in pending:
        problems.append(f"the answer's id is {_shown(request_id)} where the request's was {_shown(twin)}")
        request_id = twin
    for problem in problems:
        events.violated(problem, excerpt(text))
    assert isinstance(request_id, int | str)
    error, result = message.get("error"), message.get("result")
    if error is not None:
        if "result" in message and result is not None:
            events.violated("an answer with both a result and an error; the error counts", excerpt(text))
        if not (isinstance(error, dict) and _is_integer(error.get("code")) and isinstance(error.get("message"), str)):
            events.violated("an error without an integer code and a message", excerpt(text))
            events.failed(request_id, _broken("The server answered with a malformed error.", excerpt(text)))
            return
        events.received({"jsonrpc": "2.0", "id": request_id, "error": error})
    elif isinstance(result, dict):
        if "error" in message:
            problems.append('the answer has "error": null beside its result')
        for problem in (*noticed, *problems):
            events.flawed(request_id, problem)
        events.received({"jsonrpc": "2.0", "id": request_id, "result": result})
    else:
        what = f"a result that is no object: {_shown(result)}" if "result" in message else "no result"
        events.violated(f"an answer with {what}", excerpt(text))
        events.failed(request_id, _broken(f"The server answered with {what}.", excerpt(text)))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    """A number; JSON has no word for the infinity that one beyond a float's range becomes."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:20]} is beyond the range of numbers")
    return value


_decode = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite).decode


def _shown(value: object) -> str:
    """A value as JSON, cut to a readable length."""
    try:
        return excerpt(json.dumps(value))
    except RecursionError:  # the reader gets a little deeper than the writer
        return "something nested too deep to be shown"


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_id(value: object) -> bool:
    return isinstance(value, str) or _is_integer(value)


def _twin(request_id: Any) -> Any:
    """The same id in the other type: 7 for "7"."""
    if isinstance(request_id, int):
        return str(request_id)
    return int(request_id) if request_id.isascii() and request_id.isdigit() and len(request_id) < 19 else None


def _broken(message: str, raw: str) -> ProtocolError:
    return ProtocolError(
        message,
        suggestion="Mend the server's answer: it must be one JSON-RPC 2.0 object with an object as its result.",
        details={"received": raw},
    )
