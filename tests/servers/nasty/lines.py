"""Servers that break the framing: what should be one JSON message per line is not."""

import json
import threading

from nasty.modes import NastyServer, mode
from raw import Json, NoAnswer, text

GARBAGE = (
    b"Server running on stdio\n",
    b"\n",
    b"\x1b[32mINFO\x1b[0m ready \xe2\x9c\x93\n",
    b"DEBUG: {'method': 'tools/list'}\n",
    b'{"level": "info", "message": "JSON, but no JSON-RPC"}\n',
    b'{"jsonrpc": "2.0", "id": 1, "resu\n',
)
"""What authors print by mistake; the last one looks like a message cut in two."""


def line_of(message: Json) -> bytes:
    """A message as the line it should be."""
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


@mode("garbage")
class Garbage(NastyServer):
    """Prints garbage lines on stdout at the start and before each answer."""

    def serve(self) -> None:
        self.write(b"".join(GARBAGE))
        super().serve()

    def respond(self, method: str, answer: Json) -> None:
        self.write(b"".join(GARBAGE) + line_of(answer))


@mode("garbage-flood")
class GarbageFlood(NastyServer):
    """Prints N (100000) garbage lines on stdout before it answers a tool call."""

    default = 100_000

    def respond(self, method: str, answer: Json) -> None:
        if method == self.on:
            self.write(b"still working, please wait\n" * self.value)
        super().respond(method, answer)


@mode("invalid-utf8-line")
class InvalidUtf8Line(NastyServer):
    """Prints a line that is not UTF-8 before it answers a tool call."""

    def respond(self, method: str, answer: Json) -> None:
        if method == self.on:
            self.write(b"caf\xe9 \xff\xfe\x80 ol\xe9\n")
        super().respond(method, answer)


@mode("invalid-utf8-inside")
class InvalidUtf8Inside(NastyServer):
    """Answers tool calls in Latin-1: the text is "café" with the byte E9."""

    def respond(self, method: str, answer: Json) -> None:
        if method == self.on:
            answer["result"] = text("caf\u00e9")
            self.write(json.dumps(answer, ensure_ascii=False).encode("latin-1") + b"\n")
        else:
            super().respond(method, answer)


@mode("endless-line")
class EndlessLine(NastyServer):
    """Answers a tool call with a line that never ends, or with one of N MB if N is given; no newline follows."""

    def respond(self, method: str, answer: Json) -> None:
        if method != self.on:
            super().respond(method, answer)
            return
        written = 0
        while not self.value or written < self.value:
            self.write(b"x" * 1_000_000)
            written += 1


@mode("no-newline")
class NoNewline(NastyServer):
    """Forgets the newline after the answer to a tool call; the next message follows on the same line."""

    def respond(self, method: str, answer: Json) -> None:
        self.write(line_of(answer).rstrip() if method == self.on else line_of(answer))


@mode("pretty")
class Pretty(NastyServer):
    """Prints answers to tool calls indented, over several lines."""

    def respond(self, method: str, answer: Json) -> None:
        indent = 2 if method == self.on else None
        self.write(json.dumps(answer, indent=indent).encode() + b"\n")


@mode("content-length")
class ContentLength(NastyServer):
    """Frames all messages as a language server does, with Content-Length headers and no newline at the end."""

    def respond(self, method: str, answer: Json) -> None:
        body = line_of(answer).rstrip()
        self.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)


@mode("crlf")
class Crlf(NastyServer):
    """Ends lines with CR LF; valid, as the CR is white space."""

    def respond(self, method: str, answer: Json) -> None:
        self.write(line_of(answer).rstrip() + b"\r\n")


@mode("bom")
class Bom(NastyServer):
    """Begins its output with a byte order mark."""

    def serve(self) -> None:
        self.write(b"\xef\xbb\xbf")
        super().serve()


@mode("trickle")
class Trickle(NastyServer):
    """Writes answers byte by byte, so that characters are cut in two; valid."""

    def respond(self, method: str, answer: Json) -> None:
        for byte in line_of(answer):
            self.write(bytes([byte]))


@mode("big-result")
class BigResult(NastyServer):
    """Answers tool calls with a text of N MB (10)."""

    default = 10

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        return text("y" * (self.value * 1_000_000))


@mode("nan")
class NotANumber(NastyServer):
    """Answers tool calls with NaN and Infinity in the structured content: no JSON, but what many libraries write."""

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        return text("nan") | {"structuredContent": {"ratio": float("nan"), "limit": float("inf")}}


@mode("floods-notifications")
class FloodsNotifications(NastyServer):
    """Sends N (10000) log notifications before it answers a tool call."""

    default = 10_000

    def respond(self, method: str, answer: Json) -> None:
        if method == self.on:
            for number in range(self.value):
                self.notify("notifications/message", {"level": "info", "data": f"message {number}"})
        super().respond(method, answer)


@mode("floods-for-ever")
class FloodsForEver(NastyServer):
    """Sends log notifications without end from the first tool call on, but answers as well."""

    flooding = False

    def respond(self, method: str, answer: Json) -> None:
        if method == self.on and not self.flooding:
            self.flooding = True
            threading.Thread(target=self._flood, daemon=True).start()
        super().respond(method, answer)

    def _flood(self) -> None:
        while True:
            self.notify("notifications/message", {"level": "debug", "data": "tick"})


@mode("never-answers")
class NeverAnswers(NastyServer):
    """Takes tool calls and never answers them; everything else works."""

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        raise NoAnswer
