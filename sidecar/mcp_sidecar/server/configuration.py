"""Configuration documents: the files in which MCP servers are configured, open in the editor."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import attrs
from lsprotocol import types as lsp

from mcp_sidecar.connection.calls import Calls
from mcp_sidecar.connection.configured.standings import Key, Standings
from mcp_sidecar.connection.errors import Failure, SidecarError
from mcp_sidecar.connection.status import ConnectionStatus, State
from mcp_sidecar.server.documents import OpenDocument, path_of_document
from mcp_sidecar.server.language import ACTION_KIND, DocumentKind, kind_text
from mcp_sidecar.server.methods import command_id
from mcp_sidecar.wire.server import WireServer

if TYPE_CHECKING:
    from mcp_sidecar.connection.configured.consent import Question
    from mcp_sidecar.connection.configured.elsewhere import Names
    from mcp_sidecar.connection.configured.entry import Entry
    from mcp_sidecar.connection.configured.file import Configuration
    from mcp_sidecar.connection.configured.finding import Finding
    from mcp_sidecar.connection.configured.servers import ConfiguredServers

LARGEST: Final = 4 * 1024 * 1024
"""Characters of a document that is looked at while it is open."""

MOST_DIAGNOSTICS: Final = 500
"""Of one document; nobody reads more."""

LONGEST_ALLOWANCE: Final = 105
"""Bytes of a title that says what it allows: no more columns than a menu of Helix has, of which it cuts the rest."""

_MOST_KEPT: Final = 8
"""Documents whose meaning is kept."""

_FILE_NAMES: Final = frozenset(
    ("mcp.json", ".mcp.json", "fastmcp.json", "settings.json", "claude_desktop_config.json", ".claude.json")
)
_SEVERITIES: Final = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "information": lsp.DiagnosticSeverity.Information,
}
_SIGNS: Final[dict[State, str]] = {
    "connecting": "◌ connecting…",
    "connected": "● connected",
    "reconnecting": "◌ reconnecting…",
    "failed": "✗ failed",
}
_BLANKS: Final = re.compile(r"[ \t]*")
_EMPTY: Final = '{"servers": {}, "mcpServers": {}}'
_STDERR_LINES: Final = 3


@attrs.frozen
class _Offer:
    """Something that can be done with an entry."""

    title: str
    method: str
    params: Mapping[str, Any] = attrs.field(factory=dict)

    def as_command(self, title: str) -> lsp.Command:
        """As a command whose outcome the person sees, see `Commands`."""
        return lsp.Command(title, command_id(self.method), arguments=[dict(self.params), {"show": True}])


@attrs.frozen
class _Understood:
    """A document, and what it was understood as."""

    document: OpenDocument
    folders: tuple[Any, ...]
    configurations: "list[Configuration]"


class ConfigurationDocuments(DocumentKind):
    """The kind of these documents. Nothing in them is ever run without being asked for."""

    longest = LARGEST
    is_watched = True

    def __init__(
        self,
        server: WireServer,
        configured: "Callable[[], ConfiguredServers]",
        folders: Callable[[], list[Any]],
        calls: Calls,
        changed: Callable[[], None],
    ) -> None:
        """
        Args:
            server: to the client.
            configured: gives what knows the configuration files.
            folders: gives those of the workspace.
            calls: to the MCP server, whose tools are counted.
            changed: is called when something changed that is shown in the documents.
        """
        self._server = server
        self._configured = configured
        self._folders = folders
        self._calls = calls
        self._changed = changed
        self._standings = Standings()
        self._status: ConnectionStatus | None = None
        self._understood: dict[str, _Understood] = {}
        self._tools: tuple[str, ...] | None = None
        """The names of the connected server's tools, once they are known."""
        self._listing: asyncio.Task[None] | None = None

    # what happens

    def status_changed(self, status: ConnectionStatus) -> None:
        """Take notice of a status."""
        last, self._status = self._status, status
        is_new = last is None or status.connected_at != last.connected_at
        if is_new:
            self.tools_changed()
        if self._standings.observe(status) or is_new:
            self._changed()

    def failed(self, file: str, name: str, failure: Failure) -> None:
        """Take notice that a server could not be made ready; the status will tell so, too."""
        self._standings.failed(Key(file, name), failure)
        self._changed()

    def tools_changed(self) -> None:
        """Forget the tools, which are others now."""
        had_some, self._tools = self._tools is not None, None
        if self._listing is not None:
            self._listing.cancel()
            self._listing = None
        if had_some:
            self._changed()

    def closed(self, uri: str) -> None:
        """Forget what it meant."""
        self._understood.pop(uri, None)

    def close(self) -> None:
        """End what is under way."""
        if self._listing is not None:
            self._listing.cancel()

    def _count_tools(self) -> None:
        """List the tools in the background, once for a connection."""
        if self._tools is None and self._listing is None and self._calls.can("tools/list"):
            self._listing = asyncio.create_task(self._list_tools())

    async def _list_tools(self) -> None:
        try:
            self._tools = tuple(await self._calls.tool_names())
        except SidecarError:
            return  # the connection is lost, or the server does not answer: then no number is told
        self._changed()

    # what is said

    def claims(self, uri: str) -> bool:
        """Whether it is a configuration file, by its name; whatever the editor calls its language."""
        path = path_of_document(uri)
        return path is not None and PurePath(path).name in _FILE_NAMES and self._configured().is_place(path)

    async def diagnostics(self, document: OpenDocument) -> list[lsp.Diagnostic]:
        """What is wrong with the file, with each server in it, and why it could not be connected to."""
        if len(document.text) > LARGEST:
            message = f"The file is too large to be looked at: {LARGEST // 2**20} MiB at most."
            return [document.diagnostic(message, 0, 0, lsp.DiagnosticSeverity.Information, "too-large")]
        configurations = await self._configurations(document)
        names = await self._configured().names() if configurations else {}
        return await asyncio.to_thread(self._diagnostics, document, configurations, names)

    def _diagnostics(
        self, document: OpenDocument, configurations: "list[Configuration]", names: "Names"
    ) -> list[lsp.Diagnostic]:
        from mcp_sidecar.connection.configured.checking import check

        failures = [each for configuration in configurations for each in self._failures(document, configuration)]
        findings: dict[Finding, None] = {}  # places that share a file find the same mistakes in it
        for configuration in configurations:
            findings |= dict.fromkeys(_duplicates(configuration, names))
            entries = [finding for entry in configuration.entries for finding in entry.findings]
            findings |= dict.fromkeys((*configuration.findings, *entries, *check(configuration)))
        first = sorted(findings, key=lambda finding: (_SEVERITIES[finding.severity], finding.start))
        return [*failures, *(diagnostic_of(document, finding) for finding in first[: MOST_DIAGNOSTICS - len(failures)])]

    def _failures(self, document: OpenDocument, configuration: "Configuration") -> Iterator[lsp.Diagnostic]:
        for entry in configuration.entries:
            failure = self._standings.failure(Key(configuration.uri, entry.name))
            if failure is not None:
                is_refusal = failure.kind == "consent_refused"
                severity = lsp.DiagnosticSeverity.Warning if is_refusal else lsp.DiagnosticSeverity.Error
                yield document.diagnostic(
                    self._words(failure), entry.name_start, entry.name_end, severity, failure.kind.replace("_", "-")
                )

    def _words(self, failure: Failure) -> str:
        """A failure as one text, with what was not allowed, or what the server said last."""
        stderr = failure.details.get("stderr")
        lines = stderr.splitlines() if isinstance(stderr, str) else list(stderr or ())
        said = [str(line)[:300] for line in lines[-_STDERR_LINES:]]
        question = self._configured().question(failure.details.get("consent", ""))
        if question is not None:
            said = [question.subject.text()]
        return "\n".join([f"{failure.message} {failure.suggestion}".strip(), *said])

    async def code_lenses(self, document: OpenDocument) -> list[lsp.CodeLens]:
        """The state of each server, and what can be done with it."""
        lenses = [
            (entry, command)
            for configuration in await self._configurations(document)
            for entry in configuration.entries
            for command in self._lenses(configuration, entry)
        ]
        return await asyncio.to_thread(
            lambda: [
                lsp.CodeLens(document.range(entry.name_start, entry.name_end), command) for entry, command in lenses
            ]
        )

    def _lenses(self, configuration: "Configuration", entry: "Entry") -> Iterator[lsp.Command]:
        """The first says whose they are: others have lenses there, too."""
        key = Key(configuration.uri, entry.name)
        offers = self._offers(key)
        if (sign := self._sign(key)) is not None:
            yield _Offer(sign, "mcp/status").as_command(f"MCP Sidecar: {sign}")
        else:
            first, *offers = offers
            yield first.as_command(f"MCP Sidecar: {first.title}")
        for offer in offers:
            yield offer.as_command(offer.title)

    def _sign(self, key: Key) -> str | None:
        """The state in two words; None where there is nothing to tell."""
        state = self._standings.state(key)
        sign = _SIGNS.get(state)
        if state == "connected":
            self._count_tools()
            if self._tools is not None:
                sign = f"{sign} · {len(self._tools)} tool{'' if len(self._tools) == 1 else 's'}"
        return sign

    def _offers(self, key: Key) -> list[_Offer]:
        """What makes sense now."""
        reconnect, disconnect = _Offer("Reconnect", "mcp/reconnect"), _Offer("Disconnect", "mcp/disconnect")
        log = _Offer("Show log", "mcp/log")
        match self._standings.state(key):
            case "connected":
                call = [_Offer("Call tool…", "mcp/tools/call")] if self._can_call() else []
                return [*call, reconnect, disconnect, log]
            case "reconnecting":
                return [reconnect, disconnect, log]
            case "connecting":
                return [disconnect, log]
            case state:
                connect = _Offer("Connect", "mcp/connect", {"server": key.name, "file": key.file})
                return [connect, log] if state == "failed" else [connect]

    def _can_call(self) -> bool:
        """Whether the connected server has tools, as far as is known."""
        return self._tools != () and self._calls.can("tools/call")

    async def code_actions(
        self, document: OpenDocument, start: int, end: int, context: lsp.CodeActionContext
    ) -> list[lsp.CodeAction]:
        """What can be done with the servers at a place: in every editor, also in those that have no lenses."""
        from mcp_sidecar.server.configuration_fixes import fixes

        configurations = await self._configurations(document)
        mended = await asyncio.to_thread(
            lambda: [fix for configuration in configurations for fix in fixes(document, configuration, start, end)]
        )
        # A jump to a line ends before its blanks, in Helix for one: what begins after them is meant.
        blanks = _BLANKS.match(document.text, end)
        assert blanks is not None  # it takes none, too
        reached = blanks.end()
        commands = [
            lsp.CodeAction(
                f"MCP Sidecar: {offer.title} {entry.name}", kind=ACTION_KIND, command=offer.as_command(offer.title)
            )
            for configuration in configurations
            for entry in configuration.entries
            if entry.start <= reached and start <= entry.end
            for offer in self._offers(Key(configuration.uri, entry.name))
        ]
        # The last ones: what comes first is preselected in some editors, and run if it is the only one.
        allowances = [
            lsp.CodeAction(f"MCP Sidecar: {offer.title}", kind=ACTION_KIND, command=offer.as_command(offer.title))
            for configuration in configurations
            for entry in configuration.entries
            if entry.start <= reached and start <= entry.end and self._may_allow(context)
            if (offer := await self._allowance(configuration, entry)) is not None
        ]
        return [*mended, *commands, *allowances]

    def _may_allow(self, context: lsp.CodeActionContext) -> bool:
        """Whether an action may allow what it shows: where a person asks for all there are, to choose one.

        What is asked for by its kind, or by no person, may be run unseen, as by VS Code's `editor.codeActionsOnSave`, a
        setting that a workspace can bring along. VS Code itself needs no such action: an editor that has the commands
        as its own, see `ClientOptions`, shows the questions.
        """
        is_chosen = not context.only or "" in map(kind_text, context.only)
        is_asked_for = context.trigger_kind != lsp.CodeActionTriggerKind.Automatic
        return self._server.announces_commands and is_chosen and is_asked_for

    async def _allowance(self, configuration: "Configuration", entry: "Entry") -> _Offer | None:
        """The yes to the question that an entry's diagnostic shows, which the editor could not show or said no to."""
        key = Key(configuration.uri, entry.name)
        failure = self._standings.failure(key)
        identifier = failure.details.get("consent") if failure is not None else None
        if identifier is None or (asked := await self._configured().refused(identifier, configuration, entry)) is None:
            return None
        target = {"server": key.name, "file": key.file}
        return _Offer(_allowing(asked), "mcp/consent", {"id": identifier, "allow": True, "connect": target})

    async def completions(self, document: OpenDocument, offset: int) -> lsp.CompletionList | None:
        """Fields, programs, variables and the like."""
        from mcp_sidecar.server.completion import completion_list
        from mcp_sidecar.server.configuration_completion import suggestions

        configurations = await self._configurations(document)
        if not configurations:  # the file has no servers yet, but its place tells what they will be
            path = path_of_document(document.uri) or ""
            configurations = await asyncio.to_thread(self._configured().understood, path, _EMPTY)
        found = await asyncio.to_thread(suggestions, configurations, document.text, offset)
        return completion_list(self._server, document, found, is_incomplete=False)

    async def hover(self, document: OpenDocument, offset: int) -> lsp.Hover | None:
        """What would be run, and what is known of it."""
        from mcp_sidecar.server.entry_hover import Known, hover_text

        for configuration in await self._configurations(document):
            for entry in configuration.entries:
                if not entry.start <= offset <= entry.end:
                    continue
                key = Key(configuration.uri, entry.name)
                is_connected = self._standings.state(key) == "connected" and self._status is not None
                known = Known(
                    sign=self._sign(key),
                    failure=self._standings.failure(key),
                    server=self._status.server if is_connected and self._status else None,
                    tools=self._tools if is_connected else None,
                )
                kind = lsp.MarkupKind.Markdown if self._takes_markdown() else lsp.MarkupKind.PlainText
                text = await asyncio.to_thread(
                    hover_text, configuration, entry, offset, known, is_markdown=kind == lsp.MarkupKind.Markdown
                )
                is_on_name = entry.name_start <= offset <= entry.name_end
                place = document.range(entry.name_start, entry.name_end) if is_on_name else None
                return lsp.Hover(lsp.MarkupContent(kind, text), place)
        return None

    def _takes_markdown(self) -> bool:
        """Whether the client wants hovers in markdown: the first format that it names (LSP 3.17, "Hover Request")."""
        text_document = self._server.client_capabilities.text_document
        hover = text_document.hover if text_document is not None else None
        formats = hover.content_format if hover is not None else None
        return formats is not None and list(formats[:1]) == [lsp.MarkupKind.Markdown]

    # reading

    async def _configurations(self, document: OpenDocument) -> "list[Configuration]":
        """What a document is understood as; once for each of its versions."""
        known, folders = self._understood.get(document.uri), tuple(self._folders())
        if known is None or known.document.text is not document.text or known.folders != folders:
            path = path_of_document(document.uri)
            assert path is not None, "only files are claimed"
            configurations = await asyncio.to_thread(self._configured().understood, path, document.text)
            known = _Understood(document, folders, configurations)
            self._understood = {document.uri: known, **self._understood}
            while len(self._understood) > _MOST_KEPT:
                self._understood.popitem()
        return known.configurations


