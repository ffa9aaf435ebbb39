"""Connecting: make-before-break, the last one wins, and what interrupts it."""

import asyncio
import time

import psutil
import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.programs import nasty, raw


def children(editor: Editor) -> list[psutil.Process]:
    return psutil.Process(editor.pid).children(recursive=True)


async def gone(processes: list[psutil.Process], seconds: float = 5) -> bool:
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, seconds)
    return not alive


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ({"url": "no-such-server.py"}, "invalid_target"),
        ({"url": "ws://127.0.0.1:1/"}, "invalid_target"),
        ({"url": "http://127.0.0.1:1/mcp"}, "connection_failed"),
        ({"command": "no-such-program-anywhere"}, "connection_failed"),
        (nasty("exits"), "connection_failed"),
        (nasty("hangs", connectTimeout=0.5), "timeout"),
        (nasty("refuses-initialize"), "server_error"),
        (nasty("old-version"), "protocol_error"),
    ],
)
async def test_a_failed_connect_leaves_the_good_connection_alone(
    editor: Editor, target: dict[str, Json], kind: str
) -> None:
    await editor.connect(**raw())
    await editor.call("echo", text="x")
    good = await editor.status()
    with pytest.raises(ResponseError) as failed:
        await editor.connect(**target)
    assert (failed.value.code, failed.value.kind) == (-32803, kind)
    status = await editor.status()
    for field in ("state", "since", "target", "server", "connectedAt", "statistics"):
        assert status[field] == good[field], field
    assert status["error"]["kind"] == kind
    assert status["error"]["message"] == failed.value.message
    assert (await editor.call("echo", text="still here"))["content"][0]["text"] == "still here"


async def test_invalid_params_touch_nothing(editor: Editor) -> None:
    await editor.connect(**raw())
    before = await editor.status()
    with pytest.raises(ResponseError) as refused:
        await editor.connect(url="x", conectTimeout=3)
    assert refused.value.code == -32602
    assert 'unknown field "conectTimeout"' in refused.value.message
    assert await editor.status() == before


async def test_while_another_server_is_tried_the_status_shows_the_attempt_and_the_old_one_serves(
    editor: Editor,
) -> None:
    await editor.connect(**raw("--name", "first"))
    mark = editor.mark()
    request_id, connect = await editor.request_nowait("mcp/connect", nasty("hangs"))
    status = await editor.wait_for_state("connecting", since=mark)
    assert status["target"]["args"][-1] == "hangs"
    assert (await editor.call("echo", text="served"))["content"][0]["text"] == "served"
    await editor.cancel(request_id)
    with pytest.raises(ResponseError) as cancelled:
        await connect
    assert cancelled.value.code == -32800
    status = await editor.status()
    assert (status["state"], status["server"]["name"], status["error"]) == ("connected", "first", None)


async def test_a_new_connection_replaces_the_old_one_and_answers_its_calls(editor: Editor) -> None:
    await editor.connect(**raw("--name", "first"))
    old = children(editor)
    _, call = await editor.request_nowait("mcp/tools/call", {"name": "slow", "arguments": {"seconds": 60}})
    mark = editor.mark()
    status = await editor.connect(**raw("--name", "second"))
    assert (status["server"]["name"], status["inFlight"]) == ("second", 0)
    pushed = await editor.wait_for_state("connected", since=mark)
    assert pushed["inFlight"] == 0, "what the old server owes is not the new one's"
    with pytest.raises(ResponseError) as replaced:
        await asyncio.wait_for(asyncio.shield(call), 5)
    assert replaced.value.kind == "connection_lost"
    assert "replaced" in replaced.value.message
    status = await editor.status()
    assert (status["statistics"]["errors"], status["inFlight"], status["state"]) == (1, 0, "connected")
    assert await gone(old)


async def test_connecting_to_the_same_target_lets_go_of_it_first(editor: Editor) -> None:
    await editor.connect(**raw())
    (old,) = children(editor)
    mark = editor.mark()
    await editor.connect(**raw())
    assert await gone([old])
    assert [each["state"] for each in editor.statuses if each["revision"] >= 3][-2:] == ["connecting", "connected"]
    assert [each.params["state"] for each in editor.notifications[mark:] if each.method == "mcp/didChangeStatus"] == [
        "connecting",
        "connected",
    ]
    assert len(children(editor)) == 1


