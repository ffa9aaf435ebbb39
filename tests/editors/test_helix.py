"""Whole sessions in Helix, with the configuration that docs/editors.md shows, by a person's keys."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.editors.desk import SNIPPETS, Desk
from tests.editors.terminal import DOWN, ENTER, Terminal, terminal

Program = Callable[[str], str]

GONE = 10.0
"""Seconds after which everything must be gone that Helix started."""


class Helix:
    """A Helix with the project's configuration file open."""

    def __init__(self, screen: Terminal) -> None:
        self.screen = screen

    def run(self, line: str) -> None:
        """Type a command."""
        self.screen.type(f":{line}{ENTER}")

    def go_to_the_first_server(self) -> None:
        self.screen.type("3Ggh")
        self.screen.see(" 3:1")

    def open_own_file(self) -> None:
        """Open the user's own configuration file, whose servers are run without a question."""
        self.run("open ~/.cursor/mcp.json")
        self.screen.see('"mine": {')
        self.go_to_the_first_server()

    def act(self, title: str) -> None:
        """Choose this code action of the server that the cursor is on."""
        self.screen.type(" a")
        self.screen.see(f"MCP Sidecar: {title}")
        offered = [line for line in self.screen.lines if "MCP Sidecar: " in line]
        (place,) = (number for number, line in enumerate(offered) if f"MCP Sidecar: {title}" in line)
        self.screen.type(DOWN * place + ENTER)

    def sees_the_connection(self) -> None:
        """See that the server is connected: by the state or by the message, of which Helix shows the last one."""
        self.screen.see("connected: raw", "MCP: connected to raw")

    def started(self) -> list[psutil.Process]:
        """What it started: the sidecar and the server."""
        return psutil.Process(self.screen.process.pid).children(recursive=True)

    def quits(self) -> None:
        """Quit it, and see that it leaves nothing."""
        started = self.started()
        self.run("quit-all!")
        _, left = psutil.wait_procs([psutil.Process(self.screen.process.pid), *started], timeout=GONE)
        assert not left

    def server(self) -> psutil.Process:
        (server,) = (each for each in self.started() if "raw.py" in " ".join(each.cmdline()))
        return server


@contextmanager
def helix(program: str, desk: Desk) -> Iterator[Helix]:
    """Helix with the configuration of docs/editors/, when it has shown the state and what is wrong."""
    settings = desk.home / ".config" / "helix"
    settings.mkdir(parents=True)
    (settings / "languages.toml").write_text((SNIPPETS / "helix.toml").read_text(encoding="utf-8"), encoding="utf-8")
    (settings / "config.toml").write_text("[editor.lsp]\ndisplay-progress-messages = true\n", encoding="utf-8")
    with terminal([program, ".vscode/mcp.json"], desk.project, desk.environment) as screen:
        screen.see("disconnected")
        screen.see("● 1")
        screen.type("]d")
        screen.see("the environment variable MCP_SIDECAR_UNSET is not set.")
        session = Helix(screen)
        session.go_to_the_first_server()
        yield session


def test_a_session_in_helix(program: Program, desk: Desk) -> None:
    """One that shows questions, and opens what it is told to show."""
    with helix(program("HELIX_FORKY"), desk) as session:
        screen = session.screen
        session.run("lsp-workspace-command mcpSidecar.connect")
        screen.see("Connect to which MCP server?")
        screen.type(DOWN + ENTER)  # the second one lacks a variable
        screen.see("can't be resolved")

        session.act("Connect it")
        screen.see('Run the MCP server "it"')
        screen.see("Allow")
        screen.type(ENTER)  # what is selected first is Deny
        screen.see("was denied.")
        assert len(session.started()) == 1, "the sidecar alone"

        session.act("Connect it")
        screen.see('Run the MCP server "it"')
        screen.type(DOWN + ENTER)
        session.sees_the_connection()

        session.run(
            'lsp-workspace-command mcpSidecar.tools.call {"name": "echo", "arguments": {"text": "hello there"}}'
        )
        screen.see("-echo.md")
        screen.see("  hello there")
        session.run("buffer-close")
        screen.see(".vscode/mcp.json")

        session.server().kill()
        screen.see("failed: raw")
        screen.see("was ended by SIGKILL")
        session.quits()


def test_a_session_in_an_older_helix(program: Program, desk: Desk) -> None:
    """One that shows no questions, and gives no arguments to commands."""
    with helix(program("HELIX_TRIXIE"), desk) as session:
        screen = session.screen
        session.act("Connect it")
        screen.see("the editor could not ask")
        assert len(session.started()) == 1, "the sidecar alone"

        session.act("Allow running")
        session.sees_the_connection()

        session.run("lsp-workspace-command")
        screen.see("mcpSidecar.tools.list")
        screen.type("tools.list")
        screen.wait("one is left", lambda: not screen.shows("mcpSidecar.connect"))
        screen.type(ENTER)
        screen.see("MCP: tools/list: ~/.cache/")

        session.server().kill()
        screen.see("failed: raw")
        session.quits()


@pytest.mark.parametrize("name", ["HELIX_TRIXIE", "HELIX_FORKY"])
def test_a_helix_that_is_killed_leaves_nothing(program: Program, desk: Desk, name: str) -> None:
    with helix(program(name), desk) as session:
        session.open_own_file()
        session.act("Connect mine")
        session.sees_the_connection()
        started = session.started()
        session.screen.process.kill()
        _, left = psutil.wait_procs(started, timeout=GONE)
        assert not left
