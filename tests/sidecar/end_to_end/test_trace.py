"""The trace of the wire to the server: `$/logTrace` as it happens, `mcp/trace` afterwards, never with a secret."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from mcp_sidecar.server.sidecar import BACKLOG_LIMIT
from tests.sidecar.harness import Editor, ResponseError
from tests.sidecar.programs import HttpServer, free_port, good_http, nasty, nasty_http, raw

SECRET = "made-up-s3cret/va+lue"

Serve = Callable[[HttpServer], Awaitable[HttpServer]]


@pytest.fixture
async def tracing(editor: Editor) -> AsyncIterator[Editor]:
    """Provide a sidecar that tells its trace in full, and tells it no more afterwards."""
    await editor.notify("$/setTrace", {"value": "verbose"})
    yield editor
    await editor.notify("$/setTrace", {"value": "off"})


def traced(editor: Editor, since: int = 0) -> list[Any]:
    """Every `$/logTrace`, in order."""
    return [each.params for each in editor.notifications[since:] if each.method == "$/logTrace"]


def lines(editor: Editor, since: int = 0) -> list[str]:
    """The lines of the trace, without sizes and times."""
    return [each["message"].partition(",")[0] for each in traced(editor, since)]


def verbose(editor: Editor, line: str) -> str:
    """What the trace says in full of the first line with this beginning."""
    return next(each["verbose"] for each in traced(editor) if each["message"].startswith(line))


async def kept(editor: Editor, since: int = 0) -> list[Any]:
    """The frames that are kept, without those of connections up to the number `since`."""
    return [frame for frame in (await editor.request("mcp/trace"))["frames"] if frame["connection"] > since]


async def last_connection(editor: Editor) -> int:
    """The number of the last connection: sidecars are shared."""
    return max((frame["connection"] for frame in await kept(editor)), default=0)


# From the first frame, both ways


@attrs.frozen
class Case:
    """A way to a server, and how the trace of it begins."""

    protocol: str
    first: str
    http: str | None = None
    """`http` or `sse`, if it is that."""
    args: tuple[str, ...] = ()


CASES = (
    Case("legacy", "→ 1 initialize"),
    Case("2026-07-28", "→ 1 server/discover"),
    Case("auto", "→ 1 server/discover"),
    Case("legacy", "→ 1 initialize", "http"),
    Case("legacy", "→ 1 initialize", "http", ("--json",)),
    Case("2026-07-28", "→ 1 server/discover", "http"),
    Case("auto", "→ 1 server/discover", "http", ("--json",)),
    Case("auto", "→ GET ", "sse"),
)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id="-".join((case.http or "stdio", case.protocol, *case.args))) for case in CASES]
)
async def test_everything_is_told_from_the_first_frame_on(tracing: Editor, serve: Serve, case: Case) -> None:
    target = {"url": (await serve(good_http(case.http, *case.args))).url} if case.http else raw("--era", "both")
    before = await last_connection(tracing)
    await tracing.connect(**target, protocolVersion=case.protocol)
    result = await tracing.call("echo", text="hello, trace")
    told = lines(tracing)
    assert told[0].startswith(case.first)
    assert (
        f"← 1 {'initialize' if case.protocol == 'legacy' or case.http == 'sse' else 'server/discover'} result" in told
    )
    asked = next(line for line in told if line.startswith("→") and line.endswith("tools/call"))
    answered = f"← {asked.removeprefix('→ ')} result"
    assert told.index(asked) < told.index(answered)
    sent = json.loads(verbose(tracing, asked))
    assert (sent["method"], sent["params"]["arguments"]) == ("tools/call", {"text": "hello, trace"})
    received = json.loads(verbose(tracing, answered))
    assert received["id"] == sent["id"]
    assert received["result"]["content"] == result["content"]
    heads = [line for line in told if "http://" in line]
    assert bool(heads) == (case.http is not None)
    frames = await kept(tracing, before)
    assert [frame["message"] for frame in frames] == [each["message"] for each in traced(tracing)]
    assert [frame.get("body") for frame in frames if "body" in frame] == [
        each["verbose"] for each in traced(tracing) if "http://" not in each["message"]
    ]
    assert {frame["connection"] for frame in frames} == {before + 1}
    assert [frame["time"] for frame in frames] == sorted(frame["time"] for frame in frames)


@pytest.mark.parametrize("era", ["legacy", "modern", "both"])
async def test_frames_are_told_as_they_were_on_the_wire(tracing: Editor, tmp_path: Path, era: str) -> None:
    record = tmp_path / "record"
    await tracing.connect(**raw("--era", era, "--record", record))
    await tracing.request("mcp/ping")
    text = 'é\u2028\U0001f600 \\ "quoted"'
    result = await tracing.call("echo", text=text)
    sent = [each["verbose"] for each in traced(tracing) if each["message"].startswith("→")]
    assert record.read_bytes().decode().split("\n") == [*sent, ""]
    answer = next(each["verbose"] for each in traced(tracing) if "tools/call result" in each["message"])
    request_id = json.loads(answer)["id"]
    if era == "legacy":  # as the raw server writes it
        del result["_meta"]
        assert answer == json.dumps({"jsonrpc": "2.0", "id": request_id, "result": result}, ensure_ascii=False)
    assert text in json.loads(answer)["result"]["content"][0]["text"]


async def test_the_heads_of_http_are_told(tracing: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    await tracing.connect(url=server.url, headers={"X-Tenant": SECRET})
    head = verbose(tracing, f"← POST {server.url} 200").splitlines()
    assert "> content-type: application/json" in head
    assert "> x-tenant: ***" in head
    assert any(line.startswith("< content-type: ") for line in head)
    assert "→ GET " + server.url in lines(tracing)
    await tracing.request("mcp/disconnect")
    assert "→ DELETE " + server.url in lines(tracing)
    deleted = next(each for each in traced(tracing) if "→ DELETE" in each["message"])
    assert "> mcp-session-id: ***" in deleted["verbose"]


# What goes wrong


async def test_a_handshake_that_failed_can_be_read_afterwards(editor: Editor) -> None:
    before = await last_connection(editor)
    with pytest.raises(ResponseError):
        await editor.connect(**nasty("refuses-initialize"))
    frames = await kept(editor, before)
    assert frames[0]["message"] == "→ 1 server/discover"
    refusal = next(frame for frame in frames if "initialize error -32000" in frame["message"])
    assert "licence expired" in refusal["body"]
    assert traced(editor) == []


async def test_a_program_that_is_started_again_is_another_connection(editor: Editor) -> None:
    before = await last_connection(editor)
    await editor.connect(**nasty("initialize-or-exit"))
    frames = await kept(editor, before)
    assert [(frame["connection"] - before, frame["message"].partition(",")[0]) for frame in frames] == [
        (1, "→ 1 server/discover"),
        (2, "→ 1 initialize"),
        (2, "← 1 initialize result"),
        (2, "→ notifications/initialized"),
    ]


async def test_the_fallback_to_sse_is_told(tracing: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("sse-only"))
    await tracing.connect(url=server.url)
    told = lines(tracing)
    refused = next(number for number, line in enumerate(told) if line.startswith(f"← POST {server.url} 405"))
    listening = told.index(f"→ GET {server.url}")
    endpoint = told.index("← event endpoint")
    assert refused < listening < endpoint < told.index("→ 1 initialize")


async def test_an_http_server_that_is_not_there_is_told(editor: Editor) -> None:
    before = await last_connection(editor)
    url = f"http://127.0.0.1:{free_port()}/mcp"
    with pytest.raises(ResponseError):
        await editor.connect(url=url)
    asked, failed = await kept(editor, before)
    assert asked["message"] == "→ 1 server/discover"
    assert failed["message"].startswith(f"← POST {url} failed: ")
    assert failed["http"]["failure"]


@pytest.mark.parametrize("mode", ["500", "html"])
async def test_a_body_that_is_no_message_is_shown(editor: Editor, serve: Serve, mode: str) -> None:
    server = await serve(nasty_http(mode))
    before = await last_connection(editor)
    with pytest.raises(ResponseError) as error:
        await editor.connect(url=server.url)
    bodies = [frame["body"] for frame in await kept(editor, before) if frame["message"].startswith("← no message")]
    assert bodies
    assert error.value.data["details"]["body"] in bodies[0]


async def test_a_redirect_is_told(tracing: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("redirect"))
    await tracing.connect(url=server.url, protocolVersion="legacy")
    told = lines(tracing)
    assert [line.partition("/mcp")[2].strip().partition(" ")[0] for line in told if "← POST" in line][:2] == [
        "307",
        "200",
    ]
    assert told.count("→ 1 initialize") == 2


async def test_garbage_is_shown_as_it_came(tracing: Editor) -> None:
    await tracing.connect(**nasty("garbage"))
    garbage = [each for each in traced(tracing) if each["message"].startswith("← no message")]
    assert any("Server running on stdio" in each["verbose"] for each in garbage)


async def test_a_lost_line_is_told_with_its_size(editor: Editor) -> None:
    before = await last_connection(editor)
    await editor.connect(**nasty("big-result", 1))
    await editor.call("echo", text="x")
    answer = next(frame for frame in await kept(editor, before) if "tools/call result" in frame["message"])
    assert ", 1.0 MB, " in answer["message"] or ", 1.1 MB, " in answer["message"]
    assert answer["body"].endswith(f"… [{answer['cut']} bytes more]")
    assert len(answer["body"]) < 70_000


# On and off


async def test_messages_has_no_bodies_and_off_ends_it(editor: Editor) -> None:
    await editor.notify("$/setTrace", {"value": "messages"})
    await editor.connect(**raw())
    assert lines(editor)[0] == "→ 1 server/discover"
    assert all(each.keys() == {"message"} for each in traced(editor))
    await editor.notify("$/setTrace", {"value": "off"})
    await editor.status()
    mark = editor.mark()
    await editor.call("echo", text="x")
    assert traced(editor, mark) == []
    assert "→ 1000 tools/call" in [frame["message"] for frame in await kept(editor)]


@pytest.mark.parametrize("level", ["messages", "compact", "verbose"])
async def test_initialize_can_ask_for_the_trace(start_editor: Callable[..., Awaitable[Editor]], level: str) -> None:
    editor = await start_editor(initialize=False)
    await editor.initialize(params={"trace": level})
    await editor.connect(**raw(), protocolVersion="legacy")
    assert lines(editor)[:2] == ["→ 1 initialize", "← 1 initialize result"]
    assert all(("verbose" in each) == (level == "verbose") for each in traced(editor))


async def test_a_setting_comes_before_lsps_own_value(start_editor: Callable[..., Awaitable[Editor]]) -> None:
    editor = await start_editor(trace="messages")
    await editor.notify("$/setTrace", {"value": "off"})
    await editor.connect(**raw())
    assert lines(editor)[0] == "→ 1 server/discover"
    await editor.notify("workspace/didChangeConfiguration", {"settings": {"mcp": {"trace": "off"}}})
    await editor.notify("$/setTrace", {"value": "verbose"})
    await editor.status()
    mark = editor.mark()
    await editor.call("echo", text="x")
    assert traced(editor, mark) == []


@pytest.mark.parametrize("params", [None, {}, [], {"value": None}, {"value": 3}, {"value": "loud"}, {"value": ["off"]}])
async def test_a_wrong_trace_harms_nothing(editor: Editor, params: Any) -> None:
    await editor.notify("$/setTrace", params)
    await editor.connect(**raw())
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"
    assert traced(editor) == []


async def test_the_trace_is_a_command_too(editor: Editor) -> None:
    await editor.connect(**raw())
    report = await editor.request("workspace/executeCommand", {"command": "mcpSidecar.trace"})
    assert report.keys() == {"frames", "dropped"}
    assert report == await editor.request("mcp/trace")


# Secrets


async def test_a_servers_environment_is_in_no_frame(tracing: Editor) -> None:
    before = await last_connection(tracing)
    await tracing.connect(**raw(env={"API_TOKEN": SECRET}))
    assert SECRET in str(await tracing.call("environment"))
    await tracing.call("echo", text=f"the {SECRET}")
    frames = await kept(tracing, before)
    assert any("***" in frame.get("body", "") for frame in frames if "tools/call result" in frame["message"])
    assert SECRET not in json.dumps([traced(tracing), frames])


@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_headers_tokens_and_queries_are_in_no_frame(tracing: Editor, serve: Serve, transport: str) -> None:
    server = await serve(good_http(transport))
    address = server.url.partition("://")[2]
    targets: tuple[dict[str, Any], ...] = (
        {
            "url": f"{server.url}?key=made-up-query-value",
            "headers": {"X-Tenant": "made-up-header", "Cookie": "made-up-cookie"},
            "auth": {"type": "bearer", "token": "made-up-token"},
        },
        {"url": f"http://made-up-user:made-up-word@{address}", "headers": {"X-Key": "made-up-basic"}},
    )
    for target in targets:
        before, mark = await last_connection(tracing), tracing.mark()
        await tracing.connect(**target)
        secrets = set(re.findall(r"made-up-\w+(?:-value)?", json.dumps(target)))
        text = await tracing.call("echo", text=f"back: {' '.join(secrets)}")
        assert "made-up-" in str(text)
        told = json.dumps([traced(tracing, mark), await kept(tracing, before)])
        assert "back: ***" in told
        assert "> authorization: ***" in told
        assert "made-up-" not in told


async def test_the_key_of_an_sse_session_is_in_no_frame(tracing: Editor, serve: Serve) -> None:
    server = await serve(good_http("sse"))
    await tracing.connect(url=server.url)
    assert verbose(tracing, "← event endpoint").endswith("session_id=***")
    posts = [line for line in lines(tracing) if line.startswith("← POST")]
    assert posts
    assert all("session_id=***" in post for post in posts)


# Floods


async def test_a_flood_is_told_in_its_order_and_holds_no_answer_up(tracing: Editor) -> None:
    await tracing.connect(**nasty("floods-notifications", 3000))
    await tracing.request("mcp/tools/list")
    await tracing.call("echo", text="x")
    flood = [json.loads(each["verbose"]) for each in traced(tracing) if "notifications/message" in each["message"]]
    assert [each["params"]["data"] for each in flood] == [f"message {number}" for number in range(3000)]
    report = await tracing.request("mcp/trace")
    assert len(report["frames"]) == 1000
    assert report["dropped"] > 2000
    assert report["frames"][-1]["message"].startswith("← 1001 tools/call result")


async def test_an_endless_flood_leaves_room_for_answers(tracing: Editor) -> None:
    await tracing.connect(**nasty("floods-for-ever"))
    for _ in range(5):
        assert (await tracing.call("echo", text="x"))["content"]
    assert (await tracing.status())["state"] == "connected"


async def test_an_editor_that_does_not_read_loses_lines_of_the_trace_but_no_answer(
    start_editor: Callable[..., Awaitable[Editor]], tmp_path: Path
) -> None:
    editor = await start_editor()
    await editor.notify("$/setTrace", {"value": "verbose"})
    record = tmp_path / "record"
    await editor.connect(**raw("--record", record))
    text = "x" * 60_000
    calls = BACKLOG_LIMIT // len(text) + 50
    editor.reads.clear()
    answers = [
        (await editor.request_nowait("mcp/tools/call", {"name": "echo", "arguments": {"text": text}}))[1]
        for _ in range(calls)
    ]
    async with asyncio.timeout(60):
        while record.read_bytes().count(b"tools/call") < calls:
            await asyncio.sleep(0.1)
        editor.reads.set()
        assert all(answer["content"][0]["text"] == text for answer in await asyncio.gather(*answers))
    assert len(traced(editor)) < 2 * calls
    await editor.call("echo", text="x")
    await editor.wait_for("mcp/didLog", lambda entry: "lines of the trace were dropped" in entry["message"])
