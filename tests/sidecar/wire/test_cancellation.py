"""Cancelling: answered at once, answered once, and cleaned up behind the answer."""

import asyncio
from typing import Any

import pytest

from tests.sidecar.wire.conftest import Handlers
from tests.sidecar.wire.harness import LIMIT, RawClient, frame

AS_COMMAND = {"jsonrpc": "2.0", "id": 5, "method": "workspace/executeCommand", "params": {"command": "test.stubborn"}}
AS_REQUEST = {"jsonrpc": "2.0", "id": 5, "method": "t/stubborn"}


@pytest.mark.parametrize("request_", [AS_REQUEST, AS_COMMAND])
async def test_a_cancelled_request_is_answered_before_its_handler_has_cleaned_up(
    client: RawClient, handlers: Handlers, request_: Any
) -> None:
    client.send(request_)
    async with asyncio.timeout(LIMIT):
        await handlers.started.wait()
    client.notify("$/cancelRequest", {"id": 5})
    answer = await client.receive()
    assert (answer["id"], answer["error"]["code"]) == (5, -32800)
    assert not handlers.cleaned_up.is_set()
    assert len(client.server.protocol.background) == 1
    handlers.release.set()
    async with asyncio.timeout(LIMIT):
        await handlers.cleaned_up.wait()
    await client.nothing_more()


async def test_a_request_cancelled_before_its_handler_began_is_answered_once(client: RawClient) -> None:
    cancel = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 5}}
    client.send_bytes(frame(AS_REQUEST) + frame(cancel) + frame(cancel))
    answer = await client.receive()
    assert (answer["id"], answer["error"]["code"]) == (5, -32800)
    await client.nothing_more()


async def test_a_cancellation_that_comes_after_the_answer_changes_nothing(client: RawClient) -> None:
    assert (await client.request("t/nothing", msg_id=5))["result"] is None
    client.notify("$/cancelRequest", {"id": 5})
    await client.nothing_more()


async def test_only_the_named_request_is_cancelled(client: RawClient, handlers: Handlers) -> None:
    for msg_id in 1, "1", 2:
        client.send({"jsonrpc": "2.0", "id": msg_id, "method": "t/wait"})
    client.notify("$/cancelRequest", {"id": "1"})
    answer = await client.receive()
    assert (answer["id"], answer["error"]["code"]) == ("1", -32800)
    handlers.release.set()
    assert {(await client.receive())["id"], (await client.receive())["id"]} == {1, 2}


async def test_an_id_may_be_used_again_once_it_was_answered_as_cancelled(client: RawClient, handlers: Handlers) -> None:
    client.send(AS_REQUEST)
    client.notify("$/cancelRequest", {"id": 5})
    assert (await client.receive())["error"]["code"] == -32800
    assert (await client.request("t/nothing", msg_id=5))["result"] is None
    handlers.release.set()
    await client.nothing_more()


async def test_requests_run_side_by_side_and_each_gets_its_own_answer(client: RawClient, handlers: Handlers) -> None:
    for msg_id in range(200):
        client.send({"jsonrpc": "2.0", "id": msg_id, "method": "t/wait"})
        client.send({"jsonrpc": "2.0", "id": 1000 + msg_id, "method": "t/echo", "params": msg_id})
    echoes = [await client.receive() for _ in range(200)]
    assert [(echo["id"], echo["result"]) for echo in echoes] == [(1000 + n, n) for n in range(200)]
    assert client.server.protocol.in_flight == 200
    handlers.release.set()
    assert {(await client.receive())["id"] for _ in range(200)} == set(range(200))
    assert client.server.protocol.in_flight == 0
