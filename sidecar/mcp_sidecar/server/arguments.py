"""Documents of arguments: in each, the user edits the arguments with which one tool of one server is called."""

import asyncio
import json
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from lsprotocol import types as lsp

from mcp_sidecar import jsonc
from mcp_sidecar.server.documents import OpenDocument, open_document, show_place
from mcp_sidecar.server.methods import command_id
from mcp_sidecar.wire.errors import InvalidParams
from mcp_sidecar.wire.server import WireServer

SCHEME = "mcp-sidecar-arguments"
"""Of their URIs. Where they are kept is the editor's business."""

_SUFFIX = ".jsonc"

_HALVES = "surrogatepass"
"""Names can have half of a surrogate pair, as anything in JSON can."""


_ALLOWED = ("comment", "trailing-comma")
"""What JSON does not have, and these documents do."""


class ArgumentsOf(NamedTuple):
    """Whose arguments a document holds."""

    server: str
    tool: str


def arguments_uri(server: str, tool: str) -> str:
    """The URI of the document for a tool of a server; any text may be a name."""
    # Twice: a slash in a name must not become one of the path when the URI is decoded.
    return f"{SCHEME}:/{_escaped(server)}/{_escaped(tool)}{_SUFFIX}"


def arguments_of(uri: str) -> ArgumentsOf | None:
    """Whose arguments a document holds; None for any other document."""
    scheme, _, path = uri.partition(":")
    names = [unquote(part, errors=_HALVES) for part in unquote(path).removeprefix("/").split("/")]
    if scheme != SCHEME or len(names) != 2:
        return None
    return ArgumentsOf(names[0], names[1].removesuffix(_SUFFIX))


def read_arguments(text: str) -> tuple[Any, list[jsonc.Problem]]:
    """The arguments in a text, and what keeps them from being sent."""
    document = jsonc.parse(text)
    problems = [problem for problem in document.problems if problem.rule not in _ALLOWED]
    root = document.root
    if root is not None and root.kind != "object" and not problems:
        message = "The arguments are a JSON object, such as {}."
        problems.append(jsonc.Problem(rule="syntax", message=message, start=root.start, end=root.end))
    return None if problems or root is None else _exact(root, text), problems


def _exact(node: jsonc.Node, text: str) -> Any:
    """The value of a node that has no problems: the tree's own values leave out what no text can hold."""
    match node.kind:
        case "object":
            return {member.name: _exact(member.value, text) for member in node.members if member.value is not None}
        case "array":
            return [_exact(item, text) for item in node.items]
        case _:
            return json.loads(text[node.start : node.end])


class ArgumentsDocuments:
    """A `DocumentKind`, and what is called from its documents."""

    def __init__(self, server: WireServer) -> None:
        self._server = server

    def claims(self, uri: str) -> bool:
        """Whether it has the arguments of a tool."""
        return arguments_of(uri) is not None

    def diagnostics(self, document: OpenDocument) -> list[lsp.Diagnostic]:
        """What keeps the arguments from being sent."""
        _, problems = read_arguments(document.text)
        error = lsp.DiagnosticSeverity.Error
        return [document.diagnostic(problem.message, problem.start, problem.end, error) for problem in problems]

    def code_lenses(self, document: OpenDocument) -> list[lsp.CodeLens]:
        """*Call*, above the first line."""
        names = arguments_of(document.uri)
        if names is None:
            return []
        # In VS Code `$(name)` is an icon, and what a server sends must not become one.
        title = f"▶\ufe0e Call {' '.join(names.tool.replace('$(', '$ (').split())}"
        command = lsp.Command(title, command_id("mcp/show"), arguments=[{"document": document.uri}])
        return [lsp.CodeLens(document.range(0, 0), command)]

    async def params(self, uri: str) -> dict[str, Any]:
        """The params of the `tools/call` that a document is for. Where it is not right, the cursor is put there.

        Raises:
            InvalidParams: it is not right, or no document of arguments that is open.
        """
        names, document = arguments_of(uri), open_document(self._server, uri)
        if names is None or document is None:
            raise InvalidParams("$.document: no document of arguments that is open has this URI")
        arguments, problems = await asyncio.to_thread(read_arguments, document.text)
        if problems:
            place = document.position(problems[0].start)
            await show_place(self._server, uri, lsp.Range(place, place))
            line = place.line + 1
            raise InvalidParams(f"The arguments are not right in line {line}: {problems[0].message}")
        return {"name": names.tool, "arguments": arguments}


def _escaped(name: str) -> str:
    return quote(quote(name, safe="!'()*", errors=_HALVES))
