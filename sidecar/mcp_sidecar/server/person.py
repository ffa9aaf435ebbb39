"""The person at the editor, who is asked to log in by what every LSP client can show."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from lsprotocol import types as lsp

from mcp_sidecar.wire.errors import ClientError

OPEN: Final = "Open Browser"
DECLINE: Final = "Cancel"

ANSWER_LIMIT: Final = 24 * 60 * 60.0
"""Seconds for an answer; the login's own limit is the one that counts."""

OPENING_LIMIT: Final = 30.0
"""Seconds that an editor may take to open a page in the browser."""


class Wire(Protocol):
    """What is asked of the wire."""

    async def request(self, name: str, params: Any = None, *, timeout: float) -> Any:
        """Ask the client, see `WireServer.request`."""

    def notify(self, name: str, params: Any = None) -> None:
        """Push a notification, see `WireServer.notify`."""


class EditorPerson:
    """Asks the person through the editor; a `Person` of the connection."""

    def __init__(self, wire: Callable[[], Wire]) -> None:
        """
        Args:
            wire: leads to the editor, once there is one.
        """
        self._wire = wire
        self._opens_pages = False

    def introduce(self, params: lsp.InitializeParams) -> None:
        """Learn what the editor can do.

        Args:
            params: those of `initialize`.
        """
        window = params.capabilities.window
        self._opens_pages = bool(window and window.show_document and window.show_document.support)

    async def agrees_to_login(self, server: str, host: str) -> bool:
        """Whether the person agrees; see `Person`. An editor that can't ask has not agreed."""
        question = lsp.ShowMessageRequestParams(
            type=lsp.MessageType.Info,
            message=f"{server} asks you to log in at {host}. Open that page in the browser?",
            actions=[lsp.MessageActionItem(title=OPEN), lsp.MessageActionItem(title=DECLINE)],
        )
        try:
            answer = await self._wire().request(lsp.WINDOW_SHOW_MESSAGE_REQUEST, question, timeout=ANSWER_LIMIT)
        except ClientError:
            return False
        return isinstance(answer, lsp.MessageActionItem) and answer.title == OPEN

    async def open_browser(self, url: str, short_url: str) -> bool:
        """Open a page, or tell its address; see `Person`."""
        if self._opens_pages:
            page = lsp.ShowDocumentParams(uri=url, external=True, take_focus=True)
            try:
                shown = await self._wire().request(lsp.WINDOW_SHOW_DOCUMENT, page, timeout=OPENING_LIMIT)
            except (ClientError, TimeoutError):
                shown = None
            if isinstance(shown, lsp.ShowDocumentResult) and shown.success:
                return True
        message = lsp.ShowMessageParams(type=lsp.MessageType.Info, message=f"To log in, open {short_url} in a browser.")
        self._wire().notify(lsp.WINDOW_SHOW_MESSAGE, message)
        return False
