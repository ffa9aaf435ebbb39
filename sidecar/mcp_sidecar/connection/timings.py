"""How long each tool took, for who looks closely: counts and latencies, bounded in memory."""

from collections import OrderedDict, deque

import attrs

TOOLS_KEPT = 1000
"""Tools whose calls are remembered; beyond it, the one that was not called for the longest time is forgotten."""

CALLS_KEPT = 200
"""The last calls of a tool, from which its median is."""


@attrs.frozen(kw_only=True)
class ToolTiming:
    """The calls of one tool that were answered."""

    name: str
    count: int
    last_ms: float
    p50_ms: float
    """The median of the last 200."""
    max_ms: float


@attrs.define(eq=False)
class _Calls:
    count: int = 0
    longest: float = 0.0
    recent: deque[float] = attrs.field(factory=lambda: deque(maxlen=CALLS_KEPT))


class ToolTimings:
    """The timings of all tools."""

    def __init__(self) -> None:
        self._tools: OrderedDict[str, _Calls] = OrderedDict()

    def add(self, name: str, duration_ms: float) -> None:
        """Count a call that was answered."""
        calls = self._tools.setdefault(name, _Calls())
        self._tools.move_to_end(name)
        if len(self._tools) > TOOLS_KEPT:
            self._tools.popitem(last=False)
        calls.count += 1
        calls.longest = max(calls.longest, duration_ms)
        calls.recent.append(duration_ms)

    def report(self) -> tuple[ToolTiming, ...]:
        """The timings, by the tool's name."""
        import statistics  # late: few ask for this, and it brings three modules of numbers along

        return tuple(
            ToolTiming(
                name=name,
                count=calls.count,
                last_ms=round(calls.recent[-1], 3),
                p50_ms=round(statistics.median(calls.recent), 3),
                max_ms=round(calls.longest, 3),
            )
            for name, calls in sorted(self._tools.items())
        )
