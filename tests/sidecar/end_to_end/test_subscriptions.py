"""What a server announces: changes of its lists and of resources, in both eras, and whatever else it says."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.programs import LISTENING, HttpServer, capable, listening_http, nasty, raw, stdio

Serve = Callable[[HttpServer], Awaitable[HttpServer]]

ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])

UPDATED = "mcp/notifications/resources/updated"
ACKNOWLEDGED = "mcp/notifications/subscriptions/acknowledged"


def pushed(editor: Editor, method: str) -> list[Json]:
    """The params of all notifications of this method."""
    return [each.params for each in editor.notifications if each.method == method]


def listens_to(acknowledged: Json, uri: str) -> bool:
    """Whether the server acknowledged to listen to this resource."""
    return acknowledged["notifications"].get("resourceSubscriptions") == [uri]


@ERAS
async def test_updates_arrive_from_subscribe_to_unsubscribe(editor: Editor, era: str) -> None:
    await editor.connect(**capable("--era", era))
    await editor.call("touch", uri="note:1")
    subscribed = await editor.request("mcp/resources/subscribe", {"uri": "note:1"})
    assert subscribed["_meta"]["mcp-sidecar/durationMs"] >= 0
    await editor.request("mcp/resources/subscribe", {"uri": "note:1"})  # no second update for it
    await editor.request("mcp/resources/subscribe", {"uri": "http://Host.Example"})
    await editor.call("touch", uri="note:1")
    await editor.call("touch", uri="http://Host.Example")
    await editor.request("mcp/resources/unsubscribe", {"uri": "note:1"})
    await editor.call("touch", uri="note:1")
    await editor.request("mcp/resources/unsubscribe", {"uri": "note:1"})
    await editor.call("echo", text="behind them all")
    assert [each["uri"] for each in pushed(editor, UPDATED)] == ["note:1", "http://Host.Example"]
    assert [each for each in editor.logs if each["source"] == "protocol"] == []
    statistics = (await editor.status())["statistics"]
    assert (statistics["resourcesAccessed"], statistics["errors"]) == (0, 0)


@ERAS
@pytest.mark.parametrize("what", ["tools", "resources", "prompts"])
async def test_changes_of_lists_arrive(editor: Editor, era: str, what: str) -> None:
    await editor.connect(**capable("--era", era))
    if era == "modern":
        await editor.wait_for(ACKNOWLEDGED)
    await editor.call("announce", what=what)
    await editor.wait_for(f"mcp/notifications/{what}/list_changed")
    assert (await editor.status())["inFlight"] == 0


@pytest.mark.parametrize("transport", ["stdio", "http", "json"])
async def test_a_server_of_the_official_sdk_announces_in_the_new_era(
    editor: Editor, serve: Serve, transport: str
) -> None:
    target = stdio(LISTENING)
    if transport != "stdio":
        server = await serve(listening_http("http", *(["--json"] if transport == "json" else [])))
        target = {"url": server.url}
    status = await editor.connect(**target)
    assert status["server"]["protocolVersion"] == "2026-07-28"
    await editor.wait_for(ACKNOWLEDGED)
    for what in ("tools", "resources", "prompts"):
        await editor.call("announce", what=what)
        await editor.wait_for(f"mcp/notifications/{what}/list_changed")
    await editor.request("mcp/resources/subscribe", {"uri": "note://1"})
    await editor.call("touch", uri="note://1")
    assert (await editor.wait_for(UPDATED))["uri"] == "note://1"
    await editor.request("mcp/resources/unsubscribe", {"uri": "note://1"})
    await editor.call("touch", uri="note://1")
    await editor.call("cancellations")
    assert len(pushed(editor, UPDATED)) == 1


async def test_listening_has_no_timeout(editor: Editor) -> None:
    await editor.connect(**capable("--era", "modern", callTimeout=0.4))
    await editor.request("mcp/resources/subscribe", {"uri": "note:1"})
    request_id, own = await editor.request_nowait(
        "mcp/subscriptions/listen", {"notifications": {"promptsListChanged": True}}
    )
    await editor.wait_for(ACKNOWLEDGED, lambda params: params["notifications"] == {"promptsListChanged": True})
    await asyncio.wait({own}, timeout=1)
    await editor.call("touch", uri="note:1")
    await editor.wait_for(UPDATED)
    assert not own.done()
    await editor.cancel(request_id)
    with pytest.raises(ResponseError):
        await own


async def test_what_the_server_does_not_agree_to_is_an_error(editor: Editor) -> None:
    await editor.connect(**nasty("disagrees", "--era", "modern"))
    with pytest.raises(ResponseError, match="but not to note:1") as refused:
        await editor.request("mcp/resources/subscribe", {"uri": "note:1"})
    assert refused.value.kind == "protocol_error"
    with pytest.raises(ResponseError):  # nothing is left of it
        await editor.request("mcp/resources/subscribe", {"uri": "note:1"})


async def test_a_server_that_does_not_acknowledge_is_a_timeout(editor: Editor) -> None:
    await editor.connect(**nasty("never-acknowledges", "--era", "modern"))
    params = {"uri": "note:1", "_meta": {"mcp-sidecar/callTimeout": 0.3}}
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/resources/subscribe", params)
    assert refused.value.kind == "timeout"
    assert (await editor.status())["state"] == "connected"


async def test_listening_that_ends_is_begun_anew(editor: Editor) -> None:
    await editor.connect(**nasty("ends-listening", 1, "--era", "modern"))
    await editor.request("mcp/resources/subscribe", {"uri": "note:1"})
    await editor.wait_for("mcp/didLog", lambda entry: "is begun anew" in entry["message"])
    async with asyncio.timeout(5):
        while len([each for each in pushed(editor, ACKNOWLEDGED) if listens_to(each, "note:1")]) < 2:
            await editor.wait_for(ACKNOWLEDGED, since=editor.mark())


async def test_a_server_that_only_promises_announcements_is_told_of_once(editor: Editor) -> None:
    await editor.connect(**raw("--era", "modern"))
    entry = await editor.wait_for("mcp/didLog", lambda entry: "not announced" in entry["message"])
    assert (entry["source"], entry["level"]) == ("sidecar", "info")
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"


async def test_subscriptions_outlive_a_lost_http_server(editor: Editor, serve: Serve) -> None:
    server = await serve(listening_http())
    await editor.connect(url=server.url)
    await editor.request("mcp/resources/subscribe", {"uri": "note://1"})
    since = editor.mark()
    await server.restart()
    await editor.wait_for_state("connected", timeout=30, since=since)
    await editor.wait_for(ACKNOWLEDGED, lambda params: listens_to(params, "note://1"), since=since)
    await editor.call("touch", uri="note://1")
    await editor.wait_for(UPDATED, since=since)


async def test_updates_may_come_before_and_with_the_answer_to_the_subscription(editor: Editor) -> None:
    await editor.connect(**nasty("tells-first"))
    await editor.request("mcp/resources/subscribe", {"uri": "note:1"})
    await editor.call("echo", text="behind them")
    assert [each["uri"] for each in pushed(editor, UPDATED)] == ["note:1", "note:1"]
    assert [each for each in editor.logs if each["source"] == "protocol"] == []


async def test_updates_that_nobody_asked_for_are_passed_on_and_noted_up_to_a_bound(editor: Editor) -> None:
    await editor.connect(**nasty("rumours", 150))
    for _ in range(2):
        await editor.call("echo", text="x")
    assert len(pushed(editor, UPDATED)) == 300
    notes = [each["message"] for each in editor.logs if "nobody subscribed to" in each["message"]]
    assert len(notes) == 100


async def test_every_notification_arrives_as_it_came(editor: Editor) -> None:
    await editor.connect(**nasty("tells-all"))
    await editor.call("echo", text="x")
    told = {each.method: each.params for each in editor.notifications if each.method.startswith("mcp/notifications/")}
    assert told == {
        "mcp/notifications/tools/list_changed": {},
        "mcp/notifications/resources/list_changed": {"x": 1},
        "mcp/notifications/prompts/list_changed": {},
        "mcp/notifications/message": {"level": "info", "data": {"x": 1}},
        "mcp/notifications/cancelled": {"requestId": "never-sent", "reason": "none"},
        "mcp/notifications/elicitation/complete": {"elicitationId": "e"},
        "mcp/notifications/tasks/status": {"taskId": "t", "status": "working"},
        "mcp/notifications/x/own": {"x": [None]},
    }


async def test_ten_thousand_notifications_hurt_nobody(editor: Editor) -> None:
    await editor.connect(**nasty("notifies", 10_000, callTimeout=60))
    started = time.perf_counter()
    _, answer = await editor.request_nowait("mcp/tools/call", {"name": "echo", "arguments": {"text": "x"}})
    longest = 0.0
    while not answer.done():
        asked = time.perf_counter()
        await editor.status()
        longest = max(longest, time.perf_counter() - asked)
    await answer
    assert [each["number"] for each in pushed(editor, "mcp/notifications/x/tick")] == list(range(10_000))
    assert longest < 2
    print(f"10,000 notifications in {time.perf_counter() - started:.2f} s; a status meanwhile {longest * 1000:.0f} ms")


async def test_what_a_server_asks_before_it_is_initialized_is_answered(editor: Editor) -> None:
    await editor.connect(**nasty("asks-first", protocolVersion="legacy"))
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"
    assert pushed(editor, "mcp/notifications/x/early") == [{}]