async def test_of_concurrent_connects_the_last_one_wins(editor: Editor) -> None:
    connects = [
        (await editor.request_nowait("mcp/connect", raw("--name", f"server-{number}")))[1] for number in range(5)
    ]
    results: list[Json] = await asyncio.wait_for(asyncio.gather(*connects, return_exceptions=True), 20)
    assert [each.code for each in results[:-1] if isinstance(each, ResponseError)] == [-32800] * 4
    assert results[-1]["server"]["name"] == "server-4"
    assert (await editor.status())["server"]["name"] == "server-4"
    async with asyncio.timeout(5):
        while len(children(editor)) != 1:
            await gone(children(editor), 0.05)


@pytest.mark.parametrize("mode", ["hangs", "hangs-unread"])
@pytest.mark.parametrize("how", ["disconnect", "cancel"])
async def test_a_hanging_connect_is_interrupted_at_once(editor: Editor, mode: str, how: str) -> None:
    await editor.connect(**raw())  # so that the stack is imported, and only the interruption is timed
    await editor.request("mcp/disconnect")
    mark = editor.mark()
    request_id, connect = await editor.request_nowait("mcp/connect", nasty(mode))
    await editor.wait_for_state("connecting", since=mark)
    async with asyncio.timeout(5):
        while not (started := children(editor)):
            await asyncio.wait({connect}, timeout=0.01)
    asked_at = time.perf_counter()
    if how == "disconnect":
        status = await editor.request("mcp/disconnect")
        assert status["state"] == "disconnected"
    else:
        await editor.cancel(request_id)
    with pytest.raises(ResponseError) as interrupted:
        await connect
    # The promise is 100 ms; a shared machine gets some slack, a hang would take the connect timeout of 30 s.
    assert time.perf_counter() - asked_at < 1.0
    assert interrupted.value.code == -32800
    assert (await editor.status())["state"] == "disconnected"
    assert await gone(started)


async def test_disconnect_is_idempotent_and_leaves_no_process(editor: Editor) -> None:
    assert (await editor.request("mcp/disconnect"))["state"] == "disconnected"
    await editor.connect(**raw())
    status = await editor.request("mcp/disconnect")
    assert children(editor) == []
    assert (status["state"], status["target"], status["server"], status["connectedAt"]) == (
        "disconnected",
        None,
        None,
        None,
    )
    assert await editor.request("mcp/disconnect") == status


async def test_what_is_asked_before_any_server_was_there_is_no_error_of_one(editor: Editor) -> None:
    with pytest.raises(ResponseError):
        await editor.connect(**nasty("exits"))
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/tools/list")
    assert refused.value.kind == "not_connected"
    status = await editor.status()
    assert (status["state"], status["statistics"]["errors"]) == ("failed", 0)


async def test_statistics_are_kept_until_an_explicit_disconnect(editor: Editor) -> None:
    await editor.connect(**raw())
    await editor.call("echo", text="x")
    await editor.call("fails")
    with pytest.raises(ResponseError):
        await editor.call("refuses")
    assert (await editor.status())["statistics"] == {
        "toolsCalled": 2,
        "resourcesAccessed": 0,
        "promptsExecuted": 0,
        "errors": 1,
    }
    status = await editor.request("mcp/reconnect")
    assert status["statistics"]["toolsCalled"] == 2
    status = await editor.request("mcp/disconnect")
    assert set(status["statistics"].values()) == {0}


async def test_reconnect_works_after_a_disconnect(editor: Editor) -> None:
    await editor.connect(**raw())
    await editor.request("mcp/disconnect")
    assert (await editor.request("mcp/reconnect"))["state"] == "connected"


async def test_revisions_only_grow(editor: Editor) -> None:
    await editor.connect(**raw())
    await asyncio.gather(*(editor.call("echo", text=str(number)) for number in range(20)))
    await editor.request("mcp/disconnect")
    revisions = [each["revision"] for each in editor.statuses]
    assert revisions == sorted(set(revisions))


async def test_a_server_may_start_slowly(editor: Editor) -> None:
    status = await editor.connect(**nasty("slow-start", 2, connectTimeout=20))
    assert status["state"] == "connected"


@pytest.mark.parametrize(("mode", "version"), [("ignores-unknown", "2025-06-18"), ("initialize-or-exit", "2025-06-18")])
async def test_older_servers_that_stumble_over_the_probe_are_connected_to(
    editor: Editor, mode: str, version: str
) -> None:
    status = await editor.connect(**nasty(mode, connectTimeout=15))
    assert status["server"]["protocolVersion"] == version
