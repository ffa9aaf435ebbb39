"""Configured servers through the real wire: listed, asked for, agreed to, started, reconnected."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sidecar.harness import Editor, ResponseError
from tests.sidecar.programs import HttpServer, good_http, raw

StartEditor = Callable[..., Awaitable[Editor]]

ALLOW = {"title": "Allow"}


async def never(asked: asyncio.Event | None = None) -> Any:
    """What an editor answers that does not know a request."""
    if asked is not None:
        asked.set()
    await asyncio.Event().wait()


async def environment(editor: Editor) -> Any:
    """What the server has in its environment."""
    return json.loads((await editor.call("environment"))["content"][0]["text"])


def refuse(_: Any) -> Any:
    """What another such editor answers."""
    raise ResponseError(-32601, "unknown")


class Desk:
    """A workspace and a home of their own, and an editor in them."""

    def __init__(self, root: Path, start: StartEditor) -> None:
        self.workspace = root / "ws"
        self.home = root / "home"
        self.workspace.mkdir()
        self.home.mkdir()
        self._start = start
        self.editor: Editor
        self.questions: list[str] = []

    async def open(self, answer: Any = ALLOW, env: dict[str, str] | None = None, **options: Any) -> Editor:
        """Start an editor that answers questions of consent like this."""
        directories = {"HOME": self.home, "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": ""}
        own = {name: str(value) for name, value in directories.items()}
        self.editor = await self._start(
            env=own | {"CLAUDE_CONFIG_DIR": ""} | (env or {}), folder=self.workspace, **options
        )
        self.editor.answers["window/showMessageRequest"] = lambda params: self._answered(params, answer)
        return self.editor

    def _answered(self, params: Any, answer: Any) -> Any:
        self.questions.append(params["message"])
        assert params["actions"][0] == {"title": "Deny"}
        return answer

    def write(self, content: Any, path: str = ".vscode/mcp.json", base: Path | None = None) -> Path:
        file = (base or self.workspace) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    def servers(self, **entries: Any) -> Path:
        """Write VS Code's file of the workspace."""
        return self.write({"servers": entries})


@pytest.fixture
def desk(tmp_path: Path, start_editor: StartEditor) -> Desk:
    """Provide an empty workspace and home; `open` starts the editor."""
    return Desk(tmp_path, start_editor)


async def test_a_configured_server_is_listed_connected_to_and_called(desk: Desk) -> None:
    file = desk.servers(it=raw(env={"GREETING": "hej"}))
    editor = await desk.open()
    report = await editor.request("mcp/servers")
    (server,) = report["servers"]
    assert (server["name"], server["file"], server["scope"], server["tool"]) == (
        "it",
        file.as_uri(),
        "workspace",
        "vscode",
    )
    assert (server["env"], server["problems"]) == (["GREETING"], [])
    status = await editor.connect(server="it")
    assert status["state"] == "connected"
    assert status["target"]["name"] == status["target"]["server"] == "it"
    assert status["target"]["file"] == file.as_uri()
    assert (await environment(editor))["GREETING"] == "hej"
    assert len(desk.questions) == 1
    assert "with the environment variables GREETING" in desk.questions[0]


async def test_without_an_argument_the_only_server_is_connected_to(desk: Desk) -> None:
    desk.servers(it=raw())
    editor = await desk.open()
    empty: tuple[Any, ...] = (None, {}, [])
    for params in empty:
        assert (await editor.request("mcp/connect", params))["target"]["server"] == "it"
        await editor.request("mcp/disconnect")
    commands: tuple[dict[str, Any], ...] = ({}, {"arguments": []}, {"arguments": [[]]})
    for arguments in commands:
        status = await editor.request("workspace/executeCommand", {"command": "mcpSidecar.connect", **arguments})
        assert status["target"]["server"] == "it"
        await editor.request("mcp/disconnect")


async def test_without_an_argument_the_user_chooses_and_a_reconnect_remembers(desk: Desk) -> None:
    desk.servers(one=raw(), two=raw())
    editor = await desk.open()

    def choose(params: Any) -> Any:
        titles = [action["title"] for action in params["actions"]]
        desk.questions.append(params["message"])
        return {"title": "two"} if "two" in titles else ALLOW

    editor.answers["window/showMessageRequest"] = choose
    assert (await editor.connect())["target"]["server"] == "two"
    await editor.request("mcp/disconnect")
    assert (await editor.request("mcp/reconnect"))["target"]["server"] == "two"
    assert len(desk.questions) == 2


async def test_an_editor_that_can_not_be_asked_gets_the_list_and_one_that_chooses_none_gets_nothing(desk: Desk) -> None:
    file = desk.servers(one=raw(), two=raw())
    editor = await desk.open()
    editor.answers["window/showMessageRequest"] = refuse
    error = await editor.refused("mcp/connect")
    assert error.kind == "invalid_target"
    assert error.data["details"]["candidates"] == [{"server": name, "file": str(file)} for name in ("one", "two")]
    editor.answers["window/showMessageRequest"] = lambda _: None
    assert (await editor.refused("mcp/connect")).code == -32800


