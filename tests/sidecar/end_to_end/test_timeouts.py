"""Timeouts: one for connecting, one for calls, independent, and never the end of a connection."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable

import psutil
import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.programs import nasty, raw

StartEditor = Callable[..., Awaitable[Editor]]


async def timed_out(editor: Editor, name: str, **arguments: object) -> tuple[ResponseError, float]:
    """Call a tool that must time out; gives the error and the seconds it took."""
    started = time.perf_counter()
    with pytest.raises(ResponseError) as error:
        await editor.call(name, timeout=30, **arguments)
    assert error.value.kind == "timeout"
    return error.value, time.perf_counter() - started


async def test_a_connect_timeout_never_caps_calls(editor: Editor) -> None:
    await editor.connect(**raw(connectTimeout=2))
    assert (await editor.call("slow", seconds=2.5))["content"][0]["text"] == "slept"


async def test_a_call_timeout_never_ends_the_connection_nor_caps_the_connect(editor: Editor) -> None:
    await editor.connect(**nasty("slow-start", 1, callTimeout=0.5, connectTimeout=20))
    since = (await editor.status())["since"]
    error, seconds = await timed_out(editor, "slow", seconds=30)
    assert seconds < 5
    assert error.data["details"]["timeoutSeconds"] == 0.5
    status = await editor.status()
    assert (status["state"], status["since"], status["error"]) == ("connected", since, None)
    assert status["statistics"]["errors"] == 1
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"


async def test_the_server_is_told_of_a_timeout(editor: Editor, tmp_path: object) -> None:
    record = f"{tmp_path}/received"
    await editor.connect(**raw("--record", record, callTimeout=0.3))
    await timed_out(editor, "slow", seconds=30)
    await editor.call("echo", text="x")  # the lines before it have been read by then
    with open(record) as lines:
        assert any('"notifications/cancelled"' in line for line in lines)


async def test_a_stopped_server_times_out_after_the_asked_time_even_with_a_full_pipe(editor: Editor) -> None:
    await editor.connect(**raw(callTimeout=1))
    (server,) = psutil.Process(editor.pid).children()
    os.kill(server.pid, signal.SIGSTOP)
    calls = [timed_out(editor, "echo", text="x" * 1_000_000) for _ in range(5)]
    for _, seconds in await asyncio.gather(*calls):
        assert 0.9 < seconds < 4
    assert (await editor.status())["state"] == "connected"
    os.kill(server.pid, signal.SIGCONT)
    assert (await editor.call("echo", text="awake"))["content"][0]["text"] == "awake"


async def test_a_stopped_server_is_gone_after_disconnect(editor: Editor) -> None:
    await editor.connect(**raw())
    (server,) = psutil.Process(editor.pid).children()
    os.kill(server.pid, signal.SIGSTOP)
    await editor.request("mcp/disconnect")
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


async def test_a_server_that_reads_nothing_times_out(editor: Editor) -> None:
    await editor.connect(**nasty("stops-reading", callTimeout=1))
    await editor.request("mcp/tools/list")
    _, seconds = await timed_out(editor, "echo", text="x" * 4_000_000)
    assert seconds < 4


async def test_a_timeout_says_what_the_server_did_wrong_meanwhile(editor: Editor) -> None:
    await editor.connect(**nasty("pretty", callTimeout=1))
    error, _ = await timed_out(editor, "echo", text="x")
    assert error.data["details"]["violations"]
    assert "broke the protocol" in error.message


async def test_a_server_that_never_answers_is_owed_nothing_after_the_timeout(editor: Editor) -> None:
    await editor.connect(**nasty("never-answers", callTimeout=0.3))
    await timed_out(editor, "echo", text="x")
    assert (await editor.status())["inFlight"] == 0


@pytest.mark.parametrize("field", ["connectTimeout", "callTimeout"])
@pytest.mark.parametrize("value", [0, -1])
async def test_a_timeout_that_is_no_positive_number_is_refused_by_name(
    editor: Editor, field: str, value: float
) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.connect(**raw(**{field: value}))
    assert refused.value.code == -32602
    assert field in refused.value.message


async def test_nonsense_in_a_variable_is_named_and_the_default_holds(start_editor: StartEditor) -> None:
    editor = await start_editor(env={"MCP_TEST_CALL_TIMEOUT": "soon", "MCP_TEST_CONNECT_TIMEOUT": "-3"})
    for name, value, default in (("CALL", "soon", "60"), ("CONNECT", "-3", "30")):
        entry = await editor.wait_for("mcp/didLog", lambda each, name=name: f"_{name}_" in each["message"])  # type: ignore[misc]
        assert (entry["source"], entry["level"]) == ("sidecar", "warning")
        assert value in entry["message"]
        assert default in entry["message"]
    told = len(editor.logs)
    for _ in range(2):
        await editor.notify("workspace/didChangeConfiguration", {"settings": {"mcp": {"trace": "off"}}})
    await editor.status()
    assert editor.logs[told:] == [], "what is still wrong was told"
    assert (await editor.connect(**raw()))["state"] == "connected"


async def test_timeouts_come_from_the_request_then_the_settings_then_the_environment(start_editor: StartEditor) -> None:
    editor = await start_editor(env={"MCP_TEST_CALL_TIMEOUT": "30", "MCP_TEST_CONNECT_TIMEOUT": "0.4"}, callTimeout=0.4)
    with pytest.raises(ResponseError) as by_environment:
        await editor.connect(**nasty("hangs"))
    assert by_environment.value.data["details"]["timeoutSeconds"] == 0.4
    await editor.connect(**raw(connectTimeout=20))
    error, _ = await timed_out(editor, "slow", seconds=30)
    assert error.data["details"]["timeoutSeconds"] == 0.4
    await editor.notify("workspace/didChangeConfiguration", {"settings": {"mcp": {"callTimeout": 0.5}}})
    error, _ = await timed_out(editor, "slow", seconds=30)
    assert error.data["details"]["timeoutSeconds"] == 0.5
    await editor.notify("workspace/didChangeConfiguration", {"settings": {"mcpSidecar": {"callTimeout": 0.6}}})
    error, _ = await timed_out(editor, "slow", seconds=30)
    assert error.data["details"]["timeoutSeconds"] == 0.6
    others: list[Json] = [{"settings": {}}, {"settings": None}, {"settings": {"python": {}}}]
    for other in others:  # as editors send them right after `initialized`
        await editor.notify("workspace/didChangeConfiguration", other)
    error, _ = await timed_out(editor, "slow", seconds=30)
    assert error.data["details"]["timeoutSeconds"] == 0.6
    await editor.connect(**raw(connectTimeout=20, callTimeout=0.2))
    error, _ = await timed_out(editor, "slow", seconds=30)
    assert error.data["details"]["timeoutSeconds"] == 0.2
