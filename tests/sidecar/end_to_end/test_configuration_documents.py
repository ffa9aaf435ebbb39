"""Configuration files that are open in the editor: what is wrong in them, and what can be done from them."""

import asyncio
import itertools
import json
import os
import random
import shlex
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_sidecar.connection.configured.file import read_text
from mcp_sidecar.connection.configured.places import Folder, places_of
from mcp_sidecar.connection.configured.variables import Context
from mcp_sidecar.server.entry_hover import Known, hover_text
from tests.sidecar.harness import Editor, ResponseError
from tests.sidecar.programs import RAW, raw

StartEditor = Callable[..., Awaitable[Editor]]

PUBLISHED = "textDocument/publishDiagnostics"
UNITS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
REFRESHES = {"workspace": {"codeLens": {"refreshSupport": True}}}
TAKES_ACTIONS: dict[str, Any] = {
    "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}
}


def written(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False)


class Page:
    """A configuration file as an editor has it open; it need not be on the disk."""

    def __init__(self, editor: Editor, path: Path, text: str, encoding: str = "utf-16", scheme: str = "file") -> None:
        self.editor = editor
        self.uri = path.as_uri() if scheme == "file" else path.as_uri().replace("file://", f"{scheme}:")
        self.text = text
        self.version = 1
        self.encoding = encoding
        self.since = editor.mark()
        """When it became what it is."""

    @classmethod
    async def open(
        cls,
        editor: Editor,
        path: Path,
        content: Any,
        encoding: str = "utf-16",
        language: str = "",
        scheme: str = "file",
    ) -> "Page":
        page = cls(editor, path, content if isinstance(content, str) else written(content), encoding, scheme)
        document = {"uri": page.uri, "languageId": language, "version": 1, "text": page.text}
        await editor.notify("textDocument/didOpen", {"textDocument": document})
        return page

    async def change(self, content: Any) -> None:
        self.since = self.editor.mark()
        self.text = content if isinstance(content, str) else written(content)
        self.version += 1
        changes = {
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": [{"text": self.text}],
        }
        await self.editor.notify("textDocument/didChange", changes)

    async def close(self) -> None:
        """Close it, and see that nothing is wrong any more."""
        await self.pushed()
        since = self.editor.mark()
        await self.editor.notify("textDocument/didClose", {"textDocument": {"uri": self.uri}})
        # A check that was under way may still tell of this version before that.
        cleared = await self.editor.wait_for(
            PUBLISHED, lambda each: each["uri"] == self.uri and "version" not in each, since=since
        )
        assert cleared == {"uri": self.uri, "diagnostics": []}

    async def pushed(self, fits: Callable[[list[Any]], bool] = lambda _: True, since: int | None = None) -> list[Any]:
        """The first diagnostics that were pushed for this version and fit."""
        return (
            await self.editor.wait_for(
                PUBLISHED,
                lambda each: (
                    each["uri"] == self.uri and each.get("version") == self.version and fits(each["diagnostics"])
                ),
                timeout=30,
                since=self.since if since is None else since,
            )
        )["diagnostics"]

    async def ask(self, feature: str, **params: Any) -> Any:
        return await self.editor.request(f"textDocument/{feature}", {"textDocument": {"uri": self.uri}, **params})

    async def lenses(self) -> list[Any]:
        return await self.ask("codeLens")

    async def titles(self) -> list[str]:
        return [lens["command"]["title"] for lens in await self.lenses()]

    async def wait_for_title(self, title: str) -> None:
        """Ask again whenever the sidecar says that it is worth it."""
        while True:
            seen = len(self.editor.requests)
            if title in await self.titles():
                return
            async with asyncio.timeout(10):
                while not any(each["method"] == "workspace/codeLens/refresh" for each in self.editor.requests[seen:]):
                    await asyncio.sleep(0.02)

    async def actions(self, spot: str, **context: Any) -> list[Any]:
        """Those where a text stands."""
        place = self.position(self.text.index(spot))
        return await self.ask(
            "codeAction", range={"start": place, "end": place}, context={"diagnostics": [], **context}
        )

    async def run(self, command: Any) -> Any:
        """As an editor does that knows LSP alone."""
        call = {"command": command["command"], "arguments": command.get("arguments", [])}
        return await self.editor.request("workspace/executeCommand", call, timeout=45)

    def position(self, offset: int) -> Any:
        before = self.text[:offset]
        line = before.count("\n")
        units = len(before[before.rfind("\n") + 1 :].encode(UNITS[self.encoding]))
        return {"line": line, "character": units // {"utf-8": 1, "utf-16": 2, "utf-32": 4}[self.encoding]}

    def offset(self, position: Any) -> int:
        lines = self.text.split("\n")
        width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[self.encoding]
        content = lines[position["line"]].encode(UNITS[self.encoding])[: position["character"] * width]
        return sum(len(line) + 1 for line in lines[: position["line"]]) + len(content.decode(UNITS[self.encoding]))

    def at(self, spot: Any) -> str:
        """The text in a range."""
        return self.text[self.offset(spot["start"]) : self.offset(spot["end"])]


ERROR, WARNING, INFORMATION = 1, 2, 3

MISTAKES: list[tuple[str, str, str, int]] = [
    # the file, its text with «what is wrong», the code, the severity
    (".vscode/mcp.json", '{"servers": {"é🦀": {"command": "sh", "args": ["-c" «"»x"]}}}', "syntax", ERROR),
    (".vscode/mcp.json", '{"servers": {"é🦀": «{»"command": "sh"', "syntax", ERROR),
    (".mcp.json", '{"mcpServers": {"é🦀": {"command": "sh"«,»}}}', "trailing-comma", WARNING),
    (".mcp.json", '{"mcpServers": {«/* é🦀 */» "a": {"command": "sh"}}}', "comment", WARNING),
    (".vscode/mcp.json", '{/* é🦀 */ «"mcpServers"»: {"a": {"command": "sh"}}}', "root-key", WARNING),
    (".mcp.json", '{«"servers"»: {"é🦀": {"command": "sh"}}}', "root-key", WARNING),
    ("mcp.json", '{"servers": {"é🦀": {"command": "sh", «"comand"»: "sh"}}}', "unknown-field", WARNING),
    (".cursor/mcp.json", '{"mcpServers": {«"é🦀"»: {"args": []}}}', "missing-field", ERROR),
    ("mcp.json", '{"mcpServers": {"é🦀": {"command": "sh", "url": «"http://h/mcp"»}}}', "contradiction", ERROR),
    ("mcp.json", '{"mcpServers": {"é🦀": {"command": «"no-such-🦀"»}}}', "program", ERROR),
    ("mcp.json", '{"mcpServers": {"é🦀": {"command": «"./no/such"»}}}', "program", ERROR),
    ("mcp.json", '{"mcpServers": {"é🦀": {"command": "python3", "args": ["-u", «"no.py"»]}}}', "script", ERROR),
    ("fastmcp.json", '{"mcpServers": {"é🦀": {"command": "python3", "args": [«"no.py"»]}}}', "script", ERROR),
    ("mcp.json", '{"mcpServers": {"é🦀": {"command": "sh", "cwd": «"/no/such"»}}}', "directory", ERROR),
    ("mcp.json", '{"mcpServers": {"é🦀": {"command": "sh", "envFile": «"no.env"»}}}', "env-file", ERROR),
    (
        ".mcp.json",
        '{"mcpServers": {"é🦀": {"command": "sh", "args": ["x «${NO_SUCH_VARIABLE}»"]}}}',
        "variable",
        WARNING,
    ),
    (".vscode/mcp.json", '{"servers": {"é🦀": {"command": "sh", "args": ["«${input:no}»"]}}}', "input", WARNING),
    (
        "mcp.json",
        '{"mcpServers": {"é🦀": {"command": "sh", "env": {"API_KEY": «"correct horse"»}}}}',
        "secret",
        WARNING,
    ),
    (
        "mcp.json",
        '{"mcpServers": {"é🦀": {"url": "http://h/", "headers": {"X-Token": «"abc123"»}}}}',
        "secret",
        WARNING,
    ),
    ("mcp.json", '{"mcpServers": {"é🦀": {"command": "sh", "args": ["--token", «"abc123"»]}}}', "secret", WARNING),
    (
        ".vscode/mcp.json",
        '{"servers": {"é🦀": {"command": "sh"}, «"é🦀"»: {"command": "sh"}}}',
        "duplicate-key",
        WARNING,
    ),
    ("mcp.json", '{"mcpServers": {"é🦀": {"command": "sh", "type": «"tcp"»}}}', "unsupported", ERROR),
    ("mcp.json", '{"mcpServers": {"é🦀": {"command": "sh", "args": «"x"»}}}', "wrong-type", ERROR),
    (".vscode/mcp.json", "«»", "syntax", ERROR),
    ("mcp.json", '{«x»: {}, "é🦀": 1}', "syntax", ERROR),
]


@pytest.mark.parametrize("encoding", UNITS)
async def test_each_mistake_is_told_at_its_place(start_editor: StartEditor, tmp_path: Path, encoding: str) -> None:
    editor = await start_editor(initialize=False)
    await editor.initialize(params={"capabilities": {"general": {"positionEncodings": [encoding]}}})
    for number, (name, marked, code, severity) in enumerate(MISTAKES):
        start, end = marked.index("«"), marked.index("»") - 1
        text = marked.replace("«", "").replace("»", "")
        path = tmp_path / str(number) / name
        path.parent.mkdir(parents=True)
        # With a byte order mark, as some editors keep it, and with Windows's line ends.
        for variant, before in ((text, ""), ("\ufeff" + text, "\ufeff"), ("\r\n\r\n" + text, "\r\n\r\n")):
            page = await Page.open(editor, path, variant, encoding)
            place = {"start": page.position(len(before) + start), "end": page.position(len(before) + end)}
            found = [
                (each["severity"], each["source"])
                for each in await page.pushed()
                if each["code"] == code and (each["range"] == place or not text)
            ]
            assert found == [(severity, "mcp-sidecar")], marked
            await page.close()


GOOD: dict[str, Any] = {
    ".vscode/mcp.json": {
        "servers": {"a": {"command": "sh", "env": {"API_KEY": "${input:key}"}}, "b": {"url": "http://h/mcp"}},
        "inputs": [{"id": "key", "type": "promptString", "password": True}],
    },
    ".mcp.json": {"mcpServers": {"a": {"command": "sh", "args": ["${HOME}"], "env": {"TOKEN": "${HOME}"}}}},
    ".cursor/mcp.json": {"mcpServers": {"a": {"url": "http://h/mcp", "headers": {"X-Token": "${env:HOME}"}}}},
    "mcp.json": {"mcpServers": {"a": {"command": "sh", "env": {"API_KEY": "<your key>", "LOG_LEVEL": "debug"}}}},
    "fastmcp.json": {"mcpServers": {"a": {"command": "sh"}}},
}


@pytest.mark.parametrize("name", GOOD)
async def test_nothing_is_wrong_with_a_good_file(editor: Editor, tmp_path: Path, name: str) -> None:
    for language in ("json", "jsonc", "mcp", ""):
        page = await Page.open(editor, tmp_path / name, GOOD[name], language=language)
        assert await page.pushed() == []
        assert (await page.titles())[0] == "MCP Sidecar: Connect"
        await page.close()


@pytest.mark.parametrize("name", ["package.json", "mcp.jsonc", "my-mcp.json", ".vscode/settings.json"])
async def test_other_files_are_not_looked_at(editor: Editor, tmp_path: Path, name: str) -> None:
    page = await Page.open(editor, tmp_path / name, '{"mcpServers": {"a": }')
    assert await page.lenses() is None
    assert await page.actions("a") is None
    await editor.notify("textDocument/didClose", {"textDocument": {"uri": page.uri}})
    other = Page(editor, tmp_path / "mcp.json", '{"mcpServers": {"a": }')
    other.uri = "untitled:/mcp.json"
    assert await other.lenses() is None
    assert not [each for each in editor.notifications if each.method == PUBLISHED]


async def test_servers_are_connected_and_left_from_their_file(start_editor: StartEditor, tmp_path: Path) -> None:
    """All of it by standard LSP."""
    editor = await start_editor(env={"HOME": str(tmp_path), "XDG_STATE_HOME": ""}, initialize=False)
    await editor.initialize(folder=tmp_path, params={"capabilities": REFRESHES | TAKES_ACTIONS})
    editor.answers["window/showMessageRequest"] = lambda _: {"title": "Allow"}
    page = await Page.open(
        editor, tmp_path / ".vscode/mcp.json", {"servers": {"one": raw(), "two": {"command": "no-such-program"}}}
    )
    one, two = await page.lenses()
    assert [page.at(lens["range"]) for lens in (one, two)] == ['"one"', '"two"']
    assert one["command"] == {
        "title": "MCP Sidecar: Connect",
        "command": "mcpSidecar.connect",
        "arguments": [{"server": "one", "file": page.uri}, {"show": True}],
    }
    # What is open counts: the file is not even on the disk.
    await page.run(one["command"])
    assert (await editor.wait_for_state("connected", 45))["target"]["file"] == page.uri
    await page.wait_for_title("MCP Sidecar: ● connected · 12 tools")
    assert await page.titles() == [
        "MCP Sidecar: ● connected · 12 tools",
        "Call tool…",
        "Reconnect",
        "Disconnect",
        "Show log",
        "MCP Sidecar: Connect",
    ]

    since = editor.mark()
    await page.run(two["command"])
    told = await editor.wait_for("window/showMessage", since=since)
    assert "no-such-program" in told["message"]
    failed = await page.pushed(lambda found: any(each["code"] == "connection-failed" for each in found), since)
    (failure,) = (each for each in failed if each["code"] == "connection-failed")
    assert page.at(failure["range"]) == '"two"'
    assert "MCP Sidecar: ✗ failed" in await page.titles()
    assert "MCP Sidecar: ● connected · 12 tools" in await page.titles()

    since = editor.mark()
    pid = int((await editor.call("pid"))["content"][0]["text"])
    os.kill(pid, signal.SIGKILL)
    lost = await page.pushed(lambda found: any(each["code"] == "connection-lost" for each in found), since)
    assert [page.at(each["range"]) for each in lost if each["code"] == "connection-lost"] == ['"one"']

    since = editor.mark()
    actions = await page.actions('"GREETING"' if '"GREETING"' in page.text else '"args"')
    assert [action["title"] for action in actions] == ["MCP Sidecar: Connect one", "MCP Sidecar: Show log one"]
    await page.run(actions[0]["command"])
    await page.pushed(lambda found: all(each["code"] != "connection-lost" for each in found), since)
    actions = await page.actions('"args"', only=["mcp-sidecar"])
    titles = ["Call tool… one", "Reconnect one", "Disconnect one", "Show log one"]
    assert [action["title"] for action in actions] == [f"MCP Sidecar: {title}" for title in titles]
    assert await page.actions('"args"', only=["refactor"]) == []
    call, reconnect, disconnect, log = (action["command"] for action in actions)

    since = editor.mark()
    editor.answers["window/showMessageRequest"] = lambda _: {"title": "pid"}
    await page.run(call)
    assert ".md" in (await editor.wait_for("window/showMessage", since=since))["message"]
    assert (await editor.status())["statistics"]["toolsCalled"] == 2
    editor.answers["window/showMessageRequest"] = lambda _: {"title": "Allow"}
    since = editor.mark()
    await page.run(log)
    assert ".md" in (await editor.wait_for("window/showMessage", since=since))["message"]
    since = editor.mark()
    await page.run(reconnect)
    await editor.wait_for_state("connected", 45, since)
    assert (await page.run(disconnect))["state"] == "disconnected"
    assert "Disconnect" not in await page.titles()


async def test_the_blanks_before_an_entry_have_its_actions(editor: Editor, tmp_path: Path) -> None:
    """A jump to a line ends there, in Helix for one."""
    text = '{"mcpServers": {\n    "a": {"command": "sh"},\n\t "b": {"command": "sh"}\n}}'
    page = await Page.open(editor, tmp_path / ".mcp.json", text)
    for spot, names in (('    "a"', ["a"]), ('\t "b"', ["b"]), (' "b"', ["b"]), ('\n    "a"', []), ("\n}", ["b"])):
        commands = await page.actions(spot)
        assert [command["arguments"][0]["server"] for command in commands] == names, spot


class Allowing:
    """An editor that shows no questions, and a file of its workspace."""

    def __init__(self, start: StartEditor, folder: Path) -> None:
        self.start = start
        self.folder = folder
        self.editor: Editor
        self.page: Page

    async def open(self, **servers: Any) -> None:
        await self.open_as({}, servers)

    async def open_as(self, client: dict[str, Any], servers: dict[str, Any]) -> None:
        self.editor = await self.start(env={"HOME": str(self.folder), "XDG_STATE_HOME": ""}, initialize=False)
        options = {"mcp": {"client": client}}
        params = {"capabilities": TAKES_ACTIONS, "initializationOptions": options}
        await self.editor.initialize(folder=self.folder, params=params)
        self.editor.answers["window/showMessageRequest"] = self.unknown
        self.page = await Page.open(self.editor, self.folder / ".mcp.json", {"mcpServers": servers})

    @staticmethod
    def unknown(_: Any) -> Any:
        """What Helix 25.07 answers."""
        raise ResponseError(-32601, "unknown")

    async def refused(self, server: str = "it") -> str:
        """Connect, and return the diagnostic that says why not."""
        since = self.editor.mark()
        error = await self.editor.refused("mcp/connect", {"server": server, "file": self.page.uri})
        assert error.kind == "consent_refused"
        identifier = error.data["details"]["consent"]
        found = await self.page.pushed(lambda found: any(identifier in each["message"] for each in found), since)
        (refusal,) = (each["message"] for each in found if identifier in each["message"])
        return str(refusal)

    async def allowances(self, spot: str = '"it"', **context: Any) -> list[Any]:
        """The actions that allow something; they come last, since some editors preselect the first."""
        actions = await self.page.actions(spot, **context)
        allowing = [action for action in actions if action["title"].startswith("MCP Sidecar: Allow ")]
        assert actions[len(actions) - len(allowing) :] == allowing
        assert len(actions) > len(allowing) or not actions
        return allowing


@pytest.fixture
def allowing(start_editor: StartEditor, tmp_path: Path) -> Allowing:
    return Allowing(start_editor, tmp_path)


async def test_what_could_not_be_asked_is_allowed_by_a_code_action_that_shows_the_very_command(
    allowing: Allowing,
) -> None:
    web = {"url": "http://127.0.0.1:9/", "headers": {"X": "1"}}
    await allowing.open(it=raw("exit-at-once", env={"N": "1"}), web=web)
    assert await allowing.allowances() == []
    shown = await allowing.refused()
    command, directory, variables = shown.splitlines()[1:]
    assert command == shlex.join([sys.executable, str(RAW), "exit-at-once"])
    assert (directory, variables) == (f"in {allowing.folder}", "with the environment variables N")
    (allow,) = await allowing.allowances()
    start = "MCP Sidecar: Allow running what its diagnostic shows in full: "
    assert allow["title"].startswith(start)
    assert allow["title"].endswith("…")
    assert command.startswith(allow["title"].removeprefix(start).removesuffix("…"))
    assert len(allow["title"]) <= 120

    await allowing.refused("web")
    (send,) = await allowing.allowances('"url"')
    assert send["title"] == "MCP Sidecar: Allow sending secrets to http://127.0.0.1:9/; with the headers X"


async def test_an_allowed_command_is_connected_to_and_the_action_is_gone(allowing: Allowing) -> None:
    await allowing.open(it=raw())
    await allowing.refused()
    (allow,) = await allowing.allowances()
    since = allowing.editor.mark()
    assert allow["command"]["command"] == "mcpSidecar.consent"
    await allowing.page.run(allow["command"])
    await allowing.editor.wait_for_state("connected", 45)
    told = await allowing.editor.wait_for("window/showMessage", since=since)
    assert told["message"].startswith("MCP: connected to raw")
    assert await allowing.allowances() == []
    await allowing.editor.request("mcp/reconnect")  # it holds


async def test_an_action_allows_nothing_but_what_it_showed(allowing: Allowing) -> None:
    await allowing.open(it=raw(env={"N": "1"}))
    await allowing.refused()
    (stale,) = await allowing.allowances()
    await allowing.page.change({"mcpServers": {"it": raw(env={"N": "2"})}})
    assert await allowing.allowances() == []  # what was refused is not what is there now
    since = allowing.editor.mark()
    await allowing.page.run(stale["command"])  # as an editor with an old menu
    told = await allowing.editor.wait_for("window/showMessage", since=since)
    assert "was not allowed" in told["message"]
    assert (await allowing.editor.status())["state"] == "failed"
    (fresh,) = await allowing.allowances()
    assert fresh["command"]["arguments"][0]["id"] != stale["command"]["arguments"][0]["id"]
    await allowing.page.run(fresh["command"])
    await allowing.editor.wait_for_state("connected", 45)


AUTOMATIC, INVOKED = 2, 1


@pytest.mark.parametrize(
    ("context", "is_offered"),
    [
        ({"only": ["mcp-sidecar"]}, False),  # as VS Code's `editor.codeActionsOnSave` asks
        ({"only": ["mcp-sidecar"], "triggerKind": INVOKED}, False),
        ({"triggerKind": AUTOMATIC}, False),
        ({"only": ["", "quickfix", "source"]}, True),  # as vim-lsp asks for all
        ({"only": [""], "triggerKind": AUTOMATIC}, False),
        ({"triggerKind": INVOKED}, True),
    ],
)
async def test_nothing_is_allowed_by_what_may_run_unseen(
    allowing: Allowing, context: dict[str, Any], is_offered: bool
) -> None:
    await allowing.open(it=raw())
    await allowing.refused()
    assert len(await allowing.allowances()) == 1
    assert len(await allowing.allowances(**context)) == is_offered


async def test_an_editor_with_dialogs_and_commands_of_its_own_is_not_offered_a_second_way(allowing: Allowing) -> None:
    await allowing.open_as({"commands": True}, {"it": raw()})
    await allowing.refused()
    assert await allowing.allowances() == []


@pytest.mark.parametrize("scheme", ["file", "vscode-userdata"])
async def test_the_users_own_file_of_vs_code_is_served_under_its_address_and_needs_no_consent(
    start_editor: StartEditor, tmp_path: Path, scheme: str
) -> None:
    """VS Code's desktop calls the file `vscode-userdata:/…`, code-server `file:///…`; it lies where VS Code says."""
    editor = await start_editor(env={"HOME": str(tmp_path), "XDG_STATE_HOME": ""}, initialize=False)
    user_data = tmp_path / "größe" / "User"
    options = {"mcp": {"userData": str(user_data)}}
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    params = {"capabilities": TAKES_ACTIONS, "initializationOptions": options}
    await editor.initialize(folder=workspace, params=params)
    page = await Page.open(editor, user_data / "mcp.json", {"servers": {"it": raw(commnad="x")}}, scheme=scheme)
    assert [each["code"] for each in await page.pushed()] == ["unknown-field"]
    assert (await page.lenses())[0]["command"]["title"] == "MCP Sidecar: Connect"
    assert (await page.ask("hover", position=page.position(page.text.index('"it"'))))["contents"]
    (fix,) = await page.actions('"commnad"', only=["quickfix"])
    assert list(fix["edit"]["changes"]) == [page.uri]
    (connect,) = (each for each in await page.actions('"it"') if each["title"].endswith("Connect it"))
    # It is not even on the disk; and where nobody answers, nothing was asked.
    await page.run(connect["command"])
    await editor.wait_for_state("connected", 45)
    assert not [each for each in editor.requests if each["method"] == "window/showMessageRequest"]
    assert (await page.lenses())[0]["command"]["title"].startswith("MCP Sidecar: ● connected")
    await page.close()


async def test_a_folder_of_user_data_that_is_no_path_is_told(start_editor: StartEditor, tmp_path: Path) -> None:
    editor = await start_editor(env={"HOME": str(tmp_path)}, initialize=False)
    await editor.initialize(folder=tmp_path, params={"initializationOptions": {"mcp": {"userData": "../User"}}})
    await editor.wait_for("mcp/didLog", lambda entry: "`userData` is no absolute path" in entry["message"])


async def test_a_client_that_knows_commands_alone_gets_those(editor: Editor, tmp_path: Path) -> None:
    page = await Page.open(editor, tmp_path / "mcp.json", {"mcpServers": {"a": {"command": "sh"}}})
    arguments = [{"server": "a", "file": page.uri}, {"show": True}]
    assert await page.actions('"a"') == [{"title": "Connect", "command": "mcpSidecar.connect", "arguments": arguments}]
    assert await page.actions("{") == []
    await page.close()


async def test_what_is_wrong_is_told_while_typing_and_no_more_when_the_file_is_closed(
    editor: Editor, tmp_path: Path
) -> None:
    page = await Page.open(editor, tmp_path / ".mcp.json", {"mcpServers": {}})
    assert await page.pushed() == []
    for text in ("{", '{"mcpServers', '{"mcpServers": {"a": {"comman'):
        await page.change(text)
    assert {each["code"] for each in await page.pushed()} == {"syntax", "missing-field", "unknown-field"}
    await page.change('{"mcpServers": {"a": {"command": "sh"}}}')
    assert await page.pushed() == []
    await page.change("{")
    await page.pushed()
    await page.close()


# Hover


MARKDOWN = {"textDocument": {"hover": {"contentFormat": ["markdown", "plaintext"]}}}
SECRETIVE = {
    "command": "sh",
    "args": ["-c", "exit ${env:HOME}", "--token", "tok-en-value"],
    "env": {"API_KEY": "correct horse", "B": "${env:HOME}"},
    "cwd": "${workspaceFolder}",
}


async def test_the_hover_tells_what_would_be_run_without_secrets(editor: Editor, tmp_path: Path) -> None:
    page = await Page.open(editor, tmp_path / ".vscode/mcp.json", {"servers": {"é🦀": SECRETIVE}})
    hover = await page.ask("hover", position=page.position(page.text.index("é🦀")))
    assert page.at(hover["range"]) == '"é🦀"'
    assert hover["contents"]["kind"] == "plaintext"
    text = hover["contents"]["value"]
    for part in (
        "MCP server é🦀",
        "/sh -c",
        "--token",
        f"in {tmp_path}",
        "API_KEY, B",
        str(tmp_path / ".vscode/mcp.json"),
    ):
        assert part in text
    for secret in ("tok-en-value", "correct horse"):
        assert secret not in text
    on_field = await page.ask("hover", position=page.position(page.text.index('"cwd"') + 2))
    assert on_field["contents"]["value"].startswith("cwd: The directory")
    on_variable = await page.ask("hover", position=page.position(page.text.index("${workspaceFolder}") + 3))
    assert on_variable["contents"]["value"].startswith("${workspaceFolder}: " + str(tmp_path))
    assert await page.ask("hover", position={"line": 0, "character": 0}) is None
    await page.close()


async def test_the_hover_tells_what_can_not_be_started_and_what_would_get_secrets(
    editor: Editor, tmp_path: Path
) -> None:
    servers = {
        "a": {"command": "no-such-program"},
        "b": {"url": "http://h/mcp?key=abc", "headers": {"X-Token": "abc123"}},
    }
    page = await Page.open(editor, tmp_path / "mcp.json", {"mcpServers": servers})
    a, b = [
        (await page.ask("hover", position=page.position(page.text.index(spot))))["contents"]["value"]
        for spot in ('"a"', '"b"')
    ]
    assert "can't be started: The program 'no-such-program' was not found" in a
    assert "http://h/mcp?key=***" in b
    assert "X-Token" in b
    assert "abc" not in b
    await page.close()


async def test_the_hover_on_a_connected_server_tells_what_it_is(start_editor: StartEditor, tmp_path: Path) -> None:
    editor = await start_editor(initialize=False)
    await editor.initialize(params={"capabilities": REFRESHES | MARKDOWN})
    editor.answers["window/showMessageRequest"] = lambda _: {"title": "Allow"}
    page = await Page.open(editor, tmp_path / "mcp.json", {"mcpServers": {"`**it**`": raw()}})
    await editor.connect(server="`**it**`", file=page.uri)
    await page.wait_for_title("MCP Sidecar: ● connected · 12 tools")
    text = (await page.ask("hover", position=page.position(page.text.index("`"))))["contents"]["value"]
    for part in ("raw 1.2.3", "protocol: ", "capabilities: ", "tools (12): ", "echo, "):
        assert part in text
    outside = "".join(text.split("```")[0::2])
    assert not outside.replace("text", "").strip(), "all that is not the sidecar's own is code"


# Completion


async def completed(page: Page, marked: str, snippets: bool = False) -> dict[str, str]:
    """What is offered at the `|` of a text, by label: the text as it would be then."""
    at = marked.index("|")
    await page.change(marked.replace("|", ""))
    answer = await page.ask("completion", position=page.position(at))
    found = {}
    for item in answer["items"] if answer else ():
        start, end = (page.offset(item["textEdit"]["range"][side]) for side in ("start", "end"))
        found[item["label"]] = page.text[:start] + item["textEdit"]["newText"] + page.text[end:]
        assert start <= at <= end
        assert snippets or item["insertTextFormat"] == 1
    return found


async def test_fields_are_offered_by_the_kind_of_server(editor: Editor, tmp_path: Path) -> None:
    page = await Page.open(editor, tmp_path / ".vscode/mcp.json", "")
    offered = await completed(page, '{"servers": {"é🦀": {|}}}')
    assert list(offered) == ["type", "command", "args", "env", "envFile", "cwd", "url", "headers", "dev"]
    assert offered["command"] == '{"servers": {"é🦀": {"command": ""}}}'
    program = await completed(page, '{"servers": {"é🦀": {"command": "sh", "|"}}}')
    assert "url" not in program
    assert "command" not in program
    assert program["args"] == '{"servers": {"é🦀": {"command": "sh", "args": []}}}'
    url = await completed(page, '{"servers": {"é🦀": {"url": "http://h", "h|": {}}}}')
    assert url["headers"] == '{"servers": {"é🦀": {"url": "http://h", "headers": {}}}}'
    assert "args" not in url
    assert set(await completed(page, "{|}")) == {"servers", "inputs"}
    assert set(await completed(page, '{"inputs": [{"|"}]}')) >= {"type", "id", "description", "password"}
    assert set(await completed(page, '{"servers": {"é🦀": {"type": |}}}')) == {"stdio", "http", "sse"}
    assert await completed(page, '{"servers": {"é🦀": {} } // |\n}') == {}
    await page.close()
    claude = await Page.open(editor, tmp_path / ".mcp.json", "")
    assert "envFile" not in await completed(claude, '{"mcpServers": {"a": {"|"}}}')
    await claude.close()
    fastmcp = await Page.open(editor, tmp_path / "fastmcp.json", "")
    assert list(await completed(fastmcp, "{|}")) == ["source", "environment", "deployment", "mcpServers"]
    source = await completed(fastmcp, '{"source": {|}}')
    assert list(source) == ["path", "entrypoint"]
    assert source["path"] == '{"source": {"path": ""}}'
    deployed = '{"source": {"path": "é🦀.py"}, "deployment": {"log_level": "|"}}'
    assert "DEBUG" in await completed(fastmcp, deployed)
    assert await completed(fastmcp, '{"source": {"path": "|"}, "nothing": {}}') == {}
    assert await completed(fastmcp, '{"source": {"path": "x"}, "nothing": {"|"}}') == {}
    await fastmcp.close()


async def test_programs_and_variables_are_offered(editor: Editor, tmp_path: Path) -> None:
    interpreter = tmp_path / ".venv/bin/python"
    interpreter.parent.mkdir(parents=True)
    interpreter.touch()
    page = await Page.open(editor, tmp_path / ".vscode/mcp.json", "")
    programs = list(await completed(page, '{"servers": {"a": {"command": "|"}}}'))
    assert programs[0] == "${workspaceFolder}/.venv/bin/python"
    assert "node" in programs
    inputs = '"inputs": [{"id": "key", "type": "promptString"}]'
    text = '{"servers": {"é🦀": {"command": "sh", "args": ["x ${in|"]}}, ' + inputs + "}"
    offered = await completed(page, text)
    assert offered["${input:key}"] == text.replace("${in|", "${input:key}")
    assert {"${workspaceFolder}", "${userHome}", "${env:PATH}"} <= set(offered)
    assert (await completed(page, text.replace("${in|", "${in|put:other}")))["${input:key}"] == text.replace(
        "${in|", "${input:key}"
    )
    assert (await completed(page, text.replace("${in|", "$|")))["${input:key}"] == text.replace("${in|", "${input:key}")
    empty = '{"servers": {"a": {"command": "sh", "env": {"KEY": "|"}}}}'
    assert (await completed(page, empty))["${env:PATH}"] == empty.replace("|", "${env:PATH}")
    await page.close()
    claude = await Page.open(editor, tmp_path / ".mcp.json", "")
    assert "${PATH}" in await completed(claude, '{"mcpServers": {"a": {"command": "sh", "args": ["${|"]}}}')
    await claude.close()


async def test_what_was_taken_can_be_taken_again(editor: Editor, tmp_path: Path) -> None:
    page = await Page.open(editor, tmp_path / ".vscode/mcp.json", "")
    once = (await completed(page, '{"servers": {"a": {"com|"}}}'))["command"]
    assert once == '{"servers": {"a": {"command": ""}}}'
    assert (await completed(page, once.replace("command", "comm|and")))["command"] == once
    await page.close()


async def test_snippets_go_to_those_who_take_them(start_editor: StartEditor, tmp_path: Path) -> None:
    editor = await start_editor(initialize=False)
    completion = {"completion": {"completionItem": {"snippetSupport": True}}}
    await editor.initialize(params={"capabilities": {"textDocument": completion}})
    page = await Page.open(editor, tmp_path / ".vscode/mcp.json", "")
    offered = await completed(page, '{"servers": {"a": {"|"}}}', snippets=True)
    assert offered["command"] == '{"servers": {"a": {"command": "${1:}"}}}'


# Quick fixes


@pytest.fixture
async def fixing_editor(start_editor: StartEditor) -> Editor:
    """Provide an editor that takes code actions with edits."""
    editor = await start_editor(initialize=False)
    await editor.initialize(params={"capabilities": TAKES_ACTIONS})
    return editor


def applied(page: Page, action: Any) -> str:
    """The text after the edits of an action, which must not overlap."""
    text = page.text
    edits = action["edit"]["changes"][page.uri]
    spots = sorted((page.offset(e["range"]["start"]), page.offset(e["range"]["end"]), e["newText"]) for e in edits)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(spots))
    for start, end, new in reversed(spots):
        text = text[:start] + new + text[end:]
    return text