async def test_denial_starts_nothing_and_leaves_the_connection_alone(desk: Desk, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    desk.servers(evil={"command": sys.executable, "args": ["-c", f"open({str(trace)!r}, 'w')"]})
    editor = await desk.open(answer={"title": "Deny"})
    standing = await editor.connect(**raw())
    with pytest.raises(ResponseError) as error:
        await editor.connect(server="evil")
    assert error.value.kind == "consent_refused"
    assert error.value.data["details"]["command"] == sys.executable
    status = await editor.status()
    assert (status["state"], status["connectedAt"]) == ("connected", standing["connectedAt"])
    assert status["error"]["kind"] == "consent_refused"
    assert not trace.exists()


@pytest.mark.parametrize("silence", ["null", "an error", "no answer"])
async def test_silence_is_a_no(desk: Desk, silence: str) -> None:
    file = desk.servers(it=raw())
    editor = await desk.open(answer=None, answerTimeout=0.2)
    if silence == "an error":
        editor.answers["window/showMessageRequest"] = refuse
    elif silence == "no answer":
        editor.answers["window/showMessageRequest"] = lambda _: never()
    with pytest.raises(ResponseError) as error:
        await editor.connect(server="it")
    assert error.value.kind == "consent_refused"
    status = await editor.status()
    assert status["state"] == "failed"
    assert status["target"] == {"name": "it", "transport": "stdio", "server": "it", "file": file.as_uri()}


async def test_an_editor_without_messages_allows_by_a_command(desk: Desk) -> None:
    desk.servers(it=raw())
    editor = await desk.open(answerTimeout=0.2)
    editor.answers["window/showMessageRequest"] = lambda _: never()
    with pytest.raises(ResponseError) as error:
        await editor.connect(server="it")
    identifier = error.value.data["details"]["consent"]
    assert any(identifier in entry["message"] for entry in editor.logs)
    arguments = {"command": "mcpSidecar.consent", "arguments": [{"id": identifier, "allow": True}]}
    assert await editor.request("workspace/executeCommand", arguments) == {"id": identifier, "allowed": True}
    assert (await editor.request("mcp/reconnect"))["state"] == "connected"


async def test_what_changed_is_asked_again_at_a_reconnect_and_the_file_is_read_afresh(desk: Desk) -> None:
    desk.servers(it=raw(env={"N": "1"}))
    editor = await desk.open()
    await editor.connect(server="it")
    await editor.request("mcp/reconnect")
    assert len(desk.questions) == 1
    desk.servers(it=raw(env={"N": "2"}))
    await editor.request("mcp/reconnect")
    assert len(desk.questions) == 2
    assert (await environment(editor))["N"] == "2"


async def test_consent_outlives_the_sidecar(desk: Desk) -> None:
    desk.servers(it=raw())
    await (await desk.open()).connect(server="it")
    editor = await desk.open(answer={"title": "Deny"})
    assert (await editor.connect(server="it"))["state"] == "connected"
    assert len(desk.questions) == 1


async def test_a_users_own_server_needs_no_consent_nor_does_a_target_of_the_client(desk: Desk) -> None:
    desk.write({"mcpServers": {"mine": raw()}}, ".cursor/mcp.json", desk.home)
    desk.servers(it=raw())
    editor = await desk.open(answer={"title": "Deny"})
    assert (await editor.connect(server="mine"))["state"] == "connected"
    assert (await editor.connect(**raw()))["state"] == "connected"
    assert desk.questions == []


async def test_an_input_reaches_the_server_and_nothing_else(desk: Desk) -> None:
    secret = "hunter2-hunter2-hunter2"
    definition = {"id": "key", "type": "promptString", "description": "The key", "password": True}
    entry = raw(env={"THE_KEY": "${input:key}"})
    desk.write({"inputs": [definition], "servers": {"it": entry}})
    editor = await desk.open(client={"input": True})
    asked: list[Any] = []

    def enter(params: Any) -> Any:
        asked.append(params)
        return {"value": secret}

    editor.answers["mcp/input"] = enter
    await editor.notify("$/setTrace", {"value": "verbose"})
    await editor.connect(server="it")
    assert asked == [
        definition | {"server": "it", "file": (desk.workspace / ".vscode/mcp.json").as_uri()},
    ]
    assert (await environment(editor))["THE_KEY"] == secret
    await editor.request("mcp/reconnect")
    assert len(asked) == 1
    shown = json.dumps([each.params for each in editor.notifications]) + json.dumps(editor.requests) + editor.stderr
    assert secret not in shown + json.dumps(await editor.status()) + json.dumps(await editor.request("mcp/servers"))
    assert secret not in json.dumps(await editor.request("mcp/trace"))


async def test_a_default_is_not_put_into_a_field_that_hides_it(desk: Desk) -> None:
    key = {"id": "key", "type": "promptString", "password": True, "default": "hidden"}
    name = {"id": "name", "type": "promptString", "default": "shown"}
    desk.write({"inputs": [key, name], "servers": {"it": raw(env={"A": "${input:key}", "B": "${input:name}"})}})
    editor = await desk.open(client={"input": True})
    asked: dict[str, Any] = {}

    def enter(params: Any) -> Any:
        asked[params["id"]] = params.get("default")
        return {"value": "x"}

    editor.answers["mcp/input"] = enter
    await editor.connect(server="it")
    assert asked == {"key": None, "name": "shown"}


async def test_without_a_way_to_ask_the_error_names_the_input(desk: Desk) -> None:
    definition = {"id": "key", "type": "promptString", "description": "The key"}
    desk.write({"inputs": [definition], "servers": {"it": raw(env={"THE_KEY": "${input:key}"})}})
    editor = await desk.open()
    with pytest.raises(ResponseError) as error:
        await editor.connect(server="it")
    assert (error.value.kind, error.value.data["details"]["input"]) == ("invalid_target", "key")
    assert (await editor.connect(server="it", inputs={"key": "x"}))["state"] == "connected"


async def test_a_variable_without_a_value_is_named_with_its_place(desk: Desk) -> None:
    file = desk.servers(it=raw(env={"A": "${env:SURELY_NOT_SET}"}))
    editor = await desk.open()
    with pytest.raises(ResponseError) as error:
        await editor.connect(server="it")
    assert error.value.kind == "invalid_target"
    details = error.value.data["details"]
    assert (details["variable"], details["file"], details["line"]) == ("${env:SURELY_NOT_SET}", str(file), 1)


async def test_a_url_that_would_get_a_secret_is_asked_about(
    desk: Desk, serve: Callable[[HttpServer], Awaitable[HttpServer]]
) -> None:
    server = await serve(good_http())
    desk.write({"mcpServers": {"it": {"url": server.url, "headers": {"X-Key": "${MY_KEY}"}}}}, ".mcp.json")
    editor = await desk.open(env={"MY_KEY": "the-secret-key"})
    status = await editor.connect(server="it")
    assert (status["state"], status["target"]["transport"]) == ("connected", "streamable-http")
    assert len(desk.questions) == 1
    assert server.url in desk.questions[0]
    assert "X-Key" in desk.questions[0]
    assert "the-secret-key" not in json.dumps(editor.requests)


@pytest.mark.parametrize("interruption", ["connect", "disconnect", "cancel", "shutdown"])
async def test_an_open_question_is_given_up_for_what_is_asked_next(desk: Desk, interruption: str) -> None:
    desk.servers(it=raw())
    editor = await desk.open()
    asked = asyncio.Event()
    editor.answers["window/showMessageRequest"] = lambda _: never(asked)
    request_id, waiting = await editor.request_nowait("mcp/connect", {"server": "it"})
    await asyncio.wait_for(asked.wait(), 10)
    if interruption == "connect":
        assert (await editor.connect(**raw()))["state"] == "connected"
    elif interruption == "disconnect":
        await editor.request("mcp/disconnect")
    elif interruption == "cancel":
        await editor.cancel(request_id)
    else:
        await editor.shutdown()
    with pytest.raises(ResponseError) as error:
        await asyncio.wait_for(waiting, 10)
    assert error.value.code == -32800
    if interruption != "shutdown":
        await editor.wait_for("$/cancelRequest")


async def test_a_malformed_connect_does_not_touch_an_open_question(desk: Desk) -> None:
    desk.servers(it=raw())
    editor = await desk.open()
    asked = asyncio.Event()
    editor.answers["window/showMessageRequest"] = lambda _: never(asked)
    _, waiting = await editor.request_nowait("mcp/connect", {"server": "it"})
    await asyncio.wait_for(asked.wait(), 10)
    with pytest.raises(ResponseError):
        await editor.connect(server="it", args=["x"])
    with pytest.raises(ResponseError):
        await editor.connect(url="x", command="y")
    identifier = editor.logs[-1]["message"].rpartition(" ")[2].rstrip(".")
    await editor.request("mcp/consent", {"id": identifier, "allow": True})
    assert (await asyncio.wait_for(waiting, 20))["state"] == "connected"


async def test_a_name_is_previewed_without_asking(desk: Desk) -> None:
    desk.servers(it=raw())
    editor = await desk.open()
    preview = await editor.request("mcp/resolve", {"server": "it"})
    assert preview["target"]["server"] == "it"
    assert desk.questions == []


async def test_fastmcp_json_starts_with_the_projects_own_fastmcp(desk: Desk) -> None:
    (desk.workspace / ".venv" / "bin").mkdir(parents=True)
    (desk.workspace / ".venv" / "bin" / "fastmcp").symlink_to(Path(sys.executable).with_name("fastmcp"))
    (desk.workspace / "server.py").write_text(
        "from fastmcp import FastMCP\nmcp = FastMCP('from a file')\n@mcp.tool\ndef hi() -> str:\n    return 'hi'\n"
    )
    deployment = {"transport": "http", "port": 1, "env": {"X": "${HOME}"}}
    desk.write({"source": {"path": "server.py"}, "deployment": deployment}, "fastmcp.json")
    editor = await desk.open()
    status = await editor.connect(server="ws", timeout=60)
    assert status["server"]["name"] == "from a file"
    assert (await editor.call("hi"))["content"][0]["text"] == "hi"
