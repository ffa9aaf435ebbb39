"""The trace: what went over the wire between the sidecar and its servers, the last of it kept, all of it told.

A frame is kept as the bytes that were at hand. It is made readable, and its secrets are masked, only for somebody who
reads it: with nobody listening the trace must cost next to nothing.
"""

import itertools
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import attrs

from mcp_sidecar.defects import log_defect

if TYPE_CHECKING:
    from mcp_sidecar.connection.redaction import Redactor

logger = logging.getLogger(__name__)

Direction = Literal["sent", "received"]
"""Which way a frame goes, as the sidecar sees it."""

FRAMES_KEPT = 1000
"""A handshake is some ten frames, so that one can still be read after many calls."""

BYTES_KEPT = 4 * 1024 * 1024
"""Of all bodies and headers that are kept."""

BODY_LIMIT = 64 * 1024
"""Bytes of one body; the rest is cut off."""

_UNANSWERED = 1000
"""Requests whose method is remembered until their answer comes; the oldest is forgotten first."""

_NAME_LENGTH = 100
"""Characters of a method or an id in the line about a frame."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_ARROWS = {"sent": "→", "received": "←"}

_SHOWN_HEADERS = frozenset({"content-length", "last-event-id", "mcp-method", "mcp-name"})
"""Headers of a request that the sidecar writes itself; beside the harmless ones only these are shown."""

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "mcp-session-id"})
"""Headers of an answer that are never shown; nor are those whose name says so, or that the request had masked."""

RawHeaders = Sequence[tuple[bytes, bytes]]


@attrs.frozen(kw_only=True)
class HttpExchange:
    """One HTTP request and what came of it, secrets removed."""

    method: str
    url: str
    request_headers: Mapping[str, str]
    status: int | None = None
    """Absent until the answer begins."""
    response_headers: Mapping[str, str] | None = None
    failure: str | None = None
    """Why no answer came."""


@attrs.frozen(kw_only=True)
class TraceFrame:
    """What went over the wire in one piece, secrets removed."""

    time: datetime
    connection: int
    """Counts the ways to a server that were tried: each program started, each transport, each reconnect."""
    direction: Direction
    message: str
    """What it was, on one line."""
    body: str | None = None
    """The text as it was on the wire; absent for an HTTP head alone. With `http`, what that carried."""
    cut: int | None = None
    """Bytes of the body that are left out, if any are."""
    http: HttpExchange | None = None
    """For an HTTP head, or an exchange that carried no message of MCP's."""


@attrs.frozen(kw_only=True)
class TraceReport:
    """The last frames, oldest first."""

    frames: tuple[TraceFrame, ...]
    dropped: int
    """Older frames that are kept no longer."""
    text: str | None = None
    """All of it as a text to read, where that was asked for in place of the frames."""


class Trace:
    """Keeps the last frames of all connections, and tells each to who listens."""

    def __init__(self) -> None:
        self.listener: Callable[[Recorded], None] | None = None
        """Called with each frame, in the order of the wire, before the frame has any effect."""
        self._kept: deque[Recorded] = deque()
        self._bytes = 0
        self._dropped = 0
        self._numbers = itertools.count(1)

    def tap(self, redactor: "Redactor") -> "Tap":
        """A tap for a new connection, whose frames are shown without the secrets that `redactor` knows."""
        return Tap(self, next(self._numbers), redactor)

    def add(self, frame: "Recorded") -> None:
        """Take the next frame; only taps call it."""
        self._kept.append(frame)
        self._bytes += frame.weight
        while len(self._kept) > FRAMES_KEPT or self._bytes > BYTES_KEPT:
            self._bytes -= self._kept.popleft().weight
            self._dropped += 1
        if self.listener is not None:
            try:
                self.listener(frame)
            except Exception as error:  # noqa: BLE001 - a listener's defect must not stop the connection
                log_defect(logger, "whoever is told of the trace failed", error)

    def report(self) -> TraceReport:
        """What is kept, made readable. It may take a second, so it may be called from any thread."""
        dropped, kept = self._dropped, tuple(self._kept)
        return TraceReport(frames=tuple(frame.readable() for frame in kept), dropped=dropped)


