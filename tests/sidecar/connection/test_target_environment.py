"""What a server inherits, and what an `envFile` says."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sidecar.connection.environment import PACKAGE_ROOT, inherited, merged, own_venv, read_env_file, without
from mcp_sidecar.connection.errors import InvalidTarget
from mcp_sidecar.connection.resolution import resolve
from mcp_sidecar.connection.target import StdioEndpoint, Target


def test_a_server_inherits_everything_but_what_is_the_sidecars_own(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    environ = {
        "PATH": f"{venv}/bin:/usr/bin:{venv}/bin",
        "VIRTUAL_ENV": str(venv),
        "PYTHONHOME": str(venv),
        "PYTHONPATH": f"{PACKAGE_ROOT}:/mine",
        "__PYVENV_LAUNCHER__": "/x",
        "FASTMCP_ENV_FILE": "/mine/.env",
        "FASTMCP_LOG_ENABLED": "false",
        "FASTMCP_PORT": "1",
        "HTTPS_PROXY": "http://proxy",
    }
    assert inherited(environ, venv, "linux") == {
        "PATH": f"/usr/bin:{venv}/bin",
        "PYTHONPATH": "/mine",
        "FASTMCP_ENV_FILE": "/mine/.env",
        "FASTMCP_LOG_ENABLED": "false",
        "FASTMCP_PORT": "1",
        "HTTPS_PROXY": "http://proxy",
    }


def test_what_an_editor_made_with_electron_needs_for_itself_is_left_out() -> None:
    environ = {"ELECTRON_RUN_AS_NODE": "1", "VSCODE_IPC_HOOK": "/x.sock", "Vscode_Pid": "1", "MY_VSCODE_": "2"}
    assert inherited(environ, None, "linux") == {"MY_VSCODE_": "2"}


def test_the_projects_own_venv_stays(tmp_path: Path) -> None:
    environ = {"PATH": "/project/.venv/bin:/usr/bin", "VIRTUAL_ENV": "/project/.venv", "PYTHONPATH": "/a:"}
    assert inherited(environ, tmp_path, "linux") == environ


def test_a_python_that_is_in_no_venv_is_nobodys_own() -> None:
    environ = {"PATH": "/usr/bin", "VIRTUAL_ENV": "/usr"}
    assert inherited(environ, None, "linux") == environ


def test_the_sidecars_venv_is_the_projects_when_the_workspace_holds_it(tmp_path: Path) -> None:
    workspace, venv = tmp_path / "project", tmp_path / "project" / ".venv"
    venv.mkdir(parents=True)
    assert own_venv(workspace, str(tmp_path), venv) is None
    assert own_venv(tmp_path / "other", str(tmp_path), venv) == venv
    # A workspace that is the home directory holds every venv and says nothing.
    assert own_venv(tmp_path, str(tmp_path), venv) == venv


def test_windows_names_of_variables_have_no_case() -> None:
    assert merged({"Path": "a", "X": "1"}, {"PATH": "b"}, "win32") == {"Path": "b", "X": "1"}
    assert merged({"Path": "a"}, {"PATH": "b"}, "linux") == {"Path": "a", "PATH": "b"}


def test_a_variable_that_is_null_is_not_inherited() -> None:
    target = Target(command=sys.executable, env={"GONE": None, "ADDED": "1"})
    resolved = resolve(target, workspace=None, environ={"GONE": "x", "KEPT": "y"}, platform="linux")
    assert isinstance(resolved.endpoint, StdioEndpoint)
    assert resolved.endpoint.env == {"KEPT": "y", "ADDED": "1"}
    assert without({"Path": "x", "A": "y"}, ["PATH"], "win32") == {"A": "y"}


def test_an_env_file_is_read_as_dotenv(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(
        b"\xef\xbb\xbf# comment\r\nA=1\r\n\r\nexport B = two words # comment\n"
        b'C=\'a # $b \\n\'\nD="x\\ny \\"z\\"" # comment\nE=\nF=a#b=c\nG="line\nline"\nH= #\n'
    )
    assert read_env_file(str(file)) == {
        "A": "1",
        "B": "two words",
        "C": "a # $b \\n",
        "D": 'x\ny "z"',
        "E": "",
        "F": "a#b=c",
        "G": "line\nline",
        "H": "",
    }


@pytest.mark.parametrize(
    "line", ["sekret", "1A=sekret", "=sekret", "A B=sekret", "A='sekret", 'A="sekret', "A='x' sekret", "A=sekret\0"]
)
def test_a_bad_line_is_named_by_file_and_number_without_its_value(tmp_path: Path, line: str) -> None:
    file = tmp_path / "x.env"
    file.write_text(f"OK=1\n\n{line}\n")
    with pytest.raises(InvalidTarget) as caught:
        read_env_file(str(file))
    assert "Line 3" in caught.value.message
    assert str(file) in caught.value.message
    assert "sekret" not in caught.value.message
    assert caught.value.details["line"] == 3


@given(content=st.binary(max_size=200) | st.text(st.sampled_from("A=\"'\\\n# ")).map(str.encode))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.env"
    file.write_bytes(content)
    try:
        read_env_file(str(file))
    except InvalidTarget as error:
        assert str(file) in error.message
