"""The protocol: one message in, at most one answer out. pygls's language features on our own dispatch.

pygls decides what the LSP methods mean; this class decides when they may come, who runs them, and that each request is
answered exactly once. What it changes of pygls 2.1.1, and why, stands in the methods' docstrings.
"""

import asyncio
import functools
import inspect
import itertools
import json
import logging
import math
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import unquote

import attrs
from cattrs import Converter
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

from mcp_sidecar.defects import log_defect
from mcp_sidecar.positions import Encoding, Lines, Position
from mcp_sidecar.wire.converter import structure_params
from mcp_sidecar.wire.encoder import Encoder
from mcp_sidecar.wire.errors import (
    ClientError,
    InternalError,
    InvalidParams,
    InvalidRequest,
    MethodNotFound,
    NotInitialized,
    ParseError,
    RequestCancelled,
    WireError,
    WrongResult,
    error_object,
)
from mcp_sidecar.wire.frames import Frame, Oversized, id_at_head
from mcp_sidecar.wire.outbox import Outbox
from mcp_sidecar.wire.problems import json_type
from mcp_sidecar.wire.routes import Route

if TYPE_CHECKING:
    from mcp_sidecar.wire.server import WireServer

log = logging.getLogger(__name__)

MsgId = int | str

_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-32": "utf-32"}

_LONGEST_NAME = 100
"""Characters of a name that an error message repeats."""

SHUTDOWN_LIMIT = 4.0
"""Seconds that the answer to `shutdown` may wait for the cleanup; some editors kill the process after five."""


