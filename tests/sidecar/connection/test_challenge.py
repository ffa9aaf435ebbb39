"""What a server asks for, read out of `WWW-Authenticate` as servers really write it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sidecar.connection.challenge import HEADER_LIMIT, Refusal, read_challenges


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer", [("Bearer", {})]),
        ('Bearer realm="a, b", error="x"', [("Bearer", {"realm": "a, b", "error": "x"})]),
        (r'Bearer realm="say \"hi\""', [("Bearer", {"realm": 'say "hi"'})]),
        ("bearer Scope=read", [("bearer", {"scope": "read"})]),
        ("Bearer resource_metadata=https://h/x?y=1", [("Bearer", {"resource_metadata": "https://h/x?y=1"})]),
        ('Basic realm="a", Bearer scope="b c"', [("Basic", {"realm": "a"}), ("Bearer", {"scope": "b c"})]),
        ('Negotiate dG9rZW4=, Bearer error="e"', [("Negotiate", {}), ("Bearer", {"error": "e"})]),
        ('Bearer scope="a", scope="b"', [("Bearer", {"scope": "a"})]),
        ('scope="a"', []),
        ('Bearer scope="never closed', [("Bearer", {})]),
        ('""",,,', []),
        ("", []),
    ],
)
def test_challenges_are_read(header: str, expected: list) -> None:
    assert [(each.scheme, each.parameters) for each in read_challenges([header])][: len(expected)] == expected


def test_several_headers_are_read_as_one() -> None:
    assert [each.scheme for each in read_challenges(["Basic", 'Bearer scope="x"'])] == ["Basic", "Bearer"]


@pytest.mark.parametrize(
    ("status", "header", "wanted"),
    [
        (403, 'Bearer error="insufficient_scope"', True),
        (403, 'Basic error="insufficient_scope"', False),
        (403, "Bearer", False),
        (401, 'Bearer error="insufficient_scope"', False),
    ],
)
def test_more_scopes_are_wanted_by_403_and_its_error_alone(status: int, header: str, wanted: bool) -> None:
    assert Refusal(status, read_challenges([header])).wants_more_scopes == wanted


@given(st.text(st.sampled_from('aB ="\\,;') | st.characters(codec="utf-8")))
def test_nothing_breaks_it(header: str) -> None:
    for challenge in read_challenges([header]):
        assert challenge.scheme


@pytest.mark.parametrize("piece", ['="', "a ", ",", 'x="\\', "a=b,", '"'])
def test_a_long_header_takes_no_time(piece: str) -> None:
    started = time.process_time()
    read_challenges([piece * HEADER_LIMIT])
    assert time.process_time() - started < 1
