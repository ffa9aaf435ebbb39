"""The hover on a configured server: what would be run, and what is known of it once it is connected."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from mcp_sidecar.connection.configured.consent import visible
from mcp_sidecar.connection.configured.entry import Entry, Text
from mcp_sidecar.connection.configured.file import Configuration
from mcp_sidecar.connection.configured.filling import fill
from mcp_sidecar.connection.configured.listing import summary
from mcp_sidecar.connection.configured.variables import VARIABLE
from mcp_sidecar.connection.errors import Failure, SidecarError
from mcp_sidecar.connection.status import ServerInfo
from mcp_sidecar.jsonc import Member
from mcp_sidecar.server.configuration_schema import FIELDS
from mcp_sidecar.views.formats import one_line

MOST_TOOLS: Final = 50
"""Whose names are shown."""

_LONGEST: Final = 400
"""Characters of a line."""
_LINES: Final = 20
_OWNERS: Final = {
    "vscode": "VS Code",
    "claude-code": "Claude Code",
    "claude-desktop": "Claude Desktop",
    "cursor": "Cursor",
    "fastmcp": "FastMCP",
}


@attrs.frozen(kw_only=True)
class Known:
    """What is known of a server beside its file."""

    sign: str | None
    """Its state, for a person."""
    failure: Failure | None
    server: ServerInfo | None
    """What it said of itself, once it is connected."""
    tools: Sequence[str] | None


def hover_text(configuration: Configuration, entry: Entry, offset: int, known: Known, *, is_markdown: bool) -> str:
    """Return what to show at an offset in an entry. Secrets are masked; as markdown all of it is code."""
    parts: list[str] = []
    spot = _spot(configuration, entry, offset)
    if spot is not None:
        parts.append(_block([spot], is_markdown))
    title = f"MCP server {one_line(entry.name, 80)}"
    parts.append(_block([f"{title} · {known.sign}" if known.sign else title], is_markdown))
    parts.append(_block(list(_would_run(configuration, entry)), is_markdown))
    if known.server is not None:
        parts.append(_block(list(_about(known.server, known.tools)), is_markdown))
    if known.failure is not None:
        parts.append(_block([f"last failure: {known.failure.message}"], is_markdown))
    tool = _OWNERS.get(entry.place.tool)
    scope = "of this workspace" if entry.place.scope == "workspace" else "of the user"
    parts.append(_block([f"{entry.place.path} ({f'{tool}, ' if tool else ''}{scope})"], is_markdown))
    return "\n\n".join(parts)


def _block(lines: Sequence[str], is_markdown: bool) -> str:
    """Lines as they are: in markdown as code, so that nothing in them is markup."""
    text = "\n".join(one_line(line, _LONGEST) for line in lines[:_LINES])
    if not is_markdown:
        return text
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def _spot(configuration: Configuration, entry: Entry, offset: int) -> str | None:
    """What there is to know about the field or the variable at a place."""
    for text in entry.texts:
        if text.node.start <= offset <= text.node.end:
            return _variable(configuration, text, offset)
    around = configuration.document.around(offset)
    field = next((each for each in reversed(around) if isinstance(each, Member)), None)
    if field is None or not entry.start < field.start < entry.end or field.name not in FIELDS:
        return None
    return f"{field.name}: {FIELDS[field.name]['description']}" if field.key.start <= offset <= field.key.end else None


def _variable(configuration: Configuration, text: Text, offset: int) -> str | None:
    written = configuration.document.text[text.node.start : text.node.end]
    for match in VARIABLE.finditer(written):
        if match.start() <= offset - text.node.start <= match.end():
            variables = configuration.variables()
            problem = next((each.message for each in variables.findings(Text(match[0], text.node))), None)
            if problem is not None:
                return problem
            asked = any(variables.inputs_in(Text(match[0], text.node)))
            value = "asked for when it is connected" if asked else variables.fill(Text(match[0], text.node)).shown
            return f"{match[0]}: {value}"
    return None


def _would_run(configuration: Configuration, entry: Entry) -> Iterator[str]:
    platform = configuration.context.platform
    try:
        filling = fill(entry, configuration.variables(placeholders=True))
    except SidecarError as error:
        yield summary(entry, platform)
        yield f"can't be started: {error.message}"
        return
    program = filling.program(entry, platform)
    if program is not None:
        yield from program.text(logged=True).splitlines()
        return
    info = filling.resolved.info
    yield f"{visible(info.url or '')} ({info.transport})"
    recipient = filling.recipient()
    if recipient is not None:
        yield from recipient.text(logged=True).splitlines()[1:]


def _about(server: ServerInfo, tools: Sequence[str] | None) -> Iterator[str]:
    title = f" ({one_line(server.title, 80)})" if server.title else ""
    yield f"{one_line(server.name, 80)} {one_line(server.version, 40)}{title}".rstrip()
    yield f"protocol: {server.protocol_version}"
    yield f"capabilities: {', '.join(one_line(name, 40) for name in server.capabilities) or 'none'}"
    if tools is not None:
        names = ", ".join(one_line(name, 60) for name in tools[:MOST_TOOLS])
        more = f", and {len(tools) - MOST_TOOLS} more" if len(tools) > MOST_TOOLS else ""
        yield f"tools ({len(tools)}): {names}{more}" if tools else "tools: none"
