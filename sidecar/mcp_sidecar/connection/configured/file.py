"""A configuration file: read afresh, with the servers in it and what is wrong with it."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH116, PTH123

import itertools
import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from mcp_sidecar.connection.configured.entry import Entry, read_entry
from mcp_sidecar.connection.configured.fastmcp_entry import read_fastmcp_entry
from mcp_sidecar.connection.configured.finding import Finding
from mcp_sidecar.connection.configured.inputs import Answer, InputDefinition, read_inputs
from mcp_sidecar.connection.configured.places import Place
from mcp_sidecar.connection.configured.report import ProblemRule, ProblemSeverity
from mcp_sidecar.connection.configured.variables import Context, Variables
from mcp_sidecar.jsonc import Document, Member, Node, parse

LARGEST_FILE: Final = 32 * 1024 * 1024
"""Bytes. Claude Code keeps the history of every project in the same file as its servers."""

MOST_ENTRIES: Final = 500
"""Servers that are read of one file."""

MOST_FINDINGS: Final = 100
"""That are told of the variables of one entry."""


@attrs.frozen(kw_only=True, eq=False)
class Configuration:
    """A file that is there, as it was at one moment."""

    place: Place
    document: Document
    entries: tuple[Entry, ...] = ()
    inputs: Mapping[str, InputDefinition] = attrs.field(factory=dict)
    findings: tuple[Finding, ...] = ()
    context: Context

    @property
    def is_broken(self) -> bool:
        """Whether it can't be relied on: it is unreadable, or no JSON."""
        rules = ("unreadable", "too-large", "syntax")
        return any(each.rule in rules and each.severity == "error" for each in self.findings)

    def variables(self, answers: Mapping[str, Answer] | None = None, *, placeholders: bool = False) -> Variables:
        """The variables of this file; see `Variables`."""
        return Variables(
            place=self.place,
            context=self.context,
            document=self.document,
            inputs=self.inputs,
            answers=answers or {},
            placeholders=placeholders,
        )

    @property
    def uri(self) -> str:
        """The file's URI."""
        return Path(self.place.path).as_uri()

    def place_of(self, entry: Entry) -> str:
        """Where an entry is, for a person: file and line."""
        return f"{self.place.path}:{self.document.position(entry.name_start).line + 1}"


def read_all(places: Iterable[Place], context: Context, texts: Mapping[str, str] | None = None) -> list[Configuration]:
    """Read the files that are there and have anything to do with MCP servers; in the order of the places.

    Args:
        places: where to look.
        context: what variables are filled in with.
        texts: by paths, with `os.path.normcase`, what stands in place of the files' own texts: what an editor has open.
    """
    by_path: dict[str, list[Place]] = {}
    for place in places:
        by_path.setdefault(place.path, []).append(place)
    found: list[Configuration] = []
    for path, sharing in by_path.items():
        # FastMCP itself reads its file, and so from the disk.
        shown = (texts or {}).get(os.path.normcase(path)) if sharing[0].tool != "fastmcp" else None
        text = read_file(path) if shown is None else shown
        if isinstance(text, str):
            found += read_text(text, sharing, context)
        elif text is not None:
            empty = parse("")
            found += [
                Configuration(place=place, document=empty, findings=(text,), context=context)
                for place in sharing
                if not place.section
            ]
    return found


def read_text(text: str, sharing: Sequence[Place], context: Context) -> list[Configuration]:
    """Understand a text as the configuration file of some places, all of one path."""
    document = parse(text, _wanted(sharing))
    read = (read_document(document, place, context) for place in sharing)
    return [configuration for configuration in read if configuration is not None]


