"""The environment of a server: the sidecar's own, without what belongs to the sidecar, with what the target adds."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH110, PTH112, PTH113, PTH123, PTH202

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from mcp_sidecar.connection.errors import InvalidTarget

OWN_VARIABLES: Final = ("FASTMCP_ENV_FILE", "FASTMCP_LOG_ENABLED")
"""Set by the sidecar for its own FastMCP, so that a workspace's `.env` cannot change it.

A server inherits the environment that was there before: with the user's own values of these, if there are any.
"""

OWN_VENV: Final = Path(sys.prefix) if sys.prefix != sys.base_prefix else None
"""The virtual environment the sidecar runs in. None for a system-wide Python, which is nobody's own."""

PACKAGE_ROOT: Final = Path(__file__).resolve().parents[2]
"""The directory on `sys.path` that holds the sidecar."""

LARGEST_ENV_FILE: Final = 1024 * 1024
"""Bytes. An environment is smaller than that on every system; anything larger was named by mistake."""

_LAUNCHER: Final = "__PYVENV_LAUNCHER__"
"""macOS framework builds tell a venv's Python by it who it is; inherited, it turns every other Python into that one."""

_OF_EDITORS: Final = re.compile("(ELECTRON|VSCODE)_", re.IGNORECASE)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


def own_venv(workspace: Path | None, home: str | None, venv: Path | None = OWN_VENV) -> Path | None:
    """Return the sidecar's virtual environment, unless the workspace holds it: then it is the project's.

    Args:
        workspace: the folder that the editor has open. The home directory and those above it hold everything, and
            say nothing about whose a venv is.
        home: the user's home directory.
        venv: the environment the sidecar runs in.
    """
    if venv is None or workspace is None or not is_within(venv, workspace):
        return venv
    return venv if home and is_within(home, workspace) else None


def inherited(environ: Mapping[str, str], venv: Path | None, platform: str) -> dict[str, str]:
    """Return what a server inherits: everything but what concerns only the editor or the sidecar's own interpreter.

    Removed are `VIRTUAL_ENV`, `PYTHONHOME`, the entries of `PYTHONPATH` and the first entries of `PATH` as far as they
    point into the sidecar's own venv (or at the sidecar's package), `__PYVENV_LAUNCHER__`, and what VS Code and its kin
    need for themselves, which would change other programs: `ELECTRON_*` and `VSCODE_*`.

    Args:
        environ: the environment that the sidecar was started with.
        venv: the sidecar's own venv, see `own_venv`.
        platform: as `sys.platform`.
    """
    result = {name: value for name, value in environ.items() if name != _LAUNCHER and not _OF_EDITORS.match(name)}
    separator = path_separator(platform)
    roots = [PACKAGE_ROOT] if venv is None else [PACKAGE_ROOT, venv]
    if "PYTHONPATH" in result:
        entries = result["PYTHONPATH"].split(separator)
        kept = [entry for entry in entries if not entry or not any(_is_own(entry, root) for root in roots)]
        _replace(result, "PYTHONPATH", separator.join(kept), changed=kept != entries)
    if venv is None:
        return result
    for name in ("VIRTUAL_ENV", "PYTHONHOME"):
        if name in result and is_within(result[name], venv):
            del result[name]
    path = variable(result, "PATH", platform)
    if path is not None:
        entries = path.split(separator)
        kept = list(entries)
        while kept and kept[0] and is_within(kept[0], venv):
            del kept[0]
        if kept != entries:
            return merged(result, {"PATH": separator.join(kept)}, platform)
    return result


def merged(lower: Mapping[str, str], upper: Mapping[str, str], platform: str) -> dict[str, str]:
    """Two environments in one; `upper` wins. On Windows `Path` and `PATH` are the same name."""
    if platform != "win32":
        return {**lower, **upper}
    names = {name.upper(): name for name in lower}
    result = dict(lower)
    for name, value in upper.items():
        known = names.setdefault(name.upper(), name)
        result[known] = value
    return result


def without(environment: Mapping[str, str], names: Iterable[str], platform: str) -> dict[str, str]:
    """Return an environment without these variables; on Windows their names in any letter case."""
    upper = platform == "win32"
    gone = {name.upper() if upper else name for name in names}
    return {name: value for name, value in environment.items() if (name.upper() if upper else name) not in gone}


