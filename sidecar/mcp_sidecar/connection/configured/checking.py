"""The check of a configuration file: what would fail on this machine, and what should not be written there.

It looks at files and runs nothing. What is wrong with the text alone is known before, see `file` and `entry`.
"""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH111, PTH112, PTH113, PTH118
# Lists of words are read more easily as words.
# ruff: noqa: SIM905

import os
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import attrs

from mcp_sidecar.connection.configured.deployment import Deployment
from mcp_sidecar.connection.configured.entry import Entry, Text
from mcp_sidecar.connection.configured.file import Configuration
from mcp_sidecar.connection.configured.filling import fill
from mcp_sidecar.connection.configured.finding import Finding
from mcp_sidecar.connection.configured.report import ProblemRule, ProblemSeverity
from mcp_sidecar.connection.configured.variables import Variables
from mcp_sidecar.connection.errors import InvalidTarget, SidecarError
from mcp_sidecar.connection.programs import program_name
from mcp_sidecar.connection.redaction import HARMLESS_HEADERS, is_secret_name, looks_like_token, secrets_in_args
from mcp_sidecar.connection.script import SUFFIXES, suffix_of
from mcp_sidecar.connection.target import StdioEndpoint
from mcp_sidecar.jsonc import Node

TIME_LIMIT: Final = 1.0
"""Seconds that the check of one file may take, where PATH is slow to search. What is left then is passed over."""

_SCRIPT_RUNNERS: Final = frozenset(
    "python python3 py pythonw node nodejs bun deno tsx ts-node uv ruby php sh bash".split()
)
"""Programs whose first argument that looks like a script is one."""

_OTHER_SCRIPTS: Final = frozenset({".rb", ".php", ".sh"})
_VALUE_FLAGS: Final = frozenset(
    "-W -X -r --require --import --loader --experimental-loader --env-file --with --with-requirements --with-editable "
    "--python -p --package --extra --group --index-url --directory --cwd -C --project --config --tsconfig".split()
)
"""Flags of these programs whose value is the next word; those in `_DIRECTORY_FLAGS` say where paths start."""
_DIRECTORY_FLAGS: Final = frozenset("--directory --cwd -C".split())
_NO_SCRIPT: Final = frozenset("-m -c -e --eval -p --print".split())
"""Flags after which a runner takes no script."""

_SCHEME: Final = re.compile(r"(?i)^(?:bearer|basic|token|digest|apikey)\s+")
_SHORTEST_NUMBER: Final = 6
"""Digits; less is a port, a limit or a switch."""
_PLACEHOLDER: Final = re.compile(
    r"(?i)<.*>|\[.*\]|\{.*\}|x{3,}|\*+|\.{3,}|…|(?:your|my|insert|enter|put|add|paste|replace)[-_ ].*"
    r"|.*[-_ ](?:here|placeholder)|change[-_ ]?me|todo|tbd|token|secret|password|api[-_ ]?key|dummy|example"
)
"""What stands in examples in place of a secret."""


def check(configuration: Configuration) -> list[Finding]:
    """What would fail on this machine, and which secrets are written out; in bounded time."""
    end = time.monotonic() + TIME_LIMIT
    found: list[Finding] = []
    for entry in configuration.entries:
        found += [written.finding(entry) for written in written_secrets(entry)]
        if time.monotonic() < end and not any(each.severity == "error" for each in entry.findings):
            found += _failures(entry, configuration.variables(placeholders=True))
    return found


def _failures(entry: Entry, variables: Variables) -> list[Finding]:
    """What keeps the entry from being started; variables without a value, which are told elsewhere, left aside."""
    essential = [text for text in (entry.command, entry.url, entry.cwd, entry.env_file) if text is not None]
    if any(not _can_fill(text, variables) for text in essential):
        return []
    known = attrs.evolve(
        entry,
        args=(),
        env={name: text for name, text in entry.env.items() if text is None or _can_fill(text, variables)},
        headers={name: text for name, text in entry.headers.items() if _can_fill(text, variables)},
        auth=None,
    )
    try:
        endpoint = fill(known, variables).resolved.endpoint
    except SidecarError as error:
        return [_failure(entry, error)]
    directory = endpoint.cwd if isinstance(endpoint, StdioEndpoint) else None
    return _missing_script(entry, variables, directory or "")


def _can_fill(text: Text, variables: Variables) -> bool:
    """Whether a text is known now: without variables that have no value, or are asked for."""
    if any(variables.inputs_in(text)):
        return False
    try:
        variables.fill(text)
    except InvalidTarget:
        return False
    return True


def _failure(entry: Entry, error: SidecarError) -> Finding:
    """An error of the target as a finding, at the field that it is about."""
    details = error.details
    at: Text | None
    rule: ProblemRule
    if "envFile" in details:
        at, rule = entry.env_file, "env-file"
    elif "cwd" in details:
        at, rule = entry.cwd, "directory"
    elif error.kind == "connection_failed":
        at, rule = entry.command, "program"
    else:
        at, rule = entry.url or entry.command, "wrong-type"
    message = f"{error.message} {error.suggestion}"
    if at is None:
        return Finding(rule=rule, severity="error", message=message, start=entry.name_start, end=entry.name_end)
    return Finding.at(at.node, rule, "error", message)


