"""Start-up: from spawning the program until `initialize` is answered, against a stock pygls server."""

import sys
import time
from collections.abc import Sequence

from bench.editor import SIDECAR, Editor
from bench.effort import Effort
from bench.row import Budget, Row, compared
from bench.servers import PROGRAMS

HELLO = (sys.executable, str(PROGRAMS / "pygls_hello.py"))


def measure(effort: Effort) -> list[Row]:
    ours, reference = [], []  # each: seconds on the clock, seconds of processor time
    for command in (SIDECAR, HELLO):
        _start(command)  # the first reads the disk
    for _ in effort.rounds(15):
        ours.append(_start(SIDECAR))
        reference.append(_start(HELLO))
    (clock, processor), (reference_clock, reference_processor) = zip(*ours, strict=True), zip(*reference, strict=True)
    against = "pygls hello-world"
    return [
        compared(
            "spawn → initialize answered", "ms", clock, reference_clock, against, Budget("ratio", 1.15), scale=1e3
        ),
        compared("  its processor time", "ms", processor, reference_processor, against, scale=1e3),
    ]


def _start(command: Sequence[str]) -> tuple[float, float]:
    with Editor(command) as editor:
        editor.initialize()
        return time.perf_counter() - editor.started, editor.processor_time()
