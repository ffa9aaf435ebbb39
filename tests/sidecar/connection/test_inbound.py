"""What a server may send, and what becomes of it: a message, a failed request, or a report. Never an exception."""

import json
from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_sidecar.connection import inbound
from mcp_sidecar.connection.channel import ChannelEvents, Message, RequestId
from mcp_sidecar.connection.errors import SidecarError
from mcp_sidecar.connection.redaction import Redactor
from mcp_sidecar.connection.trace import Trace

PENDING = (1000, 1001)


class Recorder(ChannelEvents):
    """Stands in for a link: only what `read` tells is of interest here, and a link would act on it."""

    def __init__(self, *pending: RequestId) -> None:
        self.tap = Trace().tap(Redactor())
        self._pending = list(pending)
        self.messages: list[Message] = []
        self.failures: dict[RequestId, SidecarError] = {}
        self.flaws: list[tuple[RequestId, str]] = []
        self.violations: list[str] = []
        self.excerpts: list[str | None] = []

    def received(self, message: Message, stream: RequestId | None = None) -> None:
        self.messages.append(message)
        if "method" not in message and message["id"] in self._pending:
            self._pending.remove(message["id"])

    def failed(self, request_id: RequestId, error: SidecarError) -> None:
        if request_id in self._pending:  # as a link, which knows of no other request
            self.failures[request_id] = error
            self._pending.remove(request_id)

    def flawed(self, request_id: RequestId, problem: str) -> None:
        self.flaws.append((request_id, problem))

    def violated(self, problem: str, raw: str | None = None) -> None:
        self.violations.append(problem)
        self.excerpts.append(raw)

    def printed(self, line: str) -> None:
        raise AssertionError("reading prints nothing")

    def ended(self, error: SidecarError) -> None:
        raise AssertionError("reading ends nothing")

    def pending(self) -> Collection[RequestId]:
        return self._pending

    def standing(self) -> Collection[RequestId]:
        return []


def read(raw: bytes | str, *pending: RequestId) -> Recorder:
    recorder = Recorder(*(pending or PENDING))
    inbound.read(raw.encode() if isinstance(raw, str) else raw, recorder)
    return recorder


def answer(**members: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1000} | members)


# What is right


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1000, "result": {}},
        {"jsonrpc": "2.0", "id": 1000, "result": {"big": 2**70, "null": None, "text": "é\u2028"}},
        {"jsonrpc": "2.0", "id": 1000, "error": {"code": -32042, "message": "", "data": [None]}},
        {"jsonrpc": "2.0", "id": 7, "result": {}},
        {"jsonrpc": "2.0", "method": "notifications/x"},
        {"jsonrpc": "2.0", "method": "notifications/x", "params": {"a": 1}, "unknown": 1},
        {"jsonrpc": "2.0", "method": "roots/list", "id": "s-1"},
        {"jsonrpc": "2.0", "method": "ping", "id": 0, "params": {}},
    ],
)
def test_a_proper_message_arrives_as_it_was_sent(message: dict[str, Any]) -> None:
    recorder = read(json.dumps(message))
    assert recorder.messages == [message]
    assert (recorder.violations, recorder.flaws, recorder.failures) == ([], [], {})


@pytest.mark.parametrize("raw", ["", " \r\t", "\r", "\ufeff"])
def test_blank_lines_are_nothing(raw: str) -> None:
    recorder = read(raw)
    assert recorder.messages == []
    assert [each for each in recorder.violations if "byte order mark" not in each] == []


def test_white_space_around_a_message_is_legal() -> None:
    assert read(f"  {answer(result={})}\r").violations == []


# What can be understood all the same: a message, and a report


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ('{"id": 1000, "result": {}}', 'lacks "jsonrpc"'),
        ('{"jsonrpc": "1.0", "id": 1000, "result": {}}', 'lacks "jsonrpc"'),
        ('{"jsonrpc": "2.0", "id": "1000", "result": {}}', 'id is "1000" where the request\'s was 1000'),
        ("\ufeff" + answer(result={}), "byte order mark"),
        (f"[{answer(result={})}]", "batch"),
    ],
)
def test_an_answer_with_a_flaw_is_an_answer_with_the_flaw_named(raw: str, problem: str) -> None:
    recorder = read(raw)
    assert recorder.messages == [{"jsonrpc": "2.0", "id": 1000, "result": {}}]
    assert any(problem in each for each in recorder.violations)
    ((request_id, flaw),) = recorder.flaws
    assert request_id == 1000
    assert problem in flaw


def test_an_id_of_the_wrong_type_is_understood_both_ways() -> None:
    recorder = read('{"jsonrpc": "2.0", "id": 7, "result": {}}', "7")
    assert recorder.messages[0]["id"] == "7"


