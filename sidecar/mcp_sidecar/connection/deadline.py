"""The deadline of one request: progress extends it, and the time that a person takes does not count."""

import asyncio
import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Self


class Deadline:
    """Time for what is done inside `async with`; leaving it raises TimeoutError when the time was over. Used once."""

    def __init__(self, seconds: float, *, maximum: float | None = None) -> None:
        """
        Args:
            seconds: the time allowed, and allowed anew by each extension.
            maximum: seconds that all extensions together may reach; None, or less than `seconds`: there are none.
        """
        self.seconds = seconds
        self.maximum = max(seconds, maximum or 0.0)
        self.extended = False
        """Whether it ever was."""
        self._timer: asyncio.Timeout | None = None
        self._due = 0.0
        """When the time is over, on the loop's clock."""
        self._end = 0.0
        """When it is over whatever comes."""
        self.paused_for = 0.0
        """Seconds for which the clock was stopped in all, without a pause that lasts still."""
        self._pauses = 0
        self._paused_at = 0.0

    @property
    def at_maximum(self) -> bool:
        """Whether no extension can help any more."""
        return self._due >= self._end

    def extend(self) -> None:
        """Begin the full time anew, up to the maximum."""
        if self._timer is None:
            return
        now = self._paused_at if self._pauses else asyncio.get_running_loop().time()
        self.extended = True
        self._due = min(now + self.seconds, self._end)
        self._apply()

    def lift(self) -> None:
        """From now on there is no limit."""
        self._due = self._end = float("inf")
        self._apply()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock meanwhile; may be nested, and may outlast the deadline."""
        loop = asyncio.get_running_loop()
        if self._pauses == 0:
            self._paused_at = loop.time()
        self._pauses += 1
        self._apply()
        try:
            yield
        finally:
            self._pauses -= 1
            if self._pauses == 0:
                passed = loop.time() - self._paused_at
                self.paused_for += passed
                self._due += passed
                self._end += passed
                self._apply()

    def _apply(self) -> None:
        if self._timer is not None and not self._timer.expired():
            self._timer.reschedule(None if self._pauses or self._due == float("inf") else self._due)

    async def __aenter__(self) -> Self:
        now = asyncio.get_running_loop().time()
        self._due = now + self.seconds
        self._end = now + self.maximum
        self._paused_at = now
        self._timer = asyncio.timeout_at(self._due)
        await self._timer.__aenter__()
        self._apply()  # it may be paused already
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._timer is not None
        timer, self._timer = self._timer, None
        await timer.__aexit__(exc_type, exc, traceback)
