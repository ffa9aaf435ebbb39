"""A listing: all pages of one of a server's lists, as they came."""

import asyncio
from typing import TYPE_CHECKING, Any

import attrs

from mcp_sidecar.connection.calls import ITEM_LIMIT, LIST_KEYS, PAGE_LIMIT
from mcp_sidecar.connection.inspection.finding import quoted
from mcp_sidecar.connection.inspection.probe import Probe, probe
from mcp_sidecar.connection.problems import Problem

if TYPE_CHECKING:
    from mcp_sidecar.connection.link import Link


@attrs.frozen(kw_only=True)
class Listing:
    """What a server listed."""

    method: str
    first: Probe
    """The first page."""
    items: tuple[Any, ...] = ()
    problems: tuple[tuple[int, Problem], ...] = ()
    """What is wrong with the pages, each with the place of the page's first item in the whole list."""
    paging: str | None = None
    """What is wrong with its pages, so that it was read no further."""
    is_cut: bool = False
    """Whether there was no time to read it to its end."""
    duration_ms: float = 0.0


async def read_listing(link: "Link", method: str, *, timeout: float) -> Listing:
    """Read all pages of a list.

    Args:
        timeout: seconds for all of it.

    Raises:
        ConnectionLost: the connection ended.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + timeout
    first = page = await probe(link, method, None, timeout=timeout)
    items: list[Any] = []
    problems: list[tuple[int, Problem]] = []
    duration = first.duration_ms
    cursors: set[str] = set()
    paging = None
    is_cut = False
    last: list[Any] = []
    while page.outcome == "answered":
        problems += [(len(items), problem) for problem in page.problems]
        found = page.result.get(LIST_KEYS[method])
        found = found if isinstance(found, list) else []
        cursor = page.result.get("nextCursor")
        paging = _stop(cursor, cursors, len(items) + len(found))
        if not (paging is not None and found == last):  # the same page again has nothing new to be judged
            items += found
        last = found
        if cursor is None or paging is not None:
            break
        if is_cut := (left := ends - loop.time()) <= 0:
            break
        cursors.add(cursor)
        page = await probe(link, method, {"cursor": cursor}, timeout=left)
        duration += page.duration_ms
    if page is not first and page.outcome != "answered":
        paging = f"page {len(cursors) + 1} could not be had: {page.why}"
    return Listing(
        method=method,
        first=first,
        items=tuple(items),
        problems=tuple(problems),
        paging=paging,
        is_cut=is_cut,
        duration_ms=duration,
    )


def _stop(cursor: object, cursors: set[str], items: int) -> str | None:
    """Say why a list is read no further, although there is a cursor."""
    if cursor is None:
        return None
    if not isinstance(cursor, str):
        return f"the cursor {quoted(cursor)} is no text"
    if cursor in cursors:
        return f"the cursor {quoted(cursor)} came before"
    if items >= ITEM_LIMIT:
        return f"no end after {items} items"
    if len(cursors) + 1 >= PAGE_LIMIT:
        return f"no end after {PAGE_LIMIT} pages"
    return None
