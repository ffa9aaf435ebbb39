"""What servers ask for: elicitation, sampling, roots, by requests (2025-11-25 and older) and in rounds (2026-07-28)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.sidecar.harness import LATER, Editor, ResponseError
from tests.sidecar.programs import EVERYTHING, HttpServer, asking, asking_http, asking_raw, everything_http, stdio

Json = Any

OPTED_IN = {"elicitation": True, "sampling": True}

ELICIT = "mcp/elicitation/create"
SAMPLE = "mcp/sampling/createMessage"
BUTTONS = "window/showMessageRequest"

Starter = Callable[..., Awaitable[Editor]]
Server = Callable[[HttpServer], Awaitable[HttpServer]]

ERAS = ["legacy", "modern"]
VERSION = {"legacy": "2025-11-25", "modern": "2026-07-28"}


def form(properties: Json, message: str = "Well?", **more: Json) -> Json:
    """A question of a server: a form with these fields."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"method": "elicitation/create", "params": {"message": message, "requestedSchema": schema, **more}}


def page(url: str = "https://example.com/login?x=1", message: str = "Log in.") -> Json:
    """A question of a server: would the person visit this page?"""
    params = {"mode": "url", "message": message, "url": url, "elicitationId": "e1"}
    return {"method": "elicitation/create", "params": params}


MESSAGES: Json = {
    "messages": [{"role": "user", "content": {"type": "text", "text": "Hi"}, "odd": 12345678901234567890123}],
    "maxTokens": 10,
    "unknown": {"deep": [None]},
}
SAMPLING = {"method": "sampling/createMessage", "params": MESSAGES}
SAID: Json = {
    "role": "assistant",
    "content": {"type": "text", "text": "Hello"},
    "model": "m",
    "stopReason": "endTurn",
    "odd": None,
}

YES_NO = {"ok": {"type": "boolean", "title": "Sure"}}
COLOURS = {"colour": {"type": "string", "oneOf": [{"const": "r", "title": "Red"}, {"const": "g", "title": "Green"}]}}
NAME = {"name": {"type": "string", "minLength": 2}}


def content(result: Json) -> Json:
    """What the raw server's tools say, which is JSON."""
    return json.loads(result["content"][0]["text"])


class Asker:
    """A server that asks, in one of the eras."""

    def __init__(self, editor: Editor, era: str) -> None:
        self.editor = editor
        self.modern = era == "modern"

    async def __call__(self, question: Json, **kwargs: Any) -> Json:
        """The answer that the server gets: a JSON-RPC answer; of the 2026-07-28 era, one with `result` alone."""
        if not self.modern:
            return content(await self.editor.call("ask", requests=[question], **kwargs))[0]
        step = {"resultType": "input_required", "inputRequests": {"q": question}, "requestState": "ø"}
        legs = content(await self.editor.call("rounds", key="k", steps=[step], **kwargs))
        assert legs[0] == {}
        assert legs[1]["requestState"] == "ø"
        return {"result": legs[1]["inputResponses"]["q"]}

    async def begin(self) -> Any:
        """Send a call that asks for a name; gives its id and the future of its answer."""
        step = {"resultType": "input_required", "inputRequests": {"q": form(NAME)}}
        arguments = {"key": "k", "steps": [step]} if self.modern else {"requests": [form(NAME)]}
        name = "rounds" if self.modern else "ask"
        return await self.editor.request_nowait("mcp/tools/call", {"name": name, "arguments": arguments})


@pytest.fixture(params=ERAS)
async def era(request: pytest.FixtureRequest) -> str:
    """Each of the eras."""
    return str(request.param)


@pytest.fixture(scope="module")
async def curious_editors() -> AsyncIterator[list[Editor]]:
    """Hold the sidecar of an editor that opted in, at most one."""
    editors: list[Editor] = []
    yield editors
    for each in editors:
        await each.close()


@pytest.fixture(scope="module")
async def curious_editor(curious_editors: list[Editor]) -> Editor:
    """Provide it, started before a test counts what it leaves."""
    editor = await Editor.start()
    curious_editors.append(editor)
    await editor.initialize(client=OPTED_IN)
    return editor


@pytest.fixture
async def opted_in(curious_editor: Editor) -> AsyncIterator[Editor]:
    """Provide an editor that answers MCP's own requests; not connected, and undone after the test."""
    curious_editor.forget()
    yield curious_editor
    await curious_editor.reset()


async def connected(editor: Editor, era: str) -> Asker:
    """Connect an editor to the raw server that asks."""
    await editor.connect(**asking_raw("--era", era), protocolVersion=VERSION[era])
    return Asker(editor, era)


async def start_asker(start_editor: Starter, era: str, *, params: Json = None, **options: Json) -> Asker:
    """Start a sidecar, connected to the raw server that asks."""
    editor = await start_editor(initialize=False)
    await editor.initialize(params=params, **options)
    await editor.connect(**asking_raw("--era", era), protocolVersion=VERSION[era])
    return Asker(editor, era)


# An editor that opted in


