"""Stdio servers that break the protocol: the right answer in bounded time and memory, and the cause told."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import attrs
import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.observers import until, watched_memory
from tests.sidecar.programs import nasty, raw

StartEditor = Callable[..., Awaitable[Editor]]

PROBLEMS = "mcp-sidecar/problems"
MIB = 1024 * 1024


@attrs.frozen(kw_only=True)
class Case:
    """A mode of the nasty server, and what the call of a tool is answered with."""

    mode: str
    text: str | None = None
    """The text of the result; None when there is an error."""
    problem: str | None = None
    """Words of the only problem in the result's `_meta`."""
    kind: str | None = None
    """The kind of the error."""
    message: str = ""
    """Words of the error's message."""
    log: str | None = None
    """Words of a log entry about the breach; None when there is none to tell."""
    fields: dict[str, Json] = attrs.field(factory=dict)
    """More fields of the target."""
    marks: tuple[pytest.MarkDecorator, ...] = ()


SOON: dict[str, Json] = {"callTimeout": 0.5}

CASES = (
    Case(mode="no-version", text="x", problem='lacks "jsonrpc"', log='lacks "jsonrpc"'),
    Case(mode="old-jsonrpc", text="x", problem='lacks "jsonrpc": "2.0"', log='"jsonrpc": "1.0"'),
    Case(mode="null-id", text="x", problem="id is null", log='"id": null'),
    Case(mode="no-id", text="x", problem="the only request under way", log="the only request under way"),
    Case(mode="string-id", text="x", problem="where the request's was", log="where the request's was"),
    Case(mode="wrong-id", kind="timeout", message="request 987654", log="request 987654", fields=SOON),
    Case(mode="neither", kind="protocol_error", message="no result", log="an answer with no result"),
    Case(mode="both", kind="server_error", message="not fine", log="both a result and an error"),
    Case(mode="null-result", kind="protocol_error", message="no object: null", log='"result": null'),
    Case(mode="scalar-result", kind="protocol_error", message='no object: "ok"', log='"result": "ok"'),
    Case(mode="batch", text="x", problem="batch", log="a JSON-RPC batch"),
    Case(mode="error-text", kind="protocol_error", message="malformed error", log='"error": "boom"'),
    Case(mode="error-without-code", kind="protocol_error", message="malformed error", log="without an integer code"),
    Case(mode="empty-error", kind="server_error", message="error -32603 and no message"),
    Case(mode="twice", text="x", log="answered already"),
    Case(mode="scalars", text="x", log="not a protocol message, and nothing else may be written to stdout: 42"),
    Case(mode="garbage", text="x", log="Server running on stdio"),
    Case(mode="invalid-utf8-line", text="x", log="not a protocol message"),
    Case(mode="invalid-utf8-inside", text="caf\ufffd", problem="invalid UTF-8", log="invalid UTF-8"),
    Case(mode="no-newline", kind="timeout", message="without a newline at its end", fields=SOON),
    Case(mode="pretty", kind="timeout", message="broke the protocol", log="not JSON", fields=SOON),
    Case(mode="crlf", text="x"),
    Case(mode="bom", text="x", log="a byte order mark"),
    Case(mode="trickle", text="x"),
    Case(mode="nan", kind="protocol_error", message="NaN is not JSON", log="NaN is not JSON"),
    Case(mode="never-answers", kind="timeout", message="within 0.5 s", fields=SOON),
    Case(mode="contentless", problem="Field required"),
    Case(mode="broken-content", problem="valid list"),
    Case(mode="no-capabilities", kind="protocol_error", message="does not declare the capability tools"),
    Case(mode="strange-notifications", text="x"),
    Case(mode="strange-requests", text="x"),
    Case(mode="null-tools", text="x"),
    Case(mode="twin-tools", text="x"),
)


async def test_what_ends_at_once_is_quoted_with_what_it_wrote_to_stdout(editor: Editor) -> None:
    with pytest.raises(ResponseError) as error:
        await editor.connect(command=sys.executable, args=["-c", "print('no such option')"])
    assert error.value.kind == "connection_failed"
    assert "exited with code 0" in error.value.message
    assert "no such option" in error.value.message
    assert "no such option" in error.value.data["details"]["violations"][0]


async def test_a_long_last_line_is_quoted_in_part(editor: Editor) -> None:
    said = "import sys; print('oh ' * 2000, file=sys.stderr); print('a word'); sys.exit(3)"
    with pytest.raises(ResponseError) as error:
        await editor.connect(command=sys.executable, args=["-c", said])
    assert "code 3; its last line on stderr: oh oh" in error.value.message
    assert error.value.message.endswith(
        "…. It broke the protocol: not a protocol message, and nothing else may be written to stdout: a word"
    )
    assert len(error.value.message) < 600
    assert len(error.value.data["details"]["stderr"][-1]) > 5000