class Tap:
    """Where one channel tells what goes over its wire, at the moment it does. Made by `Trace.tap`."""

    def __init__(self, trace: Trace, number: int, redactor: "Redactor") -> None:
        self.number = number
        self.redactor = redactor
        self._trace = trace
        self._asked_by_us: _Asked = {}
        self._asked_by_server: _Asked = {}

    def sent(self, message: object, body: bytes) -> None:
        """A message of the sidecar's, and its bytes."""
        words, took = _described(message, self._asked_by_us, self._asked_by_server)
        self._trace.add(Recorded(self, "sent", words, body, len(body), took))

    def received(self, body: bytes, message: object, size: int | None = None) -> None:
        """What should be one message of the server's.

        Args:
            body: the bytes as they came.
            message: what they mean as JSON; None for what is none.
            size: their number, where `body` is only their beginning.
        """
        words, took = _described(message, self._asked_by_server, self._asked_by_us)
        self._trace.add(Recorded(self, "received", words, body, len(body) if size is None else size, took))

    def event(self, name: str, data: str) -> None:
        """An event of an event stream that carries no message."""
        from mcp_sidecar.connection.redaction import redact_url  # late: nothing needs it before the first connect

        body = data.encode("utf-8", "replace")
        if name == "endpoint":  # a URL whose query, and often its path, is the key to the session
            body = redact_url(data[:BODY_LIMIT]).encode("utf-8", "replace")
        self._trace.add(Recorded(self, "received", ("event", _short(name)), body, len(body)))

    def requested(self, method: str, url: object, headers: RawHeaders, body: bytes | None = None) -> None:
        """An HTTP request without a message goes out.

        Args:
            method, url, headers: its head.
            body: what it carries that is no message, its secrets masked already.
        """
        size = len(body or b"")
        self._trace.add(Recorded(self, "sent", body=body or None, size=size, head=_Head(method, url, headers)))

    def responded(
        self,
        method: str,
        url: object,
        headers: RawHeaders,
        *,
        status: int,
        response_headers: RawHeaders,
        body: bytes | None = None,
    ) -> None:
        """The answer to an HTTP request begins; with `body`, as for `requested`, it is the whole answer."""
        head, size = _Head(method, url, headers, status, response_headers), len(body or b"")
        self._trace.add(Recorded(self, "received", body=body or None, size=size, head=head))

    def unanswered(self, method: str, url: object, headers: RawHeaders, *, failure: str) -> None:
        """An HTTP request that gets no answer."""
        self._trace.add(Recorded(self, "received", head=_Head(method, url, headers, failure=failure)))


_Asked = dict[int | str, tuple[str, float]]
"""The method of each request of one side that waits for its answer, and since when."""

_Words = tuple[int | str, ...]
"""What a frame is: an id, a method, an outcome."""

_WITH_SIZE = -1.0
"""The duration of what took none, but whose size is told."""


def _described(message: object, asked: _Asked, asked_by_other: _Asked) -> tuple[_Words, float | None]:
    """What a message is, and for an answer the milliseconds since its request.

    Args:
        message: JSON, or None for what is none.
        asked: the open requests of the side that speaks.
        asked_by_other: those of the side that hears it.
    """
    if not isinstance(message, dict):
        return (f"batch of {len(message)} messages" if isinstance(message, list) else "no message",), _WITH_SIZE
    request_id = _id(message)
    if "method" in message:
        method = _short(message["method"])
        if "id" not in message:
            return (method,), None
        if request_id is None:
            return (_short(message["id"]), method), None
        asked[request_id] = (method, time.perf_counter())
        if len(asked) > _UNANSWERED:
            del asked[next(iter(asked))]
        return (request_id, method), None
    outcome = _outcome(message)
    if outcome is None:
        return ("no message",), _WITH_SIZE
    if request_id is None:
        return (_short(message.get("id")), outcome), _WITH_SIZE
    request = asked_by_other.pop(request_id, None)
    if request is None:
        return (request_id, outcome), _WITH_SIZE
    return (request_id, request[0], outcome), (time.perf_counter() - request[1]) * 1000


def _id(message: Mapping[str, Any]) -> int | str | None:
    """The id of a message, if it is one by which an answer can be recognised."""
    request_id = message.get("id")
    if type(request_id) is int or (type(request_id) is str and len(request_id) <= _NAME_LENGTH):
        return request_id
    return None


def _outcome(answer: Mapping[str, Any]) -> str | None:
    """How an answer ends a request; None for what is no answer."""
    error = answer.get("error")
    if error is not None:
        code = error.get("code") if isinstance(error, dict) else None
        return f"error {code}" if isinstance(code, int) else "error"
    if "result" in answer:
        return "result"
    return "neither result nor error" if "id" in answer or "error" in answer else None


def _short(value: object) -> str:
    """A method or an id, which may be anything when a server sent it."""
    if type(value) is str and len(value) <= _NAME_LENGTH:
        return value
    if value is None:
        return "null"
    return f"{value[:_NAME_LENGTH]}…" if isinstance(value, str) else "malformed"


