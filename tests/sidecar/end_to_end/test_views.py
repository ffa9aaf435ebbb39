"""`mcp/prefill`, `mcp/show` and the documents of arguments: what a person reads and writes, made by the sidecar."""

import contextlib
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_sidecar.server.arguments import arguments_of, arguments_uri
from mcp_sidecar.server.subjects import Subject
from tests.sidecar.harness import Editor, ResponseError
from tests.sidecar.programs import capable, good, nasty, raw

BIG = 12345678901234567890
ECHO = "mcp-sidecar-arguments:/raw/echo.jsonc"


async def open_document(editor: Editor, uri: str, text: str) -> None:
    """As an editor opens a file."""
    document = {"uri": uri, "languageId": "jsonc", "version": 1, "text": text}
    await editor.notify("textDocument/didOpen", {"textDocument": document})


async def change(editor: Editor, uri: str, version: int, text: str) -> None:
    """As an editor that sends the whole text."""
    changes = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]}
    await editor.notify("textDocument/didChange", changes)


async def diagnostics(editor: Editor, uri: str, version: int | None) -> list[Any]:
    """Those that were pushed for a version of a document."""
    pushed = await editor.wait_for(
        "textDocument/publishDiagnostics", lambda each: (each["uri"], each.get("version")) == (uri, version)
    )
    return pushed["diagnostics"]


def pages(editor: Editor) -> list[Any]:
    """All that were pushed."""
    return [each.params for each in editor.notifications if each.method == "mcp/didShow"]


# Prefilling


async def test_the_arguments_of_a_listed_tool_are_prefilled(editor: Editor) -> None:
    await editor.connect(**raw())
    before = await editor.status()
    for tool in (await editor.request("mcp/tools/list"))["tools"]:
        found = await editor.request("mcp/prefill", {"name": tool["name"]})
        assert found["text"].startswith(f"// Arguments of the tool {tool['name']}\n")
        assert found["text"].splitlines()[found["cursor"]["line"]]
        assert found["uri"] == f"mcp-sidecar-arguments:/raw/{tool['name']}.jsonc"
    assert (await editor.status())["statistics"] == before["statistics"]


async def test_prefilling_asks_for_the_tools_where_they_were_not_listed(editor: Editor) -> None:
    await editor.connect(**raw())
    command = {"command": "mcpSidecar.prefill", "arguments": [{"name": "echo"}]}
    assert '"text": ""' in (await editor.request("workspace/executeCommand", command))["text"]


async def test_prefilling_a_tool_that_is_not_there_is_refused(editor: Editor) -> None:
    await editor.connect(**raw())
    for wrong in ({}, {"tool": "echo"}, {"name": "nothing"}):
        with pytest.raises(ResponseError) as refused:
            await editor.request("mcp/prefill", wrong)
        assert refused.value.code == -32602


async def test_prefilling_without_a_connection_says_so(editor: Editor) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/prefill", {"name": "echo"})
    assert refused.value.kind == "not_connected"


# Showing


async def test_a_request_is_shown_while_it_runs_and_when_it_is_answered(editor: Editor) -> None:
    await editor.connect(**raw())
    params = {"name": "echo", "arguments": {"text": "<b>"}}
    assert await editor.request("mcp/show", {"method": "tools/call", "params": params}) is None
    running, answered = pages(editor)
    assert running["title"] == answered["title"] == "echo"
    assert "Waiting for the answer" in running["html"]
    assert answered["html"].startswith("<!DOCTYPE html>")
    assert "<pre>&lt;b&gt;</pre>" in answered["html"]
    assert "<span>raw</span>" in answered["html"]
    assert "whole" not in answered
    assert (await editor.status())["statistics"]["toolsCalled"] == 1


async def test_any_mcp_request_can_be_shown(editor: Editor) -> None:
    await editor.connect(**raw())
    await editor.request("mcp/show", {"method": "tools/list"})
    assert pages(editor)[-1]["title"] == "tools/list"
    assert "<h2>Result</h2>" in pages(editor)[-1]["html"]


