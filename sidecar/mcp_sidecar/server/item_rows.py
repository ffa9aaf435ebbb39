"""The rows in which what a server offers is shown. Whatever a server sends is normal."""

import re
from collections.abc import Mapping
from typing import Any, Final

from mcp_sidecar.server.items import LISTINGS, Item, ItemKind, Items
from mcp_sidecar.views.formats import one_line

_LONGEST: Final = 2000
"""Characters of a text."""


def items_of(kind: ItemKind, result: Mapping[str, Any]) -> Items:
    """The items in the result of a list: only what has an id can be asked for."""
    _, key, name = LISTINGS[kind]
    listed = result.get(key)
    known = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return Items(items=tuple(_item(kind, each[name], each) for each in known if isinstance(each.get(name), str)))


def _item(kind: ItemKind, identity: str, raw: Mapping[str, Any]) -> Item:
    name, title, detail, type_ = (_line(raw.get(key)) for key in ("name", "title", "description", "mimeType"))
    shown = _line(identity)
    # A tool and a prompt are called by their names; a URI is long, so its name comes first.
    if kind in ("tool", "prompt"):
        label = shown
        beside = [title if _letters(title) != _letters(identity) else "", detail]
    else:
        label = name or title or shown
        beside = [title if name else "", shown, type_]
    paragraphs = (identity, *(_text(raw.get(key)).strip() for key in ("title", "description", "mimeType")))
    return Item(
        kind=kind,
        id=identity,
        label=label,
        description=" · ".join(filter(None, beside)),
        detail=detail,
        tooltip="\n\n".join(filter(None, paragraphs))[:_LONGEST],
        raw=raw,
    )


def _line(value: object) -> str:
    """What a server sent where a text belongs, on one line. `$(name)` would be an icon in VS Code."""
    return one_line(value, _LONGEST).replace("$(", "$ (")


def _letters(name: str) -> str:
    """What remains of a name where it is written as another: `add_note`, *Add Note*."""
    return re.sub(r"[\W_]", "", name.lower())


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
