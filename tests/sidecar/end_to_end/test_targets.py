"""Targets as users type them: right, or an error that says why."""

import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sidecar.harness import Editor, ResponseError
from tests.sidecar.programs import RAW

StartEditor = Callable[..., Awaitable[Editor]]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ws://127.0.0.1:1/mcp", "ws"),
        ("ftp://127.0.0.1/mcp", "ftp"),
        ("127.0.0.1:8000/mcp", "http://"),
        ("missing_server.py", "missing_server.py"),
        ("./missing/server.py", "missing"),
        ("", "empty"),
        ("no-such-word-on-any-path", "no-such-word-on-any-path"),
    ],
)
async def test_what_is_no_target_is_refused_and_says_why(editor: Editor, url: str, said: str) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.connect(url=url)
    assert refused.value.kind == "invalid_target"
    assert said in f"{refused.value.message} {refused.value.data['suggestion']}"
    assert refused.value.data["suggestion"]


async def test_a_directory_is_refused_by_name(editor: Editor, tmp_path: Path) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.connect(url=str(tmp_path))
    assert refused.value.kind == "invalid_target"
    assert "directory" in refused.value.message


@pytest.mark.parametrize("params", [{}, {"url": "x", "command": "y"}, None])
async def test_neither_or_several_of_url_command_server_are_bad_params(editor: Editor, params: object) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/connect", params)
    assert refused.value.code == -32602
    assert "url" in refused.value.message


async def test_a_relative_path_is_taken_from_the_workspace_folder(start_editor: StartEditor, tmp_path: Path) -> None:
    shutil.copy(RAW, tmp_path / "server.py")
    editor = await start_editor(folder=tmp_path, cwd="/")
    status = await editor.connect(url="server.py")
    assert (status["state"], status["target"]["transport"]) == ("connected", "stdio")
    assert (await editor.call("cwd"))["content"][0]["text"] == str(tmp_path)


async def test_a_command_line_is_a_target(editor: Editor) -> None:
    status = await editor.connect(url=f'"{sys.executable}" "{RAW}" --name "a b"')
    assert status["server"]["name"] == "a b"


async def test_a_script_never_runs_with_the_sidecars_interpreter(start_editor: StartEditor, tmp_path: Path) -> None:
    """Without a `.venv` of its own, a script gets the system's python3, and none of the sidecar's variables."""
    shutil.copy(RAW, tmp_path / "server.py")
    environment = tmp_path / "venv-of-nobody"
    editor = await start_editor(folder=tmp_path, env={"MARKER": str(environment)})
    await editor.connect(url="server.py")
    status = await editor.status()
    assert status["target"]["command"] != sys.executable
    text = (await editor.call("environment"))["content"][0]["text"]
    assert "MARKER" in text
    assert "FASTMCP_ENV_FILE" not in text


async def test_a_script_runs_with_its_projects_interpreter(start_editor: StartEditor, tmp_path: Path) -> None:
    bin_directory = tmp_path / ".venv" / "bin"
    bin_directory.mkdir(parents=True)
    (bin_directory / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")
    shutil.copy(RAW, tmp_path / "server.py")
    editor = await start_editor(folder=tmp_path)
    status = await editor.connect(url="server.py")
    assert status["target"]["command"] == str(bin_directory / "python")


async def test_env_and_cwd_reach_the_server(editor: Editor, tmp_path: Path) -> None:
    await editor.connect(command=sys.executable, args=[str(RAW)], env={"SHADE": "blue"}, cwd=str(tmp_path))
    assert (await editor.call("cwd"))["content"][0]["text"] == str(tmp_path)
    assert '"SHADE": "blue"' in (await editor.call("environment"))["content"][0]["text"]


async def test_a_workspace_changes_nothing_in_the_sidecar(start_editor: StartEditor, tmp_path: Path) -> None:
    """Neither a `.env` nor modules that shadow ours or the standard library's."""
    (tmp_path / ".env").write_text("FASTMCP_LOG_LEVEL=nonsense\nFASTMCP_CLIENT_INIT_TIMEOUT=abc\n")
    for name in ("json", "asyncio", "attrs", "attr", "cattrs", "pygls", "fastmcp", "mcp", "httpx2", "mcp_types"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the workspace was imported')\n")
    editor = await start_editor(cwd=tmp_path, folder=tmp_path)
    assert (await editor.connect(command=sys.executable, args=["-I", str(RAW)], cwd="/"))["state"] == "connected"
