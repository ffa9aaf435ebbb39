"""The wishes of the client: what it asked a server to keep doing, and wants of every later connection to it as well."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mcp_sidecar.connection.errors import SidecarError

if TYPE_CHECKING:
    from mcp_sidecar.connection.link import Link

SET_LEVEL: Final = "logging/setLevel"
SUBSCRIBE: Final = "resources/subscribe"
UNSUBSCRIBE: Final = "resources/unsubscribe"

RENEWAL_TIMEOUT = 10.0
"""Seconds for the answer to a request that renews a wish: no client waits for it."""


class Wishes:
    """The level of the log, and the resources whose updates are to be told."""

    def __init__(self) -> None:
        self._level: str | None = None
        self._uris: dict[str, None] = {}

    def granted(self, method: str, params: Mapping[str, Any] | None) -> None:
        """Take note of a request that was answered with a result; most leave no wish behind."""
        level, uri = (params or {}).get("level"), (params or {}).get("uri")
        if method == SET_LEVEL and isinstance(level, str):
            self._level = level
        elif method == SUBSCRIBE and isinstance(uri, str):
            self._uris[uri] = None
        elif method == UNSUBSCRIBE and isinstance(uri, str):
            self.give_up(uri)

    def give_up(self, uri: str) -> None:
        """Forget a subscription."""
        self._uris.pop(uri, None)

    async def renew(self, link: "Link") -> None:
        """Ask a new connection for all of it, and tell what is refused; that is forgotten."""
        async with asyncio.TaskGroup() as group:
            if self._level is not None:
                group.create_task(self._renew_level(link, self._level))
            for uri in tuple(self._uris):
                group.create_task(self._renew_subscription(link, uri))

    async def _renew_level(self, link: "Link", level: str) -> None:
        try:
            await link.request(SET_LEVEL, {"level": level}, timeout=RENEWAL_TIMEOUT, quiet=True)
        except SidecarError as error:
            if not link.is_over:  # else the next connection is asked
                self._level = None
                link.tell(f"the log level {level} holds no longer: {error.message}")
        else:
            link.tell(f"the log level was set to {level} again")

    async def _renew_subscription(self, link: "Link", uri: str) -> None:
        try:
            await link.request(SUBSCRIBE, {"uri": uri}, timeout=RENEWAL_TIMEOUT, quiet=True)
        except SidecarError as error:
            if not link.is_over:
                link.end_subscription(uri)
                link.tell(f"updates of {uri[:200]} are no longer announced: {error.message}")
