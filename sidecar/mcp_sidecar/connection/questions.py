"""The questions of one server: held against the protocol, bounded in number, put to the host; the answers likewise.

How a question came, by a request of the server (2025-11-25 and older) or in a result (2026-07-28), is others' business.
"""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

import mcp_types.methods
import pydantic
from jsonschema.exceptions import SchemaError

from mcp_sidecar.connection.allowance import Allowance
from mcp_sidecar.connection.channel import encode
from mcp_sidecar.connection.host import USER_REJECTED, Host, Refused, Unservable, WrongAnswer
from mcp_sidecar.connection.output_schema import Checker
from mcp_sidecar.connection.problems import json_path, of_validation

OPEN_LIMIT = 3
"""Questions that are before the person at once."""

WAITING_LIMIT = 32
"""Questions that wait for their turn."""

QUESTION_BURST = 30
"""Questions that are put to the person one right after the other."""

QUESTION_RATE = 0.5
"""Questions a second in the long run: nobody answers faster, so whoever asks more often is a broken server."""

ELICITATION = "elicitation/create"
SAMPLING = "sampling/createMessage"
ROOTS = "roots/list"

INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
TOO_MANY = -32000
"""JSON-RPC's first code that an implementation may use as it likes; MCP has none for this."""

_ANSWERS = "2025-11-25"
"""The revision whose schemas the host's answers are held against; both eras have the same."""

_CANCELLED = {"action": "cancel"}
_DECLINED = {"action": "decline"}


class QuestionEvents(Protocol):
    """What there is to read about questions."""

    def noted(self, level: str, message: str) -> None:
        """A line of the sidecar's own."""

    def violated(self, problem: str, raw: str | None = None) -> None:
        """The server broke the protocol."""

    def answered_wrong(self, problem: str) -> None:
        """The editor broke the protocol."""


