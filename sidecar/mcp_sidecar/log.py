"""The sidecar's own log: written on a thread, because an editor may never read our stderr."""

import contextlib
import logging
import queue
import threading

CLOSE_TIMEOUT = 0.5
"""Seconds in which the last records may still be written at the end."""

WAITING_RECORDS = 10_000
"""Records that wait for whoever reads the log; beyond it the newest are dropped."""

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class BackgroundHandler(logging.Handler):
    """Hands records to another handler on a thread of its own, so that a full pipe never blocks the caller."""

    def __init__(self, target: logging.Handler) -> None:
        """
        Args:
            target: writes the records.
        """
        super().__init__()
        self._target = target
        self._records: queue.Queue[logging.LogRecord | None] = queue.Queue(WAITING_RECORDS)
        # A daemon: blocked in a write, it must not keep the process.
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(queue.Full):  # who reads the log is far behind, and the loop must go on
            self._records.put_nowait(record)

    def close(self) -> None:
        """Write what waits, within CLOSE_TIMEOUT."""
        with contextlib.suppress(queue.Full):
            self._records.put_nowait(None)
        self._thread.join(CLOSE_TIMEOUT)
        super().close()

    def _write(self) -> None:
        while (record := self._records.get()) is not None:
            self._target.handle(record)


def configure(level: str, path: str | None) -> None:
    """Set the log up for this process.

    Args:
        level: a level's name in lower case.
        path: a file to append to; None is stderr.

    Raises:
        OSError: the file can't be written.
    """
    target = logging.FileHandler(path, encoding="utf-8") if path else logging.StreamHandler()
    target.setFormatter(logging.Formatter(FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[BackgroundHandler(target)])
    logging.captureWarnings(True)
