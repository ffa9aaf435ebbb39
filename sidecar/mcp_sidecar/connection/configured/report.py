"""The report on configured servers: what the files define and what is wrong with them, as a client sees it."""

from typing import Literal

import attrs

from mcp_sidecar.connection.configured.places import Scope, Tool
from mcp_sidecar.connection.status import Transport
from mcp_sidecar.positions import Range

ProblemSeverity = Literal["error", "warning", "information"]
ProblemRule = Literal[
    "unreadable",
    "too-large",
    "syntax",
    "comment",
    "trailing-comma",
    "duplicate-key",
    "limit",
    "root-key",
    "duplicate-name",
    "missing-field",
    "unknown-field",
    "wrong-type",
    "contradiction",
    "unsupported",
    "variable",
    "input",
    "program",
    "directory",
    "env-file",
    "script",
    "secret",
]
"""What kind of problem it is. The last five are looked for in files that are open in the editor alone."""


@attrs.frozen(kw_only=True)
class ConfigurationProblem:
    """Something that is wrong with a configuration file, or with one server in it."""

    rule: ProblemRule
    severity: ProblemSeverity
    """With an `error` the server can't be connected to."""
    message: str
    range: Range


@attrs.frozen(kw_only=True)
class ConfiguredServer:
    """A server as a configuration file has it, variables not filled in; secrets are removed."""

    name: str
    file: str
    """A URI."""
    tool: Tool
    scope: Scope
    range: Range
    """The entry in the file."""
    selection_range: Range
    """Its name there."""
    transport: Transport | None
    """None where the entry does not tell."""
    summary: str
    """The command line or the URL, as one line."""
    cwd: str | None
    env: tuple[str, ...]
    """Names of environment variables."""
    env_file: str | None
    headers: tuple[str, ...]
    """Names of HTTP headers."""
    inputs: tuple[str, ...]
    """The ids of the inputs that it asks for."""
    disabled: bool
    problems: tuple[ConfigurationProblem, ...]


@attrs.frozen(kw_only=True)
class ConfigurationFile:
    """A configuration file that is there."""

    file: str
    """A URI."""
    tool: Tool
    scope: Scope
    problems: tuple[ConfigurationProblem, ...]
    """Those of the file as a whole; those of a server are with the server."""


@attrs.frozen(kw_only=True)
class ServersReport:
    """All servers of all configuration files."""

    servers: tuple[ConfiguredServer, ...]
    files: tuple[ConfigurationFile, ...]
