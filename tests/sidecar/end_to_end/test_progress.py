"""Progress: as LSP shows it, as the server sent it, and as what keeps a request alive."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.programs import HttpServer, capable, good_http, nasty

Serve = Callable[[HttpServer], Awaitable[HttpServer]]

ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])


def work(steps: int, pause: float, **more: Json) -> Json:
    """The params of a call that reports progress."""
    return {"name": "work", "arguments": {"steps": steps, "pause": pause}, **more}


def shown(editor: Editor, token: int | str) -> list[Json]:
    """What LSP's progress showed under a token."""
    return [
        each.params["value"]
        for each in editor.notifications
        if each.method == "$/progress" and each.params["token"] == token
    ]


def reports(editor: Editor) -> list[Json]:
    """The server's own notifications."""
    return [each.params for each in editor.notifications if each.method == "mcp/notifications/progress"]


@ERAS
async def test_a_work_done_token_shows_the_progress(editor: Editor, era: str) -> None:
    await editor.connect(**capable("--era", era))
    await editor.request("mcp/tools/call", work(3, 0.15, workDoneToken="t"))
    begin, *middle, end = shown(editor, "t")
    assert begin == {"kind": "begin", "title": "tools/call work"}
    assert middle == [
        {"kind": "report", "message": "step 1", "percentage": 33},
        {"kind": "report", "message": "step 2", "percentage": 66},
        {"kind": "report", "message": "step 3", "percentage": 100},
    ]
    assert end == {"kind": "end"}
    assert [each["progressToken"] for each in reports(editor)] == ["t"] * 3


async def test_the_server_never_sees_the_work_done_token(editor: Editor) -> None:
    await editor.connect(**capable())
    result = await editor.request("mcp/x/echo", {"a": 1, "workDoneToken": 7})
    assert result["params"].keys() == {"a", "_meta"}
    assert result["params"]["_meta"].keys() == {"progressToken"}
    assert [each["kind"] for each in shown(editor, 7)] == ["begin", "end"]


async def test_a_commands_own_token_is_the_requests(editor: Editor) -> None:
    await editor.connect(**capable())
    arguments = [work(1, 0)]
    command = {"command": "mcpSidecar.tools.call", "arguments": arguments, "workDoneToken": "c"}
    await editor.request("workspace/executeCommand", command)
    assert [each["kind"] for each in shown(editor, "c")] == ["begin", "report", "end"]
    await editor.request("workspace/executeCommand", {"command": "mcpSidecar.status", "workDoneToken": "s"})


@ERAS
async def test_the_clients_own_progress_token_stays_as_it_is(editor: Editor, era: str) -> None:
    await editor.connect(**capable("--era", era))
    call = work(2, 0, _meta={"progressToken": 41}, workDoneToken="t")
    await editor.request("mcp/tools/call", call)
    assert [each["progressToken"] for each in reports(editor)] == [41, 41]
    assert [each["kind"] for each in shown(editor, "t")] == ["begin", "report", "report", "end"]


async def test_a_failed_and_a_cancelled_request_end_their_progress(editor: Editor) -> None:
    await editor.connect(**capable())
    with pytest.raises(ResponseError):
        await editor.request("mcp/tools/call", {"name": "refuses", "arguments": {}, "workDoneToken": "failed"})
    assert [each["kind"] for each in shown(editor, "failed")] == ["begin", "end"]
    request_id, answer = await editor.request_nowait("mcp/tools/call", work(1000, 0.02, workDoneToken="cancelled"))
    await editor.wait_for("$/progress", lambda params: params["value"]["kind"] == "report")
    await editor.cancel(request_id)
    with pytest.raises(ResponseError) as cancelled:
        await answer
    assert cancelled.value.code == -32800
    await editor.wait_for("$/progress", lambda params: params == {"token": "cancelled", "value": {"kind": "end"}})


@ERAS
async def test_progress_keeps_a_request_alive(editor: Editor, era: str) -> None:
    await editor.connect(**capable("--era", era, callTimeout=1.5))
    started = time.perf_counter()
    result = await editor.request("mcp/tools/call", work(6, 0.4))
    assert result["content"][0]["text"] == "done"
    assert time.perf_counter() - started > 2.2


@ERAS
async def test_progress_keeps_a_request_alive_no_longer_than_the_maximum(editor: Editor, era: str) -> None:
    await editor.connect(**capable("--era", era, callTimeout=0.5, maxCallTimeout=1.2))
    started = time.perf_counter()
    with pytest.raises(ResponseError) as error:
        await editor.request("mcp/tools/call", work(10_000, 0.05))
    assert error.value.kind == "timeout"
    assert 1.1 < time.perf_counter() - started < 3
    assert error.value.data["details"]["timeoutSeconds"] == 0.5
    assert error.value.data["details"]["maxTimeoutSeconds"] == 1.2
    assert "maxCallTimeout" in error.value.data["suggestion"]


async def test_progress_that_stops_ends_in_a_timeout(editor: Editor) -> None:
    await editor.connect(**nasty("progress-then-nothing", callTimeout=0.5))
    with pytest.raises(ResponseError, match="then nothing for 0.5 s") as error:
        await editor.call("echo", text="x")
    assert error.value.kind == "timeout"


