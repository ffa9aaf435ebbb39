"""The trace as a text to read: a line for each frame, what it carried indented below, so that editors can fold it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from mcp_sidecar.views.formats import format_size
from mcp_sidecar.views.json_text import lay_out, read_container

_LONGEST_LAID_OUT: Final = 256 * 1024
"""Characters of one body; bodies are cut before that."""

_MOST: Final = 16 * 1024 * 1024
"""Characters of all bodies; of the older ones beyond, only the lines are there."""


class Http(Protocol):
    """The head of an HTTP request and that of its answer."""

    @property
    def request_headers(self) -> Mapping[str, str]:
        """Its headers."""

    @property
    def response_headers(self) -> Mapping[str, str] | None:
        """The answer's."""


class Frame(Protocol):
    """A frame, its secrets removed."""

    @property
    def time(self) -> datetime:
        """When it went out or came in."""

    @property
    def connection(self) -> int:
        """The number of its connection."""

    @property
    def message(self) -> str:
        """The line about it."""

    @property
    def body(self) -> str | None:
        """The text on the wire."""

    @property
    def cut(self) -> int | None:
        """Bytes that are left out."""

    @property
    def http(self) -> Http | None:
        """For a head alone."""


def trace_text(frames: Sequence[Frame], dropped: int) -> str:
    """Return the text; times are local."""
    bodies: list[str] = []
    left = _MOST
    for frame in reversed(frames):
        body = _body(frame) if left > 0 else ""
        left -= len(body)
        bodies.append(body)
    lines = [f"{dropped:,} older frames are kept no longer."] if dropped else []
    connection: int | None = None
    for frame, body in zip(frames, reversed(bodies), strict=True):
        if frame.connection != connection:
            connection = frame.connection
            lines += [""] * bool(lines) + [f"── connection {connection} ── {frame.time.astimezone():%Y-%m-%d}"]
        lines.append(_line(frame))
        if body:
            lines.append(body)
    return "".join(f"{line}\n" for line in lines) or "Nothing has gone over the wire yet.\n"


def _line(frame: Frame) -> str:
    time = frame.time.astimezone()
    told = f"{time:%H:%M:%S}.{time.microsecond // 1000:03} {frame.message}"
    has_size = frame.body is None or ", " in frame.message
    if has_size:
        return told
    return f"{told}, {format_size(len((frame.body or '').encode('utf-8', 'replace')) + (frame.cut or 0))}"


def _body(frame: Frame) -> str:
    if frame.http is not None:
        return "\n".join(_indented(_headers(frame.http)))
    if frame.body is None:
        return ""
    value = read_container(frame.body) if frame.cut is None else None
    text = frame.body if value is None else lay_out(value, _LONGEST_LAID_OUT).text
    return "\n".join(_indented(text.splitlines()))


def _headers(http: Http) -> Iterator[str]:
    yield from (f"> {name}: {value}" for name, value in http.request_headers.items())
    yield from (f"< {name}: {value}" for name, value in (http.response_headers or {}).items())


def _indented(lines: Iterable[str]) -> Iterator[str]:
    # No line may be empty: it would end the block that is folded.
    return (f"  {line}" for line in lines)
