"""Serving: from the first byte to the exit code.

Everything that ends a session (`exit`, the end of the stream, a broken stream, a signal, the editor's death) sets one
event; then the same steps follow, each under a time limit: requests in flight are answered as cancelled, the caller's
cleanup runs, what is queued for the client goes out.

The exit code is 0 when the end was asked for properly: after `shutdown`, or by a signal, which is how several editors
end their servers (coc, vim-lsp, ALE, eglot). It is 1 otherwise: `exit` or the end of the stream without `shutdown`
(LSP 3.17, "Exit Notification"), the editor's death, a stream out of step, a client that does not read.
"""

import asyncio
import contextlib
import enum
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO, NoReturn

import attrs

from mcp_sidecar.defects import log_defect
from mcp_sidecar.wire.frames import MAX_MESSAGE_BYTES
from mcp_sidecar.wire.inbox import open_inbox
from mcp_sidecar.wire.outbox import MAX_WAITING_BYTES, Outbox
from mcp_sidecar.wire.parent import wait_for_death
from mcp_sidecar.wire.server import WireServer
from mcp_sidecar.wire.signals import handle_signals
from mcp_sidecar.wire.stdio import claim_stdio

log = logging.getLogger(__name__)

STOP_TIMEOUT = 5.0
"""Default of the seconds between the reason to stop and the end of the process."""

_DRAIN_SHARE = 0.2
"""Part of the stop timeout that is kept for writing out what is queued."""


class _Fault(enum.Enum):
    """Whose fault it is that the session ends."""

    NONE = "asked for by a signal"
    CLIENT = "proper only after shutdown"
    WIRE = "never proper"


@attrs.frozen
class _End:
    """Why the session ends."""

    reason: str
    fault: _Fault

    def exit_code(self, *, after_shutdown: bool) -> int:
        if self.fault is _Fault.WIRE:
            return 1
        return 0 if after_shutdown or self.fault is _Fault.NONE else 1


class _Session:
    """Waits for the first reason to end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[_End] = self._loop.create_future()
        self._parent_watch: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()

    async def wait(self) -> _End:
        return await self._end

    def end(self, reason: str, fault: _Fault) -> None:
        if not self._end.done():
            self._end.set_result(_End(reason, fault))

    def exit_came(self) -> None:
        self.end("the client sent exit", _Fault.CLIENT)

    def signal_came(self, name: str) -> None:
        self.end(name, _Fault.NONE)

    def stream_ended(self, error: Exception | None) -> None:
        if error is None:
            self.end("the client closed the stream", _Fault.CLIENT)
        else:
            self.end(f"the stream from the client is broken: {error}", _Fault.WIRE)

    def client_lost(self, reason: str) -> None:
        """Take the outbox's report, on any thread."""
        self._from_thread(self.end, reason, _Fault.WIRE)

    def outbox_ended(self) -> None:
        """Take the outbox's report, on its thread."""
        self._from_thread(self._drained.set)

    def _from_thread(self, call: Callable[..., None], *args: Any) -> None:
        # A blocked write may outlive the loop; then nobody is left to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *args)

    async def drained(self, timeout: float) -> bool:
        """Wait, at most this many seconds, until nothing more is written. Return whether that is so."""
        try:
            async with asyncio.timeout(timeout):
                await self._drained.wait()
        except TimeoutError:
            return False
        return True

    def watch_parent(self, pid: int | None) -> None:
        if pid is not None:
            self._parent_watch = asyncio.ensure_future(wait_for_death(pid))
            self._parent_watch.add_done_callback(self._parent_ended)

    def _parent_ended(self, watch: "asyncio.Task[None]") -> None:
        if watch.cancelled():
            return
        if (exc := watch.exception()) is not None:
            log_defect(log, "the editor's process can no longer be watched", exc)
        else:
            self.end("the editor's process is gone", _Fault.CLIENT)

    async def close(self) -> None:
        if self._parent_watch is not None:
            self._parent_watch.cancel()
            await asyncio.wait({self._parent_watch})


async def serve(
    server: WireServer,
    reader: BinaryIO,
    writer: BinaryIO,
    *,
    on_stop: Callable[[], Awaitable[None]],
    stop_timeout: float = STOP_TIMEOUT,
    max_message_bytes: int = MAX_MESSAGE_BYTES,
    max_waiting_bytes: int = MAX_WAITING_BYTES,
) -> int:
    """Serve one client until the session ends.

    Parameters:
        server: Made by `create_server`; serves once.
        reader: Binary stream from the client, not read from yet. A thread may stay blocked in it after the return.
        writer: Binary stream to the client. Neither stream is closed.
        on_stop: The cleanup. It also runs after, or even during, the one that `shutdown` started: it must bear that.
        stop_timeout: Seconds from the reason to stop to the return.
        max_message_bytes: A longer message from the client is refused.
        max_waiting_bytes: When more than this waits to be read by the client, the session ends.

    Returns:
        The exit code of the process; see the module's description.
    """
    session = _Session()
    outbox = Outbox(writer, session.client_lost, session.outbox_ended, max_waiting_bytes)
    protocol = server.protocol
    protocol.outbox = outbox
    protocol.on_exit = session.exit_came
    protocol.on_parent = session.watch_parent
    with handle_signals(session.signal_came):
        inbox = open_inbox(reader, protocol.handle_frame, session.stream_ended, max_message_bytes)
        end = await session.wait()
        code = end.exit_code(after_shutdown=protocol.is_shut_down)
        log.log(logging.INFO if code == 0 else logging.ERROR, "stopping: %s", end.reason)
        inbox.close()
        await session.close()
        await _clean_up(server, on_stop, stop_timeout * (1 - _DRAIN_SHARE))
        outbox.close()
        if not await session.drained(stop_timeout * _DRAIN_SHARE) or outbox.lost_something:
            log.warning("the client did not read all that was sent to it")
    return code


async def _clean_up(server: WireServer, on_stop: Callable[[], Awaitable[None]], timeout: float) -> None:
    """Both at once: a handler may wait for what `on_stop` ends, and `on_stop` must not wait for a slow handler."""
    stopping = asyncio.ensure_future(_call(on_stop))
    closing = asyncio.ensure_future(server.protocol.close(timeout))
    done, late = await asyncio.wait({stopping, closing}, timeout=timeout)
    for task in late:
        task.cancel()
    if stopping in late:
        log.error("the cleanup was not done within %g s", timeout)
    for task in done:
        if not task.cancelled() and (exc := task.exception()) is not None:
            log_defect(log, "the cleanup failed", exc)


async def _call(hook: Callable[[], Awaitable[None]]) -> None:
    await hook()


def run(
    server: WireServer,
    *,
    on_stop: Callable[[], Awaitable[None]],
    stop_timeout: float = STOP_TIMEOUT,
    max_message_bytes: int = MAX_MESSAGE_BYTES,
) -> NoReturn:
    """Serve on the process's stdin and stdout, and end the process."""
    reader, writer = claim_stdio()

    async def main() -> NoReturn:
        code = 1
        try:
            code = await serve(
                server,
                reader,
                writer,
                on_stop=on_stop,
                stop_timeout=stop_timeout,
                max_message_bytes=max_message_bytes,
            )
        except Exception as defect:  # noqa: BLE001 - the process ends in any case, with its exit code
            log_defect(log, "serving failed", defect)
        finally:
            # Neither the thread that is blocked in a read nor a task that refuses to be cancelled may keep the process.
            logging.shutdown()
            if sys.stderr is not None:
                sys.stderr.flush()
            os._exit(code)

    asyncio.run(main())
    raise AssertionError("unreachable: main() ends the process")
