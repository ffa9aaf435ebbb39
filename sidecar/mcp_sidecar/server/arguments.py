"""Documents of arguments: in each, the user edits those of one tool, prompt or resource template of one server."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote

from lsprotocol import types as lsp

from mcp_sidecar.connection.calls import Calls
from mcp_sidecar.connection.errors import SidecarError
from mcp_sidecar.connection.logs import LogEntry
from mcp_sidecar.server.documents import OpenDocument, open_document, show_place
from mcp_sidecar.server.language import DocumentKind
from mcp_sidecar.server.methods import command_id
from mcp_sidecar.server.subjects import KINDS, Subject, SubjectKind
from mcp_sidecar.wire.errors import InvalidParams
from mcp_sidecar.wire.server import WireServer

if TYPE_CHECKING:
    from mcp_sidecar import jsonc
    from mcp_sidecar.server.completion import Site, Suggestion
    from mcp_sidecar.server.last_arguments import LastArguments

SCHEME = "mcp-sidecar-arguments"
"""Of their URIs. Where they are kept is the editor's business."""

_SUFFIX = ".jsonc"

_HALVES = "surrogatepass"
"""Names can have half of a surrogate pair, as anything in JSON can."""


_ALLOWED = ("comment", "trailing-comma")
"""What JSON does not have, and these documents do."""


def arguments_uri(subject: Subject) -> str:
    """The URI of the document for a subject; any text may be a name."""
    # Twice: a slash in a name must not become one of the path when the URI is decoded.
    folder = f"{KINDS[subject.kind]}/" if KINDS[subject.kind] else ""
    return f"{SCHEME}:/{_escaped(subject.server)}/{folder}{_escaped(subject.name)}{_SUFFIX}"


def arguments_of(uri: str) -> Subject | None:
    """Whose arguments a document holds; None for any other document."""
    scheme, _, path = uri.partition(":")
    parts = [unquote(part, errors=_HALVES) for part in unquote(path).removeprefix("/").split("/")]
    kinds: dict[str, SubjectKind] = {folder: kind for kind, folder in KINDS.items()}
    folder = parts.pop(1) if len(parts) == 3 else ""
    if scheme != SCHEME or len(parts) != 2 or folder not in kinds:
        return None
    return Subject(parts[0], parts[1].removesuffix(_SUFFIX), kinds[folder])


def read_arguments(text: str) -> "tuple[Any, list[jsonc.Problem]]":
    """The arguments in a text, and what keeps them from being sent."""
    from mcp_sidecar import jsonc  # late: nothing needs it before a document is opened

    document = jsonc.parse(text)
    problems = [problem for problem in document.problems if problem.rule not in _ALLOWED]
    root = document.root
    if root is not None and root.kind != "object" and not problems:
        message = "The arguments are a JSON object, such as {}."
        problems.append(jsonc.Problem(rule="syntax", message=message, start=root.start, end=root.end))
    return None if problems or root is None else _exact(root, text), problems


def _exact(node: "jsonc.Node", text: str) -> Any:
    """The value of a node that has no problems: the tree's own values leave out what no text can hold."""
    match node.kind:
        case "object":
            return {member.name: _exact(member.value, text) for member in node.members if member.value is not None}
        case "array":
            return [_exact(item, text) for item in node.items]
        case _:
            return json.loads(text[node.start : node.end])


