"""The pages of a list: followed from cursor to cursor, within bounds (MCP, "Pagination")."""

from collections.abc import Mapping
from typing import Any, Final

PAGE_LIMIT: Final = 1000
"""Pages that one list is read to; a server that never comes to an end is stopped here, and told so."""

ITEM_LIMIT: Final = 100_000
"""Items that one list is read to."""

LIST_KEYS: Final[Mapping[str, str]] = {
    "tools/list": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
    "tasks/list": "tasks",
}
"""The lists of MCP, and where their items are."""


class Paging:
    """Tells which page to ask for, until the list is read: all of it, or one page where the params have a `cursor`."""

    def __init__(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """
        Args:
            method: of the list.
            params: those of the first request; many clients write null for a cursor that they leave out.
        """
        self.key = LIST_KEYS[method]
        """Where the items are in a result."""
        cursor = None if params is None else params.get("cursor")
        if params is not None and cursor is None:
            params = {name: value for name, value in params.items() if name != "cursor"}
        self.params = params
        """Those of the next request."""
        self.is_one_page = cursor is not None
        self.is_over = False
        """Whether no page is left to be asked for."""
        self.stopped: str | None = None
        """Why the list is read no further although the server names another page."""
        self.pages: list[list[Any]] = []
        """The items of each page that was read."""
        self._cursors: set[str] = set()

    @property
    def items(self) -> list[Any]:
        """The items of all pages."""
        return [item for page in self.pages for item in page]

    @property
    def count(self) -> int:
        """How many items were read."""
        return sum(len(page) for page in self.pages)

    def take(self, result: Mapping[str, Any]) -> None:
        """Take the page that was asked for."""
        page = result.get(self.key)
        self.pages.append(page if isinstance(page, list) else [])
        cursor = result.get("nextCursor")
        if self.is_one_page or cursor is None:
            self.is_over = True
            return
        self.stopped = self._objection(cursor)
        self.is_over = self.stopped is not None
        if isinstance(cursor, str):
            self._cursors.add(cursor)
        self.params = {**(self.params or {}), "cursor": cursor}

    def _objection(self, cursor: object) -> str | None:
        if not isinstance(cursor, str):
            return f"the cursor {cursor!r:.80} is no text"
        if cursor in self._cursors:
            return f"the cursor {cursor!r:.80} came before"
        if (items := self.count) >= ITEM_LIMIT:
            return f"no end after {items} items"
        if len(self.pages) >= PAGE_LIMIT:
            return f"no end after {PAGE_LIMIT} pages"
        return None
