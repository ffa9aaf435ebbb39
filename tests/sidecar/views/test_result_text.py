"""Results as Markdown: any JSON may come, and nothing in it may pass for the sidecar's words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sidecar.views.result_text import brief, result_text, subject

AT = datetime(2026, 7, 28, tzinfo=UTC)
KEYS = st.sampled_from(
    ["content", "contents", "messages", "type", "text", "data", "_meta", "mcp-sidecar/problems", "resource", "role"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | KEYS, inner, max_size=4),
    max_leaves=8,
)


def attached(name: str, data: bytes) -> str:
    return f"/x/{name}"


def text_of(method: str, result: Any, params: Any = None) -> str:
    return result_text(method, params, result, server="it", at=AT, attach=attached)


@pytest.mark.parametrize("method", ["tools/call", "prompts/get", "resources/read", "tools/list", "trace"])
@given(result=JSON, params=JSON)
def test_any_json_has_a_text(method: str, result: Any, params: Any) -> None:
    text = text_of(method, result, params)
    assert text.startswith("<!--")
    assert text.endswith("-->\n")
    brief(method, result)
    assert "\n" not in subject(method, params)


def test_no_text_ends_its_block() -> None:
    hostile = "a\n```\n# Title\n````\n"
    text = text_of("tools/call", {"content": [{"type": "text", "text": hostile}]})
    assert f"\n`````text\n{hostile.rstrip()}\n`````\n" in text


def test_json_in_a_text_is_laid_out_and_said_once() -> None:
    result = {"content": [{"type": "text", "text": '{"a":12345678901234567890}'}]}
    text = text_of("tools/call", {**result, "structuredContent": {"a": 12345678901234567890}})
    assert '```json\n{\n  "a": 12345678901234567890\n}\n```' in text
    assert "## Structured content" not in text


def test_what_is_wrong_with_a_result_comes_first() -> None:
    problem = {"rule": "output-schema", "path": "$.x", "message": "it is missing"}
    text = text_of("tools/call", {"content": [], "isError": True, "_meta": {"mcp-sidecar/problems": [problem]}})
    assert "**Problem** output-schema $.x it is missing" in text
    assert "tool error (isError)" in text


@pytest.mark.parametrize(
    ("method", "result", "line"),
    [
        ("ping", {"_meta": {"mcp-sidecar/durationMs": 2.0}}, "ping: done in 2 ms"),
        ("consent", {"id": "1", "allowed": True}, "allowed"),
        ("consent", {"id": "1", "allowed": True, "status": {"state": "connected"}}, "connected"),
        ("disconnect", {"state": "disconnected", "server": None, "target": None}, "disconnected"),
        ("tools/list", {"tools": []}, None),
        (
            "connect",
            {"state": "connected", "server": {"name": "it"}, "target": {"transport": "stdio"}},
            "connected to it (stdio)",
        ),
    ],
)
def test_what_one_line_says_needs_no_file(method: str, result: Any, line: str | None) -> None:
    assert brief(method, result) == line
