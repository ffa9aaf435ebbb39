"""`mcp/prefill` and `mcp/render`: what a person reads and writes, made by the sidecar, without asking the server."""

import json

import pytest

from tests.sidecar.harness import Editor, ResponseError
from tests.sidecar.programs import raw

BIG = 12345678901234567890


async def test_the_arguments_of_a_listed_tool_are_prefilled(editor: Editor) -> None:
    await editor.connect(**raw())
    before = await editor.status()
    for tool in (await editor.request("mcp/tools/list"))["tools"]:
        found = await editor.request("mcp/prefill", {"tool": tool})
        assert found["text"].startswith(f"// Arguments of the tool {tool['name']}\n")
        assert found["text"].splitlines()[found["cursor"]["line"]]
    assert (await editor.status())["statistics"] == before["statistics"]


async def test_prefilling_needs_no_connection_and_keeps_numbers(editor: Editor) -> None:
    properties = {"a": {"default": BIG}, "b": {"default": [1.0, 0.1]}}
    tool = {"name": "t", "inputSchema": {"properties": properties, "required": ["a"]}, "unknown": [None]}
    found = await editor.request("mcp/prefill", {"tool": tool})
    assert found["cursor"] == {"line": 7, "character": len('  "a": ')}
    assert f'  // "b": [\n  //   1.0,\n  //   0.1\n  // ],\n  "a": {BIG}\n' in found["text"]
    command = {"command": "mcpSidecar.prefill", "arguments": [{"tool": tool}]}
    assert await editor.request("workspace/executeCommand", command) == found


@pytest.mark.parametrize("params", [{}, {"tool": "t"}, {"tool": {}, "name": "t"}], ids=json.dumps)
async def test_prefilling_without_a_tool_is_refused(editor: Editor, params: dict) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/prefill", params)
    assert refused.value.code == -32602


AT = "2026-01-02T03:04:05.678Z"


async def test_the_result_of_a_call_is_rendered(editor: Editor) -> None:
    await editor.connect(**raw())
    params = {"name": "echo", "arguments": {"text": "<b>"}}
    result = await editor.request("mcp/tools/call", params)
    exchange = {"request": {"method": "tools/call", "params": params}, "at": AT, "server": "raw", "result": result}
    found = (await editor.request("mcp/render", exchange))["html"]
    assert found.startswith("<!DOCTYPE html>")
    assert "<pre>&lt;b&gt;</pre>" in found
    assert '<time datetime="2026-01-02T03:04:05.678000+00:00">' in found


async def page_of(editor: Editor, **exchange: object) -> str:
    """The page of a call."""
    params = {"request": {"method": "tools/call", "params": {"name": "t"}}, "at": AT} | exchange
    return (await editor.request("mcp/render", params))["html"]


async def test_an_exchange_is_rendered_in_each_of_its_states(editor: Editor) -> None:
    assert "Waiting for the answer" in await page_of(editor)
    assert "Not the result of a tool call" in await page_of(editor, result=None)
    assert "<dd><code>timeout</code></dd>" in await page_of(editor, error={"message": "m", "data": {"kind": "timeout"}})
    numbers = {"structuredContent": [BIG, 1.0, -(10**40)]}
    assert f"[\n  {BIG},\n  1.0,\n  -{10**40}\n]" in await page_of(editor, result=numbers)
    other = await page_of(editor, request={"method": "prompts/get"}, result={})
    assert "<h1>prompts/get</h1>" in other


async def test_what_is_cut_is_offered_whole(editor: Editor) -> None:
    result = {"content": [{"type": "text", "text": "x" * 300_000}]}
    assert '<a href="command:open">' in await page_of(editor, result=result, openWhole="command:open")
    assert "<a " not in await page_of(editor, result=result, openWhole="javascript:open")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"at": "yesterday"}, {"at": None}, {"request": {}}, {"request": None}, {"unknown": 1}, {"error": {}}),
        {"result": {}, "error": {"message": "m"}},
    ],
    ids=json.dumps,
)  # fmt: skip
async def test_what_is_no_exchange_is_refused(editor: Editor, wrong: dict) -> None:
    with pytest.raises(ResponseError) as refused:
        await page_of(editor, **wrong)
    assert refused.value.code == -32602


async def test_the_sidecar_answers_while_a_large_result_is_rendered(editor: Editor) -> None:
    rows = [{"a": i, "b": "<text>"} for i in range(300_000)]
    request = {"method": "tools/call", "params": {"name": "t"}}
    await editor.status()
    _, page = await editor.request_nowait("mcp/render", {"request": request, "at": AT, "result": rows})
    await editor.status()
    assert not page.done()
    assert len((await page)["html"]) < 3_000_000