async def test_why_there_is_no_answer_is_shown(editor: Editor) -> None:
    await editor.request("mcp/show", {"method": "tools/call", "params": {"name": "echo"}})
    assert "<dd><code>not_connected</code></dd>" in pages(editor)[-1]["html"]


async def test_a_cancelled_request_is_shown_as_such(editor: Editor) -> None:
    await editor.connect(**raw())
    shown = {"method": "tools/call", "params": {"name": "slow", "arguments": {"seconds": 60}}}
    request, answer = await editor.request_nowait("mcp/show", shown)
    await editor.wait_for("mcp/didShow")
    await editor.cancel(request)
    with pytest.raises(ResponseError) as cancelled:
        await answer
    assert cancelled.value.code == -32800
    page = await editor.wait_for("mcp/didShow", lambda page: "Waiting" not in page["html"])
    assert "Cancelled." in page["html"]


async def test_what_is_cut_is_there_whole(editor: Editor) -> None:
    await editor.connect(**raw())
    params = {"name": "echo", "arguments": {"text": "x" * 300_000}}
    await editor.request("mcp/show", {"method": "tools/call", "params": params, "openWhole": "command:open"})
    page = pages(editor)[-1]
    assert '<a href="command:open">' in page["html"]
    assert json.loads(page["whole"])["content"][0]["text"] == "x" * 300_000
    await editor.request("mcp/show", {"method": "tools/call", "params": params, "openWhole": "javascript:open"})
    assert "<a " not in pages(editor)[-1]["html"]


@pytest.mark.parametrize(
    "wrong",
    [
        *({}, {"method": "tools/call", "document": ECHO}, {"method": "tools/call", "params": {}}),
        *({"method": "tools/call", "params": [1]}, {"document": ECHO}, {"document": "file:///a.jsonc"}),
        {"method": "ping", "unknown": 1},
    ],
    ids=json.dumps,
)
async def test_what_can_not_be_sent_is_refused_and_not_shown(editor: Editor, wrong: dict) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/show", wrong)
    assert refused.value.code == -32602
    assert pages(editor) == []


@pytest.mark.parametrize("method", ["status", "connect", "show", "didShow", "notifications/initialized", ""])
async def test_what_is_no_request_of_mcp_is_not_shown(editor: Editor, method: str) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/show", {"method": method})
    assert refused.value.code == -32601
    assert pages(editor) == []


async def test_a_request_that_mcp_does_not_know_yet_can_be_shown(editor: Editor) -> None:
    await editor.connect(**raw())
    await editor.request("mcp/show", {"method": "later/invention"})
    assert pages(editor)[-1]["title"] == "later/invention"
    assert "<dd><code>server_error</code></dd>" in pages(editor)[-1]["html"]


# Documents of arguments


async def test_the_arguments_in_a_document_are_called(editor: Editor) -> None:
    await editor.connect(**good())
    found = await editor.request("mcp/prefill", {"name": "add"})
    await open_document(editor, found["uri"], f'// exact\n{{"a": {BIG}, "b": 1,}}')
    (lens,) = await editor.request("textDocument/codeLens", {"textDocument": {"uri": found["uri"]}})
    assert lens["command"]["title"] == "▶\ufe0e Call add"
    command = {name: lens["command"][name] for name in ("command", "arguments")}
    assert await editor.request("workspace/executeCommand", command) is None
    assert f'"result": {BIG + 1}' in pages(editor)[-1]["html"].replace("&quot;", '"')


