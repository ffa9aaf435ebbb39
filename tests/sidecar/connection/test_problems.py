"""What is wrong with a result: named with its place, and never a reason to lose the result."""

import itertools
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mcp_sidecar.connection.problems import PROBLEM_LIMIT, Problem, against_output_schema, against_protocol

LEGACY = "2025-06-18"
MODERN = "2026-07-28"


def protocol(method: str, result: Any, version: str = LEGACY) -> list[tuple[str, str]]:
    problems = against_protocol(method, version, result)
    assert {problem.rule for problem in problems} <= {"protocol"}
    return [(problem.path, problem.message) for problem in problems]


def output(schema: Any, value: Any) -> list[tuple[str, str]]:
    problems = against_output_schema({"name": "t", "outputSchema": schema}, {"structuredContent": value})
    assert {problem.rule for problem in problems} <= {"output-schema"}
    return [(problem.path, problem.message) for problem in problems]


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


# Against the protocol


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("tools/call", {"content": [{"type": "text", "text": "x"}], "unknown": 1}),
        ("tools/list", {"tools": [{"name": "a", "inputSchema": {"type": "object"}, "x-more": None}]}),
        ("resources/read", {"contents": [{"uri": "a:b", "blob": "AA=="}]}),
        ("made/up", {"anything": "goes"}),
    ],
)
def test_a_proper_result_has_no_problem(method: str, result: dict[str, Any]) -> None:
    assert protocol(method, result) == []


def test_a_version_without_a_schema_is_not_judged_by_another() -> None:
    assert protocol("tools/call", {}, version="1999-01-01") == []


@pytest.mark.parametrize(
    ("method", "result", "expected"),
    [
        ("tools/call", {}, [("$.content", "Field required")]),
        ("tools/call", {"content": "x"}, [("$.content", "Input should be a valid list")]),
        ("tools/list", {"tools": [{"name": "a"}]}, [("$.tools[0].inputSchema", "Field required")]),
        (
            "tools/list",
            {"tools": [{"name": "a", "inputSchema": {"type": "object"}}, {"name": 3, "inputSchema": {}}, None]},
            [
                ("$.tools[1].inputSchema.type", "Field required"),
                ("$.tools[1].name", "Input should be a valid string"),
                ("$.tools[2]", "Input should be an object"),
            ],
        ),
    ],
)
def test_a_problem_names_its_place(method: str, result: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert protocol(method, result) == expected


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_a_content_block_is_judged_as_what_it_says_it_is(version: str) -> None:
    result = {"content": [{"type": "text"}, {"type": "image", "data": 3, "mimeType": "a/b"}], "resultType": "complete"}
    assert protocol("tools/call", result, version) == [
        ("$.content[0].text", "Field required"),
        ("$.content[1].data", "Input should be a valid string"),
    ]


def test_an_unknown_content_type_is_told_which_there_are() -> None:
    ((path, message),) = protocol("tools/call", {"content": [{"type": "hologram", "text": "x"}]})
    assert path == "$.content[0].type"
    assert message == "Input should be 'text' or 'image' or 'audio' or 'resource_link' or 'resource'"


def test_a_content_block_that_is_no_object_is_one_problem() -> None:
    assert protocol("tools/call", {"content": ["text"]}) == [("$.content[0]", "Input should be an object")]


def test_a_resource_is_judged_as_both_things_it_may_be() -> None:
    assert protocol("resources/read", {"contents": [{"uri": "a:b"}]}) == [
        ("$.contents[0].text", "Field required"),
        ("$.contents[0].blob", "Field required"),
    ]


def test_the_number_of_problems_is_bounded() -> None:
    result = {"tools": [{"name": number, "inputSchema": {"type": "object"}} for number in range(1000)]}
    assert len(protocol("tools/list", result)) == PROBLEM_LIMIT


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_a_deep_result_is_judged_without_a_crash(depth: int) -> None:
    problems = protocol("tools/call", {"content": [], "structuredContent": nested(depth)})
    assert problems in ([], [("$", "nested too deep to be checked")])


# Against the tool's own schema


def test_a_tool_without_an_output_schema_owes_nothing() -> None:
    assert against_output_schema({"name": "t"}, {"content": []}) == []


def test_an_error_owes_no_structured_content() -> None:
    assert against_output_schema({"outputSchema": {"type": "object"}}, {"isError": True}) == []


def test_missing_structured_content_is_a_problem() -> None:
    (problem,) = against_output_schema({"outputSchema": {"type": "object"}}, {"content": []})
    assert problem.as_json() == {
        "rule": "output-schema",
        "path": "$",
        "message": "the tool has an outputSchema, but the result has no structuredContent",
    }


def test_a_value_that_breaks_the_schema_is_named_with_its_place() -> None:
    schema = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": {"properties": {"n": {"type": "integer"}}}}},
        "required": ["total"],
    }
    assert output(schema, {"rows": [{"n": 1}, {"n": "2"}]}) == [
        ("$.structuredContent.rows[1].n", "'2' is not of type 'integer'"),
        ("$.structuredContent", "'total' is a required property"),
    ]


