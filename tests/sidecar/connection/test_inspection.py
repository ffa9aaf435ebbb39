"""The rules of the inspection by themselves: each is broken by what breaks it, and by nothing else."""

import copy
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from mcp_sidecar.connection.inspection import rules
from mcp_sidecar.connection.inspection.dialect import dialect_of
from mcp_sidecar.connection.inspection.finding import Finding, Place
from mcp_sidecar.connection.inspection.json_path import json_path
from mcp_sidecar.connection.inspection.judgement import Judgement
from mcp_sidecar.connection.inspection.listing import Listing
from mcp_sidecar.connection.inspection.presentation import Presentation
from mcp_sidecar.connection.inspection.probe import Probe
from mcp_sidecar.connection.inspection.report import FINDINGS_PER_RULE, Findings, Outcome
from mcp_sidecar.connection.inspection.rules import RULES
from mcp_sidecar.connection.inspection.schema_tree import NODE_LIMIT, nodes
from mcp_sidecar.connection.inspection.watch import Watch
from mcp_sidecar.connection.misdeeds import KINDS_KEPT, Misdeed, Misdeeds
from mcp_sidecar.connection.problems import Problem
from mcp_sidecar.connection.status import ServerInfo

Json = Any

METHODS = {
    "tools": "tools/list",
    "resources": "resources/list",
    "templates": "resources/templates/list",
    "prompts": "prompts/list",
}

STRING = {"type": "string", "description": "a text"}


def server(**fields: Any) -> ServerInfo:
    capabilities: dict[str, Any] = {"tools": {}, "resources": {}, "prompts": {}, "completions": {}, "logging": {}}
    known: dict[str, Any] = {
        "name": "a",
        "version": "1",
        "protocol_version": "2025-11-25",
        "capabilities": capabilities,
        "instructions": "Do.",
    }
    return ServerInfo(**known | fields)


def tool(**fields: Any) -> Json:
    return {"name": "a", "description": "Does it.", "inputSchema": {"type": "object"}} | fields


def taking(schema: Json) -> Json:
    """A tool with one argument."""
    return tool(inputSchema={"type": "object", "properties": {"a": {"description": "it"} | schema}})


def prompt(**fields: Any) -> Json:
    return {"name": "a", "description": "Asks."} | fields


def resource(**fields: Any) -> Json:
    return {"uri": "a:1", "name": "a", "description": "Is."} | fields


def template(**fields: Any) -> Json:
    return {"uriTemplate": "a:{b}", "name": "a", "description": "Is."} | fields


def listing(method: str, items: list[Json], outcome: Outcome = "answered", **fields: Any) -> Listing:
    return Listing(method=method, first=Probe(method=method, outcome=outcome, why="no"), items=tuple(items), **fields)


def presented(about: ServerInfo | None = None, **fields: Any) -> Presentation:
    """A server that lists what is given, and answers the rest."""
    listings = {METHODS[key]: listing(METHODS[key], fields.pop(key, [])) for key in METHODS}
    listings |= fields.pop("listings", {})
    return Presentation(server=about or server(), listings=listings, **fields)


def found(presentation: Presentation, seconds: float = 20) -> list[Finding]:
    judgement = Judgement(presentation, Watch(seconds))
    judgement.run()
    assert judgement.skipped == []
    return list(judgement.findings.sorted())


def told(presentation: Presentation) -> list[tuple[str, str, str]]:
    return [(finding.rule, finding.severity, finding.place.path) for finding in found(presentation)]


def of_schema(schema: Json, field: str = "inputSchema", **fields: Any) -> list[tuple[str, str]]:
    """What is wrong with a schema, but for descriptions: rules and paths in the schema."""
    return [
        (finding.rule, finding.place.path.removeprefix(f"$.{field}"))
        for finding in found(presented(tools=[tool(**{field: schema})], **fields))
        if finding.rule != "argument-description"
    ]


NESTED: Json = {"type": "string"}
for _ in range(40):
    NESTED = {"type": "object", "properties": {"a": NESTED}}