def test_invalid_utf_8_is_read_with_replacements() -> None:
    recorder = read(b'{"jsonrpc": "2.0", "id": 1000, "result": {"text": "caf\xe9"}}')
    assert recorder.messages[0]["result"] == {"text": "caf\ufffd"}
    assert "invalid UTF-8 at byte 54" in recorder.flaws[0][1]


def test_an_error_that_is_null_beside_a_result_is_a_flaw() -> None:
    recorder = read(answer(result={"a": 1}, error=None))
    assert recorder.messages[0]["result"] == {"a": 1}
    assert '"error": null' in recorder.flaws[0][1]


def test_a_result_that_is_null_beside_an_error_is_no_matter() -> None:
    error = {"code": 1, "message": "no"}
    recorder = read(answer(result=None, error=error))
    assert (recorder.messages[0]["error"], recorder.violations) == (error, [])


def test_of_a_result_and_an_error_the_error_counts() -> None:
    recorder = read(answer(result={}, error={"code": 1, "message": "no"}))
    assert recorder.messages == [{"jsonrpc": "2.0", "id": 1000, "error": {"code": 1, "message": "no"}}]
    assert "both a result and an error" in recorder.violations[0]


@pytest.mark.parametrize("member", ['"id": null, ', "", '"id": 1000.5, ', '"id": true, ', '"id": [1], '])
def test_an_answer_without_a_usable_id_is_for_the_only_request_under_way(member: str) -> None:
    raw = f'{{"jsonrpc": "2.0", {member}"result": {{}}}}'
    recorder = read(raw, 1000)
    assert recorder.messages == [{"jsonrpc": "2.0", "id": 1000, "result": {}}]
    assert "taken for the only request" in recorder.flaws[0][1]
    recorder = read(raw, 1000, 1001)
    assert (recorder.messages, recorder.failures) == ([], {})
    assert "an answer with the id" in recorder.violations[0]


def test_params_that_are_null_count_as_absent() -> None:
    recorder = read('{"jsonrpc": "2.0", "method": "notifications/x", "params": null}')
    assert recorder.messages == [{"jsonrpc": "2.0", "method": "notifications/x"}]
    assert "taken for absent" in recorder.violations[0]


def test_a_call_without_jsonrpc_is_a_call() -> None:
    recorder = read('{"method": "notifications/x"}')
    assert recorder.messages == [{"method": "notifications/x"}]
    assert 'without "jsonrpc"' in recorder.violations[0]


def test_the_messages_of_a_batch_are_read_one_by_one() -> None:
    recorder = read(f'[{answer(result={})}, 3, {{"jsonrpc": "2.0", "method": "notifications/x"}}]')
    assert [message.get("method", message.get("id")) for message in recorder.messages] == [1000, "notifications/x"]
    assert any("expected an object" in each for each in recorder.violations)


# What can't be understood: its request fails where it can be told, and a report in any case


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "no result"),
        ({"result": None}, "a result that is no object: null"),
        ({"result": "ok"}, 'a result that is no object: "ok"'),
        ({"result": [1]}, "a result that is no object: [1]"),
        ({"error": "boom"}, "malformed error"),
        ({"error": {"message": "no code"}}, "malformed error"),
        ({"error": {"code": True, "message": ""}}, "malformed error"),
        ({"error": {"code": 1, "message": None}}, "malformed error"),
    ],
)
def test_an_answer_that_is_none_fails_its_request(members: dict[str, Any], message: str) -> None:
    recorder = read(answer(**members))
    assert (recorder.messages, list(recorder.failures)) == ([], [1000])
    assert message in recorder.failures[1000].message
    assert recorder.failures[1000].kind == "protocol_error"
    assert '"id": 1000' in recorder.failures[1000].details["received"]
    assert recorder.violations


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ('{"jsonrpc": "2.0", "id": 1000, "result": {"x": NaN}}', "NaN is not JSON"),
        ('{"jsonrpc": "2.0", "id": 1000, "result": {"x": -Infinity}}', "-Infinity is not JSON"),
        ('{"jsonrpc": "2.0", "id": 1000, "result": {"x": 1e999}}', "1e999 is beyond the range"),
        ('{"jsonrpc": "2.0", "id": 1000, "result": {', "not JSON"),
        ('{"jsonrpc": "2.0", "result": {"x": 1,}, "id": 1000}', "not JSON"),
        ('{"jsonrpc": "2.0", "id": 1000, "result": {"x": ' + "[" * 100_000 + "]" * 100_000 + "}}", "nested too deep"),
        ('{"jsonrpc": "2.0", "id": 1000, "result": {"x": ' + "9" * 5000 + "}}", "not JSON"),
    ],
)
def test_an_unreadable_answer_fails_the_request_it_names(raw: str, problem: str) -> None:
    recorder = read(raw)
    assert list(recorder.failures) == [1000]
    assert problem in recorder.failures[1000].message
    assert problem in recorder.violations[0]
    assert len(recorder.excerpts[0] or "") <= 501