def _duplicates(configuration: "Configuration", names: "Names") -> "Iterator[Finding]":
    from mcp_sidecar.connection.configured.finding import Finding

    for entry in configuration.entries:
        places = [place for uri, place in names.get(entry.name, {}).items() if uri != configuration.uri]
        if places:
            message = f"{', '.join(places[:3])} has a server of this name, too: name the file to connect to this one."
            yield Finding(
                rule="duplicate-name",
                severity="information",
                message=message,
                start=entry.name_start,
                end=entry.name_end,
            )


def diagnostic_of(document: OpenDocument, finding: "Finding") -> lsp.Diagnostic:
    """A finding as LSP has it."""
    return document.diagnostic(finding.message, finding.start, finding.end, _SEVERITIES[finding.severity], finding.rule)


def _allowing(question: "Question") -> str:
    """The title of the action that allows it: all that the question shows; where it is too long, where that stands."""
    verb = "sending secrets to" if question.is_sending else "running"
    text = question.subject.text().replace("\n", "; ")
    whole = f"Allow {verb} {text}"
    if len(whole.encode()) <= LONGEST_ALLOWANCE:
        return whole
    start = f"Allow {verb} what its diagnostic shows in full: "
    return f"{start}{text.encode()[: LONGEST_ALLOWANCE - len(start)].decode(errors='ignore')}…"
