"""The commands as people run them: what is missing is asked for, and what comes of it is shown."""

import asyncio
import base64
import os
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from mcp_sidecar.connection.state_directory import cache_directory
from tests.sidecar.harness import LATER, Editor, ResponseError
from tests.sidecar.programs import capable, choices, good, nasty, raw, tidy

StartEditor = Callable[..., Awaitable[Editor]]

OpenDesk = Callable[..., Awaitable["Desk"]]
CAPABLE = {"window": {"showDocument": {"support": True}, "workDoneProgress": True}}
SHOW = {"show": True}


class Desk:
    """An editor with a home of its own, and what it showed."""

    def __init__(self, home: Path, editor: Editor) -> None:
        self.home = home
        self.editor = editor
        self.answer: str | None = None
        """The button that is pressed in every question; none dismisses it."""
        self.shown: list[Path] = []
        self.questions: list[Any] = []

    def begin(self) -> None:
        """Forget what was."""
        self.editor.forget()
        self.editor.answers["window/showDocument"] = self._show
        self.editor.answers["window/showMessageRequest"] = self._ask
        self.shown.clear()
        self.questions.clear()
        self.answer = None

    def _show(self, params: Any) -> Any:
        self.shown.append(Path(url2pathname(urlsplit(params["uri"]).path)))
        return {"success": True}

    def _ask(self, params: Any) -> Any:
        self.questions.append(params)
        return {"title": self.answer} if self.answer is not None else None

    async def run(self, command: str, *arguments: Any, timeout: float = 60, **more: Any) -> Any:
        """Run a command."""
        params = {"command": f"mcpSidecar.{command}", "arguments": list(arguments), **more}
        return await self.editor.request("workspace/executeCommand", params, timeout=timeout)

    async def refused(self, command: str, *arguments: Any) -> ResponseError:
        params = {"command": f"mcpSidecar.{command}", "arguments": list(arguments)}
        return await self.editor.refused("workspace/executeCommand", params)

    async def document(self) -> str:
        """The next file that is shown."""
        async with asyncio.timeout(20):
            while not self.shown:
                await asyncio.sleep(0.02)
        return self.shown.pop().read_text(encoding="utf-8")

    async def message(self, since: int = 0) -> str:
        """The next message of one line."""
        return (await self.editor.wait_for("window/showMessage", timeout=20, since=since))["message"]


def own_home(home: Path) -> dict[str, str]:
    """The environment in which files go there."""
    return {"HOME": str(home), "XDG_CACHE_HOME": "", "XDG_STATE_HOME": ""}


