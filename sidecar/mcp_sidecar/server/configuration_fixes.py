"""The fixes of configuration files: edits that mend what a diagnostic tells, where only one thing can be meant."""

import difflib
import itertools
import json
import re
from collections.abc import Iterator
from typing import Final

from lsprotocol import types as lsp

from mcp_sidecar.connection.configured.checking import WrittenSecret, written_secrets
from mcp_sidecar.connection.configured.entry import Entry
from mcp_sidecar.connection.configured.file import Configuration
from mcp_sidecar.connection.configured.finding import Finding
from mcp_sidecar.connection.entry_fields import KNOWN_FIELDS
from mcp_sidecar.jsonc import Member, Node
from mcp_sidecar.server.configuration import diagnostic_of
from mcp_sidecar.server.documents import OpenDocument

_ALIKE: Final = 0.7
"""Of two names, so that the one is taken for the other mistyped."""


def fixes(document: OpenDocument, configuration: Configuration, start: int, end: int) -> Iterator[lsp.CodeAction]:
    """The fixes for what is wrong between two offsets of a document."""
    entries = [finding for entry in configuration.entries for finding in entry.findings]
    for finding in (*configuration.findings, *entries):
        if (
            finding.start <= end
            and start <= finding.end
            and (fix := _fix(document, configuration, finding)) is not None
        ):
            title, edit = fix
            yield _action(document, title, [edit], finding)
    for entry in configuration.entries:
        if entry.start <= end and start <= entry.end:
            for written in written_secrets(entry):
                if written.text.node.start <= end and start <= written.text.node.end:
                    for title, edits in _secret_fixes(document, configuration, entry, written):
                        yield _action(document, title, edits, written.finding(entry))


def _fix(document: OpenDocument, configuration: Configuration, finding: Finding) -> tuple[str, lsp.TextEdit] | None:
    text = document.text[finding.start : finding.end]
    match finding.rule:
        case "root-key" if text == json.dumps(configuration.place.keys[1]):
            key = configuration.place.keys[0]
            title, new = f"Rename it to `{key}`", json.dumps(key)
        case "trailing-comma" | "comment":
            title, new = f"Remove the {finding.rule.replace('-', ' ')}", ""
        case "unknown-field":
            close = difflib.get_close_matches(text.strip("\"'"), sorted(KNOWN_FIELDS), n=1, cutoff=_ALIKE)
            if not close:
                return None
            title, new = f"Rename it to `{close[0]}`", json.dumps(close[0])
        case _:
            return None
    return title, lsp.TextEdit(document.range(finding.start, finding.end), new)


def _secret_fixes(
    document: OpenDocument, configuration: Configuration, entry: Entry, written: WrittenSecret
) -> Iterator[tuple[str, list[lsp.TextEdit]]]:
    """A variable in place of a secret; the secret is then gone from the file, and the user's to keep."""
    tool = configuration.place.tool
    start, end = _place(document, written)
    name = written.name or f"{entry.name} secret"
    identifier = _free_identifier(configuration, entry, name)
    if tool == "vscode" and (edits := _new_input(document, configuration, identifier, name)) is not None:
        edits.append(lsp.TextEdit(document.range(start, end), f"${{input:{identifier}}}"))
        yield f"Ask for it: `${{input:{identifier}}}`", edits
    if tool in ("vscode", "cursor", "mcp", "claude-code"):
        variable = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "SECRET"
        text = f"${{{variable}}}" if tool == "claude-code" else f"${{env:{variable}}}"
        edit = lsp.TextEdit(document.range(start, end), text)
        yield f"Take it from the environment: `{text}`", [edit]


def _place(document: OpenDocument, written: WrittenSecret) -> tuple[int, int]:
    """Where the secret itself is written; all between the quotes where that can't be told."""
    node = written.text.node
    inner = document.text[node.start + 1 : node.end - 1]
    if node.kind == "string" and inner.count(written.secret) == 1:
        start = node.start + 1 + inner.index(written.secret)
        return start, start + len(written.secret)
    return node.start + 1, node.end - 1


def _identifier(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "secret"


def _free_identifier(configuration: Configuration, entry: Entry, name: str) -> str:
    """The id of an input that nothing in the file has yet: two servers may each have their own `API_KEY`."""
    variables = configuration.variables()
    texts = (text for each in configuration.entries for text in each.texts)
    used = {identifier for text in texts for identifier in variables.inputs_in(text)}
    longer = _identifier(f"{entry.name} {name}")
    numbered = (f"{longer}-{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain((_identifier(name), longer), numbered) if each not in used)


def _new_input(
    document: OpenDocument, configuration: Configuration, identifier: str, name: str
) -> list[lsp.TextEdit] | None:
    """The edits that define an input: none where there is one of that id; None where there is no place for it."""
    if identifier in configuration.inputs:
        return []
    section = configuration.document.find(*configuration.place.section)
    if section is None or section.kind != "object" or not section.members:
        return None
    definition = {"type": "promptString", "id": identifier, "description": name, "password": True}
    inputs = section.member("inputs")
    if inputs is None:
        return [_before(document, section.members[0], f'"inputs": [{json.dumps(definition)}]')]
    if inputs.value is None or inputs.value.kind != "array":
        return None
    return [_appended(document, inputs.value, json.dumps(definition))]


def _before(document: OpenDocument, member: Member, text: str) -> lsp.TextEdit:
    """A member more, before another one."""
    line_start = document.text.rfind("\n", 0, member.start) + 1
    indent = document.text[line_start : member.start]
    gap = f"\n{indent}" if not indent.strip() and line_start else " "
    return lsp.TextEdit(document.range(member.start, member.start), f"{text},{gap}")


def _appended(document: OpenDocument, array: Node, text: str) -> lsp.TextEdit:
    """An item more, behind the last one."""
    if not array.items:
        return lsp.TextEdit(document.range(array.start, array.end), f"[{text}]")
    last = array.items[-1]
    line_start = document.text.rfind("\n", 0, last.start) + 1
    indent = document.text[line_start : last.start]
    gap = f"\n{indent}" if not indent.strip() and line_start else " "
    return lsp.TextEdit(document.range(last.end, last.end), f",{gap}{text}")


def _action(document: OpenDocument, title: str, edits: list[lsp.TextEdit], finding: Finding) -> lsp.CodeAction:
    return lsp.CodeAction(
        f"MCP Sidecar: {title}",
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=[diagnostic_of(document, finding)],
        edit=lsp.WorkspaceEdit(changes={document.uri: edits}),
    )
