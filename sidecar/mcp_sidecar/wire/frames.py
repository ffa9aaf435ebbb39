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

_SKIP_CHUNK = 64 * 1024
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


def read_frames(stream: BinaryIO, max_message_bytes: int = MAX_MESSAGE_BYTES) -> Iterator[Frame]:
    """Yield the bodies until the stream ends. An end in the middle of a frame is an end, too.

    Parameters:
        stream: A buffered binary stream; reading blocks.
        max_message_bytes: A longer body is skipped and yielded as `Oversized`.

    Raises:
        FramingError: There is no telling where the next message begins.
    """
    count = 0
    while True:
        count += 1
        size = _read_header(stream, count)
        if size is None:
            return
        if size > max_message_bytes:
            oversized = _skip(stream, size, max_message_bytes)
            if oversized is None:
                return
            yield oversized
            continue
        body = stream.read(size)
        if len(body) < size:
            return
        yield body


def _read_header(stream: BinaryIO, count: int) -> int | None:
    """Return the Content-Length of the next frame, or None at the end of the stream."""
    size: int | None = None
    total = 0
    lines = 0
    while True:
        line = stream.readline(MAX_HEADER_BYTES)
        if not line.endswith(b"\n"):
            if len(line) < MAX_HEADER_BYTES:
                return None
            raise FramingError(f"message {count}: a header line longer than {MAX_HEADER_BYTES} bytes")
        total += len(line)
        if total > MAX_HEADER_BYTES:
            raise FramingError(f"message {count}: headers longer than {MAX_HEADER_BYTES} bytes")
        line = line.strip(b"\r\n \t")
        if not line:
            if lines == 0:
                continue  # blank lines before a header do no harm
            if size is None:
                raise FramingError(f"message {count}: no Content-Length among its {lines} header lines")
            return size
        lines += 1
        name, colon, value = line.partition(b":")
        name = name.strip()
        if not colon or not _TOKEN.fullmatch(name):
            raise FramingError(f"message {count}: header line {lines} is none; was the Content-Length before it wrong?")
        if name.lower() == b"content-length":
            size = _content_length(value.strip(), size, count)


def _content_length(value: bytes, earlier: int | None, count: int) -> int:
    if not value.isdigit() or len(value) > 18 or int(value) > MAX_SKIPPED_BYTES:
        raise FramingError(f"message {count}: its Content-Length is no sensible number of bytes")
    size = int(value)
    if earlier is not None and earlier != size:
        raise FramingError(f"message {count}: two different Content-Lengths, {earlier} and {size}")
    return size


def _skip(stream: BinaryIO, size: int, limit: int) -> Oversized | None:
    """Read past a body without keeping it; None when the stream ends within."""
    head = stream.read(min(_SKIP_CHUNK, size))
    left = size - len(head)
    while left:
        chunk = stream.read(min(_SKIP_CHUNK, left))
        if not chunk:
            return None
        left -= len(chunk)
    return Oversized(size=size, limit=limit, id=_id_at_head(head))


def _id_at_head(head: bytes) -> int | str | None:
    """Take the id of a request out of the beginning of its text; None in case of doubt.

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
