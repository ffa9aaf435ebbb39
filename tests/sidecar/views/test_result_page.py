"""The page that shows what a server answered: complete, bounded, and harmless, whatever came."""

import html
import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from mcp_sidecar.views.result_page import Exchange, Failure, Result, render

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
EVIL = """"'><script>alert(1)</script><img src=x onerror=alert(1)>{}{0}%s"""
OPEN = "command:mcpSidecar.openResult"


def page(outcome: Any, *, open_whole: str | None = OPEN, **more: Any) -> str:
    params = {"name": "add", "arguments": {"a": 1}}
    given: dict[str, Any] = {
        "method": "tools/call",
        "params": params,
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "server": "demo",
    }
    return render(Exchange(**(given | more), outcome=outcome), open_whole).html


def result(value: Any, **more: Any) -> str:
    return page(Result(value), **more)


def content(*blocks: Any, **more: Any) -> str:
    return result({"content": list(blocks)}, **more)


def seen(text: str) -> str:
    """What is shown, without markup and without what is folded."""
    main = re.sub(r"(?s)<style.*?</style>|<details>.*", "", text)
    return re.sub(r" +", " ", html.unescape(re.sub(r"<[^>]*>", " ", main)))


TAG = re.compile(r"""<(/?[!\w]+)((?:[^<>"]|"[^"]*")*)>""")
ALLOWED = re.compile(
    r"!DOCTYPE|html|head|meta|title|style|body|header|h1|h2|p|strong|span|time|main|section|figure|figcaption|pre|code|"
    r"img|audio|a|ul|li|dl|dt|dd|details|summary"
)
URI = re.compile(r"data:(image|audio)/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]+|command:mcpSidecar\.openResult")


def assert_harmless(text: str) -> None:
    """The page's own tags are all there may be."""
    tags = TAG.findall(text)
    assert text.count("<") == len(tags)
    for name, attributes in tags:
        assert ALLOWED.fullmatch(name.removeprefix("/"))
        assert not re.search(r"\bon|<", re.sub(r'"[^"]*"', "", attributes), re.IGNORECASE)
    for uri in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert URI.fullmatch(uri)


def test_the_page_is_a_document_that_allows_nothing_but_its_own_style_and_data() -> None:
    text = content({"type": "text", "text": "3"})
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    policy = r"default-src 'none'; img-src data:; media-src data:; style-src 'nonce-(\w{32})'"
    found = re.search(policy, html.unescape(text))
    assert found
    assert f'<style nonce="{found[1]}">' in text
    assert "<header>\n<h1>add</h1>" in text
    assert "<main>" in text
    assert '<time datetime="2026-01-02T00:00:00+00:00">' in text
    assert text != content({"type": "text", "text": "3"})


def test_the_page_has_colours_where_the_editor_tells_none() -> None:
    text = content({"type": "text", "text": "3"})
    assert "color-scheme: light dark" in text
    variables = re.findall(r"var\(--vscode-[\w-]+(.)", text)
    assert variables
    assert set(variables) == {","}


@pytest.mark.parametrize("year", [1, 1900, 9999])
def test_every_time_is_told(year: int) -> None:
    text = page(None, at=datetime(year, 1, 1, tzinfo=UTC))
    assert re.search(r"<time [^>]*>\d\d:\d\d:\d\d</time>", text)


def test_the_header_tells_outcome_server_duration_and_size() -> None:
    value = {"content": [], "_meta": {"mcp-sidecar/durationMs": 1234}}
    assert re.search(r"add\s+Result demo 1\.2 s 14 B", seen(result(value)))
    assert "Tool error (isError)" in seen(result({**value, "isError": True}))
    assert "Running demo" in seen(page(None))
    assert "Failed demo" in seen(page(Failure("m")))
    assert re.search(r"<h1>tools/call</h1>", page(None, params=[EVIL], server=None))


