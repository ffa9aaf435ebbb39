"""What a target is understood to be, and how it is refused."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_sidecar.connection.auth import ClientCredentials
from mcp_sidecar.connection.errors import ConnectionFailed, InvalidTarget, SidecarError
from mcp_sidecar.connection.resolution import Resolved, resolve
from mcp_sidecar.connection.target import HttpEndpoint, StdioEndpoint, Target

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="makes executables by their mode")


def put(path: Path, content: str = "", *, executable: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    if executable:
        path.chmod(0o755)
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace folder."""
    folder = tmp_path / "work space"
    folder.mkdir()
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """The only directory on PATH, with some programs that are never run."""
    for name in ("node", "npx", "python3", "mcp-server-time"):
        put(tmp_path / "tools" / name, "#!/bin/sh\n", executable=True)
    return tmp_path / "tools"


Resolve = Callable[..., Resolved]


@pytest.fixture
def resolved(workspace: Path, tools: Path, tmp_path: Path) -> Resolve:
    """`resolve` for the fields of a target, in the workspace, with nothing but `tools` on PATH."""

    def call(
        *,
        platform: str = "linux",
        venv: Path | None = None,
        environ: dict[str, str] | None = None,
        folder: Path | None = workspace,
        **fields: Any,
    ) -> Resolved:
        base = {"PATH": str(tools), "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
        return resolve(Target(**fields), workspace=folder, environ=base | (environ or {}), platform=platform, venv=venv)

    return call


def stdio(found: Resolved) -> StdioEndpoint:
    assert isinstance(found.endpoint, StdioEndpoint)
    return found.endpoint


def command(found: Resolved) -> list[str]:
    return [stdio(found).program, *stdio(found).args]


def http(found: Resolved) -> HttpEndpoint:
    assert isinstance(found.endpoint, HttpEndpoint)
    return found.endpoint


# HTTP


@pytest.mark.parametrize(
    ("url", "transport"),
    [
        ("http://h/mcp", "streamable-http"),
        ("https://h", "streamable-http"),
        ("http://h/sse", "sse"),
        ("http://h/a/sse/", "sse"),
        ("http://h/sse?k=1", "sse"),
        ("http://h/sse/x", "streamable-http"),
        ("http://h/mcp?x=/sse", "streamable-http"),
        ("http://h/asse", "streamable-http"),
    ],
)
def test_the_path_of_a_url_tells_the_transport(resolved: Resolve, url: str, transport: str) -> None:
    found = resolved(url=url)
    assert http(found).transport == found.info.transport == transport
    assert http(found).may_fall_back_to_sse == (transport == "streamable-http")


def test_type_overrides_the_detection(resolved: Resolve) -> None:
    assert http(resolved(url="http://h/sse", type="http")).transport == "streamable-http"
    assert not http(resolved(url="http://h/mcp", type="http")).may_fall_back_to_sse
    assert http(resolved(url="http://h/mcp", type="sse")).transport == "sse"


def test_only_the_scheme_of_a_url_is_normalised(resolved: Resolve) -> None:
    assert http(resolved(url=" HTTP://Host.X:80/A?b=C ")).url == "http://Host.X:80/A?b=C"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ws://h/x", "ws://"),
        ("WSS://h/x", "wss://"),
        ("ftp://h", "ftp://"),
        ("file:///x/server.py", "file:"),
        ("http://", "no host"),
        ("http:///x", "no host"),
        ("http:h", "no host"),
        ("http://h:99999/", "port"),
        ("http://h:0/", "port"),
        ("http://h:port/", "port"),
        ("http://[::1/", "malformed"),
        ("http://a..b/", "host name"),
        ("http://<host>/", "host name"),
        ("http://h/a b", "space"),
        ("localhost:8000/mcp", "without its scheme"),
        ("127.0.0.1:8000", "without its scheme"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_the_reason(resolved: Resolve, url: str, said: str) -> None:
    with pytest.raises(InvalidTarget, match=said) as caught:
        resolved(url=url)
    assert "http" in caught.value.suggestion or "path" in caught.value.suggestion or "%20" in caught.value.suggestion


@pytest.mark.parametrize("url", ["ws://me:sekret@h/?k=sekret", "me:sekret@h:80/x?k=sekret", "http://u:s/ekret@h:x/"])
def test_a_refusal_shows_no_secret(resolved: Resolve, url: str) -> None:
    with pytest.raises(InvalidTarget) as caught:
        resolved(url=url)
    assert "ekret" not in f"{caught.value.message}{caught.value.suggestion}{caught.value.details}"


def test_an_http_target_is_shown_without_its_secrets(resolved: Resolve) -> None:
    found = resolved(
        url="https://h:81/mcp/?token=tokenvalue",
        headers={"X-Key": "headervalue", "Accept": "text/plain"},
        auth={"type": "bearer", "token": "bearertoken"},
    )
    assert found.info.url == "https://h:81/mcp/?token=***"
    assert found.info.name == "h:81/mcp"
    assert http(found).headers == {
        "X-Key": "headervalue",
        "Accept": "text/plain",
        "Authorization": "Bearer bearertoken",
    }
    assert found.redactor.text("tokenvalue headervalue bearertoken text/plain") == "*** *** *** text/plain"
    for secret in ("tokenvalue", "headervalue", "bearertoken"):
        assert secret not in repr(found)


def test_a_user_in_a_url_is_shown_nowhere(resolved: Resolve) -> None:
    found = resolved(url="https://me:passw0rd@h:81/mcp")
    assert found.info.url == "https://h:81/mcp"
    assert found.redactor.text("passw0rd") == "***"
    assert "passw0rd" not in repr(found)


def test_oauth_is_handed_on_and_its_secret_known(resolved: Resolve) -> None:
    auth = {"type": "client_credentials", "clientId": "id", "clientSecret": "very-secret", "scopes": ["a", "b"]}
    found = resolved(url="http://h/", auth=auth)
    assert http(found).auth == ClientCredentials(client_id="id", client_secret="very-secret", scopes=("a", "b"))
    assert "very-secret" not in repr(found)
    assert found.redactor.text("very-secret") == "***"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "none"),
        ({"url": "http://h", "command": "x"}, "`url` and `command`"),
        ({"url": "a", "command": "b", "server": "c"}, "`url`, `command` and `server`"),
        ({"server": "x"}, "no configured servers are known"),
        ({"url": "  "}, "empty"),
        ({"url": ""}, "empty"),
        ({"url": "a\0b"}, "control character"),
        ({"url": "node x\nnode y"}, "control character"),
        ({"url": "\ud800"}, "Unicode"),
        ({"command": "node", "args": ("a\0",)}, "`args`"),
        ({"command": "node", "env": {"A": "\0"}}, "`env`"),
        ({"command": "node", "env": {"A=B": "x"}}, "`env`"),
        ({"command": "node", "headers": {"A": "b"}}, "`headers`"),
        ({"url": "node x", "auth": "oauth"}, "`auth`"),
        ({"command": "node", "type": "http"}, "`type`"),
        ({"url": "node x", "type": "sse"}, "`type`"),
        ({"url": "http://h", "type": "stdio"}, "`type`"),
        ({"url": "http://h", "args": ("x",)}, "`args`"),
        ({"url": "http://h", "env": {"A": "b"}, "cwd": "/"}, "`env` and `cwd`"),
        ({"url": "http://h", "headers": {"A b": "c"}}, "header"),
        ({"url": "http://h", "headers": {"A": "c\n"}}, "header A"),
        ({"url": "http://h", "headers": {"A": "ä"}}, "header A"),
        ({"url": "http://h", "auth": {"type": "bearer"}}, "`token`"),
        ({"url": "http://h", "auth": {"type": "bearer", "token": "t"}, "headers": {"authorization": "x"}}, "Both"),
        ({"url": "http://h", "auth": "oauth", "headers": {"Authorization": "x"}}, "Both"),
        ({"url": "http://me:pw@h", "auth": "oauth"}, "only one can be sent"),
        ({"url": "http://h", "auth": {"type": "basic"}}, "`type`"),
        ({"url": "http://h", "auth": {"clientId": "x"}}, "missing"),
        ({"url": "http://h", "auth": {"type": "oauth", "client_id": "x"}}, "`client_id`"),
        ({"url": "http://h", "auth": {"type": "oauth", "clientSecret": "x"}}, "without a `clientId`"),
        ({"url": "http://h", "auth": {"type": "oauth", "clientId": 5}}, "`clientId`"),
        ({"url": "http://h", "auth": {"type": "oauth", "scopes": ["a b"]}}, "`scopes`"),
        ({"url": "http://h", "auth": {"type": "oauth", "clientMetadataUrl": "http://c/x"}}, "`clientMetadataUrl`"),
        ({"url": "http://h", "auth": {"type": "oauth", "clientMetadataUrl": "https://c/"}}, "`clientMetadataUrl`"),
        ({"url": "http://h", "auth": {"type": "oauth", "tokenEndpointAuthMethod": "x"}}, "`tokenEndpointAuthMethod`"),
        ({"url": "http://h", "auth": {"type": "client_credentials", "clientId": "x"}}, "neither"),
        ({"url": "http://h", "auth": {"type": "client_credentials", "clientSecret": "x"}}, "`clientId`"),
        (
            {"url": "http://h", "auth": {"type": "client_credentials", "clientId": "x", "privateKey": "x"}},
            "no key in PEM",
        ),
        ({"command": "node", "protocol_version": "latest"}, "`protocolVersion`"),
        ({"command": "node", "connect_timeout": 0}, "`connectTimeout`"),
        ({"command": "node", "call_timeout": float("nan")}, "`callTimeout`"),
        ({"url": "http://h", "login_timeout": -1}, "`loginTimeout`"),
        ({"command": "node", "cwd": "nowhere"}, "`cwd`"),
        ({"command": "node", "env_file": "nowhere.env"}, "`envFile`"),
        ({"url": "node 'x"}, "column 6"),
        ({"url": "node x && node y"}, "&&"),
        ({"url": "A=b"}, "no program"),
    ],
)
def test_what_contradicts_itself_is_refused(resolved: Resolve, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidTarget, match=said) as caught:
        resolved(**fields)
    assert caught.value.suggestion


