"""Editors that are not in the tests: what they send, recorded or written down, is sent to the sidecar again.

Each file in sessions/ is one: its `initialize` and `initialized` as they came, what it answers to requests that it does
not know, and how it ends its servers. FOLDER_URI, FOLDER_PATH and PROCESS_ID stand for those of this run.
"""

import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.sidecar.harness import LATER, STOP_TIMEOUT, Editor, ResponseError
from tests.sidecar.programs import raw

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")

StartEditor = Callable[..., Awaitable[Editor]]

SESSIONS = sorted((Path(__file__).parent / "sessions").glob("*.json"))
ASKED = ("window/showMessageRequest", "window/showDocument", "window/workDoneProgress/create")


def refuse(_: Any) -> Any:
    raise ResponseError(-32601, "Method not found")


ANSWERS: dict[str, Callable[[Any], Any]] = {
    "all": lambda _: None,
    "null to what it does not know": lambda _: None,
    "an error to what it does not know": refuse,
    "nothing to what it does not know": lambda _: LATER,
}


def read(path: Path, folder: Path) -> Any:
    """The session, in this folder."""
    text = path.read_text(encoding="utf-8")
    for name, value in (("FOLDER_URI", folder.as_uri()), ("FOLDER_PATH", str(folder))):
        text = text.replace(name, value)
    return json.loads(text.replace('"PROCESS_ID"', str(os.getpid())))


async def leave(editor: Editor, steps: list[str]) -> None:
    """End the sidecar as the editor does."""
    for step in steps:
        match step:
            case "shutdown":
                await editor.request("shutdown", timeout=STOP_TIMEOUT)
            case "shutdown as a notification":
                await editor.notify("shutdown")
            case "exit":
                await editor.notify("exit")
            case "end of stdin":
                await editor.end_stdin()
            case "SIGKILL":
                editor.kill()
            case _:
                editor.process.send_signal(signal.Signals[step])


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
async def test_an_editor_gets_through_a_session(start_editor: StartEditor, tmp_path: Path, path: Path) -> None:
    session = read(path, tmp_path)
    editor = await start_editor(env={"HOME": str(tmp_path), "XDG_CACHE_HOME": ""}, initialize=False)
    editor.answers = dict.fromkeys(ASKED, ANSWERS[session["answers"]])
    result = await editor.request("initialize", session["initialize"])
    assert "mcpSidecar.connect" in result["capabilities"]["executeCommandProvider"]["commands"]
    await editor.notify("initialized", session["initialized"].get("params"))
    assert (await editor.wait_for("mcp/didChangeStatus"))["state"] == "disconnected"

    # As from a code action: answered before any editor gives up, with what comes of it in a message or a file.
    command = {"command": "mcpSidecar.connect", "arguments": [raw(cwd=str(tmp_path)), {"show": True}]}
    await editor.request("workspace/executeCommand", command, timeout=10)
    await editor.wait_for_state("connected", timeout=45)
    await editor.wait_for("window/showMessage", lambda told: told["message"].startswith("MCP: connected to raw"))
    command = {"command": "mcpSidecar.tools.call", "arguments": [{"name": "pid"}]}
    called = await editor.request("workspace/executeCommand", command)
    server = psutil.Process(int(called["content"][0]["text"]))

    await leave(editor, session["exit"])
    code = await editor.wait()
    assert code in ((-signal.SIGKILL, 0) if "SIGKILL" in session["exit"] else (0,)), editor.stderr
    server.wait(timeout=5)


async def test_all_sessions_say_where_they_are_from() -> None:
    assert len(SESSIONS) > 8
    for path in SESSIONS:
        source = json.loads(path.read_text(encoding="utf-8"))["source"]
        assert source.startswith(("recorded between ", "written down after ")), path
