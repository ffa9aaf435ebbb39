"""The log as a text to read."""

from datetime import UTC, datetime

from mcp_sidecar.connection.logs import Level, LogEntry, Source
from mcp_sidecar.views.log_text import entry_text

NOON = datetime(2026, 7, 28, 12, 0, 0, 5000, tzinfo=UTC)
LOCAL = f"{NOON.astimezone():%H:%M:%S}.005"


def entry(message: str, source: Source = "stderr", level: Level = "info", logger: str | None = None) -> LogEntry:
    return LogEntry(time=NOON, source=source, level=level, message=message, logger=logger)


def test_a_line_of_stderr_stays_as_it_is() -> None:
    assert entry_text(entry("  hello")) == f"{LOCAL} stderr:   hello"


def test_a_log_message_tells_its_level_and_its_logger() -> None:
    assert entry_text(entry("slow", "server", "warning", "db")) == f"{LOCAL} server warning db: slow"


def test_what_follows_the_first_line_is_indented() -> None:
    assert entry_text(entry("one\ntwo", "server", "error")) == f"{LOCAL} server error: one\n    two"
