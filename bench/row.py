"""`Row`: one line of the table, and the `Budget` it is held against."""

import statistics
from collections.abc import Sequence
from typing import Literal

import attrs


@attrs.frozen
class Budget:
    """What a row must keep: a limit of its ratio to the reference, of the difference from it, or of the value."""

    of: Literal["ratio", "difference", "value"]
    limit: float
    at_least: bool = False

    def is_met(self, row: "Row") -> bool:
        value = {"ratio": row.ratio, "difference": row.difference, "value": row.ours}[self.of]
        assert value is not None, f"{row.name}: a budget against a reference that is missing"
        return value >= self.limit if self.at_least else value <= self.limit

    def text(self, unit: str) -> str:
        sign = "≥" if self.at_least else "≤"
        match self.of:
            case "ratio":
                return f"{sign} {self.limit:.2f}x"
            case "difference":
                return f"{sign} +{self.limit:g} {unit}"
            case "value":
                return f"{sign} {self.limit:g} {unit}".rstrip()


@attrs.frozen(kw_only=True)
class Row:
    """A measure of ours beside its reference."""

    name: str
    unit: str
    ours: float
    reference: float | None = None
    against: str = ""
    """What the reference is."""
    budget: Budget | None = None
    spread: tuple[float, float] | None = None
    """The smallest and the largest ratio of one round: how far to trust the ratio of the medians."""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.reference if self.reference else None

    @property
    def difference(self) -> float | None:
        return None if self.reference is None else self.ours - self.reference

    @property
    def met(self) -> bool | None:
        """None without a budget."""
        return None if self.budget is None else self.budget.is_met(self)


def compared(
    name: str,
    unit: str,
    ours: Sequence[float],
    reference: Sequence[float],
    against: str,
    budget: Budget | None = None,
    scale: float = 1.0,
) -> Row:
    """A row of two series that were measured turn by turn; `scale` turns their numbers into the unit."""
    ratios = [a / b for a, b in zip(ours, reference, strict=True)]
    return Row(
        name=name,
        unit=unit,
        ours=statistics.median(ours) * scale,
        reference=statistics.median(reference) * scale,
        against=against,
        budget=budget,
        spread=(min(ratios), max(ratios)),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The value that such a share of all stays below: 0.99 for p99, which is the largest of up to 100."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
