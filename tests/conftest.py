"""What all tests share: nothing may be left behind, and the programs that tests start are ended."""

import asyncio
import gc
import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from mcp_sidecar.connection.state_directory import state_directory
from tests.at_once import AT_ONCE
from tests.sidecar import leaks
from tests.sidecar.harness import Editor
from tests.sidecar.programs import HttpServer

leaks.adopt_orphans()

# Machines are shared and slow now and then: an example's time says nothing.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--no-skips`: a run in which a test was skipped fails."""
    parser.addoption("--no-skips", action="store_true", help="fail if a test is skipped")


def pytest_collection_finish() -> None:
    """Keep what is imported out of the search for garbage after each test, which takes 0.15 s with it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say what `-n auto` means."""
    return AT_ONCE


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a run with skipped tests into a failure, if that was asked for."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if reporter and skipped and session.config.getoption("--no-skips") and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"\n{len(skipped)} skipped, and --no-skips was given", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def last_arguments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Provide the file in which sidecars keep the last arguments; it is not that of whoever runs the tests.

    But on Windows and macOS, where its place can't be changed without that of much else.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        directory = state_directory(os.environ)
        assert directory is not None
        yield directory / "arguments.json"


@pytest.fixture(scope="session", autouse=True)
async def running_loop() -> None:
    """Make the loop that all tests run on, so that its descriptors belong to no test."""


@pytest.fixture(autouse=True)
def nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a process, a thread, a descriptor or a task behind."""
    if "editor" in request.fixturenames:
        request.getfixturevalue("lasting_editor")  # started before the count, since it stays
    processes, threads, descriptors = leaks.processes(), leaks.threads(), leaks.descriptors()
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("no_task_is_left")
    yield
    left = leaks.leaked_threads(threads)
    if request.node.get_closest_marker("leaves_processes") is None:
        left += leaks.leaked_processes(processes)
    left += leaks.leaked_descriptors(descriptors)
    assert not left, "left behind:\n" + "\n".join(left)


@pytest.fixture
async def no_task_is_left() -> AsyncIterator[None]:
    """Fail an asynchronous test that leaves a task behind."""
    before = asyncio.all_tasks()
    yield
    left = await leaks.leaked_tasks(before)
    assert not left, "left behind:\n" + "\n".join(left)


@pytest.fixture
async def start_editor() -> AsyncIterator[Callable[..., Awaitable[Editor]]]:
    """Start sidecars: `await start_editor(*arguments, env=…, cwd=…, program=…, folder=…, **options)`.

    They are ended, and checked.
    The options become `initializationOptions.mcp`. `initialize=False` leaves the handshake to the test.
    """
    editors: list[Editor] = []

    async def start(
        *args: str,
        env: Any = None,
        cwd: Any = None,
        program: str | None = None,
        folder: Any = None,
        initialize: bool = True,
        **options: Any,
    ) -> Editor:
        editor = await Editor.start(*args, env=env, cwd=cwd, program=program)
        editors.append(editor)
        if initialize:
            await editor.initialize(folder=folder, **options)
        return editor

    yield start
    results = await asyncio.gather(*(editor.close() for editor in editors), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


@pytest.fixture(scope="session")
async def lasting_editors() -> AsyncIterator[list[Editor]]:
    """Hold the sidecar that tests share, at most one; it is ended after the last test."""
    editors: list[Editor] = []
    yield editors
    for editor in editors:
        await editor.close()


@pytest.fixture
async def lasting_editor(lasting_editors: list[Editor]) -> Editor:
    """Provide the shared sidecar, alive."""
    if not lasting_editors:
        editor = await Editor.start()
        lasting_editors.append(editor)
        await editor.initialize()
    return lasting_editors[0]


@pytest.fixture
async def editor(lasting_editor: Editor, lasting_editors: list[Editor], last_arguments: Path) -> AsyncIterator[Editor]:
    """Provide a sidecar with the handshake done and default settings, not connected.

    It is shared by the tests, one after the other; what they did with it is undone and forgotten in between. A test
    that ends the sidecar, or gives it settings, starts its own by `start_editor`.
    """
    lasting_editor.forget()
    last_arguments.unlink(missing_ok=True)
    yield lasting_editor
    try:
        await lasting_editor.reset()
    except BaseException:
        lasting_editors.clear()
        lasting_editor.kill()
        await lasting_editor.close()
        raise


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[HttpServer], Awaitable[HttpServer]]]:
    """Start HTTP servers: `server = await serve(good_http("sse"))`; they are killed in the end."""
    servers: list[HttpServer] = []

    async def start(server: HttpServer) -> HttpServer:
        servers.append(server)
        return await server.start_async()

    yield start
    for server in servers:
        server.close()
