"""A listing: all pages of one of a server's lists, as they came."""

import asyncio
from typing import TYPE_CHECKING, Any

import attrs

from mcp_sidecar.connection.inspection.probe import Probe, probe
from mcp_sidecar.connection.paging import Paging
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
    paging = Paging(method)
    first: Probe | None = None
    problems: list[tuple[int, Problem]] = []
    duration = 0.0
    failed = None
    is_cut = False
    while not paging.is_over and not is_cut:
        page = await probe(link, method, paging.params, timeout=ends - loop.time())
        duration += page.duration_ms
        if page.outcome != "answered":
            failed = None if first is None else f"page {len(paging.pages) + 1} could not be had: {page.why}"
            first = first or page
            break
        first = first or page
        problems += [(paging.count, problem) for problem in page.problems]
        paging.take(page.result)
        is_cut = loop.time() >= ends and not paging.is_over
    assert first is not None
    pages = paging.pages
    if paging.stopped is not None and pages[-1] in pages[-2:-1]:
        pages = pages[:-1]  # the same page again has nothing new to be judged
    return Listing(
        method=method,
        first=first,
        items=tuple(item for page in pages for item in page),
        problems=tuple(problems),
        paging=failed or paging.stopped,
        is_cut=is_cut,
        duration_ms=duration,
    )
