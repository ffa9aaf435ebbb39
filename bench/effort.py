"""`Effort`: how often a measure is repeated, and how long at most."""

import time
from collections.abc import Iterator

import attrs

ROUNDS_TIME = 25.0
"""Seconds that the rounds of one comparison may take; on a slow or busy machine there are fewer of them."""

FEWEST_ROUNDS = 2


@attrs.frozen
class Effort:
    """What the command line says about it."""

    repeat: int | None = None
    """Rounds of every measure, instead of its own number."""
    quick: bool = False
    """A fifth of everything: enough to see that it runs, and to see a factor."""

    def rounds(self, usual: int) -> Iterator[int]:
        """Turns of ours and the reference: so many, or as many as there is time for."""
        count = self.repeat or (max(FEWEST_ROUNDS, usual // 5) if self.quick else usual)
        end = time.monotonic() + ROUNDS_TIME
        for number in range(count):
            if number >= FEWEST_ROUNDS and time.monotonic() > end:
                return
            yield number

    def count(self, usual: int) -> int:
        """Repetitions within one turn."""
        return max(2, usual // 5) if self.quick else usual
