"""A program that serves a few methods on stdio; tests run it as an editor would.

It tells what it does on stderr, one word a line, and beats once every 50 ms into the file that is its argument.
"""

import asyncio
import ctypes
import os
import sys
import threading
from pathlib import Path
from typing import Any

from mcp_sidecar.wire.methods import Method, Notification
from mcp_sidecar.wire.payload import Raw
from mcp_sidecar.wire.serve import run
from mcp_sidecar.wire.server import Hooks, create_server


def tell(word: str) -> None:
    os.write(2, f"{word}\n".encode())


async def echo(params: Raw) -> Raw:
    return params


async def stray(params: Raw) -> None:
    """Write to stdout in every way that a library might."""
    print("stray print")
    sys.__stdout__.write("stray text\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]
    os.write(1, b"stray bytes\n")
    if sys.platform != "win32":
        ctypes.CDLL(None).puts(b"stray C")
        ctypes.CDLL(None).fflush(None)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import sys; print('stray child', len(sys.stdin.read()))"
    )
    await child.wait()


async def flood(params: Raw) -> None:
    for _ in range(params.value):
        server.notify("t/raw", Raw("x" * 1024 * 1024))
    tell("flooded")


async def wait() -> None:
    tell("waiting")
    try:
        await asyncio.Event().wait()
    finally:
        tell("cancelled")


async def hang(params: Raw) -> None:
    """Hold a thread that is no daemon: the process must end all the same."""
    threading.Thread(target=threading.Event().wait).start()


async def beat() -> None:
    for number in range(10**9):
        Path(sys.argv[1]).write_text(str(number))
        await asyncio.sleep(0.05)


beating: list[asyncio.Task[None]] = []


async def on_initialized() -> None:
    if len(sys.argv) > 1:
        beating.append(asyncio.ensure_future(beat()))


async def on_stop() -> None:
    for task in beating:
        task.cancel()
    tell("stopped")


table: dict[Method, Any] = {
    Method("t/echo", Raw, Raw): echo,
    Method("t/stray", Raw, None): stray,
    Method("t/flood", Raw, None): flood,
    Method("t/wait", None, None): wait,
    Method("t/hang", Raw, None): hang,
}
server = create_server(
    name="tiny",
    version="1",
    methods=table,
    handlers={method.name: handler for method, handler in table.items()},
    notifications=[Notification("t/raw", Raw)],
    hooks=Hooks(on_initialized=on_initialized),
)

if __name__ == "__main__":
    run(server, on_stop=on_stop)
