"""Every method of MCP in both eras, those the sidecar does not know, and what a server did not declare."""

import json
from pathlib import Path

import pytest

from mcp_sidecar.server.methods import command_id
from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.programs import capable, raw

ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])

DURATION = "mcp-sidecar/durationMs"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
TASKS = "io.modelcontextprotocol/tasks"


def without_own(result: Json) -> Json:
    """A result without what the sidecar, or the modern era, adds to it."""
    return {key: value for key, value in result.items() if key not in ("_meta", "resultType", "ttlMs", "cacheScope")}


def sent(record: Path, method: str) -> list[Json]:
    """The messages of this method that the server received."""
    messages = (json.loads(line) for line in record.read_text().splitlines())
    return [message for message in messages if message.get("method") == method]


@ERAS
async def test_resources_prompts_and_completions_pass_through_unaltered(editor: Editor, era: str) -> None:
    await editor.connect(**capable("--era", era))
    listed = await editor.request("mcp/resources/list")
    assert [each["uri"] for each in listed["resources"]] == [
        "http://Host.Example",
        "file:///C:/Über%20all/../x?a=b#c",
        "note:1",
    ]
    page = await editor.request("mcp/resources/list", {"cursor": "2"})
    assert [each["uri"] for each in page["resources"]] == ["note:1"]
    templates = await editor.request("mcp/resources/templates/list")
    assert templates["resourceTemplates"][0]["uriTemplate"] == "note:{number}"
    for uri in ("http://Host.Example", "file:///C:/Über%20all/../x?a=b#c"):
        read = await editor.request("mcp/resources/read", {"uri": uri})
        assert without_own(read) == {"contents": [{"uri": uri, "text": "read"}]}
        assert read["_meta"][DURATION] > 0
    assert (await editor.request("mcp/prompts/list"))["prompts"][0]["name"] == "greet"
    got = await editor.request("mcp/prompts/get", {"name": "greet", "arguments": {"who": "Eve"}})
    assert got["messages"][0]["content"]["text"] == "Greet Eve."
    completed = await editor.request(
        "mcp/completion/complete",
        {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "who", "value": "E"}},
    )
    assert completed["completion"]["values"] == ["E!"]
    assert without_own(await editor.request("mcp/logging/setLevel", {"level": "debug"})) == {}
    statistics = (await editor.status())["statistics"]
    assert statistics == {"toolsCalled": 0, "resourcesAccessed": 2, "promptsExecuted": 1, "errors": 0}


@ERAS
async def test_a_method_that_nobody_knows_passes_through(editor: Editor, era: str) -> None:
    await editor.connect(**capable("--era", era))
    params: Json = {"a": [None, 2**70], "_meta": {"own": 1}}
    result = await editor.request("mcp/x/echo", params)
    assert result["params"]["a"] == params["a"]
    assert result["params"]["_meta"]["own"] == 1
    assert "progressToken" not in result["params"]["_meta"]
    assert result["_meta"][DURATION] > 0
    command = {"command": "mcpSidecar.x.echo", "arguments": [params]}
    assert (await editor.request("workspace/executeCommand", command))["params"]["a"] == params["a"]
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/no/such")
    assert (refused.value.code, refused.value.kind) == (-32803, "server_error")
    assert refused.value.data["details"]["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("given", "received"),
    [
        (None, {}),
        ({}, {"params": {}}),
        ([], {"params": {}}),
        ({"_meta": {}}, {"params": {"_meta": {}}}),
        ({"_meta": {"mcp-sidecar/callTimeout": 9}}, {"params": {}}),
    ],
    ids=["none", "empty", "empty-lua-table", "empty-meta", "own-options"],
)
async def test_empty_params_arrive_as_they_are_and_none_as_none(
    editor: Editor, tmp_path: Path, given: Json, received: Json
) -> None:
    record = tmp_path / "received"
    await editor.connect(**capable("--record", record))
    for method in ("tools/list", "ping"):
        await editor.request(f"mcp/{method}", given)
        await editor.request("workspace/executeCommand", {"command": command_id(f"mcp/{method}"), "arguments": [given]})
    await editor.notify("mcp/notifications/x/own", given)
    await editor.call("echo", text="behind it")
    for method, number in (("tools/list", 2), ("ping", 2), ("notifications/x/own", 1)):
        messages = sent(record, method)
        assert len(messages) == number
        for message in messages:
            assert {key: value for key, value in message.items() if key == "params"} == received
    frames = (await editor.request("mcp/trace"))["frames"]
    pings = [json.loads(each["body"]) for each in frames if each["message"].endswith(" ping")]
    assert [each.get("params", "none") for each in pings[-2:]] == [received.get("params", "none")] * 2


