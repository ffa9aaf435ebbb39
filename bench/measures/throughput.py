"""Fifty calls in flight: calls per second over our wire, against FastMCP's Client.

With each answer the next call goes out. Three processes share the cores on our side (editor, sidecar, server), two on
the other (client, server).
"""

import statistics
import time

from bench.direct import Direct
from bench.editor import Editor, result
from bench.effort import Effort
from bench.measures.calls import ARGUMENTS, ECHO, PARAMS, TOOL
from bench.row import Budget, Row, compared
from bench.servers import FASTMCP, RAW, Server

IN_FLIGHT = 50
ROUNDS = 8
BUDGET = Budget("ratio", 1.0, at_least=True)


def measure(effort: Effort) -> list[Row]:
    return [_against(RAW, effort, 1500), _against(FASTMCP, effort, 250), _floor(effort, 1500)]


def _against(server: Server, effort: Effort, usual: int) -> Row:
    count = effort.count(usual)
    ours, reference = [], []
    with Editor.ready() as editor, Direct(server) as direct:
        editor.request("mcp/connect", server.target)
        _per_second(editor, count)
        direct.call_many(count, IN_FLIGHT, TOOL, ARGUMENTS)
        for _ in effort.rounds(ROUNDS):
            ours.append(_per_second(editor, count))
            reference.append(count / direct.call_many(count, IN_FLIGHT, TOOL, ARGUMENTS))
    return compared(f"calls/s, {IN_FLIGHT} in flight, {server.name}", "/s", ours, reference, "FastMCP Client", BUDGET)


def _floor(effort: Effort, usual: int) -> Row:
    count = effort.count(usual)
    with Editor(ECHO) as echo:
        _per_second(echo, count)
        per_second = statistics.median(_per_second(echo, count) for _ in effort.rounds(ROUNDS))
    return Row(name="  floor: the bench's client and an echo program", unit="/s", ours=per_second)


def _per_second(editor: Editor, count: int) -> float:
    started = time.perf_counter()
    for _ in range(min(IN_FLIGHT, count)):
        editor.send("mcp/tools/call", PARAMS)
    sent, answered = min(IN_FLIGHT, count), 0
    while answered < count:
        message = editor.receive()
        if "id" not in message:
            continue
        result(message)
        answered += 1
        if sent < count:
            editor.send("mcp/tools/call", PARAMS)
            sent += 1
    return count / (time.perf_counter() - started)
