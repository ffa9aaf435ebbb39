"""Commands: every method is one, with the same params, the same checks and the same errors."""

from typing import Any

import pytest

from tests.sidecar.wire.harness import RawClient


async def execute(client: RawClient, command: str, *arguments: Any) -> Any:
    params = {"command": command, "arguments": list(arguments)} if arguments else {"command": command}
    return await client.request("workspace/executeCommand", params)


async def test_every_method_is_declared_as_a_command(fresh: RawClient) -> None:
    capabilities = (await fresh.initialize())["capabilities"]
    commands = capabilities["executeCommandProvider"]["commands"]
    assert set(commands) >= {"test.echo", "test.place", "test.nothing"}
    assert len(commands) == len(fresh.server.protocol.routes)


@pytest.mark.parametrize("params", [{"url": "a", "waitTime": 1.5}, {"url": 5}, {"url": "a", "b": 1}, {}, 7])
async def test_a_command_answers_what_the_request_answers(client: RawClient, params: Any) -> None:
    as_request = await client.request("t/place", params)
    as_command = await execute(client, "test.place", params)
    assert {**as_request, "id": 0} == {**as_command, "id": 0}


async def test_a_command_fails_as_the_request_fails(client: RawClient) -> None:
    as_request = await client.request("t/fail", "failed")
    as_command = await execute(client, "test.fail", "failed")
    assert as_request["error"] == as_command["error"]


async def test_a_command_takes_a_plain_string_where_that_has_a_meaning(client: RawClient) -> None:
    assert (await execute(client, "test.place", "here"))["result"] == {"url": "here"}
    assert (await execute(client, "test.call", "here"))["error"]["code"] == -32602
    assert (await client.request("t/place", "here"))["error"]["code"] == -32602


@pytest.mark.parametrize(
    "params", [{}, {"arguments": None}, {"arguments": []}, {"arguments": [None]}, {"arguments": [{}]}]
)
async def test_a_command_without_params_needs_no_argument(client: RawClient, params: Any) -> None:
    answer = await client.request("workspace/executeCommand", {"command": "test.nothing", **params})
    assert answer["result"] is None


@pytest.mark.parametrize(
    "params",
    [
        {"command": "test.unknown"},
        {"command": 5},
        {"command": "test.nothing", "arguments": [{}, {}]},
        {"command": "test.nothing", "arguments": {"a": 1}},
        {},
    ],
)
async def test_a_command_that_cannot_be_understood_is_refused(client: RawClient, params: Any) -> None:
    assert (await client.request("workspace/executeCommand", params))["error"]["code"] == -32602


async def test_a_payload_with_jsonrpc_inside_passes_through_a_command(client: RawClient) -> None:
    payload = {"jsonrpc": "2.0", "id": 1, "method": "exit", "class": [None, {"jsonrpc": 1}]}
    assert (await execute(client, "test.echo", payload))["result"] == payload