async def test_a_commands_own_token_makes_no_params(editor: Editor, tmp_path: Path) -> None:
    record = tmp_path / "received"
    await editor.connect(**capable("--record", record))
    command = {"command": command_id("mcp/notifications/x/own"), "arguments": [], "workDoneToken": "mine"}
    await editor.request("workspace/executeCommand", command)
    await editor.call("echo", text="behind it")
    (message,) = sent(record, "notifications/x/own")
    assert "params" not in message


@pytest.mark.parametrize(("era", "method"), [("legacy", "ping"), ("modern", "server/discover")])
async def test_a_ping_takes_its_params_along(editor: Editor, tmp_path: Path, era: str, method: str) -> None:
    record = tmp_path / "received"
    await editor.connect(**capable("--era", era, "--record", record))
    await editor.request("mcp/ping", {"x": 1, "_meta": {"own": 1}, "workDoneToken": "t"})
    params = sent(record, method)[-1]["params"]
    assert (params["x"], params["_meta"]["own"]) == (1, 1)
    assert "workDoneToken" not in params


async def test_a_log_level_that_cannot_be_is_refused_and_spoils_no_later_request(editor: Editor) -> None:
    await editor.connect(**capable("--era", "modern"))
    await editor.request("mcp/logging/setLevel", {"level": "warning"})
    refused = await editor.refused("mcp/logging/setLevel", {"level": "loud"})
    assert (refused.kind, "emergency" in refused.data["suggestion"]) == ("protocol_error", True)
    meta = (await editor.request("mcp/x/echo"))["params"]["_meta"]
    assert meta["io.modelcontextprotocol/logLevel"] == "warning"


async def test_the_sidecars_own_names_never_reach_the_server(editor: Editor) -> None:
    await editor.connect(**capable())
    for method in ("mcp/", "mcp/didLog", "mcp/didChangeStatus", "mcpx/echo", "own/thing", "textDocument/nothing"):
        with pytest.raises(ResponseError) as refused:
            await editor.request(method)
        assert refused.value.code == -32601, method
    for command in ("mcpSidecar.", "own.thing", "mcpSidecar.didLog"):
        with pytest.raises(ResponseError) as refused:
            await editor.request("workspace/executeCommand", {"command": command})
        assert refused.value.code == -32602, command


async def test_an_unknown_method_without_a_connection_says_so(editor: Editor) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/x/echo")
    assert refused.value.kind == "not_connected"


async def test_a_notification_of_the_client_passes_through(editor: Editor) -> None:
    await editor.connect(**capable())
    await editor.notify("mcp/notifications/x/own", {"a": 1})
    assert await editor.request("mcp/notifications/roots/list_changed") is None
    heard = json.loads((await editor.call("heard"))["content"][0]["text"])
    assert [each["method"] for each in heard] == [
        "notifications/initialized",
        "notifications/x/own",
        "notifications/roots/list_changed",
    ]
    assert heard[1]["params"] == {"a": 1}
    with pytest.raises(ResponseError, match="cancelRequest"):
        await editor.request("mcp/notifications/cancelled", {"requestId": 1})


UNDECLARED = [
    ("prompts", "mcp/prompts/list", None),
    ("resources.subscribe", "mcp/resources/subscribe", {"uri": "note:1"}),
    ("completions", "mcp/completion/complete", {"ref": {}, "argument": {"name": "who", "value": "E"}}),
    ("logging", "mcp/logging/setLevel", {"level": "debug"}),
    ("tasks", "mcp/tasks/list", None),
    ("tasks.cancel", "mcp/tasks/cancel", {"taskId": "x"}),
    ("tools", "mcp/tools/call", {"name": "echo", "arguments": {"text": "x"}}),
]


@pytest.mark.parametrize(("capability", "method", "params"), UNDECLARED, ids=[each[0] for each in UNDECLARED])
async def test_what_the_server_did_not_declare_is_refused_and_not_sent(
    editor: Editor, tmp_path: Path, capability: str, method: str, params: Json
) -> None:
    record = tmp_path / "received"
    await editor.connect(**capable("--without", capability, "--record", record))
    with pytest.raises(ResponseError) as refused:
        await editor.request(method, params)
    assert (refused.value.code, refused.value.kind) == (-32803, "protocol_error")
    mcp = method.removeprefix("mcp/")
    assert refused.value.data["details"] == {"method": mcp, "capability": capability}
    assert capability in refused.value.data["suggestion"]
    await editor.request("mcp/ping")
    assert sent(record, mcp) == []
    assert (await editor.status())["statistics"]["errors"] == 0


async def test_forced_it_is_sent_all_the_same(editor: Editor, tmp_path: Path) -> None:
    record = tmp_path / "received"
    await editor.connect(**capable("--without", "prompts", "--record", record))
    listed = await editor.request("mcp/prompts/list", {"_meta": {"mcp-sidecar/force": True}})
    assert listed["prompts"][0]["name"] == "greet"
    (message,) = sent(record, "prompts/list")
    assert "_meta" not in message.get("params", {})


