"""server-everything of npm, the protocol's own test server, used for all it is good at, over its three transports."""

import asyncio
import base64
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sidecar.harness import Editor, Json
from tests.sidecar.programs import EVERYTHING, EVERYTHING_0_6_2, FILESYSTEM, HttpServer, everything_http, stdio

Serve = Callable[[HttpServer], Awaitable[HttpServer]]
StartEditor = Callable[..., Awaitable[Editor]]

OPTED_IN = {"elicitation": True, "sampling": True}

DYNAMIC = "demo://resource/dynamic/text/1"


@pytest.fixture(params=["stdio", "streamableHttp", "sse"])
async def target(request: pytest.FixtureRequest, serve: Serve) -> Json:
    """Provide the server as a target, on each transport."""
    if request.param == "stdio":
        return stdio(EVERYTHING, "stdio")
    return {"url": (await serve(everything_http(request.param))).url}


def text(result: Json) -> str:
    """All texts that a tool answered with."""
    return "\n".join(block["text"] for block in result["content"] if block["type"] == "text")


async def call(editor: Editor, name: str, **arguments: Json) -> str:
    """Call a tool, whose result must have no problems; gives its texts."""
    return text(await editor.flawless("tools/call", {"name": name, "arguments": arguments}))


# What it asks for


async def test_a_form_of_every_kind_of_field_is_filled_in(
    start_editor: StartEditor, target: Json, tmp_path: Path
) -> None:
    editor = await start_editor(folder=tmp_path, client=OPTED_IN)
    await editor.connect(**target)
    filled = {
        "name": "Ada Lovelace",
        "check": True,
        "email": "ada@example.org",
        "homepage": "https://example.org/ada",
        "birthdate": "1815-12-10",
        "integer": 36,
        "number": 2.5,
        "untitledSingleSelectEnum": "Phoebe",
        "untitledMultipleSelectEnum": ["Piano", "Violin"],
        "titledSingleSelectEnum": "hero-3",
        "titledMultipleSelectEnum": ["fish-2", "fish-3"],
        "legacyTitledEnum": "pet-2",
    }
    forms: list[Json] = []

    def fill(params: Json) -> Json:
        forms.append(params)
        return {"action": "accept", "content": filled}

    editor.answers["mcp/elicitation/create"] = fill
    said = await call(editor, "trigger-elicitation-request")
    raw = json.loads(said.partition("Raw result: ")[2])
    assert (raw["action"], raw["content"]) == ("accept", filled)
    (form,) = forms
    fields = form["requestedSchema"]["properties"]
    assert set(filled) <= set(fields)
    assert fields["legacyTitledEnum"]["enumNames"] == ["Cats", "Dogs", "Birds", "Fish", "Reptiles"]
    assert fields["integer"] | {"description": ""} == {
        "title": "Integer",
        "type": "integer",
        "description": "",
        "minimum": 1,
        "maximum": 100,
        "default": 42,
    }


async def test_a_page_is_asked_for_by_a_request_or_as_an_error(
    start_editor: StartEditor, target: Json, tmp_path: Path
) -> None:
    editor = await start_editor(folder=tmp_path, client=OPTED_IN)
    await editor.connect(**target)
    pages: list[Json] = []

    def visit(params: Json) -> Json:
        pages.append(params)
        return {"action": "accept"}

    editor.answers["mcp/elicitation/create"] = visit
    wanted = {"url": "https://example.org/pay?order=7", "elicitationId": "order-7"}
    refused = await editor.refused(
        "mcp/tools/call", {"name": "trigger-url-elicitation", "arguments": {**wanted, "errorPath": True}}
    )
    assert refused.kind == "server_error"
    assert refused.data["details"]["error"]["code"] == -32042
    (first,) = refused.data["details"]["urls"]
    assert "https://modelcontextprotocol.io" in json.dumps(first)
    assert not pages
    said = await call(editor, "trigger-url-elicitation", **wanted, errorPath=True)
    assert "User completed the URL elicitation flow" in said
    (page,) = pages
    assert (page["mode"], page["url"], page["elicitationId"]) == ("url", wanted["url"], "order-7")


