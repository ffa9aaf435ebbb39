"""The language features and the watch of configuration files, where checks overtake each other or fail."""

import asyncio
import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lsprotocol import types as lsp

from mcp_sidecar.server import configuration
from mcp_sidecar.server.configuration import ConfigurationDocuments
from mcp_sidecar.server.documents import OpenDocument, open_document
from mcp_sidecar.server.language import DocumentKind, LanguageFeatures
from mcp_sidecar.wire.server import WireServer

URI = "file:///workspace/mcp.json"


class Document:
    """A document that is open; its text is read afresh each time."""

    version = 1

    def __init__(self, text: str = "{}") -> None:
        self._text = text

    @property
    def source(self) -> str:
        """The text, as an object of its own."""
        return "".join(list(self._text))


class Server:
    """What the features need of a server: open documents, handlers and pushes."""

    position_encoding = "utf-16"

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {URI: Document()}
        self.workspace = SimpleNamespace(text_documents=self.documents)
        self.handlers: dict[str, Callable[[Any], Any]] = {}
        self.pushed: list[str] = []

    def feature(self, name: str, _: Any = None) -> Callable[[Callable[[Any], Any]], None]:
        """Take a handler."""
        return lambda handler: self.handlers.update({name: handler})

    def notify(self, _: str, params: lsp.PublishDiagnosticsParams) -> None:
        """Take notice."""
        self.pushed += [str(each.message) for each in params.diagnostics]

    def run(self, name: str) -> Any:
        """Call a handler for the document."""
        return self.handlers[name](SimpleNamespace(text_document=SimpleNamespace(uri=URI)))


class Slow(DocumentKind):
    """A kind whose first check takes until it is told to end."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.checks = 0

    def claims(self, uri: str) -> bool:
        """All."""
        return True

    async def diagnostics(self, document: OpenDocument) -> list[lsp.Diagnostic]:
        """Tell which check it was."""
        self.checks += 1
        number = self.checks
        if number == 1:
            await self.released.wait()
        return [document.diagnostic(f"check {number}", 0, 0, lsp.DiagnosticSeverity.Error)]


async def test_a_check_of_a_document_that_was_closed_tells_nothing_of_the_one_opened_since() -> None:
    server, kind = Server(), Slow()
    LanguageFeatures(cast("WireServer", server), [kind])
    first = asyncio.create_task(server.run("textDocument/didOpen"))
    await asyncio.sleep(0)
    server.run("textDocument/didClose")
    await server.run("textDocument/didOpen")
    kind.released.set()
    await first
    assert server.pushed == ["check 2"]


class Configured:
    """What understands the files: nothing in them, once it may."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.fails = False
        self.words = "a secret"

    def understood(self, _: str, __: str) -> list[Any]:
        """Understand a text."""
        self.asked += 1
        assert self.may_answer.wait(10)
        if self.fails:
            raise RuntimeError(self.words)
        return []


@pytest.fixture
def configured() -> Configured:
    """Provide what understands the files."""
    return Configured()


@pytest.fixture
def server() -> Server:
    """Provide a server with one open document."""
    return Server()


@pytest.fixture
def documents(server: Server, configured: Configured, monkeypatch: pytest.MonkeyPatch) -> ConfigurationDocuments:
    """Provide configuration documents that are looked at again at once."""
    monkeypatch.setattr(configuration, "WATCH_INTERVAL", 0.001)
    anything: Any = lambda *_: []  # noqa: E731
    return ConfigurationDocuments(
        cast("WireServer", server), lambda: cast("Any", configured), anything, cast("Any", None), anything, anything
    )


def opened(server: Server) -> OpenDocument:
    """The document as it is."""
    document = open_document(cast("WireServer", server), URI)
    assert document is not None
    return document


async def ended() -> None:
    """Wait until nothing is under way but the test."""
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.005)


async def test_a_document_that_is_closed_during_its_check_is_not_watched(
    server: Server, configured: Configured, documents: ConfigurationDocuments
) -> None:
    configured.may_answer.clear()
    check = asyncio.create_task(documents.diagnostics(opened(server)))
    async with asyncio.timeout(5):
        while not configured.asked:
            await asyncio.sleep(0.005)
    del server.documents[URI]
    documents.closed(URI)
    configured.may_answer.set()
    assert await check == []
    await ended()


async def test_a_document_that_became_too_large_is_not_watched(
    server: Server, documents: ConfigurationDocuments
) -> None:
    await documents.diagnostics(opened(server))
    server.documents[URI] = Document(" " * (configuration.LARGEST + 1))
    (found,) = await documents.diagnostics(opened(server))
    assert found.code == "too-large"
    await ended()


async def test_a_watch_that_fails_says_so_without_the_words_and_begins_anew(
    server: Server, configured: Configured, documents: ConfigurationDocuments, caplog: pytest.LogCaptureFixture
) -> None:
    await documents.diagnostics(opened(server))
    with caplog.at_level(logging.ERROR):
        configured.fails = True
        await ended()
    assert "the files can't be watched: RuntimeError" in caplog.text
    assert configured.words not in caplog.text
    configured.fails = False
    await documents.diagnostics(opened(server))
    asked = configured.asked
    async with asyncio.timeout(5):
        while configured.asked < asked + 2:
            await asyncio.sleep(0.005)
    documents.close()
    await ended()
