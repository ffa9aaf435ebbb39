"""What a server must have declared before it is asked for something (MCP, "Lifecycle: Capability Negotiation")."""

from collections.abc import Mapping
from typing import Any, Final

from mcp_sidecar.connection.errors import ProtocolError
from mcp_sidecar.connection.status import ServerInfo

TASKS_EXTENSION: Final = "io.modelcontextprotocol/tasks"
"""The extension by which tasks came back in the 2026-07-28 era (SEP-2663)."""

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "tools/list": ("tools",),
    "tools/call": ("tools",),
    "resources/list": ("resources",),
    "resources/templates/list": ("resources",),
    "resources/read": ("resources",),
    "resources/subscribe": ("resources", "subscribe"),
    "resources/unsubscribe": ("resources", "subscribe"),
    "prompts/list": ("prompts",),
    "prompts/get": ("prompts",),
    "completion/complete": ("completions",),
    "logging/setLevel": ("logging",),
    "tasks/get": ("tasks",),
    "tasks/result": ("tasks",),
    "tasks/list": ("tasks", "list"),
    "tasks/cancel": ("tasks", "cancel"),
}
"""The capability of each method, as the path to it. What is not here needs none."""

_UNDECLARABLE: Final = {("completions", "2024-11-05")}
"""What a version had no capability for, although it had the method."""


def needed(method: str, server: ServerInfo) -> tuple[str, ...] | None:
    """The path of the capability that a method needs and the server lacks; None when it lacks none."""
    path = NEEDED.get(method)
    if path is None or (path[0], server.protocol_version) in _UNDECLARABLE:
        return None
    if path[0] == "tasks" and TASKS_EXTENSION in _inner(server.capabilities, "extensions"):
        return None
    here: Mapping[str, Any] = server.capabilities
    for depth, step in enumerate(path, 1):
        value = here.get(step)
        if value is None or value is False:
            return path[:depth]
        here = value if isinstance(value, Mapping) else {}
    return None


def require(method: str, server: ServerInfo) -> None:
    """See that a server may be asked for a method.

    Raises:
        ProtocolError: it did not declare what that takes.
    """
    path = needed(method, server)
    if path is None:
        return
    capability = ".".join(path)
    declared = ", ".join(server.capabilities) or "none"
    raise ProtocolError(
        f"The server does not declare the capability {capability}, so {method} was not sent.",
        suggestion=f"The server's capabilities ({declared}) lack {capability}: declare it there, or send the request "
        'all the same with _meta["mcp-sidecar/force"]: true.',
        details={"method": method, "capability": capability},
    )


def absence(server: ServerInfo) -> str | None:
    """What it means that a server declares nothing at all; None where it declares something."""
    if any(value is not None and value is not False for value in server.capabilities.values()):
        return None
    return (
        f"{server.name or 'the server'} declares no capabilities, so it is not asked for tools, resources or prompts: "
        'every list is refused. Declare them in the server, or send a request with _meta["mcp-sidecar/force"]: true.'
    )


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, Mapping) else {}
