"""Sizes, durations and foreign text as people read them."""

import re
from typing import Any, Final

_LARGEST: Final = 1e15
"""What is beyond is no duration and no size, and floats can't tell it apart."""

_BREAKS_A_LINE: Final = re.compile(r"[\s\ufeff\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
"""White space, control characters, and what reorders the text that follows."""


def measure(value: Any) -> float | None:
    """Return a JSON value that is a number of bytes or milliseconds; None for anything else."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < _LARGEST else None


def format_number(value: float, unit: str = "") -> str:
    """Write a number, with one decimal only where it is small and a measure."""
    digits = f"{value:,.{1 if unit and value < 10 else 0}f}".removesuffix(".0")
    return f"{digits} {unit}" if unit else digits


def format_size(size: float) -> str:
    """Write a number of bytes."""
    if size < 1024:
        return format_number(size, "B")
    return format_number(size / 1024, "KiB") if size < 1024**2 else format_number(size / 1024**2, "MiB")


def format_duration(milliseconds: float) -> str:
    """Write a duration."""
    return format_number(milliseconds, "ms") if milliseconds < 1000 else format_number(milliseconds / 1000, "s")


def one_line(text: Any, longest: int) -> str:
    """Put foreign text on one line, cut where it is too long; what is no text is nothing."""
    if not isinstance(text, str):
        return ""
    line = _BREAKS_A_LINE.sub(" ", text[: 2 * longest]).strip()
    return f"{line[: longest - 1].rstrip()}…" if len(line) > longest or len(text) > 2 * longest else line
