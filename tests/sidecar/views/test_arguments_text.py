"""The text in which the arguments of a tool are edited, and the values that a schema gives to begin with."""

import functools
import json
import re
import time
from typing import Any

import pytest

from mcp_sidecar.views.arguments_text import ArgumentsText, prefill


def fill(schema: Any, description: Any = None) -> ArgumentsText:
    return prefill({"name": "tool", "description": description}, schema)


def draft(schema: Any, description: Any = None) -> str:
    return fill(schema, description).text


def parsed(text: str) -> Any:
    """What an editor reads once the comments and the trailing commas are taken out."""
    string = r'("(?:[^"\\\n]|\\.)*")'
    without_comments = re.sub(rf"{string}|//[^\n]*", r"\1", text)
    return json.loads(re.sub(rf"{string}|,(?=\s*[}}\]])", r"\1", without_comments))


def uncommented(text: str) -> str:
    return re.sub(r"^( +)// ", r"\1", text, flags=re.MULTILINE)


def obj(properties: dict, required: list | None = None) -> dict:
    return {"type": "object", "properties": properties, "required": list(properties) if required is None else required}


def test_required_arguments_get_the_best_value_that_the_schema_offers_else_one_of_their_type() -> None:
    schema = obj(
        {
            "default": {"type": "string", "default": "d", "examples": ["x"], "enum": ["e"]},
            "nothing": {"type": "string", "default": None},
            "const": {"const": 7},
            "example": {"type": "string", "examples": ["x", "y"], "enum": ["e"]},
            "choice": {"enum": ["e", "f"]},
            "string": {"type": "string"},
            "number": {"type": "number"},
            "atLeast": {"type": "integer", "minimum": 3},
            "boolean": {"type": "boolean"},
            "list": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2},
            "empty": {"type": "array"},
            "null": {"type": "null"},
            "nullable": {"type": ["null", "string"]},
            "optional": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
            "any": True,
            "never": False,
            "nested": obj({"inner": {"type": "string"}, "left": {"type": "string"}}, ["inner"]),
        }
    )
    schema["required"].append("undeclared")
    assert parsed(draft(schema)) == {
        "default": "d",
        "nothing": None,
        "const": 7,
        "example": "x",
        "choice": "e",
        "string": "",
        "number": 0,
        "atLeast": 3,
        "boolean": False,
        "list": ["", ""],
        "tuple": ["", 0],
        "empty": [],
        "null": None,
        "nullable": "",
        "optional": 0,
        "any": None,
        "never": None,
        "nested": {"inner": ""},
        "undeclared": None,
    }


