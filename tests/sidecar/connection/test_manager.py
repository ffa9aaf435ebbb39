"""The rules of the connection that need a look from inside: times, orders, secrets, and moments between two steps.

What an editor sees of them is in `end_to_end/`.
"""

import asyncio
import gc
import sys
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import psutil
import pytest

from mcp_sidecar.connection import manager as manager_module
from mcp_sidecar.connection.calls import PROBLEMS_KEY, Calls
from mcp_sidecar.connection.errors import (
    ConnectionFailed,
    ConnectionLost,
    Interrupted,
    InvalidTarget,
    MalformedTarget,
    NotConnected,
    ServerError,
    SidecarError,
    TimedOut,
)
from mcp_sidecar.connection.logs import LogEntry
from mcp_sidecar.connection.manager import ConnectionManager
from mcp_sidecar.connection.stack import import_stack, load_stack
from mcp_sidecar.connection.status import ConnectionStatus, State, Statistics, TargetInfo
from mcp_sidecar.connection.target import Target
from mcp_sidecar.connection.timeouts import Timeouts
from tests.sidecar import leaks
from tests.sidecar.programs import EXAMPLE, RAW, HttpServer, nasty, nasty_http, raw, stdio

LIMIT = 10.0
"""Seconds that anything here may take."""

SECRET = "made-up-s3cret-value"


class Owner:
    """Owns a manager, and remembers what it was told."""

    def __init__(self, **options: Any) -> None:
        self.statuses: list[ConnectionStatus] = []
        self.entries: list[LogEntry] = []
        self.on_status: Callable[[ConnectionStatus], None] = lambda _: None
        self._news = asyncio.Event()
        self.before = leaks.processes()
        self.manager = ConnectionManager(self, **options)

    def status_changed(self, status: ConnectionStatus) -> None:
        self.statuses.append(status)
        self.on_status(status)
        self._news.set()

    def logged(self, entry: LogEntry) -> None:
        self.entries.append(entry)
        self._news.set()

    def notified(self, method: str, params: Mapping[str, Any]) -> None:
        pass

    @property
    def status(self) -> ConnectionStatus:
        return self.manager.get_status()

    @property
    def states(self) -> list[State]:
        """The states that were pushed, without repetitions."""
        states = [status.state for status in self.statuses]
        return [state for state, before in zip(states, [None, *states], strict=False) if state != before]

    @property
    def servers(self) -> list[psutil.Process]:
        """The servers that run."""
        return [each for each in leaks.processes() - self.before if each.status() != psutil.STATUS_ZOMBIE]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def until_servers(self, number: int) -> None:
        """Wait for processes, which raise no event here."""
        async with asyncio.timeout(LIMIT):
            while len(self.servers) != number:
                await asyncio.sleep(0.01)

    def call(self, name: str, **arguments: Any) -> "asyncio.Task[Any]":
        """Begin a call."""
        return asyncio.create_task(self.manager.request("tools/call", {"name": name, "arguments": arguments}))

    def connect(self, target: Target) -> "asyncio.Task[ConnectionStatus]":
        """Begin to connect."""
        return asyncio.create_task(self.manager.connect(target))


def target(fields: dict[str, Any], **more: Any) -> Target:
    """A target as the domain knows it."""
    return Target(**{**fields, "args": tuple(fields["args"]), **more})


FIRST, SECOND = target(raw("--name", "first")), target(raw("--name", "second"))
HANGING, EXITING = target(nasty("hangs")), target(nasty("exits"))


@pytest.fixture(scope="module", autouse=True)
def _stack() -> None:
    """Import the MCP stack before anything is timed."""
    import_stack()


@pytest.fixture
async def make_owner() -> AsyncIterator[Callable[..., Owner]]:
    """Make managers with their owners: `make_owner(timeouts=…)`; they are closed, and have to leave no server."""
    owners: list[Owner] = []

    def make(**options: Any) -> Owner:
        owners.append(Owner(**options))
        return owners[-1]

    yield make
    for owner in owners:
        await owner.manager.close()
        await owner.until_servers(0)


