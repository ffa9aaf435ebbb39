"""`Browser`: the person and the browser of an OAuth login, as an editor shows them: asked, then sent to a page."""

import asyncio
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator

from tests.sidecar.harness import Editor, Json

DECLINING = {"cancel", "no", "decline", "deny"}
"""First words of the buttons that a person who wants to log in does not press."""

PAGE_TIMEOUT = 20.0
"""Seconds for a page, redirects included."""


class Browser:
    """Agrees to every login that names where it leads, and logs in there at once."""

    def __init__(self, editor: Editor) -> None:
        self.asked: list[str] = []
        """What the person was asked."""
        self.opened: list[str] = []
        """The pages that were opened."""
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        editor.answers["window/showMessageRequest"] = self._ask
        editor.answers["window/showDocument"] = self._show

    def _ask(self, params: Json) -> Json:
        self.asked.append(params["message"])
        return next(_agreeing(params["actions"]))

    async def _show(self, params: Json) -> Json:
        assert params["external"] is True
        url = params["uri"]
        host = urllib.parse.urlsplit(url).netloc
        assert self.asked, "a page was opened, and nobody was asked"
        assert host in self.asked[-1], f"the person agreed to {self.asked[-1]!r}, and {host} was opened"
        self.opened.append(url)
        # Like a real browser: the page loads on its own, the answer says only that it was opened.
        await asyncio.to_thread(self._load, url)
        return {"success": True}

    def _load(self, url: str) -> None:
        with self._opener.open(url, timeout=PAGE_TIMEOUT) as page:
            page.read()


def _agreeing(actions: Iterable[Json]) -> Iterator[Json]:
    return (action for action in actions if action["title"].split()[0].strip("…,.").lower() not in DECLINING)
