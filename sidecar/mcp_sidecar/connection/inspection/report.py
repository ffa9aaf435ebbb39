"""The report of an inspection: what was found, what was looked at, and what was left out."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import attrs

from mcp_sidecar.connection.inspection.finding import SEVERITIES, Finding

FINDINGS_PER_RULE = 100
"""Findings of one rule that are told; of those beyond, only the number is."""

Outcome = Literal["answered", "unknown", "refused", "unanswered", "failed"]
"""What became of a request: a result, error -32601, another error, nothing in time, or nothing that could be read."""


@attrs.frozen(kw_only=True)
class Inspected:
    """How many of each kind were looked at."""

    tools: int = 0
    resources: int = 0
    resource_templates: int = 0
    prompts: int = 0
    schemas: int = 0


@attrs.frozen(kw_only=True)
class Asked:
    """A request that the inspection sent, or a list that it read."""

    method: str
    outcome: Outcome
    duration_ms: float
    """All pages together."""


@attrs.frozen(kw_only=True)
class Skipped:
    """Something that was not looked at."""

    what: str
    why: str


@attrs.frozen(kw_only=True)
class Inspection:
    """What an inspection came to."""

    findings: tuple[Finding, ...]
    """The worst first, then in the order of the server's lists."""
    omitted: Mapping[str, int]
    """How many more there are, by rule."""
    inspected: Inspected
    requests: tuple[Asked, ...]
    skipped: tuple[Skipped, ...]
    duration_ms: float


class Findings:
    """Collects findings: of each rule only so many, whatever a server sends."""

    def __init__(self) -> None:
        self._kept: dict[Finding, None] = {}
        self._count: Counter[str] = Counter()

    def add(self, finding: Finding) -> None:
        """Take one; the same again is not taken."""
        if finding in self._kept:
            return
        self._count[finding.rule] += 1
        if self._count[finding.rule] <= FINDINGS_PER_RULE:
            self._kept[finding] = None

    def sorted(self) -> tuple[Finding, ...]:
        """All that were kept, the worst first."""
        return tuple(sorted(self._kept, key=lambda finding: SEVERITIES.index(finding.severity)))

    @property
    def omitted(self) -> dict[str, int]:
        """How many were not kept, by rule."""
        return {rule: count - FINDINGS_PER_RULE for rule, count in self._count.items() if count > FINDINGS_PER_RULE}