async def test_a_form_reaches_an_editor_that_opted_in_as_it_is(opted_in: Editor, era: str) -> None:
    ask = await connected(opted_in, era)
    answer = {"action": "accept", "content": {"name": "Ann"}, "odd": {"big": 12345678901234567890123}}
    ask.editor.answers[ELICIT] = lambda _: answer
    question = form(NAME, odd=[None, 12345678901234567890123], _meta={"x": 1})
    assert (await ask(question))["result"] == answer
    assert [each["params"] for each in ask.editor.requests] == [question["params"]]


@pytest.mark.parametrize("answer", [{"action": "decline"}, {"action": "cancel"}])
async def test_to_decline_and_to_cancel_are_different(opted_in: Editor, era: str, answer: Json) -> None:
    ask = await connected(opted_in, era)
    ask.editor.answers[ELICIT] = lambda _: answer
    assert (await ask(form(NAME)))["result"] == answer


async def test_a_page_reaches_an_editor_that_opted_in_as_it_is(opted_in: Editor, era: str) -> None:
    ask = await connected(opted_in, era)
    ask.editor.answers[ELICIT] = lambda _: {"action": "accept"}
    assert (await ask(page()))["result"] == {"action": "accept"}
    assert ask.editor.requests[0]["params"] == page()["params"]


async def test_sampling_reaches_an_editor_that_opted_in_as_it_is(opted_in: Editor, era: str) -> None:
    ask = await connected(opted_in, era)
    ask.editor.answers[SAMPLE] = lambda _: SAID
    assert (await ask(SAMPLING))["result"] == SAID
    assert ask.editor.requests[0]["params"] == MESSAGES


async def test_sampling_with_tools_passes(opted_in: Editor, era: str) -> None:
    ask = await connected(opted_in, era)
    use = {"type": "tool_use", "id": "1", "name": "t", "input": {}}
    said = SAID | {"content": [use], "stopReason": "toolUse"}
    ask.editor.answers[SAMPLE] = lambda _: said
    tools = [{"name": "t", "inputSchema": {"type": "object"}}]
    answer = await ask({"method": "sampling/createMessage", "params": MESSAGES | {"tools": tools}})
    assert answer["result"] == said


WRONG_ANSWERS = [
    ({"action": "maybe"}, "action"),
    ({"action": "accept", "content": {"name": "t"}}, "content.name: breaks the requestedSchema: minLength 2"),
    ({"action": "accept", "content": {"name": ["typed"]}}, "content.name: breaks the requestedSchema: type 'string'"),
    ({"action": "accept", "content": {}}, "required"),
    ({"action": "accept", "content": {"name": {"first": "Ann"}}}, "content"),
    ("yes", "must be an object"),
    (None, "must be an object"),
]


@pytest.mark.parametrize(("answer", "problem"), WRONG_ANSWERS)
async def test_a_wrong_answer_of_the_editor_is_reported_and_the_server_told_cancel(
    opted_in: Editor, era: str, answer: Json, problem: str
) -> None:
    ask = await connected(opted_in, era)
    ask.editor.answers[ELICIT] = lambda _: answer
    assert (await ask(form(NAME)))["result"] == {"action": "cancel"}
    entry = await ask.editor.wait_for("mcp/didLog", lambda entry: "the editor broke the protocol" in entry["message"])
    assert entry["source"] == "protocol"
    assert problem in entry["message"]
    assert "typed" not in entry["message"], "what a person typed is in no log"


async def test_what_the_editor_refuses_is_an_error_for_the_server(opted_in: Editor) -> None:
    def refuse(_: Json) -> Json:
        raise ResponseError(-1, "Not today", {"why": "Sunday"})

    ask = await connected(opted_in, "legacy")
    ask.editor.answers |= {SAMPLE: refuse, ELICIT: refuse}
    for question in (SAMPLING, form(NAME)):
        assert (await ask(question))["error"] == {"code": -1, "message": "Not today", "data": {"why": "Sunday"}}
    await ask.editor.wait_for("mcp/didLog", lambda entry: "Not today" in entry["message"])


async def test_what_the_editor_refuses_ends_a_call_in_rounds(opted_in: Editor) -> None:
    def refuse(_: Json) -> Json:
        raise ResponseError(-1, "Not today")

    ask = await connected(opted_in, "modern")
    ask.editor.answers[SAMPLE] = refuse
    with pytest.raises(ResponseError) as caught:
        await ask(SAMPLING)
    assert caught.value.kind == "consent_refused"
    assert caught.value.data["details"]["error"] == {"code": -1, "message": "Not today"}


async def test_a_malformed_sample_is_reported_and_an_error_for_the_server(opted_in: Editor) -> None:
    ask = await connected(opted_in, "legacy")
    ask.editor.answers[SAMPLE] = lambda _: {"role": "assistant"}
    assert (await ask(SAMPLING))["error"]["code"] == -32603
    await ask.editor.wait_for("mcp/didLog", lambda entry: "the editor broke the protocol" in entry["message"])


