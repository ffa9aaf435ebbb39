"""The rules about what a server lists: names, descriptions, URIs, icons, annotations."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import attrs
from mcp.shared.uri_template import InvalidUriTemplate, UriTemplate

from mcp_sidecar.connection.inspection import rules
from mcp_sidecar.connection.inspection.finding import Finding, Place, PlaceKind, quoted, short_name

LONGEST_DESCRIPTION = 2048
"""Characters after which Claude Code cuts a tool's description, and the server's instructions."""

_TOOL_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")
"""MCP 2025-11-25, "Tools: Tool Names" (SEP-986)."""

_PORTABLE_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""OpenAI's pattern for functions; Anthropic's allows 128. Hosts add the server's name in front."""

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
"""The characters of RFC 3986, section 2, after a scheme."""

_MIME_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}(?:\s*;.*)?", re.DOTALL)
"""RFC 6838, section 4.2; with parameters, as `text/html;profile=mcp-app`."""

_ICON_SIZE = re.compile(r"[0-9]{1,5}x[0-9]{1,5}|any")


@attrs.frozen
class Item:
    """Something that a server lists."""

    kind: PlaceKind
    index: int
    fields: Mapping[str, Any]
    place: Place
    name: str | None
    """By which it is asked for; None where it has none."""


NAME_FIELDS: Mapping[PlaceKind, str] = {
    "tool": "name",
    "prompt": "name",
    "resource": "uri",
    "resourceTemplate": "uriTemplate",
}
"""By which field an item of each kind is asked for."""

NOUNS: Mapping[str, str] = {"resourceTemplate": "resource template"}


def items_of(kind: PlaceKind, listed: Iterable[object]) -> Iterator[Item]:
    """Yield what a server listed, but for what is no object: that breaks the protocol, and is told so."""
    for index, fields in enumerate(listed):
        if isinstance(fields, Mapping):
            name = fields.get(NAME_FIELDS[kind])
            name = name if isinstance(name, str) else None
            place = Place(kind=kind, name=None if name is None else short_name(name), index=index)
            yield Item(kind, index, fields, place, name)


def judge_items(kind: PlaceKind, items: list[Item]) -> Iterator[Finding]:
    """Yield what is wrong with the items of a list, each and together."""
    yield from _names(kind, items)
    yield from _titles(items)
    if kind == "tool":
        yield from _same_descriptions(items)
    for item in items:
        yield from _description(item)
        yield from judge_icons(item.fields.get("icons"), item.place)
        yield from _OF_KIND[kind](item)


# Names


def _names(kind: PlaceKind, items: list[Item]) -> Iterator[Finding]:
    noun = NOUNS.get(kind, kind)
    seen: dict[str, int] = {}
    folded: dict[str, str] = {}
    for item in items:
        if item.name is None:
            continue
        first = seen.setdefault(item.name, item.index)
        if first != item.index:
            yield rules.DUPLICATE_NAME.at(
                item.place,
                f"{noun} {first} is named {quoted(item.name)} as well",
                "rename one: only one of them can be reached",
            )
            continue
        similar = folded.setdefault(item.name.casefold(), item.name)
        if similar != item.name and kind in ("tool", "prompt"):
            yield rules.SIMILAR_NAMES.at(
                item.place, f"{quoted(item.name)} and {quoted(similar)} differ only in case", "rename one"
            )


def _titles(items: list[Item]) -> Iterator[Finding]:
    titled = [item for item in items if isinstance(item.fields.get("title"), str)]
    for item in titled:
        if not item.fields["title"].strip():
            yield rules.TITLE.at(item.place.at("$.title"), "the title is empty", "leave it out, or give one")
    if not titled:
        return
    for item in items:
        title = item.fields.get("title")
        annotations = item.fields.get("annotations")
        if title is None and not (isinstance(annotations, Mapping) and annotations.get("title")):
            yield rules.TITLE.at(item.place, "it has no title, but others have", "give it one")


# Words


