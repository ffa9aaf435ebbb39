"""The progress of one request as LSP shows it (LSP 3.17, "Work Done Progress")."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from lsprotocol import types as lsp

from mcp_sidecar.connection.progress import Progress, ProgressToken
from mcp_sidecar.wire.errors import ClientError
from mcp_sidecar.wire.server import WireServer

INTERVAL: Final = 0.1
"""Seconds between two reports: they are for the eye, and a server may send thousands in a second."""


CREATION_LIMIT: Final = 2.0
"""Seconds that a client may take to agree to a progress; some never answer."""


class WorkDone:
    """Begins on entering and ends on leaving; `report` in between."""

    def __init__(
        self,
        notify: Callable[[str, lsp.ProgressParams], None],
        token: ProgressToken,
        title: str,
        *,
        cancellable: bool | None = None,
    ) -> None:
        """
        Args:
            notify: pushes a notification.
            token: the client's, or one that it agreed to.
            title: what is being done.
            cancellable: whether `window/workDoneProgress/cancel` ends it.
        """
        self._notify = notify
        self._token = token
        self._title = title
        self._cancellable = cancellable
        self._latest: Progress | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._percentage = 0

    def report(self, progress: Progress) -> None:
        """Show how far it is; of many at once only the last."""
        self._latest = progress
        if self._timer is None:
            self._tell_latest()

    def _tell_latest(self) -> None:
        self._timer = None
        if self._latest is not None:
            progress, self._latest = self._latest, None
            self._tell(lsp.WorkDoneProgressReport(message=_words(progress), percentage=self._percent(progress)))
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._tell_latest)

    def _percent(self, progress: Progress) -> int | None:
        """LSP wants it from 0 to 100 and never falling."""
        if progress.progress is None or progress.total is None or progress.total <= 0:
            return None
        share = max(0.0, min(1.0, progress.progress / progress.total))
        self._percentage = max(self._percentage, int(share * 100))
        return self._percentage

    def _tell(self, value: object) -> None:
        self._notify(lsp.PROGRESS, lsp.ProgressParams(token=self._token, value=value))

    def __enter__(self) -> Self:
        self._tell(lsp.WorkDoneProgressBegin(title=self._title, cancellable=self._cancellable))
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._latest is not None:
            self._tell_latest()
            if self._timer is not None:
                self._timer.cancel()
        self._tell(lsp.WorkDoneProgressEnd())


async def create_progress(server: WireServer, token: str) -> bool:
    """Whether the client agrees to a progress under a token of ours (LSP 3.17, "Work Done Progress")."""
    params = lsp.WorkDoneProgressCreateParams(token=token)
    try:
        await server.request(lsp.WINDOW_WORK_DONE_PROGRESS_CREATE, params, timeout=CREATION_LIMIT)
    except (ClientError, TimeoutError):
        return False
    return True


def _words(progress: Progress) -> str | None:
    """The server's own words, with the numbers where it named no total, or none at all."""
    if progress.message is not None:
        return progress.message
    if progress.progress is None:
        return None
    return f"{progress.progress:g}" if progress.total is None else f"{progress.progress:g} / {progress.total:g}"
