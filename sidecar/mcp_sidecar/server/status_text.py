"""The status as a text to read: a line for each thing that is known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from mcp_sidecar.connection.status import ConnectionStatus
from mcp_sidecar.views.formats import one_line

_LONGEST: Final = 400
"""Characters of one value, so that the others stay in sight."""


_LONGEST_NAME: Final = 30
"""Characters of a name where there is little room."""


def short_name(status: ConnectionStatus) -> str:
    """Return what stands for the server where there is little room, on one line; nothing where there is none.

    An attempt is named after its target, not after the server that may still stand.
    """
    server = status.server if status.state != "connecting" else None
    own = (server.title or server.name) if server is not None else ""
    return one_line(own or (status.target.name if status.target is not None else ""), _LONGEST_NAME)


def status_text(status: Mapping[str, Any]) -> str:
    """Return the text; times are local.

    Args:
        status: a ConnectionStatus as JSON.
    """
    target, server, error = (status[name] or {} for name in ("target", "server", "error"))
    since, connected_at = status["since"], status["connectedAt"]
    rows = {
        "Target": target.get("url") or " ".join([target.get("command") or "", *(target.get("args") or ())]),
        "Transport": target.get("transport"),
        "Server": f"{server.get('title') or server.get('name', '')} {server.get('version', '')}",
        "Protocol": server.get("protocolVersion"),
        "Connected since": _local(connected_at),
        "In this state since": "" if since == connected_at else _local(since),
        "Statistics": _counted(status["statistics"]),
        "Waiting for an answer": str(status["inFlight"] or ""),
        "Last error": _sentences(error.get("message", ""), error.get("suggestion", "")),
    }
    lines = {name: one_line(value, _LONGEST) for name, value in rows.items()}
    return "\n".join(f"{name}: {value}" for name, value in lines.items() if value)


def _local(time: str | None) -> str:
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}" if time else ""


def _counted(statistics: Mapping[str, int]) -> str:
    names = {"toolsCalled": "tool calls", "resourcesAccessed": "resources read", "promptsExecuted": "prompts"}
    return ", ".join(f"{names.get(name, name)} {count}" for name, count in statistics.items())


def _sentences(message: str, suggestion: str) -> str:
    """What happened and what to do; the first may end in a line of the server's."""
    return f"{message}{'.' if message[-1:].isalnum() else ''} {suggestion}"