def _same_descriptions(tools: list[Item]) -> Iterator[Finding]:
    first: dict[str, Item] = {}
    for tool in tools:
        description = tool.fields.get("description")
        if not isinstance(description, str) or not description.strip():
            continue
        other = first.setdefault(description.strip(), tool)
        if other is not tool and other.name != tool.name:
            yield rules.SAME_DESCRIPTION.at(
                tool.place.at("$.description"),
                f"the tool {quoted(other.name)} has the same description",
                "say in each what the other does not do",
            )


def _description(item: Item) -> Iterator[Finding]:
    description = item.fields.get("description")
    if description is None or (isinstance(description, str) and not description.strip()):
        said = "has no description" if description is None else "has an empty description"
        yield rules.MISSING_DESCRIPTION.at(
            item.place,
            f"the {NOUNS.get(item.kind, item.kind)} {said}",
            "say what it is for, and when",
            milder=item.kind != "tool",
        )
    elif isinstance(description, str):
        yield from judge_length(description, item.place.at("$.description"), "the description")


def judge_length(text: str, place: Place, what: str) -> Iterator[Finding]:
    """Yield whether a text for models is longer than hosts pass on."""
    if len(text) > LONGEST_DESCRIPTION:
        yield rules.LONG_DESCRIPTION.at(
            place,
            f"{what} has {len(text)} characters; Claude Code cuts it at {LONGEST_DESCRIPTION}",
            "put what matters first",
        )


# Icons


def judge_icons(icons: object, place: Place) -> Iterator[Finding]:
    """Yield what is wrong with the icons of anything (MCP 2025-11-25, "Icons")."""
    for index, icon in enumerate(icons[:50] if isinstance(icons, list) else []):
        if isinstance(icon, Mapping):
            here = place.at(f"$.icons[{index}]")
            yield from _icon_source(icon, here.at(f"{here.path}.src"))
            sizes = icon.get("sizes")
            for size in sizes[:50] if isinstance(sizes, list) else []:
                if isinstance(size, str) and not _ICON_SIZE.fullmatch(size):
                    yield rules.ICON.at(
                        here.at(f"{here.path}.sizes"),
                        f"the size {quoted(size)} is none",
                        'write it as "48x48", or "any"',
                    )
            kind = icon.get("mimeType")
            if isinstance(kind, str) and not kind.lower().startswith("image/"):
                yield rules.ICON.at(
                    here.at(f"{here.path}.mimeType"), f"{quoted(kind)} is no type of image", "name the image's type"
                )


def _icon_source(icon: Mapping[str, Any], place: Place) -> Iterator[Finding]:
    source = icon.get("src")
    if not isinstance(source, str):
        return  # breaks the protocol, and is told so
    scheme = source.partition(":")[0].lower() if ":" in source else ""
    if scheme == "data":
        if not source[5:16].lower().startswith("image/"):
            yield rules.ICON.at(place, "the `data:` URI is no image", "name an image type in it")
    elif scheme == "http":
        yield rules.ICON.at(place, "the icon comes over `http:`, which hosts may refuse", "use `https:` or `data:`")
    elif scheme != "https":
        said = f"the scheme `{scheme[:20]}:`" if scheme else "no scheme"
        yield rules.ICON.at(place, f"the icon has {said}; hosts must refuse it", "use `https:` or `data:`")


# One kind


def _tool(item: Item) -> Iterator[Finding]:
    name = item.name
    if name is not None and not _TOOL_NAME.fullmatch(name):
        yield rules.TOOL_NAME.at(
            item.place.at("$.name"), f"the name {quoted(name)} is not 1 to 128 of A-Z a-z 0-9 _ - .", "rename the tool"
        )
    elif name is not None and not _PORTABLE_TOOL_NAME.fullmatch(name):
        said = f"has {len(name)} characters" if len(name) > 64 else "has a dot"
        yield rules.UNPORTABLE_TOOL_NAME.at(
            item.place.at("$.name"), f"the name {said}; OpenAI's API takes 64 of a-z A-Z 0-9 _ -", "rename the tool"
        )
    annotations = item.fields.get("annotations")
    hints = annotations if isinstance(annotations, Mapping) else {}
    if hints.get("readOnlyHint") is True and hints.get("destructiveHint") is True:
        yield rules.ANNOTATIONS.at(
            item.place.at("$.annotations"),
            "the tool is both read-only and destructive",
            "leave one of the hints out",
        )


