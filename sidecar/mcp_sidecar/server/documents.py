"""A document that is open in the editor, as it is at one moment."""

import contextlib
from urllib.parse import unquote

from lsprotocol import types as lsp
from pygls import uris

from mcp_sidecar.positions import Encoding, Lines, Position
from mcp_sidecar.wire.errors import ClientError
from mcp_sidecar.wire.server import WireServer

SOURCE = "mcp-sidecar"
"""Whose diagnostics they are."""

USER_DATA = "vscode-userdata:"
"""The scheme of VS Code's user data, as it begins a URI."""

_SHOWING_LIMIT = 1.0
"""Seconds that a client may take to show a place; some never answer."""


class OpenDocument:
    """Its text, and the places in it as LSP counts them, in the encoding that was agreed on with the client."""

    def __init__(self, uri: str, text: str, version: int | None, encoding: Encoding) -> None:
        self.uri = uri
        self.text = text
        self.version = version
        self._lines = Lines(text)
        self._encoding = encoding

    def position(self, offset: int) -> lsp.Position:
        """The position of an offset of characters."""
        position = self._lines.position(offset, self._encoding)
        return lsp.Position(position.line, position.character)

    def offset(self, position: lsp.Position) -> int:
        """The offset of a position."""
        return self._lines.offset(Position(position.line, position.character), self._encoding)

    def range(self, start: int, end: int) -> lsp.Range:
        """The range between two offsets."""
        return lsp.Range(self.position(start), self.position(end))

    def diagnostic(
        self, message: str, start: int, end: int, severity: lsp.DiagnosticSeverity, code: str | None = None
    ) -> lsp.Diagnostic:
        """What is to be said of a range."""
        return lsp.Diagnostic(self.range(start, end), message, severity=severity, code=code, source=SOURCE)


def path_of_document(uri: str) -> str | None:
    """The path of the file that a document is; None where it is none.

    VS Code's desktop has the user's own files under a scheme of its own, with the path of the file. The extension
    tells only of those that are on this machine.
    """
    return uris.to_fs_path(f"file:{uri.removeprefix(USER_DATA)}" if uri.startswith(USER_DATA) else uri)


def open_document(server: WireServer, uri: str) -> OpenDocument | None:
    """The document of a URI as it is now; None where it is not open."""
    document = server.workspace.text_documents.get(unquote(uri))  # pygls's own key
    if document is None:
        return None
    return OpenDocument(uri, document.source, document.version, server.position_encoding)


async def show_place(server: WireServer, uri: str, place: lsp.Range) -> None:
    """Move the cursor to a place in a document, where the client can do that."""
    window = server.client_capabilities.window
    if window is not None and window.show_document is not None and window.show_document.support:
        params = lsp.ShowDocumentParams(uri, take_focus=True, selection=place)
        with contextlib.suppress(TimeoutError, ClientError):  # what is wrong there is told in any case
            await server.request(lsp.WINDOW_SHOW_DOCUMENT, params, timeout=_SHOWING_LIMIT)
