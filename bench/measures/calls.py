"""One call in flight: `mcp/tools/call` over our wire, against FastMCP's `Client.call_tool` in its own process.

Ours takes two more hops between processes: the editor's request to the sidecar, and its answer. The floor is what they
cost when nothing is done between them. The processor time is that of the process which holds the MCP client, and hardly
depends on what else the machine does.
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
    return [*_against(RAW, effort, 300), *_against(FASTMCP, effort, 60), _floor(effort, 300)]


def _against(server: Server, effort: Effort, usual: int) -> list[Row]:
    count = effort.count(usual)
    ours, reference = [], []
    processor = processor_reference = 0.0
    with Editor.ready() as editor, Direct(server) as direct:
        editor.request("mcp/connect", server.target)
        _median(editor, count)  # the tools are listed, the code is warm
        direct.call(count, TOOL, ARGUMENTS)
        for _ in effort.rounds(ROUNDS):
            before = editor.processor_time()
            ours.append(_median(editor, count))
            between = direct.processor_time()
            processor += editor.processor_time() - before
            reference.append(statistics.median(direct.call(count, TOOL, ARGUMENTS)))
            processor_reference += direct.processor_time() - between
    name = f"tools/call p50, 1 in flight, {server.name}"
    calls = count * len(ours)
    return [
        compared(name, "ms", ours, reference, "FastMCP Client", BUDGET, scale=1e3),
        Row(
            name="  processor time per call: sidecar, client",
            unit="ms",
            ours=processor / calls * 1e3,
            reference=processor_reference / calls * 1e3,
            against="FastMCP Client",
        ),
    ]


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
