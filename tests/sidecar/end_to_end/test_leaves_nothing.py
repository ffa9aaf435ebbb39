"""Nothing of a server is left behind: its whole process group is gone within five seconds, whatever ended it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.observers import gone, until
from tests.sidecar.programs import nasty, raw

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are POSIX")

StartEditor = Callable[..., Awaitable[Editor]]

LIMIT = 5.0
"""Seconds: the promise."""

REPOSITORY = Path(__file__).parents[3]


class Family:
    """A server with a grandchild, and a file that tells their ids, however short they live."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "pids"

    def target(self, mode: str = "trickle", *args: object, stubborn: bool = True, **fields: Json) -> Json:
        """A server in this mode as a target; stubborn is one that ignores all that can be ignored."""
        return nasty(
            mode, *args, "--grandchild", *(["--stubborn"] if stubborn else []), "--pids", str(self._file), **fields
        )

    async def started(self) -> None:
        """Wait until a server has started its grandchild."""

        async def told() -> bool:
            return self._file.exists() and self._file.read_text().endswith("\n")

        await until(told)

    @property
    def pids(self) -> list[int]:
        """The ids of all servers that were started, and their grandchildren."""
        return [int(word) for word in self._file.read_text().split()]

    @property
    def members(self) -> list[psutil.Process]:
        """Those of them that still run."""
        found = []
        for pid in self.pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(pid))
        return found


@pytest.fixture
def family(tmp_path: Path) -> Family:
    """A server with a grandchild: not started, only named."""
    return Family(tmp_path)


@contextlib.asynccontextmanager
async def the_end_of(family: Family, at_least: int = 2) -> AsyncIterator[None]:
    """Hold the block to its promise: once it is left, nothing of the family runs, five seconds after it was entered."""
    started = time.perf_counter()
    try:
        yield
        assert len(family.pids) >= at_least
        assert await gone(family.members, LIMIT - (time.perf_counter() - started))
    finally:
        for each in family.members:
            each.kill()


# In a sidecar that lives on


@pytest.mark.parametrize("stubborn", [False, True], ids=["polite", "stubborn"])
@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
async def test_a_disconnect_leaves_nothing(editor: Editor, family: Family, stubborn: bool, stopped: bool) -> None:
    await editor.connect(**family.target(stubborn=stubborn))
    if stopped:
        os.kill(family.pids[0], signal.SIGSTOP)
    async with the_end_of(family):
        await editor.request("mcp/disconnect")
        assert not psutil.pid_exists(family.pids[0])  # it answers when the server is gone, not before


@pytest.mark.parametrize("mode", ["grandchild-quiet", "grandchild-holds-stdout"])
async def test_grandchildren_that_hold_the_servers_streams_or_not_are_gone(editor: Editor, mode: str) -> None:
    await editor.connect(**nasty(mode))
    grandchild = psutil.Process(int((await editor.call("grandchild"))["content"][0]["text"]))
    await editor.request("mcp/disconnect")
    assert await gone([grandchild], LIMIT)


async def test_a_replaced_server_leaves_nothing(editor: Editor, family: Family) -> None:
    await editor.connect(**family.target())
    async with the_end_of(family):
        await editor.connect(**raw())


async def test_a_crashed_server_leaves_nothing(editor: Editor, family: Family) -> None:
    await editor.connect(**family.target())
    async with the_end_of(family):
        os.kill(family.pids[0], signal.SIGKILL)
        await editor.wait_for_state("failed")


@pytest.mark.parametrize(
    ("mode", "kind", "started"),
    [
        ("exits", "connection_failed", 4),  # once more without the probe
        ("refuses-initialize", "server_error", 2),
        ("old-version", "protocol_error", 2),
    ],
)
async def test_a_failed_connect_leaves_nothing(
    editor: Editor, family: Family, mode: str, kind: str, started: int
) -> None:
    async with the_end_of(family, started):
        with pytest.raises(ResponseError) as failed:
            await editor.connect(**family.target(mode, "--on", "initialize", stubborn=mode != "exits"))
        assert failed.value.kind == kind


@pytest.mark.parametrize("mode", ["hangs", "hangs-unread"])
async def test_a_connect_that_times_out_leaves_nothing(editor: Editor, family: Family, mode: str) -> None:
    async with the_end_of(family):
        with pytest.raises(ResponseError) as timed_out:
            await editor.connect(**family.target(mode, connectTimeout=0.7))
        assert timed_out.value.kind == "timeout"


