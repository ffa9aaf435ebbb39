"""Servers that people really run: FastMCP, server-everything of npm, mcp-server-time of PyPI, and our own example."""

import base64
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.programs import EVERYTHING, EXAMPLE, HttpServer, everything_http, good, good_http, raw, stdio

Serve = Callable[[HttpServer], Awaitable[HttpServer]]

NEWEST_LEGACY = "2025-11-25"
MODERN = "2026-07-28"
LEGACY_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", NEWEST_LEGACY)

TIME_SERVER = Path(sys.executable).with_name("mcp-server-time")


async def tool(editor: Editor, name: str, arguments: Json = None, meta: Json = None) -> Json:
    """Call a tool whose arguments may have any names; its result must have no problems."""
    params = {"name": name, "arguments": arguments or {}} | ({"_meta": meta} if meta else {})
    return await editor.flawless("tools/call", params)


# FastMCP


@pytest.mark.parametrize("protocol", ["auto", "legacy"])
@pytest.mark.parametrize("transport", ["stdio", "http", "http-json", "sse"])
async def test_all_that_a_fastmcp_server_says_arrives(
    editor: Editor, serve: Serve, transport: str, protocol: str
) -> None:
    if transport == "stdio":
        target = good()
    else:
        kind, _, json = transport.partition("-")
        target = {"url": (await serve(good_http(kind, *(["--json"] if json else [])))).url}
    status = await editor.connect(**target, protocolVersion=protocol)
    server = status["server"]
    modern = protocol == "auto" and transport != "sse"  # the older transport has no place for the newer era
    assert server["protocolVersion"] == (MODERN if modern else NEWEST_LEGACY)
    assert (server["name"], server["version"], server["instructions"]) == ("good", "2.0.1", "Call `echo` first.")
    assert "tools" in server["capabilities"]

    listed = await editor.request("mcp/tools/list")
    (structured,) = [each for each in listed["tools"] if each["name"] == "structured"]
    assert structured["outputSchema"]["required"] == ["city", "temperature", "winds"]

    content = (await tool(editor, "blocks"))["content"]
    assert [block["type"] for block in content] == [
        "text",
        "image",
        "audio",
        "resource_link",
        "resource",
        "resource",
    ]
    assert base64.b64decode(content[1]["data"]).startswith(b"\x89PNG")
    assert (content[2]["mimeType"], content[3]["uri"]) == ("audio/wav", "note://1")
    assert content[4]["resource"] == {"uri": "note://1", "mimeType": "text/plain", "text": "a note"}
    assert content[5]["resource"]["blob"] == content[1]["data"]

    weather = await tool(editor, "structured", {"city": "Bergen"})
    assert weather["structuredContent"] == {"city": "Bergen", "temperature": -3.5, "winds": [1, 2, 3], "warning": None}
    failed = await tool(editor, "fails", {"message": "out of paper"})
    assert failed["isError"] is True
    assert "out of paper" in failed["content"][0]["text"]

    note = await editor.request("mcp/resources/read", {"uri": "note://1"})
    assert note["contents"][0]["text"] == "a note"
    copy = await editor.request("mcp/resources/read", {"uri": "note://7/copy"})
    assert copy["contents"][0]["text"] == "copy of 7"
    prompt = await editor.request("mcp/prompts/get", {"name": "greet", "arguments": {"name": "Ada"}})
    assert "Ada" in prompt["messages"][0]["content"]["text"]
    assert list(await editor.request("mcp/ping")) == ["_meta"]
    assert (await editor.status())["statistics"] == {
        "toolsCalled": 3,
        "resourcesAccessed": 2,
        "promptsExecuted": 1,
        "errors": 0,
    }


