"""A request that is given up, by the client or by its time: the server is told, and a late answer is no answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import attrs
import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.observers import counts, until
from tests.sidecar.programs import LISTENING, HttpServer, capable, listening_http, nasty, nasty_http, stdio

Serve = Callable[[HttpServer], Awaitable[HttpServer]]


@attrs.frozen
class Way:
    """One way to reach the SDK's server."""

    make: Callable[[], HttpServer] | None
    version: str
    tells: bool = True
    """Whether the server has a way to notice; a modern one that answers in JSON looks at nothing but its answer."""


WAYS = {
    "stdio-modern": Way(None, "2026-07-28"),
    "stdio-legacy": Way(None, "2025-11-25"),
    "http-modern": Way(listening_http, "2026-07-28"),
    "http-modern-json": Way(lambda: listening_http("http", "--json"), "2026-07-28", tells=False),
    "http-legacy": Way(listening_http, "2025-11-25"),
    "http-legacy-json": Way(lambda: listening_http("http", "--json"), "2025-11-25"),
    "sse": Way(lambda: listening_http("sse"), "2025-11-25"),
}


async def cancelled_calls(editor: Editor) -> int:
    """How many calls of `wait` the server has heard to be cancelled."""
    return int((await editor.call("cancellations"))["content"][0]["text"])


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
async def test_the_server_is_told_on_every_transport(editor: Editor, serve: Serve, way: Way) -> None:
    target: Json = stdio(LISTENING)
    if way.make is not None:
        target = {"url": (await serve(way.make())).url}
    status = await editor.connect(
        60, **target, connectTimeout=50, protocolVersion="auto" if way.version == "2026-07-28" else "legacy"
    )
    assert status["server"]["protocolVersion"] == way.version
    await cancelled_calls(editor)  # the first call of this server takes seconds of its own

    request_id, answer = await editor.request_nowait("mcp/tools/call", {"name": "wait", "arguments": {}})
    await editor.call("cancellations")  # the call before it has arrived by then
    await editor.cancel(request_id)
    with pytest.raises(ResponseError) as cancelled:
        await answer
    assert cancelled.value.code == -32800

    async def heard(number: int) -> bool:
        return await cancelled_calls(editor) >= number

    if way.tells:
        await until(lambda: heard(1))
    with pytest.raises(ResponseError) as timed_out:
        await editor.request("mcp/tools/call", {"name": "wait", "_meta": {"mcp-sidecar/callTimeout": 0.8}})
    assert timed_out.value.kind == "timeout"
    if way.tells:
        await until(lambda: heard(2))
    after = await editor.status()
    assert (after["state"], after["since"], after["inFlight"]) == ("connected", status["since"], 0)
    assert after["statistics"]["errors"] == 1


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_a_late_answer_is_dropped_and_noted(editor: Editor, era: str) -> None:
    await editor.connect(**nasty("answers-cancelled", "--era", era))
    request_id, answer = await editor.request_nowait("mcp/tools/call", {"name": "slow", "arguments": {}})
    await editor.call("echo", text="behind it")
    await editor.cancel(request_id)
    with pytest.raises(ResponseError):
        await answer
    await editor.wait_for("mcp/didLog", lambda entry: "a late answer" in entry["message"])
    since = editor.mark()
    with pytest.raises(ResponseError) as timed_out:
        await editor.request("mcp/tools/call", {"name": "slow", "_meta": {"mcp-sidecar/callTimeout": 0.2}})
    assert timed_out.value.kind == "timeout"
    await editor.wait_for("mcp/didLog", lambda entry: "a late answer" in entry["message"], since=since)
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "too late"


