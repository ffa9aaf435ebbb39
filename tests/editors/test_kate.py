"""Whole sessions in Kate, with the configuration that docs/editors.md shows."""

import subprocess
from collections.abc import Callable

import psutil
import pytest

from tests.editors.desk import Desk
from tests.editors.kate import Kate, kate

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


def ask_to_connect(session: Kate) -> None:
    """See what is wrong in the project's file, and connect to a server of it."""
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


def is_connected(session: Kate) -> bool:
    connected = session.record.find("sidecar", "mcp/didChangeStatus", lambda status: status["state"] == "connected")
    return connected is not None


def test_kate_runs_nothing_that_it_could_not_ask_about(program: Program, desk: Desk) -> None:
    with kate(program("KATE"), desk, ".vscode/mcp.json") as session:
        ask_to_connect(session)
        if not asks(program("KATE")):
            session.wait("who can't be asked is told how to agree", lambda: session.told("mcpSidecar.consent"))
        assert not is_connected(session)


def test_a_newer_kate_asks(program: Program, desk: Desk) -> None:
    with kate(program("KATE_TRIXIE"), desk, ".vscode/mcp.json") as session:
        ask_to_connect(session)
        assert not is_connected(session)
        session.answer("Allow")
        session.wait("the server is connected", lambda: session.told("MCP: connected to raw"))


@pytest.mark.parametrize("name", ["KATE", "KATE_TRIXIE"])
def test_a_kate_that_is_killed_leaves_nothing(program: Program, desk: Desk, name: str) -> None:
    with kate(program(name), desk, desk.own) as session:
        session.allow_the_sidecar()
        session.act("MCP Sidecar: Connect mine")
        session.wait("the server is connected", lambda: session.told("MCP: connected to raw"))
        started = psutil.Process(session.process.pid).children(recursive=True)
        session.kill()
        _, left = psutil.wait_procs(started, timeout=GONE)
        assert not left
