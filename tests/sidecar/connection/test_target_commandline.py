"""Splitting and joining command lines on both platforms."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sidecar.connection.commandline import join, split, words
from mcp_sidecar.connection.errors import InvalidTarget

WORDS = st.lists(st.text(st.sampled_from("ab \t\n'\"\\$`*ä-=") | st.characters(codec="utf-8")))


@given(WORDS, st.sampled_from(["linux", "darwin", "win32"]))
def test_what_is_joined_is_split_into_the_same_words(parts: list[str], platform: str) -> None:
    assert split(join(parts, platform), platform) == parts


@given(WORDS)
def test_posix_splits_what_shlex_quotes(parts: list[str]) -> None:
    assert split(shlex.join(parts), "linux") == parts


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("npx -y pkg", ["npx", "-y", "pkg"]),
        ('uv run server.py --flag "a b"', ["uv", "run", "server.py", "--flag", "a b"]),
        ("a 'b \"c\\' d", ["a", 'b "c\\', "d"]),
        ('"a\\"b\\n\\$c"', ['a"b\\n$c']),
        ("a\\ b ''", ["a b", ""]),
        ("x=a'b'\"c\"d", ["x=abcd"]),
        ("  ", []),
    ],
)
def test_posix_quoting(line: str, expected: list[str]) -> None:
    assert split(line, "linux") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # The examples of Microsoft's documentation.
        (r'"a b c" d e', ["a b c", "d", "e"]),
        (r'"ab\"c" "\\" d', ['ab"c', "\\", "d"]),
        (r'a\\\b d"e f"g h', [r"a\\\b", "de fg", "h"]),
        (r"a\\\"b c d", [r"a\"b", "c", "d"]),
        (r'a\\\\"b c" d e', [r"a\\b c", "d", "e"]),
        (r'a"b"" c d"', ['ab" c d']),
        (r'C:\Tools\server.exe "C:\My Files"', [r"C:\Tools\server.exe", r"C:\My Files"]),
        ("it's", ["it's"]),
        ('""', [""]),
    ],
)
def test_windows_quoting(line: str, expected: list[str]) -> None:
    assert split(line, "win32") == expected


@pytest.mark.parametrize(
    ("line", "platform", "column"),
    [("a 'b c", "linux", 3), ('a b"c', "linux", 4), ("a b\\", "linux", 4), ('node "x', "win32", 6)],
)
def test_a_quote_left_open_is_refused_with_its_column(line: str, platform: str, column: int) -> None:
    with pytest.raises(InvalidTarget, match=f"column {column}") as caught:
        split(line, platform)
    assert caught.value.details == {"column": column}


def test_words_know_where_they_begin_and_whether_they_were_quoted() -> None:
    assert [(word.text, word.column, word.quoted) for word in words("a  '|' |", "linux")] == [
        ("a", 1, False),
        ("|", 4, True),
        ("|", 8, False),
    ]
