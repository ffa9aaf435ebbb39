"""The tolerant reader: whatever is written, what can be understood is, with its place."""

import json
import time
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest

from mcp_sidecar.jsonc import DEEPEST, MOST_TOKENS, Document, Member, parse, plain, strings
from mcp_sidecar.positions import Position

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def value_of(document: Document) -> Any:
    assert document.root is not None
    return plain(document.root)


def rules(document: Document) -> list[str]:
    return [problem.rule for problem in document.problems]


@hypothesis.given(values, st.sampled_from([None, 2]), st.booleans())
def test_strict_json_is_read_as_the_standard_library_reads_it(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = parse(text)
    assert document.problems == []
    # Halves of surrogate pairs can't be said on any wire.
    assert value_of(document) == json.loads(json.dumps(value).encode().decode())


@hypothesis.given(values, st.data())
def test_a_text_that_is_cut_anywhere_is_read_as_far_as_it_goes(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value, indent=1)
    cut = text[: data.draw(st.integers(0, len(text)))]
    document = parse(cut)
    if document.root is not None:
        for node in strings(document.root):
            assert cut[node.start] == '"'
            assert node.end <= len(cut)
    if cut.strip() != text.strip() and not (isinstance(value, int | float) and not isinstance(value, bool)):
        assert "syntax" in rules(document)


@hypothesis.given(st.text(alphabet="{}[]:,\"\\/*a1-. \n'u"))
def test_any_text_is_read_without_failing_and_every_place_is_in_it(text: str) -> None:
    document = parse(text)
    for problem in document.problems:
        assert 0 <= problem.start <= problem.end <= len(text)
    for offset in range(len(text) + 1):
        document.around(offset)
        assert document.offset(document.position(offset)) <= len(text)


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ('{"a": 1, // one\n "b": 2, /* two */}', {"a": 1, "b": 2}, ["comment", "comment", "trailing-comma"]),
        ("[1, 2,]", [1, 2], ["trailing-comma"]),
        ("[1 2]", [1, 2], ["syntax"]),
        ('{"a" 1, "b": 2}', {"a": 1, "b": 2}, ["syntax"]),
        ('{"a", "b" "c": 2}', {"a": None, "b": None, "c": 2}, ["syntax", "syntax", "syntax"]),
        ('{"command": \n "args": ["x"]}', {"command": None, "args": ["x"]}, ["syntax", "syntax"]),
        ('{"servers": {"a": ', {"servers": {"a": None}}, ["syntax", "syntax", "syntax"]),
        ("{a: 1, 'b': 2}", {"a": 1, "b": 2}, ["syntax", "syntax"]),
        ('{"a": "never closed\n, "b": 2}', {"a": "never closed", "b": 2}, ["syntax"]),
        ('{"a": [1, {"b": 2], "c": 3}', {"a": [1, {"b": 2}], "c": 3}, ["syntax"]),
        ('{"a": 1}}', {"a": 1}, ["syntax"]),
        ('{"a": tru}', {"a": None}, ["syntax"]),
        ('{"a": 1, "a": 2}', {"a": 2}, ["duplicate-key"]),
        ('"\\ud83d\\ude00\\ud800"', "\U0001f600\ufffd", []),
        ('"\\q"', "\\q", ["syntax"]),
        ("/* never closed", None, ["comment", "syntax", "syntax"]),
    ],
)
def test_what_people_write_is_understood_and_reported(text: str, value: Any, found: list[str]) -> None:
    document = parse(text)
    assert (value_of(document) if document.root else None) == value
    assert sorted(rules(document)) == sorted(found)


def test_a_value_is_found_by_its_path_and_by_its_place() -> None:
    document = parse('{\n  "servers": {"a": {"args": ["x", "y"]}}\n}')
    second = document.find("servers", "a", "args", 1)
    assert second is not None
    assert document.text[second.start : second.end] == '"y"'
    around = document.around(second.start + 1)
    assert around[-1] is second
    assert [each.name for each in around if isinstance(each, Member)] == ["servers", "a", "args"]
    assert document.find("servers", "b") is None
    assert document.find("servers", "a", "args", 2) is None


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 10), ("utf-16", 7), ("utf-32", 6)])
def test_positions_are_counted_as_the_client_asks(encoding: Any, character: int) -> None:
    document = parse('{\r\n"ü😀": 1,\r"x": 2}')
    value = document.find("ü😀")
    assert value is not None
    assert document.position(value.start, encoding) == Position(1, character)
    assert document.offset(Position(1, character), encoding) == value.start
    assert document.position(document.text.index('"x"'), encoding) == Position(2, 0)
    assert document.offset(Position(1, 999), encoding) == document.text.index("\r", 4)
    assert document.offset(Position(99, 0), encoding) == len(document.text)


def test_depth_and_length_are_bounded() -> None:
    started = time.process_time()
    deep = parse("[" * 100_000)
    assert "limit" in rules(deep)
    node, depth = deep.root, 0
    while node is not None and node.items:
        node, depth = node.items[0], depth + 1
    assert depth == DEEPEST
    long = parse("[" + "1," * MOST_TOKENS)
    assert rules(long).count("limit") == 1
    assert len(parse("," * 10_000).problems) <= 101
    assert rules(parse("//\n" * 1_000 + "nonsense"))[-1] == "syntax"
    assert time.process_time() - started < 20


def test_what_nobody_wants_is_left_out_and_its_neighbours_stay() -> None:
    text = '{"history": [{"servers": 1}], "servers": {"a": 1}, "broken": [1,, 2], "inputs": []}'
    document = parse(text, lambda path: path[0] in ("servers", "inputs"))
    assert value_of(document)["servers"] == {"a": 1}
    assert "history" not in value_of(document)
    inputs = document.find("inputs")
    assert inputs is not None
    assert text[inputs.start : inputs.end] == "[]"
