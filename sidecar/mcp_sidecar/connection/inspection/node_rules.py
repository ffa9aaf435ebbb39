"""The rules about one place in a schema."""

import re
from collections.abc import Callable, Iterator

from mcp_sidecar.connection.inspection import rules
from mcp_sidecar.connection.inspection.finding import Finding, quoted
from mcp_sidecar.connection.inspection.pattern import flaw
from mcp_sidecar.connection.inspection.schema_tree import Node
from mcp_sidecar.connection.inspection.subject import Subject

FORMATS = frozenset(
    {
        *("date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6"),
        *("uri", "uri-reference", "iri", "iri-reference", "uuid", "uri-template", "json-pointer"),
        *("relative-json-pointer", "regex"),
    }
)
"""JSON Schema 2020-12, Validation, section 7.3."""

_PROPERTY_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
"""What Anthropic's API takes for the names of a tool's arguments."""

_TELLING = frozenset({"type", "$ref", "$dynamicRef", "enum", "const", "anyOf", "oneOf", "allOf", "not", "if"})
"""Keywords one of which tells what a value may be."""
_ANNOTATIONS = frozenset({"$ref", "$defs", "definitions", "$schema", "$id", "$comment", "title", "description"})
_LIMITS = (
    ("minimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)


def judge_node(subject: Subject, node: Node) -> Iterator[Finding]:
    """Yield what is wrong with one place of a schema, though its dialect allows it."""
    for rule in _OF_NODES:
        yield from rule(subject, node)
    if subject.role == "inputSchema":
        for rule in _OF_INPUT_NODES:
            yield from rule(subject, node)


def _unknown_required(subject: Subject, node: Node) -> Iterator[Finding]:
    schema = node.schema
    required, properties = schema.get("required"), schema.get("properties")
    if (
        not isinstance(required, list)
        or node.is_in_place
        or any(key in schema for key in ("$ref", "allOf", "patternProperties"))
    ):
        return  # what is required may be described elsewhere
    if any(key in schema for key in ("anyOf", "oneOf", "if", "dependentSchemas")):
        return
    if not isinstance(properties, dict):
        properties = {}
        if node.parent is not None:
            return  # below the root an object may be a map with certain keys
    for index, name in enumerate(required[:100]):
        if isinstance(name, str) and name not in properties:
            closed = schema.get("additionalProperties") is False
            fatal = ", and nothing else is allowed: no value fits" if closed else ""
            yield rules.UNKNOWN_REQUIRED.at(
                subject.at(node, "required", index),
                f"{quoted(name)} is required, but not in `properties`{fatal}",
                "describe it",
            )


def _impossible(subject: Subject, node: Node) -> Iterator[Finding]:
    schema = node.schema
    for low, high in _LIMITS:
        if _is_number(schema.get(low)) and _is_number(schema.get(high)) and schema[low] > schema[high]:
            yield rules.IMPOSSIBLE_SCHEMA.at(
                subject.at(node, low), f"`{low}` is greater than `{high}`", "correct the limits"
            )
    if schema.get("enum") == []:
        yield rules.IMPOSSIBLE_SCHEMA.at(
            subject.at(node, "enum"), "`enum` is empty", "leave it out, or list what is allowed"
        )


def _closed_combination(subject: Subject, node: Node) -> Iterator[Finding]:
    schema = node.schema
    if schema.get("additionalProperties") is not False or "patternProperties" in schema:
        return
    own = schema.get("properties")
    own = own if isinstance(own, dict) else {}
    for keyword in ("allOf", "anyOf", "oneOf"):
        branches = schema.get(keyword)
        for index, branch in enumerate(branches[:50] if isinstance(branches, list) else []):
            described = branch.get("properties") if isinstance(branch, dict) else None
            others = [name for name in described if name not in own] if isinstance(described, dict) else []
            if others:
                yield rules.CLOSED_COMBINATION.at(
                    subject.at(node, keyword, index),
                    f"`additionalProperties: false` beside `{keyword}` forbids {quoted(others[0])}, which is in it",
                    "write `unevaluatedProperties: false`, or name the property in `properties` as well",
                )


def _format(subject: Subject, node: Node) -> Iterator[Finding]:
    found = node.schema.get("format")
    if isinstance(found, str) and found not in FORMATS:
        yield rules.UNKNOWN_FORMAT.at(
            subject.at(node, "format"),
            f"the format {quoted(found)} is none of JSON Schema's",
            "describe it in words, or use `pattern`",
        )


def _pattern(subject: Subject, node: Node) -> Iterator[Finding]:
    places: list[tuple[tuple[str, ...], object]] = [(("pattern",), node.schema.get("pattern"))]
    named = node.schema.get("patternProperties")
    if isinstance(named, dict):
        places += [(("patternProperties", name), name) for name in list(named)[:100]]
    for steps, pattern in places:
        if isinstance(pattern, str) and (why := flaw(pattern)) is not None:
            yield rules.PATTERN.at(
                subject.at(node, *steps), f"{quoted(pattern)} is no regular expression: {why}", "correct it"
            )


def judge_siblings(subject: Subject, node: Node) -> Iterator[Finding]:
    """Yield what is ignored beside a `$ref`, in the dialects where it is."""
    ignored = (
        [key for key in node.schema if key not in _ANNOTATIONS and key != "default"] if "$ref" in node.schema else []
    )
    if ignored:
        yield rules.REF_SIBLINGS.at(
            subject.at(node, ignored[0]), f"`{ignored[0][:100]}` beside `$ref` is ignored", "put both into an `allOf`"
        )


# One place of what models fill in


def _property_names(subject: Subject, node: Node) -> Iterator[Finding]:
    properties = node.schema.get("properties")
    if node.parent is not None or not isinstance(properties, dict):
        return
    for name in properties:
        if not _PROPERTY_NAME.fullmatch(name):
            yield rules.PROPERTY_NAME.at(
                subject.at(node, "properties", name),
                f"Anthropic's API refuses the argument's name {quoted(name)}: it takes 1 to 64 of A-Z a-z 0-9 _ - .",
                "rename it",
            )


def _arrays(subject: Subject, node: Node) -> Iterator[Finding]:
    schema = node.schema
    types = schema.get("type")
    if "prefixItems" in schema or isinstance(schema.get("items"), list):
        yield rules.TUPLE_ITEMS.at(
            subject.at(node),
            "an array with a schema for each place; OpenAI's and Gemini's APIs refuse it",
            "use an object",
        )
    elif (types == "array" or (isinstance(types, list) and "array" in types)) and "items" not in schema:
        yield rules.ARRAY_ITEMS.at(
            subject.at(node), "an array without `items`", 'say what is in it, if only by `"items": {}`'
        )


def _types(subject: Subject, node: Node) -> Iterator[Finding]:
    schema = node.schema
    if isinstance(schema.get("type"), list):
        yield rules.TYPE_LIST.at(
            subject.at(node, "type"), f"`type` is the list {quoted(schema['type'])}", "write `anyOf` with one type each"
        )
    if node.keyword == "properties" and not _TELLING & schema.keys() and not node.is_partial:
        yield rules.MISSING_TYPE.at(subject.at(node), "nothing tells what the argument may be", "add a `type`")
    values = schema.get("enum")
    if isinstance(values, list) and any(not isinstance(value, str) for value in values[:1000]):
        yield rules.ENUM_TYPES.at(
            subject.at(node, "enum"),
            "`enum` has other values than strings",
            "list strings, or describe the values in words",
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_Rule = Callable[[Subject, Node], Iterator[Finding]]

_OF_NODES: tuple[_Rule, ...] = (_unknown_required, _impossible, _closed_combination, _format, _pattern)
_OF_INPUT_NODES: tuple[_Rule, ...] = (_property_names, _arrays, _types)
