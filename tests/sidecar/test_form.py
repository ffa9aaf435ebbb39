"""The fields of a form, and what may be entered in each."""

from typing import Any

import pytest

from mcp_sidecar.server.form import UnaskableError, check, fields_of
from mcp_sidecar.server.form_fields import Checked, FormField

Schema = dict[str, Any]


def field(schema: Any) -> FormField:
    (only,) = fields_of({"type": "object", "properties": {"x": schema}})
    return only


def refuses(schema: Schema, *texts: str) -> None:
    for text in texts:
        assert check(schema, text, required=True).problem, f"{schema}: {text}"


def takes(schema: Schema, *texts: str) -> None:
    for text in texts:
        assert check(schema, text, required=True).problem is None, f"{schema}: {text}"


def test_fields_keep_the_servers_order_and_have_its_titles_or_their_names() -> None:
    properties = {"b": {"type": "string", "title": "Bee", "description": "buzzes"}, "a": {"type": "boolean"}}
    found = fields_of({"properties": properties, "required": ["b"]})
    told = [(each.name, each.title, each.description, each.required, each.kind) for each in found]
    assert told == [("b", "Bee", "buzzes", True, "text"), ("a", "a", "", False, "choice")]
    nothings: tuple[Any, ...] = (None, [], {}, {"properties": None})
    for nothing in nothings:
        assert fields_of(nothing) == []


def choices(schema: Schema) -> list[tuple[str, str | bool]]:
    return [(each.title, each.value) for each in field(schema).choices]


def test_each_way_to_offer_choices_is_understood() -> None:
    plain, titled = [("r", "r"), ("g", "g")], [("Red", "r"), ("Green", "g")]
    constants = [{"const": "r", "title": "Red"}, {"const": "g", "title": "Green"}]
    assert choices({"type": "string", "enum": ["r", "g"]}) == plain
    assert choices({"type": "string", "enum": ["r", "g"], "enumNames": ["Red", "Green"]}) == titled
    assert choices({"type": "string", "enum": ["r", "g"], "enumNames": ["Red"]}) == [titled[0], plain[1]]
    assert choices({"type": "string", "oneOf": constants}) == titled
    assert choices({"type": "array", "items": {"type": "string", "enum": ["r", "g"]}}) == plain
    assert choices({"type": "array", "items": {"anyOf": constants}}) == titled
    assert field({"type": "array", "items": {"anyOf": constants}}).kind == "choices"
    assert choices({"type": "boolean"}) == [("Yes", True), ("No", False)]


@pytest.mark.parametrize(
    "schema",
    [{"type": "object"}, {}, None, {"type": "array", "items": {"type": "string"}}, {"type": "string", "enum": [1]}],
)
def test_a_form_with_a_field_that_mcp_does_not_have_can_not_be_asked(schema: Any) -> None:
    with pytest.raises(UnaskableError):
        field(schema)


def test_texts_are_held_against_length_pattern_and_format() -> None:
    takes({"type": "string", "minLength": 2, "maxLength": 3}, "ab", "abc", "😀😀")
    refuses({"type": "string", "minLength": 2, "maxLength": 3}, "a", "abcd", "😀")
    takes({"type": "string", "pattern": r"^a\d$"}, "a1")
    refuses({"type": "string", "pattern": r"^a\d$"}, "a", "b1")
    takes({"type": "string", "format": "email"}, "a@b.org")
    refuses({"type": "string", "format": "email"}, "a", "@b", "a b@c")
    takes({"type": "string", "format": "uri"}, "https://a.org/x", "urn:isbn:1")
    refuses({"type": "string", "format": "uri"}, "a", "//a.org", "https://", "https://[", "https://a b")
    takes({"type": "string", "format": "date"}, "2028-02-29")
    refuses({"type": "string", "format": "date"}, "2026-02-29", "2026-13-01", "28.7.2026", "20260728")
    takes({"type": "string", "format": "date-time"}, "2026-07-28T12:00:00Z", "2026-07-28t12:00:00.5+02:00")
    wrong = (
        "2026-07-28",
        "2026-07-28T12:00:00",
        "2026-02-30T12:00:00Z",
        "2026-07-28T25:00:00Z",
        "2026-07-28 12:00:00Z",
    )
    refuses({"type": "string", "format": "date-time"}, *wrong)


def test_what_is_wrong_is_said_in_words_with_the_limit() -> None:
    assert check({"type": "string", "minLength": 2}, "a", required=True).problem == "At least 2 characters."
    assert check({"type": "string", "pattern": "^{}$"}, "a", required=True).problem == "It must match ^{}$"
    assert check({"type": "integer", "minimum": 1.5}, "1", required=True).problem == "At least 1.5."


def test_a_pattern_that_never_ends_or_is_none_stops_nobody() -> None:
    takes({"type": "string", "pattern": "^(a+)+$"}, f"{'a' * 40}b")
    takes({"type": "string", "pattern": "("}, "a")
    takes({"type": "string", "minLength": "x"}, "a")


def test_numbers_are_held_against_their_limits() -> None:
    takes({"type": "number", "minimum": -1, "maximum": 2}, "-1", "2", "0.5", ".5", "1e0", " 1 ")
    refuses({"type": "number", "minimum": -1, "maximum": 2}, "-1.1", "3", "one", "0x1", "1e999", "Infinity", "1_0", "٣")
    takes({"type": "integer"}, "7", "-7", "7.0")
    refuses({"type": "integer"}, "7.5", "9007199254740993")
    assert check({"type": "integer"}, "7", required=True) == Checked(value=7)
    assert check({"type": "integer"}, "7.0", required=True) == Checked(value=7)
    assert check({"type": "number"}, "7.5", required=True) == Checked(value=7.5)


def test_only_what_is_required_must_be_answered() -> None:
    refuses({"type": "string"}, "")
    assert check({"type": "string", "minLength": 3}, "", required=False) == Checked()
    assert check({"type": "array", "minItems": 3}, (), required=False) == Checked()


def test_the_number_of_choices_is_bounded() -> None:
    some = {"type": "array", "minItems": 1, "maxItems": 2, "items": {"enum": ["a", "b", "c"]}}
    problems = [check(some, tuple("abc"[:count]), required=True).problem for count in range(4)]
    assert problems == ["Choose at least 1.", None, None, "Choose at most 2."]
    assert check(some, ("a", "b"), required=True) == Checked(value=("a", "b"))
