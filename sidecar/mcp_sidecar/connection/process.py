"""The server under test as a child process, in a process group of its own so that nothing of it is left behind."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from mcp_sidecar.connection.errors import ConnectionFailed
from mcp_sidecar.connection.lines import LineSplitter
from mcp_sidecar.connection.target import StdioEndpoint

STDERR_TAIL = 20
"""Lines of stderr that an error shows: a Python traceback's end fits."""

STDERR_LINE_LIMIT = 8192
"""Bytes of one stderr line; what is longer is cut."""

EXIT_GRACE = 1.5
"""Seconds a server has to end by itself once its stdin is closed (MCP, "Lifecycle: Shutdown: stdio")."""

TERM_GRACE = 1.0
"""Seconds a server has after SIGTERM before SIGKILL."""

KILL_GRACE = 2.0
"""Seconds for the operating system to report a killed process; only an unkillable one takes them."""

DRAIN_GRACE = 0.1
"""Seconds after an exit in which the rest of its output may still arrive, when another process holds the pipes."""


_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
"""Terminal control sequences (ECMA-48: CSI and OSC): colours that an editor's log would show as noise."""


class ServerProcess(asyncio.SubprocessProtocol):
    """A running server. Start it with `start()`, end it with `stop()`."""

    def __init__(
        self,
        *,
        on_output: Callable[[bytes], None],
        on_stderr: Callable[[str], None],
        on_gone: Callable[[], None],
    ) -> None:
        """
        Args:
            on_output: called with each chunk of its stdout, and with b"" at the end.
            on_stderr: called with each line of its stderr.
            on_gone: called once, when it exited or closed its stdin or stdout, and its last output was read.
        """
        self._on_output = on_output
        self._on_stderr = on_stderr
        self._on_gone = on_gone
        self._stderr = LineSplitter(STDERR_LINE_LIMIT, self._stderr_line, self._overlong_stderr_line)
        self._started = False
        """Until `start()` has returned there is nobody to tell; when it is cancelled, asyncio ends the process."""
        self._open_pipes = {0, 1, 2}
        self._gone_told = False
        self._exited = asyncio.Event()
        self._gone_timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.SubprocessTransport
        self.tail: deque[str] = deque(maxlen=STDERR_TAIL)
        """The last lines of its stderr."""

    @classmethod
    async def start(
        cls,
        endpoint: StdioEndpoint,
        *,
        on_output: Callable[[bytes], None],
        on_stderr: Callable[[str], None],
        on_gone: Callable[[], None],
    ) -> "ServerProcess":
        """Start the program of `endpoint`. See the constructor for the callbacks.

        Raises:
            ConnectionFailed: it can't be started; says why.
        """
        loop = asyncio.get_running_loop()
        process = cls(on_output=on_output, on_stderr=on_stderr, on_gone=on_gone)
        options: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        try:
            process._transport, _ = await loop.subprocess_exec(
                lambda: process,
                endpoint.program,
                *endpoint.args,
                env=dict(endpoint.env),
                cwd=endpoint.cwd,
                **options,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ConnectionFailed(
                f"The server's program {endpoint.program!r} could not be started: {reason}.",
                suggestion="Check that the program exists, is executable, and that its working directory exists.",
                details={"command": endpoint.program, "cwd": endpoint.cwd, "reason": reason},
            ) from error
        process._started = True
        loop.call_soon(process._consider_gone)
        return process

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its process group."""
        return self._transport.get_pid()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._transport.get_returncode()

    def write(self, data: bytes) -> None:
        """Queue `data` for its stdin; never blocks, and does nothing once that is closed."""
        stdin = self._stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(data)

    @property
    def unread(self) -> int:
        """Bytes it was sent but has not read."""
        return 0 if self._stdin is None else self._stdin.get_write_buffer_size()

    @property
    def closed_stdin(self) -> bool:
        """Whether it will read nothing any more."""
        return 0 not in self._open_pipes

    def describe_exit(self) -> dict[str, Any]:
        """What is known of its end, for the details of an error."""
        details: dict[str, Any] = {"stderr": list(self.tail)}
        if (code := self.exit_code) is not None:
            details["exitCode"] = code
            if code < 0:
                with contextlib.suppress(ValueError):
                    details["signal"] = signal.Signals(-code).name
        return details

    async def stop(self, *, gracefully: bool) -> None:
        """End it and every process it started in its group; returns when they are gone.

        Args:
            gracefully: close its stdin and give it EXIT_GRACE; else it is told to end at once.
        """
        if self._gone_timer is not None:
            self._gone_timer.cancel()
        self._gone_told = True
        try:
            if gracefully:
                self._close_stdin()
                await self._exits_within(EXIT_GRACE)
            if self.exit_code is None or self._group_alive():
                await self._terminate_group()
                self._close_stdin()
                await self._ends_within(TERM_GRACE)
        finally:
            if self.exit_code is None or self._group_alive():
                self._kill_group()
            await self._exits_within(KILL_GRACE)
            if self._stdin is not None and self.unread:
                self._stdin.abort()  # a close waits for a reader, and one outside of the group may hold the pipe
            self._transport.close()

    # asyncio.SubprocessProtocol

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._on_output(data)
        else:
            self._stderr.feed(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd not in self._open_pipes:
            return
        self._open_pipes.discard(fd)
        if fd == 1:
            self._on_output(b"")
        elif fd == 2:
            self._stderr.flush()
        self._consider_gone()

    def process_exited(self) -> None:
        self._exited.set()
        self._consider_gone()

    # details

    @property
    def _stdin(self) -> asyncio.WriteTransport | None:
        pipe = self._transport.get_pipe_transport(0)
        return pipe if isinstance(pipe, asyncio.WriteTransport) else None

    def _close_stdin(self) -> None:
        if self._stdin is not None:
            self._stdin.close()

    def _stderr_line(self, line: bytes) -> None:
        text = _ESCAPES.sub("", line.decode("utf-8", "replace")).rstrip("\r")
        self.tail.append(text)
        self._on_stderr(text)

    def _overlong_stderr_line(self, head: bytes, size: int) -> None:
        self._stderr_line(head + b" [cut]")

    def _consider_gone(self) -> None:
        """Tell the end: at once when all is read, else after a moment, because a grandchild may hold the pipes."""
        if not self._started or self._gone_told or (self._open_pipes >= {0, 1} and not self._exited.is_set()):
            return
        if not self._open_pipes & {1, 2} and self._exited.is_set():
            self._tell_gone()
        elif self._gone_timer is None:
            self._gone_timer = asyncio.get_running_loop().call_later(DRAIN_GRACE, self._drained)

    def _drained(self) -> None:
        if not self._exited.is_set() and self._has_ended():
            # How it ended is on its way, by a thread of asyncio's that a busy machine may hold up.
            self._gone_timer = asyncio.get_running_loop().call_later(DRAIN_GRACE, self._drained)
        else:
            self._tell_gone()

    def _tell_gone(self) -> None:
        if not self._gone_told:
            self._gone_told = True
            if self._gone_timer is not None:
                self._gone_timer.cancel()
            self._on_gone()

    async def _exits_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._exited.wait()

    async def _ends_within(self, seconds: float) -> None:
        """Wait until the process and its group are gone, or the time is over."""
        await self._exits_within(seconds)
        deadline = asyncio.get_running_loop().time() + seconds / 2
        while self._group_alive() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)

    if sys.platform == "win32":

        def _group_alive(self) -> bool:
            return False

        async def _terminate_group(self) -> None:
            """End the server and what it started.

            Windows can neither ask a program without a window to end, nor end a group. taskkill walks the tree from
            parent to child, so it must run while the server lives: what a server leaves behind that ended by itself
            can't be found any more.
            """
            taskkill: asyncio.subprocess.Process | None = None
            try:
                async with asyncio.timeout(TERM_GRACE / 2):
                    taskkill = await asyncio.create_subprocess_exec(
                        *("taskkill", "/T", "/F", "/PID", str(self.pid)),
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                        creationflags=subprocess.CREATE_NO_WINDOW,
                    )
                    await taskkill.wait()
            except OSError:  # it is missing, or takes too long: the server alone is killed, below
                pass
            finally:
                if taskkill is not None and taskkill.returncode is None:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        taskkill.kill()

        def _kill_group(self) -> None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                self._transport.kill()

        def _has_ended(self) -> bool:
            return False  # its end is told by a handle, without a thread between

    else:

        def _group_alive(self) -> bool:
            try:
                os.killpg(self.pid, 0)
            except ProcessLookupError:
                return False
            except PermissionError:  # macOS says so of a group of zombies
                return False
            return True

        async def _terminate_group(self) -> None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGTERM)
                os.killpg(self.pid, signal.SIGCONT)  # a stopped process gets no other signal

        def _kill_group(self) -> None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

        def _has_ended(self) -> bool:
            """Whether the process has ended, also where nobody has waited for it yet."""
            if sys.platform == "darwin":
                return False  # Python has no waitid there before 3.13
            try:
                return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            except ChildProcessError:
                return True  # waited for already