def _prompt(item: Item) -> Iterator[Finding]:
    if item.name is not None and (not item.name or re.search(r"\s", item.name)):
        yield rules.PROMPT_NAME.at(
            item.place.at("$.name"),
            f"the name {quoted(item.name)} can't be typed as a command",
            "write it without white space",
        )
    arguments = item.fields.get("arguments")
    seen: set[str] = set()
    for index, argument in enumerate(arguments[:1000] if isinstance(arguments, list) else []):
        if not isinstance(argument, Mapping) or not isinstance(name := argument.get("name"), str):
            continue
        here = item.place.at(f"$.arguments[{index}]")
        if name in seen:
            yield rules.DUPLICATE_NAME.at(here, f"the argument {quoted(name)} is there twice", "leave one out")
        seen.add(name)
        description = argument.get("description")
        if description is None or (isinstance(description, str) and not description.strip()):
            yield rules.ARGUMENT_DESCRIPTION.at(
                here, f"the argument {quoted(name)} has no description", "say what it is for"
            )


def _resource(item: Item) -> Iterator[Finding]:
    if item.name is not None and (why := _no_uri(item.name)) is not None:
        yield rules.RESOURCE_URI.at(
            item.place.at("$.uri"), f"{quoted(item.name)} is no URI: {why}", "encode it, or add a scheme"
        )
    size = item.fields.get("size")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        yield rules.RESOURCE_SIZE.at(
            item.place.at("$.size"), f"the size {quoted(size)} is no number of bytes", "correct it"
        )
    yield from _media(item)


def _template(item: Item) -> Iterator[Finding]:
    if item.name is not None:
        here = item.place.at("$.uriTemplate")
        try:
            variables = UriTemplate.parse(item.name).variable_names
        except InvalidUriTemplate as error:
            if not _is_beyond_the_parser(item.name):
                message = f"{quoted(item.name)} is no URI template: {error}"
                yield rules.URI_TEMPLATE.at(here, message, "write it as RFC 6570 has it")
        else:
            if not variables:
                yield rules.CONSTANT_TEMPLATE.at(here, f"{quoted(item.name)} has no variable", "list it as a resource")
    yield from _media(item)


def _is_beyond_the_parser(template: str) -> bool:
    """Whether it is a template by the grammar of RFC 6570; the SDK refuses what it can't also match URIs by."""
    name = r"(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(?:\*|:[1-9][0-9]{0,3})?"
    rest = re.sub(rf"\{{[+#./;?&]?{name}(?:,{name})*\}}", "", template[:8192])
    return "{" not in rest and "}" not in rest


def _media(item: Item) -> Iterator[Finding]:
    kind = item.fields.get("mimeType")
    if isinstance(kind, str) and not _MIME_TYPE.fullmatch(kind):
        yield rules.MIME_TYPE.at(
            item.place.at("$.mimeType"), f"{quoted(kind)} is no media type", 'write it as "text/plain"'
        )
    annotations = item.fields.get("annotations")
    modified = annotations.get("lastModified") if isinstance(annotations, Mapping) else None
    if isinstance(modified, str) and not _is_time(modified):
        yield rules.LAST_MODIFIED.at(
            item.place.at("$.annotations.lastModified"),
            f"{quoted(modified)} is no time",
            'write it as "2026-07-28T12:00:00Z"',
        )


def _no_uri(uri: str) -> str | None:
    """Say why a text is no URI."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", uri):
        return "it has no scheme"
    if not _URI.fullmatch(uri):
        return "it has a character that must be percent-encoded"
    try:
        urlsplit(uri).port  # noqa: B018 - parsed when it is asked for
    except ValueError as error:
        return str(error)
    return None


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_OF_KIND = {"tool": _tool, "prompt": _prompt, "resource": _resource, "resourceTemplate": _template}
