"""The last arguments of each tool, prompt and resource template, for another day: no secret, and nothing large."""

from collections.abc import Callable
from typing import Any, Final

from mcp_sidecar.connection.kept_entries import KeptEntries
from mcp_sidecar.connection.redaction import is_secret_name, looks_like_token, redact_text
from mcp_sidecar.views.json_schema import SchemaReader, Shape
from mcp_sidecar.views.json_text import lay_out

LONGEST: Final = 16 * 1024
"""Characters of the arguments of one subject."""

_DEEPEST: Final = 50

_SECRET: Final = object()


class LastArguments:
    """Keeps the arguments that were sent from each document, apart for each workspace; it reads and writes the disk."""

    def __init__(self, entries: KeptEntries, workspace: Callable[[], str]) -> None:
        """
        Args:
            entries: where they are kept.
            workspace: the URI of its first folder; empty where there is none.
        """
        self._entries = entries
        self._workspace = workspace

    def of(self, uri: str) -> str | None:
        """The arguments of a document as JSON; None where there are none."""
        kept = self._entries.get(self._key(uri))
        return kept if isinstance(kept, str) else None

    def keep(self, uri: str, arguments: Any, schema: Any) -> None:
        """Keep the arguments of a document, as far as they may be kept; see `to_remember`."""
        self._entries.put(self._key(uri), to_remember(arguments, schema))

    def _key(self, uri: str) -> str:
        return f"{self._workspace()} {uri}"


def to_remember(arguments: Any, schema: Any) -> str | None:
    """The arguments as JSON, without the members that are secret; None where they are too long, or the schema is.

    Secret is a member whose name says so, whose schema does (`writeOnly`, or the format `password`), or that has a
    value with the look of a token or a password in it.

    Args:
        arguments: what is to be sent.
        schema: of the arguments; any JSON.
    """
    reader = SchemaReader(schema)
    kept = _kept(arguments, reader, reader.shape(schema), 0)
    if reader.is_spent:
        return None
    text, is_whole = lay_out({} if kept is _SECRET else kept, LONGEST, indented=False)
    return text if is_whole else None


def _kept(value: Any, reader: SchemaReader, shape: Shape, depth: int) -> Any:
    """A value without its secret members, or `_SECRET` for one that is secret itself."""
    if depth > _DEEPEST or shape.is_secret:
        return _SECRET
    if isinstance(value, dict):
        members = {
            name: _kept(member, reader, reader.shape(shape.properties.get(name)), depth + 1)
            for name, member in value.items()
            if not is_secret_name(name)
        }
        return {name: member for name, member in members.items() if member is not _SECRET}
    if isinstance(value, list):
        inner = reader.shape(shape.keywords.get("items"))
        items = [_kept(item, reader, inner, depth + 1) for item in value]
        # Without one of its items a list would be another one.
        return _SECRET if any(item is _SECRET for item in items) else items
    if isinstance(value, str):
        is_secret = redact_text(value) != value or any(looks_like_token(word) for word in value.split())
        return _SECRET if is_secret else value
    return value
