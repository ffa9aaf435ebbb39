"""The schemas of configuration files, tool by tool: what can be written there, for completion and hover."""

# Lists of words are read more easily as words.
# ruff: noqa: SIM905

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp_sidecar.connection.configured.places import Tool

Schema = dict[str, Any]


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}

FIELDS: Final[Mapping[str, Schema]] = {
    "type": _text("How the server is spoken to", enum=["stdio", "http", "sse"]),
    "transport": _text("How the server is spoken to", enum=["stdio", "http", "sse"]),
    "command": _text("The program that is started: a name on PATH, or a path"),
    "args": {"type": "array", "items": {"type": "string"}, "description": "The program's arguments"},
    "env": {**_TEXTS, "description": "Environment variables for the program"},
    "envFile": _text("A file with environment variables, NAME=value in each line"),
    "cwd": _text("The directory in which the program is started"),
    "url": _text("The http(s) URL of the server"),
    "headers": {**_TEXTS, "description": "HTTP headers that are sent with every request"},
    "auth": {"description": "How to log in", "anyOf": [{"const": "oauth"}, {"type": "object"}]},
    "oauth": {"type": "object", "description": "How to log in: clientId, clientSecret, scopes"},
    "timeout": {"type": "number", "description": "Milliseconds that an answer may take", "examples": [60000]},
    "disabled": {"type": "boolean", "description": "Whether the tool leaves it alone", "default": True},
    "enabled": {"type": "boolean", "description": "Whether the tool uses it", "default": False},
    "dev": {"type": "object", "description": "VS Code: watch files and debug the server"},
    "headersHelper": _text("Claude Code: a command that prints headers"),
}
"""The fields of a server that are offered."""

_OF_PROGRAMS: Final = frozenset("command args env envFile cwd dev".split())
_OF_URLS: Final = frozenset("url headers auth oauth headersHelper".split())
_OF_TOOLS: Final[Mapping[Tool, Sequence[str]]] = {
    "vscode": "type command args env envFile cwd url headers dev".split(),
    "claude-code": "type command args env url headers oauth headersHelper timeout".split(),
    "claude-desktop": "command args env".split(),
    "cursor": "type command args env envFile url headers auth".split(),
    "fastmcp": "transport command args env cwd url headers auth timeout".split(),
    "mcp": "type command args env envFile cwd url headers auth timeout disabled".split(),
}

INPUT: Final[Schema] = {
    "type": "object",
    "required": ["type", "id", "description"],
    "properties": {
        "type": _text("How it is asked for", enum=["promptString", "pickString"]),
        "id": _text("What ${input:…} names it"),
        "description": _text("What the user reads"),
        "password": {"type": "boolean", "description": "Whether it is hidden while it is typed", "default": True},
        "default": _text("What it is where the user changes nothing"),
        "options": {"type": "array", "items": {"type": "string"}, "description": "What can be picked"},
    },
}
"""Of one of `inputs`."""

_LIST: Final[Schema] = {"type": "array", "items": {"type": "string"}}

_OF_FASTMCP: Final[Mapping[str, Schema]] = {
    "source": {
        "type": "object",
        "description": "Where the server is",
        "required": ["path"],
        "properties": {
            "path": _text("The Python file that the server is in"),
            "entrypoint": _text("The name of the server in it, or of what makes it"),
        },
    },
    "environment": {
        "type": "object",
        "description": "The Python that it needs, which uv provides",
        "properties": {
            "python": _text("The version of Python"),
            "dependencies": {**_LIST, "description": "The packages that it needs"},
            "requirements": _text("A file with the packages that it needs"),
            "project": _text("The directory of its project"),
            "editable": {**_LIST, "description": "Directories of packages that are edited"},
        },
    },
    "deployment": {
        "type": "object",
        "description": "How it is run",
        "properties": {
            "transport": _text(
                "How it is spoken to; by the sidecar over stdio", enum=["stdio", "http", "sse", "streamable-http"]
            ),
            "host": _text("Where it listens"),
            "port": {"type": "integer", "description": "Where it listens", "examples": [8000]},
            "path": _text("The path of its URL"),
            "log_level": _text("What it logs", enum=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
            "cwd": _text("The directory in which it runs"),
            "env": {**_TEXTS, "description": "Environment variables for it"},
            "args": {**_LIST, "description": "Its arguments"},
        },
    },
}
"""Of a `fastmcp.json` with one server (fastmcp 4.1, `MCPServerConfig`)."""


def file_schema(tool: Tool, keys: Sequence[str]) -> Schema:
    """The schema of what holds the servers.

    Args:
        tool: whose file it is.
        keys: under which the servers are, the tool's own first.
    """
    servers: Schema = {"type": "object", "description": "The servers, by their names"}
    properties: Schema = {**(_OF_FASTMCP if tool == "fastmcp" else {}), keys[0]: servers}
    if tool in ("vscode", "mcp"):
        inputs = {"type": "array", "items": INPUT, "description": "What the user is asked for, once"}
        properties["inputs"] = inputs
    return {"type": "object", "properties": properties}


def server_schema(tool: Tool, given: Sequence[str], values: Mapping[str, Sequence[str]]) -> Schema:
    """The schema of one server.

    Args:
        tool: whose file it is.
        given: the fields that it has: a program takes no headers, a URL no arguments.
        values: examples for fields.
    """
    others = _OF_URLS if "command" in given else _OF_PROGRAMS if "url" in given else frozenset()
    properties = {name: FIELDS[name] for name in _OF_TOOLS[tool] if name not in others}
    for name, examples in values.items():
        if name in properties:
            properties[name] = {**properties[name], "examples": list(examples)}
    return {"type": "object", "properties": properties}
