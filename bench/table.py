"""The table: as text, with the columns as wide as they must be."""

from collections.abc import Sequence

from bench.row import Row

HEAD = ("measure", "ours", "reference", "ratio", "(min-max)", "budget", "met", "against")
_LEFT_ALIGNED = (0, 7)


def render(rows: Sequence[Row]) -> str:
    lines = [HEAD, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(line, widths) for line in (HEAD, rule, *lines[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = (
        cell.ljust(width) if column in _LEFT_ALIGNED else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(aligned).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        _value(row.ours, row.unit),
        "" if row.reference is None else _value(row.reference, row.unit),
        "" if row.ratio is None else f"{row.ratio:.2f}x",
        "" if row.spread is None else f"{row.spread[0]:.2f}-{row.spread[1]:.2f}",
        "" if row.budget is None else row.budget.text(row.unit),
        "" if row.met is None else "yes" if row.met else "NO",
        row.against,
    )


def _value(value: float, unit: str) -> str:
    digits = 0 if value == int(value) or abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f} {unit}".rstrip()
