"""The rules about a schema: whether it is one, and whether hosts and model APIs take it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mcp.shared.inbound import find_invalid_x_mcp_header

from mcp_sidecar.connection.inspection import rules
from mcp_sidecar.connection.inspection.defaults import broken_offers
from mcp_sidecar.connection.inspection.dialect import DEFAULT, Dialect, dialect_of
from mcp_sidecar.connection.inspection.finding import Finding, quoted
from mcp_sidecar.connection.inspection.json_path import json_path
from mcp_sidecar.connection.inspection.node_rules import judge_node, judge_siblings
from mcp_sidecar.connection.inspection.references import References
from mcp_sidecar.connection.inspection.schema_tree import NODE_LIMIT, Node, nodes
from mcp_sidecar.connection.inspection.subject import Subject
from mcp_sidecar.connection.inspection.watch import Watch

DEEPEST = 32
"""Levels of schemas in schemas. OpenAI takes ten where it is strict; many readers of JSON end at 64 or 128 levels."""

LARGEST = 16 * 1024
"""Characters of a schema as JSON: some 4,000 tokens of every request to a model."""

_ROOT_COMBINATIONS = ("anyOf", "oneOf", "allOf", "not", "enum")


def judge_schema(subject: Subject, watch: Watch) -> Iterator[Finding]:
    """Yield what is wrong with a schema.

    Raises:
        OutOfTime: the watch ended.
    """
    schema = subject.schema
    yield from _root(subject)
    if not isinstance(schema, dict):
        return
    found = list(nodes(schema))
    if len(found) == NODE_LIMIT:
        yield rules.LARGE_SCHEMA.at(
            subject.root, f"the schema has over {NODE_LIMIT} places; the rest was not looked at"
        )
    yield from _size(subject)
    yield from _depth(subject, found)
    dialect = dialect_of(schema)
    yield from _dialect(subject, dialect)
    references = References(found)
    yield from _references(subject, references)
    if subject.role == "inputSchema":
        yield from _argument_descriptions(subject, references)
    is_valid = True
    for node in found:
        watch.look()
        for fault in _faults(subject, node, dialect or Dialect(DEFAULT)):
            is_valid = False
            yield fault
        yield from judge_node(subject, node)
        if dialect is not None and dialect.ignores_beside_ref:
            yield from judge_siblings(subject, node)
    if is_valid and not any(reference.target is None for reference in references.all):
        yield from _offers(subject, found, watch)


# The whole


def _root(subject: Subject) -> Iterator[Finding]:
    schema = subject.schema
    what = f"the {subject.role}"
    if not isinstance(schema, dict):
        said = "is missing" if schema is None else f"is {quoted(schema)}, not an object"
        yield rules.SCHEMA_ROOT.at(
            subject.root, f"{what} {said}", 'write {"type": "object"} where there are no arguments'
        )
        return
    if schema.get("type") != "object":
        said = f"has the type {quoted(schema['type'])}" if "type" in schema else "has no type"
        mild = subject.modern and subject.role == "outputSchema"
        advice = 'add "type": "object"; wrap other values in an object'
        yield rules.SCHEMA_ROOT.at(subject.root, f"{what} {said} at its root", advice, milder=mild)
    if subject.role == "inputSchema":
        for keyword in _ROOT_COMBINATIONS:
            if keyword in schema:
                yield rules.ROOT_COMBINATION.at(
                    subject.root,
                    f"`{keyword}` at the root of the inputSchema, for which model APIs refuse the whole request",
                    "describe all arguments in `properties`, and the combination in the description",
                )
        reason = find_invalid_x_mcp_header(schema)
        if reason is not None:
            yield rules.HEADER.at(
                subject.root,
                reason,
                "annotate only top-level or nested `properties` of type string, integer or boolean",
            )


def _size(subject: Subject) -> Iterator[Finding]:
    try:
        size = len(json.dumps(subject.schema, ensure_ascii=False))
    except (RecursionError, ValueError):  # told as too deep
        return
    if size > LARGEST:
        yield rules.LARGE_SCHEMA.at(
            subject.root,
            f"the {subject.role} has {size} characters",
            "split the tool, or describe rare arguments in words",
        )


def _depth(subject: Subject, found: list[Node]) -> Iterator[Finding]:
    deepest = max(found, key=lambda node: node.depth)
    if deepest.depth > DEEPEST:
        yield rules.DEEP_SCHEMA.at(
            subject.at(deepest),
            f"the {subject.role} is nested {deepest.depth} levels deep",
            "flatten it, or use `$ref`",
        )


def _dialect(subject: Subject, dialect: Dialect | None) -> Iterator[Finding]:
    place = subject.place.at(f"$.{subject.role}.$schema")
    if dialect is None:
        yield rules.SCHEMA_DIALECT.at(
            place,
            f"the dialect {quoted(subject.schema['$schema'])} is unknown; judged as 2020-12",
            "leave `$schema` out: MCP's default is 2020-12",
        )


def judge_dialects(subjects: list[Subject]) -> Iterator[Finding]:
    """Yield each older dialect once: the library that a server is made with writes the same into all its schemas."""
    found: dict[Dialect, list[Subject]] = {}
    for subject in subjects:
        dialect = dialect_of(subject.schema) if isinstance(subject.schema, dict) else None
        if dialect is not None and not dialect.is_current:
            found.setdefault(dialect, []).append(subject)
    for dialect, those in found.items():
        which = "this schema is" if len(those) == 1 else f"{len(those)} schemas are, this one first,"
        yield rules.SCHEMA_DIALECT.at(
            those[0].place.at(f"$.{those[0].role}.$schema"),
            f"{which} in {dialect.name}; hosts need only know 2020-12",
            "leave `$schema` out, or write 2020-12",
            milder=True,
        )


def _references(subject: Subject, references: References) -> Iterator[Finding]:
    for reference in references.all:
        place = subject.at(reference.node, "$ref")
        if reference.is_remote:
            message = f"{quoted(reference.text)} leads out of the schema; hosts must not fetch it"
            yield rules.REMOTE_REF.at(place, message, "copy what it refers to into `$defs`")
        elif reference.target is None:
            yield rules.UNRESOLVABLE_REF.at(
                place, f"{quoted(reference.text)} leads nowhere", "add it under `$defs`, or correct the pointer"
            )
    loops = references.loops()
    for reference in loops:
        yield rules.REF_LOOP.at(
            subject.at(reference.node, "$ref"),
            f"{quoted(reference.text)} leads back to itself",
            "end the circle in a schema",
        )
    for reference in references.recursions():
        if reference.node not in [loop.node for loop in loops]:
            yield rules.RECURSIVE_SCHEMA.at(
                subject.at(reference.node, "$ref"),
                f"{quoted(reference.text)} makes the schema contain itself; Gemini's API refuses it",
                "describe a fixed number of levels, if hosts with such a model matter",
            )


def _faults(subject: Subject, node: Node, dialect: Dialect) -> Iterator[Finding]:
    for fault in dialect.faults(node.schema):
        yield rules.INVALID_SCHEMA.at(
            subject.at(node, *fault.steps),
            f"{fault.message}, says JSON Schema {dialect.name}",
            _advice(node, fault.steps),
        )


def _advice(node: Node, steps: tuple[int | str, ...]) -> str | None:
    """What to write instead of the commonest forms of draft-04 and OpenAPI."""
    keyword = steps[0] if steps else None
    value = node.schema.get(str(keyword))
    if keyword in ("exclusiveMinimum", "exclusiveMaximum") and isinstance(value, bool):
        return f"that is draft-04: write the limit itself as `{keyword}`"
    if keyword == "required" and isinstance(value, bool):
        return "that is draft-03: list the names of required properties in the object's `required`"
    if keyword == "items" and isinstance(value, list):
        return "that is draft-07: write `prefixItems`, or one schema for all items"
    return None


def _offers(subject: Subject, found: list[Node], watch: Watch) -> Iterator[Finding]:
    for offer in broken_offers(subject.schema, found, watch):
        yield rules.DEFAULT.at(
            subject.at(offer.node, *offer.steps),
            f"{quoted(offer.value)} breaks the schema that it stands in: {offer.message}",
            'correct it, or the schema; a schema for null is `anyOf` with `{"type": "null"}`'
            if offer.value is None
            else None,
        )


def _argument_descriptions(subject: Subject, references: References) -> Iterator[Finding]:
    properties = subject.schema.get("properties")
    targets = {id(reference.node.schema): reference.target for reference in references.all}
    for name, argument in properties.items() if isinstance(properties, dict) else ():
        if not isinstance(argument, dict):
            continue
        target = targets.get(id(argument))
        if not any(_says(schema) for schema in (argument, {} if target is None else target.schema)):
            yield rules.ARGUMENT_DESCRIPTION.at(
                subject.place.at(json_path(("inputSchema", "properties", name))),
                f"the argument {quoted(name)} has no description",
                "say what it is for: its name is all that a model has",
            )


def _says(schema: Mapping[str, Any]) -> bool:
    description = schema.get("description")
    return isinstance(description, str) and bool(description.strip())
