"""HTML in which only the page's own markup is markup: whatever is put into it is escaped."""

from collections.abc import Iterable
from html import escape


class Html:
    """Markup of the page's own."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


Piece = Html | str | Iterable["Piece"] | None


def html(markup: str, *pieces: Piece) -> Html:
    """Put each piece into its `{}`: lists are joined, None leaves nothing. Attributes go into double quotes."""
    return Html(markup.format(*(_written(piece) for piece in pieces)))


def _written(piece: Piece) -> str:
    if piece is None:
        return ""
    if isinstance(piece, Html):
        return piece.text
    return escape(piece) if isinstance(piece, str) else "".join(_written(each) for each in piece)