async def test_mistakes_in_a_document_are_pushed_as_they_come_and_go(editor: Editor) -> None:
    await open_document(editor, ECHO, '{"text": "😀" nonsense /* and more */}')
    (mistake, *_) = await diagnostics(editor, ECHO, 1)
    # UTF-16, as LSP counts.
    assert mistake["range"]["start"] == {"line": 0, "character": 14}
    assert mistake["message"] == "A key needs double quotes."
    assert (mistake["severity"], mistake["source"]) == (1, "mcp-sidecar")
    await change(editor, ECHO, 2, '{"text": 1,\r\n "text": 2}')
    (mistake,) = await diagnostics(editor, ECHO, 2)
    assert mistake["range"]["start"] == {"line": 1, "character": 1}
    await change(editor, ECHO, 3, "[]")
    assert [each["message"] for each in await diagnostics(editor, ECHO, 3)] == [
        "The arguments are a JSON object, such as {}."
    ]
    await change(editor, ECHO, 4, "{}")
    assert await diagnostics(editor, ECHO, 4) == []
    await editor.notify("textDocument/didClose", {"textDocument": {"uri": ECHO}})
    assert await diagnostics(editor, ECHO, None) == []


async def test_a_document_with_a_mistake_is_not_called_and_the_cursor_goes_there(
    start_editor: Callable[..., Awaitable[Editor]],
) -> None:
    editor = await start_editor(initialize=False)
    await editor.initialize(params={"capabilities": {"window": {"showDocument": {"support": True}}}})
    await editor.connect(**raw())
    await open_document(editor, ECHO, '{\n  "text": nonsense\n}')
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/show", {"document": ECHO})
    assert refused.value.message == ("The arguments are not right in line 2: 'nonsense' is no value.")
    (shown,) = [each["params"] for each in editor.requests if each["method"] == "window/showDocument"]
    assert (shown["uri"], shown["selection"]["start"]) == (ECHO, {"line": 1, "character": 10})
    assert pages(editor) == []


async def test_arguments_of_one_server_go_to_another_only_when_that_is_confirmed(editor: Editor) -> None:
    await editor.connect(**good())
    other = "mcp-sidecar-arguments:/other%2520one/add.jsonc"
    await open_document(editor, other, '{"a": 1, "b": 2}')
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/show", {"document": other})
    assert refused.value.kind == "consent_refused"
    assert refused.value.message == "These arguments were made for other one, but good is connected."
    assert pages(editor) == []
    await editor.request("mcp/show", {"document": other, "confirmed": True})
    assert "Result" in pages(editor)[-1]["html"]
    question = "These arguments were made for other one, but good is connected. Send them?"
    for choice, sent in (("Don't Send", 0), ("Send", 1)):
        before = len(pages(editor))

        def answer(params: Any, choice: str = choice) -> Any:
            assert (params["message"], params["actions"][0]["title"]) == (question, "Don't Send")
            return {"title": choice}

        editor.answers["window/showMessageRequest"] = answer
        with contextlib.nullcontext() if sent else pytest.raises(ResponseError):
            await editor.request("mcp/show", {"document": other})
        assert (len(pages(editor)) > before) == bool(sent)


async def test_arguments_go_to_no_other_server_while_a_connect_is_under_way(editor: Editor) -> None:
    await editor.connect(**raw())
    other = "mcp-sidecar-arguments:/other%2520one/echo.jsonc"
    await open_document(editor, other, '{"text": "for another"}')
    _, connecting = await editor.request_nowait("mcp/connect", nasty("silent"))
    await editor.wait_for_state("connecting")
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/show", {"document": other})
    assert refused.value.message == "These arguments were made for other one, but raw is connected."
    await editor.request("mcp/disconnect")
    with pytest.raises(ResponseError, match="interrupted"):
        await connecting


async def test_who_agreed_to_one_server_is_asked_again_when_another_takes_its_place(editor: Editor) -> None:
    await editor.connect(**good())
    other = "mcp-sidecar-arguments:/other%2520one/add.jsonc"
    await open_document(editor, other, '{"a": 1, "b": 2}')

    async def answer(params: Any) -> Any:
        if "but good is connected" in params["message"]:
            await editor.connect(**raw())
            return {"title": "Send"}
        assert "but raw is connected" in params["message"]
        return {"title": "Don't Send"}

    editor.answers["window/showMessageRequest"] = answer
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/show", {"document": other})
    assert refused.value.kind == "consent_refused"
    assert pages(editor) == []


