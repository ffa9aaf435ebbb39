"""The frames of the LSP base protocol: headers, an empty line, a body (LSP 3.17, "Base Protocol").

Read leniently where clients differ (case, spaces, bare LF, unknown headers, blank lines between frames), and fatally
where the position in the stream is lost.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

import attrs

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""Default limit of one body. A tool's result of 10 MB, quoted back by the client, fits several times."""

MAX_HEADER_BYTES = 16 * 1024
"""Limit of all header lines of one frame: more is no header but a stream out of step."""

MAX_SKIPPED_BYTES = 1 << 40
"""A body announced to be longer than this is a broken header, not a long message."""

READ_CHUNK = 256 * 1024
"""Bytes read at once."""

_HEAD = 64 * 1024
"""Bytes of an oversized body in which its id is looked for."""

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SCALAR = rb'"(?:[^"\\]|\\.)*"|-?\d+'
_LEADING_MEMBERS = re.compile(rb'\s*\{(?:\s*"(?:jsonrpc|method|id)"\s*:\s*(?:' + _SCALAR + rb")\s*,)*")
_MEMBER = re.compile(rb'"(jsonrpc|method|id)"\s*:\s*(' + _SCALAR + rb")\s*,")


class FramingError(Exception):
    """The stream is out of step: where the next message begins cannot be known.

    The text names positions and never quotes the stream, which may be the inside of a body and hold secrets.
    """


@attrs.frozen
class Oversized:
    """A message over the limit, whose body was skipped."""

    size: int
    """Bytes of the body."""
    limit: int
    """Bytes that were allowed."""
    id: int | str | None
    """The request's id, when the message surely is a request and its id stood before its params."""


Frame = bytes | Oversized


class FrameDecoder:
    """Cuts a stream of bytes into frames, however it is chunked.

    Parameters:
        max_message_bytes: A longer body is skipped and comes out as `Oversized`.
    """

    def __init__(self, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._limit = max_message_bytes
        self._header = _Header(1)
        self._pending = bytearray()
        """Bytes of a header line or of a body that is not complete."""
        self._body_size: int | None = None
        """Bytes of the body that is being read; None within a header."""
        self._head = b""
        self._skipping = 0
        """Bytes of an oversized body that are still to come."""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes, and yield the frames that are complete with them.

        Raises:
            FramingError: There is no telling where the next message begins.
        """
        if self._skipping and self._body_size is not None:
            # Not kept: an oversized body may be larger than the memory.
            skipped = min(self._skipping, len(data))
            self._skipping -= skipped
            data = data[skipped:]
            if self._skipping:
                return
            yield self._oversized(self._body_size)
        self._pending += data
        position = 0
        try:
            while True:
                if self._body_size is None:
                    end = self._pending.find(b"\n", position)
                    line = self._pending[position : end + 1 if end >= 0 else len(self._pending)]
                    if end < 0:
                        self._header.check_length(len(line))
                        return
                    position = end + 1
                    self._body_size = self._header.line(bytes(line))
                    continue
                have = len(self._pending) - position
                if self._body_size > self._limit:
                    if have < min(_HEAD, self._body_size):
                        return
                    taken = min(have, self._body_size)
                    self._head = bytes(self._pending[position : position + min(_HEAD, taken)])
                    position += taken
                    self._skipping = self._body_size - taken
                    if self._skipping:
                        return
                    yield self._oversized(self._body_size)
                    continue
                if have < self._body_size:
                    return
                with memoryview(self._pending) as view:
                    body = bytes(view[position : position + self._body_size])
                position += self._body_size
                self._next()
                yield body
        finally:
            del self._pending[:position]

    def _oversized(self, size: int) -> Oversized:
        self._next()
        return Oversized(size=size, limit=self._limit, id=id_at_head(self._head))

    def _next(self) -> None:
        self._body_size = None
        self._header = _Header(self._header.count + 1)


def read_frames(stream: BinaryIO, max_message_bytes: int = MAX_MESSAGE_BYTES) -> Iterator[Frame]:
    """Yield the bodies until the stream ends. An end in the middle of a frame is an end, too.

    Parameters:
        stream: A buffered binary stream; reading blocks.
        max_message_bytes: A longer body is skipped and yielded as `Oversized`.

    Raises:
        FramingError: There is no telling where the next message begins.
    """
    decoder = FrameDecoder(max_message_bytes)
    read = getattr(stream, "read1", stream.read)
    while data := read(READ_CHUNK):
        yield from decoder.feed(data)


class _Header:
    """The header lines of one frame."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._size: int | None = None
        self._total = 0
        self._lines = 0

    def check_length(self, length: int) -> None:
        if length >= MAX_HEADER_BYTES:
            raise FramingError(f"message {self.count}: a header line longer than {MAX_HEADER_BYTES} bytes")

    def line(self, line: bytes) -> int | None:
        """Take one line; gives the size of the body when it was the last one."""
        self.check_length(len(line))
        self._total += len(line)
        if self._total > MAX_HEADER_BYTES:
            raise FramingError(f"message {self.count}: headers longer than {MAX_HEADER_BYTES} bytes")
        line = line.strip(b"\r\n \t")
        if not line:
            if self._lines and self._size is None:
                raise FramingError(f"message {self.count}: no Content-Length among its {self._lines} header lines")
            return self._size  # blank lines before a header do no harm
        self._lines += 1
        name, colon, value = line.partition(b":")
        name = name.strip()
        if not colon or not _TOKEN.fullmatch(name):
            raise FramingError(
                f"message {self.count}: header line {self._lines} is none; was the Content-Length before it wrong?"
            )
        if name.lower() == b"content-length":
            self._size = _content_length(value.strip(), self._size, self.count)
        return None


def _content_length(value: bytes, earlier: int | None, count: int) -> int:
    if not value.isdigit() or len(value) > 18 or int(value) > MAX_SKIPPED_BYTES:
        raise FramingError(f"message {count}: its Content-Length is no sensible number of bytes")
    size = int(value)
    if earlier is not None and earlier != size:
        raise FramingError(f"message {count}: two different Content-Lengths, {earlier} and {size}")
    return size


def id_at_head(head: bytes) -> int | str | None:
    """Take the id of a request that can't be read as a whole out of its beginning; None in case of doubt.

    Only what stands before the first other member is believed, since a nested `id` is somebody else's.
    """
    leading = _LEADING_MEMBERS.match(head)
    if leading is None:
        return None
    members = dict(_MEMBER.findall(leading.group()))
    if b"method" not in members or b"id" not in members:
        return None
    raw = members[b"id"]
    if raw.startswith(b'"'):
        text = raw[1:-1].decode("utf-8", "replace")
        return None if "\\" in text else text
    return int(raw) if len(raw) < 19 else None
