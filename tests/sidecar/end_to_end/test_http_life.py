"""HTTP servers that die, come back, stay away, restart, expire, hang: the status is true, and nothing is sent twice."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
import pytest

from mcp_sidecar.connection import recovery as recovery_module
from mcp_sidecar.connection.errors import NotConnected, SidecarError
from mcp_sidecar.connection.logs import LogEntry
from mcp_sidecar.connection.manager import ConnectionManager
from mcp_sidecar.connection.status import ConnectionStatus, State
from mcp_sidecar.connection.target import Target
from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.observers import counts, expire, until
from tests.sidecar.programs import HttpServer, good_http, nasty_http, raw

Serve = Callable[[HttpServer], Awaitable[HttpServer]]


@attrs.frozen
class Kind:
    """One way to serve MCP over HTTP."""

    make: Callable[[], HttpServer]
    fields: dict[str, Json] = attrs.field(factory=dict)
    version: str = "2025-06-18"
    transport: str = "streamable-http"


KINDS = {
    "modern": Kind(lambda: good_http("http"), version="2026-07-28"),
    "legacy": Kind(lambda: good_http("http"), {"protocolVersion": "legacy"}, version="2025-11-25"),
    "sse": Kind(lambda: good_http("sse"), version="2025-11-25", transport="sse"),
    "session-and-stream": Kind(lambda: nasty_http("proper")),
    "session-without-stream": Kind(lambda: nasty_http("no-listening")),
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


async def connected(editor: Editor, server: HttpServer, **fields: Json) -> Json:
    """Connect to a server; gives the status."""
    return await editor.connect(url=server.url, **fields)


async def failure(editor: Editor, name: str = "echo", timeout: float = 5, **arguments: Json) -> ResponseError:
    """The error of a call that must fail within `timeout` seconds."""
    with pytest.raises(ResponseError) as error:
        await editor.call(name, timeout=timeout, **arguments)
    assert error.value.message
    assert error.value.data["suggestion"]
    return error.value


async def told_calls(editor: Editor, number: int) -> None:
    """Wait until the statistics of that many calls were pushed: they come a moment later."""
    await editor.wait_for(
        "mcp/didChangeStatus", lambda status: (status["statistics"]["toolsCalled"], status["inFlight"]) == (number, 0)
    )


def pushed_states(editor: Editor, since: int) -> list[str]:
    """The states of all statuses that were pushed from notification `since` on, repetitions left out."""
    states: list[str] = []
    for each in editor.notifications[since:]:
        if each.method == "mcp/didChangeStatus" and states[-1:] != [each.params["state"]]:
            states.append(each.params["state"])
    return states


# Loss and return


@every_kind
async def test_a_killed_idle_server_is_noticed_and_found_again_when_it_is_back(
    editor: Editor, serve: Serve, kind: Kind
) -> None:
    server = await serve(kind.make())
    status = await connected(editor, server, **kind.fields)
    assert (status["server"]["protocolVersion"], status["target"]["transport"]) == (kind.version, kind.transport)
    await editor.call("echo", text="x")
    await told_calls(editor, 1)
    mark = editor.mark()
    server.kill()
    status = await editor.wait_for_state("reconnecting", timeout=5, since=mark)
    error = status["error"]
    assert error["kind"] == "connection_lost"
    assert f"127.0.0.1:{server.port}" in error["message"]
    assert error["details"]["reason"]
    assert error["suggestion"]

    started = time.perf_counter()
    refused = await failure(editor, timeout=1, text="x")
    assert time.perf_counter() - started < 1
    assert refused.kind == "not_connected"
    assert error["message"] in refused.message

    assert pushed_states(editor, mark) == ["reconnecting"]
    await server.start_async()
    status = await editor.wait_for_state("connected", since=mark)
    assert status["error"] is None
    assert status["server"]["protocolVersion"] == kind.version
    assert (status["statistics"]["toolsCalled"], status["statistics"]["errors"]) == (1, 1)
    assert (await editor.call("echo", text="again"))["content"][0]["text"] == "again"
    assert pushed_states(editor, mark) == ["reconnecting", "connected"]


@every_kind
async def test_a_call_in_flight_fails_at_once_when_the_server_dies(editor: Editor, serve: Serve, kind: Kind) -> None:
    server = await serve(kind.make())
    await connected(editor, server, **kind.fields)
    await editor.call("echo", text="x")
    await told_calls(editor, 1)
    mark = editor.mark()
    _, call = await editor.request_nowait("mcp/tools/call", {"name": "slow", "arguments": {"seconds": 60}})
    await editor.wait_for("mcp/didChangeStatus", lambda status: status["inFlight"] == 1, since=mark)
    server.kill()
    with pytest.raises(ResponseError) as lost:
        await asyncio.wait_for(asyncio.shield(call), 3)
    assert lost.value.kind == "connection_lost", lost.value
    assert lost.value.data["details"]["reason"]
    # The push came before the answer: at no moment could the client believe otherwise.
    assert pushed_states(editor, mark)[-1] == "reconnecting"
    assert (await editor.status())["statistics"]["errors"] == 1


async def test_disconnecting_ends_the_search_for_a_lost_server(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    await connected(editor, server)
    server.kill()
    await editor.wait_for_state("reconnecting")
    status = await editor.request("mcp/disconnect")
    assert (status["state"], status["target"], status["error"]["kind"]) == ("disconnected", None, "connection_lost")


async def test_connecting_to_another_server_ends_the_search_for_a_lost_one(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    await connected(editor, server)
    await editor.call("echo", text="x")
    server.kill()
    await editor.wait_for_state("reconnecting")
    status = await editor.connect(**raw("--name", "other"))
    assert (status["state"], status["server"]["name"], status["error"]) == ("connected", "other", None)
    assert status["statistics"]["toolsCalled"] == 1
    await server.start_async()
    assert (await editor.call("echo", text="other"))["content"][0]["text"] == "other"
    assert (await editor.status())["server"]["name"] == "other"


async def test_a_mistyped_connect_does_not_end_the_search_for_a_lost_server(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    await connected(editor, server)
    server.kill()
    await editor.wait_for_state("reconnecting")
    with pytest.raises(ResponseError):
        await editor.connect(url="ws://127.0.0.1/mcp")
    status = await editor.status()
    assert (status["state"], status["error"]["kind"]) == ("reconnecting", "invalid_target")
    mark = editor.mark()
    await server.start_async()
    assert (await editor.wait_for_state("connected", since=mark))["error"] is None


async def test_reconnecting_by_hand_takes_the_place_of_the_search(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    await connected(editor, server)
    server.kill()
    await editor.wait_for_state("reconnecting")
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/reconnect")
    assert refused.value.kind == "connection_failed"
    assert (await editor.status())["state"] == "failed"
    await server.start_async()
    status = await editor.request("mcp/reconnect")
    assert (status["state"], status["error"]) == ("connected", None)


# The end of the search, in-process, where its length can be changed


class Told:
    """Remembers what a manager tells, and waits for it."""

    def __init__(self) -> None:
        self.states: list[State] = []
        self._news = asyncio.Event()

    def status_changed(self, status: ConnectionStatus) -> None:
        self.states.append(status.state)
        self._news.set()
        self._news = asyncio.Event()

    def logged(self, entry: LogEntry) -> None:
        pass

    def notified(self, method: str, params: Mapping[str, Any]) -> None:
        pass

    async def wait_for(self, state: State, seconds: float = 5) -> None:
        async with asyncio.timeout(seconds):
            while self.states[-1:] != [state]:
                await self._news.wait()


@pytest.mark.parametrize("mode", ["proper", "no-listening", "sse-only"])
async def test_a_server_that_stays_away_is_given_up_after_a_while_and_can_be_reconnected_to(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    window = 1.0
    monkeypatch.setattr(recovery_module, "WINDOW", window)
    server = await serve(nasty_http(mode))
    told = Told()
    manager = ConnectionManager(told)
    try:
        await manager.connect(Target(url=server.url))
        server.kill()
        await told.wait_for("reconnecting")
        lost_at = time.perf_counter()
        await told.wait_for("failed")
        assert window * 0.9 < time.perf_counter() - lost_at < window + 3
        status = manager.get_status()
        assert status.connected_at is None
        assert status.error is not None
        assert status.error.kind == "connection_lost"
        with pytest.raises(NotConnected, match="Reconnect"):
            _raise_with_suggestion(manager)
        await server.start_async()
        assert (await manager.reconnect()).state == "connected"
        assert "connected" not in told.states[told.states.index("reconnecting") : told.states.index("failed")]
    finally:
        await manager.close()


def _raise_with_suggestion(manager: ConnectionManager) -> None:
    try:
        manager.require_connection()
    except SidecarError as error:
        raise NotConnected(f"{error.message} {error.suggestion}", suggestion="") from error


async def test_nothing_goes_on_after_a_disconnect_during_the_search(serve: Serve) -> None:
    """The fixture that looks for tasks left behind makes the point."""
    server = await serve(nasty_http("proper"))
    told = Told()
    manager = ConnectionManager(told)
    await manager.connect(Target(url=server.url))
    server.kill()
    await told.wait_for("reconnecting")
    await manager.close()
    assert manager.get_status().state == "disconnected"


# Sessions


async def test_a_session_that_expired_is_renewed_and_the_call_carried_out_once(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("expires"))
    await connected(editor, server)
    for number in range(5):
        assert (await editor.call("echo", text=str(number)))["content"][0]["text"] == str(number)
    reached = await counts(server)
    assert reached["carried out"] == 5
    assert reached["initialize"] == 3
    assert reached["tools/call"] == 7  # two were refused with 404, and sent to the new session
    status = await editor.status()
    assert (status["state"], status["statistics"]["toolsCalled"], status["statistics"]["errors"]) == ("connected", 5, 0)


async def test_calls_side_by_side_survive_an_expired_session(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    await connected(editor, server)
    await editor.call("echo", text="x")
    await expire(server)
    results = await asyncio.gather(*(editor.call("echo", text=str(number)) for number in range(5)))
    assert [result["content"][0]["text"] for result in results] == ["0", "1", "2", "3", "4"]
    reached = await counts(server)
    assert (reached["carried out"], reached["initialize"]) == (6, 2)


async def test_a_call_under_way_when_the_session_expires_is_not_sent_again(editor: Editor, serve: Serve) -> None:
    """The server took it before it forgot the session, so it may be carrying it out."""
    server = await serve(nasty_http("proper"))
    await connected(editor, server)
    _, slow = await editor.request_nowait("mcp/tools/call", {"name": "slow", "arguments": {"seconds": 60}})
    await until(lambda: was_asked(server, "carried out"))
    await expire(server)
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"
    with pytest.raises(ResponseError) as lost:
        await slow
    assert lost.value.kind == "connection_lost"
    assert "not sent again" in lost.value.data["suggestion"]
    assert (await counts(server))["carried out"] == 2


async def test_a_session_that_expires_at_every_request_is_not_renewed_for_ever(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("expires-always"))
    await connected(editor, server)
    error = await failure(editor, text="x")
    assert error.kind == "connection_lost"
    assert error.data["details"]["httpStatus"] == 404
    assert (await counts(server))["tools/call"] == 2


async def test_a_legacy_server_restarted_between_two_calls_answers_the_second(editor: Editor, serve: Serve) -> None:
    """Nobody sees the restart, since there is no stream: the new server does not know the session."""
    server = await serve(nasty_http("no-listening"))
    await connected(editor, server)
    await editor.call("echo", text="x")
    await server.restart()
    assert (await editor.call("echo", text="y"))["content"][0]["text"] == "y"
    assert (await counts(server))["carried out"] == 1
    assert (await editor.status())["statistics"] == {
        "toolsCalled": 2,
        "resourcesAccessed": 0,
        "promptsExecuted": 0,
        "errors": 0,
    }


@pytest.mark.parametrize("name", ["modern", "legacy", "sse", "session-and-stream"])
async def test_a_restarted_server_is_connected_to_again_by_itself(editor: Editor, serve: Serve, name: str) -> None:
    kind = KINDS[name]
    server = await serve(kind.make())
    await connected(editor, server, **kind.fields)
    await editor.call("echo", text="x")
    await told_calls(editor, 1)
    mark = editor.mark()
    await server.restart()
    if name == "modern":  # without a session, the restart may well go unnoticed
        await until(lambda: is_connected(editor))
    else:
        await editor.wait_for_state("reconnecting", since=mark)
        await editor.wait_for_state("connected", since=mark)
    assert (await editor.call("echo", text="y"))["content"][0]["text"] == "y"
    assert (await editor.status())["statistics"]["toolsCalled"] == 2


async def is_connected(editor: Editor) -> bool:
    return bool((await editor.status())["state"] == "connected")


async def test_a_server_that_answers_every_get_with_404_has_no_expired_session(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("only-posts"))
    await connected(editor, server)
    await until(lambda: was_asked(server, "GET"))
    await editor.call("echo", text="x")
    assert (await editor.status())["state"] == "connected"
    assert (await counts(server))["initialize"] == 1


async def was_asked(server: HttpServer, what: str, times: int = 1) -> bool:
    return (await counts(server)).get(what, 0) >= times


async def test_a_stream_that_the_server_ends_is_taken_up_again_with_a_pause(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("ends-listening", 4))
    await connected(editor, server)
    started = time.perf_counter()
    await until(lambda: was_asked(server, "GET", 5))
    assert time.perf_counter() - started > 4 * 0.1 * 0.9  # what the server's `retry: 100` asks for
    assert (await editor.status())["state"] == "connected"
    assert (await counts(server))["initialize"] == 1


# Slow is not dead


@pytest.mark.parametrize(
    ("name", "seconds"), [("modern", 5.5), ("session-without-stream", 5.5), ("session-and-stream", 2), ("sse", 2)]
)
async def test_a_paused_server_is_not_taken_for_dead_and_its_calls_time_out_as_asked(
    editor: Editor, serve: Serve, name: str, seconds: float
) -> None:
    """Where an idle server is asked from time to time, that happens while the call waits."""
    kind = KINDS[name]
    server = await serve(kind.make())
    await connected(editor, server, callTimeout=seconds, **kind.fields)
    await editor.call("echo", text="x")
    mark = editor.mark()
    server.pause()
    try:
        started = time.perf_counter()
        error = await failure(editor, timeout=20, text="x")
        assert (error.kind, error.data["details"]["timeoutSeconds"]) == ("timeout", seconds)
        assert seconds * 0.9 < time.perf_counter() - started < seconds + 2
    finally:
        server.resume()
    assert (await editor.call("echo", text="awake"))["content"][0]["text"] == "awake"
    assert pushed_states(editor, mark) == ["connected"]
