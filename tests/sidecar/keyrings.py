"""Keyrings for tests, by `keyring`'s own interface for backends: one in a file, one that hangs, one that fails.

`PYTHON_KEYRING_BACKEND` names one; the first one's file is named by `TEST_KEYRING`.
"""

import json
import os
import threading
from pathlib import Path

from keyring.backend import KeyringBackend


class InFile(KeyringBackend):
    """Keeps everything in one file."""

    priority = 5

    @property
    def _path(self) -> Path:
        return Path(os.environ["TEST_KEYRING"])

    def _entries(self) -> dict[str, str]:
        return dict(json.loads(self._path.read_text())) if self._path.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._entries().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._path.write_text(json.dumps(self._entries() | {f"{service} {username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        entries = self._entries()
        del entries[f"{service} {username}"]
        self._path.write_text(json.dumps(entries))


class Hanging(InFile):
    """Waits for its owner to unlock it, for ever."""

    def get_password(self, service: str, username: str) -> str | None:
        threading.Event().wait()
        return None


class Failing(InFile):
    """Is broken."""

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError("the bus is gone")
