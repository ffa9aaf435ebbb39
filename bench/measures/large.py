"""A tool's result of 10 MB of text over stdio, against reading and parsing the same line with asyncio and json alone.

The clock starts when the call is sent. It stops a first time when the client has the whole frame (the reference: the
line) in memory, and a second time when that is parsed. The server's own work is in both.
"""

import json
import time

from bench.editor import Editor, result
from bench.effort import Effort
from bench.plain import Plain
from bench.row import Budget, Row, compared
from bench.servers import RAW

SIZE = 10_000_000
TOOL = "big"
ARGUMENTS = {"bytes": SIZE}
AGAINST = "asyncio + json"


def measure(effort: Effort) -> list[Row]:
    read, parsed, reference_read, reference_parsed = [], [], [], []
    with Editor.ready() as editor, Plain(RAW) as plain:
        editor.request("mcp/connect", RAW.target)
        _call(editor)
        plain.call(TOOL, ARGUMENTS)
        for _ in effort.rounds(12):
            ours, reference = _call(editor), plain.call(TOOL, ARGUMENTS)
            read.append(ours[0])
            parsed.append(ours[1])
            reference_read.append(reference[0])
            reference_parsed.append(reference[1])
    budget = Budget("ratio", 2.0)
    return [
        compared("10 MB result, until the client parsed it", "ms", parsed, reference_parsed, AGAINST, budget, 1e3),
        compared("  until its frame was read, against parsed", "ms", read, reference_parsed, AGAINST, budget, 1e3),
        compared("  until its frame was read, against read", "ms", read, reference_read, AGAINST, scale=1e3),
    ]


def _call(editor: Editor) -> tuple[float, float]:
    started = time.perf_counter()
    editor.send("mcp/tools/call", {"name": TOOL, "arguments": ARGUMENTS})
    frame = editor.receive_frame()
    while len(frame) < SIZE:  # a status that was pushed meanwhile
        if b'"id"' in frame[:64]:
            result(json.loads(frame))
        frame = editor.receive_frame()
    read = time.perf_counter() - started
    message = json.loads(frame)
    seconds = time.perf_counter() - started
    assert len(result(message)["content"][0]["text"]) == SIZE
    return read, seconds