CASES: list[tuple[str, str, Presentation]] = [
    ("server-name", "$.name", presented(server(name=" "))),
    ("server-version", "$.version", presented(server(version=""))),
    ("server-instructions", "$.instructions", presented(server(instructions=None))),
    ("old-protocol", "$.protocolVersion", presented(server(protocol_version="2024-11-05"))),
    (
        "declared-capability",
        "$",
        presented(listings={"tools/list": listing("tools/list", [], "unanswered")}),
    ),
    ("undeclared-capability", "$", presented(server(capabilities={"resources": {}, "tools": {}}), prompts=[prompt()])),
    (
        "unknown-method",
        "$",
        presented(
            server(capabilities={"resources": {}, "tools": {}}),
            listings={"prompts/list": listing("prompts/list", [], "refused")},
        ),
    ),
    ("ping", "$", presented(probes=(Probe(method="ping", outcome="unanswered"),))),
    ("slow-list", "$", presented(listings={"tools/list": listing("tools/list", [], duration_ms=6000)})),
    ("paging", "$.nextCursor", presented(listings={"tools/list": listing("tools/list", [], paging="no end")})),
    (
        "protocol-schema",
        "$.title",
        presented(
            listings={
                "tools/list": listing(
                    "tools/list",
                    [tool(name="b"), tool(title=1, description="Other.")],
                    problems=((1, Problem("protocol", "$.tools[0].title", "no text")),),
                )
            }
        ),
    ),
    ("protocol-violation", "$", presented(misdeeds=(Misdeed(rule="violation", message="garbage"),))),
    (
        "structured-output",
        "$",
        presented(
            tools=[tool()], misdeeds=(Misdeed(rule="output-schema", message="no", method="tools/call", name="a"),)
        ),
    ),
    (
        "undeclared-output",
        "$",
        presented(
            tools=[tool()], misdeeds=(Misdeed(rule="undeclared-output", message="no", method="tools/call", name="a"),)
        ),
    ),
    (
        "resource-read",
        "$",
        presented(resources=[resource()], probes=(Probe(method="resources/read", about="a:1", outcome="refused"),)),
    ),
    (
        "resource-mismatch",
        "$.mimeType",
        presented(
            resources=[resource(mimeType="text/plain", size=3)],
            probes=(
                Probe(
                    method="resources/read",
                    about="a:1",
                    outcome="answered",
                    result={"contents": [{"uri": "a:1", "mimeType": "text/html", "text": "abc"}]},
                ),
            ),
        ),
    ),
    ("tool-name", "$.name", presented(tools=[tool(name="a/b")])),
    ("unportable-tool-name", "$.name", presented(tools=[tool(name="a.b")])),
    ("prompt-name", "$.name", presented(prompts=[prompt(name="a b")])),
    ("duplicate-name", "$", presented(resources=[resource(), resource()])),
    ("similar-names", "$", presented(prompts=[prompt(name="add"), prompt(name="Add")])),
    ("missing-description", "$", presented(tools=[tool(description=" ")])),
    ("argument-description", "$.arguments[0]", presented(prompts=[prompt(arguments=[{"name": "b"}])])),
    ("same-description", "$.description", presented(tools=[tool(), tool(name="b")])),
    ("long-description", "$.description", presented(tools=[tool(description="x" * 2049)])),
    ("title", "$", presented(tools=[tool(title="A"), tool(name="b", description="Other.")])),
    (
        "annotations",
        "$.annotations",
        presented(tools=[tool(annotations={"readOnlyHint": True, "destructiveHint": True})]),
    ),
    ("icon", "$.icons[0].src", presented(tools=[tool(icons=[{"src": "javascript:alert(1)"}])])),
    ("resource-uri", "$.uri", presented(resources=[resource(uri="a b")])),
    ("uri-template", "$.uriTemplate", presented(templates=[template(uriTemplate="a:{")])),
    ("constant-template", "$.uriTemplate", presented(templates=[template(uriTemplate="a:b")])),
    ("mime-type", "$.mimeType", presented(resources=[resource(mimeType="text")])),
    ("resource-size", "$.size", presented(resources=[resource(size=-1)])),
    (
        "last-modified",
        "$.annotations.lastModified",
        presented(templates=[template(annotations={"lastModified": "yesterday"})]),
    ),
    ("schema-root", "$.inputSchema", presented(tools=[tool(inputSchema={})])),
    ("invalid-schema", "$.inputSchema.properties.a.type", presented(tools=[taking({"type": "text"})])),
    (
        "schema-dialect",
        "$.inputSchema.$schema",
        presented(tools=[tool(inputSchema={"type": "object", "$schema": "x"})]),
    ),
    ("unresolvable-ref", "$.inputSchema.properties.a.$ref", presented(tools=[taking({"$ref": "#/$defs/b"})])),
    ("remote-ref", "$.inputSchema.properties.a.$ref", presented(tools=[taking({"$ref": "https://x.test/s"})])),
    ("ref-loop", "$.inputSchema.$ref", presented(tools=[tool(inputSchema={"type": "object", "$ref": "#"})])),
    ("recursive-schema", "$.inputSchema.properties.a.$ref", presented(tools=[taking({"$ref": "#"})])),
    (
        "ref-siblings",
        "$.inputSchema.properties.a.maxLength",
        presented(
            tools=[
                tool(
                    inputSchema={
                        "$schema": "http://json-schema.org/draft-07/schema#",
                        "type": "object",
                        "properties": {"a": {"description": "it", "$ref": "#/definitions/b", "maxLength": 1}},
                        "definitions": {"b": {"type": "string"}},
                    }
                )
            ]
        ),
    ),
    ("deep-schema", json_path(["inputSchema", *["properties", "a"] * 40]), presented(tools=[tool(inputSchema=NESTED)])),
    ("large-schema", "$.inputSchema", presented(tools=[taking({"type": "string", "description": "x" * 20_000})])),
    ("root-combination", "$.inputSchema", presented(tools=[tool(inputSchema={"type": "object", "anyOf": [{}]})])),
    (
        "property-name",
        '$.inputSchema.properties["a[]"]',
        presented(tools=[tool(inputSchema={"type": "object", "properties": {"a[]": STRING}})]),
    ),
    (
        "unknown-required",
        "$.inputSchema.required[0]",
        presented(tools=[tool(inputSchema={"type": "object", "required": ["b"]})]),
    ),
    ("array-items", "$.inputSchema.properties.a", presented(tools=[taking({"type": "array"})])),
    (
        "tuple-items",
        "$.inputSchema.properties.a",
        presented(tools=[taking({"type": "array", "prefixItems": [{"type": "string"}]})]),
    ),
    ("enum-types", "$.inputSchema.properties.a.enum", presented(tools=[taking({"type": "integer", "enum": [1]})])),
    ("type-list", "$.inputSchema.properties.a.type", presented(tools=[taking({"type": ["string", "null"]})])),
    ("missing-type", "$.inputSchema.properties.a", presented(tools=[taking({})])),
    (
        "unknown-format",
        "$.inputSchema.properties.a.format",
        presented(tools=[taking({"type": "integer", "format": "int32"})]),
    ),
    ("pattern", "$.inputSchema.properties.a.pattern", presented(tools=[taking({"type": "string", "pattern": "(a"})])),
    (
        "closed-combination",
        "$.inputSchema.properties.a.allOf[0]",
        presented(
            tools=[taking({"type": "object", "additionalProperties": False, "allOf": [{"properties": {"b": STRING}}]})]
        ),
    ),
    (
        "impossible-schema",
        "$.inputSchema.properties.a.minLength",
        presented(tools=[taking({"type": "string", "minLength": 3, "maxLength": 2})]),
    ),
    ("default", "$.inputSchema.properties.a.default", presented(tools=[taking({"type": "integer", "default": "x"})])),
    ("x-mcp-header", "$.inputSchema", presented(tools=[taking({"type": "string", "x-mcp-header": "no token"})])),
]
"""For each rule, where it is found, in a server that breaks it."""


