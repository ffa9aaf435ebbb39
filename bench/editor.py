"""`Editor`: the lean client at the other end of the wire. It blocks on pipes, so that little of a time is its own."""

import itertools
import json
import os
import re
import select
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

Json = Any
"""Whatever JSON can say."""

SIDECAR = (str(Path(sysconfig.get_path("scripts")) / "mcp-sidecar"),)
"""The command that an editor starts."""

ANSWER_TIMEOUT = 60.0
"""Seconds of silence after which the other side counts as hung."""

EXIT_TIMEOUT = 10.0
"""Seconds that the other side gets to end."""

_CHUNK = 256 * 1024
_LENGTH = re.compile(rb"Content-Length: (\d+)\r\n")
_INITIALIZE = {"processId": os.getpid(), "rootUri": None, "capabilities": {}, "clientInfo": {"name": "bench"}}


class Failed(Exception):
    """A request was answered with an error."""


class Editor:
    """A child process that speaks LSP's base protocol, and one thread that speaks it back."""

    def __init__(self, command: Sequence[str] = SIDECAR) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, bufsize=0
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in = self.process.stdin.fileno()
        self._out = self.process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._buffer = bytearray()
        self._ids = itertools.count(1)
        self.pushed: list[tuple[float, Json]] = []
        """Notifications that came while something else was waited for, with the time they were read at."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def ready(cls, command: Sequence[str] = SIDECAR) -> Self:
        """Start a sidecar and shake hands."""
        editor = cls(command)
        editor.initialize()
        editor.notify("initialized", {})
        return editor

    # Messages

    def send(self, method: str, params: Json = None) -> int:
        """Send a request without waiting; gives its id."""
        request_id = next(self._ids)
        self._write({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})
        return request_id

    def notify(self, method: str, params: Json = None) -> None:
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: Json = None) -> Json:
        """Send a request and return its result; one at a time.

        Raises:
            Failed: It was answered with an error.
        """
        return self.answer(self.send(method, params))

    def answer(self, request_id: int) -> Json:
        """Wait for the answer to a request; pushes that come before are kept."""
        while True:
            message = self.receive()
            if message.get("id") == request_id and "method" not in message:
                return result(message)
            self._keep(message)

    def receive(self) -> Json:
        """The next message, of whatever kind."""
        return json.loads(self.receive_frame())

    def push(self, method: str, matches: Callable[[Json], bool]) -> tuple[float, Json]:
        """Wait for a notification, among those kept or to come; gives the time it was read at, and its params."""
        while True:
            while self.pushed:
                at, message = self.pushed.pop(0)
                if message["method"] == method and matches(message["params"]):
                    return at, message["params"]
            self._keep(self.receive())

    def _keep(self, message: Json) -> None:
        if "id" not in message:
            self.pushed.append((time.perf_counter(), message))

    # Bytes

    def receive_frame(self) -> bytearray:
        """The body of the next frame, read and not parsed."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._buffer += self._read(_CHUNK)
        found = _LENGTH.match(self._buffer)
        assert found is not None, f"no frame: {bytes(self._buffer[:200])!r}"
        size = int(found[1])
        body = self._buffer[end + 4 : end + 4 + size]
        del self._buffer[: end + 4 + size]
        while len(body) < size:
            body += self._read(min(_CHUNK, size - len(body)))
        return body

    def _read(self, size: int) -> bytes:
        if not self._poll.poll(ANSWER_TIMEOUT * 1000):
            raise TimeoutError(f"nothing came for {ANSWER_TIMEOUT:g} s{self._last_words()}")
        data = os.read(self._out, size)
        if not data:
            raise EOFError(f"{self.process.args!r} ended{self._last_words()}")
        return data

    def _write(self, message: Json) -> None:
        body = json.dumps(message, separators=(",", ":")).encode()
        view = memoryview(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        while view:
            view = view[os.write(self._in, view) :]

    def _last_words(self) -> str:
        self._stderr.seek(0)
        words = self._stderr.read()[-2000:].decode(errors="replace")
        return f"; its stderr ends with:\n{words}" if words else ""

    # Life

    def processor_time(self) -> float:
        """Seconds of processor time that the other side has used."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def initialize(self) -> Json:
        return self.request("initialize", _INITIALIZE)

    def close(self) -> None:
        """Shut down as an editor should; whatever is not gone in time is killed."""
        try:
            if self.process.poll() is None:
                self.request("shutdown")
                self.notify("exit")
                self.process.wait(EXIT_TIMEOUT)
        except (EOFError, BrokenPipeError, TimeoutError, Failed, subprocess.TimeoutExpired) as error:
            print(f"bench: {self.process.args!r} did not shut down: {error}", file=sys.stderr)
        finally:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout, self._stderr):
                if stream is not None:
                    stream.close()


def result(message: Json) -> Json:
    """The result in an answer.

    Raises:
        Failed: It is an error.
    """
    if "error" in message:
        raise Failed(str(message["error"])[:2000])
    return message["result"]
