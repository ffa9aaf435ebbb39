"""Whole sessions in Kate, with the configuration that docs/editors.md shows."""

import subprocess
from collections.abc import Callable

import psutil

from tests.editors.desk import Desk
from tests.editors.kate import kate

Program = Callable[[str], str]

GONE = 10.0
"""Seconds after which everything must be gone that Kate started."""


def asks(program: str) -> bool:
    """Whether it shows a server's questions: since 24.02."""
    version = subprocess.run(
        [program, "--version"], env={"QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True, check=True
    )
    return tuple(map(int, version.stdout.split()[-1].split("."))) >= (24, 1, 75)


def test_a_session_in_kate(program: Program, desk: Desk) -> None:
    with kate(program("KATE"), desk, desk.own) as session:
        session.allow_the_sidecar()
        command = session.act("MCP Sidecar: Connect mine")
        assert command["command"] == "mcpSidecar.connect"
        session.wait("the server is connected", lambda: session.told("MCP: connected to raw"))
        started = psutil.Process(session.process.pid).children(recursive=True)
        assert [each for each in started if "raw.py" in " ".join(each.cmdline())]
        session.quit()
        _, left = psutil.wait_procs(started, timeout=GONE)
        assert not left


def test_kate_shows_what_is_wrong_and_runs_nothing_that_it_could_not_ask_about(program: Program, desk: Desk) -> None:
    with kate(program("KATE"), desk, ".vscode/mcp.json") as session:
        session.allow_the_sidecar()
        opened = session.wait("the file is opened", lambda: session.record.find("editor", "textDocument/didOpen"))
        assert opened["textDocument"]["languageId"] == "json"
        session.wait(
            "a diagnostic tells of a variable that is not set",
            lambda: session.record.find(
                "sidecar", "textDocument/publishDiagnostics", lambda params: "MCP_SIDECAR_UNSET" in str(params)
            ),
        )
        session.act("MCP Sidecar: Connect it")
        session.wait(
            "the user is asked",
            lambda: "window/showMessageRequest" in [each.get("method") for each in session.record.said("sidecar")],
        )
        if not asks(program("KATE")):
            session.wait("who can't be asked is told how to agree", lambda: session.told("mcpSidecar.consent"))
        assert (
            session.record.find("sidecar", "mcp/didChangeStatus", lambda status: status["state"] == "connected") is None
        )


def test_a_kate_that_is_killed_leaves_nothing(program: Program, desk: Desk) -> None:
    with kate(program("KATE"), desk, desk.own) as session:
        session.allow_the_sidecar()
        session.act("MCP Sidecar: Connect mine")
        session.wait("the server is connected", lambda: session.told("MCP: connected to raw"))
        started = psutil.Process(session.process.pid).children(recursive=True)
        session.kill()
        _, left = psutil.wait_procs(started, timeout=GONE)
        assert not left