@pytest.mark.parametrize("version", ["auto", "legacy", "2025-06-18"])
def test_protocol_versions_are_accepted(resolved: Resolve, version: str) -> None:
    resolved(url="http://h/mcp", protocol_version=version)


# Files


@posix_only
@pytest.mark.parametrize("name", ["server.js", "a b.mjs", "x.cjs", "x.ts", "x.mts", "X.JS"])
def test_javascript_and_typescript_run_with_node(resolved: Resolve, workspace: Path, tools: Path, name: str) -> None:
    script = put(workspace / name)
    found = resolved(url=name)
    assert command(found) == [str(tools / "node"), str(script)]
    assert found.info.name == name
    assert stdio(found).cwd == str(workspace)


@posix_only
def test_typescript_runs_with_the_projects_tsx(resolved: Resolve, workspace: Path) -> None:
    tsx = put(workspace / "node_modules/.bin/tsx", executable=True)
    script = put(workspace / "src/index.ts")
    assert command(resolved(url="src/index.ts")) == [str(tsx), str(script)]


@posix_only
def test_a_path_may_be_absolute_or_start_at_home_or_at_cwd(
    resolved: Resolve, workspace: Path, tools: Path, tmp_path: Path
) -> None:
    script = put(tmp_path / "x.js")
    node = str(tools / "node")
    assert command(resolved(url=str(script))) == [node, str(script)]
    assert command(resolved(url="~/x.js")) == [node, str(script)]
    assert command(resolved(url="x.js", cwd="..", args=("--a b",)))[0] == node
    assert stdio(resolved(url="~/x.js", cwd=str(tmp_path))).cwd == str(tmp_path)
    with pytest.raises(InvalidTarget, match="x.js"):
        resolved(url="x.js")