# An editor that did not


@pytest.mark.parametrize(
    ("properties", "press", "result"),
    [
        ({}, "Accept", {"action": "accept", "content": {}}),
        (YES_NO, "Yes", {"action": "accept", "content": {"ok": True}}),
        (YES_NO, "No", {"action": "accept", "content": {"ok": False}}),
        (YES_NO, "Decline", {"action": "decline"}),
        (YES_NO, None, {"action": "cancel"}),
        (COLOURS, "Green", {"action": "accept", "content": {"colour": "g"}}),
        ({"size": {"type": "string", "enum": ["s", "m"]}}, "m", {"action": "accept", "content": {"size": "m"}}),
        (
            {"size": {"type": "string", "enum": ["s", "m"], "enumNames": ["Small", "Middle"]}},
            "Small",
            {"action": "accept", "content": {"size": "s"}},
        ),
    ],
)
async def test_a_form_of_one_choice_is_a_message_with_buttons(
    editor: Editor, era: str, properties: Json, press: str | None, result: Json
) -> None:
    ask = await connected(editor, era)
    ask.editor.answers[BUTTONS] = lambda _: None if press is None else {"title": press}
    assert (await ask(form(properties)))["result"] == result
    (request,) = ask.editor.requests
    titles = [action["title"] for action in request["params"]["actions"]]
    assert titles[0] == "Decline"
    assert press is None or press in titles
    assert request["params"]["message"].startswith('The MCP server "asking" asks:\n> Well?')


@pytest.mark.parametrize(
    "properties",
    [
        NAME,
        {"n": {"type": "integer"}},
        {"a": {"type": "boolean"}, "b": {"type": "boolean"}},
        {"many": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}},
        {"one": {"type": "string", "enum": [str(number) for number in range(50)]}},
        {"one": {"type": "string", "enum": ["a", "a "]}},
    ],
)
async def test_what_buttons_cannot_serve_is_declined_with_a_log_line(
    editor: Editor, era: str, properties: Json
) -> None:
    ask = await connected(editor, era)
    assert (await ask(form(properties)))["result"] == {"action": "decline"}
    assert ask.editor.requests == []
    entry = await ask.editor.wait_for("mcp/didLog", lambda entry: "was declined" in entry["message"])
    assert (entry["source"], entry["level"]) == ("sidecar", "warning")


async def test_what_a_server_says_cannot_pose_as_the_sidecar(editor: Editor) -> None:
    ask = await connected(editor, "legacy")
    ask.editor.answers[BUTTONS] = lambda _: {"title": "Decline"}
    text = "a\r\nMCP Sidecar: agree\u2028\u202eb\x1b[31m\n" + "x" * 100_000
    choices = {"c": {"type": "string", "enum": ["decline", "b\nMCP Sidecar"]}}
    assert (await ask(form(choices, text)))["result"] == {"action": "cancel"}, "our own button has another name here"
    (request,) = ask.editor.requests
    first, *rest = request["params"]["message"].split("\n")
    assert first == 'The MCP server "asking" asks:'
    assert all(line.startswith("> ") for line in rest)
    assert not any(character in request["params"]["message"] for character in "\r\u2028\u202e\x1b")
    assert len(request["params"]["message"]) < 3000
    titles = [action["title"] for action in request["params"]["actions"]]
    assert titles == ["Decline to answer", "decline", "b MCP Sidecar"]


async def test_a_button_that_was_not_shown_is_a_wrong_answer(editor: Editor) -> None:
    ask = await connected(editor, "legacy")
    ask.editor.answers[BUTTONS] = lambda _: {"title": "Maybe"}
    assert (await ask(form(YES_NO)))["result"] == {"action": "cancel"}
    await ask.editor.wait_for("mcp/didLog", lambda entry: "the editor broke the protocol" in entry["message"])


async def test_an_editor_without_buttons_declines_from_then_on(start_editor: Starter) -> None:
    def unknown(_: Json) -> Json:
        raise ResponseError(-32601, "unknown")

    ask = await start_asker(start_editor, "legacy")
    ask.editor.answers[BUTTONS] = unknown
    for _ in range(2):
        assert (await ask(form(YES_NO)))["result"] == {"action": "decline"}
    assert len(ask.editor.requests) == 1


OPENS_PAGES = {"capabilities": {"window": {"showDocument": {"support": True}}}}


async def test_a_page_is_shown_with_its_host_and_opened_in_the_browser(start_editor: Starter, era: str) -> None:
    ask = await start_asker(start_editor, era, params=OPENS_PAGES)
    ask.editor.answers |= {
        BUTTONS: lambda _: {"title": "Open in browser"},
        "window/showDocument": lambda _: {"success": True},
    }
    url = "https://good.example@evil.example/path?q=1"
    assert (await ask(page(url)))["result"] == {"action": "accept"}
    question, opened = ask.editor.requests
    lines = question["params"]["message"].split("\n")
    assert lines[-2:] == ["Host: evil.example", f"URL: {url}"]
    assert opened["params"] == {"uri": url, "external": True}


