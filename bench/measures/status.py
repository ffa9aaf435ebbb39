"""`mcp/status` with fifty calls in flight: once with calls that wait in the server, once with calls at full speed.

At full speed the sidecar, the server and the bench's client are all busy: each answered call is followed by the next,
each status by the next status. The reference is the same exchange with an echo program, one after the other: what the
machine, the pipes and the bench's client take by themselves.
"""

import time

from bench.editor import Editor, result
from bench.effort import Effort
from bench.measures.calls import ECHO, PARAMS
from bench.measures.throughput import IN_FLIGHT
from bench.row import Budget, Row, quantile
from bench.servers import RAW

BUDGET = Budget("value", 5)
PATIENCE = 3600
"""Seconds that the waiting calls would take; they are cancelled long before."""


def measure(effort: Effort) -> list[Row]:
    count = effort.count(1000)
    with Editor.ready() as editor:
        editor.request("mcp/connect", RAW.target)
        _busy(editor, count // 10)
        busy = _busy(editor, count)
        waiting = _waiting(editor, count)
        # Measured next to each other, since the largest times are mostly the machine's.
        with Editor(ECHO) as echo:
            floor = _one_by_one(echo, count)
    rows = []
    for share, label in ((0.99, f"mcp/status p99, {IN_FLIGHT} calls"), (0.5, "  p50, calls")):
        rows += [
            Row(
                name=f"{label} waiting in the server",
                unit="ms",
                ours=quantile(waiting, share) * 1e3,
                reference=quantile(floor, share) * 1e3,
                against="echo program, idle",
                budget=BUDGET if share > 0.5 else None,
            ),
            Row(
                name=f"{label} at full speed",
                unit="ms",
                ours=quantile(busy, share) * 1e3,
                budget=BUDGET if share > 0.5 else None,
            ),
        ]
    return rows


def _waiting(editor: Editor, count: int) -> list[float]:
    calls = [
        editor.send("mcp/tools/call", {"name": "slow", "arguments": {"seconds": PATIENCE}}) for _ in range(IN_FLIGHT)
    ]
    while editor.request("mcp/status")["inFlight"] < IN_FLIGHT:
        pass
    times = _one_by_one(editor, count)
    for call in calls:
        editor.notify("$/cancelRequest", {"id": call})
    open_calls = set(calls)
    while open_calls:
        open_calls.discard(editor.receive().get("id"))
    editor.pushed.clear()
    return times


def _one_by_one(editor: Editor, count: int) -> list[float]:
    times = []
    for _ in range(count):
        started = time.perf_counter()
        editor.request("mcp/status")
        times.append(time.perf_counter() - started)
    return times


def _busy(editor: Editor, count: int) -> list[float]:
    """One status after the other, while each answered call is followed by the next."""
    times: list[float] = []
    calls = {editor.send("mcp/tools/call", PARAMS) for _ in range(IN_FLIGHT)}
    started = time.perf_counter()
    status = editor.send("mcp/status")
    while calls or len(times) < count:
        message = editor.receive()
        message_id = message.get("id")
        if message_id == status:
            times.append(time.perf_counter() - started)
            result(message)
            if len(times) < count:
                started = time.perf_counter()
                status = editor.send("mcp/status")
        elif message_id in calls:
            calls.remove(message_id)
            result(message)
            if len(times) < count:
                calls.add(editor.send("mcp/tools/call", PARAMS))
    return times