async def test_a_server_that_declares_nothing_is_told_of_once_at_connect(editor: Editor) -> None:
    await editor.connect(**nasty("no-capabilities"))
    entry = await editor.wait_for("mcp/didLog", lambda entry: "declares no capabilities" in entry["message"])
    assert (entry["source"], entry["level"]) == ("sidecar", "warning")
    assert "every list is refused" in entry["message"]
    assert "mcp-sidecar/force" in entry["message"]
    listed = await editor.request("mcp/tools/list", {"_meta": {"mcp-sidecar/force": True}})
    assert "echo" in [tool["name"] for tool in listed["tools"]]
    await editor.connect(**nasty("twin-tools"))
    assert len([each for each in editor.logs if "declares no capabilities" in each["message"]]) == 1


@pytest.mark.parametrize("case", [pytest.param(case, id=case.mode, marks=case.marks) for case in CASES])
async def test_a_broken_answer_ends_as_it_should_and_harms_nothing(editor: Editor, case: Case) -> None:
    await editor.connect(**nasty(case.mode, **case.fields))
    started = time.perf_counter()
    if case.kind is None:
        result = await editor.call("echo", text="x", timeout=5)
        if case.text is not None:
            assert [block["text"] for block in result["content"]] == [case.text]
        problems = result["_meta"].get(PROBLEMS, [])
        assert [case.problem in problem["message"] for problem in problems] == ([True] if case.problem else [])
    else:
        with pytest.raises(ResponseError) as error:
            await editor.call("echo", text="x", timeout=5)
        assert (error.value.code, error.value.kind) == (-32803, case.kind)
        assert case.message in error.value.message
        assert error.value.data["suggestion"]
    assert time.perf_counter() - started < 3
    if case.log is not None:
        told = case.log
        entry = await editor.wait_for("mcp/didLog", lambda entry: told in entry["message"], timeout=2)
        assert (entry["source"], entry["level"]) == ("protocol", "warning")
    status = await editor.status()
    assert (status["state"], status["inFlight"]) == ("connected", 0)
    await check_that_a_good_server_serves(editor)


async def check_that_a_good_server_serves(editor: Editor) -> None:
    """Whatever was before, the sidecar is as good as new."""
    assert (await editor.connect(**raw()))["state"] == "connected"
    assert (await editor.call("echo", text="good"))["content"][0]["text"] == "good"


REFUSED = (
    ("exits-silently", (), "connection_failed", "code 0, with nothing on stderr"),
    ("syntax-error", (), "connection_failed", "SyntaxError"),
    ("exits", (), "connection_failed", "code 3; its last line on stderr: giving up"),
    ("no-server-info", (), "protocol_error", "serverInfo"),
    ("strange-server-info", (), "protocol_error", "capabilities"),
    ("content-length", (), "timeout", "Content-Length"),
    ("neither", ("--on", "initialize"), "protocol_error", "no result"),
    ("null-result", ("--on", "initialize"), "protocol_error", "null"),
    ("error-text", ("--on", "initialize"), "protocol_error", "malformed error"),
    ("wrong-id", ("--on", "initialize"), "timeout", "request 987654"),
)


@pytest.mark.parametrize(("mode", "args", "kind", "said"), [pytest.param(*row, id=row[0]) for row in REFUSED])
async def test_a_broken_handshake_is_refused_with_its_cause(
    editor: Editor, mode: str, args: tuple[str, ...], kind: str, said: str
) -> None:
    with pytest.raises(ResponseError) as error:
        await editor.connect(**nasty(mode, *args, connectTimeout=1.5 if kind == "timeout" else 20), timeout=5)
    assert error.value.kind == kind
    assert said in error.value.message
    assert error.value.data["suggestion"]
    status = await editor.status()
    assert (status["state"], status["error"]["message"]) == ("failed", error.value.message)
    await check_that_a_good_server_serves(editor)


@pytest.mark.parametrize(
    "mode", ["no-version", "string-id", "null-id", "batch", "scalars", "twice", "strange-requests"]
)
async def test_a_handshake_that_can_be_understood_is_taken(editor: Editor, mode: str) -> None:
    status = await editor.connect(**nasty(mode, "--on", "initialize"))
    assert (status["state"], status["server"]["name"]) == ("connected", f"nasty-{mode}")


async def test_strange_requests_of_the_server_are_answered_with_errors(editor: Editor, tmp_path: Path) -> None:
    record = tmp_path / "received"
    await editor.connect(**nasty("strange-requests", "--record", str(record)))
    await editor.call("echo", text="x")

    def answers() -> dict[str, Json]:
        messages = [json.loads(line) for line in record.read_bytes().splitlines()]
        return {message["id"]: message for message in messages if "method" not in message}

    async def both_are_answered() -> bool:
        return {"s-1", "s-2"} <= answers().keys()

    await until(both_are_answered)
    assert answers()["s-1"]["error"]["code"] == -32601
    assert "error" in answers()["s-2"]


