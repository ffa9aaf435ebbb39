"""Presents requests: asks the server, and pushes the page in which the exchange is read as it goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mcp_sidecar.server.results import Page
from mcp_sidecar.wire.errors import RequestCancelled, RequestFailed
from mcp_sidecar.wire.payload import Raw

if TYPE_CHECKING:
    from mcp_sidecar.views.result_page import Exchange

Ask = Callable[[str, Any], Awaitable[Raw]]
"""Sends a request of MCP; raises at once where that can't be."""


class Presenter:
    """Makes requests whose exchange is shown: one at a time, that of the last request."""

    def __init__(self, ask: Ask, push: Callable[[Page], None]) -> None:
        self._ask = ask
        self._push = push
        self._last: object = None
        """What is shown now."""

    async def show(self, method: str, params: Any, *, server: str, open_whole: str | None) -> None:
        """Make a request. However it ends, a page tells, unless another request is shown by then.

        Args:
            method: an MCP method.
            params: its params, as JSON.
            server: whom it goes to, as the user knows it.
            open_whole: a `command:` or `file:` URI that opens the whole answer, a link where the page had to cut.

        Raises:
            MethodNotFound, InvalidParams: it can't be sent; no page says so.
            RequestCancelled: the user ended the connection.
        """
        # Imported when it is needed: before the answer to `initialize` every module counts.
        from mcp_sidecar.views.result_page import Exchange, Failure, Result

        asked = self._ask(method, params)
        exchange = Exchange(method=method, params=params, at=datetime.now(UTC), server=server)
        self._last = exchange
        self._push(_page(exchange, open_whole))
        try:
            result = await asked
        except RequestFailed as error:
            outcome: Result | Failure = Failure(error.message, error.code, error.data)
        except (asyncio.CancelledError, RequestCancelled):
            if self._last is exchange:
                self._push(_page(replace(exchange, outcome=Failure("Cancelled.")), open_whole))
            raise
        else:
            outcome = Result(result.value)
        # In a thread: what servers send can be large, and the loop has the status to push.
        page = await asyncio.to_thread(_page, replace(exchange, outcome=outcome), open_whole)
        if self._last is exchange:
            self._push(page)


def _page(exchange: "Exchange", open_whole: str | None) -> Page:
    from mcp_sidecar.views.result_page import render, title, whole

    html, is_cut = render(exchange, open_whole)
    return Page(title=title(exchange), html=html, whole=whole(exchange) if is_cut else None)