@pytest.mark.parametrize("protocol", ["auto", "legacy"])
@pytest.mark.parametrize("transport", ["stdio", "http", "sse"])
async def test_progress_and_log_messages_of_a_fastmcp_server_arrive(
    editor: Editor, serve: Serve, transport: str, protocol: str
) -> None:
    target = good() if transport == "stdio" else {"url": (await serve(good_http(transport))).url}
    await editor.connect(**target, protocolVersion=protocol)
    await tool(editor, "slow", {"seconds": 0.1}, meta={"progressToken": "mine"})
    progress = editor.notified("progress")
    assert [each["progress"] for each in progress] == list(range(10))
    assert {each["progressToken"] for each in progress} == {"mine"}
    await tool(editor, "log", {"message": "low on ink", "level": "warning"})
    entry = await editor.wait_for("mcp/didLog", lambda entry: entry["source"] == "server")
    assert (entry["level"], entry["logger"]) == ("warning", "good")
    assert "low on ink" in entry["message"]
    assert [each["data"]["msg"] for each in editor.notified("message")] == ["low on ink"]


@pytest.mark.parametrize("protocol", ["auto", "legacy"])
async def test_a_change_of_a_fastmcp_servers_tools_is_told(editor: Editor, protocol: str) -> None:
    await editor.connect(**good(protocolVersion=protocol))
    await tool(editor, "add_tool", {"name": "extra"})
    await editor.wait_for("mcp/notifications/tools/list_changed")
    assert (await tool(editor, "extra"))["structuredContent"] == {"result": "I am extra"}


# Protocol versions


@pytest.mark.parametrize("version", LEGACY_VERSIONS)
async def test_a_pinned_handshake_version_is_the_one_negotiated(editor: Editor, version: str) -> None:
    await editor.connect(**stdio(EVERYTHING, "stdio", protocolVersion=version))
    assert (await editor.status())["server"]["protocolVersion"] == version
    result = await tool(editor, "echo", {"message": "x"})
    assert result["content"] == [{"type": "text", "text": "Echo: x"}]


@pytest.mark.parametrize("version", [*LEGACY_VERSIONS, MODERN])
async def test_every_version_can_be_pinned_on_a_server_of_both_eras(editor: Editor, version: str) -> None:
    status = await editor.connect(command=str(TIME_SERVER), args=[], protocolVersion=version)
    assert status["server"]["protocolVersion"] == version
    assert [each["name"] for each in (await editor.request("mcp/tools/list"))["tools"]]


@pytest.mark.parametrize(
    ("target", "version", "kind", "said"),
    [
        (stdio(EVERYTHING, "stdio"), MODERN, "server_error", "Method not found"),
        (raw("--era", "modern"), "legacy", "server_error", "protocol version"),
        (raw("--era", "modern"), "2025-06-18", "server_error", "protocol version"),
        (raw("--era", "legacy"), NEWEST_LEGACY, "protocol_error", "2025-06-18"),
    ],
    ids=["modern on a legacy server", "legacy on a modern server", "version on a modern server", "newer than known"],
)
async def test_a_pinned_version_that_the_server_does_not_speak_fails_the_connect(
    editor: Editor, target: Json, version: str, kind: str, said: str
) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.connect(**target, protocolVersion=version)
    assert refused.value.kind == kind
    assert said in refused.value.message
    assert "protocolVersion" in refused.value.data["suggestion"]


@pytest.mark.parametrize(
    ("target", "version"),
    [
        (stdio(EVERYTHING, "stdio"), NEWEST_LEGACY),
        (raw("--era", "legacy"), "2025-06-18"),
        (raw("--era", "modern"), MODERN),
        (raw("--era", "both"), MODERN),
    ],
    ids=["everything", "legacy", "modern", "both"],
)
async def test_auto_finds_the_newest_version_that_both_speak(editor: Editor, target: Json, version: str) -> None:
    fields: Json
    for fields in ({}, {"protocolVersion": "auto"}):
        assert (await editor.connect(**target, **fields))["server"]["protocolVersion"] == version


# server-everything


