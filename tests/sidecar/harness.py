"""`Editor`: an LSP client that starts the sidecar as a program and watches every byte of the wire.

Raw on purpose: no LSP library is between a test and what the sidecar really sends.
"""

import asyncio
import contextlib
import inspect
import itertools
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import psutil

Json = Any
"""Whatever JSON can say."""

STOP_TIMEOUT = 10.0
"""Seconds that the sidecar gets to end, cleanup included, before the harness calls it hung."""

REQUEST_TIMEOUT = 20.0
"""Seconds that an answer may take where a test says nothing else."""

CONNECT_TIMEOUT = 45.0
"""Seconds that a connect may take: the first one waits for the import of the MCP stack, long on a busy machine."""

EVENT_TIMEOUT = 10.0
"""Seconds that a notification may take where a test says nothing else."""


LATER: Json = object()
"""What a function of `Editor.answers` returns when the test answers by itself, or never."""


class ResponseError(Exception):
    """The sidecar answered with an error."""

    def __init__(self, code: int, message: str, data: Json = None) -> None:
        super().__init__(f"{code} {message} {data if data is not None else ''}".strip())
        self.code = code
        self.message = message
        self.data = data

    @property
    def kind(self) -> str | None:
        """`data.kind`, where there is one."""
        return self.data.get("kind") if isinstance(self.data, dict) else None


@attrs.frozen
class Notification:
    """A notification as it arrived."""

    method: str
    params: Json
    at: float
    """`time.perf_counter()` when it was read."""


