"""The server as a child process: how it starts, what is heard of it, and that nothing of it stays."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from mcp_sidecar.connection import process as process_module
from mcp_sidecar.connection import stdio
from mcp_sidecar.connection.errors import ConnectionFailed, SidecarError
from mcp_sidecar.connection.process import (
    DRAIN_GRACE,
    EXIT_GRACE,
    STDERR_LINE_LIMIT,
    STDERR_TAIL,
    TERM_GRACE,
    ServerProcess,
)
from mcp_sidecar.connection.target import StdioEndpoint
from tests.sidecar import leaks
from tests.sidecar.connection.test_inbound import Recorder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are POSIX's")

LIMIT = 10.0
"""Seconds that anything here may take."""

SLEEP = "import time; time.sleep(600)"


class Running:
    """A server process, and all that it told."""

    def __init__(self) -> None:
        self.output = b""
        self.lines: list[str] = []
        self.ended = False
        self.gone = asyncio.Event()
        self.gone_count = 0
        self.news = asyncio.Event()
        self.process: ServerProcess

    async def start(self, endpoint: StdioEndpoint) -> "Running":
        self.process = await ServerProcess.start(
            endpoint, on_output=self._on_output, on_stderr=self._on_stderr, on_gone=self._on_gone
        )
        return self

    def _on_output(self, data: bytes) -> None:
        self.output += data
        self.ended = self.ended or not data
        self.news.set()

    def _on_stderr(self, line: str) -> None:
        self.lines.append(line)
        self.news.set()

    def _on_gone(self) -> None:
        self.gone_count += 1
        self.gone.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT):
            while not condition():
                self.news.clear()
                await self.news.wait()

    async def is_gone(self) -> None:
        async with asyncio.timeout(LIMIT):
            await self.gone.wait()

    async def stop(self, *, gracefully: bool = True) -> float:
        started = time.perf_counter()
        async with asyncio.timeout(LIMIT):
            await self.process.stop(gracefully=gracefully)
        return time.perf_counter() - started


Start = Callable[..., Awaitable[Running]]


def python(code: str, *args: str, cwd: str | None = None, **env: str) -> StdioEndpoint:
    return StdioEndpoint(program=sys.executable, args=("-c", code, *args), env={**os.environ, **env}, cwd=cwd)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a Python program: `await start(code, *args, cwd=…, NAME="value")`; it is ended."""
    started: list[Running] = []

    async def run(code: str, *args: str, cwd: str | None = None, **env: str) -> Running:
        running = await Running().start(python(code, *args, cwd=cwd, **env))
        started.append(running)
        return running

    yield run
    for running in started:
        await running.process.stop(gracefully=False)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# Starting


async def test_program_arguments_environment_and_directory_are_as_asked(start: Start, tmp_path: Path) -> None:
    code = "import os, sys; print(sys.argv[1:], os.environ['MARK'], os.getcwd())"
    running = await start(code, "a b", "$HOME", "", cwd=str(tmp_path), MARK="x y")
    await running.is_gone()
    assert running.output.decode().strip() == f"['a b', '$HOME', ''] x y {tmp_path.resolve()}"


async def test_it_leads_a_process_group_of_its_own(start: Start) -> None:
    running = await start(SLEEP)
    assert os.getpgid(running.process.pid) == running.process.pid


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"program": "{folder}/missing"}, "No such file"),
        ({"program": "{folder}"}, "Permission denied"),
        ({"cwd": "{folder}/missing"}, "No such file"),
        ({"args": ("a\0b",)}, "null byte"),
        ({"args": ("x" * 10**7,)}, "too long"),
    ],
)
async def test_a_program_that_can_not_be_started_is_explained(
    fields: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    placed = {
        name: value.format(folder=tmp_path) if isinstance(value, str) else value for name, value in fields.items()
    }
    endpoint = StdioEndpoint(**({"program": sys.executable, "args": (), "env": {}, "cwd": None} | placed))
    with pytest.raises(ConnectionFailed) as failed:
        await Running().start(endpoint)
    assert reason in failed.value.message
    assert endpoint.program in failed.value.message
    assert failed.value.suggestion
    assert failed.value.details["command"] == endpoint.program


@pytest.mark.parametrize("turns", range(0, 40, 2))
async def test_a_start_that_is_cancelled_leaves_no_process_and_tells_no_loss(turns: int) -> None:
    unhandled: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unhandled.append(context))
    before = set(psutil.Process().children())
    running = Running()
    starting = asyncio.create_task(running.start(python(SLEEP)))
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        if not starting.cancelled():  # it was started already
            await running.stop(gracefully=False)
        assert {child for child in set(psutil.Process().children()) - before if alive(child.pid)} == set()
    finally:
        loop.set_exception_handler(None)
    assert (unhandled, running.gone_count) == ([], 0)


