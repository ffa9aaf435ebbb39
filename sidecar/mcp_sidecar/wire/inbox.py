"""The inbox: one thread that reads whole frames and hands them to the event loop.

One thread and no executor: a hop through an executor for every line costs more than the rest of the message.
"""

import asyncio
import collections
import logging
import threading
from collections.abc import Callable
from typing import BinaryIO

from mcp_sidecar.wire.frames import MAX_MESSAGE_BYTES, Frame, Oversized, read_frames

log = logging.getLogger(__name__)

_BATCH = 64
"""Frames handled before the loop gets a turn for everything else."""


class Inbox:
    """Reads frames on its own thread until the stream ends.

    Parameters:
        stream: A buffered binary stream; only the inbox reads it.
        handle: Called on the loop with each frame, in order. It must not raise.
        ended: Called once on the loop after the last frame: with None at the end of the stream, else with the error.
        max_message_bytes: Longer bodies arrive as `Oversized`. Reading pauses while more than this waits to be handled.
    """

    def __init__(
        self,
        stream: BinaryIO,
        handle: Callable[[Frame], None],
        ended: Callable[[Exception | None], None],
        max_message_bytes: int = MAX_MESSAGE_BYTES,
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
        self._thread = threading.Thread(target=self._read, name="wire-inbox", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def close(self) -> None:
        """Hand over nothing more. The thread ends with the stream, or with the process."""
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