class Questions:
    """Puts a server's questions to the host, a few at a time."""

    def __init__(self, host: Host, events: QuestionEvents, server: Callable[[], str]) -> None:
        """
        Args:
            host: who is asked.
            events: who is told what there is to read.
            server: what the server calls itself.
        """
        self._host = host
        self._events = events
        self._server = server
        self._turns = asyncio.Semaphore(OPEN_LIMIT)
        self._waiting = 0
        self._allowance = Allowance(QUESTION_BURST, QUESTION_RATE)
        self._flood_told = False

    async def answer(self, method: str, params: Mapping[str, Any], *, modern: bool) -> dict[str, Any]:
        """Return the result of one question. Cancelling withdraws it from the host.

        Args:
            method: `elicitation/create`, `sampling/createMessage` or `roots/list`.
            params: as they came.
            modern: whether the question is of the 2026-07-28 era.

        Raises:
            Refused: there is none.
        """
        if problem := _wrong_in_request(method, params, modern=modern):
            self._events.violated(f"the params of {method} are wrong: {problem}")
            raise Refused(INVALID_PARAMS, f"Invalid params: {problem}", fault="server")
        if method == ROOTS:
            return {"roots": self._host.roots()}
        async with self._turn():
            return await (self._elicit(params) if method == ELICITATION else self._sample(params))

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait until there is room before the person."""
        if self._waiting >= WAITING_LIMIT:
            raise self._too_many(f"{WAITING_LIMIT} questions wait already")
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            if not self._allowance.take():
                raise self._too_many(f"more than {QUESTION_BURST} questions in a short time")
            yield
        finally:
            self._turns.release()

    def _too_many(self, why: str) -> Refused:
        if not self._flood_told:
            self._flood_told = True
            self._events.violated(f"a flood of questions ({why}); those beyond are refused, and told only this once")
        return Refused(TOO_MANY, f"Too many questions: {why}", fault="server")

    async def _elicit(self, params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            result = await self._host.elicit(self._server(), params)
        except Unservable as reason:
            self._events.noted("warning", f"a question of the server was declined: {reason}")
            return _DECLINED
        except Refused as refusal:
            self._events.noted("warning", f"the editor refused {ELICITATION}: {refusal.message} ({refusal.code})")
            raise
        except TimeoutError:
            self._events.noted("warning", "a question of the server was cancelled: nobody answered it")
            return _CANCELLED
        except WrongAnswer as wrong:
            return self._cancelled_for(str(wrong))
        if problem := _wrong_in_answer(ELICITATION, result) or self._wrong_in_content(params, result):
            return self._cancelled_for(problem)
        checked: dict[str, Any] = result
        return checked

    def _cancelled_for(self, problem: str) -> dict[str, Any]:
        self._events.answered_wrong(f"its answer to {ELICITATION} is wrong, the server is told cancel: {problem}")
        return _CANCELLED

    async def _sample(self, params: Mapping[str, Any]) -> dict[str, Any]:
        declared = self._host.capabilities().get("sampling")
        if "tools" in params and declared is not None and "tools" not in declared:
            self._events.violated(f"{SAMPLING} with tools, which the client did not declare")
            raise Refused(INVALID_PARAMS, "This client did not declare sampling.tools", fault="server")
        try:
            result = await self._host.sample(self._server(), params)
        except Unservable as reason:
            self._events.noted("warning", f"{SAMPLING} of the server was refused: {reason}")
            raise Refused(USER_REJECTED, "User rejected sampling request") from None
        except Refused as refusal:
            self._events.noted("warning", f"the editor refused {SAMPLING}: {refusal.message} ({refusal.code})")
            raise
        except TimeoutError:
            self._events.noted("warning", f"{SAMPLING} of the server was given up: the editor did not answer it")
            raise Refused(USER_REJECTED, "User did not answer the sampling request") from None
        except WrongAnswer as wrong:
            raise self._failed_for(str(wrong)) from None
        if problem := _wrong_in_answer(SAMPLING, result):
            raise self._failed_for(problem)
        checked: dict[str, Any] = result
        return checked

    def _failed_for(self, problem: str) -> Refused:
        self._events.answered_wrong(f"its answer to {SAMPLING} is wrong, the server gets an error: {problem}")
        return Refused(INTERNAL_ERROR, "The client's answer to the sampling request is malformed")

    def _wrong_in_content(self, params: Mapping[str, Any], result: Mapping[str, Any]) -> str | None:
        """What of an accepted form breaks the schema that the server asked for."""
        schema = params.get("requestedSchema")
        if result["action"] != "accept" or not isinstance(schema, dict):
            return None
        content = result.get("content")
        try:
            errors = Checker(schema).errors({} if content is None else content, 1)
        except SchemaError as error:
            self._events.violated(f"the requestedSchema is no JSON Schema: {error.message[:300]}")
            return None
        except Exception as error:  # noqa: BLE001 - a stranger's schema: a foreign `pattern`, an odd `$schema`, …
            self._events.violated(f"the requestedSchema can't be applied: {type(error).__name__}")
            return None
        if not errors:
            return None
        # jsonschema's own words quote the value, which a person typed and no log should show.
        first = errors[0]
        rule = f"{first.validator} {first.validator_value!r}"
        return f"{json_path(('content', *first.absolute_path))}: breaks the requestedSchema: {rule[:200]}"


def _wrong_in_request(method: str, params: Mapping[str, Any], *, modern: bool) -> str | None:
    """What of a server's question the protocol's schema does not allow."""
    if method == ELICITATION:  # said outright, so that what is wrong is told of the mode that is meant
        params = {"mode": "form", **params}
    if modern:  # only the SDK's own model lets `elicitationId` be absent, as it is in that era
        return _wrong(mcp_types.methods.MONOLITH_REQUESTS[method], {"method": method, "params": params})
    frame = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params}
    return _wrong(mcp_types.methods.SERVER_REQUESTS[method, _ANSWERS], frame)


def _wrong_in_answer(method: str, result: object) -> str | None:
    """What of the host's answer it does not allow, or JSON can't say."""
    if not isinstance(result, dict):
        return "$: it must be an object"
    if problem := _wrong(mcp_types.methods.CLIENT_RESULTS[method, _ANSWERS], result):
        return problem
    try:
        encode(result)
    except RecursionError:
        return "$: nested too deep to be sent"
    return None


@functools.cache
def _adapter(schema: Any) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(schema)


def _wrong(schema: Any, value: Mapping[str, Any]) -> str | None:
    """The first thing that is wrong with a value, and where."""
    try:
        _adapter(schema).validate_python(value, by_name=False)
    except pydantic.ValidationError as error:
        first = of_validation(error, value)[0]
        return f"{first.path}: {first.message}"
    except RecursionError:
        return "$: nested too deep to be checked"
    return None
