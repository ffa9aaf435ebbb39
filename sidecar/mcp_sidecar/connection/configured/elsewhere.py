"""The names of servers elsewhere: in other configuration files than the one that is looked at."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH116

import os
from collections.abc import Mapping, Sequence

import attrs

from mcp_sidecar.connection.configured.file import read_all
from mcp_sidecar.connection.configured.places import Place
from mcp_sidecar.connection.configured.variables import Context

Names = Mapping[str, Mapping[str, str]]
"""Of each server, by the file: a line of it, for a person."""


@attrs.frozen
class _Reading:
    signature: tuple[object, ...]
    names: Names


class Elsewhere:
    """Reads the names in all files, anew when one of them has changed."""

    def __init__(self) -> None:
        self._last: _Reading | None = None

    def names(self, places: Sequence[Place], context: Context, texts: Mapping[str, str]) -> Names:
        """All names, with where they are.

        Args:
            places, context, texts: see `read_all`.
        """
        shown = {path: texts[path] for place in places if (path := os.path.normcase(place.path)) in texts}
        signature = (tuple(_signature(place.path) for place in places), tuple(context.folders), shown)
        last = self._last
        if last is None or last.signature != signature:
            names: dict[str, dict[str, str]] = {}
            for configuration in read_all(places, context, shown):
                for entry in configuration.entries:
                    names.setdefault(entry.name, {}).setdefault(configuration.uri, configuration.place_of(entry))
            last = self._last = _Reading(signature, names)
        return last.names


def _signature(path: str) -> tuple[str, int, int] | None:
    try:
        about = os.stat(path)
    except (OSError, ValueError):
        return None
    return path, about.st_mtime_ns, about.st_size
