"""The inbox: reads whole frames and hands them to the event loop.

Where the loop can wait for the client's end of the wire (pipes and sockets, but on Windows), it reads itself. Elsewhere
one thread does: a hop to another thread costs more than the rest of a small message, so there is one at most.
"""

import asyncio
import collections
import logging
import os
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from mcp_sidecar.wire.frames import (
    MAX_MESSAGE_BYTES,
    READ_CHUNK,
    Frame,
    FrameDecoder,
    FramingError,
    Oversized,
    read_frames,
)

log = logging.getLogger(__name__)

_BATCH = 64
"""Frames handled before the loop gets a turn for everything else."""


def open_inbox(
    stream: BinaryIO,
    handle: Callable[[Frame], None],
    ended: Callable[[Exception | None], None],
    max_message_bytes: int = MAX_MESSAGE_BYTES,
) -> "Inbox":
    """Start reading frames until the stream ends.

    Parameters:
        stream: A binary stream from which nothing was read; only the inbox reads it.
        handle: Called on the loop with each frame, in order. It must not raise.
        ended: Called once on the loop after the last frame: with None at the end of the stream, else with the error.
        max_message_bytes: Longer bodies arrive as `Oversized`. Reading pauses while more than this waits to be handled.
    """
    try:
        return _LoopInbox(stream, handle, ended, max_message_bytes)
    except (NotImplementedError, OSError, ValueError):  # Windows's loop; a regular file; a stream without descriptor
        return _ThreadInbox(stream, handle, ended, max_message_bytes)


class Inbox(Protocol):
    """Reads frames until the stream ends, or until it is closed."""

    def close(self) -> None:
        """Hand over nothing more."""


class _LoopInbox:
    """Reads on the loop, whenever there is something to read."""

    def __init__(
        self,
        stream: BinaryIO,
        handle: Callable[[Frame], None],
        ended: Callable[[Exception | None], None],
        max_message_bytes: int,
    ) -> None:
        self._handle = handle
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._decoder = FrameDecoder(max_message_bytes)
        self._stream = stream  # kept, so that its descriptor stays open
        self._descriptor = stream.fileno()
        self._closed = False
        self._loop.add_reader(self._descriptor, self._read)

    def close(self) -> None:
        """Hand over nothing more."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._descriptor)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, READ_CHUNK)
        except BlockingIOError:
            return
        except OSError as exc:
            self._end(exc)
            return
        if data:
            self._take(self._decoder.feed(data))
        else:
            self._end(None)

    def _take(self, frames: Iterator[Frame]) -> None:
        try:
            for count, frame in enumerate(frames, 1):
                self._handle(frame)
                if self._closed:
                    return
                if count == _BATCH:
                    # What else waits for the loop gets its turn before the next frames.
                    self._loop.remove_reader(self._descriptor)
                    self._loop.call_soon(self._go_on, frames)
                    return
        except FramingError as exc:
            self._end(exc)

    def _go_on(self, frames: Iterator[Frame]) -> None:
        if not self._closed:
            self._loop.add_reader(self._descriptor, self._read)
            self._take(frames)

    def _end(self, error: Exception | None) -> None:
        self.close()
        self._ended(error)


class _ThreadInbox:
    """Reads on a thread of its own, which ends with the stream or with the process."""

    def __init__(
        self,
        stream: BinaryIO,
        handle: Callable[[Frame], None],
        ended: Callable[[Exception | None], None],
        max_message_bytes: int,
    ) -> None:
        self._stream = stream
        self._handle = handle
        self._ended = ended
        self._max_message_bytes = max_message_bytes
        self._loop = asyncio.get_running_loop()
        self._frames: collections.deque[Frame] = collections.deque()
        self._waiting_bytes = 0
        self._draining = False
        self._closed = False
        self._room = threading.Condition()
        # A daemon: nothing can wake a thread out of a blocking read of a pipe.
        threading.Thread(target=self._read, name="wire-inbox", daemon=True).start()

    def close(self) -> None:
        """Hand over nothing more."""
        with self._room:
            self._closed = True
            self._frames.clear()
            self._room.notify_all()

    def _read(self) -> None:
        error: Exception | None = None
        try:
            for frame in read_frames(self._stream, self._max_message_bytes):
                if not self._put(frame):
                    return
        except Exception as exc:  # noqa: BLE001 - whatever it is, it ends the session, and is reported there
            error = exc
        with self._room:
            if not self._closed:
                self._loop.call_soon_threadsafe(self._finish, error)

    def _put(self, frame: Frame) -> bool:
        size = 0 if isinstance(frame, Oversized) else len(frame)
        with self._room:
            self._room.wait_for(lambda: self._closed or self._waiting_bytes <= self._max_message_bytes)
            if self._closed:
                return False
            self._frames.append(frame)
            self._waiting_bytes += size
            if not self._draining:
                self._draining = True
                self._loop.call_soon_threadsafe(self._drain)
        return True

    def _drain(self) -> None:
        for _ in range(_BATCH):
            with self._room:
                if not self._frames:
                    self._draining = False
                    return
                frame = self._frames.popleft()
                if not isinstance(frame, Oversized):
                    self._waiting_bytes -= len(frame)
                    self._room.notify()
            self._handle(frame)
        self._loop.call_soon(self._drain)

    def _finish(self, error: Exception | None) -> None:
        if self._frames:
            self._loop.call_soon(self._finish, error)  # the end comes after the last frame
        else:
            self._ended(error)
