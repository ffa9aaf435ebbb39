"""What a process holds of memory."""

import attrs
import psutil

MIB = 1024 * 1024


@attrs.frozen
class Memory:
    """In MiB."""

    rss: float
    pss: float | None
    """Shared pages counted in proportion; None where the system does not tell."""


def memory_of(pid: int) -> Memory:
    full = psutil.Process(pid).memory_full_info()
    pss = getattr(full, "pss", None)
    return Memory(full.rss / MIB, None if pss is None else pss / MIB)