@attrs.define(eq=False)
class _Head:
    """An HTTP request's head, and that of its answer, as they are at hand."""

    method: str
    url: object
    sent: RawHeaders
    status: int | None = None
    received: RawHeaders = ()
    failure: str | None = None

    @property
    def weight(self) -> int:
        return sum(len(name) + len(value) for name, value in itertools.chain(self.sent, self.received))

    def readable(self, redactor: "Redactor") -> HttpExchange:
        from mcp_sidecar.connection.redaction import HARMLESS_HEADERS, MASK, is_secret_name, redact_url

        masked: set[str] = set()

        def shown(name: str, value: str) -> str:
            if name in HARMLESS_HEADERS or name in _SHOWN_HEADERS or name.startswith("mcp-param-"):
                return redactor.text(value)
            masked.add(name)
            return MASK

        def answered(name: str, value: str) -> str:
            if name in _SECRET_HEADERS or name in masked or is_secret_name(name):
                return MASK
            return redactor.text(redact_url(value) if name in ("location", "content-location") else value)

        return HttpExchange(
            method=self.method,
            url=redactor.text(redact_url(str(self.url))),
            request_headers=_headers(self.sent, shown),
            status=self.status,
            response_headers=None if self.status is None else _headers(self.received, answered),
            failure=self.failure and redactor.text(self.failure),
        )


class Recorded:
    """A frame as it was at hand; readable for those who ask."""

    __slots__ = ("_at", "_body", "_head", "_size", "_tap", "_took", "_words", "direction", "weight")

    def __init__(
        self,
        tap: Tap,
        direction: Direction,
        words: _Words = (),
        body: bytes | None = None,
        size: int = 0,
        took: float | None = None,
        head: _Head | None = None,
    ) -> None:
        self._at = time.time()
        self._tap = tap
        self.direction = direction
        self._words = words
        self._body = body if size <= BODY_LIMIT or body is None else body[:BODY_LIMIT]
        self._size = size
        self._took = took
        self._head = head
        self.weight = size if size <= BODY_LIMIT else len(self._body or b"")
        """Bytes that it keeps in memory, without what every frame has."""
        if head is not None:
            self.weight += head.weight

    @property
    def message(self) -> str:
        """The line about it."""
        parts = [_ARROWS[self.direction]]
        if self._head is not None:
            parts.append(self._head_line(self._head.readable(self._tap.redactor)))
        else:
            parts.append(self._body_line())
        return _UNPRINTABLE.sub("\ufffd", " ".join(parts))

    @property
    def detail(self) -> str | None:
        """The body, or the headers."""
        if self._head is None:
            return self.body
        exchange = self._head.readable(self._tap.redactor)
        sent = [f"> {name}: {value}" for name, value in exchange.request_headers.items()]
        received = [f"< {name}: {value}" for name, value in (exchange.response_headers or {}).items()]
        return "\n".join([*sent, *received, *([] if self.body is None else ["", self.body])])

    @property
    def body(self) -> str | None:
        """The text as it was on the wire, its secrets masked; cut where it was too long."""
        if self._body is None:
            return None
        text = self._body.decode("utf-8", "replace")
        # The redactor knows the ellipsis as a cut, before which the beginning of a secret may stand.
        return self._tap.redactor.json(f"{text}… [{self._cut} bytes more]" if self._cut else text)

    def readable(self) -> TraceFrame:
        """All of it."""
        return TraceFrame(
            time=datetime.fromtimestamp(self._at, UTC),
            connection=self._tap.number,
            direction=self.direction,
            message=self.message,
            body=self.body,
            cut=self._cut or None,
            http=None if self._head is None else self._head.readable(self._tap.redactor),
        )

    @property
    def _cut(self) -> int:
        return 0 if self._body is None else self._size - len(self._body)

    def _head_line(self, exchange: HttpExchange) -> str:
        words = [exchange.method, exchange.url]
        if exchange.failure is not None:
            words.append(f"failed: {exchange.failure}")
        if exchange.status is not None:
            words.append(str(exchange.status))
            words.append((exchange.response_headers or {}).get("content-type", ""))
        return " ".join(word for word in words if word)

    def _body_line(self) -> str:
        line = self._tap.redactor.text(" ".join(map(str, self._words)))
        if self._took is not None:
            line += f", {_amount(self._size)}"
            if self._took != _WITH_SIZE:
                line += f", {_duration(self._took)}"
        return line


def _headers(raw: RawHeaders, show: Callable[[str, str], str]) -> dict[str, str]:
    """Headers by their names in lower case, each value as `show` has it; those of one name on one line."""
    shown: dict[str, str] = {}
    for name, value in _decoded(raw):
        text = show(name, value)
        shown[name] = f"{shown[name]}, {text}" if name in shown else text
    return shown


def _decoded(raw: RawHeaders) -> Iterator[tuple[str, str]]:
    for name, value in raw:
        yield name.decode("latin-1").lower(), value.decode("utf-8", "replace")


def _amount(size: int) -> str:
    """Bytes as a reader wants them: 34 B, 1.2 kB, 3.4 MB."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.1f} kB" if size < 999_950 else f"{size / 1_000_000:.1f} MB"


def _duration(milliseconds: float) -> str:
    return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"
