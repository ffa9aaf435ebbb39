"""The graves: what is being cleaned up in the background, until nothing is left of it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from mcp_sidecar.defects import log_defect

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=asyncio.Future[Any])


class Graves:
    """Keeps the tasks that nobody waits for but who waits until they are `emptied()`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[Any]] = set()

    def bury(self, cleanup: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin a clean-up; its failure is a defect, and logged."""
        task = asyncio.create_task(cleanup)
        self.keep(task, _log_failure)
        return task

    def keep(self, task: T, then: Callable[[T], None] | None = None) -> None:
        """Keep a task that was given up until it is done.

        Args:
            then: takes the task then; without it, its outcome is nobody's business.
        """
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._done(task, then or _forget))

    def _done(self, task: Any, then: Callable[[Any], None]) -> None:
        self._tasks.discard(task)
        then(task)

    async def emptied(self) -> None:
        """Return when nothing is left, of what is added meanwhile either."""
        while self._tasks:
            await asyncio.wait(self._tasks)


def _forget(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled():
        task.exception()  # nobody waits for it any more


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log_defect(logger, "a clean-up failed", error)
