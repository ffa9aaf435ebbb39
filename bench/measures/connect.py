"""Connecting to server-everything over stdio, against FastMCP's own Client with the same command.

Warm: both sides have imported all they need, and the clock runs from asking to connect until connected, over our wire
on our side. Cold: both begin as a program that is not running; the clock runs from the spawn. The server gets the same
environment from both.
"""

import subprocess
import sys
import time
from typing import Self

from bench.direct import Direct
from bench.editor import Editor
from bench.effort import Effort
from bench.row import Budget, Row, compared
from bench.servers import EVERYTHING, PROGRAMS


def measure(effort: Effort) -> list[Row]:
    return [_warm(effort), _cold(effort)]


def _warm(effort: Effort) -> Row:
    ours, reference = [], []
    with Editor.ready() as editor:
        _connect(editor)  # imports the MCP stack
        _connect_directly()
        for _ in effort.rounds(12):
            ours.append(_connect(editor))
            reference.append(_connect_directly())
    name = "connect to server-everything, stdio, warm"
    return compared(name, "ms", ours, reference, "FastMCP Client", Budget("ratio", 1.05), scale=1e3)


def _cold(effort: Effort) -> Row:
    ours, reference = [], []
    for _ in effort.rounds(4):
        ours.append(_connect_cold())
        reference.append(_connect_alone())
    return compared(
        "  spawn → initialize → connected, cold", "ms", ours, reference, "program with FastMCP Client", scale=1e3
    )


def _connect(editor: Editor) -> float:
    started = time.perf_counter()
    editor.request("mcp/connect", EVERYTHING.target)
    seconds = time.perf_counter() - started
    editor.request("mcp/disconnect")
    editor.pushed.clear()
    return seconds


def _connect_directly() -> float:
    direct = Direct(EVERYTHING)
    try:
        return direct.connect()
    finally:
        direct.close()


def _connect_cold() -> float:
    with Editor.ready() as editor:
        editor.request("mcp/connect", EVERYTHING.target)
        return time.perf_counter() - editor.started


def _connect_alone() -> float:
    with AloneClient() as alone:
        return alone.seconds


class AloneClient:
    """A process that runs FastMCP's Client alone, connected to server-everything."""

    def __init__(self) -> None:
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAMS / "client_alone.py"), *EVERYTHING.argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.seconds = time.perf_counter() - started
        """From the spawn until connected."""
        if line != b"connected\n":
            self.__exit__()
            raise EOFError("FastMCP's Client did not connect")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
