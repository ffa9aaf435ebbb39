"""A server script: a file, and the command that runs it."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH113, PTH118, PTH120, PTH122

import os
from typing import Final

import attrs

from mcp_sidecar.connection.errors import ConnectionFailed, InvalidTarget
from mcp_sidecar.connection.interpreter import interpreter_for
from mcp_sidecar.connection.surroundings import Surroundings

PYTHON: Final = frozenset({".py"})
JAVASCRIPT: Final = frozenset({".js", ".mjs", ".cjs"})
TYPESCRIPT: Final = frozenset({".ts", ".mts", ".cts"})
SUFFIXES: Final = PYTHON | JAVASCRIPT | TYPESCRIPT
"""The scripts that are run by an interpreter of the sidecar's choice."""

_OTHER_RUNNERS: Final = {
    ".sh": "sh",
    ".jar": "java -jar",
    ".rb": "ruby",
    ".php": "php",
    ".go": "go run",
    ".ps1": "pwsh -File",
    ".dll": "dotnet",
}
"""What to suggest for a file that cannot be run as it is."""

_CANDIDATES: Final = (
    "server.py",
    "main.py",
    "app.py",
    "src/server.py",
    "src/main.py",
    "server.js",
    "index.js",
    "build/index.js",
    "dist/index.js",
    "server.ts",
    "index.ts",
    "src/index.ts",
)
"""Where servers usually are in a project."""


@attrs.frozen
class Command:
    """What to execute."""

    program: str
    args: tuple[str, ...] = ()


def suffix_of(path: str) -> str:
    """Return the suffix that decides who runs a file, lower case."""
    return os.path.splitext(path)[1].lower()


def command_for(path: str, surroundings: Surroundings) -> Command:
    """Return the command that runs a file.

    Python: see `interpreter_for`. JavaScript: `node`. TypeScript: the project's own `tsx` (in `node_modules/.bin`),
    else `node`, which strips types itself from 22.18 on. Anything else must be executable.

    Args:
        path: absolute path of an existing file.
        surroundings: where it is to run.

    Raises:
        InvalidTarget: the file cannot be run.
        ConnectionFailed: what should run it is not installed.
    """
    suffix = suffix_of(path)
    if suffix in PYTHON:
        interpreter = interpreter_for(path, surroundings)
        return Command(interpreter.program, (*interpreter.args, path))
    if suffix in TYPESCRIPT and (tsx := _project_tsx(path, surroundings)):
        return Command(tsx, (path,))
    search = surroundings.search_path
    if suffix in JAVASCRIPT | TYPESCRIPT:
        node = search.find("node")
        if node is None:
            raise ConnectionFailed(
                f"node was not found on PATH; it is needed to run {path!r}.",
                suggestion=search.advice("node", surroundings.home),
                details=search.details("node"),
            )
        return Command(node, (path,))
    if search.executable(path) is not None:
        return Command(path)
    raise _not_runnable(path, suffix, surroundings.platform)


def not_a_file(directory: str) -> InvalidTarget:
    """Return the error for a directory; names the servers that might be in it."""
    found = [name for name in _CANDIDATES if os.path.isfile(os.path.join(directory, name))]
    if found:
        suggestion = "Pass the server's file: " + " or ".join(repr(os.path.join(directory, name)) for name in found)
    else:
        suggestion = "Pass the path of the server script in it, or the command that starts it with this as `cwd`"
    return InvalidTarget(
        f"{directory!r} is a directory, not a server script.",
        suggestion=suggestion + ".",
        details={"path": directory, "candidates": found},
    )


def _project_tsx(path: str, surroundings: Surroundings) -> str | None:
    """Return the `tsx` that the project has installed; what is above the workspace is not the project's."""
    search = surroundings.search_path
    directory = os.path.dirname(path)
    limit = str(surroundings.workspace) if surroundings.workspace is not None else surroundings.home
    while True:
        if tsx := search.executable(os.path.join(directory, "node_modules", ".bin", "tsx")):
            return tsx
        parent = os.path.dirname(directory)
        if parent == directory or (limit is not None and os.path.realpath(directory) == os.path.realpath(limit)):
            return None
        directory = parent


def _not_runnable(path: str, suffix: str, platform: str) -> InvalidTarget:
    if suffix in {".json", ".jsonc", ".toml", ".yaml", ".yml"}:
        return InvalidTarget(
            f"{path!r} is a configuration file, not a server.",
            suggestion="Pass the fields of one of its entries (`command`, `args`, `env` or `url`, `headers`).",
            details={"path": path},
        )
    if not os.path.isfile(path):
        return InvalidTarget(
            f"{path!r} is no regular file.", suggestion="Pass the path of a server script.", details={"path": path}
        )
    runner = _OTHER_RUNNERS.get(suffix)
    hint = f"run it by its program: `{runner} {path}`" if runner else "write the program that runs it before it"
    if platform == "win32":
        return InvalidTarget(
            f"{path!r} exists, but Windows does not run files of this kind.",
            suggestion=f"{hint[0].upper()}{hint[1:]}.",
            details={"path": path},
        )
    return InvalidTarget(
        f"{path!r} exists, but is not executable.",
        suggestion=f"Make it executable (chmod +x {path}), or {hint}.",
        details={"path": path},
    )
