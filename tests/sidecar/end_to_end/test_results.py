"""Results and params pass through: nothing lost, nothing added but `_meta`."""

import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.programs import nasty, raw

DURATION = "mcp-sidecar/durationMs"
PROBLEMS = "mcp-sidecar/problems"


async def test_exotic_results_arrive_as_the_server_sent_them(editor: Editor) -> None:
    await editor.connect(**nasty("exotic"))
    result = await editor.call("echo", text="x")
    assert result["content"][0]["x-shade"] == {"blue": [1, None]}
    assert result["content"][0]["annotations"] is None
    assert result["content"][1] == {"type": "hologram", "depth": 3}
    assert isinstance(result["structuredContent"]["big"], int)
    assert result["structuredContent"]["big"] > 2**64
    assert result["_meta"][DURATION] > 0


async def test_params_reach_the_server_as_the_editor_sent_them(editor: Editor, tmp_path: object) -> None:
    import json

    record = f"{tmp_path}/received"
    await editor.connect(**raw("--record", record))
    arguments: Json = {
        "text": "x",
        "jsonrpc": "1.0",
        "$schema": None,
        "if": {"a-b": [None, 2**70, 1.5, "ä\u2028"]},
        "class": {"_meta": {}},
    }
    await editor.request("mcp/tools/call", {"name": "echo", "arguments": arguments, "x-own": 1, "_meta": {"k": None}})
    with open(record) as lines:
        (sent,) = [message for line in lines if (message := json.loads(line)).get("method") == "tools/call"]
    del sent["params"]["_meta"]["progressToken"]  # so that progress can extend the deadline
    assert sent["params"] == {"name": "echo", "arguments": arguments, "x-own": 1, "_meta": {"k": None}}


async def test_an_error_of_the_servers_own_is_verbatim(editor: Editor) -> None:
    await editor.connect(**raw())
    with pytest.raises(ResponseError) as refused:
        await editor.call("refuses")
    assert (refused.value.code, refused.value.kind) == (-32803, "server_error")
    error = refused.value.data["details"]["error"]
    assert error["code"] == -32042
    assert error["data"] is not None
    assert error["message"] == refused.value.message


async def test_an_is_error_result_is_a_result(editor: Editor) -> None:
    await editor.connect(**raw())
    assert (await editor.call("fails"))["isError"] is True
    assert (await editor.status())["statistics"]["errors"] == 0


@pytest.mark.parametrize("listed", [True, False])
async def test_a_result_that_breaks_the_tools_output_schema_arrives_with_the_problem(
    editor: Editor, listed: bool
) -> None:
    await editor.connect(**nasty("broken-output"))
    if listed:
        await editor.request("mcp/tools/list")
    result = await editor.call("measure")
    assert result["structuredContent"] == {"value": "much"}
    (problem,) = result["_meta"][PROBLEMS]
    assert (problem["rule"], problem["path"]) == ("output-schema", "$.structuredContent.value")


async def test_missing_structured_content_is_a_problem(editor: Editor) -> None:
    await editor.connect(**nasty("missing-output"))
    (problem,) = (await editor.call("measure"))["_meta"][PROBLEMS]
    assert problem["rule"] == "output-schema"


async def test_an_invalid_output_schema_is_a_problem_and_no_failure(editor: Editor) -> None:
    await editor.connect(**nasty("invalid-output-schema"))
    result = await editor.call("measure")
    assert result["structuredContent"] == {"value": 3}
    assert "no JSON Schema" in result["_meta"][PROBLEMS][0]["message"]


async def test_a_good_result_has_no_problems(editor: Editor) -> None:
    await editor.connect(**raw())
    result = await editor.call("add", a=1, b=2)
    assert result["structuredContent"] == {"sum": 3}
    assert list(result["_meta"]) == [DURATION]


async def test_one_bad_tool_does_not_hide_the_others(editor: Editor) -> None:
    await editor.connect(**nasty("bad-tool"))
    result = await editor.request("mcp/tools/list")
    names = [tool.get("name") for tool in result["tools"] if isinstance(tool, dict)]
    assert "echo" in names
    assert "exit" in names
    assert {problem["rule"] for problem in result["_meta"][PROBLEMS]} == {"protocol"}
    assert any(problem["path"].startswith("$.tools[1]") for problem in result["_meta"][PROBLEMS])
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"


