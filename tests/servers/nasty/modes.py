"""A mode: a raw server with one thing broken, found by its name."""

from collections.abc import Callable
from typing import ClassVar

from raw import RawServer


class NastyServer(RawServer):
    """A raw server with something broken; the docstring of a subclass says what."""

    default: ClassVar[int] = 0
    """The mode's number (a size, a depth, an exit code) when none is given."""

    def __init__(self, era: str = "legacy", value: int | None = None, on: str = "tools/call") -> None:
        super().__init__(era)
        self.value = self.default if value is None else value
        self.on = on
        """The method that the broken thing happens on, where the mode is about answers."""


MODES: dict[str, type[NastyServer]] = {}
"""All modes by their names, filled as their modules are imported."""


def mode(name: str) -> Callable[[type[NastyServer]], type[NastyServer]]:
    """Register a server under the name of its mode."""

    def register(server: type[NastyServer]) -> type[NastyServer]:
        MODES[name] = server
        return server

    return register