def test_big_integers_and_nulls_are_what_they_are() -> None:
    schema = {"properties": {"big": {"type": "integer"}, "null": {"type": "null"}}}
    assert output(schema, {"big": 2**70, "null": None}) == []


def test_messages_and_their_number_are_bounded() -> None:
    problems = output({"items": {"type": "integer"}}, ["x" * 10_000] * 1000)
    assert len(problems) == PROBLEM_LIMIT
    assert max(len(message) for _, message in problems) <= 301


def test_a_reference_within_the_schema_is_followed() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    assert output(schema, {"a": "x"}) == [("$.structuredContent.a", "'x' is not of type 'integer'")]


def test_a_reference_to_elsewhere_is_reported_and_nothing_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        ((path, message),) = output({"properties": {"a": {"$ref": url}}}, {"a": 1})
        with pytest.raises(BlockingIOError):
            server.accept()
    assert path == "$"
    assert "can't be applied" in message
    assert url in message


@pytest.mark.parametrize("schema", [{"type": "frob"}, {"properties": []}, {"required": "a"}])
def test_a_schema_that_is_none_is_said_to_be_none(schema: dict[str, Any]) -> None:
    ((path, message),) = output(schema, {})
    assert path == "$"
    assert "is no JSON Schema" in message


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"a": {"pattern": r"^\p{L}+$"}}}, {"a": "x"}),  # JavaScript's dialect: right, but not Python's
        ({"patternProperties": {"(": {}}}, {"a": "x"}),
        ({"$schema": 3}, {}),
        ({"$schema": []}, {}),
        ({"properties": {"a": {"multipleOf": 0.5}}}, {"a": 10**400}),
        ({"properties": {"a": {"$ref": "#/properties/a"}}}, {"a": 1}),  # circular
        ({"properties": {"a": {"$ref": "#/nowhere"}}}, {"a": 1}),
        ({"$defs": {"n": {"properties": {"a": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}, nested(5000)),
    ],
)
def test_a_schema_that_can_not_be_applied_is_reported_not_raised(schema: dict[str, Any], value: Any) -> None:
    ((path, message),) = output(schema, value)
    assert path == "$"
    assert message.startswith("the tool's outputSchema can't be applied: ")


def test_a_problem_goes_under_meta_as_three_texts() -> None:
    assert Problem("paging", "$.nextCursor", "no end").as_json() == {
        "rule": "paging",
        "path": "$.nextCursor",
        "message": "no end",
    }


def test_a_pattern_that_would_run_for_ever_is_not_run() -> None:
    tool = {"outputSchema": {"type": "object", "properties": {"name": {"type": "string", "pattern": "^(a+)+$"}}}}
    assert against_output_schema(tool, {"structuredContent": {"name": "a" * 40 + "!"}}) == []
    assert against_output_schema(tool, {"structuredContent": {"name": 3}}) != []


def test_other_patterns_are_checked() -> None:
    tool = {"outputSchema": {"type": "object", "properties": {"name": {"type": "string", "pattern": "^(ab)?c$"}}}}
    assert against_output_schema(tool, {"structuredContent": {"name": "abc"}}) == []
    (problem,) = against_output_schema(tool, {"structuredContent": {"name": "x"}})
    assert problem.path == "$.structuredContent.name"


@contextmanager
def soon() -> Iterator[None]:
    """What is done here must not take the sidecar's time: a second of computing, where minutes are at stake."""
    begun = time.thread_time()
    yield
    assert time.thread_time() - begun < 1


def test_a_large_valid_result_has_no_problem() -> None:
    with soon():
        rows = [{"id": number, "name": f"row {number}"} for number in range(200_000)]
        row = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
        assert output({"properties": {"rows": {"items": row}}}, {"rows": rows}) == []


def test_what_is_wrong_at_the_beginning_of_a_large_result_is_told() -> None:
    with soon():
        assert output({"items": {"type": "integer"}}, ["x", *range(500_000)]) != []


def doubling(depth: int) -> dict[str, Any]:
    definitions: dict[str, Any] = {"n0": {"type": "object"}}
    for level in range(1, depth):
        definitions[f"n{level}"] = {"allOf": [{"$ref": f"#/$defs/n{level - 1}"}] * 2}
    return {"$defs": definitions, "$ref": f"#/$defs/n{depth - 1}"}


PATTERN = "^(a+)+$"
LONG = "a" * 40 + "!"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"uniqueItems": True}, [{"id": number, "tags": [number, "x"]} for number in range(20_000)]),
        (doubling(40), {}),
        ({"items": {"description": "any"}}, [1] * 300_000),
        ({"contains": {"type": "string"}, "minContains": 0}, [1] * 300_000),
        ({"prefixItems": [{}], "contains": {}, "unevaluatedItems": False}, [1] * 20_000),
        ({"patternProperties": {PATTERN: {}}}, {LONG: 1}),
        ({"patternProperties": {PATTERN: {}}, "additionalProperties": False}, {LONG: 1}),
        ({"allOf": [{"patternProperties": {PATTERN: {}}}], "unevaluatedProperties": False}, {LONG: 1}),
        (
            {"$ref": "#/$defs/p", "unevaluatedProperties": False, "$defs": {"p": {"patternProperties": {PATTERN: {}}}}},
            {LONG: 1},
        ),
        ({"pattern": "a*a*a*a*a*a*b"}, "a" * 2000),
        ({"pattern": "^" + "a?" * 40 + "a" * 40 + "$"}, "a" * 39 + "b"),
        ({"properties": {"a": {"$schema": DRAFT, "pattern": PATTERN}}}, {"a": LONG}),
        ({"$schema": DRAFT, "properties": {"a": {"$ref": "#"}}, "pattern": PATTERN}, {"a": LONG}),
    ],
)
def test_a_schema_does_not_stop_the_sidecar_and_what_is_left_unchecked_is_no_problem(schema: Any, value: Any) -> None:
    with soon():
        assert output(schema, value) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"not": {"pattern": PATTERN}},
        {"oneOf": [{"pattern": PATTERN}, {"type": "string"}]},
        {"not": {"not": {"not": {"pattern": PATTERN}}}},
        {"if": {"pattern": PATTERN}, "then": {"const": "never"}},
    ],
)
def test_a_pattern_that_is_not_run_makes_no_problem_out_of_what_it_decides(schema: Any) -> None:
    assert output(schema, LONG) == []


