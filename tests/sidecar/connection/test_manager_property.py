"""Whatever is asked for, in whatever order, and whenever a server dies: the status says what is so.

Random sequences of requests, kills and restarts run against a `ConnectionManager` with real servers. After each step
that waits for it, and after the last, the status is held against reality: the processes that run, the port that
answers, the answer to a ping, the requests that are unanswered.

    MCP_SIDECAR_RANDOM_EXAMPLES=500 pytest tests/sidecar/connection/test_manager_property.py

runs that many sequences that are new every time, instead of the few that are always the same. The last sequence that a
failing test prints is the one that failed.
"""

import asyncio
import contextlib
import os
import random
import urllib.request
from collections.abc import Coroutine, Iterator
from typing import Any

import attrs
import psutil
import pytest

from mcp_sidecar.connection import manager as manager_module
from mcp_sidecar.connection import recovery as recovery_module
from mcp_sidecar.connection.errors import Interrupted, NotConnected, SidecarError
from mcp_sidecar.connection.logs import LogEntry
from mcp_sidecar.connection.manager import ConnectionManager
from mcp_sidecar.connection.stack import import_stack
from mcp_sidecar.connection.status import ConnectionStatus, Statistics
from mcp_sidecar.connection.target import Target
from tests.sidecar import leaks
from tests.sidecar.programs import HttpServer, nasty, nasty_http, raw

NEW_SEQUENCES = int(os.environ.get("MCP_SIDECAR_RANDOM_EXAMPLES", "0"))
"""How many new sequences to try; 0 tries a fixed choice."""

SEEDS = [random.SystemRandom().getrandbits(32) for _ in range(NEW_SEQUENCES)] if NEW_SEQUENCES else list(range(80))
"""One for each sequence. Drawn evenly: Hypothesis dwells on a few sequences and varies them, and its shrinking is no
use where the same steps need not lead to the same events."""

LENGTH = 10
"""Steps of a sequence at most."""

LIMIT = 10.0
"""Seconds within which reality and status must agree, and a request must be answered."""


def _stdio_target(fields: dict[str, Any]) -> Target:
    return Target(command=fields["command"], args=tuple(fields["args"]))


STDIO_TARGETS = {name: _stdio_target(raw("--name", name)) for name in ("first", "second")}
HANGING = _stdio_target(nasty("hangs"))
FAILING = {
    "exits": _stdio_target(nasty("exits")),
    "mistyped": Target(url="no-such-server.py"),
    "no port": Target(url="http://127.0.0.1:1/mcp"),
}

TARGETS = (*STDIO_TARGETS, *STDIO_TARGETS, "http", "http", "hanging", *FAILING)


@attrs.frozen
class Step:
    """One thing that happens; `settle` waits for its consequences before the next one."""

    action: str
    argument: str = ""
    settle: bool = True

    def __str__(self) -> str:
        words = self.action + (f" {self.argument}" if self.argument else "")
        return f"{words}{'' if self.settle else ', at once:'}"


ACTIONS = {
    "connect": 6,
    "disconnect": 1,
    "reconnect": 1,
    "cancel connect": 1,
    "kill": 2,
    "kill http": 1,
    "restart http": 2,
    "expire http": 1,
    "call": 2,
    "refused call": 1,
    "slow call": 2,
    "ping": 1,
    "cancel call": 1,
}
"""What can happen, and how often compared with the others."""

BEGINNINGS: tuple[list[Step], ...] = (
    [],
    [Step("connect", "first")],
    [Step("connect", "http")],
    [Step("connect", "http")],
)
"""Most of what is worth trying happens to a connection."""


def sequence(seed: int) -> list[Step]:
    """The steps of one seed."""
    choose = random.Random(seed)
    steps = list(choose.choice(BEGINNINGS))
    actions = choose.choices(list(ACTIONS), weights=list(ACTIONS.values()), k=choose.randint(2, LENGTH))
    for action in actions:
        argument = choose.choice(TARGETS) if action == "connect" else ""
        steps.append(Step(action, argument, settle=choose.random() < 0.5))
    return steps