@posix_only
def test_an_executable_runs_as_itself_and_keeps_its_arguments(resolved: Resolve, workspace: Path) -> None:
    program = put(workspace / "my server", executable=True)
    assert command(resolved(url="./my server", args=("x",))) == [str(program), "x"]
    assert command(resolved(url="'./my server' --flag 'a b'")) == [str(program), "--flag", "a b"]


@posix_only
def test_a_file_that_is_not_executable_is_refused_with_what_helps(resolved: Resolve, workspace: Path) -> None:
    put(workspace / "run.sh")
    with pytest.raises(InvalidTarget, match="not executable") as caught:
        resolved(url="run.sh")
    assert "chmod +x" in caught.value.suggestion


def test_a_missing_file_is_named_with_its_absolute_path(resolved: Resolve, workspace: Path) -> None:
    for url in ("server.py", "./server.py", "server.py --flag"):
        with pytest.raises(InvalidTarget) as caught:
            resolved(url=url)
        assert caught.value.details["path"] == str(workspace / "server.py")
        assert "server.py" in caught.value.message


def test_a_directory_is_named_with_the_servers_in_it(resolved: Resolve, workspace: Path) -> None:
    put(workspace / "d" / "main.py")
    with pytest.raises(InvalidTarget, match="is a directory") as caught:
        resolved(url="d")
    assert "main.py" in caught.value.suggestion


