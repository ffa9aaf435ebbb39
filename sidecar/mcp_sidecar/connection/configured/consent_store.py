"""The consent store: what the user agreed to, as hashes in the state directory.

One file for each consent, so that two sidecars never write the same one. Its name is a hash of all that was agreed to,
values of variables included; with a salt of the store's own, and slow, so that they can't be guessed from it.
"""

import contextlib
import hashlib
import json
import logging
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mcp_sidecar.connection.private_files import is_private, write_privately

logger = logging.getLogger(__name__)

MOST_KEPT: Final = 1_000
"""Consents; of more, those given first are forgotten."""

_ITERATIONS: Final = 200_000
"""Of PBKDF2: a tenth of a second or so for each guess."""
_SALT_BYTES: Final = 32
_SALT: Final = "salt"


class ConsentStore:
    """Remembers consents; what can't be written to disk is remembered while the sidecar runs."""

    def __init__(self, directory: Path | None) -> None:
        """
        Args:
            directory: where to keep them, made when it is needed; None keeps them in memory alone.
        """
        self._directory = directory
        self._in_memory: set[str] = set()
        self._memory_salt = secrets.token_bytes(_SALT_BYTES)
        self._last: tuple[bytes, bytes, str] | None = None
        """The salt, the data and the hash of the last one: a server under test is reconnected to again and again."""

    def digest(self, material: Mapping[str, Any]) -> str:
        """Return the hash under which a consent to this is remembered.

        It blocks for a tenth of a second, unless it is asked for what it was asked for last.

        Args:
            material: all that is agreed to, as JSON can say it.
        """
        data = json.dumps(material, sort_keys=True, ensure_ascii=True).encode()
        salt, last = self._salt(), self._last
        if last is None or last[:2] != (salt, data):
            last = self._last = (salt, data, hashlib.pbkdf2_hmac("sha256", data, salt, _ITERATIONS).hex())
        return last[2]

    def allows(self, digest: str) -> bool:
        """Whether the user agreed."""
        if digest in self._in_memory:
            return True
        if self._directory is None or not is_private(self._directory):
            return False
        try:
            content = json.loads((self._directory / digest).read_bytes())
        except FileNotFoundError:
            return False
        except (OSError, ValueError) as error:
            logger.warning("a consent can't be read, and so is none: %s", type(error).__name__)
            return False
        return isinstance(content, dict) and content.get("consent") == digest

    def allow(self, digest: str, about: Mapping[str, str]) -> None:
        """Remember that the user agreed.

        Args:
            digest: to what.
            about: what it was, for a person who looks into the directory; no secrets.
        """
        self._in_memory.add(digest)
        content = {"consent": digest, **about, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        if self._directory is not None and self._write(digest, json.dumps(content).encode(), replace=True):
            self._prune(self._directory)

    def forget(self, digest: str) -> None:
        """Forget a consent, if there was one."""
        self._in_memory.discard(digest)
        if self._directory is not None:
            try:
                (self._directory / digest).unlink(missing_ok=True)
            except OSError as error:
                logger.warning("a consent can't be forgotten: %s", error.strerror)

    def _salt(self) -> bytes:
        """The store's own salt; a new one, with which nothing is remembered, where it is missing or damaged."""
        if self._directory is None:
            return self._memory_salt
        salt = self._read_salt()
        if salt is None or len(salt) != _SALT_BYTES:
            if salt is not None:  # damaged; what was not there a moment ago may be another sidecar's by now
                with contextlib.suppress(OSError):
                    (self._directory / _SALT).unlink()
            # Whoever comes first makes it, and the other sidecar takes that one.
            self._write(_SALT, secrets.token_bytes(_SALT_BYTES), replace=False)
            salt = self._read_salt()
        return salt if salt is not None and len(salt) == _SALT_BYTES else self._memory_salt

    def _read_salt(self) -> bytes | None:
        """What stands there for it; None where nothing does."""
        assert self._directory is not None
        if not is_private(self._directory):
            return None
        try:
            return (self._directory / _SALT).read_bytes()
        except FileNotFoundError:
            return None
        except OSError:
            return b""

    def _write(self, name: str, content: bytes, *, replace: bool) -> bool:
        """Write a file; whether it is there now."""
        assert self._directory is not None
        try:
            write_privately(self._directory / name, content, replace=replace)
        except OSError as error:
            logger.warning("consents are remembered for this session only: %s", error.strerror or type(error).__name__)
            return False
        return True

    def _prune(self, directory: Path) -> None:
        try:
            kept = [(each.stat().st_mtime, each) for each in directory.iterdir() if len(each.name) == 64]
            for _, oldest in sorted(kept)[: max(0, len(kept) - MOST_KEPT)]:
                oldest.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("old consents can't be forgotten: %s", error.strerror)
