"""From `initialize` to the exit code."""

import asyncio
import os
import subprocess
import sys
from typing import Any

import pytest
from lsprotocol import types as lsp

from mcp_sidecar.wire import parent, protocol
from mcp_sidecar.wire.server import Hooks
from tests.sidecar.wire.conftest import Handlers, make_server
from tests.sidecar.wire.harness import LIMIT, RawClient, frame, serving

SHUTDOWN = {"jsonrpc": "2.0", "id": 90, "method": "shutdown"}
EXIT = {"jsonrpc": "2.0", "method": "exit"}


@pytest.mark.parametrize("method", ["t/nothing", "shutdown", "workspace/executeCommand", "nobody/knows"])
async def test_a_request_before_initialize_is_refused(fresh: RawClient, method: str) -> None:
    assert (await fresh.request(method))["error"]["code"] == -32002


async def test_notifications_before_initialize_are_dropped(fresh: RawClient) -> None:
    fresh.notify("initialized")
    fresh.notify("shutdown")
    fresh.notify("initialize", {"capabilities": {}})
    fresh.notify("$/cancelRequest", {"id": 1})
    assert (await fresh.request("t/nothing"))["error"]["code"] == -32002
    await fresh.initialize()
    assert (await fresh.request("t/nothing"))["result"] is None


async def test_a_second_initialize_is_refused(client: RawClient) -> None:
    assert (await client.request("initialize", {"capabilities": {}}))["error"]["code"] == -32600
    assert (await client.request("t/nothing"))["result"] is None


async def test_an_initialize_that_fails_may_be_repeated(fresh: RawClient) -> None:
    assert (await fresh.request("initialize", {"capabilities": 1}))["error"]["code"] == -32602
    assert (await fresh.request("t/nothing"))["error"]["code"] == -32002
    await fresh.initialize()


async def test_a_client_may_say_nothing_of_itself(fresh: RawClient) -> None:
    assert "capabilities" in (await fresh.request("initialize", {}))["result"]


async def test_every_request_after_shutdown_is_refused(client: RawClient) -> None:
    assert await client.request("shutdown", msg_id=90) == {"jsonrpc": "2.0", "id": 90, "result": None}
    for method in "t/nothing", "shutdown", "initialize", "nobody/knows":
        assert (await client.request(method))["error"]["code"] == -32600


@pytest.mark.parametrize("params", [(), (None,), ({},), ([],)])
async def test_exit_after_shutdown_is_success(client: RawClient, params: tuple[Any, ...]) -> None:
    await client.request("shutdown", *params)
    client.send(EXIT)
    assert await client.code() == 0


async def test_exit_without_shutdown_is_failure(client: RawClient) -> None:
    client.send(EXIT)
    assert await client.code() == 1
    assert client.stopped.is_set()


async def test_exit_before_initialize_is_failure(fresh: RawClient) -> None:
    fresh.send(EXIT)
    assert await fresh.code() == 1


async def test_the_end_of_the_stream_is_success_only_after_shutdown(client: RawClient, handlers: Handlers) -> None:
    await client.request("shutdown")
    assert await client.end() == 0
    assert client.stopped.is_set()
    async with serving(make_server(handlers)) as other:
        await other.initialize()
        assert await other.end() == 1
        assert other.stopped.is_set()


@pytest.mark.parametrize("after_shutdown", [False, True])
async def test_a_stream_out_of_step_is_fatal(
    client: RawClient, caplog: pytest.LogCaptureFixture, after_shutdown: bool
) -> None:
    if after_shutdown:
        await client.request("shutdown")
    client.send_bytes(b"Content-Length: 3\r\n\r\n" + b'{"jsonrpc":"2.0"}\r\n\r\n')
    assert await client.code() == 1
    assert client.stopped.is_set()
    assert (await client.receive())["error"]["code"] == -32700
    assert "Content-Length" in caplog.text