async def test_a_page_that_was_declined_is_not_opened(start_editor: Starter) -> None:
    ask = await start_asker(start_editor, "legacy", params=OPENS_PAGES)
    presses = [None, {"title": "Decline"}]
    ask.editor.answers[BUTTONS] = lambda _: presses.pop()
    for action in ("decline", "cancel"):
        assert (await ask(page()))["result"] == {"action": action}
    assert {request["method"] for request in ask.editor.requests} == {BUTTONS}


async def test_a_page_that_the_editor_fails_to_open_is_cancelled(start_editor: Starter) -> None:
    ask = await start_asker(start_editor, "legacy", params=OPENS_PAGES)
    ask.editor.answers |= {
        BUTTONS: lambda _: {"title": "Open in browser"},
        "window/showDocument": lambda _: {"success": False},
    }
    assert (await ask(page()))["result"] == {"action": "cancel"}


PAGES_THAT_ARE_NONE = ["file:///etc/passwd", "javascript:alert(1)", "command:x", "https://ex\u0430mple.com", "https:x"]


@pytest.mark.parametrize("options", [{}, {"client": OPTED_IN}], ids=["prompts", "opted-in"])
async def test_what_is_no_web_page_is_never_shown(start_editor: Starter, options: Json) -> None:
    ask = await start_asker(start_editor, "legacy", params=OPENS_PAGES, **options)
    for url in PAGES_THAT_ARE_NONE:
        assert (await ask(page(url)))["result"] == {"action": "decline"}
    assert ask.editor.requests == []


async def test_a_page_is_declined_where_the_editor_opens_none(editor: Editor, era: str) -> None:
    ask = await connected(editor, era)
    assert (await ask(page()))["result"] == {"action": "decline"}
    assert ask.editor.requests == []


async def test_sampling_is_refused_as_by_the_user_with_a_log_line(editor: Editor) -> None:
    ask = await connected(editor, "legacy")
    assert (await ask(SAMPLING))["error"] == {"code": -1, "message": "User rejected sampling request"}
    await ask.editor.wait_for("mcp/didLog", lambda entry: "did not opt in to sampling" in entry["message"])


async def test_sampling_that_is_refused_ends_a_call_in_rounds(editor: Editor) -> None:
    ask = await connected(editor, "modern")
    with pytest.raises(ResponseError) as caught:
        await ask(SAMPLING)
    assert caught.value.kind == "consent_refused"


# What is declared


@pytest.mark.parametrize(
    ("options", "params", "elicitation", "sampling"),
    [
        ({}, None, {"form": {}}, None),
        ({}, OPENS_PAGES, {"form": {}, "url": {}}, None),
        ({"client": OPTED_IN}, None, {"form": {}, "url": {}}, {"tools": {}}),
        ({"client": {"elicitation": {"form": {}}, "sampling": {}}}, None, {"form": {}}, {}),
        ({"client": {"sampling": False}}, None, {"form": {}}, None),
        ({"client": {"sampling": "yes"}}, None, {"form": {}}, None),
    ],
)
async def test_what_can_be_served_is_declared(
    start_editor: Starter, options: Json, params: Json, elicitation: Json, sampling: Json
) -> None:
    editor = await start_editor(initialize=False)
    await editor.initialize(params=params, **options)
    for era, roots in (("legacy", {"listChanged": True}), ("modern", {})):
        await connected(editor, era)
        declared = content(await editor.call("declared"))
        wanted = {"elicitation": elicitation, "roots": roots} | ({} if sampling is None else {"sampling": sampling})
        assert declared == wanted


async def test_an_option_of_the_wrong_type_is_told(start_editor: Starter) -> None:
    editor = await start_editor(client={"elicitation": "yes"})
    await editor.wait_for("mcp/didLog", lambda entry: "client.elicitation" in entry["message"])


# Roots


async def test_the_roots_are_the_folders_of_the_workspace(start_editor: Starter, era: str, tmp_path: Path) -> None:
    folders = [{"uri": tmp_path.as_uri(), "name": "here"}, {"uri": "vscode-remote://ssh/x", "name": "there"}]
    ask = await start_asker(start_editor, era, params={"workspaceFolders": folders})
    assert (await ask({"method": "roots/list"}))["result"] == {"roots": folders[:1]}


async def test_the_root_of_an_editor_without_folders_is_a_root(start_editor: Starter, tmp_path: Path) -> None:
    ask = await start_asker(start_editor, "legacy", params={"workspaceFolders": None, "rootUri": tmp_path.as_uri()})
    roots = (await ask({"method": "roots/list"}))["result"]["roots"]
    assert roots == [{"uri": tmp_path.as_uri(), "name": tmp_path.name}]


async def test_an_editor_without_any_folder_has_no_roots(start_editor: Starter, era: str) -> None:
    ask = await start_asker(start_editor, era, params={"workspaceFolders": None, "rootUri": None})
    assert (await ask({"method": "roots/list"}))["result"] == {"roots": []}