@pytest.fixture
def owner(make_owner: Callable[..., Owner]) -> Owner:
    """Provide a manager with its owner."""
    return make_owner()


Serve = Callable[[HttpServer], Awaitable[HttpServer]]


# Status


async def test_in_the_beginning_nothing_is_connected(owner: Owner) -> None:
    status = owner.status
    assert (status.state, status.target, status.server, status.connected_at) == ("disconnected", None, None, None)
    assert (status.statistics, status.in_flight, status.error, status.revision) == (Statistics(), 0, None, 0)
    assert status.since.tzinfo is UTC


async def test_every_change_is_pushed_before_connect_returns(owner: Owner) -> None:
    status = await owner.manager.connect(FIRST)
    assert owner.states == ["connecting", "connected"]
    assert owner.statuses[-1] == status == owner.status
    assert status.since == status.connected_at


async def test_while_connecting_the_status_shows_the_attempt(owner: Owner) -> None:
    attempt = owner.connect(HANGING)
    await owner.until(lambda: owner.statuses)
    (status,) = owner.statuses
    assert (status.state, status.server, status.connected_at) == ("connecting", None, None)
    assert status.target is not None
    assert status.target.args is not None
    assert status.target.args[-1] == "hangs"
    attempt.cancel()
    await asyncio.gather(attempt, return_exceptions=True)


@pytest.mark.parametrize(
    ("target", "command", "args"),
    [
        (
            Target(command="no-such-program", args=("--token", "a-secret-of-the-user")),
            "no-such-program",
            ("--token", "***"),
        ),
        (Target(url="A=1 PATH=/nowhere npx -y some-server"), "npx", ("-y", "some-server")),
    ],
)
async def test_the_status_tells_which_program_is_not_there(
    owner: Owner, target: Target, command: str, args: tuple[str, ...]
) -> None:
    with pytest.raises(SidecarError) as failed:
        await owner.manager.connect(target)
    assert failed.value.kind == "connection_failed"
    assert owner.status.state == "failed"
    assert owner.status.target == TargetInfo(
        name=args[-1] if command == "npx" else command, transport="stdio", command=command, args=args
    )


async def test_a_failure_is_pushed_before_connect_raises_it(owner: Owner) -> None:
    with pytest.raises(ConnectionFailed) as failed:
        await owner.manager.connect(EXITING)
    assert owner.states == ["connecting", "failed"]
    assert owner.status.error == failed.value.failure
    assert (owner.status.connected_at, owner.status.server) == (None, None)


async def test_an_attempt_that_fails_shows_the_standing_connection_again(owner: Owner) -> None:
    good = await owner.manager.connect(FIRST)
    with pytest.raises(ConnectionFailed):
        await owner.manager.connect(EXITING)
    assert owner.states == ["connecting", "connected", "connecting", "connected"]
    restored = owner.status
    assert (restored.target, restored.server, restored.since, restored.connected_at) == (
        good.target,
        good.server,
        good.since,
        good.connected_at,
    )
    assert restored.error is not None
    assert restored.error.details["exitCode"] == 3


async def test_a_target_that_is_not_understood_sets_the_error_and_nothing_else(owner: Owner) -> None:
    before = owner.status
    with pytest.raises(InvalidTarget) as refused:
        await owner.manager.connect(Target(url="no-such-server.py"))
    after = owner.status
    assert after.error == refused.value.failure
    assert (after.state, after.since, after.target) == (before.state, before.since, None)
    assert owner.statuses == [after]


@pytest.mark.parametrize("malformed", [Target(), Target(url="x", command="y"), Target(command="x", connect_timeout=-1)])
async def test_a_malformed_target_touches_nothing(owner: Owner, malformed: Target) -> None:
    before = owner.status
    with pytest.raises(MalformedTarget):
        await owner.manager.connect(malformed)
    assert (owner.status, owner.statuses) == (before, [])
    with pytest.raises(NotConnected, match="nothing to reconnect to"):
        await owner.manager.reconnect()


