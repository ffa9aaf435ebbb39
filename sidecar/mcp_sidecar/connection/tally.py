"""The tally: what was asked of servers since the last explicit disconnect, counted and timed."""

import attrs

from mcp_sidecar.connection.status import Statistics
from mcp_sidecar.connection.timings import ToolTiming, ToolTimings

COUNTED = {"tools/call": "tools_called", "resources/read": "resources_accessed", "prompts/get": "prompts_executed"}
"""The statistic that counts the results of a method."""


class Tally:
    """Counts requests, each in the period in which it began."""

    def __init__(self) -> None:
        self.statistics = Statistics()
        self._timings = ToolTimings()
        self.period = 0
        """Counts the times that it began anew."""

    def begin_anew(self) -> None:
        """Forget all of it; what is under way counts no more."""
        self.statistics = Statistics()
        self._timings = ToolTimings()
        self.period += 1

    def count(self, counter: str, period: int) -> None:
        """Count one.

        Args:
            counter: a field of `Statistics`.
            period: the one in which it began.
        """
        if period == self.period:
            value = getattr(self.statistics, counter) + 1
            self.statistics = attrs.evolve(self.statistics, **{counter: value})

    def time(self, tool: str, duration_ms: float, period: int) -> None:
        """Take note of how long a call took."""
        if period == self.period:
            self._timings.add(tool, duration_ms)

    def timings(self) -> tuple[ToolTiming, ...]:
        """How long the calls of each tool took."""
        return self._timings.report()