@pytest.mark.parametrize(
    "raw",
    [
        '{"id": 7, "result": {',  # nobody asked with this id
        '{"method": "x", "id": 1000, ',  # the server's own request
        '{"result": {',
        b'{"id": "\xff", broken',
        b'{"id": "a\tb", broken',
        b'{"id": "\x00\x00\x00", broken',
    ],
)
def test_an_unreadable_message_that_names_no_request_of_ours_is_reported_only(raw: bytes | str) -> None:
    recorder = read(raw)
    assert (recorder.failures, recorder.messages, len(recorder.violations)) == ({}, [], 1)


def test_an_unreadable_answer_to_a_request_with_a_text_as_its_id_fails_it() -> None:
    assert list(read('{"id": "s-1", "result": {', "s-1").failures) == ["s-1"]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("starting up …", "not a protocol message, and so on"),
        ("null", "not a protocol message"),
        ("42", "not a protocol message"),
        ('"text"', "not a protocol message"),
        ("{}", "neither a method nor an id"),
        ("[[1]]", "expected an object"),
        ('{"jsonrpc": "2.0", "method": 3}', "method that is no string"),
        ('{"jsonrpc": "2.0", "method": "x", "params": [1]}', "params must be an object"),
        ('{"jsonrpc": "2.0", "method": "x", "id": 1.5}', "neither a string nor an integer"),
        ('{"jsonrpc": "2.0", "method": "x", "id": null}', "neither a string nor an integer"),
    ],
)
def test_what_is_no_message_is_quoted_in_a_report(raw: str, problem: str) -> None:
    recorder = Recorder(*PENDING)
    inbound.read(raw.encode(), recorder, rule=", and so on")
    assert (recorder.messages, recorder.failures) == ([], {})
    assert problem in recorder.violations[-1]
    assert recorder.excerpts[-1] == raw


def test_a_long_message_is_quoted_by_its_beginning() -> None:
    (quoted,) = read("x" * 10**6).excerpts
    assert quoted == "x" * 500 + "…"


def test_a_message_over_the_limit_fails_its_request_and_says_how_long_it_was() -> None:
    recorder = Recorder(*PENDING)
    inbound.discard(b'{"jsonrpc": "2.0", "id": 1001, "result": {"text": "xxx', 70_000_000, 67_108_864, recorder)
    assert list(recorder.failures) == [1001]
    assert "more than 67108864 bytes (70000000 bytes seen)" in recorder.violations[0]


@pytest.mark.parametrize("depth", range(900, 1000, 3))
@pytest.mark.parametrize("member", ["id", "result"])
def test_nesting_at_the_edge_of_what_can_be_read_never_raises(member: str, depth: int) -> None:
    # The reader and the writer of JSON give up at depths that differ by a few.
    recorder = read(f'{{"jsonrpc": "2.0", "id": 1000, "{member}": {"[" * depth}{"]" * depth}}}')
    assert recorder.messages == []
    assert recorder.violations


class Stumbling(Recorder):
    """A link with a defect: it can't take results."""

    def received(self, message: Message, stream: RequestId | None = None) -> None:
        if "result" in message:
            raise RecursionError(str(message["result"]))
        super().received(message)


def test_a_message_that_can_not_be_handled_fails_its_request_and_not_what_follows(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder = Stumbling(*PENDING)
    batch = f'[{answer(result={"x": "s3cret"})}, {{"jsonrpc": "2.0", "method": "notifications/x"}}]'
    inbound.read(batch.encode(), recorder)
    assert [message["method"] for message in recorder.messages] == ["notifications/x"]
    assert list(recorder.failures) == [1000]
    assert recorder.violations[-1] == "a message that could not be handled"
    assert "RecursionError" in caplog.text
    assert "s3cret" not in caplog.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
MESSAGES = st.dictionaries(
    st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error"]),
    JSON | st.sampled_from(["2.0", 1000, "1000", 1001, "x", {"code": 1, "message": "no"}]),
)


@given(MESSAGES | st.lists(MESSAGES, max_size=3), st.integers(0, 300), st.binary(max_size=3))
@example({"id": "1234", "result": {}}, 8, b"\xff")
def test_no_message_whole_cut_or_corrupted_raises_or_answers_twice(message: Any, at: int, noise: bytes) -> None:
    raw = json.dumps(message).encode()
    for variant in (raw, raw[:at], raw[:at] + noise + raw[at:]):
        recorder = read(variant)
        answered = [each["id"] for each in recorder.messages if "method" not in each and each["id"] in PENDING]
        ended = [*answered, *recorder.failures]
        assert not set(answered) & set(recorder.failures)
        assert set(recorder.pending()) == set(PENDING) - set(ended)