async def test_a_deep_schema_arrives_whole(editor: Editor) -> None:
    await editor.connect(**nasty("deep-schema", 98))
    result = await editor.request("mcp/tools/list")
    (deep,) = [tool for tool in result["tools"] if tool["name"] == "deep"]

    def depth(value: Json) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return 1 + max((depth(each) for each in inner), default=0)

    assert depth(deep["inputSchema"]) > 98


async def test_a_list_without_cursor_has_all_pages_and_with_cursor_exactly_one(editor: Editor) -> None:
    await editor.connect(**nasty("pages", 5))
    everything = await editor.request("mcp/tools/list")
    assert "nextCursor" not in everything
    first = await editor.request("mcp/tools/list", {"cursor": "1"})
    assert len(first["tools"]) <= 1
    assert len(everything["tools"]) == 4
    assert (await editor.request("mcp/tools/list", {"cursor": None}))["tools"] == everything["tools"]


@pytest.mark.parametrize(("mode", "count"), [("same-cursor", 2), ("endless-cursors", 1000)])
async def test_endless_pages_come_to_an_end_with_a_problem(editor: Editor, mode: str, count: int) -> None:
    await editor.connect(**nasty(mode))
    result = await editor.request("mcp/tools/list")
    assert len(result["tools"]) == count
    assert result["_meta"][PROBLEMS][-1]["rule"] == "paging"


@pytest.mark.parametrize("megabytes", [1, 10, 40])
async def test_a_big_result_arrives(editor: Editor, megabytes: int) -> None:
    await editor.connect(**nasty("big-result", megabytes))
    result = await editor.call("echo", timeout=60, text="x")
    assert len(result["content"][0]["text"]) >= megabytes * 1_000_000


async def test_commands_have_the_same_results_and_errors(editor: Editor) -> None:
    async def command(name: str, *arguments: Json) -> Json:
        return await editor.request(
            "workspace/executeCommand", {"command": f"mcpSidecar.{name}", "arguments": list(arguments)}
        )

    target = raw()
    assert (await command("connect", target))["state"] == "connected"
    assert (await command("status")) == await editor.status()
    result = await command("tools.call", {"name": "echo", "arguments": {"text": "x"}})
    assert result["content"] == (await editor.call("echo", text="x"))["content"]
    with pytest.raises(ResponseError) as refused:
        await command("tools.call", {"nam": "echo"})
    assert refused.value.code == -32602
    with pytest.raises(ResponseError) as failed:
        await command("connect", "no-such-file.py")
    assert failed.value.kind == "invalid_target"
    assert (await command("disconnect"))["state"] == "disconnected"


async def test_commands_are_cancelled_like_requests(editor: Editor) -> None:
    await editor.connect(**raw())
    arguments = {"command": "mcpSidecar.tools.call", "arguments": [{"name": "slow", "arguments": {"seconds": 60}}]}
    request_id, call = await editor.request_nowait("workspace/executeCommand", arguments)
    await editor.wait_for("mcp/didChangeStatus", lambda status: status["inFlight"] == 1)
    await editor.cancel(request_id)
    with pytest.raises(ResponseError) as cancelled:
        await call
    assert cancelled.value.code == -32800
    status = await editor.status()
    assert (status["inFlight"], status["statistics"]["errors"], status["state"]) == (0, 0, "connected")


async def test_initialize_tells_what_there_is(start_editor: object) -> None:
    editor = await start_editor(initialize=False)  # type: ignore[operator]
    result = await editor.initialize()
    mcp = result["capabilities"]["experimental"]["mcp"]
    assert {"mcp/connect", "mcp/status", "mcp/disconnect", "mcp/reconnect", "mcp/ping", "mcp/tools/call"} <= set(
        mcp["methods"]
    )
    assert mcp["version"]
    assert "mcpSidecar.tools.call" in result["capabilities"]["executeCommandProvider"]["commands"]


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_ping_answers_in_both_eras(editor: Editor, era: str) -> None:
    await editor.connect(**raw("--era", era))
    result = await editor.request("mcp/ping")
    assert list(result) == ["_meta"]