class World:
    """A manager, the servers around it, and what must be true of it."""

    def __init__(self, http: HttpServer) -> None:
        self.http = http
        self.http_alive = True
        self.http_target = Target(url=http.url)
        self.before = leaks.processes()
        self.manager = ConnectionManager(self)
        self.pushes: list[ConnectionStatus] = []
        self.news = asyncio.Event()
        self.closed = False
        self.was_connected = False
        """Whether there was a connection since the last disconnect."""
        self.defects: list[str] = []
        self.connects: set[asyncio.Task[Any]] = set()
        self.calls: set[asyncio.Task[Any]] = set()
        self.others: set[asyncio.Task[Any]] = set()
        self.cancelled: set[asyncio.Task[Any]] = set()
        self.statistics = Statistics()
        self.period = 0
        """What was really answered since the last disconnect."""
        asyncio.get_running_loop().set_exception_handler(self._unhandled)

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.defects.append(f"the loop: {context['message']}: {context.get('exception')!r}")

    # ManagerEvents

    def status_changed(self, status: ConnectionStatus) -> None:
        if self.closed:
            self.defects.append(f"a push after close(): {status}")
        if self.pushes and status.revision <= self.pushes[-1].revision:
            self.defects.append(f"revision {status.revision} after {self.pushes[-1].revision}")
        self.pushes.append(status)
        self.was_connected = self.was_connected or status.state == "connected"
        self.news.set()

    def logged(self, entry: LogEntry) -> None:
        pass

    def notified(self, method: str, params: Any) -> None:
        pass

    # Steps

    async def take(self, step: Step) -> None:
        """Let it happen."""
        match step.action:
            case "connect":
                self._start(self.connects, self.manager.connect(self._target(step.argument)))
            case "reconnect":
                self._start(self.connects, self.manager.reconnect())
            case "disconnect":
                self._start(self.others, self._disconnect())
            case "ping":
                self._start(self.others, self._counted(self.manager.ping(), counter=None))
            case "call" | "refused call" | "slow call":
                self._call(step.action)
            case "cancel connect":
                self._cancel(self.connects)
            case "cancel call":
                self._cancel(self.calls)
            case _:
                await self._to_servers(step.action)
        # What was started begins to run, and no more.
        await asyncio.sleep(0)

    async def _to_servers(self, action: str) -> None:
        match action:
            case "kill" if not self._over_stdio(self.manager.get_status()):
                await self._to_servers("kill http")
            case "kill":
                for process in self._servers():
                    process.kill()
            case "kill http":
                self.http_alive = False
                await asyncio.to_thread(self.http.kill)
            case "restart http":
                await self.http.restart()
                self.http_alive = True
            case "expire http":
                if self.http_alive:
                    await asyncio.to_thread(self._expire)
            case _:
                raise AssertionError(f"there is no action {action!r}")

    def _call(self, action: str) -> None:
        name, arguments = {
            "call": ("echo", {"text": "x"}),
            "refused call": ("no-such-tool", {}),
            "slow call": ("slow", {"seconds": 60}),
        }[action]
        request = self.manager.request("tools/call", {"name": name, "arguments": arguments})
        self._start(self.calls, self._counted(request, counter="tools_called"))

    def _target(self, name: str) -> Target:
        if name == "http":
            return self.http_target
        if name == "hanging":
            return HANGING
        return STDIO_TARGETS.get(name) or FAILING[name]

    def _start(self, kind: set[asyncio.Task[Any]], work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        kind.add(task)
        task.add_done_callback(self._judge)

    def _cancel(self, kind: set[asyncio.Task[Any]]) -> None:
        for task in kind:
            self.cancelled.add(task)
            task.cancel()

    def _judge(self, task: "asyncio.Task[Any]") -> None:
        """Every request ends in a result, or in one of the errors that are meant for a user."""
        if task.cancelled():
            if task not in self.cancelled:
                self.defects.append(f"cancelled by nobody: {task}")
        elif not isinstance(task.exception(), SidecarError | Interrupted | None):
            self.defects.append(f"an error for nobody: {task.exception()!r}")
        self.connects.discard(task)
        self.calls.discard(task)
        self.others.discard(task)
        self.news.set()

    async def _disconnect(self) -> None:
        if self.manager.get_status().state != "disconnected":
            self.statistics = Statistics()
            self.period += 1
        self.was_connected = False
        status = await self.manager.disconnect()
        assert isinstance(status, ConnectionStatus)

    async def _counted(self, request: Coroutine[Any, Any, Any], *, counter: str | None) -> None:
        period, had_server = self.period, self.was_connected
        try:
            await request
        except SidecarError as error:
            assert error.message
            too_early = isinstance(error, NotConnected) and (
                not had_server or error.details["state"] in ("disconnected", "connecting")
            )
            counter = None if too_early else "errors"
        if counter is not None and period == self.period:  # what began before a disconnect counts to what was before
            self.statistics = attrs.evolve(self.statistics, **{counter: getattr(self.statistics, counter) + 1})

    def _expire(self) -> None:
        url = self.http.url.replace("/mcp", "/expire")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=LIMIT).close()

    # Reality

    def _servers(self) -> list[psutil.Process]:
        """The stdio servers that run."""
        found = []
        for process in leaks.processes() - self.before:
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and process.pid != self.http.pid:
                    found.append(process)
        return found

    async def settled(self) -> None:
        """Wait until everything asked for has its answer, but for what hangs, and the status agrees with reality."""
        disagreement: str | None = None
        try:
            async with asyncio.timeout(LIMIT):
                while disagreement := self._unsettled() or await self._lie():
                    self.news.clear()
                    with contextlib.suppress(TimeoutError):  # processes end without an event here
                        await asyncio.wait_for(self.news.wait(), 0.01)
        except TimeoutError:
            raise AssertionError(f"{disagreement}, for {LIMIT:g} s; {self.manager.get_status()}") from None
        assert not self.defects, "\n".join(self.defects)

    def _unsettled(self) -> str | None:
        if self.others:
            return f"unanswered: {self.others}"
        target = self.manager.get_status().target
        hangs = target is not None and target.args == HANGING.args
        if len(self.connects) > hangs:
            return f"unanswered: {self.connects}"
        return None

    async def _lie(self) -> str | None:
        """What of the status is not so; None when it is all true."""
        status = self.manager.get_status()
        rules = (self._shape(status), self._counts(status), self._processes(status), self._pushed(status))
        return next(filter(None, rules), None) or await self._usable(status)

    def _shape(self, status: ConnectionStatus) -> str | None:
        connecting = bool(self.connects)
        if (status.state == "connecting") != connecting:
            return f"{status.state} while {len(self.connects)} connects are under way"
        if status.state == "connected" and not (status.server and status.connected_at and status.target):
            return "connected to nothing"
        if status.state == "connected" and status.since != status.connected_at and not status.error:
            return "connected since another time"
        if status.state == "disconnected" and (status.target or status.server or status.connected_at):
            return "disconnected from something"
        if status.state == "failed" and (status.error is None or status.connected_at):
            return "failed without an error, or connected as well"
        if status.state == "reconnecting" and self.http_alive:
            return "the server is there again"
        return None

    def _counts(self, status: ConnectionStatus) -> str | None:
        if status.in_flight != len(self.calls):
            return f"{len(self.calls)} calls are unanswered"
        if status.statistics != self.statistics:
            return f"really {self.statistics}"
        return None

    def _processes(self, status: ConnectionStatus) -> str | None:
        expected = len(self.connects)
        with contextlib.suppress(SidecarError):
            expected += self.manager.require_connection().transport == "stdio"
        running = self._servers()
        return f"{len(running)} servers run instead of {expected}" if len(running) != expected else None

    def _pushed(self, status: ConnectionStatus) -> str | None:
        if self.pushes and self.pushes[-1] != status:
            return f"the last push was {self.pushes[-1]}"
        return None

    async def _usable(self, status: ConnectionStatus) -> str | None:
        """Whether a ping works exactly if there is a connection."""
        try:
            await self.manager.require_connection().ping(timeout=LIMIT)
        except SidecarError as error:
            return f"a ping fails: {error!r}" if status.connected_at and self._said_connected(status) else None
        return None if self._said_connected(status) else "a ping works"

    @staticmethod
    def _said_connected(status: ConnectionStatus) -> bool:
        return status.state == "connected" or (status.state == "connecting" and status.connected_at is not None)

    def expect(self, step: Step, before: ConnectionStatus, called: int) -> None:
        """Check what the step must have led to, as nothing else was under way before it, or is now.

        Args:
            step: the step that was taken, and waited for.
            before: the status before it, settled.
            called: successful calls before it.
        """
        after = self.manager.get_status()
        target = self._target(step.argument) if step.action == "connect" else None
        match step.action:
            case "connect" if step.argument == "mistyped":
                assert after.error is not None
                assert after.error.kind == "invalid_target"
                assert after.state == before.state
            case "connect" if target in STDIO_TARGETS.values():
                assert target is not None
                assert after.target is not None
                assert (after.state, after.target.args, after.error) == ("connected", target.args, None)
            case "reconnect" if before.state == "connected" and (self._over_stdio(before) or self.http_alive):
                assert (after.state, after.target, after.error) == ("connected", before.target, None)
            case "connect" if target == self.http_target and self.http_alive:
                assert (after.state, after.error) == ("connected", None)
            case "connect" if step.argument in FAILING:
                assert after.error is not None
                assert after.state == (before.state if before.state in ("connected", "reconnecting") else "failed")
            case "disconnect":
                assert after.state == "disconnected"
            case "kill" if before.state == "connected" and self._over_stdio(before):
                assert after.state == "failed"
                assert after.error is not None
                assert after.error.details["signal"] == "SIGKILL"
            case "kill" | "kill http" if before.state == "connected" and not self._over_stdio(before):
                assert (after.state, after.target) == ("reconnecting", before.target)
            case "restart http" if before.state == "reconnecting":
                assert (after.state, after.target) == ("connected", before.target)
            case "call" if before.state == "connected":
                assert self.statistics.tools_called == called + 1

    @staticmethod
    def _over_stdio(status: ConnectionStatus) -> bool:
        return status.target is not None and status.target.transport == "stdio"

    # The end

    async def close(self) -> None:
        """Close the manager; nothing is left then, and everybody has an answer."""
        async with asyncio.timeout(LIMIT):
            await self.manager.close()
            assert self._servers() == []
            # Those who asked are told next, and nobody else has anything left to do.
            self.closed = True
            while left := {*self.connects, *self.calls, *self.others}:
                await asyncio.wait(left)
        assert not self._tasks(), f"still at work: {self._tasks()}"
        assert (self.manager.get_status().state, self.manager.get_status().in_flight) == ("disconnected", 0)
        assert not self.defects, "\n".join(self.defects)

    def _tasks(self) -> set[asyncio.Task[Any]]:
        return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def _play(steps: list[Step], http: HttpServer) -> None:
    world = World(http)
    try:
        calm = True
        for step in steps:
            before, called = world.manager.get_status(), world.statistics.tools_called
            calm = calm and not world.connects
            await world.take(step)
            if step.settle:
                await world.settled()
                if calm:
                    world.expect(step, before, called)
            calm = step.settle
        await world.settled()
    finally:
        try:
            await world.close()
        finally:
            if not world.http_alive:
                await http.restart()


@contextlib.contextmanager
def _nothing_left() -> Iterator[None]:
    threads, descriptors = leaks.threads(), leaks.descriptors()
    yield
    left = leaks.leaked_threads(threads) + leaks.leaked_descriptors(descriptors)
    assert not left, "left behind:\n" + "\n".join(left)


def test_the_status_is_true_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    # So that a sequence takes no seconds.
    monkeypatch.setattr(recovery_module, "DELAYS", (0.02, 0.05))
    monkeypatch.setattr(manager_module, "STATISTICS_INTERVAL", 0.01)
    import_stack()
    http = nasty_http("proper").start()

    try:
        for seed in SEEDS:
            steps = sequence(seed)
            print(f"{seed}:", " → ".join(map(str, steps)))
            with _nothing_left():
                asyncio.run(_play(steps, http))
    finally:
        http.close()