def test_every_rule_has_a_case() -> None:
    assert [rule for rule, _, _ in CASES] == [rule.id for rule in RULES]


def test_the_rules_have_names_that_can_be_relied_on() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.id == "-".join(rule.id.lower().split()) for rule in RULES)


ALSO = {
    "deep-schema": {"argument-description"},
    "large-schema": {"long-description"},
    "ref-siblings": {"schema-dialect"},
}
"""What else a case can't help breaking."""


@pytest.mark.parametrize(("rule", "path", "presentation"), CASES, ids=[rule for rule, _, _ in CASES])
def test_a_rule_is_broken_by_what_breaks_it_and_no_other(rule: str, path: str, presentation: Presentation) -> None:
    findings = found(presentation)
    own = [finding for finding in findings if finding.rule == rule]
    assert [finding.place.path for finding in own][:1] == [path]
    assert own[0].severity == next(each.severity for each in RULES if each.id == rule)
    assert all(finding.message and "\n" not in finding.message for finding in findings)
    assert {finding.rule for finding in findings} - ALSO.get(rule, set()) == {rule}


def test_a_place_can_be_found() -> None:
    (finding,) = found(presented(tools=[tool(), tool(name="b.c", description="Other.")]))
    assert finding.place == Place(kind="tool", name="b.c", index=1, path="$.name")


