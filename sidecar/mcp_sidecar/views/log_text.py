"""The log as a text to read: a line for each entry, what follows in it indented."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol


class Entry(Protocol):
    """One thing to read."""

    @property
    def time(self) -> datetime:
        """When it came."""

    @property
    def source(self) -> str:
        """Who speaks."""

    @property
    def level(self) -> str:
        """MCP's."""

    @property
    def logger(self) -> str | None:
        """The name that the server gave its logger."""

    @property
    def message(self) -> str:
        """What is said."""


def log_text(entries: Iterable[Entry], dropped: int) -> str:
    """Return the text; times are local."""
    lines = [f"{dropped:,} older entries are kept no longer."] if dropped else []
    lines += map(entry_text, entries)
    return "".join(f"{line}\n" for line in lines) or "Nothing was logged yet.\n"


def entry_text(entry: Entry) -> str:
    """Return the lines of one entry, without the end of the last one."""
    return "\n".join(_lines(entry))


def _lines(entry: Entry) -> Iterator[str]:
    time = entry.time.astimezone()
    # What a server writes to stderr is `info` by nature: nobody said so.
    level = "" if entry.source == "stderr" else f" {entry.level}"
    name = f" {entry.logger}" if entry.logger else ""
    first, *rest = entry.message.splitlines() or [""]
    yield f"{time:%H:%M:%S}.{time.microsecond // 1000:03} {entry.source}{level}{name}: {first}"
    yield from (f"    {line}" for line in rest)