async def test_shutdown_is_answered_after_the_cleanup_and_requests_in_flight_before(handlers: Handlers) -> None:
    order: list[str] = []
    client: RawClient

    async def on_shutdown() -> None:
        answer = await client.receive()
        order.append(f"answered {answer['id']} {answer['error']['code']}")
        order.append("cleaned up")

    async with serving(make_server(handlers, Hooks(on_shutdown=on_shutdown))) as client:
        await client.initialize()
        client.send({"jsonrpc": "2.0", "id": 1, "method": "t/wait"})
        client.send(SHUTDOWN)
        async with asyncio.timeout(LIMIT):
            while not order:
                await asyncio.sleep(0)
        assert await client.receive() == {"jsonrpc": "2.0", "id": 90, "result": None}
        assert order == ["answered 1 -32800", "cleaned up"]


@pytest.mark.parametrize("how", ["hangs", "fails"])
async def test_shutdown_is_answered_even_if_the_cleanup_is_not_done(
    handlers: Handlers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    monkeypatch.setattr(protocol, "SHUTDOWN_LIMIT", 0.05)

    async def on_shutdown() -> None:
        if how == "fails":
            raise ValueError("no")
        await asyncio.Event().wait()

    async with serving(make_server(handlers, Hooks(on_shutdown=on_shutdown))) as client:
        await client.initialize()
        assert (await client.request("shutdown"))["result"] is None
        assert "cleanup for shutdown" in caplog.text


async def test_shutdown_sent_as_a_notification_shuts_down(handlers: Handlers) -> None:
    cleaned_up = asyncio.Event()

    async def on_shutdown() -> None:
        cleaned_up.set()

    async with serving(make_server(handlers, Hooks(on_shutdown=on_shutdown))) as client:
        await client.initialize()
        client.notify("shutdown")
        assert (await client.request("t/nothing"))["error"]["code"] == -32600
        async with asyncio.timeout(LIMIT):
            await cleaned_up.wait()
        client.send(EXIT)
        assert await client.code() == 0


async def test_shutdown_and_exit_in_one_breath_answer_and_succeed(client: RawClient) -> None:
    client.send_bytes(frame(SHUTDOWN) + frame(EXIT))
    assert (await client.receive())["id"] == 90
    assert await client.code() == 0


async def test_requests_in_flight_are_answered_before_the_end(client: RawClient, handlers: Handlers) -> None:
    client.send({"jsonrpc": "2.0", "id": 1, "method": "t/wait"})
    async with asyncio.timeout(LIMIT):
        await handlers.started.wait()
    client.send(EXIT)
    answer = await client.receive()
    assert (answer["id"], answer["error"]["code"]) == (1, -32800)


@pytest.mark.parametrize("how", ["hangs", "fails", "refuses"])
async def test_a_cleanup_that_does_not_end_does_not_hold_the_exit(
    handlers: Handlers, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    let_go = asyncio.Event()
    before = asyncio.all_tasks()

    async def on_stop() -> None:
        if how == "fails":
            raise ValueError("no")
        try:
            await asyncio.Event().wait()
        finally:
            if how == "refuses":
                await let_go.wait()

    async with serving(make_server(handlers), on_stop=on_stop, stop_timeout=0.2) as client:
        await client.initialize()
        client.send(EXIT)
        assert await client.code() == 1
        assert "cleanup" in caplog.text
        let_go.set()
        left = asyncio.all_tasks() - before
        await asyncio.gather(*left, return_exceptions=True)


async def test_the_hooks_run_with_what_the_client_said(handlers: Handlers) -> None:
    said: asyncio.Queue[Any] = asyncio.Queue()
    hooks = Hooks(
        on_initialize=lambda params: {"t": {"options": params.initialization_options}},
        on_initialized=lambda: said.put("initialized"),
        on_did_change_configuration=said.put,
        on_set_trace=said.put,
        on_did_change_workspace_folders=lambda: said.put("folders"),
    )
    server = make_server(handlers, hooks)
    assert server.workspace_folders == []
    async with serving(server) as client:
        folders = [{"uri": "file:///a", "name": "a"}]
        result = await client.initialize(
            initializationOptions={"class": [None]}, workspaceFolders=folders, trace="verbose"
        )
        assert result["capabilities"]["experimental"] == {"t": {"options": {"class": [None]}}}
        assert result["serverInfo"] == {"name": "test", "version": "0.1"}
        assert server.protocol.trace == lsp.TraceValue.Verbose
        assert [folder.name for folder in server.workspace_folders] == ["a"]
        client.notify("workspace/didChangeConfiguration", {"settings": {"a-b": [1, None]}})
        client.notify("$/setTrace", {"value": "messages"})
        event = {"added": [{"uri": "file:///b", "name": "b"}], "removed": folders}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        async with asyncio.timeout(LIMIT):
            heard = [await said.get() for _ in range(4)]
        assert heard == ["initialized", {"a-b": [1, None]}, lsp.TraceValue.Messages, "folders"]
        assert [folder.name for folder in server.workspace_folders] == ["b"]


@pytest.mark.parametrize("folders", [{}, {"workspaceFolders": None}, {"workspaceFolders": []}])
async def test_the_root_is_the_folder_of_a_client_without_folders(fresh: RawClient, folders: Any) -> None:
    await fresh.initialize(rootUri="file:///a/b/", **folders)
    assert [(folder.uri, folder.name) for folder in fresh.server.workspace_folders] == [("file:///a/b/", "b")]


async def test_documents_are_not_asked_for_unless_they_are_needed(handlers: Handlers) -> None:
    assert "textDocumentSync" not in (await _capabilities(make_server(handlers)))
    full = make_server(handlers, text_document_sync=lsp.TextDocumentSyncKind.Full)
    assert (await _capabilities(full))["textDocumentSync"]["change"] == 1


async def _capabilities(server: Any) -> Any:
    async with serving(server) as client:
        return (await client.initialize())["capabilities"]


async def test_changes_of_a_document_are_in_force_for_the_next_message(handlers: Handlers) -> None:
    server = make_server(handlers, text_document_sync=lsp.TextDocumentSyncKind.Full)

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hover(params: lsp.HoverParams) -> lsp.Hover:
        return lsp.Hover(contents=server.workspace.get_text_document(params.text_document.uri).source)

    async with serving(server) as client:
        assert (await client.initialize())["capabilities"]["hoverProvider"]
        document = {"uri": "file:///a", "languageId": "json", "version": 1, "text": "one"}
        client.notify("textDocument/didOpen", {"textDocument": document})
        change = {"textDocument": {"uri": "file:///a", "version": 2}, "contentChanges": [{"text": "two"}]}
        client.notify("textDocument/didChange", change)
        where = {"textDocument": {"uri": "file:///a"}, "position": {"line": 0, "character": 0}}
        assert (await client.request("textDocument/hover", where))["result"] == {"contents": "two"}
        assert (await client.request("textDocument/hover", {}))["error"]["code"] == -32602


@pytest.mark.skipif(sys.platform == "win32", reason="the watched process is ended by closing its stdin, timing differs")
async def test_the_death_of_the_editor_ends_the_session(fresh: RawClient) -> None:
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert editor.stdin is not None
    await fresh.initialize(processId=editor.pid)
    assert (await fresh.request("t/nothing"))["result"] is None
    editor.stdin.close()
    try:
        assert await fresh.code() == 1  # nobody has waited for the process: it is a zombie
    finally:
        editor.wait()
    assert fresh.stopped.is_set()


async def test_the_death_of_the_editor_is_noticed_by_looking_too(
    fresh: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = True
    monkeypatch.setattr(parent, "_open_pidfd", lambda _pid: None)
    monkeypatch.setattr(parent, "_probe", lambda _pid: alive)
    monkeypatch.setattr(parent, "CHECK_INTERVAL", 0.01)
    await fresh.initialize(processId=os.getpid())
    assert (await fresh.request("t/nothing"))["result"] is None
    alive = False
    assert await fresh.code() == 1


async def test_an_editor_that_is_dead_already_ends_the_session(fresh: RawClient) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    await fresh.request("initialize", {"processId": gone.pid, "capabilities": {}})
    assert await fresh.code() == 1


@pytest.mark.parametrize("pid", [None, 0, -1])
async def test_a_process_id_that_names_nobody_is_not_watched(fresh: RawClient, pid: Any) -> None:
    await fresh.initialize(processId=pid)
    assert (await fresh.request("t/nothing"))["result"] is None


async def test_a_process_id_that_cannot_be_one_counts_as_dead(fresh: RawClient) -> None:
    await fresh.request("initialize", {"processId": 10**30, "capabilities": {}})
    assert await fresh.code() == 1