async def test_any_name_of_a_tool_is_the_name_of_a_document(editor: Editor) -> None:
    for names in (("a/b", "c%d.jsonc"), ("ü #?", "$(x)\n"), ("s", ""), ("s", "\ud800")):
        uri = arguments_uri(Subject(*names))
        assert arguments_of(uri) == Subject(*names)
        await open_document(editor, uri, "{}")
        assert await diagnostics(editor, uri, 1) == []


async def test_other_documents_are_left_alone(editor: Editor) -> None:
    uri = "file:///workspace/settings.jsonc"
    await open_document(editor, uri, "nonsense")
    assert await editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) is None
    await open_document(editor, ECHO, "{}")
    await diagnostics(editor, ECHO, 1)
    assert {each.params["uri"] for each in editor.notifications if "publishDiagnostics" in each.method} == {ECHO}


# Prompts, resource templates and resources


async def test_a_prompt_is_prefilled_and_got_from_its_document(editor: Editor) -> None:
    await editor.connect(**capable())
    found = await editor.request("mcp/prefill", {"name": "greet", "kind": "prompt"})
    assert found["uri"] == "mcp-sidecar-arguments:/capable/prompts/greet.jsonc"
    assert found["text"].startswith("// Arguments of the prompt greet\n")
    await open_document(editor, found["uri"], '{"who": "Ada"}')
    (lens,) = await editor.request("textDocument/codeLens", {"textDocument": {"uri": found["uri"]}})
    assert lens["command"]["title"] == "▶\ufe0e Get greet"
    await editor.request("mcp/show", {"document": found["uri"]})
    page = pages(editor)[-1]
    assert page["title"] == "greet"
    assert "<h2>user</h2>" in page["html"]
    assert "Greet Ada." in page["html"]
    assert (await editor.status())["statistics"]["promptsExecuted"] == 1


async def test_a_template_is_prefilled_and_its_resource_read_from_its_document(editor: Editor) -> None:
    await editor.connect(**capable())
    found = await editor.request("mcp/prefill", {"name": "note:{number}", "kind": "resourceTemplate"})
    assert '"number": ""' in found["text"]
    await open_document(editor, found["uri"], '{"number": 7}')
    await editor.request("mcp/show", {"document": found["uri"]})
    page = pages(editor)[-1]
    assert page["uri"] == page["title"] == "note:7"
    assert "<pre>read</pre>" in page["html"]


async def test_values_that_make_no_uri_are_refused(editor: Editor) -> None:
    await editor.connect(**capable())
    found = await editor.request("mcp/prefill", {"name": "note:{number}", "kind": "resourceTemplate"})
    await open_document(editor, found["uri"], '{"number": {}}')
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/show", {"document": found["uri"]})
    assert refused.value.code == -32602
    assert "'number' must be a text" in refused.value.message


async def test_what_a_resource_holds_can_be_opened_by_itself(editor: Editor) -> None:
    await editor.connect(**capable())
    shown = {"method": "resources/read", "params": {"uri": "note:1"}, "openPart": "command:open"}
    await editor.request("mcp/show", shown)
    running, page = pages(editor)
    assert running["uri"] == page["uri"] == "note:1"
    assert page["parts"] == [{"name": "1.txt", "text": "read"}]
    assert '<a href="command:open?%5B0%5D">Open as a Document</a>' in page["html"]
    await editor.request("mcp/show", shown | {"openPart": "file:open"})
    assert "<a " not in pages(editor)[-1]["html"]


async def test_a_shown_request_has_progress(editor: Editor) -> None:
    await editor.connect(**capable())
    params = {"name": "work", "arguments": {"steps": 3, "pause": 0.05}}
    await editor.request("mcp/show", {"method": "tools/call", "params": params, "workDoneToken": "t"})
    told = [each.params["value"] for each in editor.notifications if each.method == "$/progress"]
    assert told[0]["kind"] == "begin"
    assert any(each.get("message", "").startswith("step ") for each in told)
    assert "workDoneToken" not in pages(editor)[-1]["html"]


