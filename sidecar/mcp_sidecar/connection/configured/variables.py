"""The variables of configuration files: `${…}`, in the dialect of the tool whose file it is.

VS Code: https://code.visualstudio.com/docs/reference/variables-reference. Cursor: https://cursor.com/docs/mcp, "Config
interpolation". Claude Code: https://code.claude.com/docs/en/mcp, "Environment variable expansion". Claude Desktop has
none, and FastMCP fills in those of a `fastmcp.json` itself. A value is never looked at for variables again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from mcp_sidecar.connection.configured.entry import Text
from mcp_sidecar.connection.configured.finding import Finding
from mcp_sidecar.connection.configured.inputs import Answer, InputDefinition
from mcp_sidecar.connection.configured.places import Folder, Place
from mcp_sidecar.connection.configured.report import ProblemRule, ProblemSeverity
from mcp_sidecar.connection.environment import variable
from mcp_sidecar.connection.errors import InvalidTarget
from mcp_sidecar.connection.redaction import MASK, redact_variable, secrets_in_env
from mcp_sidecar.jsonc import Document

PROJECT_DIRECTORY: Final = "CLAUDE_PROJECT_DIR"
"""What Claude Code sets to the project's folder, for its servers too."""

VARIABLE: Final = re.compile(r"\$\{((?:[^}$]|\$(?!\{))*+)\}")
"""It ends where another one begins, so that a search takes time in proportion to the text."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OF_VSCODE_ALONE: Final = frozenset(
    {
        *(
            "command",
            "config",
            "extensionInstallFolder",
            "execPath",
            "execInstallFolder",
            "defaultBuildTask",
            "taskVar",
        ),
        *("selectedText", "lineNumber", "columnNumber", "file", "fileWorkspaceFolder", "fileWorkspaceFolderBasename"),
        *("relativeFile", "relativeFileDirname", "fileDirname", "fileExtname", "fileBasename"),
        *("fileBasenameNoExtension", "fileDirnameBasename"),
    }
)
"""What depends on something that only VS Code knows: its settings, its commands, the active editor."""


@attrs.frozen(kw_only=True)
class Context:
    """Where variables get their values from, apart from inputs."""

    folders: Sequence[Folder]
    environ: Mapping[str, str] = attrs.field(repr=False)
    platform: str


@attrs.frozen(kw_only=True)
class Filled:
    """A text with its variables filled in."""

    value: str = attrs.field(repr=False)
    shown: str
    """The same with those values masked that may be secret."""
    secrets: frozenset[str] = attrs.field(repr=False)
    is_filled: bool
    """Whether there was anything from the environment or an input in it."""


@attrs.frozen
class _Value:
    text: str = attrs.field(repr=False)
    shown: str
    secrets: frozenset[str] = attrs.field(default=frozenset(), repr=False)
    is_foreign: bool = False
    """Whether it came from the environment or from an input."""


class _Unresolvable(Exception):
    """There is no value, or none is known yet."""

    def __init__(self, problem: str, suggestion: str, input_id: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.suggestion = suggestion
        self.input_id = input_id


@attrs.frozen(kw_only=True)
class Variables:
    """Fills in the variables of one file."""

    place: Place
    context: Context
    document: Document = attrs.field(repr=False)
    inputs: Mapping[str, InputDefinition]
    """Those that the file defines."""
    answers: Mapping[str, Answer] = attrs.field(factory=dict, repr=False)
    """What the user gave for them."""
    placeholders: bool = False
    """Whether an input that has no answer stands for itself, to show a text before anybody is asked."""

    def fill(self, text: Text) -> Filled:
        """Fill in the variables of a text.

        Raises:
            InvalidTarget: one has no value; names it and its place.
        """
        values: list[_Value] = []

        def value(match: "re.Match[str]") -> str:
            try:
                found = self._value(match[1])
            except _Unresolvable as error:
                raise self._refusal(text, match, error) from None
            found = found if found is not None else _Value(match[0], match[0])
            values.append(found)
            return found.text

        filled = VARIABLE.sub(value, text.value) if self._has_variables else text.value
        shown = iter(values)
        return Filled(
            value=filled,
            shown=VARIABLE.sub(lambda _: next(shown).shown, text.value) if values else text.value,
            secrets=frozenset().union(*(each.secrets for each in values)),
            is_filled=any(each.is_foreign for each in values),
        )

    def inputs_in(self, text: Text) -> Iterator[str]:
        """The ids of the inputs that a text needs."""
        for match in VARIABLE.finditer(text.value) if self._has_variables else ():
            if self.place.tool != "claude-code" and match[1].startswith("input:"):
                yield match[1].removeprefix("input:")

    def findings(self, text: Text) -> Iterator[Finding]:
        """What can't be filled in now, but for inputs that the file defines."""
        for match in VARIABLE.finditer(text.value) if self._has_variables else ():
            try:
                if self._value(match[1]) is None:
                    message = "It is no variable; it stays as it is."
                    yield self._finding(text, match, "variable", "information", message)
            except _Unresolvable as error:
                if error.input_id is None:
                    yield self._finding(text, match, "variable", "warning", error.problem)
                elif error.input_id not in self.inputs:
                    yield self._finding(text, match, "input", "warning", error.problem)

    def _finding(
        self, text: Text, match: "re.Match[str]", rule: ProblemRule, severity: ProblemSeverity, message: str
    ) -> Finding:
        start = self._offset(text, match)
        message = f"`{match[0][:60]}`: {message}"
        return Finding(rule=rule, severity=severity, message=message, start=start, end=start + len(match[0]))

    def _offset(self, text: Text, match: "re.Match[str]") -> int:
        """Where a variable of a text is written in the document."""
        start, end = text.node.start, text.node.end
        if end - start == len(text.value) + 2:  # nothing in it is escaped
            return start + 1 + match.start()
        at = self.document.text.find(match[0], start, end)
        return start if at < 0 else at

    @property
    def _has_variables(self) -> bool:
        return self.place.tool not in ("claude-desktop", "fastmcp")

    def _value(self, expression: str) -> _Value | None:
        """The value of what stands between the braces; None if it is no variable in this dialect."""
        if self.place.tool == "claude-code":
            return self._with_default(expression)
        kind, colon, argument = expression.partition(":")
        if kind == "env" and colon:
            return self._environment(argument)
        if kind == "input" and colon:
            return self._input(argument)
        if kind in _OF_VSCODE_ALONE:
            raise _Unresolvable("only VS Code itself can tell its value.", "Write the value instead of the variable.")
        predefined = self._predefined(kind, argument if colon else None)
        if predefined is not None:
            return _Value(predefined, predefined)
        return self._with_default(expression) if self.place.tool == "mcp" else None

    def _with_default(self, expression: str) -> _Value | None:
        """`NAME` or `NAME:-default`."""
        name, has_default, default = expression.partition(":-")
        if not _NAME.fullmatch(name):
            return None
        folder = self.place.folder
        if name == PROJECT_DIRECTORY and folder is not None:
            return _Value(str(folder.path), str(folder.path))
        if variable(self.context.environ, name, self.context.platform) is None and has_default:
            return _Value(default, default)
        return self._environment(name)

    def _environment(self, name: str) -> _Value:
        value = variable(self.context.environ, name, self.context.platform)
        if value is None:
            raise _Unresolvable(
                f"the environment variable {name[:60]} is not set.",
                "Set it for the editor, since the sidecar inherits its environment from there.",
            )
        secrets = frozenset(secrets_in_env({name: value}))
        return _Value(value, redact_variable(name, value), secrets, is_foreign=True)

    def _input(self, name: str) -> _Value:
        answer = self.answers.get(name)
        if answer is not None:
            secrets = frozenset({answer.value} if answer.is_secret else ())
            return _Value(answer.value, MASK if answer.is_secret else answer.value, secrets, is_foreign=True)
        if self.placeholders:
            return _Value(f"${{input:{name}}}", f"${{input:{name}}}", is_foreign=True)
        problem = "the file has no input of that id." if name not in self.inputs else "the input has no value yet."
        suggestion = 'Pass its value: `"inputs": {' + f'"{name[:60]}": "…"' + "}`."
        raise _Unresolvable(problem, suggestion, name)

    def _predefined(self, name: str, argument: str | None) -> str | None:
        match name:
            case "workspaceFolder" | "workspaceRoot":
                return str(self._folder(argument).path)
            case "workspaceFolderBasename" | "workspaceRootFolderName":
                return self._folder(argument).path.name
            case "cwd" if argument is not None or self.place.folder is not None:
                return str(self._folder(argument).path)
            case "cwd":
                return str(Path.cwd())
            case "userHome" if argument is None:
                return self._home()
            case "pathSeparator" | "/" if argument is None:
                return "\\" if self.context.platform == "win32" else "/"
            case _:
                return None

    def _folder(self, name: str | None) -> Folder:
        if name is not None:
            found = next((folder for folder in self.context.folders if folder.name == name), None)
            if found is None:
                raise _Unresolvable(f"no folder {name[:60]!r} is open.", "Open it, or correct the name.")
            return found
        if self.place.folder is None:
            raise _Unresolvable("no folder is open.", "Open one, or write the path instead.")
        return self.place.folder

    def _home(self) -> str:
        name = "USERPROFILE" if self.context.platform == "win32" else "HOME"
        home = variable(self.context.environ, name, self.context.platform)
        if home is None:
            raise _Unresolvable(f"the environment variable {name} is not set.", "Set it for the editor.")
        return home

    def _refusal(self, text: Text, match: "re.Match[str]", error: _Unresolvable) -> InvalidTarget:
        written = match[0]
        position = self.document.position(self._offset(text, match), "utf-32")
        details = {
            "variable": written[:200],
            "file": self.place.path,
            "line": position.line + 1,
            "column": position.character + 1,
        }
        if error.input_id is not None:
            details["input"] = error.input_id[:200]
        where = f"{self.place.path}:{position.line + 1}:{position.character + 1}"
        return InvalidTarget(
            f"`{written[:200]}` ({where}) can't be resolved: {error.problem}",
            suggestion=error.suggestion,
            details=details,
        )
