"""The standing progress: the state where editors show what goes on, for those that show nothing else (opt-in)."""

import asyncio
import logging
import os
from typing import Final

from mcp_sidecar.connection.progress import Progress
from mcp_sidecar.connection.status import ConnectionStatus
from mcp_sidecar.server.work_done import WorkDone, create_progress
from mcp_sidecar.wire.server import WireServer

logger = logging.getLogger(__name__)

TITLE: Final = "MCP"


class StandingProgress:
    """One progress that begins once the client agreed, and ends with the sidecar."""

    def __init__(self, server: WireServer) -> None:
        """
        Args:
            server: leads to the editor.
        """
        self._server = server
        self._words = ""
        self._work: WorkDone | None = None
        self._standing: asyncio.Task[None] | None = None

    def begin(self, status: ConnectionStatus) -> None:
        """Ask the client for it, unless it knows none that a server begins; it is told `status` then."""
        self._words = _words(status)
        window = self._server.client_capabilities.window
        if window is not None and window.work_done_progress:
            self._standing = asyncio.create_task(self._stand())

    def update(self, status: ConnectionStatus) -> None:
        """Show the state, unless it is what is shown already."""
        words = _words(status)
        if words != self._words:
            self._words = words
            self._tell()

    async def end(self) -> None:
        """End it, or give up asking for it; may be called more than once."""
        if self._standing is not None:
            self._standing.cancel()
            await asyncio.wait({self._standing})

    async def _stand(self) -> None:
        token = f"mcp-sidecar-{os.getpid()}"
        if not await create_progress(self._server, token):
            logger.info("the client shows no progress for the state")
            return
        with WorkDone(self._server.notify, token, TITLE) as self._work:
            self._tell()
            try:
                await asyncio.Event().wait()  # until it is cancelled
            finally:
                self._work = None  # the states of the end come when it has ended

    def _tell(self) -> None:
        if self._work is not None:
            self._work.report(Progress(progress=None, total=None, message=self._words))


def _words(status: ConnectionStatus) -> str:
    """The state, and of which server."""
    # Imported when it is needed: before the answer to `initialize` every module counts.
    from mcp_sidecar.server.status_text import short_name

    name = short_name(status)
    return f"{status.state}: {name}" if name and status.state != "disconnected" else status.state
