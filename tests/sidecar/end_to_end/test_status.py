"""What the status says: the real target without its secrets, and the server as it introduced itself."""

import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sidecar.harness import Editor, ResponseError
from tests.sidecar.programs import RAW, nasty, raw

SECRET = "made-up-s3cret-value"


async def test_the_status_tells_server_and_target(editor: Editor) -> None:
    status = await editor.connect(**raw("--name", "shop"))
    assert status["target"]["transport"] == "stdio"
    assert status["target"]["args"][-2:] == ["--name", "shop"]
    server = status["server"]
    assert (server["name"], server["version"], server["protocolVersion"]) == ("shop", "1.2.3", "2025-06-18")
    assert server["instructions"] == "A server for tests."
    assert "tools" in server["capabilities"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", status["connectedAt"])
    assert status["since"] == status["connectedAt"]
    assert (status["inFlight"], status["error"]) == (0, None)


async def test_the_modern_era_is_negotiated_and_told(editor: Editor) -> None:
    status = await editor.connect(**raw("--era", "modern", "--name", "new"))
    assert (status["server"]["name"], status["server"]["protocolVersion"]) == ("new", "2026-07-28")


async def test_the_status_can_be_had_as_a_text(start_editor: Callable[..., Awaitable[Editor]]) -> None:
    editor = await start_editor(texts=True)
    await editor.connect(**raw("--name", "shop"))
    pushed = await editor.wait_for_state("connected")
    asked = await editor.request("mcp/status", {"asText": True})
    for status in (pushed, asked):
        assert "\nServer: shop 1.2.3\nProtocol: 2025-06-18\n" in status["text"]
        assert status["name"] == "shop"
    assert "text" not in await editor.status()
    mark = editor.logs[-1]
    assert mark["text"].endswith(f" sidecar info: {mark['message']}")


async def test_the_log_marks_where_a_connection_begins_and_ends_for_who_reads_it_as_a_text(
    start_editor: Callable[..., Awaitable[Editor]],
) -> None:
    editor = await start_editor(texts=True)
    name = (await editor.connect(**raw()))["target"]["name"]
    await editor.call("stderr", lines=1)
    await editor.wait_for("mcp/didLog", lambda entry: entry["message"] == "stderr line 1")
    await editor.request("mcp/disconnect")
    with pytest.raises(ResponseError):
        await editor.connect(command="no-such-program-anywhere")
    await editor.connect(**raw())
    with pytest.raises(ResponseError):
        await editor.connect(command="no-such-program-anywhere")
    await editor.status()
    *said, failed, again, stands, refused = [entry["message"] for entry in editor.logs]
    assert said == [f"--- connecting {name} ---", f"--- connected {name} ---", "stderr line 1", "--- disconnected ---"]
    assert failed.startswith("--- failed no-such-program-anywhere --- ")
    assert (again, stands) == (said[0], said[1])
    assert refused.startswith(f"--- connected {name} --- ")


async def test_secrets_are_in_no_message_of_the_sidecar(editor: Editor) -> None:
    target = raw("--name", "shop", env={"API_TOKEN": SECRET})
    target["args"] += ["--record", "/dev/null"]
    await editor.connect(**target)
    # A server that repeats its secret on stderr.
    result = await editor.call("environment")
    assert SECRET in str(result)  # a result is the server's own word
    said = f"{editor.statuses} {editor.logs} {await editor.status()} {editor.stderr}"
    assert SECRET not in said
    assert "API_TOKEN" not in str(editor.statuses)


async def test_secrets_in_arguments_and_urls_are_masked_in_status_and_errors(editor: Editor) -> None:
    failures = (
        {"command": "no-such-program", "args": ["--token", SECRET]},
        {"url": f"http://user:{SECRET}@127.0.0.1:1/mcp?key={SECRET}", "headers": {"X-Key": SECRET}},
        nasty("exits") | {"env": {"API_KEY": SECRET}},
    )
    for target in failures:
        error = (await editor.request_nowait("mcp/connect", target))[1]
        failure = await _failure(error)
        assert SECRET not in failure
        assert SECRET not in str(await editor.status())
    assert SECRET not in f"{editor.statuses} {editor.logs} {editor.stderr}"


async def _failure(answer: object) -> str:
    from tests.sidecar.harness import ResponseError

    try:
        await answer  # type: ignore[misc]
    except ResponseError as error:
        return f"{error.message} {error.data}"
    raise AssertionError("the connect should have failed")


async def test_the_error_is_kept_until_the_next_success(editor: Editor) -> None:
    await _failure((await editor.request_nowait("mcp/connect", nasty("exits")))[1])
    failed = await editor.status()
    assert (failed["state"], failed["error"]["kind"]) == ("failed", "connection_failed")
    assert failed["target"]["args"][-1] == "exits"
    disconnected = await editor.request("mcp/disconnect")
    assert disconnected["error"] == failed["error"]
    assert (await editor.connect(**raw()))["error"] is None


async def test_statistics_are_pushed_at_most_ten_times_a_second(editor: Editor) -> None:
    import asyncio
    import time

    await editor.connect(**raw())
    mark, started = editor.mark(), time.perf_counter()
    await asyncio.gather(*(editor.call("echo", text="x") for _ in range(300)))
    status = await editor.wait_for("mcp/didChangeStatus", lambda each: each["statistics"]["toolsCalled"] == 300)
    seconds = time.perf_counter() - started
    pushes = [each for each in editor.notifications[mark:] if each.method == "mcp/didChangeStatus"]
    assert len(pushes) <= seconds * 10 + 2
    assert status["inFlight"] == 0


async def test_a_server_cannot_pose_as_the_sidecar(editor: Editor, tmp_path: Path) -> None:
    script = tmp_path / "poses.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(RAW.parent)!r})\nimport raw\nserver = raw.RawServer()\n"
        "for method in ('didChangeStatus', 'didLog', 'notifications/own/news'):\n"
        "    server.notify(method, {'state': 'connected', 'message': 'forged'})\nserver.serve()\n"
    )
    await editor.connect(command=sys.executable, args=[str(script)])
    await editor.wait_for("mcp/notifications/own/news")
    assert all("forged" not in str(each) for each in editor.statuses)
    assert {each["source"] for each in editor.logs if "didChangeStatus" in each["message"]} == {"protocol"}
    assert all(each["message"] != "forged" for each in editor.logs)


async def test_a_secret_is_masked_in_a_quoted_line_however_it_is_escaped(editor: Editor) -> None:
    # A line that is no JSON is quoted in the log as it came.
    code = (
        r"""import os; print('{"token": "' + os.environ["API_TOKEN"].replace("/", r"\/") + '"', flush=True); input()"""
    )
    await _failure(
        (
            await editor.request_nowait(
                "mcp/connect",
                {"command": sys.executable, "args": ["-c", code], "env": {"API_TOKEN": "made/up-s3cret"}},
            )
        )[1]
    )
    entry = await editor.wait_for("mcp/didLog", lambda entry: "token" in entry["message"])
    assert "made" not in entry["message"]
    assert '"token": "***"' in entry["message"]