@pytest.mark.parametrize(("own", "seconds"), [("maxCallTimeout", 0.8), ("callTimeout", 0.4)])
async def test_a_requests_own_limits_come_first(editor: Editor, own: str, seconds: float) -> None:
    await editor.connect(**capable(callTimeout=30 if own == "callTimeout" else 0.3, maxCallTimeout=60))
    started = time.perf_counter()
    arguments = {"steps": 1, "pause": 30} if own == "callTimeout" else {"steps": 10_000, "pause": 0.02}
    with pytest.raises(ResponseError) as error:
        await editor.request(
            "mcp/tools/call", {"name": "work", "arguments": arguments, "_meta": {f"mcp-sidecar/{own}": seconds}}
        )
    assert error.value.kind == "timeout"
    assert seconds * 0.9 < time.perf_counter() - started < seconds + 2
    assert (await editor.status())["state"] == "connected"


async def test_a_longer_time_of_its_own_outlasts_the_targets(editor: Editor) -> None:
    await editor.connect(**capable(callTimeout=0.2))
    call = {"name": "slow", "arguments": {"seconds": 0.8}, "_meta": {"mcp-sidecar/callTimeout": 20}}
    assert (await editor.request("mcp/tools/call", call))["content"][0]["text"] == "slept"


@pytest.mark.parametrize("kind", ["modern", "legacy", "sse"])
async def test_progress_arrives_over_http(editor: Editor, serve: Serve, kind: str) -> None:
    server = await serve(good_http("sse" if kind == "sse" else "http"))
    await editor.connect(url=server.url, protocolVersion="auto" if kind == "modern" else "legacy")
    await editor.call("slow", seconds=0)  # the first call of this server takes seconds of its own
    before = len(reports(editor))
    call = {"name": "slow", "arguments": {"seconds": 3}, "workDoneToken": 1, "_meta": {"mcp-sidecar/callTimeout": 1.5}}
    assert (await editor.request("mcp/tools/call", call))["content"][0]["text"] == "slept 3.0"
    assert [each["message"] for each in reports(editor)[before:]] == [f"step {step}" for step in range(10)]
    assert shown(editor, 1)[0]["kind"] == "begin"
    assert {"kind": "report", "message": "step 9", "percentage": 90} in shown(editor, 1)


@pytest.mark.parametrize("kind", ["modern", "legacy", "sse"])
async def test_over_http_progress_keeps_a_request_alive_up_to_the_maximum(
    editor: Editor, serve: Serve, kind: str
) -> None:
    server = await serve(good_http("sse" if kind == "sse" else "http"))
    await editor.connect(url=server.url, protocolVersion="auto" if kind == "modern" else "legacy")
    await editor.call("slow", seconds=0)  # the first call of this server takes seconds of its own
    limits = {"mcp-sidecar/callTimeout": 1.5, "mcp-sidecar/maxCallTimeout": 2.5}
    started = time.perf_counter()
    error = await editor.refused("mcp/tools/call", {"name": "slow", "arguments": {"seconds": 9}, "_meta": limits})
    assert error.kind == "timeout"
    assert 1.6 < time.perf_counter() - started < 5  # a report came in time, so it had more than the first 1.5 s
    assert error.data["details"]["maxTimeoutSeconds"] == 2.5
    assert (await editor.status())["state"] == "connected"


async def test_progress_of_no_request_is_noted_once_and_passed_on(editor: Editor) -> None:
    await editor.connect(**nasty("late-progress"))
    await editor.request("mcp/tools/call", {"name": "echo", "arguments": {"text": "x"}, "workDoneToken": "t"})
    await editor.wait_for("mcp/notifications/progress", lambda params: params["progressToken"] == "the last one")
    notes = [each["message"] for each in editor.logs if each["source"] == "protocol"]
    assert len([each for each in notes if "after the request had been answered" in each]) == 1
    assert len([each for each in notes if "which no request brought" in each]) == 2
    assert len([each for each in notes if "does not increase" in each]) == 1
    assert shown(editor, "t")[-1] == {"kind": "end"}
    assert len(reports(editor)) == 3 + 20 + 20 + 1


async def test_a_flood_of_progress_is_shown_a_few_times_and_hurts_nobody(editor: Editor) -> None:
    await editor.connect(**capable(callTimeout=20))
    _, answer = await editor.request_nowait("mcp/tools/call", work(20_000, 0, workDoneToken="t"))
    async with asyncio.timeout(5):
        await editor.status()
    async with asyncio.timeout(60):
        await asyncio.shield(answer)
    assert len(reports(editor)) == 20_000
    kinds = [each["kind"] for each in shown(editor, "t")]
    assert kinds[0] == "begin"
    assert kinds[-1] == "end"
    seconds = next(e.at for e in reversed(editor.notifications) if e.method == "$/progress") - next(
        e.at for e in editor.notifications if e.method == "$/progress"
    )
    assert 3 <= len(kinds) <= 4 + seconds / 0.1
    assert shown(editor, "t")[-2]["percentage"] == 100
