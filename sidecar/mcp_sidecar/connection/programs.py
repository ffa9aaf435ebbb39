"""The search path: which file a program's name stands for."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH113, PTH118, PTH119, PTH207

import glob
import ntpath
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from mcp_sidecar.connection.environment import path_separator, variable

_USUAL_PLACES: Final = (
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "~/.local/bin",
    "~/.cargo/bin",
    "~/.bun/bin",
    "~/.deno/bin",
    "~/.volta/bin",
    "~/.asdf/shims",
    "~/.local/share/mise/shims",
    "~/.local/share/pnpm",
    "~/Library/pnpm",
    "~/.nvm/versions/node/*/bin",
    "~/.local/share/fnm/aliases/default/bin",
)
"""Where shells find what an editor started from the desktop does not (its PATH comes without the shell's profile)."""

_DEFAULT_PATHEXT: Final = ".COM;.EXE;.BAT;.CMD"


@attrs.frozen(kw_only=True)
class SearchPath:
    """The directories of PATH, absolute, in order.

    The current directory is searched only when PATH names it, unlike Windows does by itself: a file in a workspace must
    not become `npx` because it is called so.
    """

    directories: tuple[str, ...]
    extensions: tuple[str, ...]
    """On Windows what makes a file executable (PATHEXT), lower case; empty elsewhere."""
    platform: str

    @classmethod
    def of(cls, environment: Mapping[str, str], directory: str, platform: str) -> "SearchPath":
        """Return the search path of an environment.

        Args:
            environment: PATH is read, on Windows PATHEXT too.
            directory: what relative entries are relative to.
            platform: as `sys.platform`.
        """
        entries = (variable(environment, "PATH", platform) or "").split(path_separator(platform))
        absolute = (os.path.join(directory, entry.strip('"') if platform == "win32" else entry) for entry in entries)
        extensions: tuple[str, ...] = ()
        if platform == "win32":
            pathext = variable(environment, "PATHEXT", platform) or _DEFAULT_PATHEXT
            extensions = tuple(extension.lower() for extension in pathext.split(";") if extension)
        return cls(
            directories=tuple(dict.fromkeys(path for entry, path in zip(entries, absolute, strict=True) if entry)),
            extensions=extensions,
            platform=platform,
        )

    def find(self, name: str, *, refuse: Callable[[str], bool] = lambda _: False) -> str | None:
        """Return the first executable file of that name, or None.

        Args:
            name: a program's name without a directory.
            refuse: says of a file that the search must go on behind it.
        """
        for directory in self.directories:
            found = self.executable(os.path.join(directory, name))
            if found is not None and not refuse(found):
                return found
        return None

    def executable(self, path: str) -> str | None:
        """Return the executable file at a path, on Windows perhaps with an extension of PATHEXT added; else None."""
        if self.platform != "win32":
            return path if os.path.isfile(path) and os.access(path, os.X_OK) else None
        # As in shutil.which: `npx` must not find the shell script beside `npx.cmd`.
        given = [path] if path.lower().endswith(self.extensions) else []
        for candidate in [*given, *(path + extension for extension in self.extensions)]:
            if os.path.isfile(candidate):
                return candidate
        return None

    def details(self, command: str) -> dict[str, Any]:
        """Return what to tell of a search that found nothing."""
        return {"command": command, "path": list(self.directories)}

    def advice(self, name: str, home: str | None) -> str:
        """Return what to do when a program was not found; names the place where it is installed outside PATH, if any.

        Args:
            name: the program's name.
            home: the user's home directory.
        """
        for place in _USUAL_PLACES if self.platform != "win32" else ():
            if place.startswith("~") and not home:
                continue
            pattern = place.replace("~", glob.escape(home or ""), 1)
            for directory in sorted(glob.glob(pattern), reverse=True):
                if found := self.executable(os.path.join(directory, name)):
                    return (
                        f"{found} exists: add {directory} to PATH (an editor that was not started from a terminal does "
                        "not have the shell's PATH), or use that full path."
                    )
        return (
            f"Install {name}, or add its directory to PATH (an editor that was not started from a terminal does not "
            "have the shell's PATH), or give the program's full path."
        )


def has_directory(name: str, platform: str) -> bool:
    """Whether a program's name says where it is, so that PATH is not searched."""
    if platform == "win32":
        return "/" in name or "\\" in name or bool(ntpath.splitdrive(name)[0])
    return "/" in name


def program_name(program: str, platform: str) -> str:
    """Return a program's name without directory and, on Windows, without `.exe` and its like."""
    if platform != "win32":
        return os.path.basename(program)
    stem, extension = ntpath.splitext(ntpath.basename(program))
    return stem if extension.lower() in {".exe", ".cmd", ".bat", ".com", ".ps1"} else stem + extension
