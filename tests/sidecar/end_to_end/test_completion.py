"""Completion in documents of arguments: the schema's names and values, and what the server itself completes."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.sidecar.end_to_end.test_views import open_document
from tests.sidecar.harness import Editor
from tests.sidecar.programs import capable, raw

CHOICES = "mcp-sidecar-arguments:/capable/choose.jsonc"
GREET = "mcp-sidecar-arguments:/capable/prompts/greet.jsonc"


async def complete(editor: Editor, uri: str, text: str) -> dict[str, Any] | None:
    """What is offered where `|` stands in a text."""
    before, _, after = text.partition("|")
    await open_document(editor, uri, before + after)
    lines = before.split("\n")
    position = {"line": len(lines) - 1, "character": len(lines[-1])}
    params = {"textDocument": {"uri": uri}, "position": position}
    result: dict[str, Any] | None = await editor.request("textDocument/completion", params)
    await editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    return result


async def texts(editor: Editor, uri: str, text: str) -> list[str]:
    """The texts that would be put there."""
    found = await complete(editor, uri, text)
    return [] if found is None else [item["textEdit"]["newText"] for item in found["items"]]


async def test_names_and_choices_come_from_the_schema(editor: Editor) -> None:
    await editor.connect(**capable())
    names = ["text", "level", "loud", "levels", "pass", "code"]
    assert await texts(editor, CHOICES, '{"level": "info", "pass": "", "code": "", "levels": [], |}') == [
        '"text": "",',
        '"loud": false,',
    ]
    assert [text.split('"')[1] for text in await texts(editor, CHOICES, '{"|"}')] == names
    assert [text.strip('"') for text in await texts(editor, CHOICES, '{"le|vel": "info"}')] == names
    for value in ('"|"', "|", "inf|", '"deb|ug"'):
        assert await texts(editor, CHOICES, f'{{"level": {value}}}') == ['"info"', '"debug"', '"error"'], value
    assert await texts(editor, CHOICES, '{"loud": |}') == ["true", "false"]
    for items in ("[|]", '["a", |]', '["|"]'):
        assert await texts(editor, CHOICES, f'{{"levels": {items}}}') == ['"a"', '"b"'], items


async def test_an_edit_replaces_what_is_there_with_its_quotes(editor: Editor) -> None:
    await editor.connect(**capable())
    found = await complete(editor, CHOICES, '{"level": "de|b"}')
    assert found is not None
    assert found["isIncomplete"] is False
    item = next(item for item in found["items"] if item["label"] == "debug")
    assert item["filterText"] == '"debug"'
    assert item["textEdit"]["range"]["start"] == {"line": 0, "character": 10}
    assert item["textEdit"]["range"]["end"] == {"line": 0, "character": 15}


async def test_a_name_is_a_snippet_where_the_client_takes_those(
    start_editor: Callable[..., Awaitable[Editor]],
) -> None:
    editor = await start_editor(initialize=False)
    capabilities = {"textDocument": {"completion": {"completionItem": {"snippetSupport": True}}}}
    await editor.initialize(params={"capabilities": capabilities})
    await editor.connect(**capable())
    assert (await texts(editor, CHOICES, "{|}"))[:2] == ['"text": "${1:}",', '"level": "${1:info}",']


@pytest.mark.parametrize(
    "text", ['// "le|"\n{}', '{ // "|"\n}', "{ /* | */ }", "|{}", "{}|", '{"level": "info"|', '{"nothing": "|"}', "|"]
)
async def test_nothing_is_offered_where_nothing_fits(editor: Editor, text: str) -> None:
    await editor.connect(**capable())
    offered = await texts(editor, CHOICES, text)
    assert offered == ([] if text != '{"level": "info"|' else ['"info"', '"debug"', '"error"'])


async def test_values_of_a_prompt_are_completed_by_the_server(editor: Editor) -> None:
    await editor.connect(**capable())
    found = await complete(editor, GREET, '{"who": "wor|"}')
    assert found is not None
    assert found["isIncomplete"] is True
    assert [item["textEdit"]["newText"] for item in found["items"]] == ['"wor!"']
    assert await texts(editor, GREET, "{|}") == ['"who": "",']


async def test_the_other_arguments_are_the_context(editor: Editor) -> None:
    await editor.connect(**capable())
    await complete(editor, GREET, '{"who": "w|", "how": "x", "many": 1}')
    frames = (await editor.request("mcp/trace"))["frames"]
    *_, asked = [
        frame["body"] for frame in frames if frame["direction"] == "sent" and "completion/complete" in frame["message"]
    ]
    assert '"context":{"arguments":{"how":"x"}}' in asked.replace(" ", "").replace("\n", "")


async def test_variables_of_a_template_are_completed_by_the_server(editor: Editor) -> None:
    await editor.connect(**capable())
    uri = (await editor.request("mcp/prefill", {"name": "note:{number}", "kind": "resourceTemplate"}))["uri"]
    assert await texts(editor, uri, '{"number": "4|"}') == ['"4!"']


async def test_a_server_without_completions_is_not_asked(editor: Editor) -> None:
    await editor.connect(**capable("--without", "completions"))
    assert await texts(editor, GREET, '{"who": "wor|"}') == []
    assert (await editor.status())["statistics"]["errors"] == 0


async def test_without_a_connection_nothing_is_offered_and_nothing_fails(editor: Editor) -> None:
    assert await complete(editor, GREET, '{"who": "|"}') is None


async def test_other_documents_have_no_completions(editor: Editor) -> None:
    await editor.connect(**raw())
    assert await complete(editor, "file:///a.jsonc", '{"|"}') is None
