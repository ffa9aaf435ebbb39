"""The log that a user reads: bounded in rate and length, without secrets."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mcp_sidecar.connection.logs import BURST, LOGGER_LENGTH, MESSAGE_LENGTH, RATE, LogEntry, LogFeed, Source


class Clock:
    """A loop's clock and timers, moved by hand: the rate is about seconds, which no test should wait."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> "Timer":
        self.timers.append(Timer(self.now + delay, callback))
        return self.timers[-1]

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for timer in self.timers:
            timer.fire(self.now)


class Timer:
    """A callback that is due."""

    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None

    def fire(self, now: float) -> None:
        if self.callback is not None and now >= self.due:
            callback, self.callback = self.callback, None
            callback()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Provide the clock that the feed goes by."""
    clock = Clock()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: clock)
    return clock


class Reader:
    """Reads a feed."""

    def __init__(self, mask: Callable[[str], str] = lambda text: text) -> None:
        self.entries: list[LogEntry] = []
        self.feed = LogFeed(self.entries.append)
        self._mask = mask

    def add(self, source: Source, level: str, message: str, name: str | None = None) -> None:
        self.feed.add(source, level, message, name, mask=self._mask)

    def flood(self, count: int) -> None:
        for number in range(count):
            self.add("stderr", "info", f"line {number}")

    @property
    def dropped(self) -> list[str]:
        return [entry.message for entry in self.entries if "dropped" in entry.message]


def test_an_entry_says_when_who_and_how_bad(clock: Clock) -> None:
    reader = Reader()
    reader.add("server", "notice", "hello", "app.db")
    (entry,) = reader.entries
    assert (entry.source, entry.level, entry.message, entry.logger) == ("server", "notice", "hello", "app.db")
    assert entry.time.tzinfo is UTC
    assert abs(entry.time - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_burst_passes_whole_and_what_is_beyond_is_told_as_a_number(clock: Clock) -> None:
    reader = Reader()
    reader.flood(BURST + 500)
    assert [entry.message for entry in reader.entries] == [f"line {number}" for number in range(BURST)]
    clock.advance(1)
    assert reader.dropped == [f"500 entries were dropped: more than {RATE} a second"]
    assert (reader.entries[-1].source, reader.entries[-1].level) == ("sidecar", "warning")


def test_in_the_long_run_a_fixed_rate_passes(clock: Clock) -> None:
    reader = Reader()
    reader.flood(BURST)
    for _ in range(10):
        clock.advance(1)
        reader.flood(RATE * 3)
    clock.advance(1)
    assert len(reader.entries) - len(reader.dropped) == BURST + 10 * RATE
    assert sum(int(text.split()[0]) for text in reader.dropped) == 10 * RATE * 2


def test_after_a_silence_no_more_than_a_burst_is_saved_up(clock: Clock) -> None:
    reader = Reader()
    reader.flood(BURST)
    clock.advance(3600)
    reader.flood(BURST * 2)
    assert len(reader.entries) == BURST * 2


def test_without_a_flood_nothing_is_said_about_drops(clock: Clock) -> None:
    reader = Reader()
    reader.flood(BURST)
    clock.advance(10)
    reader.feed.close()
    assert reader.dropped == []


def test_what_was_dropped_is_told_at_the_end_once(clock: Clock) -> None:
    reader = Reader()
    reader.flood(BURST + 7)
    reader.feed.close()
    clock.advance(10)
    assert reader.dropped == [f"7 entries were dropped: more than {RATE} a second"]


def test_a_long_message_is_cut_and_says_so(clock: Clock) -> None:
    reader = Reader()
    reader.add("server", "info", "x" * MESSAGE_LENGTH)
    reader.add("server", "info", "x" * (MESSAGE_LENGTH + 1))
    whole, cut = (entry.message for entry in reader.entries)
    assert whole == "x" * MESSAGE_LENGTH
    assert cut == "x" * MESSAGE_LENGTH + "… [cut]"


def test_a_secret_is_masked_also_where_the_cut_would_split_it(clock: Clock) -> None:
    secret = "made-up-s3cret"
    reader = Reader(mask=lambda text: text.replace(secret, "***"))
    reader.add("stderr", "info", f"token {secret}")
    reader.add("stderr", "info", "x" * (MESSAGE_LENGTH - 5) + secret)
    assert reader.entries[0].message == "token ***"
    assert "made-" not in reader.entries[1].message


def test_the_name_of_a_logger_is_masked_and_cut(clock: Clock) -> None:
    reader = Reader(mask=lambda text: text.replace("made-up-s3cret", "***"))
    reader.add("server", "info", "hello", "db made-up-s3cret")
    reader.add("server", "info", "hello", "x" * (LOGGER_LENGTH - 5) + "made-up-s3cret" + "x" * 10_000)
    assert reader.entries[0].logger == "db ***"
    assert reader.entries[1].logger == "x" * (LOGGER_LENGTH - 5) + "***xx…"


@pytest.mark.parametrize("level", ["loud", "INFO", "", "x" * 100_000])
def test_a_level_that_mcp_does_not_know_becomes_info(clock: Clock, level: str) -> None:
    reader = Reader()
    reader.add("server", level, "hello")
    assert reader.entries[0].level == "info"


def test_what_is_dropped_costs_no_masking(clock: Clock) -> None:
    masked: list[str] = []

    def mask(text: str) -> str:
        masked.append(text)
        return text

    reader = Reader(mask)
    reader.flood(BURST * 3)
    assert len(masked) == BURST
