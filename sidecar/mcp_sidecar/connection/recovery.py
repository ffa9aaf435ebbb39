"""The recovery of a connection: a lost HTTP server is looked for again, for a while."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from mcp_sidecar.connection.defects import as_failure
from mcp_sidecar.connection.errors import Failure, SessionExpired, SidecarError
from mcp_sidecar.connection.graves import Graves
from mcp_sidecar.connection.standing import Standing
from mcp_sidecar.defects import log_defect

if TYPE_CHECKING:
    from mcp_sidecar.connection.link import Link

logger = logging.getLogger(__name__)

WINDOW = 30.0
"""Seconds for which a lost HTTP server is looked for again, before the state becomes `failed`."""

DELAYS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.0)
"""Seconds before each look; the last one repeats."""


class Recovery:
    """One search for the server of a lost connection. `begin()` it once; `give_up()` ends it early."""

    def __init__(
        self,
        lost: Standing,
        error: SidecarError,
        *,
        reopen: "Callable[[float], Awaitable[Link]]",
        timeout: float,
        graves: Graves,
    ) -> None:
        """
        Args:
            lost: the connection.
            error: why it ended.
            reopen: opens a new link within that many seconds.
            timeout: seconds for each.
            graves: take what is left over.
        """
        self.lost = lost
        self.failure: Failure | None = None
        """Why the search ended early, where there is something new to say."""
        self._reopen = reopen
        self._timeout = timeout
        self._graves = graves
        # The server that forgot a session is there.
        self._delays = [*([0.0] if isinstance(error, SessionExpired) else []), *DELAYS]
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self, ended: "Callable[[Link | None], None]") -> None:
        """Begin to look.

        Args:
            ended: takes the new link, or None when the server was not found.
        """
        self._task = asyncio.create_task(self._run(ended))

    def hurry(self) -> None:
        """Look at once: somebody is waiting."""
        self._wake.set()

    def give_up(self) -> None:
        """End the search."""
        if self._task is not None:
            self._graves.keep(self._task)
            self._task.cancel()

    async def _run(self, ended: "Callable[[Link | None], None]") -> None:
        ended(await self._found())

    async def _found(self) -> "Link | None":
        loop = asyncio.get_running_loop()
        end = loop.time() + WINDOW
        attempt = 0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._delays[min(attempt, len(self._delays) - 1)]):
                    await self._wake.wait()
            self._wake.clear()
            attempt += 1
            left = end - loop.time()
            if left <= 0:
                return None
            try:
                link = await self._reopen(min(self._timeout, left))
            except SidecarError as error:
                self.lost.resolved.redactor.mask(error)
                if error.kind == "authentication_required":
                    self.failure = error.failure
                    return None
            except Exception as error:  # noqa: BLE001 - told by the status, and logged
                log_defect(logger, "reconnecting failed", error)
                self.failure = as_failure(error)
                return None
            else:
                if not link.lost.done():
                    return link
                self._graves.bury(link.close(link.lost.result(), gracefully=False))
