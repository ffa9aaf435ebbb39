"""A finding: something that is wrong with a configuration file, at its place in the text."""

from typing import Protocol

import attrs

from mcp_sidecar.connection.configured.report import ProblemRule, ProblemSeverity


class Spot(Protocol):
    """A stretch of a text."""

    @property
    def start(self) -> int:
        """Where it begins, as an offset in characters."""

    @property
    def end(self) -> int:
        """Where it has ended."""


@attrs.frozen(kw_only=True)
class Finding:
    """Something that is wrong, with its place as offsets in the text."""

    rule: ProblemRule
    severity: ProblemSeverity
    message: str
    start: int
    end: int

    @classmethod
    def at(cls, spot: Spot, rule: ProblemRule, severity: ProblemSeverity, message: str) -> "Finding":
        """A finding about a value or a member."""
        return cls(rule=rule, severity=severity, message=message, start=spot.start, end=spot.end)