async def test_an_inspection_is_shown_by_its_severities(editor: Editor) -> None:
    await editor.connect(**capable())
    found = (await editor.request("mcp/inspect"))["findings"]
    assert found
    await editor.request("mcp/show", {"method": "inspect", "workDoneToken": "t"})
    running, page = pages(editor)
    assert running["title"] == page["title"] == "Inspection"
    for finding in found:
        assert f"<code>{finding['rule']}</code>" in page["html"]
    assert "<h2>Hints (" in page["html"] or "<h2>Information (" in page["html"]


# The last arguments


async def sent(editor: Editor, uri: str, text: str) -> str:
    """Send arguments from a document and close it; what is prefilled the next time."""
    await open_document(editor, uri, text)
    with contextlib.suppress(ResponseError):
        await editor.request("mcp/show", {"document": uri})
    await editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    return await prefilled(editor, uri)


async def prefilled(editor: Editor, uri: str) -> str:
    subject = arguments_of(uri)
    assert subject is not None
    found: str = (await editor.request("mcp/prefill", {"name": subject.name}))["text"]
    return found


async def kept(editor: Editor, file: Path, uri: str, text: str, expected: str | None) -> None:
    """Send arguments, and see what is kept of them, and what is not."""
    await sent(editor, uri, text)
    assert json.loads(file.read_text(encoding="utf-8")).get(f" {uri}") == expected


async def test_the_last_arguments_are_filled_in_again(editor: Editor, last_arguments: Path) -> None:
    await editor.connect(**capable())
    choose = "mcp-sidecar-arguments:/capable/choose.jsonc"
    await kept(editor, last_arguments, choose, '{"text": "hi", "level": "error",}', '{"text":"hi","level":"error"}')
    found = await prefilled(editor, choose)
    assert '  "text": "hi",' in found
    assert '  "level": "error"' in found
    add = "mcp-sidecar-arguments:/capable/add.jsonc"
    await kept(editor, last_arguments, add, f'{{"a": {BIG}, "b": 1.0}}', f'{{"a":{BIG},"b":1.0}}')
    assert f'"a": {BIG}' in await prefilled(editor, add)


async def test_the_last_arguments_outlive_the_sidecar_for_their_workspace_and_the_user_alone(
    start_editor: Callable[..., Awaitable[Editor]], tmp_path: Path
) -> None:
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": "", "LOCALAPPDATA": str(tmp_path)}
    folders = [tmp_path / "one", tmp_path / "two"]
    echo = "mcp-sidecar-arguments:/capable/echo.jsonc"
    first, other, again = [await start_editor(env=env, folder=folder) for folder in (*folders, folders[0])]
    for editor in (first, other, again):
        await editor.connect(**capable())
    await sent(first, echo, '{"text": "from the first"}')
    assert "from the first" in await prefilled(again, echo)
    assert "from the first" not in await prefilled(other, echo)
    (file,) = tmp_path.rglob("arguments.json")
    assert file.stat().st_mode & 0o077 == 0 or sys.platform == "win32"


async def test_secrets_are_not_kept(editor: Editor, last_arguments: Path) -> None:
    await editor.connect(**capable())
    uri = "mcp-sidecar-arguments:/capable/echo.jsonc"
    text = '{"text": "x", "apiKey": "hunter2", "in": {"password": 1, "kept": [1]}, "see": "ghp_0123456789abcdef"}'
    await kept(editor, last_arguments, uri, text, '{"text":"x","in":{"kept":[1]}}')
    await kept(editor, last_arguments, uri, '{"text": "https://me:hunter2@host/"}', "{}")
    choose = "mcp-sidecar-arguments:/capable/choose.jsonc"
    await kept(editor, last_arguments, choose, '{"pass": "x", "code": "y", "loud": true}', '{"loud":true}')


