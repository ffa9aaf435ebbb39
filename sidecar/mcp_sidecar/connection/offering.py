"""The making of offers: targets are checked, configured servers and scripts looked at, nothing is run."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH111, PTH113, PTH118, PTH123

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mcp_sidecar.connection import commandline
from mcp_sidecar.connection.configured.places import Folder
from mcp_sidecar.connection.configured.report import ConfiguredServer, ServersReport
from mcp_sidecar.connection.errors import SidecarError
from mcp_sidecar.connection.file_uri import path_of
from mcp_sidecar.connection.offers import Offer, OfferedTarget
from mcp_sidecar.connection.script import JAVASCRIPT, PYTHON, TYPESCRIPT, suffix_of
from mcp_sidecar.connection.status import TargetInfo
from mcp_sidecar.connection.target import Preview, Target

LOOKED_AT: Final = 64 * 1024
"""Bytes of a script in which an MCP library is looked for: imports come first."""

_PYTHON_IMPORT: Final = re.compile(rb"^\s*(from|import)\s+(fastmcp|mcp)\b", re.MULTILINE)
_NODE_IMPORT: Final = re.compile(rb"""["'](@modelcontextprotocol/|fastmcp["'])""")


def offer_typed(text: str, resolve: Callable[[Target], Preview]) -> Offer | None:
    """Return what was typed, checked.

    Args:
        text: as it was typed.
        resolve: says how a target would be understood.
    """
    if not (url := text.strip()):
        return None
    try:
        found, is_wrong = _words(resolve(Target(url=url)).target), False
    except SidecarError as error:
        found, is_wrong = f"{error.message} {error.suggestion}".strip(), True
    return Offer(label=url, description="", detail=found, is_wrong=is_wrong, target=OfferedTarget(url=url))


def _words(target: TargetInfo) -> str:
    words = [target.command or "", *(target.args or ())]
    return f"{target.transport}: {target.url or commandline.join(words, sys.platform)}"


def offer_configured(report: ServersReport, folders: Sequence[Folder]) -> tuple[Offer, ...]:
    """Return the configured servers.

    Args:
        report: what the files define.
        folders: those of the workspace.
    """
    broken = {
        file.file: problem.message for file in report.files for problem in file.problems if problem.severity == "error"
    }
    return tuple(_configured(server, broken, folders) for server in report.servers)


def _configured(server: ConfiguredServer, broken: Mapping[str, str], folders: Sequence[Folder]) -> Offer:
    wrong = next((problem.message for problem in server.problems if problem.severity == "error"), None)
    wrong = wrong or broken.get(server.file)
    place = [_shown(path_of(server.file), folders), server.scope, *(["disabled"] if server.disabled else [])]
    return Offer(
        label=server.name,
        description=" · ".join(place),
        detail=wrong or server.summary,
        is_wrong=wrong is not None,
        target=OfferedTarget(server=server.name, file=server.file),
    )


def offer_document(uri: str, folders: Sequence[Folder]) -> Offer | None:
    """Return the script of a document as it is on the disk, where it uses an MCP library.

    Args:
        uri: of any document.
        folders: those of the workspace; relative paths start at the first.
    """
    if not uri.startswith("file:"):
        return None
    path = path_of(uri)
    suffix = suffix_of(path)
    wanted = _PYTHON_IMPORT if suffix in PYTHON else _NODE_IMPORT if suffix in JAVASCRIPT | TYPESCRIPT else None
    if wanted is None or not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            if not wanted.search(file.read(LOOKED_AT)):
                return None
    except OSError:
        return None
    label = _in_folder(path, folders[:1]) or path
    return Offer(label=label, description="", detail="", is_wrong=False, target=OfferedTarget(url=label))


def _shown(path: str, folders: Sequence[Folder]) -> str:
    """Write a path as short as it is unambiguous."""
    inside = _in_folder(path, folders)
    home = os.path.join(os.path.expanduser("~"), "")
    return inside or (os.path.join("~", path[len(home) :]) if path.startswith(home) else path)


def _in_folder(path: str, folders: Sequence[Folder]) -> str | None:
    """Write a path from its folder on, with the folder's name where there are several."""
    for folder in folders:
        prefix = os.path.join(folder.path, "")
        if path.startswith(prefix):
            inside = path[len(prefix) :]
            return inside if len(folders) == 1 else os.path.join(folder.name, inside)
    return None