def test_what_might_be_a_host_is_told_about_the_scheme(resolved: Resolve) -> None:
    with pytest.raises(InvalidTarget) as caught:
        resolved(url="example.com/mcp")
    assert "http://example.com/mcp" in caught.value.suggestion


def test_a_configuration_file_is_no_server(resolved: Resolve, workspace: Path) -> None:
    put(workspace / "mcp.json", "{}")
    with pytest.raises(InvalidTarget, match="configuration file"):
        resolved(url="mcp.json")


@posix_only
def test_a_named_pipe_is_refused_without_opening_it(resolved: Resolve, workspace: Path) -> None:
    os.mkfifo(workspace / "pipe.env")
    os.mkfifo(workspace / "pipe.py")
    with pytest.raises(InvalidTarget, match="regular file"):
        resolved(command="node", env_file="pipe.env")
    assert command(resolved(url="pipe.py"))


# Python


@posix_only
class TestThePythonOfAScript:
    @pytest.fixture(autouse=True)
    def script(self, workspace: Path) -> Path:
        """A script in a project within the workspace."""
        put(workspace / "project" / "pyproject.toml", "[project]\nname = 'x'\n")
        return put(workspace / "project" / "src" / "server.py")

    def test_is_that_of_the_projects_venv(self, resolved: Resolve, workspace: Path, script: Path) -> None:
        python = put(workspace / "project/.venv/bin/python", executable=True)
        put(workspace / "other/bin/python", executable=True)
        environ = {"VIRTUAL_ENV": str(workspace / "other")}
        assert command(resolved(url=str(script), environ=environ)) == [str(python), str(script)]

    def test_is_that_of_the_active_venv(self, resolved: Resolve, workspace: Path, script: Path) -> None:
        python = put(workspace / "other/bin/python", executable=True)
        environ = {"VIRTUAL_ENV": str(workspace / "other")}
        assert command(resolved(url=str(script), environ=environ))[0] == str(python)

    def test_is_not_that_of_the_sidecars_venv(
        self, resolved: Resolve, tmp_path: Path, tools: Path, script: Path
    ) -> None:
        own = tmp_path / "own"
        put(own / "bin/python", executable=True)
        put(own / "bin/python3", executable=True)
        (tmp_path / "links").mkdir()
        (tmp_path / "links/python3").symlink_to(own / "bin/python3")
        environ = {"VIRTUAL_ENV": str(own), "PATH": f"{own}/bin:{tmp_path}/links:{own}/bin:{tools}"}
        found = resolved(url=str(script), environ=environ, venv=own)
        assert stdio(found).program == str(tools / "python3")
        assert "VIRTUAL_ENV" not in stdio(found).env

    @pytest.mark.parametrize("mark", ["lock", "tool"])
    def test_is_left_to_uv_in_a_uv_project(
        self, resolved: Resolve, workspace: Path, tools: Path, script: Path, mark: str
    ) -> None:
        project = workspace / "project"
        if mark == "lock":
            put(workspace / "uv.lock")  # of a uv workspace, above its member
        else:
            put(project / "pyproject.toml", "[tool.uv]\n")
        assert command(resolved(url=str(script)))[0] == str(tools / "python3")
        uv = put(tools / "uv", executable=True)
        assert command(resolved(url=str(script))) == [str(uv), "run", "--project", str(project), str(script)]

    def test_is_left_to_uv_for_a_script_with_metadata(self, resolved: Resolve, tools: Path, script: Path) -> None:
        uv = put(tools / "uv", executable=True)
        script.write_text('# /// script\n# dependencies = ["x"]\n# ///\n')
        assert command(resolved(url=str(script))) == [str(uv), "run", str(script)]

    def test_is_that_of_a_venv_above_when_the_project_has_none(
        self, resolved: Resolve, workspace: Path, tmp_path: Path, tools: Path, script: Path
    ) -> None:
        put(tmp_path / ".venv/bin/python", executable=True)  # above the workspace: none of its business
        assert command(resolved(url=str(script)))[0] == str(tools / "python3")
        python = put(workspace / ".venv/bin/python", executable=True)
        assert command(resolved(url=str(script)))[0] == str(python)

    def test_is_looked_for_afresh_and_a_broken_venv_passed_over(
        self, resolved: Resolve, workspace: Path, tools: Path, script: Path
    ) -> None:
        (workspace / "project/.venv/bin").mkdir(parents=True)
        (workspace / "project/.venv/bin/python").symlink_to("/nowhere/python")
        assert command(resolved(url=str(script)))[0] == str(tools / "python3")

    def test_is_missed_with_what_was_looked_for(self, resolved: Resolve, script: Path) -> None:
        with pytest.raises(ConnectionFailed, match="No Python interpreter") as caught:
            resolved(url=str(script), environ={"PATH": "/nowhere"})
        assert "python3 on PATH" in caught.value.details["lookedFor"]

    def test_on_windows_is_in_scripts_or_found_by_the_launcher(
        self, resolved: Resolve, workspace: Path, tools: Path, script: Path
    ) -> None:
        py = put(tools / "py.exe")
        assert command(resolved(url=str(script), platform="win32")) == [str(py), "-3", str(script)]
        python = put(workspace / "project/.venv/Scripts/python.exe")
        assert command(resolved(url=str(script), platform="win32")) == [str(python), str(script)]


