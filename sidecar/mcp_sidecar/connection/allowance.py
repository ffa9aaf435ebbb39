"""An allowance: how many of something may pass, at once and in the long run."""

import asyncio


class Allowance:
    """Fills up at a steady rate, and is used up one by one (a token bucket)."""

    def __init__(self, burst: float, rate: float) -> None:
        """
        Args:
            burst: how many may pass at once.
            rate: how many a second may pass in the long run.
        """
        self._burst = burst
        self._rate = rate
        self._left = float(burst)
        self._filled_at = 0.0

    def take(self) -> bool:
        """Whether one more may pass."""
        now = asyncio.get_running_loop().time()
        self._left = min(self._burst, self._left + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
