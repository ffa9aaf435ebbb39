"""`Browser`: the person and the browser of a login, as an editor shows them."""

import asyncio
import urllib.error
import urllib.request

import attrs

from tests.sidecar.harness import Editor, Json

PAGE_TIMEOUT = 10.0
"""Seconds for a page, redirects included."""


@attrs.frozen
class Page:
    """A page that the browser ended at."""

    url: str
    status: int
    headers: dict[str, str]
    """By their names in lower case."""
    text: str


class Browser:
    """Agrees to every login, and follows each address that is opened. Made by its fixture, which awaits the pages."""

    def __init__(self, editor: Editor) -> None:
        self.questions: list[str] = []
        """What the person was asked."""
        self.opened: list[str] = []
        """The addresses that were opened."""
        self.answer: Json = "Open Browser"
        """The title of the button that the person presses; None for none."""
        self.pages: list[asyncio.Task[Page]] = []
        editor.answers["window/showMessageRequest"] = self._ask
        editor.answers["window/showDocument"] = self._show

    def _ask(self, params: Json) -> Json:
        self.questions.append(params["message"])
        return next((action for action in params["actions"] if action["title"] == self.answer), None)

    def _show(self, params: Json) -> Json:
        assert params["external"] is True
        self.opened.append(params["uri"])
        self.follow(params["uri"])
        return {"success": True}

    def follow(self, url: str) -> None:
        """Load a page, as a browser does: on its own."""
        self.pages.append(asyncio.create_task(asyncio.to_thread(load, url)))


def load(url: str, host: str | None = None) -> Page:
    """Load a page, and say where it ended."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        response = opener.open(request, timeout=PAGE_TIMEOUT)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Page(response.url, response.status, headers, response.read().decode())
