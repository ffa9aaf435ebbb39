"""The trace by itself: what it keeps and how much, what a frame says of itself, and that it shows no secret."""

import json
import re
import time
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from mcp_sidecar.connection import inbound, trace
from mcp_sidecar.connection.redaction import SHORTEST_FRAGMENT, Redactor
from mcp_sidecar.connection.trace import Recorded, Tap, Trace, TraceFrame
from tests.sidecar.connection.test_inbound import Recorder

SECRET = "s3cret/é+va&ue"


@pytest.fixture
def kept() -> Trace:
    """Provide a trace with nothing in it."""
    return Trace()


@pytest.fixture
def tap(kept: Trace) -> Tap:
    """Provide a tap on it that knows SECRET."""
    return kept.tap(Redactor.of([SECRET]))


def send(tap: Tap, **message: Any) -> None:
    tap.sent(message, json.dumps(message).encode())


def receive(tap: Tap, **message: Any) -> None:
    tap.received(json.dumps(message).encode(), message)


def lines(kept: Trace) -> list[str]:
    return [frame.message for frame in kept.report().frames]


def only(kept: Trace) -> TraceFrame:
    (frame,) = kept.report().frames
    return frame


# What a frame says


def test_an_answer_is_told_with_what_was_asked_its_size_and_its_time(kept: Trace, tap: Tap) -> None:
    send(tap, id=12, method="tools/call")
    receive(tap, id=12, result={"text": "x" * 1200})
    asked, answered = lines(kept)
    assert asked == "→ 12 tools/call"
    assert answered.startswith("← 12 tools/call result, 1.2 kB, ")
    assert answered.endswith(" ms")


def test_requests_of_both_sides_may_have_the_same_id(kept: Trace, tap: Tap) -> None:
    send(tap, id=1, method="ping")
    receive(tap, id=1, method="roots/list")
    send(tap, id=1, result={})
    receive(tap, id=1, error={"code": -32601, "message": ""})
    assert [line.partition(",")[0] for line in lines(kept)] == [
        "→ 1 ping",
        "← 1 roots/list",
        "→ 1 roots/list result",
        "← 1 ping error -32601",
    ]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({"method": "notifications/progress"}, "← notifications/progress"),
        ({"method": "a\nb\x1b"}, "← a\ufffdb\ufffd"),
        ({"method": "m" * 101}, f"← {'m' * 100}…"),
        ({"method": ["m"], "id": {}}, "← malformed malformed"),
        ({"id": "of-nothing", "result": {}}, "← of-nothing result, 34 B"),
        ({"id": None, "error": {"code": -32700}}, "← null error -32700, 39 B"),
        ({"id": [], "error": "boom"}, "← malformed error, 27 B"),
        ({"id": 1}, "← 1 neither result nor error, 9 B"),
        ({"other": 1}, "← no message, 12 B"),
    ],
)
def test_whatever_a_server_sends_becomes_one_line(kept: Trace, tap: Tap, message: dict[str, Any], line: str) -> None:
    receive(tap, **message)
    assert lines(kept) == [line]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("listening on 8000", "← no message, 17 B"),
        ('{"broken', "← no message, 8 B"),
        ("[" * 100_000, "← no message, 100.0 kB"),
        ('[{"method": "a"}, 7]', "← batch of 2 messages, 20 B"),
        ("caf\xe9", "← no message, 4 B"),
    ],
)
def test_what_is_no_message_is_shown_as_it_came(kept: Trace, raw: str, line: str) -> None:
    recorder = Recorder(1)
    recorder.tap = kept.tap(Redactor())
    inbound.read(raw.encode("latin-1"), recorder)
    assert only(kept).message == line
    body = only(kept).body
    assert body is not None
    assert body.partition("…")[0] == raw.replace("\xe9", "\ufffd")[: trace.BODY_LIMIT]


def test_a_message_beyond_the_limit_is_told_with_its_size(kept: Trace) -> None:
    recorder = Recorder(1)
    recorder.tap = kept.tap(Redactor())
    inbound.discard(b"head", 90_000_000, 64, recorder)
    assert (only(kept).message, only(kept).cut) == ("← no message, 90.0 MB", 89_999_996)