# Command lines


@posix_only
@pytest.mark.parametrize(
    ("line", "expected", "name"),
    [
        ("npx -y @scope/pkg@1.0 --flag 'a b'", ["npx", "-y", "@scope/pkg@1.0", "--flag", "a b"], "@scope/pkg"),
        ("mcp-server-time", ["mcp-server-time"], "mcp-server-time"),
        ("mcp-server-time --tz X", ["mcp-server-time", "--tz", "X"], "mcp-server-time"),
        ("python3 -m my.server", ["python3", "-m", "my.server"], "my.server"),
        ("node build/index.js", ["node", "build/index.js"], "index.js"),
        ("npx '|' \"&&\"", ["npx", "|", "&&"], "|"),
    ],
)
def test_a_command_line_is_run_as_it_is_written(
    resolved: Resolve, tools: Path, line: str, expected: list[str], name: str
) -> None:
    found = resolved(url=line)
    assert command(found) == [str(tools / expected[0]), *expected[1:]]
    assert found.info.name == name


@posix_only
def test_variables_before_a_command_become_its_environment(resolved: Resolve, tools: Path) -> None:
    found = resolved(url="API_KEY=sekret-1 EMPTY= node x.js", env={"API_KEY": "other", "B": "c"})
    assert command(found) == [str(tools / "node"), "x.js"]
    assert stdio(found).env["API_KEY"] == "sekret-1"
    assert stdio(found).env["EMPTY"] == ""
    assert stdio(found).env["B"] == "c"
    assert found.redactor.text("sekret-1") == "***"
    assert "sekret-1" not in repr(found)


