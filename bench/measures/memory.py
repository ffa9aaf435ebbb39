"""Memory of the sidecar's process: when `initialize` is answered, and connected, above a process with FastMCP's Client.

Both are connected to server-everything, whose own process does not count.
"""

from collections.abc import Callable, Sequence
from statistics import median

from bench.editor import Editor
from bench.effort import Effort
from bench.measures.connect import AloneClient
from bench.memory_of import Memory, memory_of
from bench.row import Budget, Row
from bench.servers import EVERYTHING


def measure(effort: Effort) -> list[Row]:
    initialized, connected, alone = [], [], []
    for _ in effort.rounds(4):
        with Editor() as editor:
            editor.initialize()
            initialized.append(memory_of(editor.process.pid))
            editor.notify("initialized", {})
            editor.request("mcp/connect", EVERYTHING.target)
            connected.append(memory_of(editor.process.pid))
        with AloneClient() as client:
            alone.append(memory_of(client.process.pid))
    rows = [
        Row(name="memory, initialize answered (RSS)", unit="MiB", ours=_rss(initialized), budget=Budget("value", 60)),
        _beside("memory, connected (RSS)", _rss, connected, alone),
    ]
    if all(each.pss is not None for each in (*initialized, *connected, *alone)):
        rows += [
            Row(name="  initialize answered (PSS)", unit="MiB", ours=_pss(initialized)),
            _beside("  connected (PSS)", _pss, connected, alone),
        ]
    return rows


def _beside(name: str, of: Callable[[Sequence[Memory]], float], ours: Sequence[Memory], alone: Sequence[Memory]) -> Row:
    return Row(
        name=name,
        unit="MiB",
        ours=of(ours),
        reference=of(alone),
        against="process with FastMCP Client",
        budget=Budget("difference", 25),
    )


def _rss(values: Sequence[Memory]) -> float:
    return median(each.rss for each in values)


def _pss(values: Sequence[Memory]) -> float:
    return median(each.pss or 0.0 for each in values)