class Editor:
    """Holds one sidecar process and speaks LSP to it; made by `Editor.start`, ended by `close`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.notifications: list[Notification] = []
        """Everything that was pushed, in order."""
        self.requests: list[Json] = []
        """Every request that the sidecar sent, as it came."""
        self.answers: dict[str, Callable[[Json], Json]] = {}
        """How to answer the sidecar's requests: method to a function of the params, which may be asynchronous and may
        raise a `ResponseError`, or return `LATER`; the rest is answered with null."""
        self.violations: list[str] = []
        """What the sidecar did that no LSP server may do; `close` fails on them."""
        self._stderr = bytearray()
        self._ids = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Json]] = {}
        self._answered: set[int] = set()
        self._news = asyncio.Condition()
        self.reads = asyncio.Event()
        """Cleared, the editor reads no more: the sidecar's stdout fills."""
        self.reads.set()
        self._killed = False
        self._answering: set[asyncio.Future[None]] = set()
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._read_stderr())]

    @classmethod
    async def start(
        cls, *args: str, env: Mapping[str, str] | None = None, cwd: Path | str | None = None, program: str | None = None
    ) -> "Editor":
        """Start the sidecar; `env` is added to the tests' own environment."""
        command = [program] if program else [sys.executable, "-m", "mcp_sidecar"]
        own = {key: value for key, value in os.environ.items() if not key.startswith(("MCP_", "FASTMCP_"))}
        process = await asyncio.create_subprocess_exec(
            *command,
            *args,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # The keyring of whoever runs the tests is not theirs.
            env=own
            | {"NO_PROXY": "127.0.0.1,localhost", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
            | dict(env or {}),
            cwd=cwd,
        )
        return cls(process)

    # Life

    @property
    def pid(self) -> int:
        """The sidecar's process id."""
        return self.process.pid

    @property
    def stderr(self) -> str:
        """What the sidecar has written to stderr."""
        return self._stderr.decode(errors="replace")

    async def initialize(self, *, folder: Path | None = None, params: Json = None, **mcp: Json) -> Json:
        """Shake hands; the keywords become `initializationOptions.mcp`, `params` are added to those of `initialize`."""
        result = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "clientInfo": {"name": "harness", "version": "1"},
                "rootUri": None,
                "capabilities": {},
                "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}] if folder else None,
                "initializationOptions": {"mcp": mcp},
            }
            | (params or {}),
        )
        await self.notify("initialized", {})
        return result

    async def shutdown(self) -> int:
        """End the session as an editor should; gives the exit code."""
        await self.request("shutdown")
        await self.notify("exit")
        return await self.wait()

    async def wait(self, timeout: float = STOP_TIMEOUT) -> int:
        """Wait until the sidecar has ended; gives the exit code."""
        async with asyncio.timeout(timeout):
            return await self.process.wait()

    async def end_stdin(self) -> None:
        """Close the sidecar's stdin, as an editor that dies does."""
        if self.process.stdin is not None:
            self.process.stdin.close()
            with contextlib.suppress(OSError):
                await self.process.stdin.wait_closed()

    def kill(self) -> None:
        """Kill the sidecar; what it owes is no violation then."""
        self._killed = True
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def close(self) -> None:
        """End the sidecar if it still runs, and fail if it broke a rule on the way."""
        hung = False
        if self.process.returncode is None:
            try:
                async with asyncio.timeout(STOP_TIMEOUT):
                    await self._end()
            except TimeoutError:
                hung = True
                self.kill()
                await self.process.wait()
        await self.end_stdin()
        await self._finish_reading()
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        if hung:
            raise AssertionError(f"the sidecar did not end within {STOP_TIMEOUT} s; stderr:\n{self.stderr[-4000:]}")
        if self._pending and not self._killed:
            self.violations.append(f"never answered: requests {sorted(self._pending)}")
        for future in self._pending.values():
            future.cancel()
        assert not self.violations, "\n".join([*self.violations, "stderr:", self.stderr[-4000:]])

    def forget(self) -> None:
        """Forget what was pushed so far."""
        self.notifications.clear()
        self.requests.clear()
        self.answers.clear()

    async def reset(self) -> None:
        """Disconnect, and fail if the sidecar owes an answer, kept a process, or broke a rule."""
        await self.request("mcp/disconnect")
        _, unanswered = await asyncio.wait(self._pending.values(), timeout=5) if self._pending else ((), ())
        assert not unanswered, f"never answered: {len(unanswered)} requests"
        async with asyncio.timeout(STOP_TIMEOUT):
            # A process that is cleaned up in the background raises no event here.
            while psutil.Process(self.pid).children(recursive=True):
                await asyncio.sleep(0.02)
        assert not self.violations, "\n".join([*self.violations, "stderr:", self.stderr[-4000:]])

    async def _end(self) -> None:
        """Ask properly first; a session that was never initialized, or is shut down, refuses and gets `exit` alone."""
        with contextlib.suppress(ResponseError, ConnectionError):
            await self.request("shutdown", timeout=STOP_TIMEOUT)
        with contextlib.suppress(ConnectionError):
            await self.notify("exit")
        await self.process.wait()

    async def _finish_reading(self) -> None:
        """Read what is left; whoever still holds the pipes after a while is not waited for."""
        _, late = await asyncio.wait(self._tasks, timeout=2)
        for task in late:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        if late:
            self.violations.append("something still holds the sidecar's stdout or stderr")
        for result in results:
            if isinstance(result, Exception):
                raise result
        transport: asyncio.SubprocessTransport = self.process._transport  # type: ignore[attr-defined]
        transport.close()

    # Talking

    async def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        await self.process.stdin.drain()

    async def send(self, message: Json) -> None:
        """Send one message in its frame."""
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        await self.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def notify(self, method: str, params: Json = None) -> None:
        """Send a notification."""
        await self.send({"jsonrpc": "2.0", "method": method} | ({} if params is None else {"params": params}))

    async def request_nowait(self, method: str, params: Json = None) -> tuple[int, asyncio.Future[Json]]:
        """Send a request; gives its id and the future of its answer."""
        request_id = next(self._ids)
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda done: None if done.cancelled() else done.exception())
        self._pending[request_id] = future
        message = {"jsonrpc": "2.0", "id": request_id, "method": method}
        await self.send(message | ({} if params is None else {"params": params}))
        return request_id, future

    async def request(self, method: str, params: Json = None, timeout: float = REQUEST_TIMEOUT) -> Json:
        """Send a request and wait for its result; raises `ResponseError`."""
        _, future = await self.request_nowait(method, params)
        async with asyncio.timeout(timeout):
            return await asyncio.shield(future)

    async def cancel(self, request_id: int) -> None:
        """Cancel a request; its answer still comes."""
        await self.notify("$/cancelRequest", {"id": request_id})

    def answer(self, request: Json, result: Json) -> None:
        """Answer a request of the sidecar that was left for later."""
        self._write_answer(request, {"result": result})

    async def wait_for_request(self, method: str, timeout: float = EVENT_TIMEOUT) -> Json:
        """The first request of this method that the sidecar sent, or will."""
        try:
            async with asyncio.timeout(timeout), self._news:
                while True:
                    for request in self.requests:
                        if request["method"] == method:
                            return request
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {method} within {timeout} s; seen: {self.requests[-5:]}") from None

    # The sidecar's own methods, for short

    async def connect(self, timeout: float = CONNECT_TIMEOUT, **target: Json) -> Json:
        """`mcp/connect`: gives the status."""
        return await self.request("mcp/connect", target, timeout=timeout)

    async def call(self, name: str, timeout: float = REQUEST_TIMEOUT, **arguments: Json) -> Json:
        """`mcp/tools/call`: gives the tool's result."""
        return await self.request("mcp/tools/call", {"name": name, "arguments": arguments}, timeout=timeout)

    async def flawless(self, method: str, params: Json = None, timeout: float = REQUEST_TIMEOUT) -> Json:
        """Send the MCP request `method`, whose result must have no problems."""
        result = await self.request(f"mcp/{method}", params, timeout=timeout)
        problems = result["_meta"].get("mcp-sidecar/problems")
        assert problems is None, problems
        return result

    async def refused(self, method: str, params: Json = None, timeout: float = REQUEST_TIMEOUT) -> ResponseError:
        """Send a request that must fail; gives the error."""
        try:
            result = await self.request(method, params, timeout=timeout)
        except ResponseError as error:
            return error
        raise AssertionError(f"{method} succeeded: {result}")

    async def status(self) -> Json:
        """`mcp/status`."""
        return await self.request("mcp/status")

    # Listening

    @property
    def statuses(self) -> list[Json]:
        """Every status that was pushed, in order."""
        return [each.params for each in self.notifications if each.method == "mcp/didChangeStatus"]

    @property
    def logs(self) -> list[Json]:
        """Every `mcp/didLog` that was pushed, in order."""
        return [each.params for each in self.notifications if each.method == "mcp/didLog"]

    def notified(self, method: str) -> list[Json]:
        """The params of all notifications of the server with this MCP method, without `notifications/`."""
        return [each.params for each in self.notifications if each.method == f"mcp/notifications/{method}"]

    async def wait_for(
        self,
        method: str,
        predicate: Callable[[Json], bool] = lambda _: True,
        timeout: float = EVENT_TIMEOUT,
        since: int = 0,
    ) -> Json:
        """The params of the first matching notification, among those from number `since` on, or still to come."""
        position = since
        try:
            async with asyncio.timeout(timeout), self._news:
                while True:
                    while position < len(self.notifications):
                        each = self.notifications[position]
                        position += 1
                        if each.method == method and predicate(each.params):
                            return each.params
                    if self._tasks[0].done():
                        raise AssertionError(f"the sidecar ended before a matching {method}; stderr:\n{self.stderr}")
                    await self._news.wait()
        except TimeoutError:
            seen = [each.params for each in self.notifications[since:] if each.method == method]
            raise AssertionError(f"no matching {method} within {timeout} s; seen: {seen[-5:]}") from None

    async def wait_for_state(self, state: str, timeout: float = EVENT_TIMEOUT, since: int = 0) -> Json:
        """The first pushed status in this state, among notifications from number `since` on."""
        return await self.wait_for("mcp/didChangeStatus", lambda status: status["state"] == state, timeout, since)

    def mark(self) -> int:
        """The number that the next notification will have: for `since`."""
        return len(self.notifications)

    # Reading

    async def _read(self) -> None:
        assert self.process.stdout is not None
        try:
            while (body := await self._read_frame(self.process.stdout)) is not None:
                self._receive(body)
                await self.reads.wait()
                async with self._news:
                    self._news.notify_all()
        finally:
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(ConnectionResetError(f"the sidecar has ended; stderr:\n{self.stderr[-4000:]}"))
            async with self._news:
                self._news.notify_all()

    async def _read_frame(self, stream: asyncio.StreamReader) -> bytes | None:
        """The body of the next frame; None at the end, or when the stream is out of step."""
        length = None
        first = True
        while line := await stream.readline():
            if line == b"\r\n" and not first:
                break
            name, colon, value = line.partition(b":")
            if not colon or not line.endswith(b"\r\n") or name not in {b"Content-Length", b"Content-Type"}:
                self.violations.append(f"no header: {line[:200]!r}")
                return None
            if name == b"Content-Length":
                length = int(value)
            first = False
        else:
            return None
        if length is None:
            self.violations.append("a frame without Content-Length")
            return None
        try:
            return await stream.readexactly(length)
        except asyncio.IncompleteReadError as error:
            if not self._killed:
                self.violations.append(f"a frame cut short after {len(error.partial)} of {length} bytes")
            return None

    def _receive(self, body: bytes) -> None:
        try:
            message = json.loads(body, parse_constant=self._refuse_constant)
        except ValueError as error:
            self.violations.append(f"no JSON ({error}): {body[:200]!r}")
            return
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self.violations.append(f"no JSON-RPC 2.0: {body[:200]!r}")
        elif "method" not in message:
            self._receive_answer(message)
        elif "id" in message:
            self.requests.append(message)
            self._answer(message)
        else:
            self.notifications.append(Notification(message["method"], message.get("params"), time.perf_counter()))

    def _answer(self, request: Json) -> None:
        """Answer a request of the sidecar: at once, or when an asynchronous handler is done."""
        handler = self.answers.get(request["method"])
        try:
            result = None if handler is None else handler(request.get("params"))
        except ResponseError as error:
            self._write_error(request, error)
            return
        if result is LATER:
            return
        if not inspect.isawaitable(result):
            self._write_answer(request, {"result": result})
            return
        task = asyncio.ensure_future(self._answer_later(request, result))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer_later(self, request: Json, result: Awaitable[Json]) -> None:
        try:
            self._write_answer(request, {"result": await result})
        except ResponseError as error:
            self._write_error(request, error)
        except Exception as error:  # noqa: BLE001 - what a test's handler raises must fail the test, wherever it runs
            self.violations.append(f"the handler of {request['method']} failed: {error!r}")
            self._write_answer(request, {"error": {"code": -32603, "message": repr(error)}})

    def _write_error(self, request: Json, error: ResponseError) -> None:
        data = {} if error.data is None else {"data": error.data}
        self._write_answer(request, {"error": {"code": error.code, "message": error.message, **data}})

    def _write_answer(self, request: Json, outcome: Json) -> None:
        frame = json.dumps({"jsonrpc": "2.0", "id": request["id"], **outcome}).encode()
        if self.process.stdin is not None and not self.process.stdin.is_closing():
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(frame) + frame)

    def _receive_answer(self, message: Json) -> None:
        request_id = message.get("id")
        if request_id in self._answered:
            self.violations.append(f"answered twice: request {request_id}")
        elif request_id not in self._pending:
            if request_id is not None:  # A null id answers what could not be read.
                self.violations.append(f"an answer to nothing: {str(message)[:200]}")
        elif ("result" in message) == ("error" in message):
            self.violations.append(f"neither result nor error, or both: {str(message)[:200]}")
        else:
            self._answered.add(request_id)
            future = self._pending.pop(request_id)
            if future.done():
                return
            if "error" in message:
                error = message["error"]
                future.set_exception(ResponseError(error["code"], error["message"], error.get("data")))
            else:
                future.set_result(message["result"])

    @staticmethod
    def _refuse_constant(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    async def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        while chunk := await self.process.stderr.read(65536):
            self._stderr += chunk
