"""What we send unasked: notifications and requests of our own."""

import asyncio
import logging

import pytest
from lsprotocol import types as lsp

from mcp_sidecar.wire.errors import ClientError
from mcp_sidecar.wire.payload import Raw
from tests.sidecar.wire.conftest import Detail
from tests.sidecar.wire.harness import LIMIT, RawClient


async def test_a_notification_carries_typed_or_raw_params(client: RawClient) -> None:
    client.server.notify("t/told", Detail(kind="a", exit_code=None))
    client.server.notify("t/raw", Raw({"jsonrpc": "2.0", "snake_case": None}))
    client.server.notify("$/logTrace", lsp.LogTraceParams(message="m"))
    assert await client.receive() == {
        "jsonrpc": "2.0",
        "method": "t/told",
        "params": {"kind": "a", "exitCode": None},
    }
    assert (await client.receive())["params"] == {"jsonrpc": "2.0", "snake_case": None}
    assert (await client.receive())["params"] == {"message": "m"}


async def test_an_undeclared_notification_is_a_defect_of_the_caller(client: RawClient) -> None:
    with pytest.raises(KeyError):
        client.server.notify("t/untold")


async def test_a_notification_that_json_cannot_say_is_logged_and_not_sent(
    client: RawClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.server.notify("t/raw", Raw(float("nan")))
    assert "t/raw" in caplog.text
    await client.nothing_more()


async def test_a_notification_after_the_end_does_nothing(client: RawClient) -> None:
    await client.end()
    client.server.notify("t/told", Detail(kind="late", exit_code=1))
    outbox = client.server.protocol.outbox
    assert outbox is not None
    assert outbox.waiting_bytes == 0


async def test_a_request_to_the_client_is_answered(client: RawClient) -> None:
    asking = asyncio.ensure_future(
        client.server.request(
            "window/showMessageRequest",
            lsp.ShowMessageRequestParams(type=lsp.MessageType.Info, message="?"),
            timeout=LIMIT,
        )
    )
    question = await client.receive()
    assert question["params"] == {"type": 3, "message": "?"}
    client.send({"jsonrpc": "2.0", "id": question["id"], "result": {"title": "Yes"}})
    assert await asking == lsp.MessageActionItem(title="Yes")


async def test_a_request_of_our_own_naming_gets_the_json_that_came(client: RawClient) -> None:
    asking = asyncio.ensure_future(client.server.request("t/ask", Raw({"a-b": 1}), timeout=LIMIT))
    question = await client.receive()
    assert question["params"] == {"a-b": 1}
    client.send({"jsonrpc": "2.0", "id": question["id"], "result": {"jsonrpc": "1", "class": None}})
    assert await asking == {"jsonrpc": "1", "class": None}


@pytest.mark.parametrize(
    "reply",
    [
        {"error": {"code": -32601, "message": "no"}},
        {"error": "nonsense"},
        {"result": {"title": 5}},
        {"result": "nonsense"},
    ],
)
async def test_a_client_that_refuses_or_answers_nonsense_is_an_error(client: RawClient, reply: dict) -> None:
    asking = asyncio.ensure_future(
        client.server.request(
            "window/showMessageRequest",
            lsp.ShowMessageRequestParams(type=lsp.MessageType.Info, message="?"),
            timeout=LIMIT,
        )
    )
    question = await client.receive()
    client.send({"jsonrpc": "2.0", "id": question["id"], **reply})
    with pytest.raises(ClientError):
        await asking


@pytest.mark.parametrize("reply", [{}, {"result": None}, {"result": {}}, {"result": True}])
async def test_anything_will_do_where_lsp_asks_for_null(client: RawClient, reply: dict) -> None:
    params = lsp.RegistrationParams(registrations=[])
    asking = asyncio.ensure_future(client.server.request("client/registerCapability", params, timeout=LIMIT))
    question = await client.receive()
    client.send({"jsonrpc": "2.0", "id": question["id"], **reply})
    assert await asking is None


async def test_a_client_that_does_not_answer_costs_no_more_than_the_timeout(client: RawClient) -> None:
    with pytest.raises(TimeoutError):
        await client.server.request("t/ask", timeout=0.01)
    question = await client.receive()
    assert await client.receive() == {
        "jsonrpc": "2.0",
        "method": "$/cancelRequest",
        "params": {"id": question["id"]},
    }
    client.send({"jsonrpc": "2.0", "id": question["id"], "result": "late"})
    await client.nothing_more()
    assert client.server.protocol.awaited_replies == 0


async def test_a_request_that_is_open_at_the_end_is_cancelled(client: RawClient) -> None:
    asking = asyncio.ensure_future(client.server.request("t/ask", timeout=LIMIT))
    await client.receive()
    await client.end()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(asyncio.CancelledError):
        await client.server.request("t/ask", timeout=LIMIT)


async def test_no_body_is_logged_at_any_level(client: RawClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await client.request("t/echo", "sesame")
        await client.request("t/place", {"url": "sesame", "env": {"TOKEN": "sesame"}, "bad": "sesame"})
        await client.request("t/place", {"url": 1, "env": {"TOKEN": 12345}})
        client.notify("t/echo", "sesame")
        client.send_bytes(b"Content-Length: 9\r\n\r\n{sesame: ")
        await client.receive()
    assert "sesame" not in caplog.text
    assert "12345" not in caplog.text
