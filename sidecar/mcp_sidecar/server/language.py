"""The language features: what editors show in and above documents that the sidecar has something to say about."""

import asyncio
import itertools
import logging
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Final

import attrs
from lsprotocol import types as lsp

from mcp_sidecar.defects import log_defect
from mcp_sidecar.server.documents import OpenDocument, open_document
from mcp_sidecar.wire.errors import ClientError
from mcp_sidecar.wire.server import WireServer

logger = logging.getLogger(__name__)

PAUSE: Final = 0.15
"""Seconds without a change after which a document is checked: nobody reads what is wrong with half a word."""

WATCH_INTERVAL: Final = 2.0
"""Seconds after which documents are checked again whose mistakes depend on more than their texts."""

_REFRESH_LIMIT: Final = 10.0
"""Seconds that a client may take to take notice; some never answer."""

ACTION_KIND: Final = "mcp-sidecar"
"""Of code actions that are commands. Not `source`, which coc hides."""


class DocumentKind:
    """One kind of documents, and what is said about them: nothing, unless a subclass says more."""

    longest: int | None = None
    """Characters of a document that more is said about than what is wrong with it; None for any number."""

    is_watched = False
    """Whether what is wrong depends on what else is on the disk, too. A script is written, a program installed,
    another file gets a server of the same name: few editors tell of that.
    """

    def claims(self, uri: str) -> bool:
        """Whether a document is of this kind."""
        raise NotImplementedError

    async def diagnostics(self, document: OpenDocument) -> list[lsp.Diagnostic]:
        """What is wrong in it."""
        return []

    async def code_lenses(self, document: OpenDocument) -> list[lsp.CodeLens]:
        """What can be done from it."""
        return []

    async def code_actions(
        self, document: OpenDocument, start: int, end: int, context: lsp.CodeActionContext
    ) -> list[lsp.CodeAction]:
        """What can be done at a place, from one offset to another."""
        return []

    async def completions(self, document: OpenDocument, offset: int) -> lsp.CompletionList | None:
        """What could be written at a place."""
        return None

    async def hover(self, document: OpenDocument, offset: int) -> lsp.Hover | None:
        """What there is to know about a place."""
        return None

    def closed(self, uri: str) -> None:
        """Take notice that a document is not open any more."""

    def close(self) -> None:
        """End what is under way."""


@attrs.frozen
class _Pushed:
    """What was told of a document."""

    version: int | None
    diagnostics: list[lsp.Diagnostic]
    is_watched: bool
    """Whether it is to be checked again from time to time."""