def test_text_is_shown_as_it_is_json_laid_out_with_its_numbers_as_they_came() -> None:
    assert "<pre>a  b\nc</pre>" in content({"type": "text", "text": "a  b\nc"})
    assert "<pre>\n\na</pre>" in content({"type": "text", "text": "\na"})
    numbers = "[12345678901234567890,1.0,1e3,-0]"
    laid_out = "[\n 12345678901234567890,\n 1.0,\n 1e3,\n -0\n]"
    assert laid_out in seen(content({"type": "text", "text": f'{{"a":{numbers}}}'})).replace("\n ]", "\n]")
    assert "{not json" in seen(content({"type": "text", "text": "{not json"}))
    assert "12345678901234567890,\n 1.0" in seen(result({"structuredContent": [12345678901234567890, 1.0]}))


def test_images_and_audio_are_shown_with_type_and_size() -> None:
    text = content(
        {"type": "image", "mimeType": "image/PNG", "data": PIXEL},
        {"type": "audio", "mimeType": "audio/wav", "data": "AAAA"},
    )
    assert f'<img src="data:image/png;base64,{PIXEL}" alt="Image of the result: image/png, 70 B">' in text
    assert '<audio controls src="data:audio/wav;base64,AAAA" aria-label="audio/wav, 3 B">' in text
    assert_harmless(text)
    for data in ("", "=", "AAAA===", "AA A", "AAAA\n", "äAAA", None):
        assert "<img" not in content({"type": "image", "mimeType": "image/png", "data": data})
    assert "<img" not in content({"type": "image", "mimeType": "audio/wav", "data": "AAAA"})


def test_links_and_embedded_resources_are_shown_as_text_images_among_them_as_images() -> None:
    link = {"uri": "javascript:alert(1)", "name": "n", "description": "about", "size": 5, "mimeType": "text/x"}
    text = content(
        {"type": "resource_link", **link},
        {"type": "resource", "resource": {"uri": "file:///x", "text": "inside", "mimeType": "text/plain"}},
        {"type": "resource", "resource": {"uri": "file:///y", "blob": PIXEL, "mimeType": "image/png"}},
        {"type": "resource", "resource": {"uri": "file:///z", "blob": "AAAA"}},
    )
    assert re.search(r"(?s)Link to a resource text/x 5 B.*n .*javascript:alert\(1\).*about", seen(text))
    assert re.search(r"(?s)file:///x text/plain 6 B.*inside.*file:///y image/png 70 B", seen(text))
    assert re.search(r"file:///z Binary data 3 B", seen(text))
    assert_harmless(text)


@pytest.mark.parametrize("size", [10**400, -1, 1e300, True, "5", None])
def test_a_size_or_duration_that_is_none_is_no_failure(size: Any) -> None:
    text = result(
        {"content": [{"type": "resource_link", "uri": "x", "size": size}], "_meta": {"mcp-sidecar/durationMs": size}}
    )
    assert_harmless(text)


def test_structured_content_is_not_shown_a_second_time() -> None:
    def is_shown(text: str, value: Any) -> bool:
        block = {"type": "text", "text": text}
        return "Structured content" in seen(result({"content": [block], "structuredContent": value}))

    assert not is_shown('{"b":2,"a":1}', {"a": 1, "b": 2})
    assert is_shown('{"b":2,"a":1}', {"a": 2})
    assert is_shown('{"a":true}', {"a": 1})
    assert re.search(r"Structured content\s+null", seen(result({"structuredContent": None})))


def test_problems_come_first() -> None:
    problems = [{"rule": "output-schema", "path": "$.a", "message": "is no number"}, None, "x"]
    value = {"content": [{"type": "text", "text": "3"}], "_meta": {"mcp-sidecar/problems": problems}}
    shown = r"breaks the rules\s+is no number\s+output-schema\s+\$\.a\s+null\s+x\s[\s\S]*Content"
    assert re.search(shown, seen(result(value)))
    assert re.search(r"breaks the rules\s+is no number", seen(result(value, method="resources/read")))
    assert "rules" not in seen(result({"content": [], "_meta": {"mcp-sidecar/problems": []}}))


