"""A server that dies: noticed at once, explained, and never shown as connected."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable

import psutil
import pytest

from tests.sidecar.harness import Editor, ResponseError
from tests.sidecar.programs import nasty, raw


def server_of(editor: Editor) -> psutil.Process:
    """The process of the server under test."""
    (child,) = psutil.Process(editor.pid).children()
    return child


async def test_a_killed_idle_server_is_noticed_at_once(editor: Editor) -> None:
    await editor.connect(**raw())
    server = server_of(editor)
    mark, killed_at = editor.mark(), time.perf_counter()
    server.kill()
    status = await editor.wait_for_state("failed", since=mark)
    (push,) = [each for each in editor.notifications[mark:] if each.method == "mcp/didChangeStatus"]
    assert push.at - killed_at < 2.0
    assert status["error"]["kind"] == "connection_lost"
    assert status["error"]["details"]["signal"] == "SIGKILL"
    assert status["error"]["details"]["exitCode"] == -signal.SIGKILL
    assert status["connectedAt"] is None
    assert await editor.status() == status


async def test_the_exit_code_and_the_last_words_are_in_the_status(editor: Editor) -> None:
    await editor.connect(**nasty("exits-after-call"))
    await editor.call("echo", text="x")
    status = await editor.wait_for_state("failed")
    assert status["error"]["details"]["exitCode"] == 9
    assert status["error"]["details"]["stderr"] == ["done for today"]
    assert "code 9" in status["error"]["message"]
    assert "done for today" in status["error"]["message"]


@pytest.mark.parametrize(("mode", "detail"), [("exits-in-call", {"exitCode": 7}), ("killed-in-call", {"exitCode": -9})])
async def test_calls_in_flight_fail_at_once_and_later_ones_fast(
    editor: Editor, mode: str, detail: dict[str, int]
) -> None:
    await editor.connect(**nasty(mode))
    with pytest.raises(ResponseError) as lost:
        await editor.call("echo", timeout=5, text="x")
    assert (lost.value.code, lost.value.kind) == (-32803, "connection_lost")
    assert lost.value.data["details"].items() >= detail.items()
    # The push came before the answer: at no moment could the client believe otherwise.
    assert editor.statuses[-1]["state"] == "failed"
    with pytest.raises(ResponseError) as refused:
        await editor.call("echo", timeout=1, text="x")
    assert refused.value.kind == "not_connected"
    assert "Reconnect" in refused.value.data["suggestion"]
    status = await editor.status()
    assert (status["state"], status["statistics"]["errors"], status["inFlight"]) == ("failed", 2, 0)


async def test_all_calls_in_flight_are_answered_when_the_server_dies(editor: Editor) -> None:
    await editor.connect(**raw())
    calls = [
        (await editor.request_nowait("mcp/tools/call", {"name": "slow", "arguments": {"seconds": 60}}))[1]
        for _ in range(20)
    ]
    await editor.wait_for("mcp/didChangeStatus", lambda status: status["inFlight"] == 20)
    server_of(editor).kill()
    results = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
    assert {each.kind for each in results if isinstance(each, ResponseError)} == {"connection_lost"}
    assert len(results) == 20
    status = await editor.wait_for("mcp/didChangeStatus", lambda status: status["statistics"]["errors"] == 20)
    assert (status["state"], status["inFlight"]) == ("failed", 0)


@pytest.mark.parametrize(("mode", "pipe"), [("closes-stdout", "stdout"), ("closes-stdin", "stdin")])
async def test_a_server_that_closes_a_pipe_is_lost_and_ended(editor: Editor, mode: str, pipe: str) -> None:
    await editor.connect(**nasty(mode))
    server = server_of(editor)
    await editor.request("mcp/tools/list")
    status = await editor.wait_for_state("failed")
    assert f"closed its {pipe}" in status["error"]["message"]
    await asyncio.to_thread(server.wait, 5)


async def test_a_server_whose_grandchild_holds_its_stdout_is_lost_when_it_dies(editor: Editor) -> None:
    await editor.connect(**nasty("grandchild-holds-stdout"))
    server = server_of(editor)
    (grandchild,) = server.children()
    server.kill()
    await editor.wait_for_state("failed", timeout=3)
    await asyncio.to_thread(grandchild.wait, 5)


async def test_a_crashed_server_is_only_restarted_when_asked(editor: Editor) -> None:
    await editor.connect(**raw())
    before = server_of(editor).pid
    os.kill(before, signal.SIGKILL)
    await editor.wait_for_state("failed")
    assert psutil.Process(editor.pid).children() == []
    status = await editor.request("mcp/reconnect")
    assert (status["state"], status["error"]) == ("connected", None)
    assert server_of(editor).pid != before
    assert (await editor.call("echo", text="again"))["content"][0]["text"] == "again"


async def test_reconnect_without_a_target_says_so(start_editor: Callable[..., Awaitable[Editor]]) -> None:
    editor = await start_editor()
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/reconnect")
    assert refused.value.kind == "not_connected"
    assert "Connect" in refused.value.data["suggestion"]
