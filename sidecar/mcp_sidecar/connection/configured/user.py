"""The user at the editor, who is asked before something runs and for what only they know."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from mcp_sidecar.connection.configured.inputs import InputDefinition

MOST_CHOICES: Final = 12
"""Choices that a message offers; of more, nobody finds the right one."""


class Unaskable(Exception):
    """There is no answer: the editor can't ask, or nobody answered in time; says why."""


class User(Protocol):
    """Who is asked. Cancelling a question withdraws it."""

    @property
    def takes_inputs(self) -> bool:
        """Whether `enter` is possible."""

    async def choose(self, message: str, choices: Sequence[str]) -> str | None:
        """Show a message with a few choices, and return the one that was taken; None when it was dismissed.

        Raises:
            Unaskable: nobody can be asked, or answered in time.
        """

    async def enter(self, definition: "InputDefinition", server: str, uri: str) -> str | None:
        """Ask for the value of an input, and return it; None when the user did not give one.

        Args:
            definition: what is asked for.
            server: the name of the server that needs it.
            uri: the file that defines both.

        Raises:
            Unaskable: nobody can be asked, or answered in time.
        """


class Nobody:
    """Nobody to ask: without an editor."""

    takes_inputs = False

    async def choose(self, message: str, choices: Sequence[str]) -> str | None:
        """Not possible."""
        raise Unaskable("there is no editor")

    async def enter(self, definition: "InputDefinition", server: str, uri: str) -> str | None:
        """Not possible."""
        raise Unaskable("there is no editor")
