"""Completion in a document of arguments: the place where somebody types, and what fits there."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
from lsprotocol import types as lsp

from mcp_sidecar import jsonc
from mcp_sidecar.server.documents import OpenDocument
from mcp_sidecar.views.formats import one_line
from mcp_sidecar.views.json_schema import SchemaReader, Shape
from mcp_sidecar.views.json_text import lay_out
from mcp_sidecar.wire.server import WireServer

MOST: Final = 1000
"""Suggestions for one place; of a server's own, MCP allows 100."""

_LONGEST: Final = 1000
"""Characters of a suggested value."""

_IN_LINE_COMMENT: Final = re.compile(r'(?:[^"/]|"(?:[^"\\]|\\.)*(?:"|\Z)|/(?!/))*//')

Step = str | None
"""The name of a member; None for an item of a list."""


@attrs.frozen(kw_only=True)
class Suggestion:
    """What could stand in a place."""

    label: str
    text: str
    """JSON; of a name with what comes between it and its value."""
    start: int
    end: int
    detail: str = ""
    is_name: bool = False
    sample: str | None = None
    """Of a name that has no value yet: one to begin with, as JSON."""


@attrs.frozen(kw_only=True)
class Site:
    """A place in a text, where a name or a value is to stand."""

    start: int
    end: int
    """What is there already, and would be replaced."""
    path: tuple[Step, ...]
    """From the root to the value, or to the object whose member is named."""
    is_name: bool
    typed: str
    """What stands before the cursor, read as a text."""
    siblings: tuple[str, ...] = ()
    """The names that the object has."""
    others: Mapping[str, str] = attrs.field(factory=dict)
    """The other arguments that are texts."""
    needs_value: bool = False
    """Whether a name has no value yet."""
    needs_comma: bool = False

    @property
    def argument(self) -> str | None:
        """The name of the argument whose value this is, or is an item of."""
        return self.path[0] if not self.is_name and len(self.path) in (1, 2) and None not in self.path[:1] else None

    @classmethod
    def at(cls, text: str, offset: int) -> "Site | None":
        """The site at an offset of a text; None where nothing can be completed, as in comments."""
        document = jsonc.parse(text)
        line = text[text.rfind("\n", 0, offset) + 1 : offset]
        comments = (problem for problem in document.problems if problem.rule == "comment")
        if document.root is None or _IN_LINE_COMMENT.match(line) or any(c.start < offset < c.end for c in comments):
            return None
        around = document.around(offset)
        path: list[Step] = []
        for outer, here in itertools.pairwise(around):
            if isinstance(here, jsonc.Member):
                path.append(here.name)
            elif isinstance(outer, jsonc.Node) and outer.kind == "array":
                path.append(None)
        if not around or isinstance(around[-1], jsonc.Member):
            return None
        inner = around[-1]
        member = around[-2] if len(around) > 1 else None
        others = {m.name: str(m.value.value) for m in document.root.members if m.value and m.value.kind == "string"}
        if isinstance(member, jsonc.Member) and inner is member.key:
            return cls._name(text, offset, around[-3], inner, path[:-1], is_bare=member.value is None)
        site = cls._value(text, offset, inner, path)
        if site is None:
            return None
        if site.is_name:
            return site
        return attrs.evolve(site, others={name: each for name, each in others.items() if name != site.argument})

    @classmethod
    def _name(
        cls,
        text: str,
        offset: int,
        holder: "jsonc.Node | jsonc.Member",
        key: jsonc.Node,
        path: list[Step],
        *,
        is_bare: bool,
    ) -> "Site":
        assert isinstance(holder, jsonc.Node)
        return cls(
            start=key.start,
            end=key.end,
            path=tuple(path),
            is_name=True,
            typed=_typed(text, key, offset),
            siblings=tuple(member.name for member in holder.members if member.key is not key),
            needs_value=is_bare,
            needs_comma=is_bare and _needs_comma(text, key.end),
        )

    @classmethod
    def _value(cls, text: str, offset: int, node: jsonc.Node, path: list[Step]) -> "Site | None":
        """The site in a value: it itself, or a gap between the members or items in it."""
        if node.kind not in ("object", "array"):
            return cls(
                start=node.start, end=node.end, path=tuple(path), is_name=False, typed=_typed(text, node, offset)
            )
        before = text[node.start : offset].rstrip()
        if offset <= node.start or (offset >= node.end and text[offset - 1] in "}]"):
            return None
        gap = cls(start=offset, end=offset, path=tuple(path), is_name=False, typed="")
        if node.kind == "array":
            return attrs.evolve(gap, path=(*path, None)) if before.endswith(("[", ",")) else None
        if before.endswith(":"):
            unfinished = [member for member in node.members if member.value is None and member.end <= offset]
            return attrs.evolve(gap, path=(*path, unfinished[-1].name)) if unfinished else None
        # A comment may stand behind the member before, so that its comma is not looked for.
        return attrs.evolve(
            gap,
            is_name=True,
            siblings=tuple(member.name for member in node.members),
            needs_value=True,
            needs_comma=_needs_comma(text, offset),
        )

    def suggestions(self, schema: Any) -> list[Suggestion]:
        """What a schema has to say about this place."""
        reader = SchemaReader(schema, most_choices=MOST)
        shape = reader.shape(schema)
        for step in self.path:
            shape = reader.shape(shape.keywords.get("items") if step is None else shape.properties.get(step))
        return list(self._names(reader, shape) if self.is_name else self._values(reader, shape))

    def suggested(self, text: str, detail: str = "") -> Suggestion:
        """A text as a suggestion for this value."""
        return self._suggestion(text, text, detail)

    def _suggestion(self, label: str, value: Any, detail: str) -> Suggestion:
        json_text = lay_out(value, _LONGEST, indented=False).text
        return Suggestion(
            label=one_line(label, 200) or json_text,
            text=json_text,
            start=self.start,
            end=self.end,
            detail=detail,
            is_name=self.is_name,
        )

    def _names(self, reader: SchemaReader, shape: Shape) -> Iterator[Suggestion]:
        names = [*shape.required, *(name for name in shape.properties if name not in shape.required)]
        for name in [name for name in names if name not in self.siblings][:MOST]:
            member = reader.shape(shape.properties.get(name))
            suggestion = self._suggestion(name, name, reader.note(member))
            if self.needs_value:
                sample = lay_out(reader.sample(member, 0), _LONGEST, indented=False)
                value = sample.text if sample.is_whole else "null"
                comma = "," if self.needs_comma else ""
                suggestion = attrs.evolve(suggestion, text=f"{suggestion.text}: {value}{comma}", sample=value)
            yield suggestion

    def _values(self, reader: SchemaReader, shape: Shape) -> Iterator[Suggestion]:
        examples = shape.keywords.get("examples")
        offers = [
            *((shape.keywords["default"], "default") for _ in range("default" in shape.keywords)),
            *((choice, "") for choice in shape.choices),
            *((example, "example") for example in (examples if isinstance(examples, list) else [])),
            *((value, "") for value in (True, False) if "boolean" in shape.types),
            *((None, "") for _ in range("null" in shape.types)),
        ]
        seen: set[str] = set()
        for value, detail in offers[:MOST]:
            text, is_whole = lay_out(value, _LONGEST, indented=False)
            if is_whole and text not in seen:
                seen.add(text)
                yield self._suggestion(value if isinstance(value, str) else text, value, detail)


