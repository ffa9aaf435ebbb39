"""Presents requests: asks the server, and pushes the page in which the exchange is read as it goes on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mcp_sidecar.connection.progress import ProgressToken
from mcp_sidecar.server.results import Page, Part
from mcp_sidecar.wire.errors import RequestCancelled, RequestFailed
from mcp_sidecar.wire.payload import Raw
from mcp_sidecar.wire.routes import WORK_DONE_TOKEN

if TYPE_CHECKING:
    from mcp_sidecar.views.result_page import Exchange

Ask = Callable[[str, Any], Awaitable[Raw]]
"""Sends a request of MCP; raises at once where that can't be."""


class Links(NamedTuple):
    """The URIs of what a page leads to."""

    whole: str | None
    """`command:` or `file:`; opens the whole answer, where the page had to cut."""
    part: str | None
    """`command:`; opens or saves one of the page's parts."""


class Presenter:
    """Makes requests whose exchange is shown: one at a time, that of the last request."""

    def __init__(self, ask: Ask, push: Callable[[Page], None]) -> None:
        self._ask = ask
        self._push = push
        self._last: object = None
        """What is shown now."""

    async def show(
        self, method: str, params: Any, *, server: str, links: Links, token: ProgressToken | None = None
    ) -> None:
        """Make a request. However it ends, a page tells, unless another request is shown by then.

        Args:
            method: an MCP method.
            params: its params, as JSON.
            server: whom it goes to, as the user knows it.
            links: what the page leads to.
            token: the client's, under which progress is shown.

        Raises:
            MethodNotFound, InvalidParams: it can't be sent; no page says so.
            RequestCancelled: the user ended the connection.
        """
        # Imported when it is needed: before the answer to `initialize` every module counts.
        from mcp_sidecar.views.result_page import Exchange, Failure, Result

        asked = self._ask(method, params if token is None else {**(params or {}), WORK_DONE_TOKEN: token})
        exchange = Exchange(method=method, params=params, at=datetime.now(UTC), server=server)
        self._last = exchange
        self._push(_page(exchange, links))
        try:
            result = await asked
        except RequestFailed as error:
            outcome: Result | Failure = Failure(error.message, error.code, error.data)
        except (asyncio.CancelledError, RequestCancelled):
            if self._last is exchange:
                self._push(_page(replace(exchange, outcome=Failure("Cancelled.")), links))
            raise
        else:
            outcome = Result(result.value)
        # In a thread: what servers send can be large, and the loop has the status to push.
        page = await asyncio.to_thread(_page, replace(exchange, outcome=outcome), links)
        if self._last is exchange:
            self._push(page)


def _page(exchange: "Exchange", links: Links) -> Page:
    from mcp_sidecar.views.result_page import RESOURCE, Result, render, title, whole

    html, is_cut = render(exchange, *links)
    is_read = exchange.method == RESOURCE and isinstance(exchange.params, dict)
    result = exchange.outcome.value if isinstance(exchange.outcome, Result) else None
    return Page(
        title=title(exchange),
        html=html,
        whole=whole(exchange) if is_cut else None,
        uri=exchange.params.get("uri") if is_read else None,
        parts=tuple(_parts(result)) if is_read and links.part is not None else (),
    )


def _parts(result: Any) -> Iterator[Part]:
    from mcp_sidecar.views.resource_file import file_name
    from mcp_sidecar.views.result_page import contents_of

    for content in contents_of(result) or ():
        known = content if isinstance(content, dict) else {}
        text, blob = known.get("text"), known.get("blob")
        yield Part(
            name=file_name(known.get("uri"), known.get("mimeType"), is_text=isinstance(text, str)),
            text=text if isinstance(text, str) else None,
            blob=blob if isinstance(blob, str) else None,
        )