@pytest.fixture(scope="module")
async def lasting_desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Hold the editor that these tests share."""
    home = tmp_path_factory.mktemp("home")
    editor = await Editor.start(env=own_home(home))
    await editor.initialize(params={"capabilities": CAPABLE})
    yield Desk(home, editor)
    await editor.close()


@pytest.fixture
async def desk(lasting_desk: Desk) -> AsyncIterator[Desk]:
    """Provide an editor that shows documents and has progress, not connected."""
    lasting_desk.begin()
    yield lasting_desk
    await lasting_desk.editor.reset()


@pytest.fixture
def open_desk(tmp_path: Path, start_editor: StartEditor) -> OpenDesk:
    """Open editors with other capabilities and settings."""

    async def open_one(capabilities: Any, **mcp: Any) -> Desk:
        editor = await start_editor(env=own_home(tmp_path), initialize=False)
        await editor.initialize(params={"capabilities": capabilities}, **mcp)
        desk = Desk(tmp_path, editor)
        desk.begin()
        return desk

    return open_one


# What is shown


async def test_commands_that_an_editor_has_itself_are_not_announced_to_it(start_editor: StartEditor) -> None:
    editor = await start_editor(initialize=False)
    options = {"mcp": {"client": {"commands": True}}}
    asked = {"processId": None, "capabilities": {}, "initializationOptions": options}
    answer = await editor.request("initialize", asked)
    assert "executeCommandProvider" not in answer["capabilities"]
    await editor.notify("initialized", {})
    status = await editor.request("workspace/executeCommand", {"command": "mcpSidecar.status"})
    assert status["state"] == "disconnected"


async def test_a_result_is_shown_in_a_private_file(desk: Desk) -> None:
    await desk.editor.connect(**raw())
    result = await desk.run("tools.call", {"name": "echo", "arguments": {"text": "hello"}}, SHOW, workDoneToken=1)
    assert result["content"][0]["text"] == "hello", "nothing is lost to a client that reads the answer"
    text = await desk.document()
    assert "# echo" in text
    assert "\nhello\n" in text
    assert '"text": "hello"' in text
    results = desk.home / ".cache" / "mcp-sidecar" / "results"
    if sys.platform != "win32":
        assert stat.S_IMODE(results.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in results.iterdir()} == {0o600}


async def test_what_a_killed_sidecar_left_is_deleted_at_the_start(tmp_path: Path, open_desk: OpenDesk) -> None:
    directory = cache_directory(own_home(tmp_path))
    assert directory is not None
    left = directory / "results" / "1-1-left.md"
    left.parent.mkdir(parents=True, mode=0o700)
    left.write_text("left")
    os.utime(left, (0, 0))
    await open_desk(CAPABLE)
    async with asyncio.timeout(20):
        while left.exists():
            await asyncio.sleep(0.02)


async def test_the_credentials_of_a_target_are_in_no_file(desk: Desk) -> None:
    target = {"url": "https://example.com/mcp", "auth": {"type": "bearer", "token": "a-secret-of-the-user"}}
    await desk.run("resolve", target, SHOW)
    text = await desk.document()
    assert "https://example.com/mcp" in text
    assert "a-secret-of-the-user" not in text


async def test_no_editor_takes_settings_from_what_a_server_wrote(desk: Desk) -> None:
    modeline = "\n".join(["x vim: set ft=c:"] * 10 + ["Local Variables:", "mode: c", "End:"])
    await desk.editor.connect(**raw())
    await desk.run("tools.call", {"name": "echo", "arguments": {"text": modeline}}, SHOW)
    lines = (await desk.document()).removesuffix("\n").split("\n")
    assert not [line for line in (*lines[:5], *lines[-5:]) if "vim:" in line]
    assert "\f" in lines[-5:]


async def test_nothing_is_shown_that_nobody_asked_to_be(desk: Desk) -> None:
    await desk.editor.connect(**raw())
    await desk.run("tools.call", {"name": "echo", "arguments": {"text": "hello"}})
    await desk.run("status")
    await desk.run("ping", {}, SHOW)
    assert (await desk.message()).startswith("MCP: ping: done"), "and that is the first message"
    assert not desk.shown


async def test_a_setting_shows_every_result_until_the_files_go_with_the_sidecar(open_desk: OpenDesk) -> None:
    desk = await open_desk(CAPABLE, showResults=True)
    await desk.editor.connect(**raw())
    await desk.run("status", {}, {"show": False})
    assert not desk.shown
    await desk.run("tools.list")
    assert '"name": "echo"' in await desk.document()
    await desk.run("ping")
    assert (await desk.message()).startswith("MCP: ping: done in ")
    results = desk.home / ".cache" / "mcp-sidecar" / "results"
    assert list(results.iterdir())
    await desk.editor.shutdown()
    assert not list(results.iterdir())


@pytest.mark.parametrize("capabilities", [{}, {"window": {"showDocument": {"support": False}}}])
async def test_an_editor_that_shows_no_documents_is_told_the_path_in_one_line(
    open_desk: OpenDesk, capabilities: Any
) -> None:
    desk = await open_desk(capabilities)
    await desk.editor.connect(**raw())
    await desk.run("tools.list", {}, SHOW)
    message = await desk.message()
    assert not desk.shown
    assert len(message) <= 80 or message.count(" ") == 1
    path = Path(message.rpartition(" ")[2].replace("~", str(desk.home), 1))
    assert '"name": "echo"' in path.read_text(encoding="utf-8")


def error(_: Any) -> Any:
    raise ResponseError(-32601, "unknown")


@pytest.mark.parametrize("answer", [lambda _: None, lambda _: {"success": False}, error, lambda _: LATER])
async def test_an_editor_that_claims_to_show_documents_and_does_not_is_told_the_path(desk: Desk, answer: Any) -> None:
    desk.editor.answers["window/showDocument"] = answer
    await desk.editor.connect(**raw())
    await desk.run("tools.list", {}, SHOW)
    assert (await desk.message()).endswith(".md")


async def test_a_failure_is_shown_as_a_message_and_the_answer_is_null(desk: Desk) -> None:
    assert await desk.run("tools.list", {}, SHOW) is None
    message = await desk.message()
    assert message.startswith("MCP: ")
    assert "connect" in message.lower()


@pytest.mark.parametrize("command", ["disconnect", "tools.call"])
async def test_what_is_told_in_one_line_is_told_before_the_answer(desk: Desk, command: str) -> None:
    editor = desk.editor
    editor.reads.clear()  # so that it reads one message, the first one
    try:
        params = {"command": f"mcpSidecar.{command}", "arguments": [{}, {"show": True}]}
        _, answer = await editor.request_nowait("workspace/executeCommand", params)
        async with asyncio.timeout(20):
            while not (answer.done() or editor.notifications):
                await asyncio.sleep(0.01)
        assert [each.method for each in editor.notifications] == ["window/showMessage"]
    finally:
        editor.reads.set()
    await answer


async def test_a_command_that_takes_long_is_answered_at_once_and_its_result_shown_later(desk: Desk) -> None:
    await desk.editor.connect(**raw())
    assert await desk.run("tools.call", {"name": "slow", "arguments": {"seconds": 3}}, SHOW) is None
    assert (await desk.editor.status())["inFlight"] == 1, "the tool still works"
    assert "# slow" in await desk.document()
    assert (await desk.editor.status())["inFlight"] == 0


async def test_what_runs_in_the_background_can_be_cancelled_by_its_progress(desk: Desk) -> None:
    await desk.editor.connect(**raw())
    await desk.run("tools.call", {"name": "slow", "arguments": {"seconds": 60}}, SHOW)
    begin = await desk.editor.wait_for("$/progress", lambda params: params["value"]["kind"] == "begin")
    assert begin["value"]["cancellable"] is True
    await desk.editor.notify("window/workDoneProgress/cancel", {"token": begin["token"]})
    await desk.editor.wait_for("$/progress", lambda params: params["value"]["kind"] == "end")
    assert "cancelled" in await desk.message()


async def test_a_connect_from_the_editor_says_in_one_line_what_came_of_it(desk: Desk) -> None:
    await desk.run("connect", raw(), SHOW)
    assert (await desk.message()).startswith("MCP: connected to raw")
    mark = desk.editor.mark()
    await desk.run("disconnect", {}, SHOW)
    assert await desk.message(mark) == "MCP: disconnected"


async def test_images_are_files_beside_the_text(desk: Desk) -> None:
    await desk.editor.connect(**good())
    result = await desk.run("tools.call", {"name": "blocks", "arguments": {}}, SHOW, workDoneToken=2)
    (image,) = [block for block in result["content"] if block["type"] == "image"]
    text = await desk.document()
    (line,) = [line for line in text.splitlines() if line.startswith("image/png, ")]
    assert Path(line.rpartition(": ")[2]).read_bytes() == base64.b64decode(image["data"])


async def test_hostile_names_stay_in_the_directory(desk: Desk) -> None:
    await desk.editor.connect(**choices())
    await desk.run("tools.call", {"name": "../../../x\n\0 \u202e/CON" + "y" * 300, "arguments": {}}, SHOW)
    await desk.document()
    results = desk.home / ".cache" / "mcp-sidecar" / "results"
    names = [file.name for file in results.iterdir()]
    assert all(len(name) < 80 and name.isascii() for name in names)
    assert not list(desk.home.glob("*x*"))


async def test_the_log_and_the_trace_are_shown_as_text(desk: Desk) -> None:
    await desk.editor.connect(**raw())
    await desk.editor.call("stderr", lines=1)
    await desk.editor.wait_for("mcp/didLog", lambda entry: entry["message"] == "stderr line 1")
    await desk.run("log", {}, SHOW)
    assert "stderr: stderr line 1\n" in await desk.document()
    await desk.run("trace", {}, SHOW)
    assert "tools/call" in await desk.document()


async def test_the_log_can_be_read_as_entries_and_as_text(desk: Desk) -> None:
    await desk.editor.connect(**raw())
    await desk.editor.call("stderr", lines=9)
    await desk.editor.wait_for("mcp/didLog", lambda entry: entry["message"] == "stderr line 9")
    report = await desk.editor.request("mcp/log")
    assert [entry["message"] for entry in report["entries"]][-2:] == ["stderr line 8", "stderr line 9"]
    assert "text" not in report
    text = (await desk.editor.request("mcp/log", {"asText": True}))["text"]
    assert text.endswith("stderr: stderr line 9\n")


async def test_a_second_argument_that_is_none_is_refused(desk: Desk) -> None:
    for wrong in ("yes", {"shown": True}, {"show": 1}, [1]):
        assert (await desk.refused("status", {}, wrong)).code == -32602
    assert (await desk.refused("status", {}, {}, {})).code == -32602
    nothings: tuple[Any, ...] = (None, [], {})
    for nothing in nothings:
        assert (await desk.run("status", {}, nothing))["state"] == "disconnected"


# What is asked for


async def test_a_tool_that_is_not_named_is_chosen_and_its_arguments_too(desk: Desk) -> None:
    desk.answer = "b"
    await desk.editor.connect(**choices())
    result = await desk.run("tools.call")
    assert [question["message"] for question in desk.questions] == [
        "Which tool of the MCP server choices?",
        "letter, for the tool b?",
    ]
    assert result["content"][0]["text"] == '{"letter": "b", "version": 2}'


async def test_what_can_not_be_asked_for_is_named(desk: Desk) -> None:
    desk.answer = "a"
    await desk.editor.connect(**choices())
    refusal = await desk.refused("tools.call")
    assert refusal.code == -32602
    assert '{"name": "a", "arguments": {"text": "…"}}' in refusal.message
    assert "text (string" in refusal.message


async def test_of_many_tools_the_message_names_some(desk: Desk) -> None:
    await desk.editor.connect(**nasty("many-tools", 100))
    refusal = await desk.refused("tools.call")
    assert refusal.code == -32602
    assert "tool_0, tool_1" in refusal.message
    assert refusal.message.endswith("and 60 more")
    assert not desk.questions


async def test_who_chooses_nothing_calls_nothing(desk: Desk) -> None:
    await desk.editor.connect(**choices())
    assert (await desk.refused("tools.call")).code == -32800
    assert (await desk.editor.status())["statistics"]["toolsCalled"] == 0


async def test_an_editor_that_does_not_answer_gets_the_names(open_desk: OpenDesk) -> None:
    desk = await open_desk({}, answerTimeout=0.2)
    desk.editor.answers["window/showMessageRequest"] = lambda _: LATER
    await desk.editor.connect(**choices())
    refusal = await desk.refused("tools.call")
    assert refusal.code == -32602
    assert "a, b" in refusal.message


async def test_the_request_and_a_command_with_a_name_ask_nothing(desk: Desk) -> None:
    desk.answer = "b"
    await desk.editor.connect(**choices())
    assert (await desk.editor.refused("mcp/tools/call", {})).code == -32602
    await desk.run("tools.call", {"name": "b"})
    assert not desk.questions


async def test_a_plain_string_is_a_name(desk: Desk) -> None:
    await desk.editor.connect(**choices())
    assert (await desk.run("tools.call", "b"))["content"][0]["text"] == "{}"
    assert not desk.questions


async def test_a_level_is_chosen(desk: Desk) -> None:
    desk.answer = "warning"
    await desk.editor.connect(**capable())
    await desk.run("logging.setLevel")
    (question,) = desk.questions
    assert {"title": "emergency"} in question["actions"]


async def test_a_kind_of_items_is_chosen_and_the_only_prompt_taken(desk: Desk) -> None:
    desk.answer = "prompt"
    await desk.editor.connect(**good())
    items = await desk.run("items")
    (question,) = desk.questions
    assert [each["title"] for each in question["actions"]] == ["tool", "resource", "resourceTemplate", "prompt"]
    assert [each["id"] for each in items["items"]] == ["greet"]
    desk.questions.clear()
    assert await desk.run("fields") == await desk.run("fields", {"prompt": "greet"})
    assert not desk.questions


async def test_the_only_resource_is_read_unasked(desk: Desk) -> None:
    await desk.editor.connect(**tidy())
    result = await desk.run("resources.read", {}, SHOW)
    assert result["contents"]
    assert not desk.questions


# The state where progress is shown


def words(desk: Desk) -> list[str]:
    """What the standing progress told."""
    values = [each.params["value"] for each in desk.editor.notifications if each.method == "$/progress"]
    return [value.get("message", value["kind"]) for value in values]


async def test_the_state_stands_as_a_progress_where_that_was_asked_for(open_desk: OpenDesk) -> None:
    desk = await open_desk(CAPABLE, progress=True)
    await desk.editor.wait_for("$/progress", lambda params: params["value"]["kind"] == "report")
    assert words(desk) == ["begin", "disconnected"]
    await desk.editor.connect(**raw())
    await desk.editor.wait_for("$/progress", lambda params: params["value"].get("message") == "connected: raw")
    await desk.editor.shutdown()
    assert words(desk)[-1] == "end"


@pytest.mark.parametrize("answer", [error, lambda _: LATER])
async def test_an_editor_that_has_no_such_progress_gets_none(open_desk: OpenDesk, answer: Any) -> None:
    desk = await open_desk(CAPABLE, progress=True)
    desk.editor.answers["window/workDoneProgress/create"] = answer
    await desk.editor.connect(**raw())
    assert words(desk) == []