@pytest.mark.parametrize("schema", [{"not": {"type": "string"}}, {"oneOf": [{"type": "string"}, {"pattern": "a"}]}])
def test_what_a_choice_forbids_is_a_problem(schema: Any) -> None:
    assert len(output(schema, LONG)) == 1


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "somebody@example"),
        (r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$", "2026-01-02 03:04:05"),
        (r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9-]+$", "no address"),
    ],
)
def test_patterns_of_everyday_are_checked(pattern: str, value: str) -> None:
    ((_, message),) = output({"pattern": pattern}, value)
    assert "does not match" in message


DIFFERENT: list[Any] = [
    *(None, 0, 1, 2**70, 0.5, True, False, "", "1", [], {}, [1], [True], [[1]], ["a", "b"], ["b", "a"], [None]),
    *({"a": 1}, {"a": True}, {"a": [1]}, {"a": 1, "b": 2}, {"a": 2, "b": 1}, [["a", 1]], [[], []], [[[]]]),
]


def test_values_that_differ_are_unique() -> None:
    assert output({"uniqueItems": True}, DIFFERENT) == []
    for pair in itertools.permutations(DIFFERENT, 2):
        assert output({"uniqueItems": True}, list(pair)) == []


@pytest.mark.parametrize(
    "pair", [*([value, value] for value in DIFFERENT), [1, 1.0], [{"a": 1, "b": [2]}, {"b": [2.0], "a": 1.0}]]
)
def test_values_that_are_equal_are_not_unique(pair: list[Any]) -> None:
    ((path, message),) = output({"uniqueItems": True}, [*pair, "other"])
    assert (path, message) == ("$.structuredContent", "items 0 and 1 are equal: it has non-unique elements")


def test_deep_values_are_compared() -> None:
    assert len(output({"uniqueItems": True}, [nested(5000), nested(5000)])) == 1


def test_a_task_that_a_call_began_is_held_against_the_schema_of_tasks() -> None:
    task = {"taskId": "t", "status": "working", "createdAt": "2026-01-01T00:00:00Z", "ttl": None}
    begun = {"task": {**task, "lastUpdatedAt": "2026-01-01T00:00:00Z"}}
    assert against_protocol("tools/call", "2025-11-25", begun, task=True) == []
    missing = Problem("protocol", "$.task.lastUpdatedAt", "Field required")
    assert against_protocol("tools/call", "2025-11-25", {"task": task}, task=True) == [missing]
    assert against_protocol("tools/call", MODERN, {"resultType": "task", "taskId": "t"}, task=True) == []
    assert protocol("tasks/list", {"tasks": [task]}, "2025-11-25") == [("$.tasks[0].lastUpdatedAt", "Field required")]
