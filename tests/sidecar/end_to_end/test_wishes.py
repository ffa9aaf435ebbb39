"""What a client asked a server to keep doing holds on later connections to it: the log's level, and subscriptions."""

import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sidecar.harness import Editor, Json
from tests.sidecar.observers import expire
from tests.sidecar.programs import CAPABLE, SERVERS, HttpServer, capable, good_http, nasty_http, raw, stdio

Serve = Callable[[HttpServer], Awaitable[HttpServer]]

LOG_LEVEL = "io.modelcontextprotocol/logLevel"
FORCED: Json = {"_meta": {"mcp-sidecar/force": True}}

REFUSES_LATER = f"""
import sys
sys.path.insert(0, {str(SERVERS)!r})
from pathlib import Path
from capable import Capable
from raw import RpcError

class RefusesLater(Capable):
    def own(self, method, params):
        if method in ("logging/setLevel", "resources/subscribe") and Path(sys.argv[1]).exists():
            raise RpcError(-32000, "not any more")
        return super().own(method, params)

RefusesLater().serve()
"""


def received(record: Path, *methods: str) -> list[tuple[str, str]]:
    """The levels and subscriptions that the server was asked for, in order."""
    messages = [json.loads(line) for line in record.read_text().splitlines()]
    wanted = [each for each in messages if each.get("method") in methods]
    return [(each["method"], each["params"].get("level") or each["params"].get("uri")) for each in wanted]


async def told(editor: Editor, text: str, since: int = 0, timeout: float = 10) -> Json:
    """The log entry that says this."""
    return await editor.wait_for("mcp/didLog", lambda entry: text in entry["message"], timeout, since)


async def wish(editor: Editor) -> None:
    """Ask for a level and a subscription."""
    await editor.request("mcp/logging/setLevel", {"level": "debug"})
    await editor.request("mcp/resources/subscribe", {"uri": "note:1"})


async def behind(editor: Editor) -> None:
    """Wait until the server has received all that was sent so far."""
    await editor.call("echo", text="behind it all")


WISHES = ("logging/setLevel", "resources/subscribe", "resources/unsubscribe")
ALL = [("logging/setLevel", "debug"), ("resources/subscribe", "note:1")]


async def test_wishes_outlive_a_killed_stdio_server_and_a_reconnect(editor: Editor, tmp_path: Path) -> None:
    record = tmp_path / "received"
    await editor.connect(**capable("--record", record))
    await wish(editor)
    for number in (2, 3):
        since = editor.mark()
        if number == 2:
            os.kill(int((await editor.call("pid"))["content"][0]["text"]), signal.SIGKILL)
            await editor.wait_for_state("failed", since=since)
        await editor.request("mcp/reconnect")
        entry = await told(editor, "the log level was set to debug again", since)
        assert (entry["source"], entry["level"]) == ("sidecar", "info")
        await editor.call("touch", uri="note:1")
        await editor.wait_for("mcp/notifications/resources/updated", since=since)
        assert sorted(received(record, *WISHES)) == sorted(ALL * number)
    assert [each for each in editor.logs if each["source"] == "protocol"] == []
    assert (await editor.status())["statistics"]["errors"] == 0


async def test_a_failed_reconnect_forgets_no_wish(editor: Editor, tmp_path: Path) -> None:
    record = tmp_path / "received"
    script = tmp_path / "server.py"
    script.symlink_to(CAPABLE)
    target = stdio(script, "--record", record, env={"PYTHONPATH": str(SERVERS)})
    await editor.connect(**target)
    await wish(editor)
    script.unlink()
    assert (await editor.refused("mcp/reconnect")).kind == "connection_failed"
    script.symlink_to(CAPABLE)
    since = editor.mark()
    await editor.request("mcp/reconnect")
    await told(editor, "set to debug again", since)
    await behind(editor)
    assert sorted(received(record, *WISHES)) == sorted(ALL * 2)


async def test_a_disconnect_another_target_and_an_unsubscribe_end_wishes(editor: Editor, tmp_path: Path) -> None:
    record = tmp_path / "received"
    target = capable("--record", record)
    await editor.connect(**target)
    await wish(editor)
    await editor.request("mcp/resources/unsubscribe", {"uri": "note:1"})
    await editor.request("mcp/disconnect")
    await editor.request("mcp/reconnect")
    await behind(editor)
    so_far = [*ALL, ("resources/unsubscribe", "note:1")]
    assert received(record, *WISHES) == so_far
    await editor.request("mcp/logging/setLevel", {"level": "error"})
    await editor.connect(**raw())
    await editor.connect(**target)
    await behind(editor)
    assert received(record, *WISHES) == [*so_far, ("logging/setLevel", "error")]


async def test_in_the_new_era_the_level_goes_along_again(editor: Editor) -> None:
    await editor.connect(**capable("--era", "modern"))
    await wish(editor)
    since = editor.mark()
    await editor.request("mcp/reconnect")
    await told(editor, "set to debug again", since)
    assert (await editor.request("mcp/x/echo"))["params"]["_meta"][LOG_LEVEL] == "debug"
    await editor.wait_for(
        "mcp/notifications/subscriptions/acknowledged",
        lambda params: params["notifications"].get("resourceSubscriptions") == ["note:1"],
        since=since,
    )
    await editor.request("mcp/disconnect")
    await editor.request("mcp/reconnect")
    assert (await editor.request("mcp/x/echo"))["params"]["_meta"][LOG_LEVEL] == "info"


@pytest.mark.parametrize("how", ["restarted", "session-lost"])
async def test_the_level_outlives_a_lost_http_server(editor: Editor, serve: Serve, how: str) -> None:
    server = await serve(good_http() if how == "restarted" else nasty_http("proper"))
    await editor.connect(url=server.url, protocolVersion="legacy")
    await editor.request("mcp/logging/setLevel", {"level": "warning", **FORCED})
    for _ in range(2):
        since = editor.mark()
        if how == "restarted":
            await server.restart()
            await editor.wait_for_state("reconnecting", timeout=30, since=since)
        else:
            await expire(server)
            await editor.call("echo", text="what finds that out")
        await told(editor, "the log level was set to warning again", since, timeout=30)


async def test_a_wish_that_is_refused_is_told_and_forgotten(editor: Editor, tmp_path: Path) -> None:
    script, switch = tmp_path / "server.py", tmp_path / "switch"
    script.write_text(REFUSES_LATER)
    await editor.connect(command=sys.executable, args=[str(script), str(switch)])
    await wish(editor)
    switch.touch()
    await editor.request("mcp/reconnect")
    await told(editor, "the log level debug holds no longer: not any more")
    await told(editor, "updates of note:1 are no longer announced: not any more")
    assert await editor.wait_for("mcp/didEndSubscription") == {"uri": "note:1"}
    switch.unlink()
    await editor.request("mcp/reconnect")
    await behind(editor)
    frames = (await editor.request("mcp/trace"))["frames"]
    connection = frames[-1]["connection"]
    asked = [each["message"] for each in frames if each["connection"] == connection]
    assert not [each for each in asked if any(method in each for method in WISHES)]
