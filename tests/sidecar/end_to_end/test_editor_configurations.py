"""The configurations of editors that can't be installed: read, started and used as these editors do it.

Each is read from docs/editors/; what the editor sends then is that of its session in sessions/. vim-lsp and coc were
run by hand with these very files when their sessions were recorded, and Kate runs in tests/editors/, too.
"""

import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sidecar.editor_configuration import READERS, EditorConfiguration
from tests.sidecar.end_to_end.test_other_editors import ANSWERS, ASKED, read
from tests.sidecar.harness import Editor
from tests.sidecar.programs import RAW

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="how Windows finds a program is its own")

SNIPPETS = Path(__file__).parents[3] / "docs" / "editors"
SESSIONS = Path(__file__).parent / "sessions"


class Project:
    """A project with a configuration file, a home, and an editor in it."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.folder = root / "project"
        self.file = self.folder / ".vscode" / "mcp.json"
        it = {"command": sys.executable, "args": [str(RAW)]}
        broken = {"command": sys.executable, "env": {"X": "${env:MCP_SIDECAR_UNSET}"}}
        self.home.mkdir()
        self.file.parent.mkdir(parents=True)
        self.file.write_text(json.dumps({"servers": {"it": it, "broken": broken}}, indent=2), encoding="utf-8")
        self.editor: Editor

    async def open(self, path: Path, language: str) -> None:
        """Open a document in the editor."""
        document = {
            "uri": path.as_uri(),
            "languageId": language,
            "version": 1,
            "text": path.read_text(encoding="utf-8"),
        }
        await self.editor.notify("textDocument/didOpen", {"textDocument": document})

    async def action(self, path: Path, title: str) -> Any:
        """The command of the code action whose title begins like this, on the first server of a document."""
        place = {"line": 2, "character": 6}
        params = {"textDocument": {"uri": path.as_uri()}, "range": {"start": place, "end": place}}
        actions = await self.editor.request("textDocument/codeAction", params | {"context": {"diagnostics": []}})
        (action,) = [each for each in actions if each["title"].startswith(title)]
        assert "edit" not in action  # so that none of them waits for one
        return {"command": action["command"]["command"], "arguments": action["command"]["arguments"]}

    async def execute(self, command: str, *arguments: Any) -> None:
        """Run a command, as an editor that gives up after ten seconds."""
        await self.editor.request(
            "workspace/executeCommand", {"command": command, "arguments": [*arguments]}, timeout=10
        )

    async def told(self, text: str) -> str:
        """The message with this in it."""
        params = await self.editor.wait_for("window/showMessage", lambda params: text in params["message"], timeout=45)
        return str(params["message"])


async def connect_in_coc(project: Project) -> None:
    """`:CocCommand mcpSidecar.connect`, whose questions are answered."""
    chosen = {"Connect to which MCP server?": "it", 'Run the MCP server "it"': "Allow"}

    def choose(params: Any) -> Any:
        (title,) = (title for question, title in chosen.items() if params["message"].startswith(question))
        return next(action for action in params["actions"] if action["title"] == title)

    project.editor.answers["window/showMessageRequest"] = choose
    await project.execute("mcpSidecar.connect")


async def connect_and_allow(project: Project) -> None:
    """*LSP Client, Code Action* in Kate 22.12, which shows no questions."""
    connect = await project.action(project.file, "MCP Sidecar: Connect it")
    await project.editor.request("workspace/executeCommand", connect, timeout=10)
    await project.told("was not allowed")
    allow = await project.action(project.file, "MCP Sidecar: Allow running")
    await project.editor.request("workspace/executeCommand", allow, timeout=10)


async def connect_in_vim_lsp(project: Project) -> None:
    """`:Mcp connect python raw.py`."""
    await project.execute("mcpSidecar.connect", f"{sys.executable} {RAW}")


@pytest.mark.parametrize(
    ("name", "session", "connect"),
    [
        ("coc-settings.json", "coc", connect_in_coc),
        ("kate.json", "kate-22.12", connect_and_allow),
        ("vim-lsp.vim", "vim-lsp", connect_in_vim_lsp),
    ],
)
async def test_a_configuration_works_as_the_editor_uses_it(
    start_editor: Callable[..., Awaitable[Editor]],
    tmp_path: Path,
    name: str,
    session: str,
    connect: Callable[[Project], Awaitable[None]],
) -> None:
    configuration: EditorConfiguration = READERS[name]((SNIPPETS / name).read_text(encoding="utf-8"))
    project = Project(tmp_path)
    # Kate takes the home for the root where none is told, and adds the project as a workspace folder.
    root = project.home if session.startswith("kate") else project.folder
    recorded = read(SESSIONS / f"{session}.json", root)
    assert recorded["initialize"]["initializationOptions"] == configuration.options
    assert recorded["languageId"] in configuration.languages

    program, *arguments = configuration.command
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"HOME": str(project.home), "XDG_CACHE_HOME": "", "XDG_STATE_HOME": "", "PATH": path}
    project.editor = editor = await start_editor(
        *arguments, program=program, cwd=root, env=environment, initialize=False
    )
    editor.answers = dict.fromkeys(ASKED, ANSWERS[recorded["answers"]])
    if recorded["initialize"]["capabilities"]["window"].get("workDoneProgress"):
        del editor.answers["window/workDoneProgress/create"]
    await editor.request("initialize", recorded["initialize"])
    await editor.notify("initialized", recorded["initialized"].get("params"))
    if root != project.folder:
        event = {"added": [{"name": "project", "uri": project.folder.as_uri()}], "removed": []}
        await editor.notify("workspace/didChangeWorkspaceFolders", {"event": event})

    await project.open(project.file, recorded["languageId"])
    await editor.wait_for(
        "textDocument/publishDiagnostics",
        lambda params: (
            params["uri"] == project.file.as_uri()
            and any("MCP_SIDECAR_UNSET" in each["message"] for each in params["diagnostics"])
        ),
    )
    await connect(project)
    await project.told("MCP: connected to raw")
    assert editor.statuses[-1]["server"]["name"] == "raw"
    if configuration.options["mcp"].get("progress"):
        report = await editor.wait_for("$/progress", lambda params: params["value"].get("message") == "connected: raw")
        assert report["value"]["kind"] == "report"
