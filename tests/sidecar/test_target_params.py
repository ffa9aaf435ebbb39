"""The params of `mcp/connect` and the status, as the wire structures the connection's own classes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mcp_sidecar.connection.entry_fields import TARGET_TYPES, TYPES
from mcp_sidecar.connection.errors import Failure
from mcp_sidecar.connection.status import ConnectionStatus, ServerInfo, Statistics, TargetInfo
from mcp_sidecar.connection.target import Target
from mcp_sidecar.wire.converter import make_converter, structure_params
from mcp_sidecar.wire.errors import InvalidParams

CONVERTER = make_converter()


def test_an_entry_of_mcp_json_is_a_target_as_it_stands() -> None:
    entry = {
        "type": "stdio",
        "command": "npx",
        "args": ["-y", "pkg"],
        "env": {"TOKEN": "x"},
        "envFile": ".env",
        "cwd": "/a",
        "connectTimeout": 5,
    }
    assert structure_params(CONVERTER, entry, Target) == Target(
        type="stdio",
        command="npx",
        args=("-y", "pkg"),
        env={"TOKEN": "x"},
        env_file=".env",
        cwd="/a",
        connect_timeout=5.0,
    )
    http = {"url": "http://localhost/mcp", "headers": {"A": "b"}, "auth": {"type": "bearer", "token": "x"}}
    assert structure_params(CONVERTER, http, Target).auth == {"type": "bearer", "token": "x"}


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ({"env": {"PORT": 8080, "RATE": 0.5, "X": None}}, {"env": {"PORT": "8080", "RATE": "0.5", "X": None}}),
        ({"type": "local"}, {"type": "stdio"}),
        ({"type": "streamable-http"}, {"type": "http"}),
        ({"transport": "streamable_http"}, {"type": "http"}),
        ({"type": "sse", "transport": "stdio"}, {"type": "sse"}),
        ({"timeout": 5000}, {"call_timeout": 5.0}),
        ({"timeout": 10**400}, {}),
        ({"timeout": 0}, {}),
        ({"timeout": 5000, "callTimeout": 7}, {"call_timeout": 7.0}),
        ({"dev": {"watch": "**"}, "disabled": False, "alwaysAllow": [], "gallery": True, "description": "d"}, {}),
    ],
)
def test_an_entry_of_any_tool_is_a_target_as_it_stands(written: dict[str, Any], taken: dict[str, Any]) -> None:
    assert structure_params(CONVERTER, {"command": "x", **written}, Target) == Target(command="x", **taken)


@pytest.mark.parametrize("word", TYPES)
def test_a_target_takes_every_word_for_a_transport(word: str) -> None:
    target = structure_params(CONVERTER, {"url": "http://h/mcp", "type": word}, Target)
    assert target.type == TARGET_TYPES[TYPES[word]]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"conectTimeout": 5}, '$: unknown field "conectTimeout" (did you mean "connectTimeout"?)'),
        ({"connectTimeout": "5"}, '$.connectTimeout: expected a number, got "5"'),
        ({"args": ["a", 3]}, "$.args[1]: expected a string, got 3"),
        ({"env": {"TOKEN": 123}}, "$.env.TOKEN: expected a string, got a number"),
        ({"command": "x", "env": {"TOKEN": True}}, "$.env.TOKEN: expected a string, got a boolean"),
        ({"command": "x", "dissabled": True}, '$: unknown field "dissabled"'),
        ({"server": "x", "dev": {}}, '$: unknown field "dev" (did you mean "env"?)'),
        ({"command": "x", "type": "htp"}, '$.type: expected "stdio" or "http" or "sse", got "htp"'),
        ({"auth": "basic"}, '$.auth: expected "oauth" or an object, got a string'),
    ],
)
def test_a_mistake_in_a_target_is_named(params: Any, message: str) -> None:
    with pytest.raises(InvalidParams) as error:
        structure_params(CONVERTER, params, Target)
    assert str(error.value) == message


def test_every_field_of_a_status_is_on_the_wire() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    status = ConnectionStatus(
        state="failed",
        since=moment,
        target=TargetInfo(name="a", transport="stdio", command="npx", args=("-y",)),
        server=ServerInfo(name="s", version="1", protocol_version="2025-06-18", capabilities={"tools": {"x": None}}),
        connected_at=None,
        statistics=Statistics(tools_called=1),
        in_flight=0,
        error=Failure(kind="timeout", message="m", suggestion="s", details={"exitCode": None}),
        revision=7,
    )
    assert CONVERTER.unstructure(status) == {
        "state": "failed",
        "since": "2026-01-02T03:04:05.000Z",
        "target": {"name": "a", "transport": "stdio", "command": "npx", "args": ["-y"]},
        "server": {
            "name": "s",
            "version": "1",
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {"x": None}},
        },
        "connectedAt": None,
        "statistics": {"toolsCalled": 1, "resourcesAccessed": 0, "promptsExecuted": 0, "errors": 0},
        "inFlight": 0,
        "error": {"kind": "timeout", "message": "m", "suggestion": "s", "details": {"exitCode": None}},
        "revision": 7,
    }
