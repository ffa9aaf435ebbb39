"""A probe: one harmless request of the inspection, and what became of it."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from mcp_sidecar.connection.errors import (
    AuthenticationRequired,
    ProtocolError,
    ServerError,
    TimedOut,
    TransportError,
)
from mcp_sidecar.connection.inspection.report import Outcome
from mcp_sidecar.connection.problems import Problem, against_protocol

if TYPE_CHECKING:
    from mcp_sidecar.connection.link import Link

METHOD_NOT_FOUND = -32601


@attrs.frozen(kw_only=True)
class Probe:
    """A request that was sent beside those of the user; it counts in no statistic."""

    method: str
    about: str | None = None
    """What it was about, where the method alone does not say it: a prompt, a template, a URI."""
    outcome: Outcome
    why: str = ""
    """What the server, or whoever saw it fail, said about it."""
    code: int | None = None
    """Of the error that the server answered with."""
    result: Mapping[str, Any] = attrs.field(factory=dict)
    problems: tuple[Problem, ...] = ()
    duration_ms: float = 0.0


async def probe(
    link: "Link", method: str, params: Mapping[str, Any] | None, *, timeout: float, about: str | None = None
) -> Probe:
    """Send a request, and say what became of it.

    Args:
        timeout: seconds.
        about: see `Probe`.

    Raises:
        ConnectionLost: the connection ended; nothing more can be asked.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()

    def ended(outcome: Outcome, why: str, code: int | None = None) -> Probe:
        duration = (loop.time() - started) * 1000
        return Probe(method=method, about=about, outcome=outcome, why=why, code=code, duration_ms=duration)

    try:
        answer = await link.request(method, params, timeout=timeout, quiet=True)
    except ServerError as error:
        code = error.details["error"]["code"]
        return ended("unknown" if code == METHOD_NOT_FOUND else "refused", error.message, code)
    except TimedOut as error:
        return ended("unanswered", error.message)
    except (ProtocolError, TransportError, AuthenticationRequired) as error:
        return ended("failed", error.message)
    problems = (*answer.problems, *against_protocol(method, link.server.protocol_version, answer.result))
    return Probe(
        method=method,
        about=about,
        outcome="answered",
        result=answer.result,
        problems=problems,
        duration_ms=answer.duration_ms,
    )
