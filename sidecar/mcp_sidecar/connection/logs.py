"""What there is to read about a connection, as it happens: bounded, so that a flood drowns nobody."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, get_args

import attrs

from mcp_sidecar.connection.allowance import Allowance

Source = Literal["stderr", "server", "protocol", "sidecar"]
"""Who speaks: the server on its stderr, the server by MCP's logging, a protocol violation, the sidecar itself."""

Level = Literal["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
"""MCP's, those of RFC 5424."""

BURST = 1000
"""Entries that pass at once."""

RATE = 200
"""Entries per second that pass in the long run; what is beyond is counted, and told as a number."""

MESSAGE_LENGTH = 16 * 1024
"""Characters of one entry."""

LOGGER_LENGTH = 200
"""Characters of a logger's name."""

ENTRIES_KEPT = 1_000
"""Last entries that can be read again."""

CHARACTERS_KEPT = 1_000_000
"""Characters of their messages."""

_LEVELS: dict[str, Level] = {level: level for level in get_args(Level)}


def _now() -> datetime:
    return datetime.now(UTC)


@attrs.frozen(kw_only=True)
class LogEntry:
    """One thing to read."""

    time: datetime = attrs.field(factory=_now)
    source: Source
    level: Level
    message: str
    logger: str | None = None
    """The name the server gave its logger."""
    text: str | None = None
    """All of it as lines to read, where that was asked for."""


class LogFeed:
    """Passes entries on, at a bounded rate."""

    def __init__(self, emit: Callable[[LogEntry], None]) -> None:
        """
        Args:
            emit: takes the entries that pass.
        """
        self._emit = emit
        self._allowance = Allowance(BURST, RATE)
        self._dropped = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(
        self, source: Source, level: str, message: str, name: str | None = None, *, mask: Callable[[str], str]
    ) -> None:
        """Pass an entry on, or count it as dropped.

        Args:
            source, level, message, name: see `LogEntry`; a level that is none of MCP's becomes `info`.
            mask: takes the secrets out of the message and the name.
        """
        if not self._allowance.take():
            self._dropped += 1
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(1.0, self._tell_dropped)
            return
        message = mask(message)
        if len(message) > MESSAGE_LENGTH:
            message = f"{message[:MESSAGE_LENGTH]}… [cut]"
        if name is not None:
            name = mask(name)
            if len(name) > LOGGER_LENGTH:
                name = f"{name[:LOGGER_LENGTH]}…"
        self._emit(LogEntry(source=source, level=_LEVELS.get(level, "info"), message=message, logger=name))

    def close(self) -> None:
        """Stop; tells what was dropped so far."""
        if self._timer is not None:
            self._timer.cancel()
            self._tell_dropped()

    def _tell_dropped(self) -> None:
        self._timer = None
        dropped, self._dropped = self._dropped, 0
        text = f"{dropped} entries were dropped: more than {RATE} a second"
        self._emit(LogEntry(source="sidecar", level="warning", message=text))


@attrs.frozen(kw_only=True)
class LogReport:
    """The last entries, oldest first."""

    entries: tuple[LogEntry, ...]
    dropped: int
    """Older entries that are kept no longer."""
    text: str | None = None
    """All of it as a text to read, where that was asked for in place of the entries."""


class LogBook:
    """Keeps the last entries, for those who did not see them pass."""

    def __init__(self) -> None:
        self._kept: deque[LogEntry] = deque()
        self._characters = 0
        self._dropped = 0

    def add(self, entry: LogEntry) -> None:
        """Keep an entry, in place of the oldest ones where there are too many."""
        self._kept.append(entry)
        self._characters += len(entry.message)
        while len(self._kept) > ENTRIES_KEPT or self._characters > CHARACTERS_KEPT:
            self._characters -= len(self._kept.popleft().message)
            self._dropped += 1

    def report(self) -> LogReport:
        """What is kept."""
        return LogReport(entries=tuple(self._kept), dropped=self._dropped)
