"""The stdio channel: newline-delimited JSON over a child process's pipes (MCP, "Transports: stdio")."""

from collections.abc import Mapping
from typing import Any, ClassVar

from mcp_sidecar.connection import inbound
from mcp_sidecar.connection.channel import MESSAGE_LIMIT, Channel, ChannelEvents, Message, RequestId, encode
from mcp_sidecar.connection.diagnosis import last_words
from mcp_sidecar.connection.errors import ConnectionLost, TransportError
from mcp_sidecar.connection.lines import LineSplitter
from mcp_sidecar.connection.process import ServerProcess
from mcp_sidecar.connection.status import Transport
from mcp_sidecar.connection.target import StdioEndpoint

UNREAD_LIMIT = MESSAGE_LIMIT
"""Bytes kept for a server that doesn't read its stdin; what goes beyond is refused."""


class StdioChannel(Channel):
    """A server started as a program."""

    transport: ClassVar[Transport] = "stdio"

    def __init__(self, endpoint: StdioEndpoint, events: ChannelEvents) -> None:
        """
        Args:
            endpoint: what to start.
            events: who is told what happens.
        """
        self._endpoint = endpoint
        self._events = events
        self._splitter = LineSplitter(MESSAGE_LIMIT, self._line, self._overlong)
        self._process: ServerProcess | None = None

    @property
    def process(self) -> ServerProcess:
        """The running server."""
        assert self._process is not None, "the channel was not opened"
        return self._process

    async def open(self) -> None:
        self._process = await ServerProcess.start(
            self._endpoint, on_output=self._output, on_stderr=self._events.printed, on_gone=self._process_gone
        )

    def send(self, message: Message, headers: Mapping[str, str] | None = None) -> None:
        data = encode(message)
        if self.process.unread + len(data) > UNREAD_LIMIT and (request_id := message.get("id")) is not None:
            self._refuse(request_id, is_request="method" in message)
        else:
            self._events.tap.sent(message, data)
            self.process.write(data + b"\n")

    def _refuse(self, request_id: RequestId, *, is_request: bool) -> None:
        """Tell that a message does not go to a server that reads nothing."""
        problem = f"The server does not read its stdin: {self.process.unread} bytes wait to be read."
        if not is_request:  # an answer to the server; the id is the server's, and may be one of ours as well
            self._events.violated(f"{problem} The answer to its request {request_id!r} was dropped.")
            return
        self._events.failed(
            request_id,
            TransportError(
                problem,
                suggestion="Look for what blocks the server; reconnecting starts it again.",
                details={"unreadBytes": self.process.unread},
            ),
        )

    async def close(self, *, gracefully: bool) -> None:
        if self._process is not None:
            await self._process.stop(gracefully=gracefully)

    def diagnosis(self) -> dict[str, Any]:
        known = {} if self._process is None else self._process.describe_exit()
        if unfinished := self._splitter.unfinished:
            known["unfinishedLine"] = inbound.excerpt(unfinished)
        return known

    def _output(self, data: bytes) -> None:
        if data:
            self._splitter.feed(data)
        else:
            self._splitter.flush()

    def _line(self, line: bytes) -> None:
        inbound.read(line, self._events, rule=", and nothing else may be written to stdout")

    def _overlong(self, head: bytes, size: int) -> None:
        inbound.discard(head, size, MESSAGE_LIMIT, self._events)

    def _process_gone(self) -> None:
        details = self.process.describe_exit()
        match details:
            case {"signal": name}:
                what = f"The server was ended by {name}"
            case {"exitCode": code}:
                what = f"The server exited with code {code}"
            case _:
                pipe = "stdin" if self.process.closed_stdin else "stdout"
                what = f"The server closed its {pipe} but is still running"
        last = last_words(self.process.tail)
        if details.get("signal") == "SIGKILL":
            # Something else killed it, so no last words of its own explain it.
            message, advice = f"{what}.", "Find out what killed it"
        elif last:
            message, advice = f"{what}; its last line on stderr: {last}", "Read its stderr and mend it"
        else:
            message = f"{what}, with nothing on stderr."
            advice = "If it ends at once, see that the script really starts the server, as by mcp.run()"
        self._events.ended(
            ConnectionLost(message, suggestion=f"{advice}; then reconnect to start it again.", details=details)
        )