def variable(environment: Mapping[str, str], name: str, platform: str) -> str | None:
    """Return the value of a variable; on Windows its name in any letter case."""
    if name in environment:
        return environment[name]
    if platform == "win32":
        return next((value for key, value in environment.items() if key.upper() == name.upper()), None)
    return None


def path_separator(platform: str) -> str:
    """Return what stands between the entries of PATH."""
    return ";" if platform == "win32" else ":"


def is_within(path: str | Path, directory: str | Path) -> bool:
    """Whether a path is a directory or lies in it, links followed."""
    try:
        inner, outer = os.path.realpath(path), os.path.realpath(directory)
        return os.path.commonpath([inner, outer]) == outer
    except (OSError, ValueError):
        return False


def read_env_file(path: str) -> dict[str, str]:
    r"""Read a dotenv file: `KEY=VALUE` lines, `export`, quotes, `#` comments; no variables are expanded.

    Single quotes take everything literally, double quotes know `\n`, `\r`, `\t`, `\"`, `\\`, `\$`; both may
    span lines. The file is UTF-8, with or without a byte order mark.

    Raises:
        InvalidTarget: it is no readable file, or a line is no assignment; names the file and the line, never a value.
    """
    return _parse(_read_text(path), path)


def _read_text(path: str) -> str:
    if os.path.isdir(path) or (os.path.exists(path) and not os.path.isfile(path)):
        # A pipe or device could block for ever.
        raise _bad_file(path, "is no regular file")
    try:
        if os.path.getsize(path) > LARGEST_ENV_FILE:
            raise _bad_file(path, f"is larger than {LARGEST_ENV_FILE} bytes")
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except UnicodeDecodeError:
        raise _bad_file(path, "is not UTF-8 text") from None
    except FileNotFoundError:
        raise _bad_file(path, "does not exist") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise _bad_file(path, f"cannot be read: {reason or type(error).__name__}") from None


def _parse(text: str, path: str) -> dict[str, str]:
    result: dict[str, str] = {}
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        number = at + 1
        line = lines[at].strip()
        at += 1
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        name, value = name.strip(), value.strip()
        if not equals:
            raise _bad_line(path, number, "has no `=`")
        if not _NAME.fullmatch(name):
            raise _bad_line(path, number, "has no valid name before the `=`")
        if value[:1] in {"'", '"'}:
            closed = _closing_quote(value)
            while closed is None and at < len(lines):
                value += "\n" + lines[at].rstrip("\r")
                at += 1
                closed = _closing_quote(value)
            if closed is None:
                raise _bad_line(path, number, "opens a quote that is never closed")
            rest = value[closed + 1 :].strip()
            if rest and not rest.startswith("#"):
                raise _bad_line(path, number, "goes on after the closing quote")
            inner = value[1:closed]
            result[name] = _unescaped(inner) if value[0] == '"' else inner
        else:
            result[name] = re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()
        if "\0" in result[name]:
            raise _bad_line(path, number, "holds a NUL character")
    return result


def _closing_quote(value: str) -> int | None:
    """Where the quote that `value` begins with is closed."""
    if value[0] == "'":
        at = value.find("'", 1)
        return at if at > 0 else None
    match = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).match(value)
    return match.end() - 1 if match else None


def _unescaped(text: str) -> str:
    return re.sub(r"(?s)\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), text)


def _replace(environment: dict[str, str], name: str, value: str, *, changed: bool) -> None:
    if changed and not value:
        del environment[name]
    else:
        environment[name] = value


def _is_own(entry: str, root: Path) -> bool:
    if root == PACKAGE_ROOT:
        return os.path.realpath(entry) == str(root)
    return is_within(entry, root)


def _bad_file(path: str, problem: str) -> InvalidTarget:
    return InvalidTarget(
        f"The `envFile` {path!r} {problem}.",
        suggestion="Correct `envFile`; a relative path is looked up in the workspace folder.",
        details={"envFile": path},
    )


def _bad_line(path: str, number: int, problem: str) -> InvalidTarget:
    return InvalidTarget(
        f"Line {number} of the `envFile` {path!r} {problem}.",
        suggestion="Write every line as KEY=VALUE; put values with spaces or line breaks in quotes.",
        details={"envFile": path, "line": number},
    )