# Nothing wrong

TIDY = [
    presented(),
    presented(server(protocol_version="2024-11-05"), pinned=True),
    presented(tools=[tool()]),
    presented(
        tools=[
            taking({"type": "string", "default": "x", "examples": ["y"]}),
            tool(name="b", description="Other.", annotations={"readOnlyHint": True, "destructiveHint": False}),
            tool(name="c-d_E9", description="Third.", outputSchema={"type": "object"}),
        ]
    ),
    presented(prompts=[prompt(arguments=[{"name": "b", "description": "it"}])]),
    presented(
        resources=[
            resource(mimeType="text/html;profile=mcp-app", size=0),
            resource(uri="file:///a%20b.txt"),
            resource(uri="urn:isbn:0-306-40615-2"),
            resource(uri="http://[::1]:80/a?b=c&d[]=e#f"),
        ]
    ),
    presented(
        templates=[
            template(uriTemplate=text)
            for text in ("a:{b}", "a:{+b}/c", "a:{b,c}", "a:{b:3}", "a:{?b*}", "a:{+b}{+c}", "a:{b}{c}", "{scheme}:x")
        ]
    ),
    presented(resources=[resource(annotations={"lastModified": "2025-01-12T15:00:58Z", "priority": 1})]),
    presented(
        tools=[tool(icons=[{"src": "https://x.test/a.png", "sizes": ["48x48", "any"], "mimeType": "image/png"}])]
    ),
    presented(probes=(Probe(method="completion/complete", about="a", outcome="answered"),)),
]


@pytest.mark.parametrize("presentation", TIDY)
def test_nothing_is_found_where_nothing_is_wrong(presentation: Presentation) -> None:
    assert found(presentation) == []


SOUND: list[Json] = [
    {"type": "object"},
    {"type": "object", "properties": {}, "additionalProperties": False},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"type": "string"}}},
    {"type": "object", "properties": {"a": {"$ref": "#b"}}, "$defs": {"b": {"$anchor": "b", "type": "string"}}},
    {"type": "object", "properties": {"a": {"$ref": "b.json"}}, "$defs": {"b": {"$id": "b.json", "type": "string"}}},
    {
        "$id": "https://x.test/root.json",
        "type": "object",
        "properties": {"a": {"$ref": "root.json#/$defs/b"}, "c": {"$ref": "https://x.test/b"}},
        "$defs": {"b": {"$id": "/b", "type": "string"}},
    },
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/a~1b%20c"}}, "$defs": {"a/b c": {"type": "string"}}},
    {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}}},
    {"type": "object", "properties": {"a": {"const": 1}, "b": {"enum": ["x", "y"]}}},
    {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}, "default": []}}},
    {"type": "object", "properties": {"a": {"type": "object", "required": ["b"]}}},
    {
        "type": "object",
        "properties": {"a": {"type": "object", "properties": {"b": STRING}, "anyOf": [{"required": ["b"]}]}},
    },
    {
        "type": "object",
        "properties": {"a": {"type": "object", "allOf": [{"$ref": "#/$defs/b"}], "required": ["c"]}},
        "$defs": {"b": {"type": "object", "properties": {"c": STRING}}},
    },
    {"type": "object", "properties": {"a": {"type": "string", "pattern": r"^\p{L}+(?<year>\d{4})\k<year>[^]$"}}},
    {"type": "object", "properties": {"a": {"type": "string", "pattern": "[[a]]", "format": "date-time"}}},
    {"type": "object", "properties": {"a": {"type": "string", "x-mcp-header": "Region"}}},
    {"type": "object", "properties": {"description": {"type": "string"}, "type": {"type": "string"}}},
    {"type": "object", "properties": {"items": {"type": "string"}, "enum": {"type": "string"}}},
    {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"},
]


