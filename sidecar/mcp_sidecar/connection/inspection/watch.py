"""The watch over an inspection: when it must end."""

import threading
import time


class OutOfTime(Exception):
    """The inspection must end here; what is left is left out, and told."""


class Watch:
    """Ends work in a thread: at its time, or when nobody waits for it any more."""

    def __init__(self, seconds: float) -> None:
        """
        Args:
            seconds: from now on.
        """
        self._ends = time.monotonic() + seconds
        self._stopped = threading.Event()

    @property
    def left(self) -> float:
        """Seconds until the end; negative afterwards."""
        return self._ends - time.monotonic()

    def stop(self) -> None:
        """End it now; may be called from any thread."""
        self._stopped.set()

    def look(self) -> None:
        """Go on, or not.

        Raises:
            OutOfTime: it is over.
        """
        if self._stopped.is_set() or time.monotonic() > self._ends:
            raise OutOfTime