async def test_what_is_large_is_not_kept_nor_what_was_before(editor: Editor, last_arguments: Path) -> None:
    await editor.connect(**capable())
    uri = "mcp-sidecar-arguments:/capable/echo.jsonc"
    await kept(editor, last_arguments, uri, '{"text": "small"}', '{"text":"small"}')
    await kept(editor, last_arguments, uri, f'{{"text": "{"x " * 10_000}"}}', None)


async def test_what_can_not_be_sent_leaves_what_was_before(editor: Editor, last_arguments: Path) -> None:
    await editor.connect(**capable())
    uri = "mcp-sidecar-arguments:/capable/echo.jsonc"
    await kept(editor, last_arguments, uri, '{"text": "small"}', '{"text":"small"}')
    assert "small" in await sent(editor, uri, '{"text": }')


# Rows


async def test_what_a_server_offers_comes_in_rows(editor: Editor) -> None:
    await editor.connect(**good())
    for kind, method, key in (
        ("tool", "tools/list", "tools"),
        ("resource", "resources/list", "resources"),
        ("resourceTemplate", "resources/templates/list", "resourceTemplates"),
        ("prompt", "prompts/list", "prompts"),
    ):
        rows = (await editor.request("mcp/items", {"kind": kind}))["items"]
        assert rows
        assert [row["raw"] for row in rows] == (await editor.request(f"mcp/{method}"))[key]
        assert {row["kind"] for row in rows} == {kind}
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/items", {"kind": "toys"})
    assert refused.value.code == -32602


# Summaries


async def test_what_is_asked_of_a_model_is_told_in_short(editor: Editor) -> None:
    message = {"role": "user", "content": {"type": "text", "text": "Say hello."}}
    text = (await editor.request("mcp/summary", {"sampling": {"messages": [message], "maxTokens": 10}}))["text"]
    assert text == "Messages: 1. At most 10 tokens.\n\nLast message: Say hello."
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/summary", {"sampling": []})
    assert refused.value.code == -32602


# Forms


async def test_a_form_is_taken_apart_and_its_answers_are_checked(editor: Editor) -> None:
    schema = {
        "properties": {"days": {"type": "integer", "minimum": 1}, "guide": {"type": "boolean"}},
        "required": ["days"],
    }
    days, guide = (await editor.request("mcp/fields", {"schema": schema}))["fields"]
    assert days == {
        "name": "days",
        "title": "days",
        "description": "",
        "required": True,
        "kind": "text",
        "choices": [],
        "schema": {"type": "integer", "minimum": 1},
    }
    assert guide["choices"] == [{"title": "Yes", "value": True}, {"title": "No", "value": False}]

    async def check(**params: Any) -> Any:
        return await editor.request("mcp/check", {"schema": days["schema"], "required": True, **params})

    assert await check(text="7") == {"value": 7}
    assert await check(text="0") == {"problem": "At least 1."}
    assert await check(text="", required=False) == {}
    meals = {"type": "array", "items": {"type": "string", "enum": ["lunch", "dinner"]}}
    assert await check(schema=meals, values=["dinner"]) == {"value": ["dinner"]}
    for wrong in ({}, {"text": "1", "values": []}, {"schema": [], "text": "1"}):
        with pytest.raises(ResponseError) as refused:
            await check(**wrong)
        assert refused.value.code == -32602


async def test_the_arguments_of_a_prompt_are_fields(editor: Editor) -> None:
    await editor.connect(**good())
    listed = (await editor.request("mcp/prompts/list"))["prompts"][0]
    fields = (await editor.request("mcp/fields", {"prompt": listed["name"]}))["fields"]
    told = [(each["name"], each["required"], each["kind"]) for each in fields]
    assert told == [(each["name"], each.get("required", False), "text") for each in listed["arguments"]]
    assert told


@pytest.mark.parametrize("params", [{}, {"schema": {}, "prompt": "x"}, {"schema": {"properties": {"x": {}}}}])
async def test_what_is_no_form_is_refused(editor: Editor, params: Any) -> None:
    with pytest.raises(ResponseError) as refused:
        await editor.request("mcp/fields", params)
    assert refused.value.code == -32602