@posix_only
def test_a_script_with_arguments_is_a_script(resolved: Resolve, workspace: Path, tools: Path) -> None:
    script = put(workspace / "server.js")
    assert command(resolved(url="server.js --home ~/x '~/x'")) == [
        str(tools / "node"),
        str(script),
        "--home",
        str(workspace.parent / "x"),
        "~/x",
    ]


@posix_only
def test_a_command_wins_over_a_directory_of_its_name(resolved: Resolve, workspace: Path, tools: Path) -> None:
    (workspace / "mcp-server-time").mkdir()
    assert command(resolved(url="mcp-server-time")) == [str(tools / "mcp-server-time")]


def test_a_known_runner_that_is_missing_is_named_with_path(resolved: Resolve, tools: Path) -> None:
    for target in ({"url": "uvx mcp-server-time"}, {"url": "uvx"}, {"command": "uvx"}):
        with pytest.raises(ConnectionFailed, match="The program 'uvx' was not found on PATH") as caught:
            resolved(**target)
        assert caught.value.details == {"command": "uvx", "path": [str(tools)]}


@posix_only
def test_a_program_outside_path_is_pointed_out(resolved: Resolve, tmp_path: Path) -> None:
    uvx = put(tmp_path / ".local/bin/uvx", executable=True)
    with pytest.raises(ConnectionFailed) as caught:
        resolved(url="uvx mcp-server-time")
    assert str(uvx) in caught.value.suggestion


@pytest.mark.parametrize("url", ["nonesuch", "what is this", "@scope/pkg", "nonesuch --token sekret"])
def test_what_is_nothing_known_is_refused_saying_so(resolved: Resolve, url: str) -> None:
    with pytest.raises(InvalidTarget, match="neither a URL nor an existing file") as caught:
        resolved(url=url)
    assert "command on PATH" in caught.value.message
    assert "sekret" not in caught.value.message


# The `command` field


@posix_only
def test_a_command_is_found_on_the_path_of_its_own_environment(resolved: Resolve, tmp_path: Path) -> None:
    program = put(tmp_path / "more" / "mine", executable=True)
    found = resolved(command="mine", args=("-x", "--token", "abc"), env={"PATH": str(tmp_path / "more")})
    assert command(found) == [str(program), "-x", "--token", "abc"]
    assert found.info.command == str(program)
    assert found.info.args == ("-x", "--token", "***")


@posix_only
def test_a_command_with_a_directory_starts_at_cwd(resolved: Resolve, workspace: Path) -> None:
    program = put(workspace / "d" / "bin" / "mine", executable=True)
    assert command(resolved(command="./bin/mine", cwd="d")) == [str(program)]


def test_a_command_that_is_missing_fails_with_its_name_and_path(resolved: Resolve, tools: Path) -> None:
    with pytest.raises(ConnectionFailed, match="bunx") as caught:
        resolved(command="bunx", args=("x",))
    assert caught.value.details == {"command": "bunx", "path": [str(tools)]}
    assert "PATH" in caught.value.suggestion


