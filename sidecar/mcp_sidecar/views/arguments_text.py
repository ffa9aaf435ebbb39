"""Arguments as text to edit: JSON with comments, made from their schema."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from mcp_sidecar.views.formats import one_line
from mcp_sidecar.views.json_schema import SchemaReader, Shape
from mcp_sidecar.views.json_text import lay_out, quote, read_container

_LONGEST_DESCRIPTION: Final = 4_000
_MOST_LINES: Final = 20
"""Lines of a tool's description."""
_LONGEST_WHOLE: Final = 10_000_000

_NOTHING: Final[Mapping[str, Any]] = {}

_LINE_ENDS: Final = re.compile("[\r\n\x85\u2028\u2029]+")
_WORDS: Final = re.compile(r".{1,100}(?=\s|$)|\S{1,100}")


class ArgumentsText(NamedTuple):
    """A text to edit, and where to begin: LSP's position, counted in UTF-16."""

    text: str
    line: int
    character: int


class _Line(NamedTuple):
    """A line of the text."""

    text: str
    value_at: int | None = None
    """Where in it a value to edit begins."""
    is_optional: bool = False

    def after(self, prefix: str) -> "_Line":
        """Return this line with something before it."""
        return self._replace(
            text=prefix + self.text, value_at=None if self.value_at is None else self.value_at + len(prefix)
        )


def prefill(
    item: Mapping[str, Any], schema: Any, *, words: str = "tool", remembered: str | None = None
) -> ArgumentsText:
    """Fill in the required arguments; the optional ones are commented out, each valid once it is uncommented.

    Args:
        item: a tool, a prompt or a template, as the server lists it. Anything may be in it.
        schema: of its arguments.
        words: what it is called.
        remembered: arguments of another day, as JSON: they stand in place of what would be filled in.
    """
    reader = SchemaReader(schema)
    shape = reader.shape(schema)
    whole = None if reader.is_plain_object(shape, 0) else reader.sample(shape, 0)
    given = read_container(remembered) if remembered is not None else None
    given = given if isinstance(given, dict) else {}
    body = _object(whole) if isinstance(whole, dict) and not given else _members(reader, shape, 0, given)
    name = next((item[key] for key in ("title", "name", "uriTemplate") if one_line(item.get(key), 80)), "")
    header = [f"Arguments of the {words} {one_line(name, 80)}", *_paragraph(item.get("description"))]
    if schema is not True and (not isinstance(schema, dict) or (shape.types and "object" not in shape.types)):
        header.append("The tool's inputSchema is missing, or describes no object.")
    if shape.has_alternatives:
        header.append("The inputSchema has alternatives; this is the first of them.")
    if any(line.is_optional for line in body):
        header.append("What is commented out is optional.")
    return _text([*(_Line(f"// {line}") for line in header), *body])


def _text(lines: list[_Line]) -> ArgumentsText:
    """Join the lines, and begin at the first required value, else at the first optional one."""
    values = [(line.is_optional, number) for number, line in enumerate(lines) if line.value_at is not None]
    number = min(values)[1]
    before = lines[number].text[: lines[number].value_at]
    text = "".join(f"{line.text}\n" for line in lines)
    # Half of a surrogate pair is nothing that an editor could save; escaped it means the same.
    whole = text.encode("utf-8", "backslashreplace").decode()
    character = len(before.encode("utf-8", "backslashreplace").decode().encode("utf-16-le")) // 2
    return ArgumentsText(whole, number, character)


def _members(reader: SchemaReader, shape: Shape, depth: int, given: Mapping[str, Any] = _NOTHING) -> list[_Line]:
    """Write an object, with a comment for each member.

    The optional ones come first: uncommented, each brings its comma, and none is left before the closing brace, which
    editors warn of.
    """
    written: list[_Line] = []
    optional = [name for name in shape.properties if name not in shape.required and name not in given]
    required = dict.fromkeys([*shape.required, *given])
    last = next(reversed(required), None)
    for name in (*optional, *required):
        member = reader.shape(shape.properties.get(name))
        is_optional = name not in required
        if name in given:
            value = _value(given[name])
        elif not is_optional and reader.is_plain_object(member, depth + 1):
            value = _members(reader, member, depth + 1)
        else:
            value = _value(reader.sample(member, depth + 1))
        lines = _member(name, value, reader.note(member), is_last=name == last)
        written += [line.after("// ")._replace(is_optional=True) for line in lines] if is_optional else lines
    return _braces(written)


def _object(value: Mapping[str, Any]) -> list[_Line]:
    """Write an object that the schema itself offers."""
    last = next(reversed(list(value)), None)
    return _braces(
        [line for name, member in value.items() for line in _member(name, _value(member), "", is_last=name == last)]
    )


def _braces(members: Iterable[_Line]) -> list[_Line]:
    inside = [line.after("  ") for line in members]
    return [_Line("{"), *inside, _Line("}")] if inside else [_Line("{}", 1)]


def _member(name: str, value: list[_Line], note: str, *, is_last: bool) -> list[_Line]:
    """Put a name before a value, a comma between it and the next, and a comment at the end of the first line."""
    lines = [value[0].after(f"{quote(name)}: "), *value[1:]]
    if not is_last:
        lines[-1] = lines[-1]._replace(text=f"{lines[-1].text},")
    if note:
        lines[0] = lines[0]._replace(text=f"{lines[0].text} // {note}")
    return lines


def _value(value: Any) -> list[_Line]:
    """Write a value; to edit a text, one begins between its quotes."""
    first, *rest = lay_out(value, _LONGEST_WHOLE).text.split("\n")
    return [_Line(first, 1 if first.startswith('"') or first in ("[]", "{}") else 0), *map(_Line, rest)]


def _paragraph(text: Any) -> list[str]:
    """Return a description in lines of at most 100 characters, the first of them."""
    source = _LINE_ENDS.split(text[:_LONGEST_DESCRIPTION]) if isinstance(text, str) else []
    wrapped = [line.strip() for each in source for line in _WORDS.findall(one_line(each, _LONGEST_DESCRIPTION))]
    return [*wrapped[:_MOST_LINES], *(["…"] if len(wrapped) > _MOST_LINES else [])]