class WireProtocol(LanguageServerProtocol):
    """JSON-RPC 2.0 as LSP 3.17 uses it, hardened. Everything but `notify` belongs to the event loop's thread."""

    _server: "WireServer"

    def __init__(self, server: "WireServer", converter: Converter) -> None:
        self.routes: dict[str, Route] = {}
        self.fallback: Callable[[str], Route | None] = lambda _method: None
        """The route of a method that nothing else is there for."""
        self.fallback_command: Callable[[str], Route | None] = lambda _command: None
        self.encoder = Encoder(converter)
        self.outbox: Outbox | None = None
        self.on_exit: Callable[[], None] = lambda: None
        """Called when `exit` came."""
        self.on_parent: Callable[[int | None], None] = lambda _pid: None
        """Called with `processId` once `initialize` was accepted."""
        self._initialized = False
        self._in_flight: dict[MsgId, asyncio.Task[Any]] = {}
        self._cleaning_up: set[asyncio.Task[Any]] = set()
        self._notified: set[asyncio.Task[Any]] = set()
        self._ids = itertools.count(1)
        self._closed = False
        self._shutdown_task: asyncio.Task[None] | None = None
        # Last, since pygls looks at every attribute, properties too, for handlers to register.
        super().__init__(server, converter)

    # --- what is going on -----------------------------------------------------------------------------------------

    @property
    def converter(self) -> Converter:
        """The converter between JSON and our classes."""
        return self._converter

    @property
    def is_initialized(self) -> bool:
        """Whether `initialize` was accepted."""
        return self._initialized

    @property
    def workspace_folders(self) -> list[lsp.WorkspaceFolder]:
        """The folders that are open now; the root, for a client that knows no folders; none before `initialize`."""
        if self._workspace is None:
            return []
        folders = list(self._workspace.folders.values())
        root = self._workspace.root_uri
        return folders or ([lsp.WorkspaceFolder(uri=root, name=root.rstrip("/").rpartition("/")[2])] if root else [])

    @property
    def position_encoding(self) -> Encoding:
        """What positions are counted in: as agreed on in `initialize`, UTF-16 before."""
        kind = None if self._workspace is None else self._workspace.position_encoding
        return _ENCODINGS.get(str(getattr(kind, "value", kind)), "utf-16")

    @property
    def is_shut_down(self) -> bool:
        """Whether the client sent `shutdown`."""
        return self._shutdown

    @property
    def in_flight(self) -> int:
        """Requests of the client that were not answered yet."""
        return len(self._in_flight)

    @property
    def background(self) -> frozenset[asyncio.Task[Any]]:
        """Running notification handlers, and handlers that clean up after their request was cancelled."""
        return frozenset(self._notified | self._cleaning_up)

    @property
    def awaited_replies(self) -> int:
        """Our requests that the client did not answer yet."""
        return len(self._request_futures)

    # --- inbound --------------------------------------------------------------------------------------------------

    def handle_frame(self, frame: Frame) -> None:
        """Take one frame from the client. Never raises."""
        try:
            if isinstance(frame, Oversized):
                self._refuse_oversized(frame)
            else:
                self._handle_body(frame)
        except Exception as defect:  # noqa: BLE001 - the next message must be handled
            log_defect(log, "a message from the client could not be handled", defect)

    def _refuse_oversized(self, frame: Oversized) -> None:
        log.warning("refused a message of %d bytes; the limit is %d", frame.size, frame.limit)
        message = f"the message has {frame.size} bytes; the limit is {frame.limit} bytes"
        self._refuse(frame.id, InvalidRequest(message))

    def _handle_body(self, body: bytes) -> None:
        try:
            message = _decoder.decode(body.decode())
        except RecursionError:
            self._refuse(id_at_head(body), ParseError("the message is nested too deeply"))
        except (json.JSONDecodeError, UnicodeDecodeError) as exc:  # they quote no more than one byte
            self._refuse(None, ParseError(f"the message is not JSON in UTF-8: {exc}"))
        except ValueError as exc:  # a number beyond what there is room for
            self._refuse(id_at_head(body), ParseError(f"the message can't be read: {exc}"))
        else:
            self._handle_json(message)

    def _handle_json(self, message: Any) -> None:
        if not isinstance(message, dict):
            self._refuse(None, InvalidRequest(f"a message is an object, not {json_type(message)}"))
            return
        is_call = "method" in message
        msg_id = message.get("id")
        known_id = msg_id if _is_id(msg_id) else None
        if message.get("jsonrpc") != "2.0":
            self._refuse(known_id if is_call else None, InvalidRequest('"jsonrpc" is not "2.0"'))
        elif not is_call:
            self._take_reply(message)
        elif not isinstance(message["method"], str):
            self._refuse(known_id, InvalidRequest('"method" is not a string'))
        elif "id" not in message:
            self._take_notification(message["method"], message.get("params"))
        elif known_id is None:
            self._refuse(None, InvalidRequest('"id" is neither a string nor an integer'))
        else:
            self._take_request(known_id, message["method"], message.get("params"))

    def _take_request(self, msg_id: MsgId, method: str, params: Any) -> None:
        """LSP 3.17, "Lifecycle Messages": nothing before `initialize`, nothing but `exit` after `shutdown`."""
        if method == lsp.EXIT:
            self._answer(msg_id, method, None)
            self.on_exit()
        elif self._shutdown:
            self._refuse(msg_id, InvalidRequest("the request came after shutdown"))
        elif not self._initialized and method != lsp.INITIALIZE:
            self._refuse(msg_id, NotInitialized("the request came before initialize"))
        elif self._initialized and method == lsp.INITIALIZE:
            self._refuse(msg_id, InvalidRequest("initialize came a second time"))
        elif msg_id in self._in_flight:
            self._refuse(msg_id, InvalidRequest(f"a request with the id {json.dumps(msg_id)} is in flight"))
        elif method == lsp.SHUTDOWN:
            self._begin_shutdown(msg_id)
        else:
            self._run(msg_id, method, partial(self._call, method, params))

    def _take_notification(self, method: str, params: Any) -> None:
        """JSON-RPC 2.0, section 4.1: never answered. One that cannot be understood is only logged."""
        if method == lsp.EXIT:
            self.on_exit()
        elif self._shutdown or not self._initialized or method == lsp.INITIALIZE:
            log.debug("ignored the notification %.100s, which may not come now", method)
        elif method == lsp.SHUTDOWN:  # Kate sends it so
            self._begin_shutdown(None)
        elif method == lsp.CANCEL_REQUEST:
            self._cancel(params)
        else:
            self._run(None, method, partial(self._call, method, params))

    # --- running handlers -----------------------------------------------------------------------------------------

    def _call(self, method: str, params: Any) -> Any:
        """Structure the params, call the handler, and return its result or an awaitable of it."""
        if method == lsp.WORKSPACE_EXECUTE_COMMAND:
            return self._call_command(structure_params(self._converter, params, lsp.ExecuteCommandParams))
        route = self.routes.get(method)
        if route is not None:
            return route.call(params)
        handler = self.fm.builtin_features.get(method) or self.fm.features.get(method)
        if handler is None and (route := self.fallback(method)) is not None:
            return route.call(params)
        if handler is None:
            raise MethodNotFound(f"there is no method {json.dumps(method[:_LONGEST_NAME])}")
        if method == lsp.INITIALIZE and isinstance(params, dict):
            params = {"capabilities": {}, **params}  # some hand-written clients have none
        typed = structure_params(self._converter, params, _lsp_field(method, 0, "params"))
        return _drive(handler(typed)) if inspect.isgeneratorfunction(handler) else handler(typed)

    def _call_command(self, params: lsp.ExecuteCommandParams) -> Any:
        command = self.fm.commands.get(params.command)
        if command is None and (route := self.fallback_command(params.command)) is not None:
            return route.call_as_command(params.arguments or (), params.work_done_token)
        if command is None:
            raise InvalidParams(f"$.command: there is no command {json.dumps(params.command[:_LONGEST_NAME])}")
        return command(params.arguments or (), params.work_done_token)

    def _run(self, msg_id: MsgId | None, label: str, call: Callable[[], Any]) -> None:
        """Call, and see to the one answer; `msg_id` is None for a notification."""
        try:
            outcome = call()
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - every failure is an answer, and logged there
            self._answer_failure(msg_id, label, exc)
            return
        if not inspect.isawaitable(outcome):
            self._answer(msg_id, label, outcome)
            return
        task = asyncio.ensure_future(self._attend(msg_id, label, outcome))
        if msg_id is None:
            self._notified.add(task)
        else:
            self._in_flight[msg_id] = task
        task.add_done_callback(partial(self._finish, msg_id, label))
        task.add_done_callback(partial(_close, outcome))

    async def _attend(self, msg_id: MsgId | None, label: str, outcome: Awaitable[Any]) -> Any:
        """Await the handler, and answer with its result at once rather than a turn of the loop later."""
        result = await _guard(outcome)
        if msg_id is not None and self._in_flight.get(msg_id) is asyncio.current_task():
            del self._in_flight[msg_id]
            self._answer(msg_id, label, result)
        return result

    def _finish(self, msg_id: MsgId | None, label: str, task: asyncio.Task[Any]) -> None:
        self._notified.discard(task)
        self._cleaning_up.discard(task)
        if msg_id is not None and self._in_flight.get(msg_id) is task:
            del self._in_flight[msg_id]
        else:
            msg_id = None  # a notification, or already answered as cancelled
        if task.cancelled():
            if msg_id is not None:
                self._refuse(msg_id, RequestCancelled(f"{label} was cancelled"))
        elif (exc := task.exception()) is not None:
            self._answer_failure(msg_id, label, exc)
        else:
            self._answer(msg_id, label, task.result())

    def _cancel(self, params: Any) -> None:
        """`$/cancelRequest`: the answer goes out at once, the handler cleans up in the background."""
        msg_id = params.get("id") if isinstance(params, dict) else None
        if not _is_id(msg_id) or msg_id not in self._in_flight:
            log.debug("ignored a cancellation of no request in flight")
            return
        self._abandon(msg_id, "the client cancelled it")

    def cancel_in_flight(self, reason: str) -> None:
        """Answer every request in flight as cancelled, and cancel its handler."""
        for msg_id in list(self._in_flight):
            self._abandon(msg_id, reason)

    def _abandon(self, msg_id: MsgId, reason: str) -> None:
        task = self._in_flight[msg_id]
        if not task.cancel():
            return  # done; its answer is on the way
        del self._in_flight[msg_id]
        self._cleaning_up.add(task)
        self._refuse(msg_id, RequestCancelled(f"the request was cancelled: {reason}"))

    # --- lifecycle ------------------------------------------------------------------------------------------------

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(self, params: lsp.InitializeParams) -> Generator[Any, Any, lsp.InitializeResult]:
        """As pygls, with what the server's hook puts under `capabilities.experimental`."""
        self.trace = params.trace or lsp.TraceValue.Off
        result = yield from super().lsp_initialize(params)
        self._server.complete_capabilities(params, result.capabilities)
        self._initialized = True
        self.on_parent(params.process_id)
        return result

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> Generator[Any, Any, None]:
        """As pygls, which takes more characters for the end of a line than LSP does (3.17, "Text Documents")."""
        document = self.workspace.text_documents.get(unquote(params.text_document.uri))  # pygls's own key
        if document is None:
            log.warning("a document that is not open was changed")
            return
        text = document.source
        for change in params.content_changes:
            text = self._changed(text, change)
        whole = lsp.TextDocumentContentChangeWholeDocument(text)
        yield from super().lsp_text_document__did_change(attrs.evolve(params, content_changes=[whole]))

    def _changed(self, text: str, change: lsp.TextDocumentContentChangeEvent) -> str:
        if not isinstance(change, lsp.TextDocumentContentChangePartial):
            return change.text
        lines, encoding = Lines(text), self.position_encoding
        start, end = (
            lines.offset(Position(place.line, place.character), encoding)
            for place in (change.range.start, change.range.end)
        )
        return text[:start] + change.text + text[max(start, end) :]

    def _begin_shutdown(self, msg_id: MsgId | None) -> None:
        """Answer what is in flight, clean up, and only then reply: some editors kill the server on the reply."""
        self._shutdown = True
        self.cancel_in_flight("the server shuts down")
        self._shutdown_task = asyncio.ensure_future(self._clean_up())
        self._shutdown_task.add_done_callback(partial(self._finish_shutdown, msg_id))

    async def _clean_up(self) -> None:
        hook = asyncio.ensure_future(self._server.clean_up())
        _, late = await asyncio.wait({hook, *self._cleaning_up}, timeout=SHUTDOWN_LIMIT)
        if late:
            log.error("the cleanup for shutdown was not done within %g s", SHUTDOWN_LIMIT)
        if hook in late:
            hook.cancel()
        else:
            hook.result()

    def _finish_shutdown(self, msg_id: MsgId | None, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (exc := task.exception()) is not None:
            log_defect(log, "the cleanup for shutdown failed", exc)
        self._answer(msg_id, lsp.SHUTDOWN, None)

    async def close(self, timeout: float) -> None:
        """Give up everything that runs: requests are answered as cancelled, a `shutdown` in progress may finish.

        Parameters:
            timeout: Seconds that handlers get to clean up.
        """
        self._closed = True
        self.cancel_in_flight("the server stops")
        for future in list(self._request_futures.values()):
            future.cancel()
        for task in self._notified:
            task.cancel()
        waiting = {*self.background, *({self._shutdown_task} if self._shutdown_task else ())}
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=timeout)
            if late:
                log.error("%d handlers did not end within %g s", len(late), timeout)

    # --- answers --------------------------------------------------------------------------------------------------

    def _answer(self, msg_id: MsgId | None, label: str, result: Any) -> None:
        if msg_id is None:
            return
        try:
            body = self.encoder.encode({"jsonrpc": "2.0", "id": msg_id, "result": result})
        except Exception as exc:  # noqa: BLE001 - whatever a converter may raise: the request must be answered
            log_defect(log, f"the result of {label} cannot be said in JSON", exc)
            self._refuse(msg_id, InternalError(f"the result cannot be said in JSON ({type(exc).__name__})"))
        else:
            self._send(body)

    def _answer_failure(self, msg_id: MsgId | None, label: str, exc: BaseException) -> None:
        """Every exception of a handler comes here. Only those that are meant for the client are shown to it."""
        if isinstance(exc, (WireError, JsonRpcException)):
            if msg_id is not None:
                self._refuse(msg_id, exc)
            else:
                # Unknown notifications are common, and LSP 3.17 wants them ignored.
                log.log(
                    logging.DEBUG if isinstance(exc, MethodNotFound) else logging.WARNING, "%s failed: %s", label, exc
                )
            return
        log_defect(log, f"{label} failed", exc)
        if msg_id is not None:
            self._refuse(msg_id, InternalError(f"internal error ({type(exc).__name__}); see the sidecar's log"))

    def _refuse(self, msg_id: MsgId | None, exc: WireError | JsonRpcException) -> None:
        """Answer with an error; without an id when it could not be read (JSON-RPC 2.0, section 5)."""
        answer = {"jsonrpc": "2.0", "id": msg_id, "error": error_object(exc)}
        try:
            body = self.encoder.encode(answer)
        except Exception as defect:  # noqa: BLE001 - whatever a converter may raise: the request must be answered
            log_defect(log, "the data of an error cannot be said in JSON", defect)
            answer["error"] = {"code": exc.code, "message": exc.message}
            body = self.encoder.encode(answer)
        self._send(body)

    # --- outbound -------------------------------------------------------------------------------------------------

    def notify(self, method: str, params: Any | None = None) -> None:
        """Push a notification. Never blocks, never raises, may be called from any thread; a defect is logged."""
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        try:
            body = self.encoder.encode(message)
        except Exception as exc:  # noqa: BLE001 - whatever a converter may raise
            log_defect(log, f"the notification {method} cannot be said in JSON", exc)
        else:
            self._send(body)

    def send_request(
        self,
        method: str,
        params: Any | None = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: MsgId | None = None,
    ) -> "Future[Any]":
        """Ask the client. The future leaves the table however it ends, and cancelling it tells the client.

        A result of a method that lsprotocol does not know is the JSON value as it came.

        Raises:
            TypeError, ValueError: The params cannot be said in JSON.
        """
        if msg_id is None:
            msg_id = f"sidecar-{next(self._ids)}"
        message = {"jsonrpc": "2.0", "id": msg_id, "method": method}
        if params is not None:
            message["params"] = params
        body = self.encoder.encode(message)
        future: Future[Any] = Future()
        self._request_futures[msg_id] = future
        self._result_types[msg_id] = _lsp_field(method, 1, "result")
        future.add_done_callback(partial(self._forget, msg_id))
        if callback is not None:
            future.add_done_callback(partial(_call_back, callback))
        if self._closed:
            future.cancel()
        else:
            self._send(body)
        return future

    def _forget(self, msg_id: MsgId, future: "Future[Any]") -> None:
        self._request_futures.pop(msg_id, None)
        self._result_types.pop(msg_id, None)
        if future.cancelled() and not self._closed:
            self.notify(lsp.CANCEL_REQUEST, lsp.CancelParams(id=msg_id))

    def _take_reply(self, message: dict[str, Any]) -> None:
        """Take the client's answer to a request of ours. One that is late, or that nobody asked for, is dropped."""
        msg_id = message.get("id")
        if not _is_id(msg_id) or (future := self._request_futures.get(msg_id)) is None:
            if "result" in message or "error" in message:
                log.debug("ignored an answer to no request of ours")
            else:
                reason = 'a message has one of "method", "result" and "error"'
                self._refuse(msg_id if _is_id(msg_id) else None, InvalidRequest(reason))
            return
        error = message.get("error")
        if error is not None:
            future.set_exception(_client_error(error))
            return
        wanted = self._result_types[msg_id]
        try:
            # Some clients answer with anything where LSP asks for null.
            result = None if wanted is None else structure_params(self._converter, message.get("result"), wanted)
        except InvalidParams as exc:
            future.set_exception(WrongResult(exc.code, f"the client's result does not fit: {exc}"))
        else:
            future.set_result(result)

    def _send_data(self, data: Any) -> None:
        """Send what pygls itself would send; nothing that this class leaves in use comes here."""
        self._send(self.encoder.encode(data))

    def _send(self, body: bytes) -> None:
        if self.outbox is not None:
            self.outbox.send(body)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    """Take a number that has a value: 1e999 would become an infinity, which can't be said in JSON."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:40]} is too large a number")
    return value


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _is_id(value: Any) -> TypeGuard[MsgId]:
    """LSP 3.17, "Request Message": an integer or a string."""
    return isinstance(value, (int, str)) and not isinstance(value, bool)


@functools.cache
def _lsp_field(method: str, part: int, name: str) -> Any:
    """Return the type of a field of LSP's request (part 0) or response (part 1); Any for a method that is not LSP's."""
    cls: Any = lsp.METHOD_TO_TYPES[method][part] if method in lsp.METHOD_TO_TYPES else None
    if cls is None:
        return Any
    wanted = next((field.type for field in attrs.fields(cls) if field.name == name), None)
    return None if wanted is type(None) else wanted


def _client_error(error: Any) -> ClientError:
    if not isinstance(error, dict):
        return ClientError(-32603, "the client answered with an error that is no object")
    code, message = error.get("code"), error.get("message")
    return ClientError(
        code if isinstance(code, int) else -32603,
        message if isinstance(message, str) else "the client gave no reason",
        error.get("data"),
    )


def _call_back(callback: Callable[[Any], None], future: "Future[Any]") -> None:
    if future.cancelled():
        return
    if (exc := future.exception()) is not None:
        log.warning("the client refused a request: %s", exc)
    else:
        callback(future.result())


def _drive(steps: Generator[Any, Any, Any]) -> Any:
    """Run one of pygls's generator handlers, in place as far as nothing has to be awaited.

    In place, so that a change of a document is in force before the next message is looked at.
    """
    value: Any = None
    while True:
        try:
            handler, args, kwargs = steps.send(value)
        except StopIteration as stop:
            return stop.value
        value = handler(*args, **(kwargs or {}))
        if inspect.isawaitable(value):
            return _drive_on(steps, value)


async def _drive_on(steps: Generator[Any, Any, Any], pending: Awaitable[Any]) -> Any:
    value = await pending
    while True:
        try:
            handler, args, kwargs = steps.send(value)
        except StopIteration as stop:
            return stop.value
        value = handler(*args, **(kwargs or {}))
        if inspect.isawaitable(value):
            value = await value


def _close(outcome: Awaitable[Any], _task: "asyncio.Task[Any]") -> None:
    """Close a handler whose task was cancelled before its first step, so that Python does not warn of it."""
    if inspect.iscoroutine(outcome):
        outcome.close()


async def _guard(outcome: Awaitable[Any]) -> Any:
    """Keep a SystemExit from taking the loop with it, which would leave the request unanswered."""
    try:
        return await outcome
    except SystemExit as exc:
        raise RuntimeError("a handler tried to exit the process") from exc