FIXES = [
    (".vscode/mcp.json", '{"«mcpServers»": {}}', "Rename it to `servers`", '{"servers": {}}'),
    (".mcp.json", '{"«servers»": {}}', "Rename it to `mcpServers`", '{"mcpServers": {}}'),
    (".mcp.json", '{"mcpServers": {"é": {"command": "sh"«,»}}}', "Remove the trailing comma", None),
    ("mcp.json", '{"mcpServers": {"🦀": {"«comand»": "sh"}}}', "Rename it to `command`", None),
    (
        "mcp.json",
        '{"mcpServers": {"🦀": {"url": "http://h", "headers": {"Authorization": "Bearer «abcdef»"}}}}',
        "Take it from the environment: `${env:AUTHORIZATION}`",
        '{"mcpServers": {"🦀": {"url": "http://h", "headers": {"Authorization": "Bearer ${env:AUTHORIZATION}"}}}}',
    ),
    (
        ".mcp.json",
        '{"mcpServers": {"my server": {"command": "sh", "args": ["--token=«abcdef»"]}}}',
        "Take it from the environment: `${MY_SERVER_SECRET}`",
        '{"mcpServers": {"my server": {"command": "sh", "args": ["--token=${MY_SERVER_SECRET}"]}}}',
    ),
]


