"""The program as a person or an editor starts it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from mcp_sidecar.version import VERSION
from tests.sidecar.harness import Editor

SCRIPT = Path(sys.executable).parent / ("mcp-sidecar.exe" if sys.platform == "win32" else "mcp-sidecar")
MODULE = [sys.executable, "-m", "mcp_sidecar"]
ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is POSIX's")
WAYS = pytest.mark.parametrize("command", [MODULE, [str(SCRIPT)]], ids=["module", "script"])


def run(command: list[str], *args: str) -> subprocess.CompletedProcess[str]:
    """Run the program with nothing on stdin."""
    return subprocess.run(
        [*command, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )


@WAYS
def test_it_tells_its_version(command: list[str]) -> None:
    ended = run(command, "--version")
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, f"mcp-sidecar {VERSION}", "")


def test_the_help_tells_a_newcomer_what_it_is_and_how_to_go_on() -> None:
    ended = run(MODULE, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    for word in (
        "Your editor starts this program",
        "MCP server",
        "mcp/connect",
        "--stdio",
        "--log-level",
        "--log-file",
        "MCP_TEST_CONNECT_TIMEOUT",
        "MCP_TEST_CALL_TIMEOUT",
        "README.md",
        "docs/protocol.md",
    ):
        assert word in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80


@pytest.mark.parametrize("args", [["--log-level", "loud"], ["--port", "80"], ["server.py"]])
def test_what_is_not_understood_is_named_with_what_would_be(args: list[str]) -> None:
    ended = run(MODULE, *args)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "usage: mcp-sidecar" in ended.stderr
    assert args[-1] in ended.stderr
    if args[0] == "--log-level":
        assert "'debug', 'info', 'warning', 'error'" in ended.stderr


@pytest.mark.parametrize("name", ["missing/sidecar.log", "."])
def test_a_log_file_that_can_not_be_written_is_explained(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    ended = run(MODULE, "--log-file", path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("mcp-sidecar: the log file can't be written: ")
    assert path.removesuffix("/.") in ended.stderr
    assert "Traceback" not in ended.stderr


def on_a_terminal(*args: str) -> tuple[int, str]:
    """Run the program as someone types it: the exit code, and what appears."""
    import pty

    controller, terminal = pty.openpty()
    try:
        process = subprocess.Popen([*MODULE, *args], stdin=terminal, stdout=terminal, stderr=terminal)
        os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(controller, 4096):
                shown += chunk
        except OSError:  # Linux says so when the last one has closed the terminal
            pass
        return process.wait(30), shown.decode().replace("\r\n", "\n")
    finally:
        os.close(controller)


@ON_POSIX
def test_on_a_terminal_it_explains_itself_instead_of_hanging() -> None:
    code, shown = on_a_terminal()
    assert code == 2
    for word in (f"mcp-sidecar {VERSION}", "started by an editor", "README", "make demo", "--help", "--stdio"):
        assert word in shown


@WAYS
@pytest.mark.parametrize("args", [[], ["--stdio"]], ids=["plain", "--stdio"])
async def test_an_editor_is_served_however_it_is_started(command: list[str], args: list[str]) -> None:
    program, *own = command
    editor = await Editor.start(*own, *args, program=program)
    try:
        result = await editor.initialize()
        assert result["serverInfo"] == {"name": "mcp-sidecar", "version": VERSION}
        assert result["capabilities"]["experimental"]["mcp"]["version"] == VERSION
        assert await editor.shutdown() == 0
    finally:
        await editor.close()


@ON_POSIX
async def test_on_a_terminal_it_serves_when_told_to_insist() -> None:
    import pty

    controller, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *MODULE, "--stdio", stdin=terminal, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    os.close(terminal)
    try:
        body = b'{"jsonrpc":"2.0","id":1,"method":"mcp/status"}'
        os.write(controller, b"Content-Length: %d\n\n%s\n" % (len(body), body))
        assert process.stdout is not None
        async with asyncio.timeout(20):
            header = await process.stdout.readline()
            assert header.startswith(b"Content-Length: ")
            answer = await process.stdout.readexactly(int(header.split()[1]) + 2)
        assert b"-32002" in answer  # before `initialize`: but it answers
    finally:
        process.kill()
        await process.communicate()
        os.close(controller)


Start = Callable[..., Awaitable[Editor]]


async def test_the_log_goes_to_the_file_and_not_to_stderr(start_editor: Start, tmp_path: Path) -> None:
    path = tmp_path / "side car.log"
    editor = await start_editor(
        "--log-file", str(path), "--log-level", "info", env={"MCP_TEST_CALL_TIMEOUT": "höchstens morgen"}
    )
    await editor.status()
    assert await editor.shutdown() == 0
    log = path.read_text(encoding="utf-8")
    assert "WARNING mcp_sidecar" in log
    assert "MCP_TEST_CALL_TIMEOUT" in log
    assert editor.stderr == ""


async def test_a_log_file_is_appended_to(start_editor: Start, tmp_path: Path) -> None:
    path = tmp_path / "sidecar.log"
    path.write_text("from before\n")
    editor = await start_editor("--log-file", str(path), env={"MCP_TEST_CALL_TIMEOUT": "soon"})
    assert await editor.shutdown() == 0
    first, *rest = path.read_text().splitlines()
    assert first == "from before"
    assert rest


async def test_without_a_log_file_the_log_goes_to_stderr(start_editor: Start) -> None:
    editor = await start_editor(env={"MCP_TEST_CALL_TIMEOUT": "soon"})
    assert await editor.shutdown() == 0
    assert "MCP_TEST_CALL_TIMEOUT" in editor.stderr


async def test_a_quiet_level_leaves_warnings_out(start_editor: Start) -> None:
    editor = await start_editor("--log-level", "error", env={"MCP_TEST_CALL_TIMEOUT": "soon"})
    assert await editor.shutdown() == 0
    assert editor.stderr == ""


async def test_the_workspace_is_not_searched_for_modules(start_editor: Start, tmp_path: Path) -> None:
    for name in ("json", "asyncio", "pygls", "attrs", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of the workspace')")
    editor = await start_editor(cwd=tmp_path)
    assert (await editor.status())["state"] == "disconnected"
    assert await editor.shutdown() == 0
