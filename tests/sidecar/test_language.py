"""The language features, where checks overtake each other or fail, and documents are watched."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lsprotocol import types as lsp

from mcp_sidecar.server import language
from mcp_sidecar.server.documents import OpenDocument
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

    async def told(self, message: str) -> None:
        """Wait until it was pushed."""
        async with asyncio.timeout(5):
            while message not in self.pushed:
                await asyncio.sleep(0.005)

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


async def test_what_an_overtaken_check_found_is_told_by_the_watch(server: Server, watched: "Watched") -> None:
    """The second check saw less than the first, which began before it and ended after it."""
    first_may_end = watched.hold()
    first = asyncio.create_task(server.run("textDocument/didOpen"))
    await asyncio.sleep(0)
    await server.run("textDocument/didOpen")
    watched.wrong = ["something new"]
    first_may_end.set()
    await first
    await server.told("something new")


class Watched(DocumentKind):
    """A kind of documents that are looked at again and again."""

    longest = 100
    is_watched = True

    def __init__(self) -> None:
        self.checks = 0
        self.wrong: list[str] = []
        self.fails = False
        self._gates: list[asyncio.Event] = []

    def hold(self) -> asyncio.Event:
        """Keep the next check from looking until it may."""
        self._gates.append(asyncio.Event())
        return self._gates[-1]

    def claims(self, uri: str) -> bool:
        """All."""
        return True

    async def diagnostics(self, document: OpenDocument) -> list[lsp.Diagnostic]:
        """Tell what is wrong now."""
        self.checks += 1
        if self._gates:
            await self._gates.pop().wait()
        if self.fails:
            raise RuntimeError(SECRET)
        return [document.diagnostic(each, 0, 0, lsp.DiagnosticSeverity.Error) for each in self.wrong]

    async def checked_again(self) -> None:
        """Wait until it was looked two times more: the second saw what was there before the call."""
        checks = self.checks
        async with asyncio.timeout(5):
            while self.checks < checks + 2:
                await asyncio.sleep(0.005)


SECRET = "a secret"


@pytest.fixture
def server() -> Server:
    """Provide a server with one open document."""
    return Server()


@pytest.fixture
async def watched(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    """Provide the kind of its document, which is looked at again at once."""
    monkeypatch.setattr(language, "WATCH_INTERVAL", 0.001)
    watched = Watched()
    features = LanguageFeatures(cast("WireServer", server), [watched])
    yield watched
    features.close()


@pytest.fixture
async def idle() -> Callable[[], Awaitable[None]]:
    """Provide a wait until nothing is under way that the test began."""
    before = asyncio.all_tasks()

    async def idle() -> None:
        mine = asyncio.current_task()
        async with asyncio.timeout(5):
            while asyncio.all_tasks() - before - {mine}:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0)  # what the end of a task brings about follows it in the loop

    return idle


Idle = Callable[[], Awaitable[None]]


async def test_only_news_are_told_while_a_document_is_open(server: Server, watched: Watched, idle: Idle) -> None:
    watched.wrong = ["first"]
    await server.run("textDocument/didOpen")
    await watched.checked_again()
    watched.wrong = ["second"]
    await watched.checked_again()
    assert server.pushed == ["first", "second"]
    server.run("textDocument/didClose")
    del server.documents[URI]
    await idle()


async def test_a_document_that_is_closed_during_its_check_is_not_watched(
    server: Server, watched: Watched, idle: Idle
) -> None:
    may_end = watched.hold()
    check = asyncio.create_task(server.run("textDocument/didOpen"))
    await asyncio.sleep(0)
    del server.documents[URI]
    server.run("textDocument/didClose")
    may_end.set()
    await check
    await idle()
    assert server.pushed == []


async def test_a_document_that_became_too_large_is_not_watched(server: Server, watched: Watched, idle: Idle) -> None:
    await server.run("textDocument/didOpen")
    await watched.checked_again()
    server.documents[URI] = Document(" " * (watched.longest + 1))
    await idle()


async def test_a_watch_that_fails_says_so_without_the_words_and_begins_anew(
    server: Server, watched: Watched, idle: Idle, caplog: pytest.LogCaptureFixture
) -> None:
    await server.run("textDocument/didOpen")
    with caplog.at_level(logging.ERROR):
        watched.fails = True
        await idle()
    assert "a document could not be served: RuntimeError" in caplog.text
    assert SECRET not in caplog.text
    watched.fails = False
    await server.run("textDocument/didOpen")
    await watched.checked_again()