@pytest.mark.parametrize("schema", SOUND, ids=json.dumps)
def test_a_sound_schema_is_left_alone(schema: Json) -> None:
    before = copy.deepcopy(schema)
    assert of_schema(schema) == []
    assert schema == before


@pytest.mark.parametrize(
    "part", [{"type": "array"}, {"type": "array", "prefixItems": [{}]}, {"type": ["string", "null"]}, {"enum": [1]}, {}]
)
def test_what_no_model_fills_in_may_be_like_that(part: Json) -> None:
    assert of_schema({"type": "object", "properties": {"a": part}}, "outputSchema") == []


# Severities that differ


@pytest.mark.parametrize(
    ("presentation", "expected"),
    [
        (presented(prompts=[prompt(description=None)]), ("missing-description", "information", "$")),
        (
            presented(
                listings={"resources/templates/list": listing("resources/templates/list", [], "unknown")},
            ),
            ("declared-capability", "information", "$"),
        ),
        (
            presented(server(capabilities={"tools": {}, "resources": {}}), prompts=[prompt()]),
            ("undeclared-capability", "warning", "$"),
        ),
        (
            presented(server(capabilities={"tools": {}, "resources": {}})),
            ("undeclared-capability", "information", "$"),
        ),
        (
            presented(tools=[tool(outputSchema={"type": "array"})], modern=True),
            ("schema-root", "information", "$.outputSchema"),
        ),
        (presented(tools=[tool(outputSchema={"type": "array"})]), ("schema-root", "error", "$.outputSchema")),
        (
            presented(
                tools=[tool(inputSchema={"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"})]
            ),
            ("schema-dialect", "hint", "$.inputSchema.$schema"),
        ),
    ],
)
def test_what_matters_less_is_milder(presentation: Presentation, expected: tuple[str, str, str]) -> None:
    first = told(presentation)[0]
    if expected[0] == "undeclared-capability" and expected[1] == "information":
        assert {each[:2] for each in told(presentation)} == {expected[:2]}
    assert first == expected


def test_an_older_dialect_is_told_once_for_all_schemas() -> None:
    schema = {"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"}
    tools = [tool(name=f"t{number}", description=f"{number}", inputSchema=schema) for number in range(30)]
    (finding,) = found(presented(tools=tools))
    assert "30 schemas" in finding.message


# Dialects


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object", "minProperties": -1}, [("invalid-schema", ".minProperties")]),
        ({"type": "object", "properties": [1]}, [("invalid-schema", ".properties")]),
        ({"type": "object", "properties": {"a": 1}}, [("invalid-schema", ".properties.a")]),
        ({"type": "object", "required": "a"}, [("invalid-schema", ".required")]),
        ({"type": "object", "required": ["a", "a"], "properties": {"a": STRING}}, [("invalid-schema", ".required")]),
        ({"type": "object", "additionalProperties": "no"}, [("invalid-schema", ".additionalProperties")]),
        (
            {"type": "object", "properties": {"a": {"type": "string", "minLength": "3"}}},
            [("invalid-schema", ".properties.a.minLength")],
        ),
        (
            {"type": "object", "properties": {"a": {"anyOf": []}}},
            [("invalid-schema", ".properties.a.anyOf")],
        ),
    ],
    ids=json.dumps,
)
def test_a_schema_is_held_against_its_own_dialect(schema: Json, expected: list[tuple[str, str]]) -> None:
    assert of_schema(schema) == expected