async def test_a_change_of_the_folders_is_announced(start_editor: Starter, tmp_path: Path) -> None:
    ask = await start_asker(start_editor, "legacy", params={"workspaceFolders": []})
    folder = {"uri": tmp_path.as_uri(), "name": "new"}
    await ask.editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}})
    assert (await ask({"method": "roots/list"}))["result"] == {"roots": [folder]}
    heard = content(await ask.editor.call("heard"))
    assert {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"} in heard


async def test_the_2026_era_is_told_no_change_of_the_folders(start_editor: Starter, tmp_path: Path) -> None:
    ask = await start_asker(start_editor, "modern", params={"workspaceFolders": []})
    folder = {"uri": tmp_path.as_uri(), "name": "new"}
    await ask.editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}})
    assert (await ask({"method": "roots/list"}))["result"] == {"roots": [folder]}
    assert content(await ask.editor.call("heard")) == []


# Giving up


async def test_a_cancelled_call_withdraws_the_question(opted_in: Editor, era: str) -> None:
    ask = await connected(opted_in, era)
    ask.editor.answers[ELICIT] = lambda _: LATER
    number, call = await ask.begin()
    question = await ask.editor.wait_for_request(ELICIT)
    await ask.editor.cancel(number)
    with pytest.raises(ResponseError, match="-32800"):
        await call
    withdrawn = await ask.editor.wait_for("$/cancelRequest")
    assert withdrawn == {"id": question["id"]}
    ask.editor.answer(question, {"action": "accept", "content": {"name": "late"}})
    await ask.editor.call("echo", text="still there")
    if era == "legacy":
        heard = content(await ask.editor.call("heard"))
        assert [each["result"] for each in heard if "result" in each] == [{"action": "cancel"}]


async def test_a_person_takes_longer_than_the_timeout(start_editor: Starter, era: str) -> None:
    editor = await start_editor(client=OPTED_IN, callTimeout=1.0)
    await editor.connect(**asking_raw("--era", era), protocolVersion=VERSION[era])
    ask = Asker(editor, era)
    editor.answers[ELICIT] = lambda _: LATER

    async def answer_late() -> None:
        question = await editor.wait_for_request(ELICIT)
        # The server's clock would be over by now: a call that hangs shows how long it is.
        with pytest.raises(ResponseError, match=r"\b1 s\b"):
            await editor.call("slow", seconds=30)
        editor.answer(question, {"action": "accept", "content": {"name": "Ann"}})

    answer, _ = await asyncio.gather(ask(form(NAME)), answer_late())
    assert answer["result"]["action"] == "accept"


async def test_the_time_a_person_takes_is_not_the_servers(opted_in: Editor, era: str) -> None:
    ask = await connected(opted_in, era)
    ask.editor.answers[ELICIT] = lambda _: LATER
    _, call = await ask.begin()
    question = await ask.editor.wait_for_request(ELICIT)
    started = time.perf_counter()
    await ask.editor.call("slow", seconds=1)
    thought = (time.perf_counter() - started) * 1000
    ask.editor.answer(question, {"action": "decline"})
    assert (await call)["_meta"]["mcp-sidecar/durationMs"] < thought


async def test_an_editor_that_dies_leaves_no_question_and_no_server(start_editor: Starter) -> None:
    ask = await start_asker(start_editor, "legacy", client=OPTED_IN)
    ask.editor.answers[ELICIT] = lambda _: LATER
    _, call = await ask.begin()
    await ask.editor.wait_for_request(ELICIT)
    await ask.editor.end_stdin()
    assert await ask.editor.wait() == 1
    with pytest.raises(ResponseError, match="-32800"):
        await call


async def test_the_server_withdraws_its_question(opted_in: Editor) -> None:
    ask = await connected(opted_in, "legacy")
    ask.editor.answers[ELICIT] = lambda _: LATER
    await ask.editor.call("send", messages=[{"jsonrpc": "2.0", "id": "q", **form(NAME)}])
    question = await ask.editor.wait_for_request(ELICIT)
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "q"}}
    await ask.editor.call("send", messages=[cancelled])
    assert await ask.editor.wait_for("$/cancelRequest") == {"id": question["id"]}
    await ask.editor.call("echo", text="x")
    assert not [each for each in content(await ask.editor.call("heard")) if each.get("id") == "q"]


async def test_a_disconnect_withdraws_the_question(opted_in: Editor, era: str) -> None:
    ask = await connected(opted_in, era)
    ask.editor.answers[ELICIT] = lambda _: LATER
    _, call = await ask.begin()
    question = await ask.editor.wait_for_request(ELICIT)
    await ask.editor.request("mcp/disconnect")
    assert await ask.editor.wait_for("$/cancelRequest") == {"id": question["id"]}
    with pytest.raises(ResponseError, match="-32803"):
        await call


