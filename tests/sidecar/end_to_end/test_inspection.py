"""`mcp/inspect`: what is wrong with a server, found by asking it, and never by changing anything."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from mcp_sidecar.connection.inspection.rules import RULES
from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.programs import (
    EVERYTHING,
    EXAMPLE,
    HttpServer,
    everything_http,
    good,
    good_http,
    nasty,
    raw,
    stdio,
    tidy,
)

Serve = Callable[[HttpServer], Awaitable[HttpServer]]

ERAS = [("--era", "legacy"), ("--era", "modern")]


async def inspect(editor: Editor, **options: Any) -> Json:
    return await editor.request("mcp/inspect", options or None, timeout=60)


def rules(inspection: Json, severities: Iterable[str] = ("error", "warning", "information", "hint")) -> set[str]:
    return {finding["rule"] for finding in inspection["findings"] if finding["severity"] in severities}


def outcomes(inspection: Json) -> dict[str, str]:
    return {asked["method"]: asked["outcome"] for asked in inspection["requests"]}


# What is found


@pytest.mark.parametrize("era", ERAS)
async def test_nothing_is_found_in_a_tidy_server(editor: Editor, era: tuple[str, str]) -> None:
    await editor.connect(**tidy(*era))
    inspection = await inspect(editor)
    assert inspection["findings"] == []
    assert inspection["omitted"] == {}
    assert inspection["inspected"] == {"tools": 1, "resources": 1, "resourceTemplates": 1, "prompts": 1, "schemas": 2}
    assert set(outcomes(inspection).values()) == {"answered"}
    assert ("ping" in outcomes(inspection)) == (era[1] == "legacy")


SEEN_ELSEWHERE = {
    *("unknown-method", "slow-list", "resource-read", "resource-mismatch", "uri-template", "undeclared-capability"),
}


async def test_every_rule_is_found_in_an_ill_presented_server(editor: Editor) -> None:
    await editor.connect(**nasty("ill-presented"))
    for tool in ("structured", "unstructured"):
        await editor.call(tool)
    inspection = await inspect(editor)
    assert {rule.id for rule in RULES} - rules(inspection) <= SEEN_ELSEWHERE
    severities = [finding["severity"] for finding in inspection["findings"]]
    assert severities == sorted(severities, key=["error", "warning", "information", "hint"].index)
    assert inspection["omitted"].keys() == {"argument-description"}
    (garbage,) = [finding for finding in inspection["findings"] if finding["rule"] == "protocol-violation"]
    assert (garbage["count"], garbage["place"]) == (2, {"kind": "server", "path": "$"})
    assert "called" in garbage["message"]
    (broken,) = [finding for finding in inspection["findings"] if finding["rule"] == "structured-output"]
    assert broken["place"] == {"kind": "tool", "name": "structured", "index": 23, "path": "$"}


@pytest.mark.parametrize("era", ERAS)
async def test_undeclared_capabilities_that_answer_are_found(editor: Editor, era: tuple[str, str]) -> None:
    await editor.connect(**tidy("--broken", "undeclared", *era))
    inspection = await inspect(editor)
    assert rules(inspection) == {"undeclared-capability"}
    assert {finding["place"]["name"] for finding in inspection["findings"]} == {
        *("tools", "resources", "prompts", "completions"),
    }


@pytest.mark.parametrize("era", ERAS)
async def test_declared_capabilities_that_do_not_answer_are_found(editor: Editor, era: tuple[str, str]) -> None:
    await editor.connect(**tidy("--broken", "silent", *era))
    inspection = await inspect(editor, timeLimit=3)
    found = {(finding["rule"], finding["place"]["name"]) for finding in inspection["findings"]}
    assert found >= {("declared-capability", name) for name in ("tools", "resources", "prompts")}
    assert inspection["durationMs"] < 5_000
    status = await editor.status()
    assert (status["state"], status["statistics"]["errors"], status["inFlight"]) == ("connected", 0, 0)


@pytest.mark.parametrize("era", ERAS)
async def test_what_is_declared_beside_the_lists_must_answer_too(editor: Editor, era: tuple[str, str]) -> None:
    await editor.connect(**tidy("--broken", "hollow", *era, protocolVersion="auto"))
    inspection = await inspect(editor, logLevel="info")
    assert rules(inspection) == {"declared-capability"}
    named = {finding["place"]["name"] for finding in inspection["findings"]}
    assert named == ({"completions"} if era[1] == "modern" else {"completions", "tasks", "logging"})


async def test_what_a_server_does_not_have_must_be_refused_properly(editor: Editor) -> None:
    await editor.connect(**tidy("--broken", "rude"))
    inspection = await inspect(editor)
    assert rules(inspection) == {"unknown-method"}
    assert "What do you want?" in inspection["findings"][0]["message"]


async def test_resources_are_read_only_on_request(editor: Editor, tmp_path: Path) -> None:
    await editor.connect(**tidy("--broken", "contradicting"))
    without = await inspect(editor)
    assert "resources/read" not in outcomes(without)
    assert {"what": "resources/read", "why": "only with `readResources`"} in without["skipped"]
    inspection = await inspect(editor, readResources=True)
    assert outcomes(inspection)["resources/read"] == "answered"
    assert [finding["place"]["path"] for finding in inspection["findings"]] == ["$.mimeType", "$.size"]
    assert (await editor.status())["statistics"]["resourcesAccessed"] == 0


async def test_a_level_is_set_only_on_request(editor: Editor) -> None:
    await editor.connect(**tidy())
    assert "logging/setLevel" not in outcomes(await inspect(editor))
    assert outcomes(await inspect(editor, logLevel="info"))["logging/setLevel"] == "answered"


async def test_nothing_is_called_read_or_counted(editor: Editor, tmp_path: Path) -> None:
    record = tmp_path / "record"
    await editor.connect(**raw("--record", record))
    before = (await editor.status())["statistics"]
    await inspect(editor)
    assert (await editor.status())["statistics"] == before
    methods = {json.loads(line).get("method") for line in record.read_text().splitlines()}
    harmless = {"server/discover", "initialize", "notifications/initialized", "ping"}
    assert methods <= harmless | {f"{name}/list" for name in ("tools", "prompts", "resources", "resources/templates")}


# Real servers: nothing but what is true of them


@pytest.mark.parametrize("protocol", ["legacy", "auto"])
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param(stdio(EXAMPLE), {"argument-description"}, id="example"),
        pytest.param(good(), {"argument-description", "server-instructions"}, id="good"),
        pytest.param(stdio(EVERYTHING), {"argument-description", "schema-dialect"}, id="everything"),
    ],
)
async def test_real_servers_break_no_rule_that_matters(
    editor: Editor, target: Json, expected: set[str], protocol: str
) -> None:
    await editor.connect(**target, protocolVersion=protocol)
    inspection = await inspect(editor)
    assert rules(inspection) - {"slow-list"} <= expected
    assert rules(inspection, ["error", "warning"]) == set()


@pytest.mark.parametrize("make", [good_http, everything_http])
@pytest.mark.parametrize("sse", [False, True])
async def test_servers_on_http_are_inspected(
    editor: Editor, serve: Serve, make: Callable[..., HttpServer], sse: bool
) -> None:
    server = await serve(make("sse") if sse else make())
    await editor.connect(url=server.url)
    inspection = await inspect(editor)
    assert rules(inspection, ["error", "warning"]) == set()
    assert inspection["inspected"]["tools"] > 5


# Nasty servers


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("same-cursor", {"paging"}),
        ("endless-cursors", {"paging"}),
        ("bad-tool", {"protocol-schema", "schema-root"}),
        ("twin-tools", {"duplicate-name"}),
        ("null-tools", {"protocol-schema"}),
        ("invalid-output-schema", {"invalid-schema"}),
        ("garbage", {"protocol-violation"}),
        ("no-capabilities", {"undeclared-capability"}),
        ("deep-schema", {"deep-schema"}),
        ("cyclic-schemas", {"ref-loop", "recursive-schema"}),
    ],
)
async def test_a_nasty_server_is_seen_through(editor: Editor, mode: str, expected: set[str]) -> None:
    await editor.connect(**nasty(mode))
    assert rules(await inspect(editor)) >= expected


async def test_a_schema_deeper_than_can_be_read_is_told(editor: Editor) -> None:
    await editor.connect(**nasty("deep-schema", 1_000))
    inspection = await inspect(editor)
    assert "nested too deep" in inspection["findings"][0]["message"]
    assert outcomes(inspection)["tools/list"] == "failed"


@pytest.mark.parametrize(("mode", "depth"), [("deep-schema", 400), ("deep-schema", 1_000), ("cyclic-schemas", 1_000)])
async def test_deep_and_cyclic_schemas_stop_nothing(editor: Editor, mode: str, depth: int) -> None:
    """Listing, prefilling and calling cope with them, or say why not."""
    await editor.connect(**nasty(mode, depth))
    names = ["echo"]
    try:
        tools = (await editor.request("mcp/tools/list"))["tools"]
    except ResponseError as error:
        assert (error.kind, depth) == ("protocol_error", 1_000)
        assert "nested too deep" in error.message
    else:
        assert tools
        for tool in tools:
            prefilled = await editor.request("mcp/prefill", {"name": tool["name"]})
            assert prefilled["text"].rstrip().endswith("}")
        names = [tool["name"] for tool in tools if tool["name"] in ("echo", "tree", "loop", "ring", "doubling")]
    for name in names:
        assert (await editor.call(name, text="x"))["content"]
    assert (await editor.status())["state"] == "connected"


async def test_five_thousand_tools_are_inspected(editor: Editor) -> None:
    await editor.connect(**nasty("many-tools"))
    inspection = await inspect(editor)
    assert inspection["inspected"] == {
        **dict.fromkeys(("resources", "resourceTemplates", "prompts"), 0),
        "tools": 5000,
        "schemas": 5000,
    }
    assert len(inspection["findings"]) == 100
    assert inspection["omitted"] == {"argument-description": 4900}


async def test_the_time_limit_holds_and_what_was_left_out_is_told(editor: Editor) -> None:
    await editor.connect(**nasty("many-tools"))
    inspection = await inspect(editor, timeLimit=0.1)
    assert inspection["inspected"]["schemas"] < 5000
    assert any(skipped["why"] == "there was no time left" for skipped in inspection["skipped"])
    assert inspection["durationMs"] < 5_000


# Life


async def test_an_inspection_can_be_cancelled(editor: Editor) -> None:
    await editor.connect(**tidy("--broken", "silent"))
    request_id, answer = await editor.request_nowait("mcp/inspect")
    await editor.wait_for("mcp/didLog", lambda entry: entry["source"] == "stderr")
    await editor.cancel(request_id)
    with pytest.raises(ResponseError) as cancelled:
        async with asyncio.timeout(5):
            await answer
    assert cancelled.value.code == -32800
    assert (await editor.status())["state"] == "connected"


async def test_there_is_nothing_to_inspect_without_a_connection(editor: Editor) -> None:
    with pytest.raises(ResponseError) as refused:
        await inspect(editor)
    assert refused.value.kind == "not_connected"


async def test_a_disconnect_ends_an_inspection(editor: Editor) -> None:
    await editor.connect(**tidy("--broken", "silent"))
    _, answer = await editor.request_nowait("mcp/inspect")
    await editor.request("mcp/disconnect")
    with pytest.raises(ResponseError) as lost:
        async with asyncio.timeout(5):
            await answer
    assert lost.value.kind in ("connection_lost", "not_connected")


@pytest.mark.parametrize("options", [{"timeLimit": 0}, {"timeLimit": -1}, {"readResources": "yes"}, {"deep": True}])
async def test_options_that_are_none_are_refused(editor: Editor, options: Json) -> None:
    await editor.connect(**raw())
    with pytest.raises(ResponseError) as refused:
        await inspect(editor, **options)
    assert refused.value.code == -32602


async def test_an_inspection_is_a_command_too(editor: Editor) -> None:
    await editor.connect(**tidy())
    inspection = await editor.request("workspace/executeCommand", {"command": "mcpSidecar.inspect"})
    assert inspection["findings"] == []


async def test_no_secret_is_in_a_finding(editor: Editor) -> None:
    await editor.connect(**nasty("ill-presented", env={"API_TOKEN": "javascript", "OTHER_TOKEN": "unstructured"}))
    told = json.dumps(await inspect(editor))
    assert "the scheme `***:`" in told
    assert "javascript" not in told
    assert "unstructured" not in told