class ArgumentsDocuments(DocumentKind):
    """The kind of these documents, and what is asked of the server from them."""

    def __init__(
        self, server: WireServer, calls: Calls, log: Callable[[LogEntry], None], last: Callable[[], "LastArguments"]
    ) -> None:
        """
        Args:
            server: to the client.
            calls: to the MCP server, which completes what its schemas don't.
            log: tells why it did not.
            last: keeps the arguments that were sent.
        """
        self._server = server
        self._calls = calls
        self._log = log
        self._last = last

    def claims(self, uri: str) -> bool:
        """Whether it has somebody's arguments."""
        return arguments_of(uri) is not None

    async def diagnostics(self, document: OpenDocument) -> list[lsp.Diagnostic]:
        """What keeps the arguments from being sent."""
        _, problems = await asyncio.to_thread(read_arguments, document.text)
        error = lsp.DiagnosticSeverity.Error
        return [document.diagnostic(problem.message, problem.start, problem.end, error) for problem in problems]

    async def code_lenses(self, document: OpenDocument) -> list[lsp.CodeLens]:
        """*Call*, *Get* or *Read*, above the first line."""
        subject = arguments_of(document.uri)
        if subject is None:
            return []
        verb = {"tool": "Call", "prompt": "Get", "resourceTemplate": "Read"}[subject.kind]
        # In VS Code `$(name)` is an icon, and what a server sends must not become one.
        title = f"▶\ufe0e {verb} {' '.join(subject.name.replace('$(', '$ (').split())}"
        command = lsp.Command(title, command_id("mcp/show"), arguments=[{"document": document.uri}])
        return [lsp.CodeLens(document.range(0, 0), command)]

    async def completions(self, document: OpenDocument, offset: int) -> lsp.CompletionList | None:
        """Names and values for what is being typed: of the schema, and of prompts and templates the server's own."""
        from mcp_sidecar.server.completion import Site, completion_list

        subject = arguments_of(document.uri)
        if subject is None:
            return None
        site = await asyncio.to_thread(Site.at, document.text, offset)
        if site is None:
            return None
        try:
            item = await subject.listed(self._calls)
            suggestions = [] if item is None else await asyncio.to_thread(site.suggestions, subject.schema(item))
            own = await self._completed(subject, site)
        except SidecarError as error:
            # While somebody types nothing may pop up; a server that can't complete is told of all the same.
            self._log(LogEntry(source="sidecar", level="info", message=f"Nothing to complete with: {error.message}"))
            return None
        return completion_list(self._server, document, [*suggestions, *(own or [])], is_incomplete=own is not None)

    async def _completed(self, subject: Subject, site: "Site") -> "list[Suggestion] | None":
        """What the server suggests for a value; None where it is not asked."""
        reference = subject.reference
        if reference is None or site.argument is None or not self._calls.can("completion/complete"):
            return None
        params: dict[str, Any] = {"ref": reference, "argument": {"name": site.argument, "value": site.typed}}
        if site.others:
            params["context"] = {"arguments": site.others}
        result = await self._calls.run("completion/complete", params)
        completion = result.get("completion")
        values = completion.get("values") if isinstance(completion, dict) else None
        texts = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
        return [site.suggested(text) for text in texts]

    async def request(self, uri: str) -> tuple[str, dict[str, Any]]:
        """The request that a document is for, and its params. Where it is not right, the cursor is put there.

        Raises:
            InvalidParams: it is not right, or no document of arguments that is open.
        """
        subject, document = self._open(uri)
        arguments, problems = await asyncio.to_thread(read_arguments, document.text)
        if problems:
            place = document.position(problems[0].start)
            await show_place(self._server, uri, lsp.Range(place, place))
            line = place.line + 1
            raise InvalidParams(f"The arguments are not right in line {line}: {problems[0].message}")
        return subject.request(cast(Mapping[str, Any], arguments))

    async def keep(self, uri: str) -> None:
        """Keep the arguments in a document for another day, without what is secret, which the server's list tells.

        Raises:
            InvalidParams: it is no document of arguments that is open.
        """
        subject, document = self._open(uri)
        try:
            item = await subject.listed(self._calls)
        except SidecarError as error:
            self._log(LogEntry(source="sidecar", level="info", message=f"The arguments are not kept: {error.message}"))
            return
        arguments, problems = await asyncio.to_thread(read_arguments, document.text)
        if item is not None and not problems:
            await asyncio.to_thread(self._last().keep, uri, arguments, subject.schema(item))

    def _open(self, uri: str) -> tuple[Subject, OpenDocument]:
        subject, document = arguments_of(uri), open_document(self._server, uri)
        if subject is None or document is None:
            raise InvalidParams("$.document: no document of arguments that is open has this URI")
        return subject, document


def _escaped(name: str) -> str:
    # Editors show the inner one as the title: nothing is escaped there that could stay as it is.
    return quote(quote(name, safe="!'()*:{}+,=@", errors=_HALVES))