@pytest.mark.parametrize(
    ("dialect", "is_valid"),
    [
        ("http://json-schema.org/draft-04/schema#", True),
        ("http://json-schema.org/draft-06/schema#", False),
        ("http://json-schema.org/draft-07/schema", False),
        ("https://json-schema.org/draft/2019-09/schema", False),
        ("https://json-schema.org/draft/2020-12/schema#", False),
        (None, False),
    ],
)
def test_the_limits_of_draft_04_are_right_in_draft_04_alone(dialect: str | None, is_valid: bool) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "number", "minimum": 1, "exclusiveMinimum": True}}}
    findings = found(presented(tools=[tool(inputSchema=schema | ({} if dialect is None else {"$schema": dialect}))]))
    invalid = [finding for finding in findings if finding.rule == "invalid-schema"]
    assert (invalid == []) == is_valid
    if invalid:
        assert "draft-04" in (invalid[0].suggestion or "")


@pytest.mark.parametrize("named", ["https://example.com/mine", "", 7, None])
def test_an_unknown_dialect_is_none(named: Any) -> None:
    assert (dialect_of({"$schema": named}) is None) == (named is not None)


# Hostile schemas


def nested(depth: int, closing: Json) -> Json:
    for _ in range(depth):
        closing = {"not": closing, "items": {"type": "string"}}
    return closing


def wide(width: int) -> Json:
    return {"type": "object", "properties": {f"a{number}": STRING for number in range(width)}}


RING = {f"d{number}": {"$ref": f"#/$defs/d{(number + 1) % 5000}"} for number in range(5000)}
DOUBLING = {f"d{number}": {"anyOf": [{"$ref": f"#/$defs/d{number + 1}"}] * 2} for number in range(60)}