def test_an_error_tells_message_suggestion_kind_details_and_the_last_lines_of_stderr() -> None:
    details = {"exitCode": 1, "stderr": ["Traceback", "  boom"], "received": {"a": 1}}
    data = {"kind": "connection_lost", "suggestion": "Reconnect.", "details": details}
    text = seen(page(Failure("Lost.", -32803, data)))
    assert re.search(r"(?s)Error.*Lost\..*Reconnect\..*stderr\s+Traceback\n boom", text)
    assert re.search(r'(?s)kind\s+connection_lost.*-32803.*exitCode\s+1.*"a": 1', text)
    assert re.search(r"stderr\s+a word", seen(page(Failure("m", None, {"details": {"stderr": "a word"}}))))


@pytest.mark.parametrize("data", [None, 5, "text", [], {"details": None}, {"details": [1], "suggestion": {}}], ids=repr)
def test_an_error_with_odd_data_is_told(data: Any) -> None:
    text = page(Failure("m", -1, data))
    assert_harmless(text)
    assert "m" in seen(text)


def test_what_was_sent_and_the_raw_result_can_be_unfolded() -> None:
    text = content({"type": "text", "text": "3"})
    assert "<details><summary><h2>Arguments sent</h2></summary><pre>{\n  &quot;a&quot;: 1\n}</pre>" in text
    assert "<details><summary><h2>Raw result</h2>" in text
    assert "Raw result" not in page(None)
    assert "Params sent" in page(None, params=["odd"])
    assert "sent" not in page(None, params={"name": "x"})


def test_the_result_of_another_method_is_shown_as_json() -> None:
    text = result({"completion": {"values": ["a"]}}, method="completion/complete", params={"ref": {}})
    assert re.search(r'(?s)completion/complete\s+Result demo.*Result\s+\{\n "completion": \{', seen(text))
    assert "<h2>Params sent</h2>" in text
    assert "Raw result" not in text
    assert_harmless(result(EVIL, method=EVIL, params=EVIL))


def test_long_text_is_cut_and_says_so() -> None:
    text = content({"type": "text", "text": "x" * 300_000})
    assert "The first 262,144 of 300,000 characters are shown. Open the whole result" in seen(text)
    assert f'<a href="{OPEN}">' in text
    assert OPEN not in content({"type": "text", "text": "x" * 262_144}).partition("<details>")[0]
    assert "The first 200 of 500 are shown" in seen(content(*[1] * 500))
    assert "The first 262,144 characters are shown" in seen(result({"structuredContent": ["x" * 300_000]}))


def test_the_whole_is_offered_only_by_links_that_an_editor_understands() -> None:
    long = {"type": "text", "text": "x" * 300_000}
    assert '<a href="file:///tmp/whole.json">' in content(long, open_whole="file:///tmp/whole.json")
    assert "command:&quot;&gt;&lt;script" in content(long, open_whole=f"command:{EVIL}").replace("&#x27;", "")
    for uri in (None, "", "javascript:alert(1)", "http://h/", " command:x", "data:text/html,x", "vbscript:file:"):
        text = content(long, open_whole=uri)
        assert "<a " not in text
        assert "are shown." in text


def test_nothing_that_a_server_sends_becomes_markup() -> None:
    for kind in ("text", "image", "audio", "resource", "resource_link", EVIL):
        resource: Any = {"uri": EVIL, "mimeType": f"image/png{EVIL}", "blob": "AAAA"} | (
            {"text": EVIL} if kind == "resource" else {}
        )
        block: dict[str, Any] = {
            "type": kind,
            "text": EVIL,
            "data": EVIL,
            "mimeType": f"image/{EVIL}",
            "uri": EVIL,
            "name": EVIL,
        }
        block["resource"] = resource
        more = [{"data": "AAAA"}, {"mimeType": "image/png", "description": EVIL}]
        more += [{"mimeType": 'image/png" onerror="alert(1)', "data": "AAAA"}]
        more += [
            {"mimeType": "image/png", "data": 'AAAA" onerror="alert(1)'},
            {"mimeType": "text/html", "data": "AAAA"},
        ]
        assert_harmless(content(block, *({**block, **each} for each in more)))
    problems = [{"rule": EVIL, "path": EVIL, "message": EVIL}]
    meta = {"mcp-sidecar/problems": problems}
    assert_harmless(result({"content": EVIL, "structuredContent": {EVIL: EVIL}, "_meta": meta}))
    assert_harmless(result({}, params={"name": EVIL, "arguments": {EVIL: EVIL}}, server=EVIL))
    data = {"kind": EVIL, "suggestion": EVIL, "details": {"stderr": [EVIL], EVIL: EVIL}}
    assert_harmless(page(Failure(EVIL, 1, data)))


