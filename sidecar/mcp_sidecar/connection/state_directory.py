"""The user's own directories: for what must outlive the sidecar, and for what may be deleted at any time."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from mcp_sidecar.connection.environment import variable

_NAME = "mcp-sidecar"


def state_directory(environ: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """Return the directory, which may not exist yet; None where the environment names no home.

    Linux and the like: `$XDG_STATE_HOME` unless it is relative, else `~/.local/state` (XDG Base Directory
    Specification). macOS: `~/Library/Application Support`. Windows: `%LOCALAPPDATA%`.
    """
    home = variable(environ, "USERPROFILE" if platform == "win32" else "HOME", platform)
    own = variable(environ, "LOCALAPPDATA" if platform == "win32" else "XDG_STATE_HOME", platform)
    if platform != "darwin" and own and os.path.isabs(own):  # noqa: PTH117 - os.path does not raise
        return Path(own, _NAME)
    if not home or not os.path.isabs(home):  # noqa: PTH117
        return None
    parts = {"win32": ("AppData", "Local"), "darwin": ("Library", "Application Support")}
    return Path(home, *parts.get(platform, (".local", "state")), _NAME)


def cache_directory(environ: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """Return the directory for what may be deleted, which may not exist yet; None where the environment names no home.

    Linux and the like: `$XDG_CACHE_HOME` unless it is relative, else `~/.cache` (XDG Base Directory Specification).
    macOS: `~/Library/Caches`. Windows: `Cache` in the state directory.
    """
    if platform == "win32":
        state = state_directory(environ, platform)
        return state and state / "Cache"
    own = variable(environ, "XDG_CACHE_HOME", platform)
    if platform != "darwin" and own and os.path.isabs(own):  # noqa: PTH117 - os.path does not raise
        return Path(own, _NAME)
    home = variable(environ, "HOME", platform)
    if not home or not os.path.isabs(home):  # noqa: PTH117
        return None
    return Path(home, *(("Library", "Caches") if platform == "darwin" else (".cache",)), _NAME)
