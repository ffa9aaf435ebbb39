"""The files in which results are read: in the cache directory, for this user alone, few and small."""

import errno
import itertools
import logging
import os
import re
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

MOST_FILES: Final = 100
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of all files of all sidecars; those written first are deleted first."""
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of one file."""
LONGEST_AGE: Final = 24 * 60 * 60.0
"""Seconds after which a file is deleted that a killed sidecar left behind."""

_LONGEST_NAME: Final = 32
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")
_CUT: Final = b"\n[cut: too long for a file of results]\n"


class ResultFiles:
    """Writes files, and deletes them in the end."""

    def __init__(self, directory: Path | None) -> None:
        """
        Args:
            directory: where to put them, made when it is needed; None where the environment names no home.
        """
        self._directory = directory
        self._numbers = itertools.count(1)
        self._own: set[Path] = set()
        self._lock = threading.Lock()
        self._is_over = False

    def prune(self) -> None:
        """Delete what is too old and too much, of every sidecar. It blocks.

        Raises:
            OSError: the directory can't be read, or is not the user's own.
        """
        with self._lock:
            if self._directory is not None and self._directory.exists():
                self._make_room(self._prepared(), 0, files=0)

    def write(self, name: str, content: bytes) -> Path:
        """Write a file that was not there before. It blocks.

        Args:
            name: what it is to be called, with its extension; anything that a server may say.
            content: cut where it is longer than LARGEST.

        Raises:
            OSError: it can't be written.
        """
        with self._lock:
            if self._is_over:
                raise OSError(errno.ECANCELED, "the sidecar ends")
            return self._written(name, content)

    def delete(self) -> None:
        """Delete the files that were written here; none is written any more."""
        with self._lock:
            self._is_over = True
            for path in self._own:
                _unlink(path)
            self._own.clear()

    def _written(self, name: str, content: bytes) -> Path:
        directory = self._prepared()
        if len(content) > LARGEST:
            content = content[: LARGEST - len(_CUT)] + _CUT
        self._make_room(directory, len(content), files=1)
        # With a number first, no name is one that a system keeps for itself, such as CON, or begins with a dot.
        path = directory / f"{os.getpid()}-{next(self._numbers)}-{_safe(name)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            self._own.add(path)
            file.write(content)
        return path

    def _prepared(self) -> Path:
        """The directory, there and private."""
        if self._directory is None:
            raise FileNotFoundError(0, "there is no home directory")
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":  # there it is private by where it is
            about = self._directory.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
                raise PermissionError(0, "the cache directory belongs to somebody else")
            if about.st_mode & 0o077:
                self._directory.chmod(0o700)
        return self._directory

    def _make_room(self, directory: Path, size: int, *, files: int) -> None:
        """Delete what is too old, and of the rest as much as is needed for so many more of this size."""
        kept = []
        for each in directory.iterdir():
            try:
                about = each.lstat()
            except FileNotFoundError:
                continue  # another sidecar was faster
            kept.append((about.st_mtime, about.st_size, each))
        kept.sort()
        count, total, oldest = len(kept), sum(each[1] for each in kept), time.time() - LONGEST_AGE
        for modified, taken, path in kept:
            if count + files <= MOST_FILES and total + size <= MOST_BYTES and modified >= oldest:
                break
            _unlink(path)
            self._own.discard(path)
            count, total = count - 1, total - taken


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("a file of results can't be deleted: %s", error.strerror)


def _safe(name: str) -> str:
    """A name that is one on every system."""
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or len(extension) > 10:
        stem, dot, extension = name, "", ""
    return (_UNFIT.sub("_", stem)[:_LONGEST_NAME].strip("._") or "result") + dot + _UNFIT.sub("_", extension)
