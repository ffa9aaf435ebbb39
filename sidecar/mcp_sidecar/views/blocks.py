"""The parts of a page: text, JSON, and MCP's content, each shown as what it is. Any JSON may come for one."""

import base64
import re
import string
from collections.abc import Sequence
from typing import Any, Final

from mcp_sidecar.views.formats import format_size, measure
from mcp_sidecar.views.json_text import lay_out, read_container
from mcp_sidecar.views.markup import Html, Piece, html

LONGEST_TEXT: Final = 256 * 1024
"""Characters of one text that are shown."""
MOST_ITEMS: Final = 200
"""Items of one list that are shown."""
MOST_TEXT: Final = 4 * LONGEST_TEXT
"""Characters of all texts of a page. Where they are used up, of each text that follows only the beginning is shown."""
SHORTEST_TEXT: Final = 1_000

_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]{1,100}", re.IGNORECASE)
_BASE64: Final = (string.ascii_letters + string.digits + "+/").encode()
_LINK: Final = re.compile(r"(command|file):")


class Blocks:
    """Writes the parts of one page. What is too long is cut, and says so.

    Args:
        open_whole: a `command:` or `file:` URI, offered as a link where something was cut.
        open_part: a `command:` URI, offered as a link beside what can be opened or saved by itself.
    """

    def __init__(self, open_whole: str | None, open_part: str | None = None) -> None:
        self._open_whole = open_whole if open_whole is not None and _LINK.match(open_whole) else None
        self._open_part = open_part if open_part is not None and open_part.startswith("command:") else None
        self._left = MOST_TEXT
        self.is_cut = False
        """Whether something is left out."""

    def section(self, title: str, body: Piece) -> Html:
        """A part with a title."""
        return html("<section><h2>{}</h2>{}</section>", title, body)

    def folded(self, title: str, value: Any) -> Html:
        """JSON that is seen once it is unfolded."""
        return html("<details><summary><h2>{}</h2></summary>{}</details>", title, self.json(value))

    def text(self, text: str) -> Html:
        """Text as it is."""
        limit = self._limit()
        note = f"The first {limit:,} of {len(text):,} characters are shown." if len(text) > limit else None
        return self._pre(text[:limit], note)

    def json(self, value: Any) -> Html:
        """JSON, laid out."""
        limit = self._limit()
        text, is_whole = lay_out(value, limit)
        return self._pre(text, None if is_whole else f"The first {limit:,} characters are shown.")

    def paragraph(self, value: Any) -> Html:
        """Words, which may be foreign ones."""
        if isinstance(value, str):
            return html('<p class="text">{}</p>', value) if len(value) <= SHORTEST_TEXT else self.text(value)
        text, is_whole = lay_out(value, SHORTEST_TEXT)
        return html('<p class="text">{}</p>', text) if is_whole else self.json(value)

    def shown(self, value: Any) -> Html:
        """A short value on its line, anything else as a block."""
        if isinstance(value, str):
            return html("<code>{}</code>", value) if len(value) <= 200 and "\n" not in value else self.text(value)
        text, is_whole = lay_out(value, 200)
        return html("<code>{}</code>", text) if is_whole and "\n" not in text else self.json(value)

    def first(self, items: Sequence[Any]) -> tuple[Sequence[Any], Html | None]:
        """The items of a list that are shown, and what tells of the others."""
        if len(items) <= MOST_ITEMS:
            return items, None
        return items[:MOST_ITEMS], self._cut(f"The first {MOST_ITEMS:,} of {len(items):,} are shown.")

    def content(self, value: Any) -> Html:
        """One of MCP's content blocks."""
        block = value if isinstance(value, dict) else {}
        match block:
            case {"type": "text", "text": str(text)}:
                return self._text_figure(text, ())
            case {"type": "image" | "audio" as kind, "data": str(data), "mimeType": str(given)} if _is_base64(data):
                media_type = _media_type(given)
                if media_type.startswith(f"{kind}/"):
                    return self._media(media_type, data, ())
            case {"type": "resource", "resource": dict(resource)}:
                shown = self.resource(resource, ("Resource", plain(resource.get("uri"))))
                if shown is not None:
                    return shown
            case {"type": "resource_link", "uri": str(uri)}:
                return self._link(uri, block)
        return self.unknown(value)

    def unknown(self, value: Any) -> Html:
        """What is not shown as what it was meant to be."""
        return _figure(("Not shown as what it is, or not known",), self.json(value))

    def resource(self, resource: dict[str, Any], caption: Sequence[str], part: int | None = None) -> Html | None:
        """What a resource holds; None for what holds neither text nor a blob.

        Args:
            resource: one of the contents of MCP's resources.
            caption: what is said of it first.
            part: its number among the parts of the page.
        """
        given = resource.get("mimeType")
        match resource:
            case {"text": str(text)}:
                kind = [plain(given)] if given is not None else []
                picture = None
                if _media_type(given) == "image/svg+xml" and len(text) <= LONGEST_TEXT:
                    data = base64.b64encode(text.encode("utf-8", "replace")).decode()
                    picture = _image("image/svg+xml", data, "image/svg+xml")
                return self._text_figure(text, (*caption, *kind), self._part(part, "Open as a Document"), picture)
            case {"blob": str(blob)} if _is_base64(blob) or blob == "":
                return self._media(_media_type(given), blob, caption, self._part(part, "Save As…"))
        return None

    def _part(self, part: int | None, words: str) -> Html | None:
        if part is None or self._open_part is None:
            return None
        return html('<a href="{}">{}</a>', f"{self._open_part}?%5B{part}%5D", words)

    def _link(self, uri: str, link: dict[str, Any]) -> Html:
        size = measure(link.get("size"))
        facts = [plain(link["mimeType"])] if "mimeType" in link else []
        if "size" in link:
            facts.append(plain(link["size"]) if size is None else format_size(size))
        name = next((link[key] for key in ("title", "name") if link.get(key) is not None), "")
        told = self.paragraph(link["description"]) if "description" in link else None
        body = html('<p class="text"><strong>{}</strong></p><p><code>{}</code></p>{}', plain(name), cut(uri), told)
        return _figure(("Link to a resource", *facts), body)

    def _text_figure(
        self, text: str, caption: Sequence[str], link: Html | None = None, picture: Html | None = None
    ) -> Html:
        value = read_container(text) if len(text) <= LONGEST_TEXT else None
        caption = caption or ("Text" if value is None else "Text, laid out as JSON",)
        size = format_size(len(text.encode("utf-8", "surrogatepass")))
        body = self.text(text) if value is None else self.json(value)
        return _figure((*caption, size), html("{}{}", picture, body), link)

    def _media(self, media_type: str, base64: str, caption: Sequence[str], link: Html | None = None) -> Html:
        """An image, or something to hear; of anything else only that it is there."""
        size = format_size(len(base64.rstrip("=")) * 3 // 4)
        label = f"{media_type}, {size}"
        body = None
        if media_type.startswith("image/"):
            body = _image(media_type, base64, label)
        elif media_type.startswith("audio/"):
            source = f"data:{media_type};base64,{base64}"
            body = html('<audio controls src="{}" aria-label="{}"></audio>', source, label)
        return _figure((*caption, media_type or "Binary data", size), body, link)

    def _limit(self) -> int:
        return max(SHORTEST_TEXT, min(LONGEST_TEXT, self._left))

    def _pre(self, text: str, note: str | None) -> Html:
        self._left -= len(text)
        # The first line end in a `pre` is dropped.
        start = "\n" if text.startswith("\n") else None
        return html("{}<pre>{}{}</pre>", self._cut(note) if note else None, start, text)

    def _cut(self, note: str) -> Html:
        self.is_cut = True
        link = html(' <a href="{}">Open the whole result</a>', self._open_whole) if self._open_whole else None
        return html("<p>{}{}</p>", note, link)


def plain(value: Any) -> str:
    """A value within a sentence: text as it is, anything else as JSON."""
    return cut(value) if isinstance(value, str) else cut(lay_out(value, 2 * SHORTEST_TEXT).text)


def cut(text: str) -> str:
    """The beginning of a text that should be short."""
    return text if len(text) <= SHORTEST_TEXT else f"{text[:SHORTEST_TEXT]}…"


def _figure(caption: Sequence[str], body: Piece, link: Html | None = None) -> Html:
    spans = [html("<span>{}</span> ", cut(part)) for part in caption]
    return html("<figure><figcaption>{}{}</figcaption>{}</figure>", spans, link, body)


def _image(media_type: str, data: str, label: str) -> Html:
    source = f"data:{media_type};base64,{data}"
    return html('<img src="{}" alt="{}">', source, f"Image of the result: {label}")


def _media_type(value: Any) -> str:
    return value.lower() if isinstance(value, str) and _MEDIA_TYPE.fullmatch(value) else ""


def _is_base64(text: str) -> bool:
    data = text.rstrip("=")
    return data != "" and len(text) - len(data) <= 2 and data.isascii() and not data.encode().translate(None, _BASE64)
