"""The measures, by the name that `--only` takes: each is a function from an `Effort` to rows of the table."""

from collections.abc import Callable, Mapping

from bench.effort import Effort
from bench.measures import calls, connect, cycles, large, lists, loss, memory, startup, status, throughput, vscode
from bench.row import Row

MEASURES: Mapping[str, Callable[[Effort], list[Row]]] = {
    "startup": startup.measure,
    "connect": connect.measure,
    "calls": calls.measure,
    "throughput": throughput.measure,
    "large": large.measure,
    "lists": lists.measure,
    "loss": loss.measure,
    "status": status.measure,
    "memory": memory.measure,
    "cycles": cycles.measure,
    "vscode": vscode.measure,
}
