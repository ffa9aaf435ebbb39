"""Configuration files: which there are, what is read of them, and that nothing in them hides the rest."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mcp_sidecar.connection.configured.file import MOST_ENTRIES, Configuration, read_all, read_document
from mcp_sidecar.connection.configured.listing import list_servers
from mcp_sidecar.connection.configured.places import Folder, Place, places
from mcp_sidecar.connection.configured.report import ConfiguredServer, ServersReport
from mcp_sidecar.connection.configured.variables import Context
from mcp_sidecar.jsonc import parse


class Disk:
    """A workspace folder and a home directory of their own."""

    def __init__(self, root: Path) -> None:
        self.workspace = root / "ws"
        self.home = root / "home"
        self.workspace.mkdir()
        self.home.mkdir()
        self.environ = {"HOME": str(self.home)}
        self.folders = [Folder(path=self.workspace, name="ws")]

    def write(self, path: str, content: Any, base: Path | None = None) -> Path:
        file = (base or self.workspace) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    def read(self, platform: str = "linux") -> list[Configuration]:
        context = Context(folders=self.folders, environ=self.environ, platform=platform)
        return read_all(places(self.folders, self.environ, platform), context)

    def report(self) -> ServersReport:
        return list_servers(self.read(), "utf-16")


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """Provide an empty workspace and an empty home."""
    return Disk(tmp_path)


ENTRY = {"command": "node", "args": ["server.js"]}


def servers_of(report: ServersReport) -> dict[str, ConfiguredServer]:
    return {server.name: server for server in report.servers}


def rules(server: ConfiguredServer) -> list[str]:
    return [problem.rule for problem in server.problems]


def test_every_file_of_the_workspace_and_of_the_user_is_read(disk: Disk) -> None:
    disk.write(".vscode/mcp.json", {"servers": {"vscode": ENTRY}})
    disk.write(".vscode/settings.json", {"editor.tabSize": 2, "mcp": {"servers": {"vscode settings": ENTRY}}})
    disk.write(".mcp.json", {"mcpServers": {"claude code": ENTRY}})
    disk.write(".cursor/mcp.json", {"mcpServers": {"cursor": ENTRY}})
    disk.write("mcp.json", {"mcpServers": {"generic": ENTRY}})
    disk.write("fastmcp.json", {"source": {"path": "server.py"}})
    disk.write(".config/Code/User/mcp.json", {"servers": {"user vscode": ENTRY}}, disk.home)
    disk.write(".config/Code/User/settings.json", {"mcp": {"servers": {"user settings": ENTRY}}}, disk.home)
    disk.write(".config/Code/User/profiles/abc/mcp.json", {"servers": {"user profile": ENTRY}}, disk.home)
    disk.write(".config/Claude/claude_desktop_config.json", {"mcpServers": {"user desktop": ENTRY}}, disk.home)
    local = {
        str(disk.workspace): {"mcpServers": {"local": ENTRY}, "history": [1]},
        "/other": {"mcpServers": {"o": ENTRY}},
    }
    disk.write(".claude.json", {"mcpServers": {"user claude": ENTRY}, "projects": local, "tips": {}}, disk.home)
    disk.write(".cursor/mcp.json", {"mcpServers": {"user cursor": ENTRY}}, disk.home)
    report = disk.report()
    assert {(server.name, server.tool, server.scope) for server in report.servers} == {
        ("vscode", "vscode", "workspace"),
        ("vscode settings", "vscode", "workspace"),
        ("claude code", "claude-code", "workspace"),
        ("cursor", "cursor", "workspace"),
        ("generic", "mcp", "workspace"),
        ("ws", "fastmcp", "workspace"),
        ("user vscode", "vscode", "user"),
        ("user settings", "vscode", "user"),
        ("user profile", "vscode", "user"),
        ("user desktop", "claude-desktop", "user"),
        ("user claude", "claude-code", "user"),
        ("local", "claude-code", "user"),
        ("user cursor", "cursor", "user"),
    }
    assert [problem for server in report.servers for problem in server.problems] == []
    assert [problem for file in report.files for problem in file.problems] == []


@pytest.mark.parametrize(
    ("platform", "environ", "vscode", "desktop"),
    [
        ("linux", {}, "~/.config/Code/User/mcp.json", "~/.config/Claude/claude_desktop_config.json"),
        ("linux", {"XDG_CONFIG_HOME": "/x"}, "/x/Code/User/mcp.json", "/x/Claude/claude_desktop_config.json"),
        (
            "darwin",
            {"XDG_CONFIG_HOME": "/x"},
            "~/Library/Application Support/Code/User/mcp.json",
            "~/Library/Application Support/Claude/claude_desktop_config.json",
        ),
        ("win32", {"APPDATA": "/a"}, "/a/Code/User/mcp.json", "/a/Claude/claude_desktop_config.json"),
    ],
)
def test_the_users_files_are_where_the_platform_has_them(
    platform: str, environ: Mapping[str, str], vscode: str, desktop: str
) -> None:
    home = {"USERPROFILE" if platform == "win32" else "HOME": "/home/me"}
    found = {place.path for place in places([], {**home, **environ}, platform)}
    assert {
        path.replace("~", "/home/me") for path in (vscode, desktop, "~/.claude.json", "~/.cursor/mcp.json")
    } <= found


@pytest.mark.parametrize("elsewhere", [True, False])
def test_the_files_of_the_vs_code_that_asks_are_the_users_own_wherever_they_lie(disk: Disk, elsewhere: bool) -> None:
    known = disk.home / ".config/Code/User"
    user_data = disk.workspace / "portable/user-data/User" if elsewhere else known
    for path in ("mcp.json", "profiles/-1a2b3c/mcp.json"):
        disk.write(path, {"servers": {"it": ENTRY}}, user_data)
    found = places(disk.folders, disk.environ, "linux", str(user_data))
    own = [place for place in found if place.path.startswith(str(user_data)) and not place.section]
    assert [place.path for place in own] == [
        str(user_data / path) for path in ("mcp.json", "profiles/-1a2b3c/mcp.json")
    ]
    assert {(place.tool, place.scope) for place in own} == {("vscode", "user")}
    if elsewhere:
        known.parent.mkdir(parents=True)
        known.symlink_to(user_data, target_is_directory=True)
        assert places(disk.folders, disk.environ, "linux", str(user_data)) == places(
            disk.folders, disk.environ, "linux"
        )


def test_a_home_directory_that_is_open_keeps_the_users_own_files_their_own(disk: Disk) -> None:
    disk.write(".cursor/mcp.json", {"mcpServers": {"mine": ENTRY}}, disk.home)
    disk.folders = [Folder(path=disk.home, name="home")]
    assert [(server.name, server.scope) for server in disk.report().servers] == [("mine", "user")]


def test_an_entry_has_its_place_and_a_summary_without_secrets(disk: Disk) -> None:
    text = """{
  // comments and trailing commas are fine here
  "servers": {
    "süß 😀": {"command": "npx", "args": ["-y", "pkg", "--api-key", "sk-abcdefghijkl"], "env": {"API_KEY": "topsecret"},
      "envFile": "${workspaceFolder}/.env", "cwd": "sub dir", "dev": {"watch": "*"},},
    "web": {"type": "sse", "url": "https://me:pw@example.com/sse?key=abc", "headers": {"Authorization": "Bearer abc"}},
  },
}"""
    disk.write(".vscode/mcp.json", text)
    report = disk.report()
    program, web = report.servers
    assert report.files[0].problems == ()
    assert (program.range.start.line, program.range.start.character, program.range.end.line) == (3, 4, 4)
    assert program.selection_range.end.character == 4 + len('"süß ') + 2 + 1
    assert program.transport == "stdio"
    assert program.summary == "npx -y pkg --api-key '***'"
    assert (program.env, program.env_file, program.cwd) == (("API_KEY",), "${workspaceFolder}/.env", "sub dir")
    assert program.problems == ()
    assert web.summary == "https://example.com/sse?key=***"
    assert (web.transport, web.headers) == ("sse", ("Authorization",))
    assert "topsecret" not in repr(report)
    assert "Bearer abc" not in repr(report)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (1, ["wrong-type"]),
        ({}, ["missing-field"]),
        ({"command": ["node"]}, ["wrong-type"]),
        ({"command": "x", "args": "y"}, ["wrong-type"]),
        ({"command": "x", "args": ["y", {}]}, ["wrong-type"]),
        ({"command": "x", "env": {"A": True}}, ["wrong-type"]),
        ({"command": "x", "env": {"A": 1, "B": None}}, []),
        ({"command": "x", "url": "https://e"}, ["contradiction"]),
        ({"command": "x", "headers": {"A": "b"}}, ["contradiction"]),
        ({"url": "https://e", "args": ["a"]}, ["contradiction"]),
        ({"url": "npx -y evil"}, ["wrong-type"]),
        ({"command": "x", "type": "http"}, ["contradiction"]),
        ({"command": "x", "type": "carrier pigeon"}, ["unsupported"]),
        ({"url": "https://e", "transport": "streamable-http"}, []),
        ({"command": "x", "comand": "y"}, ["unknown-field"]),
        ({"command": "x", "sandboxEnabled": True, "sandbox": {}}, ["unsupported"]),
        ({"url": "https://e", "headersHelper": "x.sh"}, ["unsupported"]),
        ({"command": "x", "timeout": "soon"}, ["wrong-type"]),
        ({"command": "x", "disabled": "yes"}, ["wrong-type"]),
        ({"command": "${input:nobody}"}, ["input"]),
        ({"command": "${workspaceFolder}/${env:UNSET}"}, ["variable"]),
        ({"command": "${config:python}"}, ["variable"]),
        ({"command": "${HOME}/x"}, ["variable"]),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_and_hides_no_other(disk: Disk, entry: Any, expected: list[str]) -> None:
    disk.write(".vscode/mcp.json", {"servers": {"before": ENTRY, "it": entry, "after": ENTRY}})
    found = servers_of(disk.report())
    assert rules(found["it"]) == expected
    assert rules(found["before"]) == rules(found["after"]) == []


def test_disabled_servers_are_marked(disk: Disk) -> None:
    entries = {"a": {**ENTRY, "disabled": True}, "b": {**ENTRY, "enabled": False}, "c": {**ENTRY, "disabled": False}}
    disk.write(".cursor/mcp.json", {"mcpServers": entries})
    assert {name: server.disabled for name, server in servers_of(disk.report()).items()} == {
        "a": True,
        "b": True,
        "c": False,
    }


def test_one_name_in_two_files_is_told_on_both(disk: Disk) -> None:
    disk.write(".vscode/mcp.json", {"servers": {"twin": ENTRY}})
    disk.write(".mcp.json", {"mcpServers": {"twin": ENTRY, "only": ENTRY}})
    assert [(server.name, rules(server)) for server in disk.report().servers] == [
        ("twin", ["duplicate-name"]),
        ("twin", ["duplicate-name"]),
        ("only", []),
    ]


def make_large(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**30)


def broken_files() -> dict[str, tuple[Callable[[Path], Any], str]]:
    return {
        "no JSON": (lambda path: path.write_text("{ servers"), "syntax"),
        "empty": (lambda path: path.write_text(""), "syntax"),
        "no UTF-8": (lambda path: path.write_bytes(b'{"servers": "\xff"}'), "unreadable"),
        "a directory": (lambda path: path.mkdir(), "unreadable"),
        "a pipe": (lambda path: os.mkfifo(path), "unreadable"),
        "too large": (make_large, "too-large"),
        "a list": (lambda path: path.write_text("[]"), "root-key"),
        "another root": (lambda path: path.write_text('{"mcp": {}}'), "root-key"),
        "a list of servers": (lambda path: path.write_text('{"servers": []}'), "wrong-type"),
    }


@pytest.mark.parametrize("how", broken_files())
def test_a_broken_file_is_told_and_hides_no_other(disk: Disk, how: str) -> None:
    breaks, rule = broken_files()[how]
    (disk.workspace / ".vscode").mkdir()
    breaks(disk.workspace / ".vscode" / "mcp.json")
    disk.write(".mcp.json", {"mcpServers": {"fine": ENTRY}})
    report = disk.report()
    broken = next(file for file in report.files if file.file.endswith("/.vscode/mcp.json"))
    assert rule in [problem.rule for problem in broken.problems]
    assert "fine" in servers_of(report)


def test_a_byte_order_mark_is_no_problem(disk: Disk) -> None:
    disk.write(".mcp.json", "\ufeff" + json.dumps({"mcpServers": {"a": ENTRY}}))
    report = disk.report()
    assert list(servers_of(report)) == ["a"]
    assert report.files[0].problems == ()


def test_servers_under_another_tools_key_are_read_and_told(disk: Disk) -> None:
    disk.write(".vscode/mcp.json", {"mcpServers": {"a": ENTRY}})
    report = disk.report()
    assert list(servers_of(report)) == ["a"]
    assert [problem.rule for problem in report.files[0].problems] == ["root-key"]


def test_comments_are_told_where_the_tool_takes_none(disk: Disk) -> None:
    disk.write(".mcp.json", '{"mcpServers": {"a": {"command": "node"}}} // no')
    report = disk.report()
    assert [(problem.rule, problem.severity) for problem in report.files[0].problems] == [("comment", "warning")]


def test_files_that_are_about_other_things_are_not_ours_to_judge(disk: Disk) -> None:
    disk.write(".vscode/settings.json", "{ broken")
    disk.write("mcp.json", {"unrelated": 1})
    disk.write(".claude.json", {"tips": {}}, disk.home)
    assert disk.report() == ServersReport(servers=(), files=())


def test_the_number_of_servers_is_bounded(disk: Disk) -> None:
    disk.write(".mcp.json", {"mcpServers": {f"s{number}": ENTRY for number in range(MOST_ENTRIES + 5)}})
    report = disk.report()
    assert len(report.servers) == MOST_ENTRIES
    assert [problem.rule for problem in report.files[0].problems] == ["too-large"]


def test_a_large_history_beside_the_servers_costs_little(disk: Disk) -> None:
    projects: dict[str, Any] = {f"/p{number}": {"history": [{"display": "x" * 100}] * 100} for number in range(500)}
    projects[str(disk.workspace)] = {"mcpServers": {"local": ENTRY}}
    file = disk.write(".claude.json", {"mcpServers": {"mine": ENTRY}, "projects": projects}, disk.home)
    assert file.stat().st_size > 5_000_000
    configurations = disk.read()
    assert [entry.name for each in configurations for entry in each.entries] == ["mine", "local"]
    assert sum(len(each.document.problems) for each in configurations) == 0


def test_fastmcp_json_is_run_as_fastmcp_runs_it(disk: Disk) -> None:
    path = str(disk.workspace / "fastmcp.json")
    disk.write("fastmcp.json", {"source": {"path": "server.py"}, "deployment": {"transport": "http", "port": 1}})
    (entry,) = disk.read()[0].entries
    run = ["fastmcp", "run", path, "--transport", "stdio", "--no-banner", "--skip-env"]
    assert entry.command is not None
    assert [entry.command.value, *(arg.value for arg in entry.args)] == run
    environment = {"python": "3.12", "dependencies": ["httpx", "attrs"], "requirements": "r.txt"}
    disk.write("fastmcp.json", {"source": {"path": "server.py"}, "environment": environment})
    (entry,) = disk.read()[0].entries
    assert [arg.value for arg in entry.args] == [
        *("run", "--with", "fastmcp", "--python", "3.12", "--with", "attrs", "--with", "httpx"),
        *("--with-requirements", str(disk.workspace / "r.txt"), *run),
    ]


def test_fastmcp_json_may_list_servers_too(disk: Disk) -> None:
    disk.write("fastmcp.json", {"mcpServers": {"a": ENTRY}})
    assert list(servers_of(disk.report())) == ["a"]
    disk.write("fastmcp.json", {"source": 1})
    assert rules(disk.report().servers[0]) == ["missing-field"]


def test_a_text_that_is_being_edited_is_understood_as_far_as_it_goes(disk: Disk) -> None:
    place = Place(path="/w/.vscode/mcp.json", tool="vscode", scope="workspace", folder=disk.folders[0])
    context = Context(folders=disk.folders, environ=disk.environ, platform="linux")
    document = parse('{"servers": {"a": {"command": "node", "args": [')
    configuration = read_document(document, place, context)
    assert configuration is not None
    assert [entry.command and entry.command.value for entry in configuration.entries] == ["node"]
    assert configuration.is_broken
