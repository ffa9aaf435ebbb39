"""The name of a server that has not yet said its own: short enough for a status bar."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH119
# Lists of words are read more easily as words.
# ruff: noqa: SIM905

import ntpath
import os
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from mcp_sidecar.connection.programs import program_name

_INTERPRETERS: Final = frozenset(
    "python python2 python3 pythonw py node nodejs tsx ts-node bun deno uv uvx npx npm pnpm pnpx bunx yarn pipx docker "
    "podman sh bash zsh ruby php perl java dotnet cmd powershell pwsh env".split()
)
"""Programs that say nothing about the server: it is named by their first argument that is no flag."""

_SUBCOMMANDS: Final = frozenset("run exec x dlx tool start compose container".split())
_VALUE_FLAGS: Final = frozenset(
    "-p --package --from --with --project --directory --python -e --env -v --volume --mount --name --network -u --user "
    "--env-file --entrypoint -w --workdir --index-url --extra -r --require --import --loader -W -X --platform "
    "--prefix --cwd -C --permission --add-host -l --label".split()
)
"""Flags whose value is the next word."""

_MODULE_FLAGS: Final = frozenset({"-m", "-jar"})


def name_of_url(url: str) -> str:
    """Host, port and path of a URL that is already redacted."""
    parts = urlsplit(url)
    return (parts.netloc + parts.path.rstrip("/")) or url


def name_of_command(program: str, args: Sequence[str], platform: str) -> str:
    """Return the package, script or module that a command runs, else the program's own name.

    Args:
        program: as it is executed.
        args: already redacted.
        platform: as `sys.platform`.
    """
    own = program_name(program, platform)
    if own.lower().rstrip("0123456789.") not in {name.rstrip("0123456789.") for name in _INTERPRETERS}:
        return own
    words = iter(args)
    for word in words:
        if word in _MODULE_FLAGS or word == "--":
            return _short(next(words, own), platform)
        if word in {"-c", "--eval", "-Command", "-EncodedCommand"}:
            return own
        if word in _VALUE_FLAGS:
            next(words, None)
        elif not word.startswith("-") and word not in _SUBCOMMANDS and not (platform == "win32" and word[:1] == "/"):
            return _short(word, platform) or own
    return own


def _short(word: str, platform: str) -> str:
    """Return a path's last part; a package with its scope but without its version."""
    if word.startswith("@"):
        scope, slash, rest = word.partition("/")
        return scope + slash + rest.split("@")[0]
    base = ntpath.basename(word) if platform == "win32" else os.path.basename(word)
    return base.split("@")[0].split("==")[0] or word