def test_a_comment_tells_type_choices_constraints_and_description() -> None:
    schema = obj(
        {
            "days": {"type": "integer", "minimum": 1, "maximum": 14, "description": "How\nmany"},
            "unit": {"enum": ["C", "F"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "mood": {"anyOf": [{"enum": ["good"]}, {"type": "null"}]},
            "many": {"enum": list(range(20))},
        }
    )
    lines = draft(schema, "Weather.\nOf a city.").splitlines()
    assert lines == [
        "// Arguments of the tool tool",
        "// Weather.",
        "// Of a city.",
        "{",
        '  "days": 1, // integer · minimum 1 · maximum 14 · How many',
        '  "unit": "C", // "C" | "F"',
        '  "tags": [], // string[]',
        '  "mood": "good", // "good" | null',
        '  "many": 0 // 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | …',
        "}",
    ]


def test_an_optional_argument_is_commented_out_and_valid_once_it_is_uncommented() -> None:
    place = obj({"city": {"type": "string"}, "zip": {"type": "string"}}, ["city"])
    text = draft(obj({"a": {"type": "string"}, "b": {"default": [1, {"c": 2}]}, "place": place}, ["a"]), "x")
    assert "// What is commented out is optional." in text
    assert parsed(text) == {"a": ""}
    assert parsed(uncommented(text)) == {"a": "", "b": [1, {"c": 2}], "place": {"city": ""}}
    assert parsed(uncommented(draft(obj({"place": place})))) == {"place": {"city": "", "zip": ""}}


def test_no_comma_is_left_before_a_closing_brace_which_editors_warn_of() -> None:
    place = obj({"city": {"type": "string"}, "zip": {"type": "string"}}, ["city"])
    schema = obj({"a": {"type": "string"}, "b": {"type": "string"}, "place": place}, ["a", "place"])
    for text in (draft(schema), uncommented(draft(schema))):
        without_comments = re.sub(r"//.*", "", text)
        assert json.loads(without_comments)["place"]["city"] == ""


@pytest.mark.parametrize(
    ("schema", "before"),
    [
        (obj({"a": {"type": "integer"}}), '  "a": '),
        (obj({"a": {"type": "string"}}), '  "a": "'),
        (obj({"a": {"type": "array"}}), '  "a": ['),
        (obj({"a": {"type": "integer"}, "b": {"type": "integer"}}, ["b"]), '  "b": '),
        (obj({"a": {"type": "integer"}}, []), '  // "a": '),
        (obj({"a": obj({"b: c": {"type": "boolean"}})}), '    "b: c": '),
        (obj({"a": obj({"b": {}}, []), "c": {}}), '  "c": '),
        (obj({"😀ü": {"type": "integer"}}), '  "😀ü": '),
        (obj({"\ud800": {"type": "integer"}}), '  "\\ud800": '),
        ({"type": "object", "default": {"a": [1]}}, '  "a": '),
        ({}, "{"),
        (None, "{"),
    ],
)
def test_the_first_value_to_edit_is_told(schema: Any, before: str) -> None:
    text, line, character = fill(schema, "see: this")
    found = text.splitlines()[line].encode("utf-16-le")[: 2 * character].decode("utf-16-le")
    assert found == before


def test_references_are_followed_also_escaped_ones_and_cyclic_ones() -> None:
    defs = {"a/b c~": {"type": "integer"}, "node": obj({"next": {"$ref": "#/definitions/node"}})}
    found = draft(
        {
            **obj({"x": {"$ref": "#/$defs/a~1b%20c~0"}, "y": {"$ref": "#/$defs/%"}, "z": {"$ref": "http://x/y"}}),
            "$defs": defs,
        }
    )
    assert parsed(found) == {"x": 0, "y": None, "z": None}
    assert '"next": {' in draft({"$ref": "#/definitions/node", "definitions": defs})
    assert parsed(draft({"$ref": "#"})) == {}
    assert parsed(draft({"allOf": [{"$ref": "#"}, obj({"a": {"$ref": "#/properties/a"}})]})) == {"a": None}
    listed = {"allOf": [obj({"a": {"$ref": "#/allOf/1"}, "b": {"$ref": "#/allOf/9"}}), {"const": 3}]}
    assert parsed(draft({**listed, "const": {}, "default": {"k": 1}})) == {"k": 1}
    assert parsed(draft(obj({"a": {"$ref": "#/$defs/0"}}) | {"$defs": [{"const": 3}]})) == {"a": 3}


def test_all_of_is_merged_also_where_both_parts_speak_of_the_same_property() -> None:
    schema = {"allOf": [obj({"a": {"type": "string"}}), {"properties": {"a": {"const": "A"}}}], "required": ["b"]}
    assert parsed(draft(schema)) == {"b": None, "a": "A"}


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_alternatives_at_the_root_fill_in_the_first_and_offer_the_others(keyword: str) -> None:
    alternatives = [obj({"a": {"type": "string"}}), obj({"b": {"type": "integer"}})]
    text = draft({"type": "object", keyword: alternatives})
    assert "alternatives" in text
    assert parsed(text) == {"a": ""}
    assert parsed(uncommented(text)) == {"a": "", "b": 0}


@pytest.mark.parametrize(
    "schema", [None, 5, "x", [], True, False, {}, {"type": "string"}, {"type": 7, "properties": 3}]
)
def test_whatever_comes_instead_of_a_schema_there_is_an_object_to_edit(schema: Any) -> None:
    assert parsed(draft(schema)) == {}
    assert ("inputSchema is missing" in draft(schema)) == (schema not in (True, {}, {"type": 7, "properties": 3}))


def test_whatever_comes_in_a_schema_or_a_tool_there_is_an_object_to_edit() -> None:
    wrong = {
        "required": [1, "a"],
        "properties": {"a": 5, "b": {"enum": 3, "items": 4, "anyOf": "x", "minItems": -1}, "c": {"minimum": True}},
    }
    assert parsed(uncommented(draft(wrong))) == {"a": None, "b": [], "c": None}
    assert parsed(prefill({"name": 5, "title": {}, "description": []}, None).text) == {}
    assert parsed(prefill({}, None).text) == {}
    odd = obj({"a": {"type": "array", "minItems": 2.5}, "b": {"type": "integer", "minimum": 10**400}})
    assert parsed(draft(odd)) == {"a": [None, None], "b": 10**400}


def test_names_and_comments_cannot_break_out_of_where_they_stand() -> None:
    evil = '"\n\r\u2028\u2029\u0085*/ // x'
    properties = {evil: {"type": evil, "description": f"d{evil}", "pattern": evil}, "__proto__": {}}
    text = draft(obj(properties), evil)
    assert list(parsed(text)) == [evil, "__proto__"]
    assert not re.search("[\r\u2028\u2029\u0085]", text)


def test_half_a_surrogate_pair_is_escaped() -> None:
    text = draft(obj({"a": {"default": "\ud800"}}), "\udc00")
    text.encode()
    assert parsed(text) == {"a": "\ud800"}


@functools.cache
def hostile() -> dict[str, Any]:
    """Schemas that are made to take for ever."""
    deep: Any = {"type": "string"}
    for i in range(1_000):
        deep = {"type": "array", "minItems": 1, "items": deep, "allOf": [deep]} if i % 2 else obj({"a": deep})
    nested: Any = 1
    for _ in range(100_000):
        nested = [nested]
    big = {"$defs": {"big": {"default": "x" * 9_000}}}
    again = [{"$ref": "#"}] * 1_000
    return {
        "deep": deep,
        "cyclic": obj({f"p{i}": {"$ref": "#"} for i in range(30)}),
        "many": obj({f"p{i}": {"default": "x" * 500} for i in range(100_000)}),
        "the same again": obj({f"p{i}": {"$ref": "#/$defs/big"} for i in range(100_000)}) | big,
        "long": obj({"long": {"description": "x" * 1_000_000, "default": "y" * 1_000_000}}),
        "combined": {"allOf": again, "anyOf": again, "oneOf": again},
        "nested value": obj({"a": {"default": nested, "const": nested, "enum": [nested], "minimum": nested}}),
    }


HOSTILE = ["deep", "cyclic", "many", "the same again", "long", "combined", "nested value"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_are_drafted_in_bounded_time_and_size(name: str) -> None:
    schema = hostile()[name]
    started = time.process_time()
    text = draft(schema, "word " * 100_000)
    assert time.process_time() - started < 5
    assert len(text) < 10_000_000
    assert text.endswith("}\n")
