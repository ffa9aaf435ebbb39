"""The language features: what editors show in and above documents that the sidecar has something to say about."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from lsprotocol import types as lsp

from mcp_sidecar.server.documents import OpenDocument, open_document
from mcp_sidecar.wire.server import WireServer


class DocumentKind(Protocol):
    """One kind of documents, and what is said about them; in a thread, since that may take long."""

    def claims(self, uri: str) -> bool:
        """Whether a document is of this kind."""

    def diagnostics(self, document: OpenDocument) -> list[lsp.Diagnostic]:
        """What is wrong in it."""

    def code_lenses(self, document: OpenDocument) -> list[lsp.CodeLens]:
        """What can be done from it."""

    async def completions(self, document: OpenDocument, offset: int) -> lsp.CompletionList | None:
        """What could be written at a place; on the loop, since it may ask the server."""


class LanguageFeatures:
    """Serves the documents of some kinds: pushes their diagnostics, answers for their code lenses."""

    def __init__(self, server: WireServer, kinds: Sequence[DocumentKind]) -> None:
        self._server = server
        self._kinds = kinds
        # Functions, since pygls can't register bound methods.
        server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)(lambda params: self._check(params.text_document.uri))
        server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)(lambda params: self._check(params.text_document.uri))
        server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)(lambda params: self._clear(params.text_document.uri))
        triggers = lsp.CompletionOptions(trigger_characters=['"', ":"])
        server.feature(lsp.TEXT_DOCUMENT_COMPLETION, triggers)(lambda params: self._completions(params))
        server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)(lambda params: self._code_lenses(params.text_document.uri))

    def _kind(self, uri: str) -> DocumentKind | None:
        return next((kind for kind in self._kinds if kind.claims(uri)), None)

    async def _check(self, uri: str) -> None:
        """Push what is wrong in a document, unless it has changed again meanwhile."""
        kind = self._kind(uri)
        document = open_document(self._server, uri) if kind is not None else None
        if kind is None or document is None:
            return
        found = await asyncio.to_thread(kind.diagnostics, document)
        now = open_document(self._server, uri)
        if now is not None and now.version == document.version:
            self._push(uri, found, document.version)

    def _clear(self, uri: str) -> None:
        if self._kind(uri) is not None:
            self._push(uri, [], None)

    def _push(self, uri: str, diagnostics: list[lsp.Diagnostic], version: int | None) -> None:
        params = lsp.PublishDiagnosticsParams(uri, diagnostics, version)
        self._server.notify(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)

    async def _completions(self, params: lsp.CompletionParams) -> lsp.CompletionList | None:
        kind = self._kind(params.text_document.uri)
        document = open_document(self._server, params.text_document.uri) if kind is not None else None
        if kind is None or document is None:
            return None
        return await kind.completions(document, document.offset(params.position))

    async def _code_lenses(self, uri: str) -> list[lsp.CodeLens] | None:
        kind = self._kind(uri)
        document = open_document(self._server, uri) if kind is not None else None
        if kind is None or document is None:
            return None
        return await asyncio.to_thread(kind.code_lenses, document)