def _missing_script(entry: Entry, variables: Variables, directory: str) -> list[Finding]:
    """The script that an interpreter is given, if it is not there."""
    if entry.deployment is not None:
        return _missing_source(entry.deployment, directory)
    if entry.command is None:
        return []
    name = program_name(entry.command.value, variables.context.platform).lower()
    if name.rstrip("0123456789.") not in _SCRIPT_RUNNERS and name not in _SCRIPT_RUNNERS:
        return []
    words = iter(entry.args)
    for text in words:
        if text.value in _NO_SCRIPT:
            return []
        if text.value in _VALUE_FLAGS:
            value = next(words, None)
            if text.value in _DIRECTORY_FLAGS and value is not None and _can_fill(value, variables):
                directory = os.path.join(directory, variables.fill(value).value)
            continue
        if text.value.startswith("-") or suffix_of(text.value) not in SUFFIXES | _OTHER_SCRIPTS:
            continue
        if "://" in text.value or not _can_fill(text, variables):
            return []
        if not directory:
            return []
        path = os.path.join(directory, variables.fill(text).value)
        return _unless_there(path, text.node, "`cwd`, else at the folder of the project")
    return []


def _missing_source(deployment: Deployment, directory: str) -> list[Finding]:
    """The server's file of a `fastmcp.json`, if it is not where FastMCP looks for it (4.1, `FileSystemSource`)."""
    node = deployment.path
    if node is None or node.kind != "string" or "${" in f"{node.value}{deployment.directory}":
        return []
    drive, path = os.path.splitdrive(node.value)
    file = os.path.expanduser(drive + path.rpartition(":")[0] if ":" in path else node.value)
    path = os.path.join(directory, deployment.directory or "", file)
    return _unless_there(path, node, "`deployment.cwd`, else at the folder of this file")


def _unless_there(path: str, node: Node, start: str) -> list[Finding]:
    """What is wrong with a script that is not there; `start` says where a relative path starts."""
    if os.path.isfile(path):
        return []
    what = "is a directory" if os.path.isdir(path) else "does not exist"
    message = f"The script {path!r} {what}. A relative path starts at {start}."
    return [Finding.at(node, "script", "error", message)]


@attrs.frozen
class WrittenSecret:
    """A secret in a configuration file."""

    text: Text
    """Where it is."""
    secret: str = attrs.field(repr=False)
    """The part of the text that is secret."""
    name: str
    """What it is a value of; empty where nothing says so."""
    what: str
    """What it is, for a person."""

    def finding(self, entry: Entry) -> Finding:
        """What is wrong with that."""
        severity: ProblemSeverity = "warning" if entry.place.scope == "workspace" else "information"
        how = "`${NAME}`" if entry.place.tool == "claude-code" else "`${input:…}` or `${env:…}`"
        shared = ": whoever gets the file gets it" if entry.place.scope == "workspace" else ""
        advice = "" if entry.place.tool in ("claude-desktop", "fastmcp") else f" Write {how} in its place."
        return Finding.at(self.text.node, "secret", severity, f"{self.what} is written out here{shared}.{advice}")


def written_secrets(entry: Entry) -> Iterator[WrittenSecret]:
    """The secrets that are written out in an entry."""
    for name, variable in entry.env.items():
        is_secret = is_secret_name(name) or (variable is not None and looks_like_token(variable.value))
        if variable is not None and is_secret and _is_written(variable.value):
            yield WrittenSecret(variable, variable.value, name, f"The value of {name}")
    for name, header in entry.headers.items():
        credential = _SCHEME.sub("", header.value)
        is_secret = name.lower() not in HARMLESS_HEADERS and (is_secret_name(name) or looks_like_token(credential))
        if is_secret and _is_written(credential):
            yield WrittenSecret(header, credential, name, f"The header {name}")
    found = sorted(secrets_in_args([arg.value for arg in entry.args]), key=len, reverse=True)
    for arg in entry.args:
        secret = next((each for each in found if each in arg.value and _is_written(each)), None)
        if secret is not None:
            yield WrittenSecret(arg, secret, "", "A secret")
    if entry.url is not None and _is_written(entry.url.value) and _has_secret(entry.url.value):
        yield WrittenSecret(entry.url, entry.url.value, "", "A secret in the URL")
    auth: Mapping[str, Any] = entry.auth if isinstance(entry.auth, Mapping) else {}
    for name in ("token", "clientSecret"):
        if isinstance(text := auth.get(name), Text) and _is_written(text.value):
            yield WrittenSecret(text, text.value, name, f"`{name}`")


def _is_written(secret: str) -> bool:
    """Whether it is the secret itself: no variable, nothing, and no example."""
    value = secret.strip()
    is_word = (value.isdecimal() and len(value) < _SHORTEST_NUMBER) or value.lower() in (
        "true",
        "false",
        "null",
        "none",
    )
    return bool(value) and "${" not in value and not is_word and not _PLACEHOLDER.fullmatch(value)


def _has_secret(url: str) -> bool:
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, max_num_fields=100)
    except ValueError:
        return False
    words = [*parts.path.split("/"), parts.fragment]
    return (
        bool(parts.password)
        or any(looks_like_token(word) for word in words)
        or any(is_secret_name(name) or looks_like_token(value) for name, value in query)
    )