def test_a_frame_is_told_before_it_has_any_effect(kept: Trace) -> None:
    seen: list[str] = []

    class Watcher(Recorder):
        def received(self, message: Any, stream: Any = None) -> None:
            seen.append("received")

    recorder = Watcher(1)
    recorder.tap = kept.tap(Redactor())
    kept.listener = lambda frame: seen.append(frame.message)
    inbound.read(b'{"jsonrpc": "2.0", "method": "notifications/x"}', recorder)
    assert seen == ["← notifications/x", "received"]


def test_a_listener_that_fails_stops_nothing(kept: Trace, tap: Tap, caplog: pytest.LogCaptureFixture) -> None:
    def stumble(frame: Recorded) -> None:
        raise LookupError(SECRET)

    kept.listener = stumble
    send(tap, id=1, method="ping")
    assert lines(kept) == ["→ 1 ping"]
    assert "LookupError" in caplog.text
    assert SECRET not in caplog.text


def test_each_connection_has_its_number(kept: Trace) -> None:
    for _ in range(2):
        send(kept.tap(Redactor()), id=1, method="initialize")
    assert [frame.connection for frame in kept.report().frames] == [1, 2]


# Bounds


def test_the_last_frames_are_kept_and_the_others_counted(kept: Trace, tap: Tap) -> None:
    for number in range(trace.FRAMES_KEPT + 5):
        send(tap, id=number, method="ping")
    report = kept.report()
    assert (len(report.frames), report.dropped) == (trace.FRAMES_KEPT, 5)
    assert report.frames[0].message == "→ 5 ping"


def test_no_more_than_the_limit_is_kept_in_bytes(kept: Trace, tap: Tap) -> None:
    fit = trace.BYTES_KEPT // trace.BODY_LIMIT
    for _ in range(fit + 3):
        tap.received(b"x" * trace.BODY_LIMIT, None)
    report = kept.report()
    assert (len(report.frames), report.dropped) == (fit, 3)


def test_headers_count_as_bytes_that_are_kept(kept: Trace, tap: Tap) -> None:
    for _ in range(100):
        headers = [(b"x", b"y" * (trace.BYTES_KEPT // 50))]
        tap.responded("GET", "http://h/", [], status=200, response_headers=headers)
    assert len(kept.report().frames) < 51


def test_a_long_body_is_cut_and_says_how_much(kept: Trace, tap: Tap) -> None:
    tap.received(b"x" * (trace.BODY_LIMIT + 7), None)
    frame = only(kept)
    assert frame.cut == 7
    assert frame.body == "x" * trace.BODY_LIMIT + "… [7 bytes more]"


def test_requests_that_are_never_answered_are_not_remembered_for_ever(tap: Tap) -> None:
    for number in range(trace._UNANSWERED + 100):
        send(tap, id=number, method="ping")
    assert len(tap._asked_by_us) == trace._UNANSWERED


# Secrets


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        '"' + json.dumps(json.dumps(SECRET)[1:-1])[1:-1] + '"',  # JSON as a text in JSON
        json.dumps(SECRET).replace("/", "\\/"),  # PHP
        json.dumps(SECRET, ensure_ascii=False).replace("&", "\\u0026"),  # Go
        json.dumps(SECRET).replace("+", "\\u002B").replace("\\u00e9", "\\u00E9"),  # .NET
        '"' + "".join(f"\\u{ord(character):04x}" for character in SECRET) + '"',
    ],
)
def test_a_secret_is_masked_however_it_is_escaped(kept: Trace, tap: Tap, written: str) -> None:
    tap.received(f'{{"a\\/b": "\\\\/", "{{": {written}, "c": "\\u0041"}}'.encode(), {})
    assert only(kept).body == '{"a\\/b": "\\\\/", "{": "***", "c": "\\u0041"}'


def lower(encoded: str) -> str:
    """Percent-encoding as .NET writes it."""
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)