@pytest.mark.parametrize("mode", ["late-answers", "sse-late-answers"])
async def test_over_http_too_a_late_answer_is_dropped_and_noted(editor: Editor, serve: Serve, mode: str) -> None:
    server = await serve(nasty_http(mode))
    await editor.connect(url=server.url)

    async def has_arrived(number: int) -> bool:
        return (await counts(server)).get("tools/call", 0) >= number

    request_id, answer = await editor.request_nowait("mcp/tools/call", {"name": "slow", "arguments": {"seconds": 0}})
    await until(lambda: has_arrived(1))
    await editor.cancel(request_id)
    with pytest.raises(ResponseError) as cancelled:
        await answer
    assert cancelled.value.code == -32800
    await editor.wait_for("mcp/didLog", lambda entry: "a late answer" in entry["message"])
    since = editor.mark()
    timed_out = await editor.refused("mcp/tools/call", {"name": "slow", "_meta": {"mcp-sidecar/callTimeout": 0.8}})
    assert timed_out.kind == "timeout"
    await editor.wait_for("mcp/didLog", lambda entry: "a late answer" in entry["message"], since=since)
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"
    assert [entry for entry in editor.logs if entry["source"] == "protocol"] == []


async def test_progress_for_ever_ends_at_the_maximum_and_is_noted_once_after(editor: Editor) -> None:
    await editor.connect(**nasty("progress-for-ever", callTimeout=0.3, maxCallTimeout=0.8))
    with pytest.raises(ResponseError, match=r"reported progress, but did not answer tools/call within 0\.8 s"):
        await editor.call("echo", text="x")
    since = editor.mark()
    for _ in range(50):
        await editor.wait_for("mcp/notifications/progress", since=editor.mark())
    notes = [
        each.params["message"]
        for each in editor.notifications[since:]
        if each.method == "mcp/didLog" and each.params["source"] == "protocol"
    ]
    assert len(notes) <= 1
    assert (await editor.status())["state"] == "connected"


async def test_odd_progress_is_passed_on_and_breaks_nothing(editor: Editor) -> None:
    await editor.connect(**nasty("odd-progress"))
    result = await editor.request("mcp/tools/call", {"name": "echo", "arguments": {}, "workDoneToken": "t"})
    assert result["content"][0]["text"] == "done"
    passed = [each for each in editor.notifications if each.method == "mcp/notifications/progress"]
    assert len(passed) == 9
    shown = [each.params["value"] for each in editor.notifications if each.method == "$/progress"]
    assert [shown[0]["kind"], shown[-1]["kind"]] == ["begin", "end"]
    assert all(0 <= each.get("percentage", 0) <= 100 for each in shown)


async def test_disconnecting_ends_every_request_and_its_progress(editor: Editor) -> None:
    await editor.connect(**capable())
    answers = []
    for token in range(5):
        call = {"name": "work", "arguments": {"steps": 2, "pause": 30}, "workDoneToken": token}
        answers.append((await editor.request_nowait("mcp/tools/call", call))[1])
    await editor.call("echo", text="x")
    await editor.request("mcp/disconnect")
    for answer in answers:
        with pytest.raises(ResponseError) as lost:
            await answer
        assert lost.value.kind == "connection_lost"
    ended = {
        each.params["token"]
        for each in editor.notifications
        if each.method == "$/progress" and each.params["value"]["kind"] == "end"
    }
    assert ended == set(range(5))


async def test_initialize_is_never_cancelled(editor: Editor, tmp_path: Path) -> None:
    record = tmp_path / "received"
    target = nasty("hangs", "--record", record, protocolVersion="legacy")
    with pytest.raises(ResponseError) as timed_out:
        await editor.connect(**target, connectTimeout=0.7)
    assert timed_out.value.kind == "timeout"
    request_id, answer = await editor.request_nowait("mcp/connect", target)
    await until(lambda: _asked(record, 2), seconds=30)
    await editor.cancel(request_id)
    with pytest.raises(ResponseError):
        await answer
    await editor.request("mcp/disconnect")
    assert {json.loads(line)["method"] for line in record.read_text().splitlines()} == {"initialize"}


async def _asked(record: Path, number: int) -> bool:
    await asyncio.sleep(0)
    return record.exists() and len(record.read_text().splitlines()) >= number
