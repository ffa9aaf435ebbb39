"""Cycles of connect, call and disconnect with one sidecar: what is left behind. The first ones are warm-up."""

import json
import signal
import sys
import tempfile
from pathlib import Path

import attrs
import psutil

from bench.editor import Editor
from bench.effort import Effort
from bench.measures.calls import PARAMS
from bench.memory_of import memory_of
from bench.row import Budget, Row
from bench.servers import PROGRAMS, RAW

CYCLES = 200
WARM_UP = 20
NOTHING = Budget("difference", 0)


@attrs.frozen
class Left:
    """What a sidecar has, between two cycles."""

    descriptors: int
    threads: int
    tasks: int
    processes: int
    """Its own children and theirs, and servers of its that outlived it."""
    objects: int
    rss: float


class CountedSidecar(Editor):
    """A sidecar that tells the number of its tasks and objects."""

    def __init__(self, report: Path) -> None:
        self._report = report
        self._reports = 0
        super().__init__((sys.executable, str(PROGRAMS / "counted_sidecar.py"), str(report)))

    def left(self, marker: str) -> Left:
        process = psutil.Process(self.process.pid)
        counts = self._counts()
        return Left(
            descriptors=process.num_fds(),
            threads=process.num_threads(),
            tasks=counts["tasks"],
            processes=len(process.children(recursive=True)) + _orphans(marker),
            objects=counts["objects"],
            rss=memory_of(process.pid).rss,
        )

    def _counts(self) -> dict[str, int]:
        """Ask by signal; `mcp/status` is answered on the same thread, thus after the signal was handled."""
        self._reports += 1
        self.process.send_signal(signal.SIGUSR1)
        while True:
            self.request("mcp/status")
            lines = self._report.read_text().splitlines() if self._report.exists() else []
            if len(lines) >= self._reports:
                counts: dict[str, int] = json.loads(lines[-1])
                return counts


def measure(effort: Effort) -> list[Row]:
    count = effort.count(CYCLES)
    warm_up = max(2, count * WARM_UP // CYCLES)
    with tempfile.TemporaryDirectory() as folder, CountedSidecar(Path(folder) / "counts") as sidecar:
        marker = Path(folder).name
        sidecar.initialize()
        sidecar.notify("initialized", {})
        target = {"command": RAW.command, "args": [*RAW.args, "--name", marker]}
        for _ in range(warm_up):
            _cycle(sidecar, target)
        before = sidecar.left(marker)
        for _ in range(count - warm_up):
            _cycle(sidecar, target)
        after = sidecar.left(marker)
    rows = [
        Row(
            name=f"{count} cycles: {name}",
            unit="",
            ours=getattr(after, name),
            reference=getattr(before, name),
            against=f"after {warm_up} cycles",
            budget=NOTHING,
        )
        for name in ("descriptors", "tasks", "threads", "processes")
    ]
    against = f"after {warm_up} cycles"
    return [
        *rows,
        Row(
            name=f"{count} cycles: memory (RSS)",
            unit="MiB",
            ours=after.rss,
            reference=before.rss,
            against=against,
            budget=Budget("ratio", 1.05),
        ),
        Row(
            name="  Python objects (thousands)",
            unit="",
            ours=after.objects / 1000,
            reference=before.objects / 1000,
            against=against,
        ),
    ]


def _cycle(sidecar: Editor, target: object) -> None:
    sidecar.request("mcp/connect", target)
    sidecar.request("mcp/tools/call", PARAMS)
    sidecar.request("mcp/disconnect")
    sidecar.pushed.clear()


def _orphans(marker: str) -> int:
    """Servers of ours whose parent is gone."""
    own = psutil.Process()
    children = {child.pid for child in own.children(recursive=True)}
    return sum(
        marker in (process.info["cmdline"] or ()) and process.pid not in children
        for process in psutil.process_iter(["cmdline"])
    )