async def test_what_is_obvious_can_be_mended(fixing_editor: Editor, tmp_path: Path) -> None:
    for number, (name, marked, title, expected) in enumerate(FIXES):
        text = marked.replace("«", "").replace("»", "")
        page = await Page.open(fixing_editor, tmp_path / str(number) / name, text)
        diagnostics = await page.pushed()
        place = page.position(marked.index("«"))
        actions = await page.ask(
            "codeAction", range={"start": place, "end": place}, context={"diagnostics": diagnostics}
        )
        (action,) = (each for each in actions if each["title"] == f"MCP Sidecar: {title}")
        assert action["kind"] == "quickfix"
        assert action["diagnostics"][0] in diagnostics
        mended = applied(page, action)
        assert expected is None or mended == expected
        await page.change(mended)
        code = action["diagnostics"][0]["code"]
        assert code not in {each["code"] for each in await page.pushed()}
        await page.close()


async def test_a_secret_becomes_an_input(fixing_editor: Editor, tmp_path: Path) -> None:
    for before in ("", '"inputs": [], ', '"inputs": [{"id": "a", "type": "promptString"}], '):
        text = "{" + before + '"servers": {"🦀": {"command": "sh", "env": {"API_KEY": "correct horse"}}}}'
        page = await Page.open(fixing_editor, tmp_path / ".vscode/mcp.json", text)
        action = (await page.actions("correct", only=["quickfix"]))[0]
        assert action["title"] == "MCP Sidecar: Ask for it: `${input:api-key}`"
        mended = json.loads(applied(page, action))
        assert mended["servers"]["🦀"]["env"] == {"API_KEY": "${input:api-key}"}
        definition = {"type": "promptString", "id": "api-key", "description": "API_KEY", "password": True}
        assert mended["inputs"][-1] == definition
        await page.change(applied(page, action))
        assert await page.pushed() == []
        await page.close()


