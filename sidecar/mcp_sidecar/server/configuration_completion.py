"""Completion in configuration files: the fields that fit, programs that are there, variables."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH113, PTH118, PTH119

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from mcp_sidecar.connection.configured.file import Configuration
from mcp_sidecar.connection.configured.places import Place
from mcp_sidecar.connection.environment import variable
from mcp_sidecar.connection.programs import SearchPath
from mcp_sidecar.server.completion import Site, Suggestion
from mcp_sidecar.server.configuration_schema import INPUT, file_schema, server_schema

PROGRAMS: Final = ("npx", "uvx", "uv", "python3", "python", "node", "docker", "bunx", "bun", "deno", "pipx", "podman")
"""What servers are started with; those are offered that are on PATH."""

_INTERPRETERS: Final = (".venv/bin/python", "venv/bin/python", ".venv/Scripts/python.exe", "venv/Scripts/python.exe")
_MOST_VARIABLES: Final = 500
"""Of the environment."""
_OPEN_VARIABLE: Final = re.compile(r"\$(?:\{[^{}\"\\]*)?\Z")
_REST_OF_VARIABLE: Final = re.compile(r"[A-Za-z0-9_:.-]*\}?")
_WHOLE: Final = ("args", "env", "headers")
"""Fields whose values are offered whole variables where nothing is typed yet."""


def suggestions(configurations: Sequence[Configuration], text: str, offset: int) -> list[Suggestion]:
    """What could be written at an offset of a file.

    Args:
        configurations: what the file is understood as.
        text: the file's.
        offset: where the cursor is.
    """
    site = Site.at(text, offset)
    if site is None:
        return []
    inner = [each for each in configurations if site.path[: len(each.place.section)] == each.place.section]
    if not inner:
        return []
    configuration = max(inner, key=lambda each: len(each.place.section))
    place = configuration.place
    # Strict tools read no comma behind the last member.
    is_followed = text[site.end :].lstrip().startswith('"')
    site = attrs.evolve(site, path=site.path[len(place.section) :], needs_comma=site.needs_comma and is_followed)
    if not site.is_name and (found := _OPEN_VARIABLE.search(site.typed)) and _takes_variables(site, place):
        return list(_variables(configuration, text, offset, found[0]))
    offered = _offered(configuration, site)
    if not site.is_name and not site.typed and _takes_variables(site, place) and site.path[2] in _WHOLE:
        offered += [site.suggested(each.label, each.detail) for each in _variables(configuration, text, offset, "")]
    return offered


def _offered(configuration: Configuration, site: Site) -> list[Suggestion]:
    """What the schema of the place has to say."""
    place, path = configuration.place, site.path
    if path[:2] == ("inputs", None):
        return attrs.evolve(site, path=path[2:]).suggestions(INPUT)
    if len(path) >= 2 and path[0] in place.keys and not (place.tool == "fastmcp" and path[0] != "mcpServers"):
        entry = configuration.document.find(*place.section, str(path[0]), str(path[1]))
        given = [member.name for member in entry.members] if entry is not None else []
        values: Mapping[str, Sequence[str]] = {}
        if path[2:] in (("command",), ("cwd",), ("envFile",)):
            values = {"command": _programs(configuration), "cwd": _variables_of(place, "workspaceFolder")}
            values["envFile"] = [f"{each}/.env" for each in _variables_of(place, "workspaceFolder")]
        # The field that is being named is not given yet.
        own = [name for name in given if not site.is_name or name in site.siblings]
        return attrs.evolve(site, path=path[2:]).suggestions(server_schema(place.tool, own, values))
    return site.suggestions(file_schema(place.tool, place.keys))


def _programs(configuration: Configuration) -> list[str]:
    """Those that are there: the project's own interpreters first."""
    context, place = configuration.context, configuration.place
    found = []
    if place.folder is not None:
        root = next(iter(_variables_of(place, "workspaceFolder")), str(place.folder.path))
        found = [f"{root}/{name}" for name in _INTERPRETERS if os.path.isfile(os.path.join(place.folder.path, name))]
    search = SearchPath.of(context.environ, str(place.folder.path) if place.folder else "", context.platform)
    return [*found, *(name for name in PROGRAMS if search.find(name) is not None)]


def _variables_of(place: Place, name: str) -> list[str]:
    return [f"${{{name}}}"] if place.tool in ("vscode", "cursor", "mcp") else []


def _takes_variables(site: Site, place: Place) -> bool:
    """Whether a value is one of a server's, in a file whose tool has variables."""
    if place.tool in ("claude-desktop", "fastmcp"):
        return False
    return len(site.path) >= 3 and site.path[0] in place.keys


def _variables(configuration: Configuration, text: str, offset: int, typed: str) -> Iterator[Suggestion]:
    """Variables, in place of the one that was begun."""
    start = offset - len(typed)
    rest = _REST_OF_VARIABLE.match(text, offset) if typed else None
    end = rest.end() if rest is not None and rest[0].endswith("}") else offset
    for name, detail in _known_variables(configuration):
        written = f"${{{name}}}"
        yield Suggestion(label=written, text=written, start=start, end=end, detail=detail)


def _known_variables(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Names, without the values: those may be secret."""
    place, environ = configuration.place, configuration.context.environ
    names = sorted(environ)[:_MOST_VARIABLES]
    if place.tool == "claude-code":
        yield "CLAUDE_PROJECT_DIR", "the folder of the project"
        yield from ((name, "environment variable") for name in names)
        return
    for identifier, definition in configuration.inputs.items():
        yield f"input:{identifier}", definition.description or "an input of this file"
    folder = str(place.folder.path) if place.folder is not None else "the folder of the project"
    yield "workspaceFolder", folder
    if len(configuration.context.folders) > 1:
        yield from ((f"workspaceFolder:{each.name}", str(each.path)) for each in configuration.context.folders)
    yield "workspaceFolderBasename", os.path.basename(folder)
    platform = configuration.context.platform
    home = variable(environ, "USERPROFILE" if platform == "win32" else "HOME", platform)
    yield "userHome", home or "the user's home directory"
    yield "cwd", folder
    yield "pathSeparator", "between the parts of a path"
    yield from ((f"env:{name}", "environment variable") for name in names)