@pytest.mark.parametrize(
    "value", [None, 5, "x", [], {}, {"content": None}, {"content": 5}, {"content": {}}, {"_meta": []}], ids=repr
)
def test_a_result_that_is_none_is_shown_all_the_same(value: Any) -> None:
    assert_harmless(result(value))


@pytest.mark.parametrize(
    "block",
    [None, 5, "x", [], {}, {"type": "text", "text": 5}, {"type": "image", "data": None}, {"type": "resource"}],
    ids=repr,
)
def test_a_block_that_is_none_is_shown_as_json(block: Any) -> None:
    assert re.sub(" +", " ", json.dumps(block, indent=2)) in seen(content(block))


def test_content_that_is_no_list_and_marks_that_are_none_are_shown() -> None:
    assert re.search(r'Content that is no list\s+\{\n "a": 1', seen(result({"content": {"a": 1}})))
    assert_harmless(
        result({"content": [], "_meta": {"mcp-sidecar/durationMs": "x", "mcp-sidecar/problems": "y"}, "isError": 1})
    )


def test_half_a_surrogate_pair_can_be_saved() -> None:
    text = result({"content": [{"type": "text", "text": "\ud800"}], "structuredContent": ["\udc00"]})
    text.encode()
    assert "\\ud800" in text


def nested(levels: int, *, in_objects: bool = False) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if in_objects else [value]
    return value


@pytest.mark.parametrize("levels", [900, 20_000])
def test_what_is_nested_deeply_is_shown(levels: int) -> None:
    deep = nested(levels)
    for value in (deep, {"content": deep}, {"content": [deep]}, {"content": [], "structuredContent": deep}):
        text = result(value)
        assert_harmless(text)
        assert "[[[[[" in text
        assert len(text) < 3_000_000
    text = '{"a":' * levels + "1" + "}" * levels
    both = {"content": [{"type": "text", "text": text}], "structuredContent": nested(levels, in_objects=True)}
    assert_harmless(result(both, params={"name": "x", "arguments": deep}))
    assert_harmless(page(Failure("m", 1, {"details": {"received": deep, "stderr": deep}, "suggestion": deep})))
    assert_harmless(result({"_meta": {"mcp-sidecar/problems": [deep, {"message": deep, "path": deep}]}}))


def test_whatever_is_huge_is_shown_in_bounded_time_and_size() -> None:
    many = {f"k{i}": "x" * 20 for i in range(300_000)}
    text = {"type": "text", "text": "<" * 300_000}
    values: list[Any] = [
        {"content": [{"type": "text", "text": each}]}
        for each in ("<" * 20_000_000, f"[{'1,' * 130_000}1]", "[" * 200_000, f'{{"a":{"[" * 50_000}', "é" * 10_000_000)
    ]
    values += [
        {"content": [text] * 200},
        {"content": [many], "structuredContent": [1] * 5_000_000, "_meta": {"mcp-sidecar/problems": [many] * 300}},
        {"content": [{"type": "image", "mimeType": "image/png", "data": f"{'A' * 10_000_000}!"}]},
        {"content": [{"type": "resource_link", "uri": "x" * 100_000, "name": "y" * 100_000}] * 200},
    ]
    outcomes: list[Any] = [Result(value) for value in values]
    outcomes.append(Failure("x" * 1_000_000, 1, {"details": many | {"stderr": ["y" * 1_000] * 100_000}}))
    for outcome in outcomes:
        started = time.process_time()
        found = page(outcome)
        assert time.process_time() - started < 3
        assert len(found) < 12_000_000
