"""A request in rounds: the server answers with what it wants to know, and is sent the request again with the answers.

MCP 2026-07-28, "Multi Round-Trip Requests" (SEP-2322). The older eras ask by requests of the server; see
`server_requests`.
"""

import asyncio
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from mcp_sidecar.connection.errors import ConsentRefused, ProtocolError
from mcp_sidecar.connection.host import Refused

if TYPE_CHECKING:
    from mcp_sidecar.connection.link import Answer, Link
    from mcp_sidecar.connection.progress import ProgressListener
    from mcp_sidecar.connection.questions import Questions

ROUND_LIMIT = 10
"""Times that a request is sent again. The SDKs have the same limit: a server that needs more fails with them, too."""

PAUSE = 0.05
"""Seconds before a request is sent again to a server that asked nothing and only wants to be asked later."""

PAUSE_LIMIT = 0.25
"""Seconds that this pause grows to."""


async def request(
    link: "Link",
    method: str,
    params: Mapping[str, Any] | None,
    *,
    timeout: float,
    maximum: float | None = None,
    progress: "ProgressListener | None" = None,
) -> "Answer":
    """As `Link.request`, to the end of all rounds. Each has the whole timeout; what a person takes counts in none.

    Raises:
        SidecarError: as `Link.request`.
        ConsentRefused: the host refused what the server must know.
    """
    send = functools.partial(link.request, method, timeout=timeout, maximum=maximum, progress=progress)
    answer = await send(params)
    pause = PAUSE
    spent = 0.0
    rounds = 0
    problems = []
    while link.modern and _asks(method, answer):
        spent += answer.duration_ms
        problems += answer.problems
        rounds += 1
        _check(method, answer, link)
        if rounds > ROUND_LIMIT:
            raise ProtocolError(
                f"The server asked for input {rounds} times to answer one {method}; {ROUND_LIMIT} is the limit.",
                suggestion="Ask for all that is needed at once, or let the tool give up.",
            )
        wanted = answer.result.get("inputRequests")
        again = {
            name: value for name, value in (params or {}).items() if name not in ("inputResponses", "requestState")
        }
        if wanted:
            again["inputResponses"] = await link.while_it_stands(_answers(link.questions, wanted))
            pause = PAUSE
        else:
            await asyncio.sleep(pause)
            pause = min(pause * 2, PAUSE_LIMIT)
        if "requestState" in answer.result:
            again["requestState"] = answer.result["requestState"]
        answer = await send(again)
    return attrs.evolve(answer, duration_ms=answer.duration_ms + spent, problems=[*problems, *answer.problems])


def _asks(method: str, answer: "Answer") -> bool:
    """Whether this is no result yet; one without `resultType` is complete."""
    from mcp_types.methods import INPUT_REQUIRED_METHODS, is_input_required

    return method in INPUT_REQUIRED_METHODS and is_input_required(answer.result)


def _check(method: str, answer: "Answer", link: "Link") -> None:
    """Report what is wrong with a result that asks; fail where it can't be answered."""
    from mcp_sidecar.connection.problems import against_protocol

    result = answer.result
    for problem in against_protocol(method, link.server.protocol_version, result):
        link.violated(f"a result of {method} that asks for input: {problem.path}: {problem.message}")
    wanted = result.get("inputRequests")
    if wanted is None and result.get("requestState") is None:
        raise _malformed("it has neither inputRequests nor requestState")
    if wanted is not None and not isinstance(wanted, dict):
        raise _malformed("inputRequests is no object")


async def _answers(questions: "Questions", wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to all questions of a round; the first one that is refused ends the others."""
    tasks = {key: asyncio.create_task(_answer(questions, key, request)) for key, request in wanted.items()}
    try:
        await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_EXCEPTION)
        return {key: task.result() for key, task in sorted(tasks.items(), key=lambda item: not _failed(item[1]))}
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.wait(tasks.values())


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None


async def _answer(questions: "Questions", key: str, request: object) -> dict[str, Any]:
    from mcp_sidecar.connection.questions import ELICITATION, ROOTS, SAMPLING

    method = request.get("method") if isinstance(request, dict) else None
    if method not in (ELICITATION, SAMPLING, ROOTS):
        raise _malformed(f"inputRequests has no request that a client answers under {key[:100]!r}")
    assert isinstance(request, dict)
    params = request.get("params")
    try:
        return await questions.answer(method, {} if params is None else params, modern=True)
    except Refused as refusal:
        details = {"error": refusal.error, "method": method}
        if refusal.fault == "server":
            raise ProtocolError(
                f"The server asked for what it can't be given ({method}): {refusal.message}.",
                suggestion="Mend what the server asks for.",
                details=details,
            ) from refusal
        raise ConsentRefused(
            f"The server wanted {method} to answer, which was refused: {refusal.message}.",
            suggestion="Send the request again and agree, or use an editor that can serve it.",
            details=details,
        ) from refusal


def _malformed(why: str) -> ProtocolError:
    return ProtocolError(
        f"The server's result asks for input, but {why}.",
        suggestion="Mend the InputRequiredResult (MCP 2026-07-28, Multi Round-Trip Requests).",
    )
