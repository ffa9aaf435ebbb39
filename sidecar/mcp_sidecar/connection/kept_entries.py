"""Entries by key that outlive the sidecar, in one file of the state directory."""

import json
import logging
import threading
from pathlib import Path
from typing import Any, Final

from mcp_sidecar.connection.private_files import is_private, write_privately

logger = logging.getLogger(__name__)

MOST: Final = 100
"""Entries; of more, the oldest are forgotten."""


class KeptEntries:
    """JSON values by key, the newest first; what can't be written to disk is kept while the sidecar runs.

    It reads and writes the disk, and may be used from any thread. The file is read each time, since other sidecars
    write to it, too.
    """

    def __init__(self, path: Path | None) -> None:
        """
        Args:
            path: of the file; None keeps the entries in memory alone.
        """
        self._path = path
        self._unwritten: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        """The value of a key; None where there is none."""
        with self._lock:
            return self._read().get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep a value under a key, in place of what was there; None keeps nothing."""
        with self._lock:
            others = {name: kept for name, kept in self._read().items() if name != key}
            entries = dict(list({key: value, **others}.items())[:MOST])
            self._unwritten = entries
            if self._path is None:
                return
            try:
                write_privately(self._path, json.dumps(_present(entries)).encode())
                self._unwritten = {}
            except OSError as error:
                why = error.strerror or type(error).__name__
                logger.warning("%s is kept for this session only: %s", self._path.name, why)

    def _read(self) -> dict[str, Any]:
        return _present({**self._written(), **self._unwritten})

    def _written(self) -> dict[str, Any]:
        if self._path is None or not is_private(self._path.parent):
            return {}
        try:
            entries = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            logger.warning("%s can't be read, and so is empty: %s", self._path.name, type(error).__name__)
            return {}
        return entries if isinstance(entries, dict) else {}


def _present(entries: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entries.items() if value is not None}
