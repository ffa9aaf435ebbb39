"""The misdeeds of a server on one connection: each kind once, with how often it was seen.

Bounded, whatever a server does: it may break the protocol ten thousand times a second, each time in other words.
"""

import re

import attrs

KINDS_KEPT = 100
"""Different misdeeds that are kept; of those beyond, only the number is."""

_LONGEST = 500
"""Characters of a message that are kept."""

_NUMBER = re.compile(r"[0-9]+")


@attrs.frozen(kw_only=True)
class Misdeed:
    """Something that a server did wrong, once or more often."""

    rule: str
    """`violation` of the protocol, or what rule of `Problem` an answer broke."""
    message: str
    """As it was seen first."""
    method: str | None = None
    """Of the request whose answer it was, if that is known."""
    name: str | None = None
    """The tool that was called."""
    path: str = "$"
    """Where in the result."""
    count: int = 1


class Misdeeds:
    """Keeps them."""

    def __init__(self) -> None:
        self._kept: dict[_Kind, Misdeed] = {}
        self._counts: dict[_Kind, int] = {}
        self.dropped = 0
        """How many were seen that are not kept."""

    def note(self, misdeed: Misdeed) -> None:
        """Take what was seen. What differs only in numbers (ids of requests, places in a text) is the same."""
        path, message = _without_numbers(misdeed.path), _without_numbers(misdeed.message)
        kind = (misdeed.rule, misdeed.method, misdeed.name, path, message)
        if kind in self._kept:
            self._counts[kind] += 1
        elif len(self._kept) < KINDS_KEPT:
            self._kept[kind] = attrs.evolve(misdeed, message=misdeed.message[:_LONGEST])
            self._counts[kind] = 1
        else:
            self.dropped += 1

    @property
    def kept(self) -> tuple[Misdeed, ...]:
        """All that are kept, in the order in which they were seen first."""
        return tuple(attrs.evolve(misdeed, count=self._counts[kind]) for kind, misdeed in self._kept.items())


_Kind = tuple[str, str | None, str | None, str, str]
"""What two misdeeds have in common that are the same."""


def _without_numbers(text: str) -> str:
    return _NUMBER.sub("#", text[:_LONGEST])
