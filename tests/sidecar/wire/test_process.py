"""The whole program, as an editor starts and ends it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sidecar.wire.harness import LIMIT, frame, read_message

SCRIPT = Path(__file__).with_name("tiny_server.py")
ROOT = Path(__file__).parents[3]
STOP_LIMIT = 5.0
"""Seconds that the program may take to end, whatever the reason."""

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


class Program:
    """The program as a child; reads block, so a watchdog kills it when the test takes too long."""

    def __init__(self, *args: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT / "sidecar"), "PYTHONUNBUFFERED": "1"},
        )
        self._lines: list[str] = []
        self._heard = threading.Condition()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self._watchdog = threading.Timer(3 * LIMIT, self.process.kill)
        self._watchdog.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._heard:
                self._lines.append(line.decode().rstrip())
                self._heard.notify_all()

    def said(self, text: str) -> None:
        """Wait until a line of stderr contains this."""
        with self._heard:
            assert self._heard.wait_for(lambda: any(text in line for line in self._lines), LIMIT), self._lines

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Any) -> None:
        self.send_bytes(frame(message))

    def receive(self) -> Any:
        return read_message(self.process.stdout)  # type: ignore[arg-type]

    def request(self, method: str, params: Any = None, msg_id: int = 1) -> Any:
        self.send({"jsonrpc": "2.0", "id": msg_id, "method": method, "params": params})
        answer = self.receive()
        assert answer["id"] == msg_id, answer
        return answer

    def initialize(self, process_id: int | None = None) -> "Program":
        self.request("initialize", {"processId": process_id, "capabilities": {}})
        self.send({"jsonrpc": "2.0", "method": "initialized", "params": {}})
        return self

    def exit_code(self) -> int:
        """Wait for the end, which must come within the limit and after the cleanup."""
        started = time.monotonic()
        code = self.process.wait(STOP_LIMIT)
        assert time.monotonic() - started < STOP_LIMIT
        self._listener.join(LIMIT)
        assert self._lines.count("stopped") == 1, self._lines
        return code

    def close(self) -> None:
        self._watchdog.cancel()
        self.process.kill()
        self.process.wait()
        self._listener.join()
        self._watchdog.join()
        for stream in self.process.stdin, self.process.stdout, self.process.stderr:
            try:
                stream.close()  # type: ignore[union-attr]
            except BrokenPipeError:
                continue  # what was still buffered for a program that is gone


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """Starts the program; it is killed at the end of the test, should it still run."""
    programs: list[Program] = []

    def start(*args: str) -> Program:
        programs.append(Program(*args))
        return programs[-1]

    yield start
    for program in programs:
        program.close()


Start = Callable[..., Program]


def test_shutdown_and_exit_end_with_0_while_stdin_stays_open(start: Start) -> None:
    program = start().initialize()
    assert program.request("shutdown")["result"] is None
    program.send({"jsonrpc": "2.0", "method": "exit"})
    assert program.exit_code() == 0


def test_exit_alone_ends_with_1(start: Start) -> None:
    program = start().initialize()
    program.send({"jsonrpc": "2.0", "method": "exit"})
    assert program.exit_code() == 1


def test_the_end_of_stdin_cleans_up(start: Start) -> None:
    program = start().initialize()
    program.send({"jsonrpc": "2.0", "id": 9, "method": "t/wait"})
    program.said("waiting")
    program.process.stdin.close()  # type: ignore[union-attr]
    assert program.exit_code() == 1
    program.said("cancelled")


@posix_only
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_cleans_up_and_ends_with_0(start: Start, name: str) -> None:
    program = start().initialize()
    program.send({"jsonrpc": "2.0", "id": 9, "method": "t/wait"})
    program.said("waiting")
    program.process.send_signal(getattr(signal, name))
    assert program.exit_code() == 0
    program.said("cancelled")
    answer = program.receive()
    assert (answer["id"], answer["error"]["code"]) == (9, -32800)
    assert program.receive() is None


@posix_only
def test_a_signal_before_initialize_cleans_up(start: Start) -> None:
    program = start()
    assert program.request("t/echo")["error"]["code"] == -32002
    program.process.send_signal(signal.SIGTERM)
    assert program.exit_code() == 0


def test_the_death_of_the_editor_cleans_up_while_stdin_stays_open(start: Start) -> None:
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        program = start().initialize(editor.pid)
        assert program.request("t/echo", 1)["result"] == 1
    finally:
        editor.kill()
        editor.wait()
        editor.stdin.close()  # type: ignore[union-attr]
    assert program.exit_code() == 1


def test_a_wrong_content_length_ends_with_1_and_a_clear_line(start: Start) -> None:
    program = start().initialize()
    program.send_bytes(b'Content-Length: 10\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"t/echo"}\r\n\r\n')
    assert program.receive()["error"]["code"] == -32700
    assert program.exit_code() == 1
    program.said("the stream from the client is broken")
    program.said("Content-Length")


def test_nothing_stray_reaches_the_wire(start: Start) -> None:
    program = start().initialize()
    assert program.request("t/stray", 1)["result"] is None
    assert program.request("t/echo", 2)["result"] == 2
    for text in "stray print", "stray text", "stray bytes", "stray child 0":
        program.said(text)
    if sys.platform != "win32":
        program.said("stray C")


def test_work_goes_on_while_the_client_does_not_read(start: Start, tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    program = start(str(heartbeat)).initialize()
    assert program.request("t/echo", 1)["result"] == 1
    program.send({"jsonrpc": "2.0", "id": 9, "method": "t/flood", "params": 50})
    program.said("flooded")
    seen = _beats(heartbeat, 0)
    assert _beats(heartbeat, seen + 3) > seen
    assert sum(program.receive().get("method") == "t/raw" for _ in range(51)) == 50


def _beats(heartbeat: Path, at_least: int) -> int:
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        text = heartbeat.read_text() if heartbeat.exists() else ""
        if text and int(text) >= at_least:
            return int(text)
        time.sleep(0.01)
    raise AssertionError(f"the loop stands still before beat {at_least}")


@posix_only
def test_a_client_that_does_not_read_cannot_keep_the_process(start: Start) -> None:
    program = start().initialize()
    program.send({"jsonrpc": "2.0", "id": 9, "method": "t/flood", "params": 50})
    program.said("flooded")
    program.process.send_signal(signal.SIGTERM)
    assert program.exit_code() == 0


def test_a_thread_that_does_not_end_cannot_keep_the_process(start: Start) -> None:
    program = start().initialize()
    program.request("t/hang")
    program.send({"jsonrpc": "2.0", "method": "exit"})
    assert program.exit_code() == 1


def test_a_message_over_the_default_limit_is_refused_and_the_program_lives(start: Start) -> None:
    program = start().initialize()
    head = b'{"jsonrpc":"2.0","id":5,"method":"t/echo","params":"'
    program.send_bytes(b"Content-Length: %d\r\n\r\n" % (len(head) + 65 * 1024 * 1024) + head)
    for _ in range(65):
        program.send_bytes(b"x" * 1024 * 1024)
    answer = program.receive()
    assert (answer["id"], answer["error"]["code"]) == (5, -32600)
    assert str(64 * 1024 * 1024) in answer["error"]["message"]
    assert program.request("t/echo", 2)["result"] == 2


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_child_of_the_server_does_not_inherit_the_wire(start: Start) -> None:
    program = start().initialize()
    targets = {
        fd.name: os.readlink(fd)
        for fd in Path(f"/proc/{program.process.pid}/fd").iterdir()
        if fd.name in {"0", "1", "2"}
    }
    assert targets["0"] == os.devnull
    assert targets["1"] == targets["2"]


def test_the_wire_imports_no_mcp() -> None:
    code = (
        "import sys, mcp_sidecar.wire.serve, mcp_sidecar.wire.server;"
        "print([m for m in sys.modules if m.split('.')[0] in ('mcp', 'fastmcp', 'httpx')"
        " or m.startswith(('mcp_sidecar.connection', 'mcp_sidecar.server'))])"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "sidecar")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "[]"