def read_document(document: Document, place: Place, context: Context) -> Configuration | None:
    """Understand a text as the configuration file at a place; None where it has no part in MCP servers."""
    section = document.find(*place.section)
    if place.is_shared_with_others and (section is None or section.kind != "object"):
        return None
    findings = _syntax(document, place, section)
    servers: Member | None = None
    entries: tuple[Entry, ...] = ()
    if section is not None and section.kind == "object":
        servers = next((member for key in place.keys if (member := section.member(key)) is not None), None)
        own = read_fastmcp_entry(section, place) if place.tool == "fastmcp" and servers is None else None
        entries = (own,) if own is not None else ()
        is_foreign = place.tool == "mcp" and not any(each.severity == "error" for each in findings)
        if servers is None and (place.is_shared_with_others or is_foreign):
            return None
    if section is not None and not entries:
        findings += _root_key(section, servers, place)
    if servers is not None and servers.value is not None and servers.value.kind == "object":
        members = {member.name: member for member in servers.value.members}  # of several with one name the last counts
        entries = tuple(read_entry(member, place) for member in list(members.values())[:MOST_ENTRIES])
        if len(members) > MOST_ENTRIES:
            message = f"Only the first {MOST_ENTRIES} of {len(members)} servers are read."
            findings.append(Finding.at(servers.key, "too-large", "warning", message))
    inputs, wrong_inputs = read_inputs(section)
    configuration = Configuration(
        place=place, document=document, inputs=inputs, findings=(*findings, *wrong_inputs), context=context
    )
    return attrs.evolve(configuration, entries=tuple(_checked(entry, configuration.variables()) for entry in entries))


def _checked(entry: Entry, variables: Variables) -> Entry:
    """The entry, with what is wrong with its variables."""
    wrong = (finding for text in entry.texts for finding in variables.findings(text))
    return attrs.evolve(entry, findings=(*entry.findings, *itertools.islice(wrong, MOST_FINDINGS)))


def _wanted(sharing: Sequence[Place]) -> Callable[[tuple[str, ...]], bool]:
    sections = [place.section for place in sharing]
    keys = {key for place in sharing for key in (*place.keys, "inputs")}

    def wanted(path: tuple[str, ...]) -> bool:
        """Whether a value leads to servers, is one of them, or stands in a file that has nothing else."""
        if not any(place.is_shared_with_others for place in sharing):
            return True
        return any(
            path == section[: len(path)] or (path[: len(section)] == section and path[len(section)] in keys)
            for section in sections
        )

    return wanted


def read_file(path: str) -> str | Finding | None:
    """The text of a file, None if it is not there, or why it can't be read."""

    def refusal(rule: ProblemRule, message: str) -> Finding:
        return Finding(rule=rule, severity="error", message=message, start=0, end=0)

    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode):
            return refusal("unreadable", "It is no regular file.")  # a pipe could block for ever
        if about.st_size > LARGEST_FILE:
            return refusal("too-large", f"It is larger than {LARGEST_FILE // 2**20} MiB.")
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        return refusal("unreadable", f"It can't be read: {error.strerror or type(error).__name__}.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return refusal("unreadable", f"It is not UTF-8 (byte {error.start}).")


def _syntax(document: Document, place: Place, section: Node | None) -> list[Finding]:
    """What of the text the tool would not read."""
    found = []
    for problem in document.problems:
        if place.takes_comments and problem.rule in ("comment", "trailing-comma"):
            continue
        if place.is_shared_with_others and section and not section.start <= problem.start <= section.end:
            continue
        severity: ProblemSeverity = "error" if problem.rule in ("syntax", "limit") else "warning"
        found.append(Finding.at(problem, problem.rule, severity, problem.message))
    return found


def _root_key(section: Node, servers: Member | None, place: Place) -> list[Finding]:
    """What is wrong with the object that should hold the servers."""
    own, other = place.keys
    if section.kind != "object":
        return [Finding.at(section, "root-key", "error", f"The file is an object with `{own}`.")]
    if servers is None:
        what = "`source` or `mcpServers`" if place.tool == "fastmcp" else f"`{own}`"
        return [Finding.at(section, "root-key", "warning", f"There is no {what}.")]
    findings = []
    if servers.name == other and place.tool != "mcp":
        message = f"This file has its servers under `{own}`; under `{other}` its own tool does not see them."
        findings.append(Finding.at(servers.key, "root-key", "warning", message))
    if servers.value is None or servers.value.kind != "object":
        at = servers.value or servers.key
        findings.append(Finding.at(at, "wrong-type", "error", f"`{servers.name}` is an object of servers."))
    return findings
