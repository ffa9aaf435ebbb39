"""The places where tools keep their MCP servers: which files of the workspace and of the user are looked at."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH117, PTH118, PTH119, PTH208

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import attrs

from mcp_sidecar.connection.environment import variable

Tool = Literal["vscode", "claude-code", "claude-desktop", "cursor", "fastmcp", "mcp"]
"""Whose file it is; `mcp` is the `mcp.json` that belongs to no tool."""
Scope = Literal["workspace", "user"]

_NAMES: Final[Mapping[str, Tool]] = {
    ".vscode/mcp.json": "vscode",
    ".mcp.json": "claude-code",
    ".cursor/mcp.json": "cursor",
    "mcp.json": "mcp",
    "fastmcp.json": "fastmcp",
}
"""Whose file a project's file is."""

_VSCODE_PRODUCTS: Final = ("Code", "Code - Insiders", "VSCodium", "Code - OSS")
_MOST_PROFILES: Final = 20


@attrs.frozen(kw_only=True)
class Folder:
    """A folder of the workspace."""

    path: Path
    name: str
    """As the editor shows it."""


@attrs.frozen(kw_only=True)
class Place:
    """Where a configuration file may be, and how it is to be read."""

    path: str
    """Absolute."""
    tool: Tool
    scope: Scope
    folder: Folder | None
    """The folder that its servers belong to: its own, or for a user's file the first of the workspace."""
    section: tuple[str, ...] = ()
    """The object in it that holds `servers` or `mcpServers`; the whole document if empty."""

    @property
    def keys(self) -> tuple[str, str]:
        """The name under which the tool keeps its servers, and the one that others use."""
        return ("servers", "mcpServers") if self.tool == "vscode" else ("mcpServers", "servers")

    @property
    def takes_comments(self) -> bool:
        """Whether the tool reads comments and trailing commas."""
        return self.tool in ("vscode", "cursor")

    @property
    def is_shared_with_others(self) -> bool:
        """Whether servers are a small part of the file, so that what is wrong elsewhere in it is not ours to tell."""
        return self.section != () or os.path.basename(self.path) == ".claude.json"


def places(
    folders: Sequence[Folder], environ: Mapping[str, str], platform: str, user_data: str | None = None
) -> list[Place]:
    """Return where configuration files may be, those of the workspace first; no file is opened.

    Args:
        folders: those of the workspace.
        environ: tells the home directory and where applications keep their data.
        platform: as `sys.platform`.
        user_data: the folder where the VS Code that asks keeps the user's own files, if it is one: it may lie anywhere.
    """
    user = list(_of_the_user(folders, environ, platform, user_data))
    known = {real_path(place.path) for place in user}
    # An editor may have the home directory itself open: what is the user's own there stays the user's own.
    own = [place for folder in folders for place in _of_a_folder(folder) if real_path(place.path) not in known]
    return [*dict.fromkeys(own), *user]


def places_of(path: str, known: Sequence[Place]) -> list[Place]:
    """Return what a file is as a configuration file: as one of those that are looked for, else by its name.

    One that lies deeper in the workspace, or outside of it, belongs to the folder where it would be looked for.

    Args:
        path: absolute.
        known: those that are looked for, see `places`.
    """
    found = [place for place in known if _same(place.path, path)]
    if not found:
        real = real_path(path)
        found = [place for place in known if real_path(place.path) == real]
    if found:
        return found
    for name, tool in _NAMES.items():
        end = os.sep + name.replace("/", os.sep)
        if os.path.normcase(path).endswith(os.path.normcase(end)):
            folder = path[: -len(end)] or os.sep
            own = Folder(path=Path(folder), name=os.path.basename(folder))
            return [Place(path=path, tool=tool, scope="workspace", folder=own)]
    return []


def real_path(path: str) -> str:
    """A path without links and detours, to compare it; one that no file can have as it is."""
    try:
        return os.path.normcase(os.path.realpath(path))
    except ValueError:  # it has a NUL, or half of a surrogate pair
        return os.path.normcase(path)


def _same(one: str, other: str) -> bool:
    return os.path.normcase(one) == os.path.normcase(other)


def _of_a_folder(folder: Folder) -> Iterator[Place]:
    for name, tool in _NAMES.items():
        yield Place(path=os.path.join(folder.path, *name.split("/")), tool=tool, scope="workspace", folder=folder)
        if name == ".vscode/mcp.json":
            settings = os.path.join(folder.path, ".vscode", "settings.json")  # where VS Code kept them until 1.102
            yield Place(path=settings, tool=tool, scope="workspace", folder=folder, section=("mcp",))


def _of_the_user(
    folders: Sequence[Folder], environ: Mapping[str, str], platform: str, user_data: str | None
) -> Iterator[Place]:
    first = folders[0] if folders else None

    def place(path: str, tool: Tool, *section: str, folder: Folder | None = first) -> Place:
        return Place(path=path, tool=tool, scope="user", folder=folder, section=section)

    home = variable(environ, "USERPROFILE" if platform == "win32" else "HOME", platform)
    if not home or not os.path.isabs(home):
        return
    data = _application_data(home, environ, platform)
    vscode = [os.path.join(data, product, "User") for product in _VSCODE_PRODUCTS]
    if platform == "linux":
        shared = _absolute(environ.get("XDG_DATA_HOME")) or os.path.join(home, ".local", "share")
        vscode.append(os.path.join(shared, "code-server", "User"))
    if user_data is not None and real_path(user_data) not in map(real_path, vscode):
        vscode.append(user_data)
    for directory in vscode:
        yield place(os.path.join(directory, "mcp.json"), "vscode")
        yield place(os.path.join(directory, "settings.json"), "vscode", "mcp")
        for profile in _names_in(os.path.join(directory, "profiles")):
            yield place(os.path.join(directory, "profiles", profile, "mcp.json"), "vscode")
    yield place(os.path.join(data, "Claude", "claude_desktop_config.json"), "claude-desktop")
    claude = os.path.join(_absolute(environ.get("CLAUDE_CONFIG_DIR")) or home, ".claude.json")
    yield place(claude, "claude-code")
    for folder in folders:
        # What Claude Code calls the local scope: the user's own servers for one project.
        yield place(claude, "claude-code", "projects", str(folder.path), folder=folder)
    yield place(os.path.join(home, ".cursor", "mcp.json"), "cursor")


def _application_data(home: str, environ: Mapping[str, str], platform: str) -> str:
    if platform == "win32":
        return variable(environ, "APPDATA", platform) or os.path.join(home, "AppData", "Roaming")
    if platform == "darwin":
        return os.path.join(home, "Library", "Application Support")
    return _absolute(environ.get("XDG_CONFIG_HOME")) or os.path.join(home, ".config")


def _absolute(path: str | None) -> str | None:
    """A directory that a variable names; one that is relative is ignored (XDG Base Directory Specification)."""
    return path if path and os.path.isabs(path) else None


def _names_in(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))[:_MOST_PROFILES]
    except OSError:
        return []
