"""The diagnosis of a server that fails or keeps silent: what is known that may explain it."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from mcp_sidecar.connection.deadline import Deadline
from mcp_sidecar.connection.errors import ConnectionLost, SidecarError, TimedOut

RECENT_VIOLATIONS = 5
"""Protocol violations that a timeout's details recall: they explain most of them."""

_LONGEST_LINE = 300
"""Characters of a line that a message quotes; the details have more of it."""


def last_words(stderr: Sequence[str]) -> str | None:
    """The last line of stderr that says something, as a message quotes it."""
    last = next((line.strip() for line in reversed(stderr) if line.strip()), None)
    return last if last is None or len(last) <= _LONGEST_LINE else f"{last[:_LONGEST_LINE]}…"


class Diagnosis:
    """Remembers the last violations of the protocol on one link, beside what its channel knows."""

    def __init__(self, of_channel: Callable[[], dict[str, Any]]) -> None:
        """
        Args:
            of_channel: what the channel knows; see `Channel.diagnosis`.
        """
        self._of_channel = of_channel
        self._violations: deque[tuple[float, str]] = deque(maxlen=RECENT_VIOLATIONS)
        """When, on the loop's clock, and what."""

    def note(self, violation: str) -> None:
        """Remember a violation of the protocol."""
        self._violations.append((asyncio.get_running_loop().time(), violation))

    def violations(self, since: float = 0.0) -> list[str]:
        """The last violations of the protocol.

        Args:
            since: the time on the loop's clock before which they explain nothing.
        """
        return [text for time, text in self._violations if time >= since]

    def details(self, since: float = 0.0) -> dict[str, Any]:
        """All that is known, for the details of an error; see `violations`."""
        violations = self.violations(since)
        return {**self._of_channel(), **({"violations": violations} if violations else {})}

    def suspicion(self, since: float = 0.0) -> str:
        """What most likely explains a silence, as a sentence with a space in front, or nothing; see `violations`."""
        known = self.details(since)
        if violations := known.get("violations"):
            return f" It broke the protocol: {violations[-1]}"
        if unfinished := known.get("unfinishedLine"):
            return f" It wrote a line without a newline at its end: {unfinished}"
        return ""

    def of_loss(self, error: SidecarError) -> SidecarError:
        """The error for a server that was lost before it got to MCP, with what it said instead.

        What ends at once often says why on stdout, where nothing but the protocol may be.
        """
        if type(error) is not ConnectionLost or not (violations := self.violations()):
            return error
        return ConnectionLost(
            f"{error.message.removesuffix('.')}.{self.suspicion()}",
            suggestion=error.suggestion,
            details={**error.details, "violations": violations},
        )

    def of_silence(self, method: str, deadline: Deadline, since: float) -> TimedOut:
        """The error for a request that was not answered in time.

        Args:
            method: of the request.
            deadline: the time that it had.
            since: when it was sent, on the loop's clock.
        """
        if not deadline.extended:
            what = f"The server did not answer {method} within {deadline.seconds:g} s."
        elif deadline.at_maximum:
            what = f"The server reported progress, but did not answer {method} within {deadline.maximum:g} s."
        else:
            what = f"The server reported progress on {method}, but then nothing for {deadline.seconds:g} s."
        name = "maxCallTimeout" if deadline.extended and deadline.at_maximum else "callTimeout"
        return TimedOut(
            f"{what}{self.suspicion(since)}",
            suggestion=f"The connection stands. Raise {name} if the server needs longer; else find what hangs.",
            details={
                "method": method,
                "timeoutSeconds": deadline.seconds,
                **({"maxTimeoutSeconds": deadline.maximum} if deadline.extended else {}),
                **self.details(since),
            },
        )
