"""Framing: lenient where clients differ, fatal where the position is lost."""

import io
import json
import os
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_sidecar.wire.frames import MAX_HEADER_BYTES, Frame, FramingError, Oversized, read_frames


def frames(data: bytes, limit: int = 1000) -> list[Frame]:
    return list(read_frames(io.BytesIO(data), limit))


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 2\r\n\r\n",
        b"content-length: 2\r\n\r\n",
        b"CONTENT-LENGTH:2\r\n\r\n",
        b"Content-Length : 2 \r\n\r\n",
        b"Content-Length: 2\n\n",
        b"Content-Length: 002\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Type: nonsense; charset=latin-1\r\n\r\n",
        b"X-Whatever: a:b\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n",
        b"\r\n\nContent-Length: 2\r\n\r\n",
    ],
)
def test_headers_are_read_leniently(header: bytes) -> None:
    assert frames(header + b"{}" + header + b"[]") == [b"{}", b"[]"]


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: two\r\n\r\n",
        b"Content-Length: -2\r\n\r\n",
        b"Content-Length: +2\r\n\r\n",
        b"Content-Length: 1_0\r\n\r\n",
        b"Content-Length:\r\n\r\n",
        b"Content-Length: 2.0\r\n\r\n",
        b"Content-Length: 99999999999999999\r\n\r\n",
        b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
        b"X-Whatever: 2\r\n\r\n",
        b"no header\r\n\r\n",
        b'{"jsonrpc":"2.0"}\r\n\r\n',
        b'"a": 1}Content-Length: 2\r\n\r\n',
        b"X: " + b"y" * MAX_HEADER_BYTES + b"\r\n\r\n",
        b"X: y\r\n" * MAX_HEADER_BYTES + b"\r\n",
    ],
)
def test_a_header_that_loses_the_position_is_fatal(header: bytes) -> None:
    with pytest.raises(FramingError, match="message 2"):
        frames(b"Content-Length: 2\r\n\r\n{}" + header + b"{}")


def test_a_framing_error_does_not_quote_the_stream() -> None:
    with pytest.raises(FramingError) as error:
        frames(b'Content-Length: 2\r\n\r\n{"token": "sesame"}Content-Length: 2\r\n\r\n{}')
    assert "sesame" not in str(error.value)


@pytest.mark.parametrize(
    "data", [b"", b"Content-Len", b"Content-Length: 5\r\n", b"Content-Length: 5\r\n\r\n{}", b"\r\n"]
)
def test_an_end_in_the_middle_of_a_frame_is_an_end(data: bytes) -> None:
    assert frames(data) == []


def test_a_body_over_the_limit_is_skipped() -> None:
    data = b"Content-Length: %d\r\n\r\n%sContent-Length: 2\r\n\r\n{}"
    assert frames(data % (1001, b" " * 1001)) == [Oversized(size=1001, limit=1000, id=None), b"{}"]
    assert frames(data % (1000, b" " * 1000)) == [b" " * 1000, b"{}"]
    assert frames(b"Content-Length: 100000\r\n\r\n" + b"x" * 99_999) == []


class _Endless(io.RawIOBase):
    """A body of any length, of which nothing but the largest read is remembered."""

    def __init__(self, head: bytes, size: int) -> None:
        self.head, self.left, self.largest = head, size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.largest = max(self.largest, len(buffer))
        if self.head:
            n = min(len(buffer), len(self.head))
            buffer[:n], self.head = self.head[:n], self.head[n:]
            return n
        n = min(len(buffer), self.left)
        self.left -= n
        return n


def test_skipping_keeps_only_a_bounded_chunk() -> None:
    size = 300 * 1024 * 1024
    stream = _Endless(b"Content-Length: %d\r\n\r\n" % size, size)
    assert list(read_frames(io.BufferedReader(stream), 1000)) == [Oversized(size=size, limit=1000, id=None)]
    assert stream.largest <= 1024 * 1024


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"jsonrpc":"2.0","id":7,"method":"m","params":', 7),
        ('{ "id" : "a-b" , "method" : "m" , "jsonrpc":"2.0", "params":', "a-b"),
        ('{"jsonrpc":"2.0","method":"m","params":{"id":7},"x":', None),
        ('{"jsonrpc":"2.0","id":7,"result":', None),
        ('{"jsonrpc":"2.0","method":"m","id":null,"params":', None),
        ('{"jsonrpc":"2.0","method":"m","id":1.5,"params":', None),
        ('[{"jsonrpc":"2.0","id":7,"method":"m","params":', None),
    ],
)
def test_the_id_of_an_oversized_request_is_told_when_it_is_certain(text: str, expected: Any) -> None:
    body = (text + '"' + "x" * 2000 + '"}').encode()
    (frame,) = frames(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    assert isinstance(frame, Oversized)
    assert frame.id == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(["Content-Length", "content-length", "CONTENT-LENGTH", "cOnTeNt-LeNgTh"])
SPACES = st.sampled_from(["", " ", "  ", "\t"])
ENDS = st.sampled_from(["\r\n", "\n"])
OTHERS = st.sampled_from(["", "Content-Type: application/vscode-jsonrpc; charset=utf-8", "X-Some: thing", "x:"])


@st.composite
def spelled_frames(draw: st.DrawFn) -> tuple[bytes, Any]:
    payload = draw(JSON)
    body = json.dumps(payload, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace")
    end = draw(ENDS)
    length = f"{draw(NAMES)}{draw(SPACES)}:{draw(SPACES)}{len(body)}{draw(SPACES)}"
    lines = draw(st.permutations([length, draw(OTHERS)]))
    header = "".join(line + end for line in lines if line) + end
    return draw(st.sampled_from([b"", b"\r\n"])) + header.encode() + body, json.loads(body)


@given(messages=st.lists(spelled_frames(), max_size=5), cuts=st.lists(st.integers(1, 40), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_any_spelling_in_any_chunks_gives_the_same_messages(messages: list[tuple[bytes, Any]], cuts: list[int]) -> None:
    data = b"".join(raw for raw, _ in messages)
    reading, writing = os.pipe()

    def write() -> None:
        position = turn = 0
        while position < len(data):
            step = cuts[turn % len(cuts)]
            os.write(writing, data[position : position + step])
            position, turn = position + step, turn + 1
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    with open(reading, "rb") as stream:
        bodies = list(read_frames(stream))
    writer.join()
    assert [json.loads(body) for body in bodies if isinstance(body, bytes)] == [payload for _, payload in messages]


@given(data=st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_to_an_end_or_to_a_framing_error(data: bytes) -> None:
    try:
        bodies = frames(data, limit=50)
    except FramingError:
        return
    assert all(isinstance(body, Oversized) or len(body) <= 50 for body in bodies)
