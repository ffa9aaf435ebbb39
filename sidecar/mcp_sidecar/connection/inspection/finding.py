"""A finding: one thing that is wrong with a server, where it is, and what to do about it."""

import json
from typing import Literal

import attrs

Severity = Literal["error", "warning", "information", "hint"]
"""How bad it is, in LSP's words: it breaks the protocol or can't work; hosts stumble over it; good to know; a taste."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "information", "hint")
"""From the worst."""

PlaceKind = Literal["server", "capability", "request", "tool", "resource", "resourceTemplate", "prompt"]
"""What a finding is about."""

_LONGEST_NAME = 200
_LONGEST_QUOTE = 80
_LONGEST_MESSAGE = 500
"""Characters: a server decides how long its names are."""


@attrs.frozen(kw_only=True)
class Place:
    """Where something is, in the server's own terms."""

    kind: PlaceKind
    name: str | None = None
    """Of a tool or prompt its name, of a resource its URI, of a template its template; of a capability its name, of a
    request its method."""
    index: int | None = None
    """Which item of its list, from 0."""
    path: str = "$"
    """A JSON path from the item as it is listed, from the server's introduction, or from a request's result."""

    def at(self, path: str) -> "Place":
        """Return another place in the same item."""
        return attrs.evolve(self, path=path)


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is wrong."""

    rule: str
    severity: Severity
    place: Place
    message: str
    """What is wrong."""
    suggestion: str | None = None
    """What to do."""
    count: int | None = None
    """How often it was seen, of what was seen happening on this connection."""


def short_name(name: str) -> str:
    """Return a name as a place has it."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"


def short(text: str) -> str:
    """Return a text that may quote a server, as a message has it."""
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"


def quoted(value: object) -> str:
    """Return a value of a server's as JSON on one line, cut."""
    if isinstance(value, str):
        value = value[: _LONGEST_QUOTE + 1]
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError):  # nested deeper than it can be written; an integer too long for it
        return "something that can't be shown"
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