async def test_a_loss_is_pushed_before_any_request_is_answered(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    order: list[str] = []
    owner.on_status = lambda status: order.append(status.state)
    call = owner.call("exit", code=4)
    call.add_done_callback(lambda _: order.append("answered"))
    with pytest.raises(ConnectionLost, match="code 4"):
        await call
    await owner.until(lambda: owner.status.statistics.errors == 1)
    assert order.index("failed") < order.index("answered")
    assert "connected" not in order[order.index("failed") :]


async def test_statistics_count_results_and_failures_by_kind(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    await owner.call("echo", text="x")
    await owner.call("fails")  # a result, if an unhappy one
    with pytest.raises(ServerError):
        await owner.call("refuses")
    with pytest.raises(ServerError):
        await owner.manager.request("resources/read", {"uri": "a:b"})
    await owner.manager.request("tools/list")
    assert owner.status.statistics == Statistics(tools_called=2, resources_accessed=0, prompts_executed=0, errors=2)


async def test_resources_and_prompts_are_counted_each_for_itself(owner: Owner) -> None:
    await owner.manager.connect(target(stdio(EXAMPLE)))
    (resource, *_) = (await owner.manager.request("resources/list")).result["resources"]
    (prompt, *_) = (await owner.manager.request("prompts/list")).result["prompts"]
    for _ in range(2):
        await owner.manager.request("resources/read", {"uri": resource["uri"]})
    arguments = {argument["name"]: "x" for argument in prompt.get("arguments", []) if argument.get("required")}
    await owner.manager.request("prompts/get", {"name": prompt["name"], "arguments": arguments})
    assert owner.status.statistics == Statistics(resources_accessed=2, prompts_executed=1)


async def test_a_cancelled_call_counts_as_nothing(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    call = owner.call("slow", seconds=60)
    await owner.until(lambda: owner.status.in_flight == 1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert (owner.status.in_flight, owner.status.statistics) == (0, Statistics())


async def test_a_ping_is_in_flight_until_it_is_answered(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    (server,) = owner.servers
    server.suspend()
    ping = asyncio.create_task(owner.manager.ping())
    await owner.until(lambda: owner.statuses[-1].in_flight == 1)
    server.resume()
    await ping
    await owner.until(lambda: owner.statuses[-1].in_flight == 0)


# Without a connection


async def refusal(owner: Owner) -> NotConnected:
    with pytest.raises(NotConnected) as refused:
        owner.manager.require_connection()
    with pytest.raises(NotConnected) as also:
        await owner.manager.ping()
    assert also.value.message == refused.value.message
    return refused.value


async def test_when_disconnected_a_request_says_to_connect_first(owner: Owner) -> None:
    error = await refusal(owner)
    assert (error.message, error.details) == ("Not connected.", {"state": "disconnected"})
    assert "Connect" in error.suggestion


async def test_when_connecting_a_request_says_to_wait(owner: Owner) -> None:
    attempt = owner.connect(HANGING)
    await owner.until(lambda: owner.statuses)
    error = await refusal(owner)
    assert (error.message, error.details) == (
        "Not connected yet: the connection is being made.",
        {"state": "connecting"},
    )
    attempt.cancel()
    await asyncio.gather(attempt, return_exceptions=True)


async def test_when_failed_a_request_says_why(owner: Owner) -> None:
    await owner.manager.connect(target(nasty("exits-after-call")))
    await owner.call("echo", text="x")
    await owner.until(lambda: owner.status.state == "failed")
    error = await refusal(owner)
    assert error.message.startswith("Not connected: the connection failed: The server exited with code 9")
    assert "Reconnect" in error.suggestion
    assert error.details == {"state": "failed"}


async def test_when_reconnecting_a_request_says_so_and_why(owner: Owner, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    await owner.manager.connect(Target(url=server.url))
    server.kill()
    await owner.until(lambda: owner.status.state == "reconnecting")
    error = await refusal(owner)
    assert error.message.startswith("The connection is lost and is being made again: ")
    assert "start the server" in error.suggestion
    assert error.details == {"state": "reconnecting"}


# Times


async def test_a_targets_own_connect_timeout_comes_before_the_settings(make_owner: Callable[..., Owner]) -> None:
    owner = make_owner(timeouts=lambda: Timeouts(connect=0.3, call=60))
    for own, expected in ((None, 0.3), (0.2, 0.2)):
        with pytest.raises(TimedOut) as late:
            await owner.manager.connect(target(nasty("hangs"), connect_timeout=own))
        assert late.value.details["timeoutSeconds"] == expected


async def test_a_targets_own_call_timeout_comes_before_the_settings(make_owner: Callable[..., Owner]) -> None:
    owner = make_owner(timeouts=lambda: Timeouts(connect=30, call=0.3))
    for own, expected in ((None, 0.3), (0.2, 0.2)):
        await owner.manager.connect(target(raw(), call_timeout=own))
        with pytest.raises(TimedOut) as late:
            await owner.call("slow", seconds=60)
        assert late.value.details["timeoutSeconds"] == expected
        assert owner.status.state == "connected"


async def test_new_settings_hold_for_the_next_request_of_a_standing_connection(
    make_owner: Callable[..., Owner],
) -> None:
    timeouts = Timeouts(connect=30, call=30)
    owner = make_owner(timeouts=lambda: timeouts)
    await owner.manager.connect(FIRST)
    timeouts = Timeouts(connect=0.001, call=0.2)
    with pytest.raises(TimedOut) as late:
        await owner.call("slow", seconds=60)
    assert late.value.details["timeoutSeconds"] == 0.2
    assert owner.status.state == "connected"


# Several things at once


async def test_an_interrupted_connect_leaves_no_process(owner: Owner) -> None:
    attempts = []
    for number in range(1, 4):
        attempts.append(owner.connect(HANGING))
        await owner.until(lambda: len(owner.statuses) == number)  # noqa: B023 - it is awaited here
        await owner.until_servers(1)
    await owner.manager.connect(FIRST)
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert [type(result) for result in results] == [Interrupted] * 3
    await owner.until_servers(1)
    assert owner.status.state == "connected"


async def test_a_connection_that_comes_about_in_the_moment_it_is_given_up_is_closed(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_link = await load_stack()

    async def opened_too_late(*args: Any, **options: Any) -> Any:
        link = await open_link(*args, **options)
        attempt.cancel()
        return link

    async def stack() -> Any:
        return opened_too_late

    monkeypatch.setattr(manager_module, "load_stack", stack)  # the moment can't be met from outside
    attempt = owner.connect(FIRST)
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert owner.status.state == "disconnected"
    await owner.until_servers(0)


async def test_the_loss_of_the_standing_connection_during_an_attempt_is_told_at_once(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    (standing,) = owner.servers
    attempt = owner.connect(HANGING)
    await owner.until_servers(2)
    standing.kill()
    await owner.until(lambda: owner.status.error is not None)
    status = owner.status
    assert (status.state, status.connected_at) == ("connecting", None)
    assert status.error is not None
    assert status.error.details["signal"] == "SIGKILL"
    with pytest.raises(NotConnected):
        owner.manager.require_connection()
    attempt.cancel()
    await asyncio.gather(attempt, return_exceptions=True)
    # What is left when the attempt is given up is the loss.
    assert (owner.status.state, owner.status.error) == ("failed", status.error)


async def test_a_new_connection_stands_although_the_old_one_was_lost_meanwhile(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    (standing,) = owner.servers
    attempt = owner.connect(SECOND)
    await owner.until(lambda: owner.status.state == "connecting")
    standing.kill()
    status = await attempt
    assert (status.state, status.error) == ("connected", None)
    await owner.until_servers(1)
    assert owner.status == status


async def test_a_disconnect_during_an_attempt_ends_both(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    attempt = owner.connect(HANGING)
    await owner.until_servers(2)
    status = await owner.manager.disconnect()
    assert (status.state, status.target, status.connected_at) == ("disconnected", None, None)
    with pytest.raises(Interrupted):
        await attempt
    await owner.until_servers(0)
    assert owner.status.state == "disconnected"


async def test_cancelling_a_disconnect_does_not_stop_it(owner: Owner) -> None:
    await owner.manager.connect(target(nasty("stubborn")))
    disconnecting = asyncio.create_task(owner.manager.disconnect())
    await owner.until(lambda: owner.status.state == "disconnected")
    disconnecting.cancel()
    await asyncio.gather(disconnecting, return_exceptions=True)
    await owner.until_servers(0)


async def test_only_the_same_target_is_let_go_of_before_the_new_connection_is_up(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    most = 1

    def count(status: ConnectionStatus) -> None:
        nonlocal most
        most = max(most, len(owner.servers))

    owner.on_status = count
    await owner.manager.connect(FIRST)
    assert most == 1
    await owner.manager.connect(SECOND)
    assert most == 2


async def test_close_returns_when_the_server_of_an_attempt_is_gone(owner: Owner) -> None:
    attempt = owner.connect(HANGING)
    await owner.until_servers(1)
    await owner.manager.close()
    left = owner.servers
    await asyncio.gather(attempt, return_exceptions=True)
    await owner.until_servers(0)
    assert left == []


async def test_close_returns_when_the_server_is_gone(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    call = owner.call("slow", seconds=60)
    await owner.until(lambda: owner.status.in_flight == 1)
    await owner.manager.close()
    assert owner.servers == []
    with pytest.raises(ConnectionLost):
        await call


async def test_a_defect_while_connecting_does_not_leave_the_status_connecting(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> Any:
        raise ImportError("half an installation")  # what can't be had here

    monkeypatch.setattr(manager_module, "load_stack", broken)
    with pytest.raises(ImportError):
        await owner.manager.connect(FIRST)
    assert owner.status.state == "failed"


async def test_a_request_whose_session_expired_never_goes_to_another_server(owner: Owner, serve: Serve) -> None:
    server = await serve(nasty_http("expires", 1))
    await owner.manager.connect(Target(url=server.url))
    await owner.call("echo", text="the last one of this session")
    # The server dies in the very moment in which its 404 is known.
    owner.on_status = lambda status: server.kill() if status.state == "reconnecting" else None
    call = owner.call("echo", text="for the first server")
    await owner.until(lambda: owner.status.state == "reconnecting")
    await owner.manager.connect(SECOND)
    with pytest.raises(SidecarError):
        await call


async def test_results_are_held_against_the_protocol_also_while_another_server_is_tried(owner: Owner) -> None:
    await owner.manager.connect(target(nasty("contentless")))
    attempt = owner.connect(HANGING)
    await owner.until(lambda: owner.status.state == "connecting")
    result = await Calls(owner.manager).call_tool({"name": "echo", "arguments": {"text": "x"}})
    attempt.cancel()
    await asyncio.gather(attempt, return_exceptions=True)
    assert [problem["path"] for problem in result["_meta"][PROBLEMS_KEY]] == ["$.content"]


# Secrets


def secretive(mode: str, *args: object) -> Target:
    return target(nasty(mode, *args), env={"API_TOKEN": SECRET})


async def test_errors_are_free_of_the_targets_secrets(owner: Owner, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    await owner.manager.connect(Target(url=server.url, headers={"Authorization": f"Bearer {SECRET}"}))
    with pytest.raises(ServerError) as refused:
        await owner.manager.request(f"made/up/{SECRET}", {})  # the server repeats the method
    assert refused.value.details["error"]["message"] == "Method not found: made/up/***"
    assert SECRET not in str(refused.value.failure)


async def test_the_standing_servers_secrets_are_masked_also_while_another_one_is_tried(
    owner: Owner, serve: Serve
) -> None:
    server = await serve(nasty_http("proper"))
    await owner.manager.connect(Target(url=server.url, headers={"Authorization": f"Bearer {SECRET}"}))
    attempt = owner.connect(HANGING)
    await owner.until(lambda: owner.status.state == "connecting")
    with pytest.raises(ServerError) as refused:
        await owner.manager.request(f"made/up/{SECRET}", {})
    attempt.cancel()
    await asyncio.gather(attempt, return_exceptions=True)
    assert SECRET not in str(refused.value.failure)


async def test_last_words_are_masked_although_another_server_is_connected_to_by_then(owner: Owner) -> None:
    code = (
        "import os, runpy, sys; sys.argv = sys.argv[1:]; sys.path.insert(0, os.path.dirname(sys.argv[0]))\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "print('leaving with', os.environ['API_TOKEN'], file=sys.stderr)"
    )
    fields = raw("--name", "secretive")
    talker = Target(command=fields["command"], args=("-c", code, *fields["args"]), env={"API_TOKEN": SECRET})
    await owner.manager.connect(talker)
    await owner.manager.connect(SECOND)
    await owner.until(lambda: any("leaving with" in entry.message for entry in owner.entries))
    assert [entry.message for entry in owner.entries if "leaving with" in entry.message] == ["leaving with ***"]


# One server, one connection, nothing kept


async def test_a_link_that_was_closed_is_freed(owner: Owner) -> None:
    links = []
    for _ in range(5):
        await owner.manager.connect(FIRST)
        links.append(weakref.ref(owner.manager.require_connection()))
        await owner.manager.disconnect()
    await owner.until_servers(0)
    gc.collect()
    assert [each() for each in links[:-1]] == [None] * 4


async def test_reconnecting_after_the_env_file_changed_ends_the_old_server_first(owner: Owner, tmp_path: Path) -> None:
    env_file = tmp_path / "server.env"
    env_file.write_text("SHADE=blue\n")
    await owner.manager.connect(target(raw(), env_file=str(env_file)))
    env_file.write_text("SHADE=red\n")
    most = 0

    def count(status: ConnectionStatus) -> None:
        nonlocal most
        most = max(most, len(owner.servers))

    owner.on_status = count
    await owner.manager.reconnect()
    assert most == 1


async def test_a_failed_attempt_does_not_change_what_reconnect_means(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    with pytest.raises(SidecarError):
        await owner.manager.connect(target(nasty("exits")))
    status = await owner.manager.reconnect()
    assert status.server is not None
    assert status.server.name == "first"


async def test_what_cannot_be_started_is_a_failed_connection_that_reconnect_tries_again(
    owner: Owner, tmp_path: Path
) -> None:
    program = tmp_path / "server-to-be"
    missing = Target(command=str(program))
    with pytest.raises(SidecarError):
        await owner.manager.connect(missing)
    assert owner.status.state == "failed"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{RAW}"\n')
    program.chmod(0o755)
    assert (await owner.manager.reconnect()).state == "connected"


async def test_many_first_calls_list_the_tools_once(owner: Owner, tmp_path: Path) -> None:
    record = tmp_path / "received"
    await owner.manager.connect(target(raw("--record", str(record))))
    calls = Calls(owner.manager)
    tasks = [asyncio.create_task(calls.call_tool({"name": "add", "arguments": {"a": 1, "b": n}})) for n in range(20)]
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert record.read_text().count('"tools/list"') == 1
    assert owner.manager.require_connection().tools


async def test_nothing_is_in_flight_where_nothing_is_connected(owner: Owner) -> None:
    await owner.manager.connect(FIRST)
    calls = [owner.call("slow", seconds=60) for _ in range(3)]
    await owner.until(lambda: owner.status.in_flight == 3)
    await owner.manager.disconnect()
    await asyncio.gather(*calls, return_exceptions=True)
    told = [status for status in owner.statuses if status.state == "disconnected"]
    assert [status.in_flight for status in told] == [0] * len(told)
    assert owner.status.statistics == Statistics()


async def test_what_the_server_says_of_itself_is_free_of_its_secrets(owner: Owner, tmp_path: Path) -> None:
    script = tmp_path / "repeats.py"
    script.write_text(
        f"import os, sys\nsys.path.insert(0, {str(RAW.parent)!r})\nimport raw\n"
        "raw.RawServer.instructions = 'Use ' + os.environ['API_TOKEN']\nraw.RawServer().serve()\n"
    )
    await owner.manager.connect(
        Target(command=sys.executable, args=(str(script),), env={"API_TOKEN": "made-up-s3cret-value"})
    )
    assert owner.status.server is not None
    assert owner.status.server.instructions == "Use ***"