async def test_the_death_of_the_server_withdraws_the_question(opted_in: Editor, era: str) -> None:
    ask = await connected(opted_in, era)
    ask.editor.answers[ELICIT] = lambda _: LATER
    pid = int((await ask.editor.call("pid"))["content"][0]["text"])
    _, call = await ask.begin()
    question = await ask.editor.wait_for_request(ELICIT)
    psutil.Process(pid).kill()
    assert await ask.editor.wait_for("$/cancelRequest") == {"id": question["id"]}
    with pytest.raises(ResponseError) as caught:
        await call
    assert caught.value.kind == "connection_lost"
    ask.editor.answer(question, {"action": "decline"})
    assert (await ask.editor.status())["state"] == "failed"


# Broken servers


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ({"method": "elicitation/create"}, "params.message"),
        ({"method": "elicitation/create", "params": {"message": 5}}, "params.message"),
        ({"method": "elicitation/create", "params": {"message": "x", "requestedSchema": {"type": "array"}}}, "Schema"),
        ({"method": "sampling/createMessage", "params": {"messages": []}}, "maxTokens"),
    ],
)
async def test_wrong_params_are_refused_and_reported(opted_in: Editor, question: Json, problem: str) -> None:
    ask = await connected(opted_in, "legacy")
    error = (await ask(question))["error"]
    assert error["code"] == -32602
    assert problem in error["message"]
    await ask.editor.wait_for("mcp/didLog", lambda entry: entry["source"] == "protocol" and problem in entry["message"])
    assert ask.editor.requests == []


async def test_what_nobody_knows_is_refused_and_noted(editor: Editor) -> None:
    ask = await connected(editor, "legacy")
    for method in ("tasks/list", "mcp/connect", "x" * 1000):
        assert (await ask({"method": method}))["error"]["code"] == -32601
    await ask.editor.wait_for("mcp/didLog", lambda entry: "tasks/list" in entry["message"])


async def test_a_ping_is_answered(editor: Editor) -> None:
    ask = await connected(editor, "legacy")
    assert (await ask({"method": "ping"}))["result"] == {}


async def test_the_2026_era_has_no_requests_of_the_server(opted_in: Editor) -> None:
    ask = await connected(opted_in, "modern")
    answers = content(await ask.editor.call("ask", requests=[form(NAME), {"method": "ping"}]))
    assert [answer["error"]["code"] for answer in answers] == [-32601, -32601]
    assert ask.editor.requests == []


async def test_an_id_that_is_in_use_is_reported(opted_in: Editor) -> None:
    ask = await connected(opted_in, "legacy")
    ask.editor.answers[ELICIT] = lambda _: LATER
    question = {"jsonrpc": "2.0", "id": "same", **form(NAME)}
    await ask.editor.call("send", messages=[question, question])
    await ask.editor.wait_for("mcp/didLog", lambda entry: "a second request with the id 'same'" in entry["message"])
    request = await ask.editor.wait_for_request(ELICIT)
    ask.editor.answer(request, {"action": "decline"})
    await ask.editor.call("echo", text="x")
    assert len(ask.editor.requests) == 1


async def test_questions_before_the_end_of_the_handshake_are_refused(start_editor: Starter, tmp_path: Path) -> None:
    early = tmp_path / "early.json"
    messages = [{"jsonrpc": "2.0", "id": "e", **form(NAME)}, {"jsonrpc": "2.0", "id": "p", "method": "ping"}]
    early.write_text(json.dumps(messages))
    editor = await start_editor(client=OPTED_IN)
    await editor.connect(**asking_raw("--early", early), protocolVersion="legacy")
    heard = {each.get("id"): each for each in content(await editor.call("heard"))}
    assert heard["e"]["error"]["code"] == -32600
    assert heard["p"]["result"] == {}
    assert editor.requests == []
    await editor.wait_for("mcp/didLog", lambda entry: "before notifications/initialized" in entry["message"])


async def test_a_flood_of_questions_shows_a_few(opted_in: Editor) -> None:
    ask = await connected(opted_in, "legacy")
    ask.editor.answers |= {ELICIT: lambda _: LATER, SAMPLE: lambda _: LATER}
    for question in (form(NAME), SAMPLING):
        message = {"jsonrpc": "2.0", "id": 0, **question}
        await ask.editor.call("flood", count=1000, message=message)
    await ask.editor.wait_for("mcp/didLog", lambda entry: "a flood of questions" in entry["message"])
    await ask.editor.call("echo", text="x")
    assert len(ask.editor.requests) == 3
    assert len([entry for entry in ask.editor.logs if "flood of questions" in entry["message"]]) == 1


async def test_a_flood_of_questions_that_are_answered_at_once_ends(opted_in: Editor) -> None:
    ask = await connected(opted_in, "legacy")
    ask.editor.answers[ELICIT] = lambda _: {"action": "decline"}
    answers = content(await ask.editor.call("ask", requests=[form(NAME)] * 200))
    assert len(answers) == 200
    assert sum("error" in answer for answer in answers) > 150
    assert len(ask.editor.requests) <= 35


