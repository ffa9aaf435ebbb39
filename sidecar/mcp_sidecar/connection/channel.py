"""A channel carries JSON-RPC messages to one server and back, and tells when it no longer can."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

from mcp_sidecar.connection.errors import SidecarError
from mcp_sidecar.connection.status import Transport
from mcp_sidecar.connection.trace import Tap

Message = dict[str, Any]
"""One JSON-RPC message, as it came off the wire or goes onto it."""

RequestId = int | str

Pause = Callable[[], AbstractContextManager[None]]
"""Stops a clock while a person is waited for."""

MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes in one message of the server. A longer one is dropped and reported: memory stays bounded."""


class ChannelEvents(Protocol):
    """What a channel tells its owner. All of these are called on the event loop and return at once."""

    tap: Tap
    """Is told of every frame, when it is sent, and when it is received before anything else is made of it."""

    def received(self, message: Message, stream: RequestId | None = None) -> None:
        """A message that is JSON-RPC in form: has a `method`, or an `id` with a `result` or an `error`.

        Args:
            message: as it came.
            stream: the request on whose response stream it came, where each has one.
        """

    def failed(self, request_id: RequestId, error: SidecarError) -> None:
        """The request with this id will never be answered."""

    def flawed(self, request_id: RequestId, problem: str) -> None:
        """The answer that follows for this id broke the protocol, but could be understood."""

    def violated(self, problem: str, raw: str | None = None) -> None:
        """The server broke the protocol; `raw` is an excerpt of what it sent."""

    def printed(self, line: str) -> None:
        """The server wrote a line to its stderr."""

    def ended(self, error: SidecarError) -> None:
        """The channel is dead."""

    def pending(self) -> Collection[RequestId]:
        """The ids of all requests that wait for an answer."""

    def patience(self, request_id: RequestId) -> Pause | None:
        """What stops the clock of a request while a person is asked because of it; None where nobody may be asked."""
        return None

    def standing(self) -> Collection[RequestId]:
        """Those among `pending` whose answer only says that they have ended."""


class Channel(ABC):
    """The way to one server. `open()` it once, `close()` it once."""

    transport: ClassVar[Transport]

    @abstractmethod
    async def open(self) -> None:
        """Make the channel usable.

        Raises:
            SidecarError: it can't be made.
        """

    @abstractmethod
    def send(self, message: Message, headers: Mapping[str, str] | None = None) -> None:
        """Send a message without ever blocking. What goes wrong is told by `failed` or `ended`.

        Args:
            message: a JSON-RPC message.
            headers: HTTP headers that go with it, on transports that have them.
        """

    @abstractmethod
    async def close(self, *, gracefully: bool) -> None:
        """Leave nothing behind: no process, no task, no descriptor.

        Args:
            gracefully: give the server the time to end by itself.
        """

    def abort(self, request_id: RequestId) -> None:  # noqa: B027 - most channels have nothing per request
        """Give up waiting for the answer to a request, where waiting holds a stream open."""

    def start_listening(self) -> None:  # noqa: B027 - most channels listen from the start
        """Open the stream for what the server says by itself, where that is a stream of its own."""

    def diagnosis(self) -> dict[str, Any]:
        """What is known that may explain a failure, for the details of an error."""
        return {}

    @property
    def hears_loss(self) -> bool:
        """Whether the loss of an idle server is noticed by itself, without a heartbeat."""
        return True


def encode(message: Message) -> bytes:
    """Encode a message as compact UTF-8 JSON on one line.

    Raises:
        ValueError: it holds NaN or an infinity, which JSON has no word for.
    """
    try:
        return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate is legal in JSON only as an escape
        return json.dumps(message, allow_nan=False, separators=(",", ":")).encode()
