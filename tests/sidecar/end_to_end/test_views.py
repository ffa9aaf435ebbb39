"""`mcp/prefill`: what a person reads and writes, made by the sidecar, without asking the server."""

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
    assert found["cursor"] == {"line": 3, "character": len('  "a": ')}
    assert f'  "a": {BIG},\n  // "b": [\n  //   1.0,\n  //   0.1\n  // ],\n' in found["text"]
    command = {"command": "mcpSidecar.prefill", "arguments": [{"tool": tool}]}
    assert await editor.request("workspace/executeCommand", command) == found


@pytest.mark.parametrize("params", [{}, {"tool": "t"}, {"tool": {}, "name": "t"}], ids=json.dumps)
async def test_prefilling_without_a_tool_is_refused(editor: Editor, params: dict) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/prefill", params)
    assert refused.value.code == -32602