async def test_the_oldest_version_completes_without_a_capability(editor: Editor) -> None:
    await editor.connect(**capable("--without", "completions", protocolVersion="2024-11-05"))
    params = {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "who", "value": "E"}}
    assert (await editor.request("mcp/completion/complete", params))["completion"]["values"] == ["E!"]


@pytest.mark.parametrize(
    ("meta", "named"),
    [
        ({"mcp-sidecar/callTimeout": 0}, "callTimeout"),
        ({"mcp-sidecar/callTimeout": "5"}, "callTimeout"),
        ({"mcp-sidecar/callTimeout": None}, "callTimeout"),
        ({"mcp-sidecar/maxCallTimeout": -1}, "maxCallTimeout"),
        ({"mcp-sidecar/maxCallTimeout": True}, "maxCallTimeout"),
        ({"mcp-sidecar/force": 1}, "force"),
        ({"mcp-sidecar/calltimeout": 5}, "calltimeout"),
    ],
)
async def test_an_option_that_cannot_be_is_refused_by_name(editor: Editor, meta: Json, named: str) -> None:
    await editor.connect(**raw())
    for method in ("mcp/tools/list", "mcp/ping", "mcp/x/echo"):
        with pytest.raises(ResponseError, match=f"mcp-sidecar/{named}") as refused:
            await editor.request(method, {"_meta": meta})
        assert refused.value.code == -32602


async def test_tasks_pass_through_with_their_statuses(editor: Editor) -> None:
    await editor.connect(**capable())
    call = {"name": "echo", "arguments": {"text": "x"}, "task": {"ttl": 60000}}
    created = await editor.request("mcp/tools/call", call)
    task = created["task"]
    assert task["status"] == "working"
    assert created["_meta"].keys() == {DURATION}
    status = await editor.wait_for("mcp/notifications/tasks/status")
    assert status["taskId"] == task["taskId"]
    assert [each["taskId"] for each in (await editor.request("mcp/tasks/list"))["tasks"]] == [task["taskId"]]
    assert (await editor.request("mcp/tasks/get", {"taskId": task["taskId"]}))["status"] == "working"
    assert (await editor.request("mcp/tasks/result", {"taskId": task["taskId"]}))["content"][0]["text"] == "done"
    assert (await editor.request("mcp/tasks/cancel", {"taskId": task["taskId"]}))["status"] == "cancelled"


async def test_tasks_of_the_new_era_pass_through_where_the_request_declares_them(
    editor: Editor, tmp_path: Path
) -> None:
    record = tmp_path / "received"
    await editor.connect(**capable("--era", "modern", "--record", record))
    declared: Json = {CAPABILITIES: {"extensions": {TASKS: {}}}}
    created = await editor.request("mcp/tools/call", {"name": "echo", "arguments": {"text": "x"}, "_meta": declared})
    assert (created["resultType"], created["taskId"]) == ("task", "task-0")
    assert not any("problems" in key for key in created["_meta"])
    assert (await editor.request("mcp/tasks/get", {"taskId": "task-0"}))["status"] == "working"
    updated = await editor.request("mcp/tasks/update", {"taskId": "task-0", "inputResponses": {}})
    assert updated["resultType"] == "complete"
    called = await editor.request("mcp/tools/call", {"name": "echo", "arguments": {"text": "x"}})
    assert called["content"][0]["text"] == "x"
    first, second = (message["params"]["_meta"][CAPABILITIES] for message in sent(record, "tools/call"))
    assert first == {**second, "extensions": {TASKS: {}}}


async def test_a_verbose_status_tells_how_long_each_tool_took(editor: Editor) -> None:
    await editor.connect(**raw())
    for text in "abc":
        await editor.call("echo", text=text)
    await editor.call("slow", seconds=0.2)
    await editor.call("fails")
    with pytest.raises(ResponseError):
        await editor.call("refuses")
    assert "tools" not in await editor.status()
    assert "tools" not in await editor.request("mcp/status", {"verbose": False})
    status = await editor.request("mcp/status", {"verbose": True})
    timings = {each["name"]: each for each in status["tools"]}
    assert {name: each["count"] for name, each in timings.items()} == {"echo": 3, "fails": 1, "slow": 1}
    assert 200 <= timings["slow"]["lastMs"] == timings["slow"]["p50Ms"] == timings["slow"]["maxMs"] < 5000
    assert 0 < timings["echo"]["p50Ms"] <= timings["echo"]["maxMs"]
    assert all("tools" not in each for each in editor.statuses)
    await editor.request("mcp/disconnect")
    assert (await editor.request("mcp/status", {"verbose": True}))["tools"] == []
    with pytest.raises(ResponseError, match="verbose"):
        await editor.request("mcp/status", {"verbose": "yes"})
