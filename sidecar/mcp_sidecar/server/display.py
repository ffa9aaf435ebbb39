"""The display: what comes of a command, shown by what every LSP client can do."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from lsprotocol import types as lsp

from mcp_sidecar.server.result_files import ResultFiles
from mcp_sidecar.wire.errors import ClientError
from mcp_sidecar.wire.server import WireServer

logger = logging.getLogger(__name__)

SHOWING_LIMIT: Final = 2.0
"""Seconds that a client may take to show a file; some never answer."""

COLUMNS: Final = 80
"""Of a message of one line: a longer one makes some editors wait for a key."""

_LONGEST_FAILURE: Final = 1_000


class Display:
    """Shows files and messages."""

    def __init__(self, server: WireServer, files: ResultFiles, server_name: Callable[[], str]) -> None:
        """
        Args:
            server: leads to the editor.
            files: where results are put.
            server_name: what the user knows the MCP server as.
        """
        self._server = server
        self._files = files
        self._server_name = server_name

    async def prune(self) -> None:
        """Delete what killed sidecars left behind."""
        try:
            await asyncio.to_thread(self._files.prune)
        except OSError as error:
            logger.warning("old files of results can't be deleted: %s", error.strerror)

    async def close(self) -> None:
        """Delete what was written."""
        await asyncio.to_thread(self._files.delete)

    async def show(self, method: str, params: Any, result: Any) -> None:
        """Show a result: in a file, or in one line where that says it all.

        Args:
            method: without `mcp/`.
            params: as JSON.
            result: as JSON.
        """
        # Imported when it is needed: before the answer to `initialize` every module counts.
        from mcp_sidecar.views.result_text import brief, subject

        line = brief(method, result)
        if line is not None:
            self._tell(line, lsp.MessageType.Info)
            return
        try:
            # In a thread: what servers send can be large, and the loop has the status to push.
            path = await asyncio.to_thread(self._written, method, params, result, datetime.now(UTC))
        except OSError as error:
            why = error.strerror or type(error).__name__
            self._tell(f"the result can't be written to a file: {why}", lsp.MessageType.Error)
            return
        if not await self._opened(path):
            self._tell(_short(path, subject(method, params)), lsp.MessageType.Info)

    def fail(self, message: str, suggestion: str | None = None) -> None:
        """Show why there is no result."""
        text = f"{message} {suggestion or ''}".strip()
        cut = text if len(text) <= _LONGEST_FAILURE else f"{text[:_LONGEST_FAILURE]}…"
        self._tell(cut, lsp.MessageType.Error)

    def say(self, line: str) -> None:
        """Show a line."""
        self._tell(line, lsp.MessageType.Info)

    def _tell(self, text: str, kind: lsp.MessageType) -> None:
        self._server.notify(lsp.WINDOW_SHOW_MESSAGE, lsp.ShowMessageParams(type=kind, message=f"MCP: {text}"))

    def _written(self, method: str, params: Any, result: Any, at: datetime) -> Path:
        from mcp_sidecar.views.result_text import result_text, subject

        def attach(name: str, data: bytes) -> str:
            return str(self._files.write(name, data))

        text = result_text(method, params, result, server=self._server_name(), at=at, attach=attach)
        name = subject(method, params).replace("/", "-")
        return self._files.write(f"{name.replace('.', '-')}.md", text.encode("utf-8", "replace"))

    async def _opened(self, path: Path) -> bool:
        """Whether the client shows a file. One that does not know how may answer null, an error, or never."""
        window = self._server.client_capabilities.window
        if window is None or window.show_document is None or not window.show_document.support:
            return False
        params = lsp.ShowDocumentParams(uri=path.as_uri(), external=False, take_focus=True)
        try:
            shown = await self._server.request(lsp.WINDOW_SHOW_DOCUMENT, params, timeout=SHOWING_LIMIT)
        except (ClientError, TimeoutError):
            return False
        return isinstance(shown, lsp.ShowDocumentResult) and shown.success


def _short(path: Path, what: str) -> str:
    """A path in one line, after what it is about where there is room for that."""
    try:
        text = f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):
        text = str(path)
    room = COLUMNS - len("MCP: ") - len(text) - 2
    return f"{what[:room]}: {text}" if room >= len(what) else text