@pytest.mark.parametrize(
    ("mode", "how"),
    [("hangs", "cancel"), ("hangs", "disconnect"), ("hangs", "another connect"), ("hangs-unread", "cancel")],
)
async def test_an_interrupted_connect_leaves_nothing(editor: Editor, family: Family, mode: str, how: str) -> None:
    request_id, connect = await editor.request_nowait("mcp/connect", family.target(mode))
    await family.started()
    async with the_end_of(family):
        if how == "cancel":
            await editor.cancel(request_id)
        elif how == "disconnect":
            await editor.request("mcp/disconnect")
        else:
            await editor.connect(**raw())
        with pytest.raises(ResponseError) as interrupted:
            await asyncio.wait_for(asyncio.shield(connect), 1)
        assert interrupted.value.code == -32800


# With the sidecar


async def shutdown_and_exit(editor: Editor) -> None:
    """End it as an editor should."""
    await editor.request("shutdown")
    await editor.notify("exit")


async def exit_alone(editor: Editor) -> None:
    """End it as an editor should not."""
    await editor.notify("exit")


async def end_stdin(editor: Editor) -> None:
    """End it as an editor that dies does."""
    await editor.end_stdin()


def by_signal(number: signal.Signals) -> Callable[[Editor], Awaitable[None]]:
    """End it by a signal."""

    async def send(editor: Editor) -> None:
        os.kill(editor.pid, number)

    return send


ENDS = {
    "shutdown and exit": (shutdown_and_exit, 0),
    "exit": (exit_alone, 1),
    "EOF": (end_stdin, 1),
    "SIGTERM": (by_signal(signal.SIGTERM), 0),
    "SIGINT": (by_signal(signal.SIGINT), 0),
    "SIGHUP": (by_signal(signal.SIGHUP), 0),
}


@pytest.mark.parametrize(("end", "code"), ENDS.values(), ids=list(ENDS))
async def test_a_sidecar_that_ends_leaves_nothing(
    start_editor: StartEditor, family: Family, end: Callable[[Editor], Awaitable[None]], code: int
) -> None:
    editor = await start_editor()
    await editor.connect(**family.target())
    async with the_end_of(family):
        await end(editor)
        assert await editor.wait(LIMIT) == code


@pytest.mark.parametrize("end", ["shutdown and exit", "SIGTERM"])
async def test_a_sidecar_that_ends_takes_a_stopped_server_along(
    start_editor: StartEditor, family: Family, end: str
) -> None:
    how, code = ENDS[end]
    editor = await start_editor()
    await editor.connect(**family.target())
    for pid in family.pids:
        os.kill(pid, signal.SIGSTOP)
    async with the_end_of(family):
        await how(editor)
        assert await editor.wait(LIMIT) == code


@pytest.mark.parametrize("end", ["shutdown and exit", "EOF", "SIGTERM"])
async def test_a_sidecar_that_ends_in_a_connect_leaves_nothing(
    start_editor: StartEditor, family: Family, end: str
) -> None:
    how, code = ENDS[end]
    editor = await start_editor()
    _, connect = await editor.request_nowait("mcp/connect", family.target("hangs"))
    await family.started()
    async with the_end_of(family):
        await how(editor)
        assert await editor.wait(LIMIT) == code
    with pytest.raises((ResponseError, ConnectionError)):
        await connect


async def test_the_death_of_the_process_named_by_process_id_leaves_nothing(
    start_editor: StartEditor, family: Family
) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        editor = await start_editor(initialize=False)
        await editor.initialize(params={"processId": parent.pid})
        await editor.connect(**family.target())
        async with the_end_of(family):
            parent.kill()
            await asyncio.to_thread(parent.wait)
            assert await editor.wait(LIMIT) == 1
    finally:
        parent.kill()
        parent.wait()


EDITOR = """
import asyncio, json, sys
from tests.sidecar.harness import Editor

async def main():
    editor = await Editor.start()
    await editor.initialize()
    await editor.connect(**json.loads(sys.argv[1]))
    print(editor.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_editor_leaves_nothing(family: Family) -> None:
    """An editor in a process of its own, killed by SIGKILL: its pipes close, and its id is free."""
    editor = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        EDITOR,
        json.dumps(family.target()),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
    )
    assert editor.stdout is not None
    try:
        async with asyncio.timeout(20):
            sidecar = psutil.Process(int(await editor.stdout.readline()))
        async with the_end_of(family):
            editor.kill()
            await editor.wait()
            assert await gone([sidecar], LIMIT)
    finally:
        with contextlib.suppress(ProcessLookupError):
            editor.kill()
        await editor.communicate()


async def test_a_killed_sidecar_closes_the_servers_stdin_which_ends_a_polite_one(
    start_editor: StartEditor,
) -> None:
    """No program can do more when it is killed by SIGKILL itself."""
    editor = await start_editor()
    await editor.connect(**raw())
    servers = psutil.Process(editor.pid).children(recursive=True)
    assert servers
    editor.kill()
    assert await gone(servers, LIMIT)
