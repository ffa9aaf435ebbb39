"""The interpreter of a Python script: the project's own, never the sidecar's."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH110, PTH113, PTH115, PTH118, PTH120, PTH123

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from mcp_sidecar.connection.environment import is_within, variable
from mcp_sidecar.connection.errors import ConnectionFailed
from mcp_sidecar.connection.surroundings import Surroundings

_MARKERS: Final = (
    "pyproject.toml",
    ".venv",
    "uv.lock",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "poetry.lock",
    "pdm.lock",
)
"""What makes a directory a Python project."""

_SCRIPT_METADATA: Final = re.compile(rb"(?m)^# /// script\s*$")
"""https://packaging.python.org/en/latest/specifications/inline-script-metadata/"""

_LARGEST_HEAD: Final = 256 * 1024
"""Bytes of a script that are searched for metadata, and of a `pyproject.toml` that are read."""


@attrs.frozen
class Interpreter:
    """What runs a script: a program and the arguments before the script's path."""

    program: str
    args: tuple[str, ...] = ()


def interpreter_for(script: str, surroundings: Surroundings) -> Interpreter:
    """Which command runs a Python script.

    In this order: `uv run` for a script with inline metadata (PEP 723: it names its dependencies itself), the `.venv`
    of its project, `VIRTUAL_ENV`, `uv run` for a uv project, the `.venv` of a directory above the project, and the
    first Python on PATH (`python3`; on Windows `py -3`, `python`). The project is the nearest directory above the
    script that has a Python project's files, up to the workspace or the home directory. Whatever needs uv is passed
    over when uv is not on PATH. Nothing is run to find out.

    Args:
        script: absolute path of the script.
        surroundings: where it is to run.

    Raises:
        ConnectionFailed: there is no interpreter; the details list what was looked for.
    """
    search = surroundings.search_path
    looked_for: list[str] = []
    uv = search.find("uv")
    if uv and _has_metadata(script):
        return Interpreter(uv, ("run",))
    directories = list(_directories_above(script, surroundings))
    project = next((directory for directory in directories if _is_project(directory)), None)
    if project is not None and (found := _python_of(os.path.join(project, ".venv"), surroundings, looked_for)):
        return Interpreter(found)
    active = variable(surroundings.environment, "VIRTUAL_ENV", surroundings.platform)
    if active and surroundings.venv and is_within(active, surroundings.venv):
        active = None
    if active and (found := _python_of(surroundings.locate(active), surroundings, looked_for)):
        return Interpreter(found)
    if project is not None and _is_uv_project(project, directories):
        if uv:
            return Interpreter(uv, ("run", "--project", project))
        looked_for.append("uv on PATH")
    for directory in directories:
        if found := _python_of(os.path.join(directory, ".venv"), surroundings, looked_for):
            return Interpreter(found)
    for name, args in (
        (("py", ("-3",)), ("python", ()), ("python3", ()))
        if surroundings.platform == "win32"
        else (
            ("python3", ()),
            ("python", ()),
        )
    ):
        looked_for.append(f"{name} on PATH")
        if found := search.find(name, refuse=lambda path: _is_own(path, surroundings.venv)):
            return Interpreter(found, args)
    raise ConnectionFailed(
        f"No Python interpreter was found to run {script!r}.",
        suggestion="Make a virtual environment `.venv` in the server's project, or put a Python on PATH; or pass "
        "`command` (the interpreter) and `args` (the script).",
        details={**search.details("python3"), "lookedFor": list(dict.fromkeys(looked_for))},
    )


def _directories_above(script: str, surroundings: Surroundings) -> Iterator[str]:
    """Yield the directories from the script's own up to the workspace, else the home directory, else below the root."""
    directory = os.path.dirname(script)
    limits = [str(surroundings.workspace)] if surroundings.workspace is not None else []
    limits += [surroundings.home] if surroundings.home else []
    limit = next((os.path.realpath(place) for place in limits if is_within(directory, place)), None)
    while True:
        parent = os.path.dirname(directory)
        if limit is None and parent == directory:
            return
        yield directory
        if parent == directory or (limit is not None and os.path.realpath(directory) == limit):
            return
        directory = parent


def _is_project(directory: str) -> bool:
    return any(os.path.exists(os.path.join(directory, marker)) for marker in _MARKERS)


def _is_uv_project(project: str, directories: list[str]) -> bool:
    """Whether uv manages the project. The lock of a uv workspace lies above its members."""
    if not os.path.isfile(os.path.join(project, "pyproject.toml")):
        return False
    above = directories[directories.index(project) :]
    if any(os.path.isfile(os.path.join(directory, "uv.lock")) for directory in above):
        return True
    try:
        pyproject = tomllib.loads(_head(os.path.join(project, "pyproject.toml")).decode())
    except ValueError:
        return False
    tool = pyproject.get("tool")
    return isinstance(tool, dict) and "uv" in tool


def _has_metadata(script: str) -> bool:
    return _SCRIPT_METADATA.search(_head(script)) is not None


def _head(path: str) -> bytes:
    """Return the beginning of a regular file; nothing where it cannot be read."""
    if not os.path.isfile(path):
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST_HEAD)
    except OSError:
        return b""


def _python_of(venv: str, surroundings: Surroundings, looked_for: list[str]) -> str | None:
    inside = ("Scripts", "python.exe") if surroundings.platform == "win32" else ("bin", "python")
    python = os.path.join(venv, *inside)
    looked_for.append(python)
    # A venv outlives the Python it was made with: its link may lead nowhere.
    return surroundings.search_path.executable(python)


def _is_own(program: str, venv: Path | None) -> bool:
    """Whether a file is the sidecar's own interpreter, or a link that leads to it.

    Not `realpath`: the interpreter of a venv is itself a link to the system's, which is not the sidecar's own.
    """
    if venv is None:
        return False
    for _ in range(40):  # as many links as Linux follows
        if is_within(os.path.dirname(program), venv):
            return True
        try:
            program = os.path.join(os.path.dirname(program), os.readlink(program))
        except (OSError, ValueError):
            return False
    return False
