"""A document in JSON, or in what people write for it: a tree whose nodes know their places, whatever is wrong with it.

Comments, trailing commas, missing values, open brackets and the like are read past and reported, so that a file can be
understood while it is being edited. No library for Python does both: those that tell places stop at the first error.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

import attrs

from mcp_sidecar.positions import Encoding, Lines, Position, Range

Kind = Literal["object", "array", "string", "number", "boolean", "null", "invalid"]

DEEPEST: Final = 100
"""Levels of nesting that are read; what is deeper is passed over and reported."""

MOST_TOKENS: Final = 100_000
"""Tokens that are read of one text, so that none takes more than a second or so."""

MOST_PROBLEMS: Final = 100
"""That are reported of each rule: comments must not hide mistakes."""

_TOKEN: Final = re.compile(
    r"""
      (?P<space>[ \t\r\n\ufeff]+)
    | (?P<comment>//[^\r\n]*|/\*(?s:.*?)(?:\*/|\Z))
    | (?P<string>"(?:[^"\\\r\n]++|\\[^\r\n])*+\\?(?:"|(?=[\r\n])|\Z))
    | (?P<single>'(?:[^'\\\r\n]++|\\[^\r\n])*+\\?(?:'|(?=[\r\n])|\Z))
    | (?P<mark>[{}\[\]:,])
    | (?P<word>/|[^\s{}\[\]:,"'/]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.)|\Z)", re.DOTALL)
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_COLON: Final = re.compile(r"\s*:")
_LITERALS: Final[dict[str, tuple[Kind, Any]]] = {
    "true": ("boolean", True),
    "false": ("boolean", False),
    "null": ("null", None),
}
_DECODER: Final = json.JSONDecoder()


@attrs.frozen(kw_only=True)
class Problem:
    """Something that strict JSON does not allow."""

    rule: Literal["syntax", "comment", "trailing-comma", "duplicate-key", "limit"]
    message: str
    start: int
    end: int


@attrs.define(kw_only=True, eq=False)
class Node:
    """A value. Places are offsets in characters of the text, `end` behind the last one."""

    kind: Kind
    start: int
    end: int
    value: Any = None
    """Of a string, number or boolean; of what is invalid, None."""
    members: "list[Member]" = attrs.Factory(list)
    """Of an object, in the order of the text, also those whose name came before."""
    items: "list[Node]" = attrs.Factory(list)
    """Of an array."""

    def get(self, name: str) -> "Node | None":
        """The value of an object's member; of several with one name the last, as `JSON.parse` has it."""
        member = self.member(name)
        return None if member is None else member.value

    def member(self, name: str) -> "Member | None":
        """An object's member; of several with one name the last."""
        return next((member for member in reversed(self.members) if member.key.value == name), None)


@attrs.define(kw_only=True, eq=False)
class Member:
    """A member of an object."""

    key: Node
    value: Node | None
    """None where it is missing."""

    @property
    def name(self) -> str:
        """The key."""
        return str(self.key.value)

    @property
    def start(self) -> int:
        """Where the key begins."""
        return self.key.start

    @property
    def end(self) -> int:
        """Behind the value, or behind the key where there is none."""
        return self.key.end if self.value is None else self.value.end


class Document:
    """A text and the tree in it; made by `parse`."""

    def __init__(self, text: str, root: Node | None, problems: list[Problem]) -> None:
        self.text = text
        self.root = root
        """None where there is nothing but white space and comments."""
        self.problems = problems
        """In the order of the text."""
        self._lines = Lines(text)

    def find(self, *path: str | int) -> Node | None:
        """The value under these names and indices, if it is there."""
        node = self.root
        for step in path:
            if node is None:
                return None
            values = [node.get(step)] if isinstance(step, str) else node.items[step : step + 1]
            node = values[0] if values else None
        return node

    def around(self, offset: int) -> "list[Node | Member]":
        """What is around a place, from the root inwards: values, members, and the key of a member last."""
        found: list[Node | Member] = []
        inner: Node | Member | None = self.root
        while inner is not None and inner.start <= offset <= inner.end:
            found.append(inner)
            parts: list[Node | Member]
            if isinstance(inner, Member):
                parts = [inner.key] if inner.value is None else [inner.key, inner.value]
            else:
                parts = [*inner.members, *inner.items]
            inner = next((part for part in parts if part.start <= offset <= part.end), None)
        return found

    def position(self, offset: int, encoding: Encoding = "utf-16") -> Position:
        """The position of an offset."""
        return self._lines.position(offset, encoding)

    def range(self, start: int, end: int, encoding: Encoding = "utf-16") -> Range:
        """The range between two offsets."""
        return Range(self.position(start, encoding), self.position(end, encoding))

    def offset(self, position: Position, encoding: Encoding = "utf-16") -> int:
        """The offset of a position."""
        return self._lines.offset(position, encoding)


def parse(text: str, wanted: Callable[[tuple[str, ...]], bool] = lambda _: True) -> Document:
    """Read a text. Never fails, and takes bounded time.

    Args:
        text: JSON, perhaps with comments, perhaps broken.
        wanted: whether the value under these names is needed; one that is not, and is valid JSON, is skipped fast and
            left out of the tree.
    """
    parser = _Parser(text, wanted)
    root = parser.whole()
    return Document(text, root, sorted(parser.problems, key=lambda problem: problem.start))


def plain(node: Node) -> Any:
    """The value of a node as `json.loads` gives it; what is missing or invalid in it is None."""
    if node.kind == "object":
        return {member.name: None if member.value is None else plain(member.value) for member in node.members}
    if node.kind == "array":
        return [plain(item) for item in node.items]
    return node.value


@attrs.frozen
class _Token:
    kind: str
    """The name of a group of `_TOKEN`, or `end`; a mark is its own kind."""
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class _Parser:
    """Goes through a text once. Every method leaves `token` at the first one that it did not take."""

    def __init__(self, text: str, wanted: Callable[[tuple[str, ...]], bool]) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self._reported: Counter[str] = Counter()
        self._wanted = wanted
        self._tokens = 0
        self._open: list[str] = []
        """The marks that would close what is open, outermost first."""
        self._path: list[str] = []
        self._after = 0
        """Where the last token that was taken ends."""
        self.token = _Token("end", "", 0)
        self._advance(0)

    def whole(self) -> Node | None:
        if self.token.kind == "end":
            self._report("syntax", "The document is empty.", 0, len(self.text))
            return None
        root = self._value()
        if self.token.kind != "end":
            self._report("syntax", "Nothing may follow the value.", self.token.start, len(self.text))
        return root

    # tokens

    def _advance(self, at: int | None = None) -> None:
        """Go to the next token, past white space and comments."""
        at = self.token.end if at is None else at
        self._after = at
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            assert match is not None, "the pattern matches every character"
            self._tokens += 1
            if self._tokens > MOST_TOKENS:
                self._report("limit", f"Only the first {MOST_TOKENS:,} tokens are read.", at, len(self.text))
                break
            kind, end = match.lastgroup or "", match.end()
            if kind == "comment":
                self._report("comment", "JSON has no comments.", at, end)
                if match[0].startswith("/*") and (len(match[0]) < 4 or not match[0].endswith("*/")):
                    self._report("syntax", "The comment is never closed.", at, end)
            elif kind != "space":
                self.token = _Token(match[0] if kind == "mark" else kind, match[0], at)
                return
            at = end
        self.token = _Token("end", "", len(self.text))

    def _report(self, rule: Any, message: str, start: int, end: int) -> None:
        self._reported[rule] += 1
        if self._reported[rule] <= MOST_PROBLEMS:
            self.problems.append(Problem(rule=rule, message=message, start=start, end=end))

    # values

    def _value(self) -> Node | None:
        """The value that begins here; None, with nothing taken, where none does."""
        token = self.token
        match token.kind:
            case "{" | "[":
                return self._container(token)
            case "string" | "single":
                return self._string(token)
            case "word":
                self._advance()
                return self._word(token)
            case _:
                return None

    def _container(self, opening: _Token) -> Node:
        is_object = opening.kind == "{"
        node = Node(kind="object" if is_object else "array", start=opening.start, end=opening.end)
        if len(self._open) >= DEEPEST:
            self._report("limit", f"Nested deeper than {DEEPEST} levels.", opening.start, opening.end)
            self._skip_nested()
            node.end = self._after
            return node
        closing = "}" if is_object else "]"
        self._open.append(closing)
        self._advance()
        comma: _Token | None = None
        needs_comma = False
        names: set[str] = set()
        while self.token.kind not in ("end", closing):
            if self.token.kind == ",":
                if not needs_comma:
                    what = "A member" if is_object else "A value"
                    self._report("syntax", f"{what} is missing before the comma.", self.token.start, self.token.end)
                comma, needs_comma = self.token, False
                self._advance()
                continue
            if self.token.kind in "}]" and self.token.kind in self._open:
                break  # it closes something further out
            at = self.token.start
            missing_comma = needs_comma
            if not (self._member(node, names) if is_object else self._item(node)):
                self._report("syntax", f"{self.token.text[:20]!r} was not expected here.", at, self.token.end)
                self._advance()
                continue
            if missing_comma:
                self._report("syntax", "A comma is missing.", at, at + 1)
            comma, needs_comma = None, True
        self._open.pop()
        self._close(node, closing, comma)
        return node

    def _close(self, node: Node, closing: str, comma: _Token | None) -> None:
        if self.token.kind != closing:
            self._report("syntax", f"It is never closed with {closing!r}.", node.start, node.start + 1)
            node.end = self._after
            return
        if comma is not None:
            self._report("trailing-comma", "JSON has no comma after the last one.", comma.start, comma.end)
        node.end = self.token.end
        self._advance()

    def _skip_nested(self) -> None:
        depth = 0
        while self.token.kind != "end":
            depth += (self.token.kind in "{[") - (self.token.kind in "}]")
            self._advance()
            if depth == 0:
                return

    def _item(self, array: Node) -> bool:
        item = self._value()
        if item is None:
            return False
        array.items.append(item)
        return True

    def _member(self, node: Node, names: set[str]) -> bool:
        token = self.token
        if token.kind in ("string", "single"):
            key = self._string(token)
        elif token.kind == "word":
            self._report("syntax", "A key needs double quotes.", token.start, token.end)
            key = Node(kind="string", start=token.start, end=token.end, value=token.text)
            self._advance()
        else:
            return False
        if key.value in names:
            self._report("duplicate-key", f"{key.value[:60]!r} was there before; this one counts.", key.start, key.end)
        names.add(key.value)
        member = Member(key=key, value=None)
        if self.token.kind != ":":
            node.members.append(member)
            member.value = None if self._is_next_member() else self._value()
            missing = "A colon and a value are missing." if member.value is None else "A colon is missing."
            self._report("syntax", missing, key.start, key.end)
            return True
        colon = self.token
        self._path.append(key.value)
        if self._wanted(tuple(self._path)) or not self._skipped(colon.end):
            node.members.append(member)
            if self.token is colon:
                self._advance()
            member.value = None if self._is_next_member() else self._value()
            if member.value is None:
                self._report("syntax", "A value is missing.", colon.start, colon.end)
        self._path.pop()
        return True

    def _is_next_member(self) -> bool:
        """Whether what is here is a key already, because the value before it was not written yet."""
        if self.token.kind not in ("string", "single", "word"):
            return False
        return _COLON.match(self.text, self.token.end) is not None

    def _skipped(self, at: int) -> bool:
        """Pass over a value that nobody wants, if it is valid JSON."""
        space = _SPACE.match(self.text, at)
        try:
            _, end = _DECODER.raw_decode(self.text, space.end() if space else at)
        except (ValueError, RecursionError):
            return False
        self._advance(end)
        return True

    def _string(self, token: _Token) -> Node:
        quote = '"' if token.kind == "string" else "'"
        text = token.text
        closed = len(text) > 1 and text.endswith(quote) and not _ends_escaped(text)
        inner = text[1:-1] if closed else text[1:]
        if not closed:
            self._report("syntax", "The string is never closed.", token.start, token.end)
        elif quote == "'":
            self._report("syntax", "A string needs double quotes.", token.start, token.end)
        value = self._unescaped(inner, token) if "\\" in inner else inner
        if re.search(r"[\x00-\x1f]", inner):
            self._report("syntax", "A control character in a string must be escaped.", token.start, token.end)
        self._advance()
        return Node(kind="string", start=token.start, end=token.end, value=_SURROGATE.sub("\ufffd", value))

    def _unescaped(self, inner: str, token: _Token) -> str:
        def escape(match: "re.Match[str]") -> str:
            if match[1]:
                return chr(int(match[1], 16))
            known = _ESCAPES.get(match[2] or "")
            if known is None:
                self._report("syntax", f"{match[0]!r} is no escape.", token.start, token.end)
            return match[0] if known is None else known

        value = _ESCAPE.sub(escape, inner)
        # Two halves that were escaped make one character.
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if "\\u" in inner else value

    def _word(self, token: _Token) -> Node:
        node = Node(kind="invalid", start=token.start, end=token.end)
        if token.text in _LITERALS:
            node.kind, node.value = _LITERALS[token.text]
        elif _NUMBER.fullmatch(token.text) and len(token.text) <= 1000:
            node.kind, node.value = "number", json.loads(token.text)
            if isinstance(node.value, float) and math.isinf(node.value):
                self._report("limit", "Programs that read JSON take no number so large.", token.start, token.end)
        else:
            self._report("syntax", f"{token.text[:40]!r} is no value.", token.start, token.end)
        return node


def _ends_escaped(text: str) -> bool:
    """Whether the last character is escaped by the backslashes before it."""
    before = text[:-1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def strings(node: Node) -> Iterator[Node]:
    """All strings in a value, keys left out, in the order of the text."""
    if node.kind == "string":
        yield node
    for member in node.members:
        if member.value is not None:
            yield from strings(member.value)
    for item in node.items:
        yield from strings(item)
