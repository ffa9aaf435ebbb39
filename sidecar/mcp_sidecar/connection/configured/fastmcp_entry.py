"""The entry of a `fastmcp.json`: the one server that FastMCP's own configuration file describes.

It is run as FastMCP's command line runs it (fastmcp 4.1, `fastmcp/cli/cli.py`), over stdio whatever transport it names,
and so the rest of the file, with the variables in it, is left to FastMCP; see `Deployment` for what of it is shown.
"""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH113, PTH118, PTH119, PTH120

import os
import sys
from typing import Any

from mcp_sidecar.connection.configured.deployment import read_deployment
from mcp_sidecar.connection.configured.entry import Entry, Text
from mcp_sidecar.connection.configured.finding import Finding
from mcp_sidecar.connection.configured.places import Place
from mcp_sidecar.jsonc import Node

_UV_FIELDS = ("python", "dependencies", "requirements", "project", "editable")


def read_fastmcp_entry(root: Node, place: Place) -> Entry | None:
    """Read the server of a `fastmcp.json`; None when it describes none."""
    source = root.member("source")
    if source is None:
        return None
    findings = []
    path = source.value.get("path") if source.value is not None else None
    if path is None or path.kind != "string":
        at = source.value or source.key
        message = "`source` is an object with the `path` of the server's file."
        findings.append(Finding.at(at, "missing-field", "error", message))
    directory = os.path.dirname(place.path)
    program, *args = _command(root.get("environment"), place.path, directory)
    return Entry(
        name=os.path.basename(directory),
        place=place,
        start=root.start,
        end=root.end,
        name_start=source.key.start,
        name_end=source.key.end,
        transport="stdio",
        command=Text(program, source.key),
        args=tuple(Text(arg, source.key) for arg in args),
        cwd=Text(directory, source.key),
        deployment=read_deployment(root),
        findings=tuple(findings),
    )


def _command(environment: Node | None, path: str, directory: str) -> list[str]:
    """The command line that starts the server."""
    options = _uv_options(environment, directory)
    run = ["fastmcp", "run", path, "--transport", "stdio", "--no-banner", "--skip-env"]
    if options:
        return ["uv", "run", *options, *run]
    for folder in (directory, os.path.dirname(directory)):
        own = os.path.join(
            folder, ".venv", *(("Scripts", "fastmcp.exe") if sys.platform == "win32" else ("bin", "fastmcp"))
        )
        if os.path.isfile(own):
            return [own, *run[1:]]
    return run


def _uv_options(environment: Node | None, directory: str) -> list[str]:
    """What `uv run` is told about the environment; empty where the file names none."""

    def given(name: str) -> Any:
        node = environment.get(name) if environment is not None else None
        if node is None:
            return None
        texts = [item.value for item in node.items if item.kind == "string"]
        return texts if node.kind == "array" else node.value if node.kind == "string" else None

    python, dependencies, requirements, project, editable = (given(name) for name in _UV_FIELDS)
    options: list[str] = []
    if isinstance(project, str):
        options += ["--project", os.path.join(directory, project)]
    elif isinstance(python, str):
        options += ["--python", python]
    for dependency in sorted(set(dependencies)) if isinstance(dependencies, list) else ():
        options += ["--with", dependency]
    if isinstance(requirements, str):
        options += ["--with-requirements", os.path.join(directory, requirements)]
    for each in [editable] if isinstance(editable, str) else editable or ():
        options += ["--with-editable", os.path.join(directory, each)]
    # As FastMCP does when it makes an environment: it is in it, whatever the file lists.
    return ["--with", "fastmcp", *options] if options and not isinstance(project, str) else options
