"""The subscriptions of one link: what the server is asked to announce.

Up to 2025-11-25 a server announces by itself that lists changed, and `resources/subscribe` asks for updates. In the
2026-07-28 era it announces only what a standing request asks for, `subscriptions/listen`, whose answer comes when the
listening ends ("Subscriptions"). Here `resources/subscribe` means the same in both: one such request for each resource,
and one for all lists.
"""

import asyncio
import functools
import json
import logging
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from mcp_sidecar.connection.errors import ConnectionLost, ProtocolError, SidecarError, TransportError
from mcp_sidecar.connection.wishes import UNSUBSCRIBE
from mcp_sidecar.defects import log_defect

if TYPE_CHECKING:
    from mcp_sidecar.connection.link import Answer, Link

logger = logging.getLogger(__name__)

LISTEN = "subscriptions/listen"

LIST_CHANGES = {"tools": "toolsListChanged", "resources": "resourcesListChanged", "prompts": "promptsListChanged"}
"""The capabilities whose `listChanged` promises announcements, and what asks for them."""

ACKNOWLEDGEMENT_TIMEOUT = 10.0
"""Seconds for the server to acknowledge that it listens, where no client waits for it."""

RETRY_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before listening again when it ended; the last one repeats."""

NOTED_URIS = 100
"""Resources of which is noted that their updates were not asked for; beyond it, nothing more is noted."""


class Subscriptions:
    """What is listened to on one link, and the tasks that do. `close()` it."""

    def __init__(self, link: "Link") -> None:
        self._link = link
        self._listeners: dict[str, asyncio.Task[None]] = {}
        """What listens to each resource, in the 2026-07-28 era."""
        self._expected: set[str] = set()
        """The resources whose updates are no surprise."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._noted: OrderedDict[str, None] = OrderedDict()

    def start(self) -> None:
        """Listen for changes of the lists whose changes a server of the 2026-07-28 era promises to announce."""
        declared = self._link.server.capabilities
        wanted = {
            name: True
            for capability, name in LIST_CHANGES.items()
            if isinstance(entry := declared.get(capability), Mapping) and entry.get("listChanged") is True
        }
        if wanted:
            self._spawn(self._keep_listening(wanted))

    async def request(self, method: str, params: Mapping[str, Any], *, timeout: float) -> "Answer":
        """What `resources/subscribe` and `unsubscribe` are in the 2026-07-28 era.

        Raises:
            SidecarError: the server does not listen; says why.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        uri = str(params.get("uri"))
        if method == UNSUBSCRIBE:
            if (task := self._listeners.pop(uri, None)) is not None:
                await _end(task)
        elif uri not in self._listeners:
            agreed: asyncio.Future[Mapping[str, Any]] = loop.create_future()
            task = self._spawn(self._keep_listening({"resourceSubscriptions": [uri]}, agreed, timeout))
            self._listeners[uri] = task
            task.add_done_callback(functools.partial(self._ended, uri))
            try:
                honoured = await agreed
                if uri not in (honoured.get("resourceSubscriptions") or ()):
                    raise ProtocolError(
                        f"The server listens, but not to {uri[:200]}.",
                        suggestion="See whether the server knows this resource and can tell its updates.",
                        details={"method": method, "received": json.dumps(honoured)[:500]},
                    )
            except BaseException:
                await _end(task)
                raise
        return self._link.answer({}, (loop.time() - started) * 1000)

    def expect(self, uri: object) -> None:
        """Take note that updates of a resource are asked for: they may come before the answer does."""
        if isinstance(uri, str):
            self._expected.add(uri)

    def expect_no_more(self, uri: object) -> None:
        """Take note that they are not wanted any more."""
        self._expected.discard(str(uri))

    def is_news(self, uri: object) -> bool:
        """Whether an update of this resource was not asked for, and that was not noted yet.

        What is updated may be a part of what was subscribed to (MCP 2025-11-25, "Resources: Subscriptions").
        """
        if not isinstance(uri, str) or any(uri.startswith(each) for each in self._expected):
            return False
        if uri in self._noted or len(self._noted) >= NOTED_URIS:
            return False
        self._noted[uri] = None
        return True

    async def close(self) -> None:
        """Listen no more."""
        for task in tuple(self._tasks):
            await _end(task)

    async def _keep_listening(
        self,
        wanted: Mapping[str, Any],
        agreed: "asyncio.Future[Mapping[str, Any]] | None" = None,
        timeout: float = ACKNOWLEDGEMENT_TIMEOUT,
    ) -> None:
        """Listen, and again when that ends, until there is no sense in it.

        Args:
            wanted: the filter.
            agreed: is told how it began: what the server agreed to, or the failure.
            timeout: seconds for the acknowledgement.
        """
        attempt = 0
        while True:
            began = False

            def acknowledged(honoured: Mapping[str, Any]) -> None:
                nonlocal began, attempt
                began, attempt = True, 0
                if agreed is not None and not agreed.done():
                    agreed.set_result(honoured)

            try:
                await self._link.request(
                    LISTEN, {"notifications": wanted}, timeout=timeout, quiet=True, acknowledged=acknowledged
                )
                ended = "the server ended it"
            except ConnectionLost as error:
                if agreed is not None and not agreed.done():
                    agreed.set_exception(error)
                return
            except SidecarError as error:
                ended = error.message
                passing = isinstance(error, TransportError) and "httpStatus" not in error.details
                if agreed is not None and not agreed.done():
                    agreed.set_exception(error)
                    return
                if self._link.is_over:
                    return
                if not began and not passing:
                    self._give_up(wanted, ended)
                    return
            if agreed is not None and not agreed.done():
                agreed.set_exception(_unacknowledged())
                return
            delay = RETRY_DELAYS[min(attempt, len(RETRY_DELAYS) - 1)]
            if attempt == 0:
                self._link.tell(f"listening for changes of {_named(wanted)} ended ({ended}); it is begun anew")
            attempt += 1
            await asyncio.sleep(delay)

    def _give_up(self, wanted: Mapping[str, Any], why: str) -> None:
        self._link.tell(f"changes of {_named(wanted)} are not announced: {why}")
        for uri in wanted.get("resourceSubscriptions", ()):
            self._link.end_subscription(uri)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_defect(logger, "listening failed", error)

    def _ended(self, uri: str, task: asyncio.Task[None]) -> None:
        if self._listeners.get(uri) is task:
            del self._listeners[uri]


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


def _named(wanted: Mapping[str, Any]) -> str:
    uris = wanted.get("resourceSubscriptions")
    return ", ".join(uris)[:200] if uris else "the lists"


def _unacknowledged() -> ProtocolError:
    return ProtocolError(
        "The server answered subscriptions/listen without acknowledging it.",
        suggestion="Let the server send notifications/subscriptions/acknowledged first.",
        details={"method": LISTEN},
    )
