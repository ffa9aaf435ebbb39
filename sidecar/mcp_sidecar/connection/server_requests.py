"""The requests of a server that was reached by the handshake (2025-11-25 and older): each is answered, and only once.

MCP 2025-11-25, "Lifecycle", "Cancellation", "Ping", and "Client Features". The 2026-07-28 era has no such requests.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import attrs
from mcp_types.methods import SERVER_REQUESTS
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from mcp_sidecar.connection.allowance import Allowance
from mcp_sidecar.connection.channel import Message, RequestId
from mcp_sidecar.connection.host import USER_REJECTED, Refused
from mcp_sidecar.connection.questions import ELICITATION, Questions
from mcp_sidecar.defects import log_defect

logger = logging.getLogger(__name__)

ANSWER_BURST = 1000
"""Requests that are answered at once, `ping` included."""

ANSWER_RATE = 200
"""Requests a second that are answered in the long run."""

HELD_LIMIT = 32
"""Requests that are kept until the handshake is over on our side, too."""

_INVALID_REQUEST = -32600
_METHOD_NOT_FOUND = -32601
_INTERNAL_ERROR = -32603


class Way(Protocol):
    """What it takes to answer: the link."""

    def reply(self, message: Message) -> None:
        """Send an answer."""

    def violated(self, problem: str, raw: str | None = None) -> None:
        """The server broke the protocol."""

    def asked_for(self, request_id: RequestId) -> Collection[RequestId]:
        """The requests of ours that a request of the server may belong to: it is part of answering one of them."""

    def paused(self, request_id: RequestId) -> AbstractContextManager[None]:
        """Stop the clocks of those requests meanwhile."""


@attrs.define(eq=False)
class _Question:
    """A request that is being answered."""

    request_id: RequestId
    method: str
    calls: set[RequestId]
    """The requests of ours that it may belong to."""
    task: asyncio.Task[None] | None = None
    owed: bool = False
    """Whether the server still wants an answer when the task is cancelled."""


class ServerRequests:
    """Answers one server. `begin()` it when the handshake is over, `close()` it with the link."""

    def __init__(self, questions: Questions, way: Way) -> None:
        """
        Args:
            questions: puts them to the host.
            way: takes the answers.
        """
        self._questions = questions
        self._way = way
        self._open: dict[RequestId, _Question] = {}
        self._version: str | None = None
        self._initialized = False
        self._held: list[Message] = []
        self._closed = False
        self._allowance = Allowance(ANSWER_BURST, ANSWER_RATE)
        self._flood_told = False

    def initialized(self) -> None:
        """The server was sent `notifications/initialized`: from now on it may ask."""
        self._initialized = True

    def begin(self, version: str) -> None:
        """The handshake is over.

        Args:
            version: the negotiated protocol version.
        """
        self._version = version
        held, self._held = self._held, []
        for message in held:
            self.take(message)

    def take(self, message: Message) -> None:
        """Answer a request, now or later."""
        request_id, method, params = message["id"], message["method"], message.get("params", {})
        if self._closed or self._is_flood():
            return
        if request_id in self._open:
            # An error under this id would be taken for the answer to the first one.
            self._way.violated(f"a second request with the id {request_id!r} while the first one is open; ignored")
        elif method == "ping" and self._version not in MODERN_PROTOCOL_VERSIONS:
            self._way.reply({"jsonrpc": "2.0", "id": request_id, "result": {}})
        elif self._version is None and not self._initialized:
            self._way.violated(f"{method[:100]} before notifications/initialized; refused")
            self._refuse(request_id, Refused(_INVALID_REQUEST, "Not before notifications/initialized"))
        elif self._version is None:
            if len(self._held) < HELD_LIMIT:
                self._held.append(message)
            else:
                self._refuse(request_id, Refused(_INVALID_REQUEST, "Too many requests at once"))
        elif (method, self._version) not in SERVER_REQUESTS:
            self._way.violated(f"the request {method[:100]!r}, which protocol version {self._version} does not have")
            self._refuse(request_id, Refused(_METHOD_NOT_FOUND, f"Method not found: {method[:100]}"))
        else:
            question = _Question(request_id, method, set(self._way.asked_for(request_id)))
            self._open[request_id] = question
            question.task = asyncio.create_task(self._answer(question, params))

    def withdraw(self, request_id: object) -> None:
        """The server does not want the answer any more; it gets none (MCP, "Cancellation")."""
        if isinstance(request_id, int | str) and (question := self._open.get(request_id)) is not None:
            assert question.task is not None
            question.task.cancel()

    def ended(self, call: RequestId, *, abandoned: bool) -> None:
        """A request of ours is over.

        A question that was part of it has no purpose once it is given up. One that may be part of another stays, and
        so does one whose call was answered: the server knows best what it still wants.

        Args:
            call: its id.
            abandoned: whether it was cancelled, or its time was over.
        """
        for question in self._open.values():
            if call in question.calls:
                question.calls.discard(call)
                if abandoned and not question.calls:
                    assert question.task is not None
                    question.owed = True
                    question.task.cancel()

    def stop(self) -> None:
        """Answer nothing any more, and withdraw from the host what is open."""
        self._closed = True
        self._held.clear()
        for question in self._open.values():
            assert question.task is not None
            question.owed = False
            question.task.cancel()

    async def close(self) -> None:
        """As `stop`, and return when nothing of it is left."""
        self.stop()
        if tasks := {question.task for question in self._open.values() if question.task is not None}:
            await asyncio.wait(tasks)

    def _is_flood(self) -> bool:
        if self._allowance.take():
            return False
        if not self._flood_told:
            self._flood_told = True
            rate = f"more than {ANSWER_RATE} requests a second"
            self._way.violated(f"a flood of requests ({rate}); those beyond are dropped, and told only this once")
        return True

    async def _answer(self, question: _Question, params: Mapping[str, Any]) -> None:
        try:
            with self._way.paused(question.request_id):
                result = await self._questions.answer(question.method, params, modern=False)
            self._end(question, {"result": result})
        except Refused as refusal:
            self._end(question, {"error": refusal.error})
        except asyncio.CancelledError:
            if question.owed:
                self._end(question, _given_up(question.method))
            raise
        except Exception as error:  # noqa: BLE001 - the server must not wait for ever for what went wrong here
            log_defect(logger, "a request of the server could not be answered", error)
            self._end(question, {"error": {"code": _INTERNAL_ERROR, "message": "The client failed to answer"}})
        finally:
            self._open.pop(question.request_id, None)

    def _end(self, question: _Question, answer: Mapping[str, Any]) -> None:
        if not self._closed:
            self._way.reply({"jsonrpc": "2.0", "id": question.request_id, **answer})

    def _refuse(self, request_id: RequestId, refusal: Refused) -> None:
        self._way.reply({"jsonrpc": "2.0", "id": request_id, "error": refusal.error})


def _given_up(method: str) -> dict[str, Any]:
    """What the server is told when the call that it asks for was given up."""
    if method == ELICITATION:
        return {"result": {"action": "cancel"}}
    return {"error": {"code": USER_REJECTED, "message": "The request that this belongs to was cancelled"}}
