"""Loss: an idle stdio server is killed; until `mcp/didChangeStatus` says `failed`.

The reference is what a plain reader of the server's pipe could know at the earliest: its end.
"""

import os
import select
import signal
import statistics
import subprocess
import time

from bench.editor import Editor
from bench.effort import Effort
from bench.row import Budget, Row, quantile
from bench.servers import RAW


def measure(effort: Effort) -> list[Row]:
    ours, reference = [], []
    with Editor.ready() as editor:
        for _ in effort.rounds(50):
            ours.append(_kill(editor) * 1e3)
            reference.append(_kill_directly() * 1e3)
    return [
        Row(
            name=f"idle server killed → failed, p99 of {len(ours)}",
            unit="ms",
            ours=quantile(ours, 0.99),
            reference=quantile(reference, 0.99),
            against="end of the pipe",
            budget=Budget("value", 50),
        ),
        Row(
            name="  p50",
            unit="ms",
            ours=statistics.median(ours),
            reference=statistics.median(reference),
            against="end of the pipe",
        ),
    ]


def _kill(editor: Editor) -> float:
    editor.request("mcp/connect", RAW.target)
    answer = editor.request("mcp/tools/call", {"name": "pid", "arguments": {}})
    # Statistics are pushed late; the server is idle once they say so.
    editor.push("mcp/didChangeStatus", lambda status: status["statistics"]["toolsCalled"] and not status["inFlight"])
    editor.pushed.clear()
    killed = time.perf_counter()
    os.kill(int(answer["content"][0]["text"]), signal.SIGKILL)
    at, _ = editor.push("mcp/didChangeStatus", lambda status: status["state"] == "failed")
    editor.request("mcp/disconnect")  # forgets the statistics
    editor.pushed.clear()
    return at - killed


def _kill_directly() -> float:
    with subprocess.Popen(RAW.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        process.stdout.readline()
        poll = select.poll()
        poll.register(process.stdout.fileno(), select.POLLIN)
        killed = time.perf_counter()
        process.kill()
        poll.poll(10_000)
        return time.perf_counter() - killed
