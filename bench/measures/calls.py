"""One call in flight: `mcp/tools/call` over our wire, against FastMCP's `Client.call_tool` in its own process.

Ours takes two more hops between processes: the editor's request to the sidecar, and its answer. The floor is what they
cost when nothing is done between them.
"""

import statistics
import sys
import time

from bench.direct import Direct
from bench.editor import Editor
from bench.effort import Effort
from bench.row import Budget, Row, compared
from bench.servers import FASTMCP, PROGRAMS, RAW, Server

ECHO = (sys.executable, str(PROGRAMS / "echo.py"))
TOOL = "echo"
ARGUMENTS = {"text": "hello"}
PARAMS = {"name": TOOL, "arguments": ARGUMENTS}
BUDGET = Budget("ratio", 1.0)
ROUNDS = 10


def measure(effort: Effort) -> list[Row]:
    return [_against(RAW, effort, 300), _against(FASTMCP, effort, 60), _floor(effort, 300)]


def _against(server: Server, effort: Effort, usual: int) -> Row:
    count = effort.count(usual)
    ours, reference = [], []
    with Editor.ready() as editor, Direct(server) as direct:
        editor.request("mcp/connect", server.target)
        _median(editor, count)  # the tools are listed, the code is warm
        direct.call(count, TOOL, ARGUMENTS)
        for _ in effort.rounds(ROUNDS):
            ours.append(_median(editor, count))
            reference.append(statistics.median(direct.call(count, TOOL, ARGUMENTS)))
    name = f"tools/call p50, 1 in flight, {server.name}"
    return compared(name, "ms", ours, reference, "FastMCP Client", BUDGET, scale=1e3)


def _floor(effort: Effort, usual: int) -> Row:
    count = effort.count(usual)
    with Editor(ECHO) as echo:
        _median(echo, count)
        seconds = statistics.median(_median(echo, count) for _ in effort.rounds(ROUNDS))
    return Row(name="  floor: the bench's client and an echo program", unit="ms", ours=seconds * 1e3)


def _median(editor: Editor, count: int) -> float:
    times = []
    for _ in range(count):
        started = time.perf_counter()
        editor.request("mcp/tools/call", PARAMS)
        times.append(time.perf_counter() - started)
    editor.pushed.clear()
    return statistics.median(times)