# What is heard of it


async def test_all_output_comes_before_the_end_is_told(start: Start) -> None:
    running = await start("import sys; sys.stdout.write('x' * 10**6); sys.stderr.write('last words'); sys.exit(3)")
    await running.is_gone()
    assert (len(running.output), running.ended, running.lines) == (10**6, True, ["last words"])
    assert running.process.describe_exit() == {"exitCode": 3, "stderr": ["last words"]}


async def test_a_signal_is_named(start: Start) -> None:
    running = await start(SLEEP)
    os.kill(running.process.pid, signal.SIGSEGV)
    await running.is_gone()
    assert running.process.describe_exit() == {"exitCode": -11, "signal": "SIGSEGV", "stderr": []}


async def test_while_it_runs_there_is_no_exit_to_describe(start: Start) -> None:
    running = await start("import sys, time; print('up', file=sys.stderr, flush=True); time.sleep(600)")
    await running.until(lambda: running.lines == ["up"])
    assert running.process.describe_exit() == {"stderr": ["up"]}
    assert running.process.exit_code is None


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="what is not waited for can't be known to have ended")
async def test_how_it_ended_is_told_also_where_that_is_late(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    wait = os.waitpid

    def waits_late(pid: int, options: int) -> tuple[int, int]:
        ended = wait(pid, options)
        time.sleep(5 * DRAIN_GRACE)  # as long as a busy machine may hold up the thread that waits
        return ended

    monkeypatch.setattr(os, "waitpid", waits_late)
    running = await start("import sys; sys.stdin.readline(); sys.exit(4)")
    running.process.write(b"go\n")
    await running.is_gone()
    assert running.process.exit_code == 4


async def test_the_end_is_told_once(start: Start) -> None:
    running = await start("pass")
    await running.is_gone()
    await running.stop()
    assert running.gone_count == 1


async def test_an_end_that_was_asked_for_is_not_told(start: Start) -> None:
    running = await start(SLEEP)
    await running.stop(gracefully=False)
    assert running.gone_count == 0


@pytest.mark.parametrize(("descriptor", "closed_stdin"), [(0, True), (1, False)])
async def test_a_closed_pipe_is_an_end(start: Start, descriptor: int, closed_stdin: bool) -> None:
    running = await start(f"import os, time; os.close({descriptor}); time.sleep(600)")
    await running.is_gone()
    assert running.process.exit_code is None
    assert running.process.closed_stdin is closed_stdin


async def test_an_end_is_told_although_a_grandchild_holds_the_pipes(start: Start) -> None:
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}])"
    running = await start(code)
    await running.is_gone()
    assert running.process.exit_code == 0


async def test_of_stderr_the_last_lines_are_kept_and_long_ones_cut(start: Start) -> None:
    code = (
        "import sys\n"
        "for n in range(1000): print('line', n, file=sys.stderr)\n"
        "sys.stderr.write('e' * 10**6 + '\\n')\n"
        "sys.stderr.buffer.write(b'caf\\xe9\\r\\nno newline')"
    )
    running = await start(code)
    await running.is_gone()
    assert len(running.lines) == 1003
    assert len(running.process.tail) == STDERR_TAIL
    *_, before, cut, latin, last = running.process.tail
    assert (before, latin, last) == ("line 999", "caf\ufffd", "no newline")
    assert cut == "e" * STDERR_LINE_LIMIT + " [cut]"


# Writing


async def test_what_is_written_arrives_and_writing_to_the_dead_does_nothing(start: Start) -> None:
    running = await start("import sys; sys.stdout.write(sys.stdin.readline())")
    running.process.write(b"hello\n")
    await running.is_gone()
    assert running.output == b"hello\n"
    running.process.write(b"too late\n")
    assert running.process.unread == 0


async def test_what_it_does_not_read_is_counted_and_blocks_nobody(start: Start) -> None:
    running = await start(SLEEP)
    running.process.write(b"x" * 10**7)
    assert 9 * 10**6 < running.process.unread <= 10**7


# Ending


async def test_it_may_end_by_itself_when_its_stdin_is_closed(start: Start) -> None:
    running = await start("import sys; print('up', file=sys.stderr, flush=True); sys.stdin.read(); sys.exit(5)")
    await running.until(lambda: running.lines == ["up"])
    seconds = await running.stop()
    assert running.process.exit_code == 5
    assert seconds < EXIT_GRACE