async def test_many_tools_arrive(editor: Editor) -> None:
    await editor.connect(**nasty("many-tools"))
    assert len((await editor.request("mcp/tools/list"))["tools"]) == 5000


async def test_a_server_may_take_its_time_to_leave(editor: Editor) -> None:
    await editor.connect(**nasty("threads-on-exit", 1))
    await editor.request("mcp/disconnect")
    assert [entry["message"] for entry in editor.logs] == ["left properly"]


# Too much of it


@pytest.mark.parametrize("mode", ["floods-stderr", "endless-stderr-line"])
async def test_a_flood_on_stderr_is_read_and_bounded(start_editor: StartEditor, mode: str) -> None:
    editor = await start_editor()
    await editor.connect(**raw())  # so that the stack's own memory is not counted
    async with watched_memory(editor) as memory:
        await editor.connect(**nasty(mode, 30))
        assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"
    assert memory.growth < 20
    lines = [entry["message"] for entry in editor.logs if entry["source"] == "stderr"]
    assert lines
    assert max(map(len, lines)) < 9000
    assert len(lines) < 5000
    if mode == "floods-stderr":
        entry = await editor.wait_for("mcp/didLog", lambda entry: entry["source"] == "sidecar")
        assert "dropped" in entry["message"]


async def test_a_flood_of_garbage_is_read_and_bounded_and_the_status_answers_meanwhile(
    start_editor: StartEditor,
) -> None:
    editor = await start_editor()
    await editor.connect(**nasty("garbage-flood", 100_000))
    async with watched_memory(editor) as memory:
        _, call = await editor.request_nowait("mcp/tools/call", {"name": "echo", "arguments": {"text": "x"}})
        await editor.wait_for("mcp/didLog", lambda entry: "still working" in entry["message"])
        slowest, asked = 0.0, 0
        while not call.done():
            slowest = max(slowest, await seconds_for_status(editor))
            asked += 1
        assert (await call)["content"][0]["text"] == "x"
    assert asked >= 2
    assert slowest < 0.5
    assert memory.growth < 40
    assert len(editor.logs) < 5000
    await editor.wait_for("mcp/didLog", lambda entry: entry["source"] == "sidecar" and "dropped" in entry["message"])


async def seconds_for_status(editor: Editor) -> float:
    """How long `mcp/status` takes."""
    started = time.perf_counter()
    await editor.status()
    return time.perf_counter() - started


async def test_an_endless_flood_of_notifications_starves_nobody(start_editor: StartEditor) -> None:
    editor = await start_editor()
    await editor.connect(**nasty("floods-for-ever"))
    await editor.call("echo", text="x")
    await editor.wait_for("mcp/notifications/message")
    async with watched_memory(editor) as memory:
        before = editor.mark()
        durations = [await seconds_for_status(editor) for _ in range(10)]
        assert (await editor.call("echo", text="still", timeout=5))["content"][0]["text"] == "still"
        await editor.wait_for("mcp/notifications/message", since=before)
    assert max(durations) < 2  # most of it is the flood that waits before the answer, read by this test
    assert memory.growth < 60
    started = time.perf_counter()
    await editor.request("mcp/disconnect")
    assert time.perf_counter() - started < 5


async def test_all_notifications_arrive_before_the_answer_that_they_came_before(editor: Editor) -> None:
    await editor.connect(**nasty("floods-notifications", 2000))
    await editor.call("echo", text="x")
    messages = [each.params["data"] for each in editor.notifications if each.method == "mcp/notifications/message"]
    assert messages == [f"message {number}" for number in range(2000)]


async def test_a_line_without_end_is_dropped_in_bounded_memory(editor: Editor) -> None:
    await editor.connect(**nasty("endless-line", callTimeout=3))
    async with watched_memory(editor) as memory:
        _, call = await editor.request_nowait("mcp/tools/call", {"name": "echo", "arguments": {"text": "x"}})
        entry = await editor.wait_for("mcp/didLog", lambda entry: f"more than {64 * MIB} bytes" in entry["message"])
        assert entry["source"] == "protocol"
        assert await seconds_for_status(editor) < 0.5
        with pytest.raises(ResponseError) as error:
            await asyncio.wait_for(asyncio.shield(call), 10)
    assert error.value.kind == "timeout"
    assert f"more than {64 * MIB} bytes" in error.value.message
    assert memory.growth < 64 * 2
    assert (await editor.status())["state"] == "connected"
    await check_that_a_good_server_serves(editor)


async def test_an_answer_beyond_the_limit_fails_its_request_in_bounded_memory(editor: Editor) -> None:
    await editor.connect(**nasty("big-result", 150))
    async with watched_memory(editor) as memory:
        with pytest.raises(ResponseError) as error:
            await editor.call("echo", text="x", timeout=20)
    assert error.value.kind == "protocol_error"
    assert f"more than {64 * MIB} bytes" in error.value.message
    assert memory.growth < 64 * 2
    assert (await editor.request("mcp/tools/list"))["tools"]