async def test_a_flood_of_pings_is_bounded(editor: Editor) -> None:
    ask = await connected(editor, "legacy")
    await ask.editor.call("flood", count=20_000, message={"jsonrpc": "2.0", "id": 0, "method": "ping"})
    await ask.editor.wait_for("mcp/didLog", lambda entry: "a flood of requests" in entry["message"])
    answered = len(content(await ask.editor.call("heard")))
    assert 1000 <= answered < 10_000


async def test_deep_params_hurt_nobody(opted_in: Editor, era: str) -> None:
    ask = await connected(opted_in, era)
    ask.editor.answers[ELICIT] = lambda _: {"action": "accept", "content": {}}
    for depth in (50, 400, 900):
        deep: Json = {}
        for _ in range(depth):
            deep = {"a": deep}
        await ask.editor.call("send", messages=[{"jsonrpc": "2.0", "id": depth, **form({}, odd=deep)}])
    await ask.editor.call("echo", text="x")
    if era == "legacy":
        heard = {each.get("id"): each for each in content(await ask.editor.call("heard"))}
        assert all(heard[depth]["result"]["action"] in ("accept", "decline") for depth in (50, 400, 900))


# In rounds


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("mcp/prompts/get", {"name": "rounds"}, "messages"),
        ("mcp/resources/read", {"uri": "rounds:x"}, "contents"),
    ],
)
async def test_prompts_and_resources_come_in_rounds_too(
    opted_in: Editor, method: str, params: Json, field: str
) -> None:
    ask = await connected(opted_in, "modern")
    ask.editor.answers[ELICIT] = lambda _: {"action": "accept", "content": {"name": "Ann"}}
    result = await ask.editor.request(method, params)
    said = result[field][0].get("text") or result[field][0]["content"]["text"]
    assert json.loads(said)[1] == {
        "inputResponses": {"name": {"action": "accept", "content": {"name": "Ann"}}},
        "requestState": "s1",
    }
    assert result["odd"] is None
    statistics = (await ask.editor.status())["statistics"]
    assert statistics["promptsExecuted"] + statistics["resourcesAccessed"] == 1


async def test_a_round_can_ask_several_things_and_the_state_is_handed_back(opted_in: Editor) -> None:
    ask = await connected(opted_in, "modern")
    ask.editor.answers |= {ELICIT: lambda _: {"action": "decline"}, SAMPLE: lambda _: SAID}
    first = {
        "resultType": "input_required",
        "inputRequests": {"a": form(NAME), "b": SAMPLING, "c": {"method": "roots/list"}},
    }
    waiting = {"resultType": "input_required", "requestState": "later ☕"}
    legs = content(await ask.editor.call("rounds", key="k", steps=[first, waiting, first]))
    answers = {"a": {"action": "decline"}, "b": SAID, "c": {"roots": []}}
    assert legs == [{}, {"inputResponses": answers}, {"requestState": "later ☕"}, {"inputResponses": answers}]
    assert (await ask.editor.status())["statistics"]["toolsCalled"] == 1


async def test_rounds_without_end_are_ended(opted_in: Editor) -> None:
    ask = await connected(opted_in, "modern")
    ask.editor.answers[ELICIT] = lambda _: {"action": "decline"}
    step = {"resultType": "input_required", "inputRequests": {"q": form(NAME)}}
    with pytest.raises(ResponseError, match="10 is the limit") as caught:
        await ask.editor.call("rounds", key="k", steps=[step] * 50)
    assert caught.value.kind == "protocol_error"
    assert len(ask.editor.requests) == 10


@pytest.mark.parametrize(
    "step",
    [
        {"resultType": "input_required"},
        {"resultType": "input_required", "inputRequests": ["q"]},
        {"resultType": "input_required", "inputRequests": {"q": None}},
        {"resultType": "input_required", "inputRequests": {"q": {"method": "tools/list"}}},
        {"resultType": "input_required", "inputRequests": {"q": {"method": "elicitation/create", "params": {}}}},
    ],
)
async def test_a_malformed_question_in_a_result_is_an_error(opted_in: Editor, step: Json) -> None:
    ask = await connected(opted_in, "modern")
    with pytest.raises(ResponseError) as caught:
        await ask.editor.call("rounds", key="k", steps=[step])
    assert caught.value.kind == "protocol_error"
    assert ask.editor.requests == []


async def test_a_flood_in_one_round_shows_a_few(opted_in: Editor) -> None:
    ask = await connected(opted_in, "modern")
    ask.editor.answers[ELICIT] = lambda _: LATER
    step = {"resultType": "input_required", "inputRequests": {str(n): form(NAME) for n in range(1000)}}
    with pytest.raises(ResponseError) as caught:
        await ask.editor.call("rounds", key="k", steps=[step])
    assert caught.value.kind == "protocol_error"
    assert len(ask.editor.requests) <= 3


# Pages that a call needs