async def test_one_that_ignores_the_end_of_its_stdin_is_told_to_end(start: Start) -> None:
    running = await start(SLEEP)
    seconds = await running.stop()
    assert running.process.exit_code == -signal.SIGTERM
    assert EXIT_GRACE <= seconds < EXIT_GRACE + TERM_GRACE + 1


async def test_one_that_ignores_everything_is_killed(start: Start) -> None:
    code = (
        "import signal, sys, time\n"
        "for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(name, signal.SIG_IGN)\n"
        "print('deaf', file=sys.stderr, flush=True)\n"
        "time.sleep(600)"
    )
    running = await start(code)
    await running.until(lambda: running.lines == ["deaf"])
    seconds = await running.stop(gracefully=False)
    assert running.process.exit_code == -signal.SIGKILL
    assert TERM_GRACE <= seconds < TERM_GRACE + 2


async def test_a_stopped_one_is_ended_without_waiting_for_the_last_means(start: Start) -> None:
    running = await start(SLEEP)
    os.kill(running.process.pid, signal.SIGSTOP)
    seconds = await running.stop(gracefully=False)
    assert running.process.exit_code == -signal.SIGTERM
    assert seconds < TERM_GRACE


GRANDCHILD = """
import subprocess, sys, time
streams = None if sys.argv[1] == "holds" else subprocess.DEVNULL
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdout=streams, stderr=streams)
print(child.pid, file=sys.stderr, flush=True)
if sys.argv[2] == "leaves":
    sys.exit()
sys.stdin.read()
"""


@pytest.mark.parametrize("pipes", ["holds", "quiet"])
@pytest.mark.parametrize("parent", ["leaves", "stays"])
@pytest.mark.parametrize("gracefully", [True, False])
async def test_grandchildren_are_ended_with_it(start: Start, pipes: str, parent: str, gracefully: bool) -> None:
    running = await start(GRANDCHILD, pipes, parent)
    await running.until(lambda: bool(running.lines))
    grandchild = int(running.lines[0])
    if parent == "leaves":
        await running.is_gone()
    await running.stop(gracefully=gracefully)
    assert not alive(running.process.pid)
    # Orphans are the test run's own children here (see leaks.py); one that is dead but unread is gone.
    assert not alive(grandchild)


async def test_stopping_is_finished_even_when_it_is_cancelled(start: Start) -> None:
    running = await start(SLEEP)
    stopping = asyncio.create_task(running.process.stop(gracefully=True))
    await asyncio.sleep(0)
    stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)
    assert not alive(running.process.pid)


OUTSIDER = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, file=sys.stderr, flush=True)
import time; time.sleep(600)
"""


async def test_a_pipe_that_a_process_outside_of_the_group_holds_is_let_go_of(start: Start) -> None:
    running = await start(OUTSIDER)
    await running.until(lambda: bool(running.lines))
    outsider = psutil.Process(int(running.lines[0]))
    try:
        before = leaks.descriptors()
        running.process.write(b"x" * 10**6)
        await running.stop(gracefully=False)
        await asyncio.sleep(0.05)
        assert running.process.closed_stdin
        assert len(leaks.descriptors()) < len(before)
    finally:
        outsider.kill()
        outsider.wait()


async def test_stopping_twice_does_no_harm(start: Start) -> None:
    running = await start(SLEEP)
    await asyncio.gather(running.process.stop(gracefully=False), running.process.stop(gracefully=False))
    await running.process.stop(gracefully=True)
    assert not alive(running.process.pid)


async def test_ending_takes_a_bounded_time_whatever_happens(start: Start) -> None:
    """The sum of all graces stays within the five seconds that users are promised for everything."""
    graces = (process_module.EXIT_GRACE, process_module.TERM_GRACE, process_module.KILL_GRACE)
    assert sum(graces) < 5


class Told(Recorder):
    def printed(self, line: str) -> None:
        pass

    def ended(self, error: SidecarError) -> None:
        pass


async def test_an_answer_that_a_server_does_not_read_fails_no_request_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio, "UNREAD_LIMIT", 0)
    told = Told(1)
    channel = stdio.StdioChannel(python(SLEEP), told)
    await channel.open()
    try:
        channel.send({"jsonrpc": "2.0", "id": 1, "result": {}})
        assert told.failures == {}
        assert "The answer to its request 1 was dropped" in told.violations[0]
        channel.send({"jsonrpc": "2.0", "id": 1, "method": "ping"})
        assert list(told.failures) == [1]
    finally:
        await channel.close(gracefully=False)
