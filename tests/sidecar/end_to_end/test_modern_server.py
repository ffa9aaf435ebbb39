"""A server of the 2026-07-28 era alone, on the TypeScript SDK v2 (`tests/servers/modern.mjs`), over stdio and HTTP."""

import math
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sidecar.harness import Editor, Json
from tests.sidecar.programs import MODERN, HttpServer, modern_http, stdio

Serve = Callable[[HttpServer], Awaitable[HttpServer]]
StartEditor = Callable[..., Awaitable[Editor]]

MODERN_VERSION = "2026-07-28"


@pytest.fixture(params=["stdio", "http"])
async def target(request: pytest.FixtureRequest, serve: Serve) -> Json:
    """Provide the server as a target, on each transport."""
    return stdio(MODERN) if request.param == "stdio" else {"url": (await serve(modern_http())).url}


async def test_a_server_that_knows_no_handshake_is_spoken_to(editor: Editor, target: Json) -> None:
    status = await editor.connect(**target)
    server = status["server"]
    assert (server["name"], server["title"], server["version"]) == ("modern", "A modern server", "3.1.4")
    assert (server["protocolVersion"], server["instructions"]) == (MODERN_VERSION, "Deploy with care.")
    assert list(await editor.flawless("ping")) == ["_meta"]


async def test_its_tools_have_schemas_annotations_and_structured_results(editor: Editor, target: Json) -> None:
    await editor.connect(**target)
    tools = {tool["name"]: tool for tool in (await editor.flawless("tools/list"))["tools"]}
    assert tools["area"]["annotations"] == {"readOnlyHint": True, "idempotentHint": True}
    assert tools["deploy"]["inputSchema"]["properties"]["region"]["x-mcp-header"] == "Region"
    result = await editor.flawless("tools/call", {"name": "area", "arguments": {"radius": 2}})
    assert result["structuredContent"]["area"] == pytest.approx(4 * math.pi)
    refused = await editor.flawless("tools/call", {"name": "area", "arguments": {"radius": -1}})
    assert refused["isError"] is True


async def test_its_progress_and_its_log_arrive(editor: Editor, target: Json) -> None:
    await editor.connect(**target)
    params = {"name": "count", "arguments": {"to": 20}, "_meta": {"progressToken": "mine"}}
    await editor.flawless("tools/call", params)
    assert editor.notified("progress") == [
        {"progressToken": "mine", "progress": step, "total": 20} for step in range(1, 21)
    ]
    entry = await editor.wait_for("mcp/didLog", lambda entry: entry["source"] == "server")
    assert (entry["level"], entry["logger"], entry["message"]) == ("notice", "counter", "counted to 20")


async def test_its_resources_prompts_and_completions_work(editor: Editor, target: Json) -> None:
    await editor.connect(**target)
    (resource,) = (await editor.flawless("resources/list"))["resources"]
    (template,) = (await editor.flawless("resources/templates/list"))["resourceTemplates"]
    assert (resource["uri"], template["uriTemplate"]) == ("deployments://count", "region://{name}")
    assert (await editor.flawless("resources/read", {"uri": "region://eu-west"}))["contents"] == [
        {"uri": "region://eu-west", "text": "The region eu-west"}
    ]
    (prompt,) = (await editor.flawless("prompts/list"))["prompts"]
    assert prompt["arguments"] == [{"name": "region", "required": True}]
    got = await editor.flawless("prompts/get", {"name": "postmortem", "arguments": {"region": "us-east"}})
    assert got["messages"][0]["content"]["text"] == "What went wrong in us-east?"
    for ref, argument in (
        ({"type": "ref/prompt", "name": "postmortem"}, "region"),
        ({"type": "ref/resource", "uri": "region://{name}"}, "name"),
    ):
        asked = {"ref": ref, "argument": {"name": argument, "value": "eu"}}
        completed = await editor.flawless("completion/complete", asked)
        assert completed["completion"]["values"] == ["eu-north", "eu-west"]
    missing = await editor.refused("mcp/resources/read", {"uri": "region-of-nobody://x"})
    assert missing.kind == "server_error"


async def test_it_asks_for_a_pinned_version_of_its_own_era(editor: Editor, target: Json) -> None:
    await editor.connect(**target, protocolVersion=MODERN_VERSION)
    refused = await editor.refused("mcp/connect", {**target, "protocolVersion": "legacy"})
    assert refused.kind == "server_error"
    assert MODERN_VERSION in str(refused.data["details"])


async def test_it_asks_for_a_confirmation_before_it_deploys(start_editor: StartEditor, target: Json) -> None:
    editor = await start_editor(client={"elicitation": True})
    await editor.connect(**target)
    forms: list[Json] = []
    answers = iter(({"action": "decline"}, {"action": "accept", "content": {"confirm": True, "note": "now"}}))

    def answer(params: Json) -> Json:
        forms.append(params)
        return next(answers)

    editor.answers["mcp/elicitation/create"] = answer
    deploy = {"name": "deploy", "arguments": {"region": "eu-north"}}
    declined = await editor.flawless("tools/call", deploy)
    assert declined["isError"] is True
    assert declined["content"][0]["text"] == "Not deployed: decline."
    done = await editor.flawless("tools/call", deploy)
    assert done["content"][0]["text"] == "Deployed to eu-north."
    assert [form["message"] for form in forms] == ["Deploy to eu-north?"] * 2
    assert forms[0]["requestedSchema"]["properties"]["note"]["maxLength"] == 80
    (count,) = (await editor.flawless("resources/read", {"uri": "deployments://count"}))["contents"]
    assert count["text"] == "1"
    assert (await editor.status())["statistics"]["toolsCalled"] == 2


async def test_it_asks_the_model_and_for_the_folders_in_one_round(
    start_editor: StartEditor, target: Json, tmp_path: Path
) -> None:
    editor = await start_editor(folder=tmp_path, client={"sampling": True})
    await editor.connect(**target)
    said = {"role": "assistant", "model": "made up", "content": {"type": "text", "text": "Grete"}}
    editor.answers["mcp/sampling/createMessage"] = lambda _: said
    result = await editor.flawless("tools/call", {"name": "survey", "arguments": {}})
    assert result["content"][0]["text"] == f"Grete in {tmp_path.as_uri()}"
    (request,) = (each for each in editor.requests if each["method"] == "mcp/sampling/createMessage")
    assert request["params"]["messages"][0]["content"]["text"] == "What is a good name?"


async def test_an_update_of_a_resource_comes_while_it_is_subscribed_to(start_editor: StartEditor, target: Json) -> None:
    editor = await start_editor(client={"elicitation": True})
    editor.answers["mcp/elicitation/create"] = lambda _: {"action": "accept", "content": {"confirm": True}}
    await editor.connect(**target)
    uri = "deployments://count"
    deploy = {"name": "deploy", "arguments": {"region": "us-east"}}
    await editor.flawless("resources/subscribe", {"uri": uri})
    await editor.flawless("tools/call", deploy)
    await editor.wait_for("mcp/notifications/resources/updated", lambda params: params["uri"] == uri)
    await editor.flawless("resources/unsubscribe", {"uri": uri})
    mark = editor.mark()
    await editor.flawless("tools/call", deploy)
    assert (await editor.flawless("resources/read", {"uri": uri}))["contents"][0]["text"] == "2"
    assert all(each.method != "mcp/notifications/resources/updated" for each in editor.notifications[mark:])