@pytest.mark.parametrize(
    ("schema", "rule"),
    [
        (nested(1_000, {"type": "object"}), "deep-schema"),
        (nested(50_000, {"$ref": "#"}), "deep-schema"),
        (wide(100_000), "large-schema"),
        ({"type": "object", "$ref": "#/$defs/d0", "$defs": RING}, "ref-loop"),
        (
            {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0", "default": 1}}, "$defs": DOUBLING},
            "unresolvable-ref",
        ),
        ({"type": "object", "$defs": {"a": {"$ref": "#/" + "a/" * 100_000}}}, "unresolvable-ref"),
        ({"type": "object", "properties": {"x" * 1_000_000: {"type": "string"}}}, "property-name"),
        ({"type": "object", "properties": {"a": {"type": "string", "pattern": "(" * 1000}}}, "missing-description"),
        ({"type": "object", "properties": {"a": {"type": "string", "default": "a" * 9000, "pattern": "(a+)+b"}}}, None),
        ({"type": "object", "required": [f"r{number}" for number in range(100_000)]}, "unknown-required"),
        ({"type": "object", "properties": {"a": {"enum": list(range(100_000))}}}, "enum-types"),
    ],
    ids=[
        "deep",
        "deeper",
        "wide",
        "ring",
        "doubling",
        "pointer",
        "name",
        "pattern",
        "backtracking",
        "required",
        "enum",
    ],
)
def test_a_hostile_schema_is_judged_in_bounded_time(schema: Json, rule: str | None) -> None:
    started = time.thread_time()
    findings = found(presented(tools=[{"name": "a", "inputSchema": schema}]), seconds=60)
    assert time.thread_time() - started < 15
    assert rule is None or rule in {finding.rule for finding in findings}
    assert all(len(finding.message) < 1000 for finding in findings)
    assert all(len(finding.place.path) < 1000 for finding in findings)


def test_of_a_schema_only_so_many_places_are_looked_at() -> None:
    assert len(list(nodes(wide(100_000)))) == NODE_LIMIT


def test_values_that_look_like_schemas_are_none() -> None:
    value = {"properties": {"x": {"type": "nonsense"}}, "$ref": "#/nowhere"}
    schema = {"type": "object", "properties": {"a": {"type": "object", "default": value, "examples": [value]}}}
    assert of_schema(schema) == []


@pytest.mark.parametrize("listed", [[None, 7, "x", [], {}], [{"name": None}], [{"name": 3, "inputSchema": []}]])
def test_items_that_are_none_are_passed_over(listed: list[Json]) -> None:
    for key in METHODS:
        found(presented(None, **{key: listed}))


STRANGE: list[Mapping[str, Any]] = [
    {"name": "a", "description": [], "title": 7, "icons": {"src": 1}, "annotations": [], "arguments": 3},
    {"name": "a", "icons": [7, {"src": 7, "sizes": "48x48"}, {"sizes": [7]}], "annotations": {"lastModified": 7}},
    {
        "name": "a",
        "uri": "a:1",
        "uriTemplate": "a:{b}",
        "arguments": [7, {}, {"name": 7}, {"name": "b", "description": 7}],
    },
    {"name": "\ud800", "uri": "\ud800", "uriTemplate": "\ud800", "description": "\ud800", "mimeType": "\ud800"},
    {"name": "a\nb\x1b", "uri": "a:\n", "uriTemplate": "a:{\n}", "title": "\n", "mimeType": "a/b\n"},
]


@pytest.mark.parametrize("item", STRANGE)
def test_strange_fields_stop_nothing(item: Mapping[str, Any]) -> None:
    for key in METHODS:
        for finding in found(presented(None, **{key: [item]})):
            assert "\n" not in finding.message


# Bounds


def test_of_one_rule_only_so_many_findings_are_told_and_the_others_counted() -> None:
    findings = Findings()
    for number in range(FINDINGS_PER_RULE + 5):
        findings.add(rules.TITLE.at(Place(kind="tool", index=number), "no title"))
        findings.add(rules.TITLE.at(Place(kind="tool", index=0), "no title"))  # the same again
    findings.add(rules.PING.at(Place(kind="request"), "no answer"))
    assert len(findings.sorted()) == FINDINGS_PER_RULE + 1
    assert findings.sorted()[0].rule == "ping"
    assert findings.omitted == {"title": 5}


def test_what_there_is_no_time_for_is_told() -> None:
    judgement = Judgement(presented(tools=[tool(), tool(name="b")]), Watch(0))
    judgement.run()
    assert [skipped.why for skipped in judgement.skipped] == ["there was no time left"]


def test_a_judgement_that_is_stopped_ends() -> None:
    watch = Watch(60)
    watch.stop()
    judgement = Judgement(presented(tools=[taking({"type": "string"})]), watch)
    judgement.run()
    assert judgement.skipped != []


# Misdeeds


def test_a_misdeed_is_kept_once_and_counted() -> None:
    misdeeds = Misdeeds()
    for number in range(1000):
        misdeeds.note(Misdeed(rule="violation", message=f"an answer to request {number}"))
    (kept,) = misdeeds.kept
    assert (kept.message, kept.count) == ("an answer to request 0", 1000)


def test_what_two_tools_did_wrong_is_told_of_both_though_their_names_differ_in_a_number_only() -> None:
    misdeeds = Misdeeds()
    for name in ("get_v1", "get_v2", "get_v2"):
        misdeeds.note(Misdeed(rule="output-schema", message="no", method="tools/call", name=name))
    assert [(each.name, each.count) for each in misdeeds.kept] == [("get_v1", 1), ("get_v2", 2)]


def test_only_so_many_kinds_of_misdeeds_are_kept() -> None:
    misdeeds = Misdeeds()
    for number in range(KINDS_KEPT + 7):
        misdeeds.note(Misdeed(rule="violation", message="x" * (number + 1)))
    misdeeds.note(Misdeed(rule="violation", message="y" * 1_000_000))
    assert len(misdeeds.kept) == KINDS_KEPT
    assert misdeeds.dropped == 8
    assert max(len(each.message) for each in misdeeds.kept) <= 500


def test_what_was_wrong_with_a_list_before_is_judged_as_it_is_now() -> None:
    misdeed = Misdeed(rule="protocol", message="no text", method="tools/list")
    assert found(presented(misdeeds=(misdeed,))) == []


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ((), "$"),
        (("a", 0, "b-c"), "$.a[0].b-c"),
        (("a b", "x.y", ""), '$["a b"]["x.y"][""]'),
        (('"',), '$["\\""]'),
    ],
)
def test_a_path_names_every_step(steps: tuple[int | str, ...], path: str) -> None:
    assert json_path(steps) == path
