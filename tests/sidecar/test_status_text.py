"""The status as a text to read."""

import re
from typing import Any

import attrs

from mcp_sidecar.connection.manager import ConnectionManager
from mcp_sidecar.connection.status import ConnectionStatus, ServerInfo, TargetInfo
from mcp_sidecar.server.status_text import short_name, status_text

AT = "2026-07-28T12:00:00.000Z"
LOCAL = r"\d{4}-\d\d-\d\d \d\d:\d\d:00"

CONNECTED: dict[str, Any] = {
    "state": "connected",
    "since": AT,
    "target": {"name": "notes_server.py", "transport": "stdio", "command": "python", "args": ["notes_server.py"]},
    "server": {"name": "notes", "version": "1.0.0", "protocolVersion": "2026-07-28", "capabilities": {}},
    "connectedAt": AT,
    "statistics": {"toolsCalled": 3, "resourcesAccessed": 2, "promptsExecuted": 1, "errors": 4},
    "inFlight": 0,
    "error": None,
    "revision": 7,
}


def text(**fields: Any) -> str:
    return status_text(CONNECTED | fields)


def test_it_tells_target_transport_server_protocol_since_when_and_the_four_statistics() -> None:
    *lines, since, statistics = text().splitlines()
    assert lines == [
        "Target: python notes_server.py",
        "Transport: stdio",
        "Server: notes 1.0.0",
        "Protocol: 2026-07-28",
    ]
    assert re.fullmatch(f"Connected since: {LOCAL}", since)
    assert statistics == "Statistics: tool calls 3, resources read 2, prompts 1, errors 4"


def test_it_tells_since_when_another_state_holds() -> None:
    assert re.search(f"^In this state since: {LOCAL}$", text(since="2026-07-28T12:01:00.000Z"), re.MULTILINE)


def test_it_tells_the_last_error_with_what_to_do() -> None:
    error = {"kind": "connection_lost", "message": "It ended", "suggestion": "Start it again.", "details": {}}
    assert "Last error: It ended. Start it again." in text(state="failed", error=error).splitlines()


def test_it_tells_requests_that_wait_for_an_answer() -> None:
    assert "Waiting for an answer: 2" in text(inFlight=2).splitlines()


def test_without_a_target_it_tells_the_rest() -> None:
    lines = text(state="disconnected", target=None, server=None, connectedAt=None).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["In this state since", "Statistics"]


def test_a_server_can_add_no_line_and_hide_none() -> None:
    server = CONNECTED["server"] | {"title": "evil\nTransport: none", "version": "1" * 5000}
    lines = text(server=server).splitlines()
    assert lines[2].startswith("Server: evil Transport: none 1")
    assert len(lines) == len(text().splitlines())
    assert len(lines[2]) < 500


def status(server: ServerInfo | None = None, **fields: Any) -> ConnectionStatus:
    target = TargetInfo(name="notes_server.py", transport="stdio")
    return attrs.evolve(ConnectionManager().get_status(), **{"target": target, "server": server, **fields})


def server(name: str, title: str | None = None) -> ServerInfo:
    return ServerInfo(name=name, version="1", protocol_version="2026-07-28", capabilities={}, title=title)


def test_a_servers_title_comes_before_its_name_and_its_name_before_the_targets() -> None:
    assert short_name(status(server("notes", "My Notes"))) == "My Notes"
    assert short_name(status(server("notes"))) == "notes"
    assert short_name(status(server(""))) == "notes_server.py"
    assert short_name(status(target=None)) == ""


def test_an_attempt_is_named_after_its_target_not_after_the_server_that_still_stands() -> None:
    assert short_name(status(server("notes"), state="connecting")) == "notes_server.py"


def test_a_short_name_is_one_line_and_cut() -> None:
    name = short_name(status(server(f"evil\nname {'x' * 100}")))
    assert name == f"evil name {'x' * 19}…"
