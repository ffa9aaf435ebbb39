"""`mcp/resolve`: what the user types is checked, and nothing else happens."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.programs import RAW, nasty, raw

StartEditor = Callable[..., Awaitable[Editor]]

SECRET = "made-up-s3cret-value"


async def test_a_target_is_understood_without_being_started(editor: Editor, tmp_path: Path) -> None:
    started = tmp_path / "started"
    line = f"API_KEY={SECRET} {sys.executable} {RAW} --record {started}"
    found = await editor.request("mcp/resolve", {"url": line})
    assert found == {
        "target": {
            "name": "raw.py",
            "transport": "stdio",
            "command": sys.executable,
            "args": [str(RAW), "--record", str(started)],
        },
        "text": f"API_KEY=*** {sys.executable} {RAW} --record {started}",
        "hasSecrets": True,
    }
    assert not started.exists()
    assert SECRET not in f"{editor.logs} {editor.stderr}"


async def test_a_url_is_not_asked(editor: Editor) -> None:
    found = await editor.request("mcp/resolve", {"url": "http://127.0.0.1:1/sse"})
    assert found["target"] == {"name": "127.0.0.1:1/sse", "transport": "sse", "url": "http://127.0.0.1:1/sse"}
    assert (found["text"], found["hasSecrets"]) == ("http://127.0.0.1:1/sse", False)


REFUSED = [
    {"url": "missing_server.py"},
    {"url": "ws://127.0.0.1:1/mcp"},
    {"url": "http://127.0.0.1:1/mcp", "auth": {"type": "oauth", "clientSecret": "x"}},
    {"command": "no-such-program"},
    {"url": "x", "command": "y"},
    {"url": "x", "conectTimeout": 1},
    {},
]


@pytest.mark.parametrize("target", REFUSED, ids=str)
async def test_a_target_is_refused_as_connect_refuses_it(editor: Editor, target: Json) -> None:
    with pytest.raises(ResponseError) as expected:
        await editor.request("mcp/connect", target)
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/resolve", target)
    found = refused.value
    assert (found.code, found.message, found.data) == (
        expected.value.code,
        expected.value.message,
        expected.value.data,
    )


async def check_that_nothing_changes(editor: Editor) -> None:
    """Resolve what is right and what is wrong; the status, its revision too, must stay as it is."""
    before = await editor.status()
    mark = editor.mark()
    await editor.request("mcp/resolve", raw())
    for target in REFUSED:
        with pytest.raises(ResponseError):
            await editor.request("mcp/resolve", target)
    assert await editor.status() == before
    assert not [each for each in editor.notifications[mark:] if each.method == "mcp/didChangeStatus"]


async def test_no_state_is_changed_by_it(start_editor: StartEditor) -> None:
    editor = await start_editor()
    await editor.wait_for_state("disconnected")
    await check_that_nothing_changes(editor)
    await editor.connect(**raw())
    await editor.call("echo", text="x")
    await editor.wait_for("mcp/didChangeStatus", lambda status: status["statistics"]["toolsCalled"] == 1)
    await check_that_nothing_changes(editor)
    assert (await editor.call("echo", text="y"))["content"][0]["text"] == "y"
    await editor.request("mcp/disconnect")
    with pytest.raises(ResponseError):
        await editor.connect(**nasty("exits"))
    await editor.wait_for_state("failed")
    await check_that_nothing_changes(editor)


async def test_it_is_answered_while_a_connect_is_under_way(editor: Editor) -> None:
    _, connecting = await editor.request_nowait("mcp/connect", nasty("hangs"))
    await editor.wait_for_state("connecting")
    await check_that_nothing_changes(editor)
    await editor.request("mcp/disconnect")
    with pytest.raises(ResponseError) as interrupted:
        await connecting
    assert interrupted.value.code == -32800


@pytest.mark.parametrize("argument", [{"url": "http://h/mcp"}, "http://h/mcp"], ids=["params", "string"])
async def test_it_is_a_command_too(editor: Editor, argument: Json) -> None:
    command = {"command": "mcpSidecar.resolve", "arguments": [argument]}
    found = await editor.request("workspace/executeCommand", command)
    assert found["target"]["transport"] == "streamable-http"