async def test_the_pages_that_a_call_needs_are_told(start_editor: Starter) -> None:
    editor = await start_editor()
    await editor.connect(**asking_raw())
    # An error of the call itself, as URLElicitationRequiredError has it.
    error = {
        "code": -32042,
        "message": "Log in first",
        "data": {"elicitations": [page()["params"], {"url": 5}, None]},
    }
    with pytest.raises(ResponseError) as caught:
        await editor.call("error", error=error)
    details = caught.value.data["details"]
    assert details["error"] == error
    assert details["urls"] == ["https://example.com/login?x=1"]
    assert "https://example.com/login?x=1" in caught.value.data["suggestion"]


async def test_the_completion_of_a_page_arrives(editor: Editor) -> None:
    ask = await connected(editor, "legacy")
    done = {"jsonrpc": "2.0", "method": "notifications/elicitation/complete", "params": {"elicitationId": "e1"}}
    await ask.editor.call("send", messages=[done])
    assert await ask.editor.wait_for("mcp/notifications/elicitation/complete") == {"elicitationId": "e1"}


# Servers as people write them


@pytest.mark.parametrize("transport", ["stdio", "http", "sse"])
async def test_a_fastmcp_server_asks(start_editor: Starter, serve: Server, transport: str, tmp_path: Path) -> None:
    editor = await start_editor(folder=tmp_path, client=OPTED_IN)
    target = asking() if transport == "stdio" else {"url": (await serve(asking_http(transport))).url}
    await editor.connect(**target, protocolVersion="legacy")
    trip = {"city": "Oslo", "days": 3, "budget": 1.5, "guide": True, "comfort": "grand"}
    editor.answers |= {
        ELICIT: lambda params: {
            "action": "accept",
            "content": trip if "city" in params["requestedSchema"]["properties"] else {"value": True},
        },
        SAMPLE: lambda _: SAID,
    }
    said = [
        (await editor.call(tool))["content"][0]["text"]
        for tool in ("ask_trip", "ask_confirmation", "ask_model", "list_roots")
    ]
    assert said[0] == f"accept: {trip}"
    assert said[1] == "accept: True"
    assert said[2] == "the model said: Hello"
    assert json.loads(said[3]) == [tmp_path.as_uri()]


@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_over_http_a_person_takes_longer_than_the_timeout_and_can_be_interrupted(
    start_editor: Starter, serve: Server, transport: str
) -> None:
    editor = await start_editor(client=OPTED_IN)
    await editor.connect(url=(await serve(asking_http(transport))).url, protocolVersion="legacy", callTimeout=4)
    await editor.request("mcp/tools/list")  # a server's first answer takes its time
    editor.answers[ELICIT] = lambda _: LATER
    number, call = await editor.request_nowait("mcp/tools/call", {"name": "ask_choice", "arguments": {}})
    question = await editor.wait_for_request(ELICIT)
    with pytest.raises(ResponseError, match=r"\b4 s\b"):  # so long the other call would have had, too
        await editor.call("sleep", seconds=60)
    assert not call.done()
    await editor.cancel(number)
    assert await editor.wait_for("$/cancelRequest") == {"id": question["id"]}
    with pytest.raises(ResponseError, match="-32800"):
        await call


@pytest.mark.parametrize("transport", ["stdio", "http", "sse"])
async def test_a_fastmcp_server_asks_by_buttons(start_editor: Starter, serve: Server, transport: str) -> None:
    editor = await start_editor()
    target = asking() if transport == "stdio" else {"url": (await serve(asking_http(transport))).url}
    await editor.connect(**target, protocolVersion="legacy")
    editor.answers[BUTTONS] = lambda params: {"title": params["actions"][-1]["title"]}
    assert (await editor.call("ask_choice"))["content"][0]["text"] == "accept: green"


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_a_fastmcp_server_asks_in_rounds(
    start_editor: Starter, serve: Server, transport: str, tmp_path: Path
) -> None:
    editor = await start_editor(folder=tmp_path, client=OPTED_IN)
    target = asking() if transport == "stdio" else {"url": (await serve(asking_http())).url}
    await editor.connect(**target, protocolVersion="2026-07-28")
    editor.answers[ELICIT] = lambda _: {"action": "accept", "content": {"name": "Ann"}}
    said = content(await editor.call("guard"))
    assert said["state"] == "opaque"
    assert said["name"]["content"] == {"name": "Ann"}
    assert said["roots"]["roots"][0]["uri"] == tmp_path.as_uri()


@pytest.mark.parametrize("transport", ["stdio", "streamableHttp", "sse"])
async def test_server_everything_asks(start_editor: Starter, serve: Server, transport: str, tmp_path: Path) -> None:
    editor = await start_editor(folder=tmp_path, client=OPTED_IN)
    target = stdio(EVERYTHING) if transport == "stdio" else {"url": (await serve(everything_http(transport))).url}
    await editor.connect(**target)
    editor.answers |= {ELICIT: lambda _: {"action": "decline"}, SAMPLE: lambda _: SAID}
    assert "declined" in str(await editor.call("trigger-elicitation-request"))
    assert "Hello" in str(await editor.call("trigger-sampling-request", prompt="x", maxTokens=5))
    assert tmp_path.as_uri() in str(await editor.call("get-roots-list"))