async def test_two_servers_with_a_secret_of_one_name_get_an_input_each(fixing_editor: Editor, tmp_path: Path) -> None:
    servers = {name: {"command": "sh", "env": {"API_KEY": f"correct {name}"}} for name in ("a", "b", "🦀")}
    page = await Page.open(fixing_editor, tmp_path / ".vscode/mcp.json", {"servers": servers})
    for name in servers:
        await page.change(applied(page, (await page.actions(f"correct {name}", only=["quickfix"]))[0]))
    mended = json.loads(page.text)
    inputs = ["api-key", "b-api-key", "api-key-2"]
    assert [each["env"]["API_KEY"] for each in mended["servers"].values()] == [f"${{input:{each}}}" for each in inputs]
    assert [each["id"] for each in mended["inputs"]] == inputs
    await page.close()


# The disk


async def test_what_is_put_right_elsewhere_is_wrong_no_more(start_editor: StartEditor, tmp_path: Path) -> None:
    editor = await start_editor(env={"HOME": str(tmp_path)}, folder=tmp_path)
    page = await Page.open(editor, tmp_path / ".mcp.json", {"mcpServers": {"a": {"command": "sh", "args": ["run.sh"]}}})
    assert [each["code"] for each in await page.pushed()] == ["script"]
    since = editor.mark()
    (tmp_path / "run.sh").touch()
    assert await page.pushed(since=since) == []
    since = editor.mark()
    other = tmp_path / "mcp.json"
    other.write_text('{"mcpServers": {"a": {"command": "sh"}}}')
    (duplicate,) = await page.pushed(since=since)
    assert (duplicate["code"], duplicate["severity"], page.at(duplicate["range"])) == ("duplicate-name", 3, '"a"')
    assert f"{other}:1" in duplicate["message"]