async def test_roots_follow_the_folders_of_the_workspace(
    start_editor: StartEditor, target: Json, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second folder"
    first.mkdir()
    second.mkdir()
    editor = await start_editor(folder=first)
    await editor.connect(**target)
    said = await call(editor, "get-roots-list")
    assert first.as_uri() in said
    assert second.as_uri() not in said
    mark = editor.mark()
    added = {"added": [{"uri": second.as_uri(), "name": second.name}], "removed": []}
    await editor.notify("workspace/didChangeWorkspaceFolders", {"event": added})
    await editor.wait_for("mcp/didLog", lambda entry: "Roots updated: 2 root(s)" in entry["message"], since=mark)
    said = await call(editor, "get-roots-list")
    assert first.as_uri() in said
    assert second.as_uri() in said


async def test_a_task_asks_on_its_way_and_is_fetched(start_editor: StartEditor) -> None:
    editor = await start_editor(client=OPTED_IN)
    await editor.connect(**stdio(EVERYTHING, "stdio"))
    editor.answers["mcp/elicitation/create"] = lambda _: {"action": "accept", "content": {"interpretation": "snake"}}
    asked = {"name": "simulate-research-query", "arguments": {"topic": "python", "ambiguous": True}}
    created = await editor.flawless("tools/call", {**asked, "task": {"ttl": 60_000}})
    task = created["task"]
    assert task["status"] == "working"
    listed = (await editor.flawless("tasks/list"))["tasks"]
    assert [each["taskId"] for each in listed] == [task["taskId"]]
    assert (await editor.flawless("tasks/get", {"taskId": task["taskId"]}))["taskId"] == task["taskId"]
    result = await editor.flawless("tasks/result", {"taskId": task["taskId"]})
    assert "python (snake)" in text(result)
    assert (await editor.flawless("tasks/get", {"taskId": task["taskId"]}))["status"] == "completed"


# What it tells


async def test_an_update_of_a_resource_comes_while_it_is_subscribed_to(editor: Editor, target: Json) -> None:
    await editor.connect(**target)
    await editor.flawless("resources/subscribe", {"uri": DYNAMIC})
    await call(editor, "toggle-subscriber-updates")
    await editor.wait_for("mcp/notifications/resources/updated", lambda params: params == {"uri": DYNAMIC})
    await editor.flawless("resources/unsubscribe", {"uri": DYNAMIC})
    assert "Stopped" in await call(editor, "toggle-subscriber-updates")


async def test_the_level_of_the_log_is_the_one_that_was_set(editor: Editor, target: Json) -> None:
    """Subscribing makes the server log at `info`."""
    await editor.connect(**target)
    for level, heard in (("emergency", 0), ("debug", 1)):
        await editor.flawless("logging/setLevel", {"level": level})
        mark = editor.mark()
        await editor.flawless("resources/subscribe", {"uri": DYNAMIC})
        if heard:
            await editor.wait_for("mcp/didLog", lambda entry: "Subscribe" in entry["message"], since=mark)
        since = [each.params for each in editor.notifications[mark:] if each.method == "mcp/didLog"]
        told = [entry for entry in since if "Received Subscribe" in entry["message"]]
        assert [(entry["source"], entry["level"]) for entry in told] == [("server", "info")] * heard


async def test_a_resource_of_the_session_is_announced_and_read(editor: Editor, target: Json) -> None:
    await editor.connect(**target)
    data = "data:text/plain;base64," + base64.b64encode("sæt og læst\n".encode() * 100).decode()
    arguments = {"name": "set.gz", "data": data, "outputType": "resourceLink"}
    result = await editor.flawless("tools/call", {"name": "gzip-file-as-resource", "arguments": arguments})
    (link,) = result["content"]
    assert (link["type"], link["mimeType"]) == ("resource_link", "application/gzip")
    await editor.wait_for("mcp/notifications/resources/list_changed")
    assert link["uri"] in [each["uri"] for each in (await editor.flawless("resources/list"))["resources"]]
    (content,) = (await editor.flawless("resources/read", {"uri": link["uri"]}))["contents"]
    assert gzip.decompress(base64.b64decode(content["blob"])).decode() == "sæt og læst\n" * 100


async def test_an_argument_is_completed_by_what_was_chosen_before(editor: Editor, target: Json) -> None:
    await editor.connect(**target)
    ref = {"type": "ref/prompt", "name": "completable-prompt"}

    async def completed(name: str, value: str, **chosen: str) -> list[str]:
        params = {"ref": ref, "argument": {"name": name, "value": value}, "context": {"arguments": chosen}}
        return (await editor.flawless("completion/complete", params))["completion"]["values"]

    assert await completed("department", "S") == ["Sales", "Support"]
    assert await completed("name", "", department="Sales") == ["David", "Eve", "Frank"]
    assert await completed("name", "K", department="Support") == ["Kim"]
    got = await editor.flawless(
        "prompts/get", {"name": "completable-prompt", "arguments": {"department": "Support", "name": "Kim"}}
    )
    assert "promote Kim to the head of the Support team" in got["messages"][0]["content"]["text"]


# Others that ask, each in its own way


async def test_server_filesystem_works_in_the_folders_of_the_workspace(
    start_editor: StartEditor, tmp_path: Path
) -> None:
    """It is started without a directory, asks for the roots, and follows them."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    (second / "note.txt").write_text("found", encoding="utf-8")
    editor = await start_editor(folder=first)
    await editor.connect(**stdio(FILESYSTEM))
    await _eventually(editor, "list_allowed_directories", str(first))
    assert "Access denied" in await call(editor, "read_text_file", path=str(second / "note.txt"))
    added = {"added": [{"uri": second.as_uri(), "name": second.name}], "removed": []}
    await editor.notify("workspace/didChangeWorkspaceFolders", {"event": added})
    await _eventually(editor, "list_allowed_directories", str(second))
    assert await call(editor, "read_text_file", path=str(second / "note.txt")) == "found"


async def _eventually(editor: Editor, name: str, said: str) -> None:
    """Call a tool until it says so: the server fetches the roots when it likes, and tells nobody."""
    async with asyncio.timeout(10):
        while said not in await call(editor, name):
            await asyncio.sleep(0.05)


async def test_the_oldest_server_samples_on_a_subscription(start_editor: StartEditor) -> None:
    editor = await start_editor(client=OPTED_IN)
    await editor.connect(**stdio(EVERYTHING_0_6_2))
    prompts: list[Json] = []

    def sample(params: Json) -> Json:
        prompts.append(params)
        return {"role": "assistant", "model": "made up", "content": {"type": "text", "text": "Noted."}}

    editor.answers["mcp/sampling/createMessage"] = sample
    await editor.flawless("resources/subscribe", {"uri": "test://static/resource/1"})
    assert "A new subscription was started" in prompts[0]["messages"][0]["content"]["text"]
    assert "LLM sampling result" in await call(editor, "sampleLLM", prompt="Say it.", maxTokens=7)
    assert prompts[1]["maxTokens"] == 7
    updated = await editor.wait_for("mcp/notifications/resources/updated", timeout=20)
    assert updated == {"uri": "test://static/resource/1"}
