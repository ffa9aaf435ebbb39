"""The surroundings of a server that is a program: its directory, its environment, and where programs are found."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH100, PTH109, PTH110, PTH112, PTH118

import os
from collections.abc import Mapping
from pathlib import Path

import attrs

from mcp_sidecar.connection.environment import inherited, merged, own_venv, read_env_file, variable
from mcp_sidecar.connection.errors import InvalidTarget
from mcp_sidecar.connection.programs import SearchPath
from mcp_sidecar.connection.target import Target


@attrs.frozen(kw_only=True)
class Surroundings:
    """Everything outside the command itself that decides what is started, and how."""

    environment: Mapping[str, str] = attrs.field(repr=False)
    """The server's whole environment."""
    given: Mapping[str, str] = attrs.field(repr=False)
    """The part of it that was given for this very server: `envFile`, `env`, and assignments before a command."""
    directory: str
    """What relative paths are relative to, absolute."""
    cwd: str | None
    """Where the server is started; None is where the sidecar was."""
    workspace: Path | None
    home: str | None
    venv: Path | None = attrs.field(repr=False)
    """The sidecar's own venv, whose interpreter a server must not get."""
    platform: str

    @property
    def search_path(self) -> SearchPath:
        """Where this environment finds programs."""
        return SearchPath.of(self.environment, self.directory, self.platform)

    def locate(self, path: str) -> str:
        """Return a path as it was given, made absolute; `~` is the home directory."""
        separators = ("/", "\\") if self.platform == "win32" else ("/",)
        if self.home and (path == "~" or path.startswith(tuple("~" + separator for separator in separators))):
            path = self.home + path[1:]
        absolute = os.path.join(self.directory, path)
        # `link/..` is the parent of what the link points to: only the system can tell which directory that is.
        return absolute if ".." in Path(path).parts else os.path.normpath(absolute)

    def with_variables(self, variables: Mapping[str, str]) -> "Surroundings":
        """Return the same with some variables more."""
        return attrs.evolve(
            self,
            environment=merged(self.environment, variables, self.platform),
            given=merged(self.given, variables, self.platform),
        )


def surroundings_of(
    target: Target, *, workspace: Path | None, environ: Mapping[str, str], platform: str, venv: Path | None
) -> Surroundings:
    """Return what surrounds the server of a target, read afresh.

    Args:
        target: its `cwd`, `env` and `envFile` are used.
        workspace: the folder that the editor has open.
        environ: the sidecar's environment.
        platform: as `sys.platform`.
        venv: the virtual environment the sidecar runs in.

    Raises:
        InvalidTarget: `cwd` is no directory, `envFile` cannot be read, or a variable's name is impossible.
    """
    home = variable(environ, "USERPROFILE" if platform == "win32" else "HOME", platform)
    base = str(workspace) if workspace is not None else _process_directory()
    venv = own_venv(workspace, home, venv)
    start = Surroundings(
        environment=inherited(environ, venv, platform),
        given={},
        directory=base,
        cwd=base if os.path.isdir(base) and workspace is not None else None,
        workspace=workspace,
        home=home,
        venv=venv,
        platform=platform,
    )
    if target.cwd is not None:
        cwd = start.locate(target.cwd)
        if not os.path.isdir(cwd):
            problem = "is a file, no directory" if os.path.exists(cwd) else "does not exist"
            raise InvalidTarget(
                f"The `cwd` {cwd!r} {problem}.",
                suggestion="Correct `cwd`, or leave it out to start the server in the workspace folder.",
                details={"cwd": cwd},
            )
        # `envFile` comes from the workspace, not from `cwd`, as in `mcp.json`.
        env_file = start.locate(target.env_file) if target.env_file else None
        start = attrs.evolve(start, directory=cwd, cwd=cwd)
    else:
        env_file = start.locate(target.env_file) if target.env_file else None
    if env_file is not None:
        start = start.with_variables(read_env_file(env_file))
    if target.env:
        for name in target.env:
            if not name or "=" in name:
                raise InvalidTarget(
                    f"`env` has a variable with the impossible name {name.partition('=')[0]!a}.",
                    suggestion='Write `env` as {"NAME": "value"}.',
                    details={"field": "env"},
                )
        start = start.with_variables(target.given_env)
    return start


def _process_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        # Deleted under the sidecar. Nothing relative can exist any more; absolute paths still work.
        return os.path.abspath(os.sep)