async def test_what_is_open_counts_as_it_is_shown(start_editor: StartEditor, tmp_path: Path) -> None:
    editor = await start_editor(env={"HOME": str(tmp_path)}, folder=tmp_path)
    file = tmp_path / ".mcp.json"
    file.write_text('{"mcpServers": {"on disk": {"command": "sh"}}}')
    page = await Page.open(editor, file, {"mcpServers": {"shown": {"command": "sh"}}})

    async def names() -> list[str]:
        return [server["name"] for server in (await editor.request("mcp/servers"))["servers"]]

    assert await names() == ["shown"]
    await page.close()
    assert await names() == ["on disk"]
    # FastMCP itself reads its file, from the disk.
    fastmcp = await Page.open(editor, tmp_path / "fastmcp.json", {"mcpServers": {"shown": {"command": "sh"}}})
    assert await names() == ["on disk"]
    await fastmcp.close()


# Changes


@pytest.mark.parametrize("encoding", UNITS)
async def test_changes_are_followed_in_every_encoding(start_editor: StartEditor, tmp_path: Path, encoding: str) -> None:
    """The name of a server has what is no end of a line for LSP, and is for Python."""
    editor = await start_editor(initialize=False)
    await editor.initialize(params={"capabilities": {"general": {"positionEncodings": [encoding]}}})
    name = "a\u2028b\u0085é🦀\u2029z"
    text = '\r\n{"servers":\n {"' + name + '": {"command": "sh"}}}'
    page = await Page.open(editor, tmp_path / ".vscode/mcp.json", text, encoding)
    numbers = random.Random(7)
    for _ in range(10):
        first = page.text.index(name)
        start = first + numbers.randrange(len(name) + 1)
        end = min(start + numbers.randrange(3), first + len(name))
        new = numbers.choice(["", "🦀", "x", "é\u2028", "\u0085"])
        place = {"start": page.position(start), "end": page.position(end)}
        page.text = page.text[:start] + new + page.text[end:]
        name = name[: start - first] + new + name[end - first :]
        page.version += 1
        changes = [
            {"range": place, "text": new},
            {"range": {"start": place["start"], "end": place["start"]}, "text": ""},
        ]
        document = {"uri": page.uri, "version": page.version}
        await editor.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        (lens,) = await page.lenses()
        assert lens["command"]["arguments"][0]["server"] == name
        assert page.at(lens["range"]) == f'"{name}"'