class LanguageFeatures:
    """Serves the documents of some kinds: pushes their diagnostics, answers for the rest."""

    def __init__(self, server: WireServer, kinds: Sequence[DocumentKind]) -> None:
        self._server = server
        self._kinds = kinds
        self._pauses: dict[str, asyncio.TimerHandle] = {}
        """What waits for the end of typing."""
        self._pushed: dict[str, _Pushed] = {}
        """What was pushed last of each document."""
        self._turns = itertools.count()
        self._latest: dict[str, int] = {}
        """The turn of each document's last check: what a later one finds must not be overtaken.

        The turns go on when a document is closed and opened again, with the same version perhaps.
        """
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._watching: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._is_stale = False
        """Whether code lenses changed since the client was last told to ask for them."""
        # Functions, since pygls can't register bound methods.
        server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)(lambda params: self._check(params.text_document.uri))
        server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)(lambda params: self._check_soon(params.text_document.uri))
        server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)(lambda params: self._clear(params.text_document.uri))
        triggers = lsp.CompletionOptions(trigger_characters=['"', ":", "{", "$"])
        server.feature(lsp.TEXT_DOCUMENT_COMPLETION, triggers)(lambda params: self._completions(params))
        server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)(lambda params: self._code_lenses(params.text_document.uri))
        server.feature(lsp.TEXT_DOCUMENT_HOVER)(lambda params: self._hover(params))
        kinds_of_actions: list[lsp.CodeActionKind | str] = [lsp.CodeActionKind.QuickFix, ACTION_KIND]
        actions = lsp.CodeActionOptions(code_action_kinds=kinds_of_actions)
        server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, actions)(lambda params: self._code_actions(params))

    def refresh(self, kind: DocumentKind) -> None:
        """Check the documents of a kind, and have code lenses asked for again: other things than texts changed."""
        if self._is_closed:
            return  # the end of the connection is told after the end of this
        mine = [each.uri for each in self._server.workspace.text_documents.values() if kind.claims(each.uri)]
        for uri in mine:
            self._start(self._check(uri))
        if not mine:
            return
        self._is_stale = True
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = self._start(self._refresh_code_lenses())

    def close(self) -> None:
        """End what is under way, and begin nothing more."""
        self._is_closed = True
        for pause in self._pauses.values():
            pause.cancel()
        for task in self._tasks:
            task.cancel()
        for kind in self._kinds:
            kind.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_defect(logger, "a document could not be served", error)

    def _found(self, uri: str) -> tuple[DocumentKind, OpenDocument] | None:
        """An open document, and its kind."""
        kind = next((kind for kind in self._kinds if kind.claims(uri)), None)
        document = open_document(self._server, uri) if kind is not None else None
        return None if kind is None or document is None else (kind, document)

    # diagnostics

    def _check_soon(self, uri: str) -> None:
        if (pause := self._pauses.pop(uri, None)) is not None:
            pause.cancel()
        self._pauses[uri] = asyncio.get_running_loop().call_later(PAUSE, self._pause_ended, uri)

    def _pause_ended(self, uri: str) -> None:
        self._pauses.pop(uri, None)
        self._start(self._check(uri))

    async def _check(self, uri: str, *, only_news: bool = False) -> None:
        """Push what is wrong in a document, unless it has changed again meanwhile, or no news are found."""
        if (found := self._found(uri)) is None:
            return
        kind, document = found
        turn = self._latest[uri] = next(self._turns)
        diagnostics = await kind.diagnostics(document)
        now = open_document(self._server, uri)
        if now is None or now.version != document.version or self._latest.get(uri) != turn:
            return
        is_watched = kind.is_watched and not _is_too_long(kind, document)
        pushed = _Pushed(document.version, diagnostics, is_watched)
        if not only_news or self._pushed.get(uri) != pushed:
            self._pushed[uri] = pushed
            self._push(uri, diagnostics, document.version)
        if self._watching is None and is_watched:
            self._watching = self._start(self._watch())

    def _watched(self) -> list[str]:
        """The documents to check again from time to time."""
        return [uri for uri, pushed in self._pushed.items() if pushed.is_watched]

    async def _watch(self) -> None:
        """Check them again and again while they are open; a check that fails ends it, and the next one begins anew."""
        pause = WATCH_INTERVAL
        try:
            while self._watched():
                await asyncio.sleep(pause)
                begin = time.monotonic()
                for uri in self._watched():
                    if uri not in self._pauses:  # else it is checked soon
                        await self._check(uri, only_news=True)
                # On a slow disk it must not do nothing else.
                pause = max(WATCH_INTERVAL, 3 * (time.monotonic() - begin))
        finally:
            self._watching = None

    def _clear(self, uri: str) -> None:
        if (pause := self._pauses.pop(uri, None)) is not None:
            pause.cancel()
        self._latest.pop(uri, None)
        for kind in self._kinds:
            kind.closed(uri)
        if self._pushed.pop(uri, None) is not None:
            self._push(uri, [], None)

    def _push(self, uri: str, diagnostics: list[lsp.Diagnostic], version: int | None) -> None:
        params = lsp.PublishDiagnosticsParams(uri, diagnostics, version)
        self._server.notify(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)

    # what is asked for

    def _readable(self, uri: str) -> tuple[DocumentKind, OpenDocument] | None:
        """An open document that is not too long to be read at once, and its kind."""
        found = self._found(uri)
        return None if found is not None and _is_too_long(*found) else found

    async def _completions(self, params: lsp.CompletionParams) -> lsp.CompletionList | None:
        if (found := self._readable(params.text_document.uri)) is None:
            return None
        kind, document = found
        return await kind.completions(document, await asyncio.to_thread(document.offset, params.position))

    async def _hover(self, params: lsp.HoverParams) -> lsp.Hover | None:
        if (found := self._readable(params.text_document.uri)) is None:
            return None
        kind, document = found
        return await kind.hover(document, await asyncio.to_thread(document.offset, params.position))

    async def _code_actions(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction | lsp.Command] | None:
        if (found := self._readable(params.text_document.uri)) is None:
            return None
        kind, document = found
        places = (params.range.start, params.range.end)
        start, end = await asyncio.to_thread(lambda: [document.offset(place) for place in places])
        actions = await kind.code_actions(document, min(start, end), max(start, end), params.context)
        wanted = [action for action in actions if _is_wanted(action, params.context.only)]
        if self._takes_actions:
            return [*wanted]
        # Older clients know commands alone (LSP 3.17, "codeActionLiteralSupport").
        return [action.command for action in wanted if action.command is not None]

    @property
    def _takes_actions(self) -> bool:
        text_document = self._server.client_capabilities.text_document
        action = text_document.code_action if text_document is not None else None
        return action is not None and action.code_action_literal_support is not None

    async def _code_lenses(self, uri: str) -> list[lsp.CodeLens] | None:
        if (found := self._readable(uri)) is None:
            return None
        kind, document = found
        return await kind.code_lenses(document)

    async def _refresh_code_lenses(self) -> None:
        """Tell a client that can be told, one time after the other."""
        workspace = self._server.client_capabilities.workspace
        lens = workspace.code_lens if workspace is not None else None
        while self._is_stale:
            self._is_stale = False
            if lens is None or not lens.refresh_support:
                return
            try:
                await self._server.request(lsp.WORKSPACE_CODE_LENS_REFRESH, None, timeout=_REFRESH_LIMIT)
            except (TimeoutError, ClientError) as error:
                logger.info("the client did not take notice of new code lenses: %s", type(error).__name__)


def _is_too_long(kind: DocumentKind, document: OpenDocument) -> bool:
    return kind.longest is not None and len(document.text) > kind.longest


def _is_wanted(action: lsp.CodeAction, only: Sequence[lsp.CodeActionKind | str] | None) -> bool:
    """Whether a client asks for an action of this kind, or of one that it is part of (LSP 3.17, "CodeActionKind")."""
    if not only:
        return True
    kind = kind_text(action.kind or "")
    wanted = [kind_text(each) for each in only]
    return any(each in ("", kind) or kind.startswith(f"{each}.") for each in wanted)


def kind_text(kind: lsp.CodeActionKind | str) -> str:
    """A kind as it is on the wire."""
    return kind.value if isinstance(kind, lsp.CodeActionKind) else kind