def completion_list(
    server: WireServer, document: OpenDocument, suggestions: Sequence[Suggestion], *, is_incomplete: bool
) -> lsp.CompletionList:
    """The suggestions as LSP has them.

    Args:
        server: to the client, whose capabilities decide about snippets.
        document: where they go.
        suggestions: in their order; of the same text the first.
        is_incomplete: whether what is typed next may change them otherwise than by their beginnings.
    """
    text_document = server.client_capabilities.text_document
    completion = text_document.completion if text_document is not None else None
    item = completion.completion_item if completion is not None else None
    takes_snippets = bool(item and item.snippet_support)
    unique: Iterable[Suggestion] = {each.text: each for each in reversed(suggestions)}.values()
    items = [_item(document, each, number, takes_snippets) for number, each in enumerate(reversed([*unique]))]
    return lsp.CompletionList(is_incomplete=is_incomplete, items=items)


def _item(document: OpenDocument, suggestion: Suggestion, number: int, takes_snippets: bool) -> lsp.CompletionItem:
    text, is_snippet = suggestion.text, takes_snippets and suggestion.sample is not None
    if is_snippet:
        head, sample, tail = text.rpartition(suggestion.sample or "")
        quote = '"' if len(sample) > 1 and sample.startswith('"') else ""
        inner = sample[1:-1] if quote else sample
        text = f"{_escaped(head)}{quote}${{1:{_escaped(inner)}}}{quote}{_escaped(tail)}"
    return lsp.CompletionItem(
        label=suggestion.label,
        kind=lsp.CompletionItemKind.Property if suggestion.is_name else lsp.CompletionItemKind.Value,
        detail=suggestion.detail or None,
        sort_text=f"{number:05}",
        # What is there, with its quotes, is what an editor compares it with.
        filter_text=suggestion.text,
        text_edit=lsp.TextEdit(document.range(suggestion.start, suggestion.end), text),
        insert_text_format=lsp.InsertTextFormat.Snippet if is_snippet else lsp.InsertTextFormat.PlainText,
    )


def _escaped(text: str) -> str:
    """A text within a snippet (LSP 3.17, "Snippet Syntax")."""
    return re.sub(r"([\\$}])", r"\\\1", text)


def _typed(text: str, node: jsonc.Node, offset: int) -> str:
    written = text[node.start : offset]
    if not written.startswith('"'):
        return written
    try:
        # The closing quote may stand before the cursor already.
        return str(json.loads(written if len(written) > 1 and written.endswith('"') else f'{written}"'))
    except ValueError:
        return written[1:]


def _needs_comma(text: str, end: int) -> bool:
    return not text[end:].lstrip().startswith(",")
