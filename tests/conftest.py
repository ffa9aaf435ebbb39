"""What all tests share: nothing may be left behind, and the programs that tests start are ended."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from tests.sidecar import leaks
from tests.sidecar.harness import Editor
from tests.sidecar.programs import HttpServer

leaks.adopt_orphans()


@pytest.fixture(autouse=True)
def nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a process, a thread, a descriptor or a task behind."""
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
    """Start sidecars: `await start_editor(*arguments, env=…, cwd=…, folder=…, **options)`; they are ended, and checked.

    The options become `initializationOptions.mcp`. `initialize=False` leaves the handshake to the test.
    """
    editors: list[Editor] = []

    async def start(
        *args: str, env: Any = None, cwd: Any = None, folder: Any = None, initialize: bool = True, **options: Any
    ) -> Editor:
        editor = await Editor.start(*args, env=env, cwd=cwd)
        editors.append(editor)
        if initialize:
            await editor.initialize(folder=folder, **options)
        return editor

    yield start
    results = await asyncio.gather(*(editor.close() for editor in editors), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


@pytest.fixture
async def editor(start_editor: Callable[..., Awaitable[Editor]]) -> Editor:
    """A running sidecar with the handshake done and default settings."""
    return await start_editor()


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
