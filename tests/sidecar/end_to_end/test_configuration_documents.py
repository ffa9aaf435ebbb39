"""Configuration files that are open in the editor: what is wrong in them, and what can be done from them."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sidecar.harness import Editor
from tests.sidecar.programs import raw

StartEditor = Callable[..., Awaitable[Editor]]

PUBLISHED = "textDocument/publishDiagnostics"
UNITS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
REFRESHES = {"workspace": {"codeLens": {"refreshSupport": True}}}
TAKES_ACTIONS: dict[str, Any] = {
    "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}
}


class Page:
    """A configuration file as an editor has it open; it need not be on the disk."""

    def __init__(self, editor: Editor, path: Path, text: str, encoding: str = "utf-16") -> None:
        self.editor = editor
        self.uri = path.as_uri()
        self.text = text
        self.version = 1
        self.encoding = encoding
        self.since = editor.mark()
        """When it became what it is."""

    @classmethod
    async def open(
        cls, editor: Editor, path: Path, content: Any, encoding: str = "utf-16", language: str = ""
    ) -> "Page":
        page = cls(editor, path, content if isinstance(content, str) else json.dumps(content, indent=2), encoding)
        document = {"uri": page.uri, "languageId": language, "version": 1, "text": page.text}
        await editor.notify("textDocument/didOpen", {"textDocument": document})
        return page

    async def change(self, content: Any) -> None:
        self.since = self.editor.mark()
        self.text = content if isinstance(content, str) else json.dumps(content, indent=2)
        self.version += 1
        changes = {
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": [{"text": self.text}],
        }
        await self.editor.notify("textDocument/didChange", changes)

    async def close(self) -> None:
        """Close it, and see that nothing is wrong any more."""
        since = self.editor.mark()
        await self.editor.notify("textDocument/didClose", {"textDocument": {"uri": self.uri}})
        cleared = await self.editor.wait_for(PUBLISHED, lambda each: each["uri"] == self.uri, since=since)
        assert cleared == {"uri": self.uri, "diagnostics": []}

    async def pushed(self, fits: Callable[[list[Any]], bool] = lambda _: True, since: int | None = None) -> list[Any]:
        """The first diagnostics that were pushed for this version and fit."""
        return (
            await self.editor.wait_for(
                PUBLISHED,
                lambda each: (
                    each["uri"] == self.uri and each.get("version") == self.version and fits(each["diagnostics"])
                ),
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
        while title not in await self.titles():
            seen = len(self.editor.requests)
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

    def at(self, spot: Any) -> str:
        """The text in a range."""
        lines = self.text.split("\n")
        width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[self.encoding]

        def offset(position: Any) -> int:
            content = lines[position["line"]].encode(UNITS[self.encoding])[: position["character"] * width]
            return sum(len(line) + 1 for line in lines[: position["line"]]) + len(content.decode(UNITS[self.encoding]))

        return self.text[offset(spot["start"]) : offset(spot["end"])]


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
        "arguments": [{"server": "one", "file": page.uri}],
    }
    # What is open counts: the file is not even on the disk.
    assert (await page.run(one["command"]))["target"]["file"] == page.uri
    await page.wait_for_title("MCP Sidecar: ● connected · 12 tools")
    assert await page.titles() == [
        "MCP Sidecar: ● connected · 12 tools",
        "Reconnect",
        "Disconnect",
        "MCP Sidecar: Connect",
    ]

    since = editor.mark()
    with pytest.raises(Exception, match="no-such-program"):
        await page.run(two["command"])
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
    assert [action["title"] for action in actions] == ["MCP Sidecar: Connect one"]
    assert (await page.run(actions[0]["command"]))["state"] == "connected"
    await page.pushed(lambda found: all(each["code"] != "connection-lost" for each in found), since)
    actions = await page.actions('"args"', only=["mcp-sidecar"])
    assert [action["title"] for action in actions] == ["MCP Sidecar: Reconnect one", "MCP Sidecar: Disconnect one"]
    assert await page.actions('"args"', only=["refactor"]) == []
    assert (await page.run(actions[0]["command"]))["state"] == "connected"
    assert (await page.run(actions[1]["command"]))["state"] == "disconnected"
    assert "Disconnect" not in await page.titles()


async def test_a_client_that_knows_commands_alone_gets_those(editor: Editor, tmp_path: Path) -> None:
    page = await Page.open(editor, tmp_path / "mcp.json", {"mcpServers": {"a": {"command": "sh"}}})
    arguments = [{"server": "a", "file": page.uri}]
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
