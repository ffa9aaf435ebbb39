"""What comes in: every request gets exactly one answer, whatever it looks like."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sidecar.wire.conftest import Handlers, make_server
from tests.sidecar.wire.harness import RawClient, frame, serving


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"jsonrpc": "2.0", "id": 1, "method"',
        b"\xff\xfe",
        b'{"a": "\xff"}',
        b'{"a": NaN}',
        b'{"a": -1e999}',
        b"nonsense",
    ],
)
async def test_a_body_that_is_no_json_is_a_parse_error(client: RawClient, body: bytes) -> None:
    client.send_bytes(frame(body))
    answer = await client.receive()
    assert (answer["id"], answer["error"]["code"]) == (None, -32700)
    await client.nothing_more()


async def test_json_in_another_encoding_than_utf8_is_a_parse_error(client: RawClient) -> None:
    client.send_bytes(frame('{"jsonrpc":"2.0","id":1,"method":"t/nothing"}'.encode("utf-16")))
    assert (await client.receive())["error"]["code"] == -32700


@pytest.mark.parametrize("body", [[], [{"jsonrpc": "2.0", "id": 1, "method": "t/nothing"}], 1, "text", None, True])
async def test_a_batch_or_a_scalar_is_an_invalid_request(client: RawClient, body: Any) -> None:
    client.send(body)
    answer = await client.receive()
    assert (answer["id"], answer["error"]["code"]) == (None, -32600)
    await client.nothing_more()


@pytest.mark.parametrize(
    ("message", "answered_id"),
    [
        ({"id": 5, "method": "t/nothing"}, 5),
        ({"jsonrpc": "1.0", "id": 5, "method": "t/nothing"}, 5),
        ({"jsonrpc": 2.0, "id": 5, "method": "t/nothing"}, 5),
        ({"jsonrpc": "1.0", "id": 5, "result": None}, None),
        ({"jsonrpc": "2.0", "id": 5, "method": 7}, 5),
        ({"jsonrpc": "2.0", "id": None, "method": "t/nothing"}, None),
        ({"jsonrpc": "2.0", "id": True, "method": "t/nothing"}, None),
        ({"jsonrpc": "2.0", "id": 1.5, "method": "t/nothing"}, None),
        ({"jsonrpc": "2.0", "id": {"a": 1}, "method": "t/nothing"}, None),
        ({"jsonrpc": "2.0"}, None),
        ({"jsonrpc": "2.0", "id": 5}, 5),
    ],
)
async def test_an_object_that_is_no_message_is_an_invalid_request(
    client: RawClient, message: Any, answered_id: Any
) -> None:
    client.send(message)
    answer = await client.receive()
    assert (answer["id"], answer["error"]["code"]) == (answered_id, -32600)
    await client.nothing_more()


@pytest.mark.parametrize("method", ["nobody/knows", "$/unknown", "mcp", "", "x" * 10_000])
async def test_an_unknown_request_is_refused_by_name(client: RawClient, method: str) -> None:
    error = (await client.request(method))["error"]
    assert error["code"] == -32601
    assert method[:50] in error["message"]
    assert len(error["message"]) < 200


async def test_unknown_notifications_and_stray_replies_are_ignored(client: RawClient) -> None:
    client.notify("nobody/knows")
    client.notify("$/unknown")
    client.send({"jsonrpc": "2.0", "id": 77, "result": None})
    client.send({"jsonrpc": "2.0", "id": "sidecar-1", "error": {"code": 1, "message": "late"}})
    client.send({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "yours"}})
    client.notify("$/cancelRequest", {"id": 12345})
    client.notify("$/cancelRequest", {"id": [1]})
    client.notify("$/cancelRequest")
    client.notify("t/place", {"url": 5})
    client.notify("t/fail", "defect")
    client.notify("workspace/didChangeConfiguration")
    await client.nothing_more()


async def test_a_request_nested_too_deeply_is_refused(client: RawClient) -> None:
    depth = 200_000
    client.send_bytes(b"Content-Length: %d\r\n\r\n" % (2 * depth))
    for bracket in b"[", b"]":
        client.send_bytes(bracket * depth)
    answer = await client.receive()
    assert (answer["id"], answer["error"]["code"]) == (None, -32700)
    assert "deep" in answer["error"]["message"]
    await client.nothing_more()


@pytest.mark.parametrize("params", [b"[1e999]", b"[" + b"9" * 5_000 + b"]", b"[" * 200_000 + b"]" * 200_000])
async def test_a_request_with_more_than_can_be_read_is_answered_under_its_id(client: RawClient, params: bytes) -> None:
    client.send_bytes(frame(b'{"jsonrpc": "2.0", "id": 7, "method": "t/echo", "params": ' + params + b"}"))
    answer = await client.receive()
    assert (answer["id"], answer["error"]["code"]) == (7, -32700)
    await client.nothing_more()


async def test_an_id_in_flight_cannot_be_used_again(client: RawClient, handlers: Handlers) -> None:
    client.send({"jsonrpc": "2.0", "id": 7, "method": "t/wait"})
    refused = await client.request("t/nothing", msg_id=7)
    assert refused["error"]["code"] == -32600
    assert (await client.request("t/nothing", msg_id="7"))["result"] is None
    handlers.release.set()
    assert await client.receive() == {"jsonrpc": "2.0", "id": 7, "result": "released"}
    assert (await client.request("t/nothing", msg_id=7))["result"] is None


@pytest.mark.parametrize("msg_id", [0, -1, "", "7", "ü", 2**53, 12345678901234567890])
async def test_an_id_comes_back_as_it_was(client: RawClient, msg_id: Any) -> None:
    answer = await client.request("t/nothing", msg_id=msg_id)
    assert answer == {"jsonrpc": "2.0", "id": msg_id, "result": None}
    assert type(answer["id"]) is type(msg_id)


@pytest.mark.parametrize("params", [(), (None,), ({},), ([],)])
async def test_params_that_are_not_needed_may_be_absent_or_empty(client: RawClient, params: tuple[Any, ...]) -> None:
    assert (await client.request("t/nothing", *params))["result"] is None


@pytest.mark.parametrize("params", [{"a": 1}, [1], "text", 0, False])
async def test_params_for_a_method_that_takes_none_are_refused(client: RawClient, params: Any) -> None:
    assert (await client.request("t/nothing", params))["error"]["code"] == -32602


@pytest.mark.parametrize("params", [(), (None,), ({},), ([],), ("text",), ([1],), ({"url": None},)])
async def test_bad_params_are_answered(client: RawClient, params: tuple[Any, ...]) -> None:
    assert (await client.request("t/place", *params))["error"]["code"] == -32602


PAYLOAD = {
    "jsonrpc": "2.0",
    "id": 7,
    "method": "shutdown",
    "result": {"jsonrpc": "1.0", "error": {"jsonrpc": "2.0"}},
    "$schema": "http://json-schema.org/draft-07/schema#",
    "if": {"a-b": [None, True, 1.5, -0.0, 1e300, "\u2028", "𝒳", "\x00"]},
    "class": {"_meta": {}, "": []},
    "type_name": "Object",
    "big": 12345678901234567890123456789012345678901234567890,
}


async def test_a_payload_passes_through_unchanged(client: RawClient) -> None:
    assert (await client.request("t/echo", PAYLOAD))["result"] == PAYLOAD


async def test_params_checked_in_part_are_kept_whole(client: RawClient) -> None:
    params = {"name": "tool", "arguments": PAYLOAD, "_meta": {"progressToken": 1}, "later": [1, {"x": None}]}
    result = (await client.request("t/call", params))["result"]
    assert result == {"name": "tool", "meta": {"progressToken": 1}, "raw": params}
    refused = await client.request("t/call", {"name": 5, "arguments": []})
    assert refused["error"] == {"code": -32602, "message": "$.name: expected a string, got 5"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["jsonrpc", "id", "method"]), inner),
    max_leaves=20,
)


@given(payloads=st.lists(JSON, max_size=8))
@settings(max_examples=25, deadline=None)
def test_any_json_passes_through_unchanged(payloads: list[Any]) -> None:
    async def main() -> None:
        async with serving(make_server(Handlers())) as client:
            await client.initialize()
            for payload in payloads:
                answer = await client.request("t/echo", payload)
                assert json.dumps(answer["result"]) == json.dumps(payload)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("failed", {"code": -32803, "message": "no such server", "data": {"kind": "not_found", "exitCode": None}}),
        ("params", {"code": -32602, "message": "$.url: no"}),
        ("cancelled", {"code": -32800, "message": "another one came"}),
        ("data", {"code": -32803, "message": "bad data"}),
    ],
)
async def test_an_error_meant_for_the_client_arrives_as_it_is(client: RawClient, what: str, error: Any) -> None:
    assert (await client.request("t/fail", what))["error"] == error
    await client.nothing_more()


@pytest.mark.parametrize("what", ["defect", "exit", "inner cancel"])
async def test_any_other_failure_of_a_handler_is_one_answer(client: RawClient, what: str) -> None:
    error = (await client.request("t/fail", what))["error"]
    assert error["code"] == (-32800 if what == "inner cancel" else -32603)
    await client.nothing_more()


async def test_a_defect_shows_neither_path_nor_text_nor_traceback_to_the_client(
    client: RawClient, caplog: pytest.LogCaptureFixture
) -> None:
    error = (await client.request("t/fail", "defect"))["error"]
    assert error["code"] == -32603
    assert "data" not in error
    for word in "secret", "/", "Traceback", "line":
        assert word not in error["message"]
    assert "OSError" in error["message"] or "FileNotFoundError" in error["message"]
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "in fail" in record.getMessage(), "where it comes from is in the log"
    assert "[Errno 2]" not in caplog.text, "its words are not"


@pytest.mark.parametrize("what", ["set", "nan", "naive", "deep"])
async def test_a_result_that_json_cannot_say_is_an_internal_error(client: RawClient, what: str) -> None:
    assert (await client.request("t/strange", what))["error"]["code"] == -32603
    await client.nothing_more()


async def test_half_a_surrogate_pair_arrives_as_it_left(client: RawClient) -> None:
    assert (await client.request("t/strange", "surrogate"))["result"] == "\ud800"


async def test_null_is_sent_for_a_field_without_default(client: RawClient) -> None:
    assert (await client.request("t/strange", "detail"))["result"] == {"kind": "none", "exitCode": None}


async def test_an_oversized_message_is_refused_and_the_connection_lives(handlers: Handlers) -> None:
    async with serving(make_server(handlers), max_message_bytes=1000) as client:
        await client.initialize()
        refused = await client.request("t/echo", "x" * 2000)
        assert refused["error"]["code"] == -32600
        assert "1000 bytes" in refused["error"]["message"]
        client.send({"method": "t/echo", "params": {"id": 9, "text": "x" * 2000}, "jsonrpc": "2.0", "id": 8})
        assert (await client.receive())["id"] is None
        client.send({"jsonrpc": "2.0", "id": 8, "result": "x" * 2000})
        assert (await client.receive())["id"] is None
        assert (await client.request("t/echo", "x" * 900))["result"] == "x" * 900