@pytest.mark.parametrize("transport", ["stdio", "streamableHttp", "sse"])
async def test_server_everything_works_over_its_three_transports(editor: Editor, serve: Serve, transport: str) -> None:
    target = (
        stdio(EVERYTHING, "stdio") if transport == "stdio" else {"url": (await serve(everything_http(transport))).url}
    )
    status = await editor.connect(**target)
    assert (status["server"]["name"], status["server"]["protocolVersion"]) == (
        "mcp-servers/everything",
        NEWEST_LEGACY,
    )
    assert len((await editor.request("mcp/tools/list"))["tools"]) > 10
    weather = await tool(editor, "get-structured-content", {"location": "New York"})
    assert weather["structuredContent"]["conditions"] == "Cloudy"
    image = await tool(editor, "get-tiny-image")
    assert base64.b64decode(image["content"][1]["data"]).startswith(b"\x89PNG")
    annotated = await tool(editor, "get-annotated-message", {"messageType": "error", "includeImage": True})
    assert annotated["content"][0]["annotations"] == {"audience": ["user", "assistant"], "priority": 1}
    links = await tool(editor, "get-resource-links", {"count": 2})
    assert [block["type"] for block in links["content"]] == ["text", "resource_link", "resource_link"]
    await tool(editor, "trigger-long-running-operation", {"duration": 0.2, "steps": 2}, meta={"progressToken": "p-1"})
    assert [(each["progressToken"], each["progress"]) for each in editor.notified("progress")] == [
        ("p-1", 1),
        ("p-1", 2),
    ]
    resources = await editor.request("mcp/resources/list")
    read = await editor.request("mcp/resources/read", {"uri": resources["resources"][0]["uri"]})
    assert read["contents"]
    completed = await editor.request(
        "mcp/completion/complete",
        {"ref": {"type": "ref/prompt", "name": "completable-prompt"}, "argument": {"name": "department", "value": "E"}},
    )
    assert "Engineering" in completed["completion"]["values"]


# mcp-server-time, and the example


async def test_mcp_server_time_works(editor: Editor) -> None:
    await editor.connect(command=str(TIME_SERVER), args=["--local-timezone", "Europe/Oslo"])
    result = await tool(
        editor,
        "convert_time",
        {"source_timezone": "Asia/Tokyo", "time": "12:00", "target_timezone": "Asia/Kolkata"},
    )
    assert "08:30" in result["content"][0]["text"]
    assert "-3.5h" in result["content"][0]["text"]


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_the_example_server_keeps_notes(editor: Editor, serve: Serve, transport: str) -> None:
    if transport == "stdio":
        target = stdio(EXAMPLE)
    else:
        target = {"url": (await serve(HttpServer([sys.executable, str(EXAMPLE), "--http", "{port}"]))).url}
    status = await editor.connect(**target)
    assert (status["server"]["name"], status["server"]["version"]) == ("notes", "1.0.0")
    added = await tool(editor, "add_note", {"title": "Buy milk", "tags": ["shop"]})
    assert added["structuredContent"]["id"] == 1
    found = await tool(editor, "search_notes", {"query": "SHOP"})
    assert [note["title"] for note in found["structuredContent"]["notes"]] == ["Buy milk"]
    imported = await tool(editor, "import_notes", {"lines": ["a", "b"], "seconds_each": 0}, meta={"progressToken": 7})
    assert imported["structuredContent"] == {"result": 2}
    assert [each["progress"] for each in editor.notified("progress")] == [1, 2]
    refused = await tool(editor, "finish_note", {"note_id": 99})
    assert refused["isError"] is True
    notes = await editor.request("mcp/resources/read", {"uri": "notes://all"})
    assert "- [ ] Buy milk" in notes["contents"][0]["text"]
    plan = await editor.request("mcp/prompts/get", {"name": "plan_day", "arguments": {"hours": "3"}})
    assert "next 3 hours" in plan["messages"][0]["content"]["text"]
