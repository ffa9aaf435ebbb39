"""The host of the client, in MCP's words: the editor and the person at it, whom a server may ask for something."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

USER_REJECTED = -1
"""The code that MCP 2025-11-25 gives for a sampling that the user did not want ("Sampling: Error Handling")."""

ANSWER_LIMIT = 600.0
"""Seconds for which a question waits for a person. Some editors never answer, and no call must wait for ever."""


class Host(Protocol):
    """Who is asked."""

    def capabilities(self) -> Mapping[str, Any]:
        """`elicitation` and `sampling`, as a client declares them to a server; left out what can't be served."""

    def roots(self) -> list[dict[str, Any]]:
        """MCP's roots: the folders of the workspace."""

    async def elicit(self, server: str, params: Mapping[str, Any]) -> Any:
        """Put an `elicitation/create` to the person, and return the result, unchecked.

        Args:
            server: what the server calls itself.
            params: as they came.

        Raises:
            Unservable: the person can't be asked that.
            Refused: the host answered with an error.
            WrongAnswer: the host's answer is none.
            TimeoutError: nobody answered.
        """

    async def sample(self, server: str, params: Mapping[str, Any]) -> Any:
        """Put a `sampling/createMessage` to the editor's model; as `elicit`."""


class Unservable(Exception):
    """The host has no means for this question; says why."""


class WrongAnswer(Exception):
    """What the host answered can't be understood; says what is wrong with it."""


class Refused(Exception):
    """There is no result; the server is told so with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any = None, *, fault: Literal["server", "host"] = "host") -> None:
        """
        Args:
            code, message, data: the error.
            fault: which side is to blame.
        """
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data
        self.fault = fault

    @property
    def error(self) -> dict[str, Any]:
        """The JSON-RPC error."""
        error = {"code": self.code, "message": self.message}
        return error if self.data is None else {**error, "data": self.data}


class Nobody:
    """A host without an editor: nothing can be asked."""

    def capabilities(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def roots(self) -> list[dict[str, Any]]:
        """None."""
        return []

    async def elicit(self, server: str, params: Mapping[str, Any]) -> Any:
        """Not at all."""
        raise Unservable("there is no editor")

    async def sample(self, server: str, params: Mapping[str, Any]) -> Any:
        """Not at all."""
        raise Unservable("there is no editor")
