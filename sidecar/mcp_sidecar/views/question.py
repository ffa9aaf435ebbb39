"""A question of a server as a message with buttons, for editors that have nothing better (LSP's showMessageRequest).

Everything in it that the server wrote is quoted: it must not look like words of the sidecar.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

CHOICES_LIMIT = 10
"""Choices that are offered as buttons."""

TEXT_LIMIT = 2000
"""Characters of what a server says that are shown."""

LINES_LIMIT = 30
"""Lines of it."""

TITLE_LIMIT = 60
"""Characters of a button, and of a server's name."""

URL_LIMIT = 2000
"""Characters of a URL: it is shown whole, or not opened."""

DECLINE = "Decline"
_DECLINE_INSTEAD = "Decline to answer"
"""Where a choice of the server's is called Decline."""

_ACCEPT = "Accept"
_OPEN = "Open in browser"


class Prompt(NamedTuple):
    """What is shown, and what each button means."""

    text: str
    buttons: dict[str, dict[str, Any]]
    """Titles, and the result of `elicitation/create` that each stands for. To decline comes first: several editors
    preselect that one."""


class NotByButtonsError(Exception):
    """The question can't be answered by pressing a button; says why."""


def form_prompt(server: str, params: Mapping[str, Any]) -> Prompt:
    """The prompt for a form of no field, one yes or no, or one choice.

    Args:
        server: what the server calls itself.
        params: those of `elicitation/create`, valid ones of form mode.

    Raises:
        NotByButtonsError: the form has more.
    """
    properties = params["requestedSchema"]["properties"]
    if not properties:
        return _prompt(server, params["message"], [], [(_ACCEPT, {})])
    if len(properties) > 1:
        raise NotByButtonsError(f"it has {len(properties)} fields, and this editor shows buttons only")
    ((name, schema),) = properties.items()
    if not isinstance(schema, dict):
        raise NotByButtonsError("its field has no schema")
    about = ": ".join(text for text in (schema.get("title"), schema.get("description")) if isinstance(text, str))
    choices = [(title, {name: value}) for title, value in _choices(schema)]
    return _prompt(server, params["message"], [about] if about else [], choices)


def url_prompt(server: str, params: Mapping[str, Any]) -> Prompt:
    """The prompt that shows whose page would be opened.

    Args:
        server: what the server calls itself.
        params: those of `elicitation/create`, valid ones of URL mode.

    Raises:
        NotByButtonsError: it is nothing that a browser should be sent to.
    """
    url = params["url"]
    host = host_of(url)
    if len(url) > URL_LIMIT:
        raise NotByButtonsError(f"its URL has {len(url)} characters, too many to be shown")
    text = f"{_head(server, 'wants you to open a page')}\n{_quoted(params['message'])}\nHost: {host}\nURL: {url}"
    return Prompt(text, {DECLINE: {"action": "decline"}, _OPEN: {"action": "accept"}})


def host_of(url: str) -> str:
    """The host that a web page's URL leads to, as it is looked up.

    Raises:
        NotByButtonsError: it is no http(s) URL, or one that is not what it looks like.
    """
    if not url.isascii() or any(not 0x20 < ord(character) < 0x7F for character in url):
        raise NotByButtonsError("its URL has characters that a URL can't have")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise NotByButtonsError("its URL is none") from None
    if parts.scheme not in ("http", "https") or not host:
        raise NotByButtonsError("its URL is not one of a web page (http or https)")
    return host


def _choices(schema: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Title and value of each choice that a field leaves."""
    kind = schema.get("type")
    if kind == "boolean":
        return [("Yes", True), ("No", False)]
    values, titles = schema.get("enum"), schema.get("enumNames")
    if kind == "string" and isinstance(values, list):
        named = titles if isinstance(titles, list) and len(titles) == len(values) else values
        choices = [(str(title), value) for title, value in zip(named, values, strict=True)]
    elif kind == "string" and isinstance(options := schema.get("oneOf"), list):
        if not all(isinstance(option, dict) and "const" in option for option in options):
            raise NotByButtonsError("its choices are no constants")
        choices = [(str(option.get("title", option["const"])), option["const"]) for option in options]
    else:
        raise NotByButtonsError(f"its field is of type {str(kind)[:20]}, and this editor shows buttons only")
    if not 0 < len(choices) <= CHOICES_LIMIT:
        raise NotByButtonsError(f"it offers {len(choices)} choices; {CHOICES_LIMIT} fit")
    return choices


def _prompt(server: str, message: str, about: Iterable[str], choices: list[tuple[str, dict[str, Any]]]) -> Prompt:
    shown = [(_line(title), content) for title, content in choices]
    decline = _DECLINE_INSTEAD if DECLINE.lower() in {title.lower() for title, _ in shown} else DECLINE
    buttons: dict[str, dict[str, Any]] = {decline: {"action": "decline"}}
    for title, content in shown:
        if not title or title in buttons:
            raise NotByButtonsError("its choices can't be told apart by their titles")
        buttons[title] = {"action": "accept", "content": content}
    text = "\n".join([_head(server, "asks"), _quoted(message), *map(_quoted, about)])
    return Prompt(text, buttons)


def _head(server: str, does: str) -> str:
    name = _line(server).replace('"', "'")
    return f'The MCP server "{name}" {does}:' if name else f"The MCP server {does}:"


def _quoted(text: str) -> str:
    """What a server wrote, each line marked as such."""
    if len(text) > TEXT_LIMIT:
        text = f"{text[:TEXT_LIMIT]}… [cut]"
    lines = text.splitlines()
    if len(lines) > LINES_LIMIT:
        lines = [*lines[:LINES_LIMIT], "… [cut]"]
    return "\n".join(f"> {_plain(line)}" for line in lines)


def _line(text: str) -> str:
    """Text on one line, cut to the length of a button."""
    line = _plain(" ".join(text[: TITLE_LIMIT * 4].split()))
    return line if len(line) <= TITLE_LIMIT else f"{line[:TITLE_LIMIT]}…"


def _plain(text: str) -> str:
    """Text without what is not seen but changes how the rest looks: controls, marks of direction, halves of pairs."""
    spaced = text.replace("\t", " ")
    return "".join(each for each in spaced if unicodedata.category(each)[0] != "C")