@pytest.mark.parametrize(
    "written",
    [
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        lower(quote(SECRET, safe="")),
        quote(SECRET, safe=";,/?:@&=+$-_.!~*'()#"),  # JavaScript's encodeURI
        "".join(f"%{byte:02x}" for byte in SECRET.encode()),
        quote(quote(SECRET, safe=""), safe=""),
        lower(quote(quote(SECRET, safe=""), safe="")),
    ],
)
def test_a_secret_is_masked_however_it_is_percent_encoded(kept: Trace, tap: Tap, written: str) -> None:
    tap.received(f'{{"a": "100%", "url": "http://h/%ff/{written}/x%20y", "b": "%zz"}}'.encode(), {})
    tap.responded("GET", f"http://h/{written}/x", [], status=302, response_headers=[(b"server", written.encode())])
    body, head = kept.report().frames
    assert body.body == '{"a": "100%", "url": "http://h/%ff/***/x%20y", "b": "%zz"}'
    assert head.message == "← GET http://h/***/x 302"
    assert head.http is not None
    assert head.http.response_headers == {"server": "***"}


def test_the_beginning_of_a_percent_encoded_secret_before_a_cut_is_masked_wherever_that_is() -> None:
    written = lower(quote(SECRET, safe="")).encode()
    for length in range(SHORTEST_FRAGMENT, len(written)):
        kept = Trace()
        kept.tap(Redactor.of([SECRET])).received(b"x" * (trace.BODY_LIMIT - length) + written, None)
        body = only(kept).body
        assert body is not None
        assert body.partition("xx***")[2].partition("…")[0] in ("", "%", "%2", "%c", "%c3", "%c3%", "%c3%a")


@pytest.mark.parametrize("piece", [b"\xff", b"%ff", b"%25", b"%2525", b"%", "…".encode()])
def test_no_text_takes_long_to_mask(kept: Trace, tap: Tap, piece: bytes) -> None:
    tap.received(piece * (trace.BODY_LIMIT // len(piece)), None)
    started = time.thread_time()
    assert only(kept).body
    assert time.thread_time() - started < 2


def test_a_percent_encoded_text_without_a_secret_stays_as_it_is(kept: Trace, tap: Tap) -> None:
    text = "%41%C3%A9%25%2525%ff%F0%9F%98%80" * 100
    tap.received(text.encode(), None)
    assert only(kept).body == text


def test_the_beginning_of_a_secret_before_a_cut_is_masked(kept: Trace, tap: Tap) -> None:
    tap.received(b"x" * (trace.BODY_LIMIT - 7) + SECRET.encode(), None)
    body = only(kept).body
    assert body is not None
    assert body.startswith("x" * (trace.BODY_LIMIT - 7) + "***…")


def test_a_secret_in_the_name_of_a_method_is_masked(kept: Trace, tap: Tap) -> None:
    receive(tap, id=SECRET, method=f"of/{SECRET}")
    assert only(kept).message == "← *** of/***"


def test_headers_are_shown_only_where_they_are_harmless(kept: Trace, tap: Tap) -> None:
    sent = [
        (b"Accept", b"text/event-stream"),
        (b"Authorization", b"Bearer abc"),
        (b"X-Tenant", b"ab1"),
        (b"Mcp-Session-Id", b"s-1"),
        (b"Mcp-Name", SECRET.encode()),
    ]
    received = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"x-tenant", b"ab1"),
        (b"location", b"/there?code=xyz"),
        (b"server", f"nginx {SECRET}".encode()),
    ]
    tap.responded("POST", "http://u:pw@h/mcp?key=abc", sent, status=302, response_headers=received)
    frame = only(kept)
    assert frame.message == "← POST http://h/mcp?key=*** 302 text/html; charset=utf-8"
    assert frame.http is not None
    assert frame.http.request_headers == {
        "accept": "text/event-stream",
        "authorization": "***",
        "x-tenant": "***",
        "mcp-session-id": "***",
        "mcp-name": "***",
    }
    assert frame.http.response_headers == {
        "content-type": "text/html; charset=utf-8",
        "set-cookie": "***, ***",
        "x-tenant": "***",
        "location": "/there?code=***",
        "server": "nginx ***",
    }


def test_the_endpoint_of_an_sse_session_is_shown_without_its_key(kept: Trace, tap: Tap) -> None:
    tap.event("endpoint", "/messages/?session_id=0123456789abcdef")
    assert (only(kept).message, only(kept).body) == ("← event endpoint", "/messages/?session_id=***")