@posix_only
@pytest.mark.parametrize(
    ("given", "said"),
    [("./no", "does not exist"), ("./plain", "not executable"), (".", "not found"), ("./d", "directory")],
)
def test_a_command_that_cannot_be_executed_says_why(resolved: Resolve, workspace: Path, given: str, said: str) -> None:
    put(workspace / "plain")
    (workspace / "d").mkdir()
    with pytest.raises(ConnectionFailed, match=said):
        resolved(command=given)


def test_a_command_line_in_the_command_field_is_told_where_to_go(resolved: Resolve) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        resolved(command="npx -y pkg")
    assert "`args`" in caught.value.suggestion


def test_on_windows_the_cmd_file_is_found_and_the_workspace_not_searched(
    resolved: Resolve, workspace: Path, tools: Path
) -> None:
    put(workspace / "npx.cmd")
    npx = put(tools / "npx.cmd")  # beside `npx`, the shell script of the same name
    assert command(resolved(command="npx", platform="win32")) == [str(npx)]
    assert command(resolved(url='npx -y "a b"', platform="win32")) == [str(npx), "-y", "a b"]
    npx.unlink()
    with pytest.raises(ConnectionFailed, match="npx"):
        resolved(command="npx", platform="win32")


@posix_only
def test_env_wins_over_env_file_which_wins_over_what_is_inherited(resolved: Resolve, workspace: Path) -> None:
    put(workspace / ".env", "A=file\nB=file\nSECRET_TOKEN=filesecret\n")
    (workspace / "d").mkdir()
    found = resolved(
        command="node", env_file=".env", cwd="d", env={"A": "env"}, environ={"A": "in", "B": "in", "C": "in"}
    )
    env = stdio(found).env
    assert (env["A"], env["B"], env["C"]) == ("env", "file", "in")
    assert stdio(found).cwd == str(workspace / "d")
    assert found.redactor.text("filesecret") == "***"


@posix_only
def test_what_is_resolved_can_be_executed(resolved: Resolve, workspace: Path) -> None:
    program = put(workspace / "hello", '#!/bin/sh\necho "$1 $X"\n', executable=True)
    endpoint = stdio(resolved(url=f"X=1 './{program.name}' 'a b'", environ={"PATH": os.environ["PATH"]}))
    done = subprocess.run(
        [endpoint.program, *endpoint.args], env=endpoint.env, cwd=endpoint.cwd, capture_output=True, check=True
    )
    assert done.stdout == b"a b 1\n"


# Everything


PIECES = ["http", "://", "user:pw@", "/", "~", ".", "..", " ", "'", '"', "\\", "node", "npx", "A=", "sse", "?k=", "\0"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=2000)
@given(
    url=st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join),
    platform=st.sampled_from(["linux", "darwin", "win32"]),
)
def test_any_text_is_understood_or_refused(resolved: Resolve, url: str, platform: str) -> None:
    for fields in (
        {"url": url},
        {"command": url},
        {"command": "node", "cwd": url},
        {"command": "node", "env_file": url},
    ):
        try:
            resolved(platform=platform, **fields)
        except SidecarError as error:
            assert isinstance(error, InvalidTarget | ConnectionFailed)
            assert error.message
            assert error.suggestion
            f"{error.message}{error.suggestion}{error.details}".encode()


@pytest.mark.parametrize("length", [300, 5000, 200_000])
def test_a_text_that_is_too_long_is_refused_briefly(resolved: Resolve, length: int) -> None:
    for url in (
        "x" * length,
        "./" + "x" * length,
        "http" + "x" * length,
        "x " * length,
        "A= " * length,
        "\\" * length + "'",
    ):
        with pytest.raises(InvalidTarget) as caught:
            resolved(url=url)
        assert len(caught.value.message) < 1000


def test_resolving_imports_nothing_heavy() -> None:
    code = (
        "import sys, mcp_sidecar.connection.resolution; "
        "print([m for m in ('mcp', 'fastmcp', 'pydantic', 'httpx2', 'pygls', 'lsprotocol') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
