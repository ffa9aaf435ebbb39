"""The outbox: a queue and a thread in front of the client's end of the wire.

A client that stops reading blocks the thread and nobody else. The queue is bounded in bytes; a client that lets it run
full is taken for dead. A small frame that surely fits is written in place: a hop to the thread would cost more.
"""

import collections
import logging
import os
import select
import stat
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

log = logging.getLogger(__name__)

MAX_WAITING_BYTES = 256 * 1024 * 1024
"""Default of how much may wait for a client that does not read: some results of the largest size, and no more."""

_WRITE_CHUNK = 1024 * 1024


class Outbox:
    """Writes frames in the order in which they came, on its own thread. All methods may be called from any thread.

    Parameters:
        stream: A binary stream; only the outbox writes to it.
        broken: Called once, on any thread, with the reason in words when the client cannot be written to any more.
        ended: Called once, on the outbox's thread, when nothing more will be written.
        max_waiting_bytes: Beyond it the client is taken for dead.
    """

    def __init__(
        self,
        stream: BinaryIO,
        broken: Callable[[str], None] = lambda _reason: None,
        ended: Callable[[], None] = lambda: None,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        self._stream = stream
        self._broken = broken
        self._ended = ended
        self._max_waiting_bytes = max_waiting_bytes
        self._chunks: collections.deque[bytes] = collections.deque()
        self._waiting_bytes = 0
        self._open = True
        self._lost = False
        self._writing = False
        """Whether the thread is in a write, so that nobody may overtake it."""
        self._room = _Room.of(stream)
        self._changed = threading.Condition()
        # A daemon: a thread that blocks in a write to a dead client must not keep the process.
        self._thread = threading.Thread(target=self._write, name="wire-outbox", daemon=True)
        self._thread.start()

    @property
    def waiting_bytes(self) -> int:
        """Bytes that were not yet handed to the operating system."""
        return self._waiting_bytes

    def send(self, body: bytes) -> None:
        """Queue one frame with this body. Never blocks and never raises; after `close` it is dropped."""
        header = b"Content-Length: %d\r\n\r\n" % len(body)
        with self._changed:
            if not self._open:
                return
            if not self._chunks and not self._writing and self._room is not None and self._room.takes(header, body):
                return
            if self._waiting_bytes > self._max_waiting_bytes:
                self._open = False
                self._drop()
                reason = f"the client does not read: more than {self._max_waiting_bytes} bytes wait for it"
            else:
                # Two items, so that a large body is not copied to stand behind its header.
                self._chunks.append(header)
                self._chunks.append(body)
                self._waiting_bytes += len(header) + len(body)
                self._changed.notify()
                return
        self._broken(reason)

    @property
    def lost_something(self) -> bool:
        """Whether something was queued that will never be written."""
        return self._lost

    def close(self) -> None:
        """Take nothing more; `ended` is called when all that waits was written."""
        with self._changed:
            self._open = False
            self._changed.notify()

    def join(self, timeout: float | None = None) -> None:
        """Wait, at most this many seconds, for the thread."""
        self._thread.join(timeout)

    def _write(self) -> None:
        try:
            self._write_all_that_comes()
        finally:
            self._ended()

    def _write_all_that_comes(self) -> None:
        try:
            while True:
                with self._changed:
                    while not self._chunks:
                        if not self._open:
                            return
                        self._changed.wait()
                    batch = self._take()
                    self._writing = True
                self._write_all(batch)
                with self._changed:
                    self._writing = False
                    self._waiting_bytes = max(0, self._waiting_bytes - len(batch))
        except (OSError, ValueError) as exc:  # ValueError: the stream was closed under the writer
            with self._changed:
                was_open, self._open = self._open, False
                self._drop()
            log.debug("writing to the client failed: %s", exc)
            if was_open:
                self._broken("the client closed its end of the wire")

    def _take(self) -> bytes | memoryview:
        """Take the next bytes to write: small items joined, a large one alone."""
        first = self._chunks.popleft()
        if len(first) >= _WRITE_CHUNK or not self._chunks:
            return first
        batch, size = [first], len(first)
        while self._chunks and size + len(self._chunks[0]) <= _WRITE_CHUNK:
            batch.append(self._chunks.popleft())
            size += len(batch[-1])
        return b"".join(batch)

    def _write_all(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            # An unbuffered stream may take less than it was given.
            view = view[self._stream.write(view) or 0 :]
        self._stream.flush()

    def _drop(self) -> None:
        self._lost = True
        self._chunks.clear()
        self._waiting_bytes = 0


class _Room:
    """Tells whether a write to a pipe or socket is sure not to block, and writes then.

    POSIX, `poll` and "Pipe I/O": a pipe is writable when PIPE_BUF bytes fit, and so many are written whole or not at
    all. A Unix socket is writable when most of its buffer, which is larger than that, is free.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    @classmethod
    def of(cls, stream: BinaryIO) -> "_Room | None":
        """The room of a stream; None where it can't be told."""
        if sys.platform == "win32" or not hasattr(select, "poll"):
            return None
        try:
            descriptor = stream.fileno()
            kind = os.fstat(descriptor).st_mode
        except (OSError, ValueError):
            return None
        return cls(descriptor) if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) else None

    def takes(self, header: bytes, body: bytes) -> bool:
        """Write the frame if it surely fits; whatever else is the case is found out by the thread."""
        if len(header) + len(body) > select.PIPE_BUF or self._poll.poll(0) != [(self._descriptor, select.POLLOUT)]:
            return False
        try:
            return os.write(self._descriptor, header + body) > 0
        except OSError:
            return False