# Whatever is in them


async def everything(page: Page, spot: Any) -> None:
    """Ask for all there is at a place; only an answer is wanted."""
    await page.lenses()
    await page.ask("hover", position=spot)
    await page.ask("completion", position=spot)
    await page.ask("codeAction", range={"start": spot, "end": spot}, context={"diagnostics": []})


async def test_half_typed_files_are_told_to_be_no_json_and_whole_ones_are_right(editor: Editor, tmp_path: Path) -> None:
    good = (
        '// é🦀\n{"inputs": [],\n\t"servers": {"é🦀": {"command": "sh", "args": ["-c", "${env:HOME}"], "env": {}}}}\r\n'
    )
    page = await Page.open(editor, tmp_path / ".vscode/mcp.json", good)
    assert await page.pushed() == []
    numbers = random.Random(5)
    for _ in range(12):
        cut = numbers.randrange(9, good.rindex("}"))
        await page.change(good[:cut])
        await everything(page, page.position(cut))
        assert "syntax" in {each["code"] for each in await page.pushed()}, good[:cut]
        await page.change(good)
        assert await page.pushed() == []
    await page.close()


HUGE = {
    "entries": '{"servers": {' + ", ".join(f'"{number}": {{}}' for number in range(100_000)) + "}}",
    "nesting": '{"servers": ' + '{"a": ' * 5000,
    "a list in a list": '{"servers": {"a": {"command": "sh", "args": ' + "[" * 5000,
    "variables": json.dumps({"servers": {"a": {"command": "sh", "args": ["${" * 60_000, "${env:NO}" * 10_000]}}}),
    "a text": json.dumps({"servers": {"a": {"command": "sh", "args": ["x" * 1_000_000]}}}),
    "half a character": '{"servers": {"\\ud800": {"command": "\\udfff"}}}',
    "all of it": "[" * 5_000_000,
}


@pytest.mark.parametrize("what", HUGE)
async def test_nothing_in_a_file_keeps_the_sidecar_from_answering(editor: Editor, tmp_path: Path, what: str) -> None:
    page = await Page.open(editor, tmp_path / ".vscode/mcp.json", HUGE[what])
    await everything(page, {"line": 0, "character": min(60, len(page.text))})  # in the text of an argument, if any
    found = (
        await editor.wait_for(PUBLISHED, lambda each: each["uri"] == page.uri and each["diagnostics"], timeout=60)
    )["diagnostics"]
    assert 0 < len(found) <= 500
    await page.close()


def test_a_hover_in_a_text_of_variables_that_never_end_takes_little(tmp_path: Path) -> None:
    folder = Folder(path=tmp_path, name="ws")
    context = Context(folders=[folder], environ=dict(os.environ), platform=sys.platform)
    places = places_of(str(tmp_path / ".vscode/mcp.json"), [])
    (configuration,) = read_text(HUGE["variables"], places, context)
    (entry,) = configuration.entries
    known = Known(sign=None, failure=None, server=None, tools=None)
    begin = time.process_time()
    hover_text(configuration, entry, entry.args[0].node.start + 10, known, is_markdown=False)
    assert time.process_time() - begin < 2
