"""The sidecar: one connection, served to one editor."""

import asyncio
import contextlib
import functools
import logging
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from lsprotocol import types as lsp
from pygls import uris

from mcp_sidecar.connection.calls import Calls
from mcp_sidecar.connection.configured.report import ServersReport
from mcp_sidecar.connection.configured.user import Unaskable
from mcp_sidecar.connection.inspection.options import InspectionOptions
from mcp_sidecar.connection.inspection.report import Inspection
from mcp_sidecar.connection.logs import LogBook, LogEntry, LogReport
from mcp_sidecar.connection.manager import ConnectionManager
from mcp_sidecar.connection.offers import Offers
from mcp_sidecar.connection.progress import ProgressListener
from mcp_sidecar.connection.stack import load_stack
from mcp_sidecar.connection.status import ConnectionStatus
from mcp_sidecar.connection.target import Preview, Target
from mcp_sidecar.connection.timeouts import checked_timeout
from mcp_sidecar.connection.trace import Recorded, TraceReport
from mcp_sidecar.positions import Position
from mcp_sidecar.server.arguments import ArgumentsDocuments, arguments_of, arguments_uri
from mcp_sidecar.server.asking import EditorHost
from mcp_sidecar.server.commands import Commands
from mcp_sidecar.server.configuration import ConfigurationDocuments
from mcp_sidecar.server.documents import path_of_document
from mcp_sidecar.server.errors import Handler, answering
from mcp_sidecar.server.form_fields import Checked, Fields
from mcp_sidecar.server.items import LISTINGS, Items
from mcp_sidecar.server.language import LanguageFeatures
from mcp_sidecar.server.methods import (
    CLIENT_METHODS,
    LOGGED,
    METHODS,
    NOTIFICATIONS,
    OWN_METHODS,
    SHOWN,
    STATUS_CHANGED,
    command_id,
    method_of_command,
    passed_through,
)
from mcp_sidecar.server.options import read_options
from mcp_sidecar.server.params import (
    CheckParams,
    ConsentParams,
    FieldsParams,
    ItemsParams,
    LogParams,
    OffersParams,
    PrefillParams,
    RequestParams,
    ShowParams,
    StatusParams,
    SummaryParams,
    TraceParams,
)
from mcp_sidecar.server.person import EditorPerson
from mcp_sidecar.server.presenter import Links, Presenter
from mcp_sidecar.server.results import Decided, Page, Prefilled, Summary
from mcp_sidecar.server.settings import ClientOptions, Settings, own_section
from mcp_sidecar.server.subjects import Subject
from mcp_sidecar.server.work_done import WorkDone
from mcp_sidecar.version import VERSION
from mcp_sidecar.wire.errors import InvalidParams, MethodNotFound, RequestFailed
from mcp_sidecar.wire.methods import Method
from mcp_sidecar.wire.payload import Raw
from mcp_sidecar.wire.routes import WORK_DONE_TOKEN
from mcp_sidecar.wire.server import Fallback, Hooks, WireServer, create_server

if TYPE_CHECKING:
    from mcp_sidecar.connection.configured.places import Folder
    from mcp_sidecar.connection.configured.servers import ConfiguredServers
    from mcp_sidecar.server.display import Display
    from mcp_sidecar.server.last_arguments import LastArguments
    from mcp_sidecar.server.missing import MissingParams
    from mcp_sidecar.server.standing_progress import StandingProgress
    from mcp_sidecar.server.user import EditorUser

logger = logging.getLogger(__name__)

SEND = "Send"
DO_NOT_SEND = "Don't Send"
"""The first choice, which harms nobody."""

BACKLOG_LIMIT = 32 * 1024 * 1024
"""Bytes that may wait for the editor before notifications of the server are dropped; answers and statuses never are."""


class Sidecar:
    """Owns the connection and the server that puts it on the wire."""

    def __init__(self) -> None:
        self._settings = Settings()
        self._client = ClientOptions()
        self._loading: asyncio.Task[Any] | None = None
        self._environ = dict(os.environ)  # before the MCP stack changes it for itself
        self._dropped: Counter[str] = Counter()
        self._asked_trace: str | None = None
        """LSP's own trace value."""
        self._verbose = False
        """Whether the trace shows whole frames."""
        self._log_book = LogBook()
        self._told: list[str] = []
        """The warnings about settings that hold and were told."""
        self._standing_progress: StandingProgress | None = None
        self._user_data: str | None = None
        """The folder of a VS Code's user data, see `places`."""
        self._tells_texts = False
        """Whether what is pushed has a text to read, too."""
        self._marked: tuple[str, str | None, str | None] = ("disconnected", None, None)
        """State, name and error at the last mark in the log."""
        self._commands = Commands(
            lambda: self.server, self._settings, missing=lambda: self._missing, display=lambda: self._display
        )
        self._host = EditorHost(lambda: self.server)
        self._person = EditorPerson(lambda: self.server)
        self.manager = ConnectionManager(
            self,
            host=self._host,
            timeouts=self._settings.current_timeouts,
            workspace=self._workspace_folder,
            environ=self._environ,
            person=self._person,
            prepare=lambda target: self._configured.prepare(target),
        )
        self._calls = Calls(self.manager)
        self.server: WireServer = create_server(
            name="mcp-sidecar",
            version=VERSION,
            methods=METHODS,
            handlers=self._handlers(),
            notifications=NOTIFICATIONS,
            client_methods=CLIENT_METHODS,
            command_id=command_id,
            string_arguments={
                **dict.fromkeys(("mcp/connect", "mcp/resolve"), lambda text: {"url": text}),
                **dict.fromkeys(("mcp/tools/call", "mcp/prompts/get"), lambda text: {"name": text}),
                **dict.fromkeys(
                    ("mcp/resources/read", "mcp/resources/subscribe", "mcp/resources/unsubscribe"),
                    lambda text: {"uri": text},
                ),
            },
            run_command=self._commands.run,
            fallback=Fallback(method=self._unknown, command=method_of_command),
            hooks=Hooks(
                on_initialize=self._on_initialize,
                on_initialized=self._on_initialized,
                on_shutdown=self.stop,
                on_did_change_configuration=self._on_did_change_configuration,
                on_set_trace=self._on_set_trace,
                on_did_change_workspace_folders=self._on_did_change_workspace_folders,
            ),
            text_document_sync=lsp.TextDocumentSyncKind.Incremental,
        )
        self._arguments = ArgumentsDocuments(self.server, self._calls, self.logged, lambda: self._last_arguments)
        self._configuration = ConfigurationDocuments(
            self.server,
            lambda: self._configured,
            self._folders,
            self._calls,
            lambda: self._features.refresh(self._configuration),
        )
        self._features = LanguageFeatures(self.server, [self._arguments, self._configuration])
        self._presenter = Presenter(self._ask, self._shown)

    async def stop(self) -> None:
        """End the connection and everything that belongs to it; may be called more than once."""
        if self._loading is not None:
            self._loading.cancel()
        self._features.close()
        if self._standing_progress is not None:
            await self._standing_progress.end()
        await self._commands.stop()
        await self.manager.close()
        if "_display" in self.__dict__:
            await self._display.close()

    # ManagerEvents

    def status_changed(self, status: ConnectionStatus) -> None:
        """Push the status."""
        if self._tells_texts:
            self._mark(status)
        if self._standing_progress is not None:
            self._standing_progress.update(status)
        if self.server.is_initialized:
            self.server.notify(STATUS_CHANGED, self._with_text(status) if self._tells_texts else status)
            self._configuration.status_changed(status)

    def logged(self, entry: LogEntry) -> None:
        """Push something to read, and keep it."""
        self._log_book.add(entry)
        if self.server.is_initialized:
            self.server.notify(LOGGED, self._with_line(entry) if self._tells_texts else entry)

    def _with_line(self, entry: LogEntry) -> LogEntry:
        from mcp_sidecar.views.log_text import entry_text

        return attrs.evolve(entry, text=entry_text(entry))

    def _mark(self, status: ConnectionStatus) -> None:
        """Log where a connection begins and ends, so that the lines between can be told apart."""
        name = status.target.name if status.target is not None else None
        error = status.error.message if status.error is not None else None
        before, self._marked = self._marked, (status.state, name, error)
        if self._marked == before:
            return
        # An error outlives its failure; beside a connection that stands, a new one is of an attempt.
        told = error if status.state in ("failed", "reconnecting") or error != before[2] else None
        message = " ".join(filter(None, ("---", status.state, name, "---", told)))
        self.logged(LogEntry(source="sidecar", level="info", message=message))

    def notified(self, method: str, params: Mapping[str, Any]) -> None:
        """Push a notification of the MCP server, also one that MCP does not know, or of its link.

        While an editor does not keep up with a flood, what the server sends beyond BACKLOG_LIMIT is dropped, and told
        as a number.
        """
        if method == "notifications/tools/list_changed":
            self._configuration.tools_changed()
        if not method.startswith("notifications/") or self._has_room("notifications of the server"):
            self.server.protocol.notify(f"mcp/{method}", Raw(params))

    def _shown(self, page: Page) -> None:
        """Push a page to read."""
        self.server.notify(SHOWN, page)

    def _traced(self, frame: Recorded) -> None:
        """Push a line of the trace, dropped like a notification where the editor does not keep up."""
        if self._has_room("lines of the trace"):
            verbose = frame.detail if self._verbose else None
            self.server.notify(lsp.LOG_TRACE, lsp.LogTraceParams(message=frame.message, verbose=verbose))

    def _has_room(self, what: str) -> bool:
        """Whether one more of `what` may wait for the editor; what may not is counted, and told when it may again."""
        outbox = self.server.protocol.outbox
        if outbox is not None and outbox.waiting_bytes > BACKLOG_LIMIT:
            self._dropped[what] += 1
            return False
        if dropped := self._dropped.pop(what, 0):
            message = f"{dropped} {what} were dropped: the editor did not keep up"
            self.logged(LogEntry(source="sidecar", level="warning", message=message))
        return True

    # the handlers

    def _handlers(self) -> dict[str, Handler]:
        own: dict[str, Handler] = {
            "mcp/connect": self._connect,
            "mcp/disconnect": self.manager.disconnect,
            "mcp/reconnect": self.manager.reconnect,
            "mcp/status": self._status,
            "mcp/resolve": self._resolve,
            "mcp/servers": self._servers,
            "mcp/offers": self._offers,
            "mcp/consent": self._consent,
            "mcp/trace": self._trace,
            "mcp/log": self._log,
            "mcp/inspect": self._inspect,
            "mcp/items": self._items,
            "mcp/prefill": self._prefill,
            "mcp/fields": self._fields,
            "mcp/check": self._check,
            "mcp/summary": self._summary,
            "mcp/show": self._show,
        }
        return {
            method.name: answering(own.get(method.name) or self._passing(method.name.removeprefix("mcp/")))
            for method in METHODS
        }

    def _passing(self, method: str) -> Handler:
        """The handler that passes a method of MCP through."""
        if method.startswith("notifications/"):
            return functools.partial(self._pass_notification, method)
        return functools.partial(self._pass, method)

    def _unknown(self, name: str) -> tuple[Method, Handler] | None:
        """What serves a method that is not in the table: the server, if it can be one of MCP."""
        method = passed_through(name)
        return None if method is None else (method, answering(self._passing(name.removeprefix("mcp/"))))

    async def _connect(self, target: Target) -> ConnectionStatus:
        return await self.manager.connect(target)

    async def _status(self, params: StatusParams) -> ConnectionStatus:
        status = self.manager.get_status(verbose=params.verbose)
        return self._with_text(status) if params.as_text else status

    def _with_text(self, status: ConnectionStatus) -> ConnectionStatus:
        # Imported when it is needed: before the answer to `initialize` every module counts.
        from mcp_sidecar.server.status_text import short_name, status_text

        text = status_text(self.server.protocol.converter.unstructure(status))
        return attrs.evolve(status, text=text, name=short_name(status))

    async def _resolve(self, target: Target) -> Preview:
        # Imported when it is needed: before the answer to `initialize` every module counts.
        from mcp_sidecar.connection.preview import preview

        if target.server is not None:
            return await self._configured.preview(target)
        return await asyncio.to_thread(preview, target, workspace=self._workspace_folder(), environ=self._environ)

    async def _servers(self) -> ServersReport:
        return await self._configured.report()

    async def _offers(self, params: OffersParams) -> Offers:
        from mcp_sidecar.connection.offering import offer_configured, offer_document, offer_typed
        from mcp_sidecar.connection.preview import preview

        resolve = functools.partial(preview, workspace=self._workspace_folder(), environ=self._environ)
        typed = await asyncio.to_thread(offer_typed, params.typed, resolve)
        if params.typed_only:
            return Offers(typed=typed, configured=(), document=None)
        folders = self._folders()
        return Offers(
            typed=typed,
            configured=offer_configured(await self._configured.report(), folders),
            document=await asyncio.to_thread(offer_document, params.document or "", folders),
        )

    async def _consent(self, params: ConsentParams) -> Decided:
        await self._configured.decide(params.id, allow=params.allow)
        status = await self._connect(params.connect) if params.allow and params.connect is not None else None
        return Decided(id=params.id, allowed=params.allow, status=status)

    # What is imported when it is needed: before the answer to `initialize` every module counts.

    @functools.cached_property
    def _user(self) -> "EditorUser":
        from mcp_sidecar.server.user import EditorUser

        return EditorUser(self.server, self._settings, self._client)

    @functools.cached_property
    def _missing(self) -> "MissingParams":
        from mcp_sidecar.server.missing import MissingParams

        return MissingParams(self._calls, self._user, self._server_name)

    @functools.cached_property
    def _display(self) -> "Display":
        from mcp_sidecar.connection.state_directory import cache_directory
        from mcp_sidecar.server.display import Display
        from mcp_sidecar.server.result_files import ResultFiles

        cache = cache_directory(self._environ)
        return Display(self.server, ResultFiles(cache and cache / "results"), self._server_name)

    @functools.cached_property
    def _last_arguments(self) -> "LastArguments":
        from mcp_sidecar.connection.kept_entries import KeptEntries
        from mcp_sidecar.connection.state_directory import state_directory
        from mcp_sidecar.server.last_arguments import LastArguments

        directory = state_directory(self._environ)
        return LastArguments(KeptEntries(directory and directory / "arguments.json"), self._workspace_uri)

    def _workspace_uri(self) -> str:
        """The URI of the first folder; empty where there is none."""
        folders = self.server.workspace_folders
        return folders[0].uri if folders else ""

    @functools.cached_property
    def _configured(self) -> "ConfiguredServers":
        from mcp_sidecar.connection.configured.servers import ConfiguredServers

        return ConfiguredServers(
            self._user,
            folders=self._folders,
            environ=self._environ,
            platform=sys.platform,
            encoding=lambda: self.server.position_encoding,
            told=lambda line: self.logged(LogEntry(source="sidecar", level="notice", message=line)),
            texts=self._open_texts,
            failed=self._configuration.failed,
            user_data=self._user_data,
        )

    def _open_texts(self) -> dict[str, str]:
        """What the editor has open, by path: it is what the user sees, and means."""
        documents = self.server.workspace.text_documents.values()
        paths = ((path_of_document(each.uri), each.source) for each in documents)
        return {os.path.normcase(path): text for path, text in paths if path}

    def _folders(self) -> "list[Folder]":
        """The folders of the workspace that are on this machine."""
        from mcp_sidecar.connection.configured.places import Folder

        paths = ((uris.to_fs_path(folder.uri), folder.name) for folder in self.server.workspace_folders)
        return [Folder(path=Path(path), name=name) for path, name in paths if path]

    async def _trace(self, params: TraceParams) -> TraceReport:
        report = await asyncio.to_thread(self.manager.trace.report)
        if not params.as_text:
            return report
        from mcp_sidecar.views.trace_text import trace_text

        # In a thread: laying out four megabytes takes a second.
        text = await asyncio.to_thread(trace_text, report.frames, report.dropped)
        return TraceReport(frames=(), dropped=report.dropped, text=text)

    async def _log(self, params: LogParams) -> LogReport:
        report = self._log_book.report()
        if not params.as_text:
            return report
        from mcp_sidecar.views.log_text import log_text

        text = await asyncio.to_thread(log_text, report.entries, report.dropped)
        return LogReport(entries=(), dropped=report.dropped, text=text)

    async def _inspect(self, options: InspectionOptions) -> Inspection:
        checked_timeout("timeLimit", options.time_limit)
        return await self._calls.inspect(options)

    async def _pass(self, method: str, params: RequestParams) -> Raw:
        """Pass a request through, showing its progress where the client gave a token for it."""
        token = params.work_done_token
        if token is None:
            return Raw(await self._calls.run(method, *read_options(params, None)))
        work = WorkDone(self.server.notify, token, _title(method, params.raw or {}))
        sent, options = read_options(params, ProgressListener(token, work.report))
        with work:
            return Raw(await self._calls.run(method, sent, options))

    async def _pass_notification(self, method: str, params: RequestParams) -> None:
        """Pass a notification of the client's through. Cancelling is `$/cancelRequest`, which knows the right id."""
        if method == "notifications/cancelled":
            raise InvalidParams(
                "$: cancel with $/cancelRequest; the ids of the server's requests are the sidecar's own"
            )
        self._calls.notify(method, read_options(params, None)[0])

    async def _items(self, params: ItemsParams) -> Items:
        from mcp_sidecar.server.item_rows import items_of

        result = await self._calls.run(LISTINGS[params.kind].method, {})
        # In a thread: what servers send can be large, and the loop has the status to push.
        return await asyncio.to_thread(items_of, params.kind, result)

    async def _prefill(self, params: PrefillParams) -> Prefilled:
        from mcp_sidecar.views.arguments_text import prefill

        subject = Subject(self._server_name(), params.name, params.kind)
        item = await self._listed(subject, "$.name")
        uri = arguments_uri(subject)
        last = await asyncio.to_thread(self._last_arguments.of, uri)
        # In a thread: what servers send can be large, and the loop has the status to push.
        text, line, character = await asyncio.to_thread(
            prefill, item, subject.schema(item), words=subject.words, remembered=last
        )
        return Prefilled(uri=uri, text=text, cursor=Position(line, character))

    async def _listed(self, subject: Subject, place: str) -> Mapping[str, Any]:
        """A subject as the server lists it now.

        Raises:
            InvalidParams: it does not; `place` is that of its name.
        """
        item = await subject.listed(self._calls, afresh=True)
        if item is None:
            raise InvalidParams(f"{place}: the server lists no {subject.words} {subject.name[:100]}")
        return item

    async def _fields(self, params: FieldsParams) -> Fields:
        from mcp_sidecar.server.form import UnaskableError, fields_of

        match params:
            case FieldsParams(schema=Raw(value=schema), prompt=None):
                pass
            case FieldsParams(schema=None, prompt=str(name)):
                subject = Subject(self._server_name(), name, "prompt")
                schema = subject.schema(await self._listed(subject, "$.prompt"))
            case _:
                raise InvalidParams("$: exactly one of `schema` and `prompt` is needed")
        try:
            return Fields(fields=tuple(fields_of(schema)))
        except UnaskableError as error:
            raise InvalidParams(f"$.schema: {error}") from error

    async def _check(self, params: CheckParams) -> Checked:
        from mcp_sidecar.server.form import check

        answers = [each for each in (params.text, params.values) if each is not None]
        if len(answers) != 1 or not isinstance(params.schema.value, dict):
            raise InvalidParams("$: a `schema` and exactly one of `text` and `values` is needed")
        return await asyncio.to_thread(check, params.schema.value, answers[0], required=params.required)

    async def _summary(self, params: SummaryParams) -> Summary:
        from mcp_sidecar.views.sampling_text import sampling_text

        if not isinstance(params.sampling.value, dict):
            raise InvalidParams("$.sampling: expected an object")
        return Summary(text=sampling_text(params.sampling.value))

    async def _show(self, params: ShowParams) -> None:
        keeping: asyncio.Task[None] | None = None
        match params:
            case ShowParams(method=str(method), document=None):
                sent = params.params.value if params.params is not None else None
            case ShowParams(method=None, document=str(uri)):
                method, sent = await self._arguments.request(uri)
                if not params.confirmed:
                    await self._confirm_strangers(uri)
                # Beside the request, which does not wait for the disk.
                keeping = asyncio.create_task(self._arguments.keep(uri))
            case _:
                raise InvalidParams("$: exactly one of `method` and `document` is needed")
        links = Links(params.open_whole, params.open_part)
        token = params.work_done_token
        try:
            await self._presenter.show(method, sent, server=self._server_name(), links=links, token=token)
        finally:
            if keeping is not None:
                await keeping

    def _ask(self, method: str, params: Any) -> Awaitable[Raw]:
        """Send a request of MCP, or inspect; the sidecar's other methods are none, nor are notifications.

        Raises:
            MethodNotFound, InvalidParams: it can't be sent.
        """
        if method == "inspect":
            known = {name: value for name, value in (params or {}).items() if name != WORK_DONE_TOKEN}
            return self._inspected(self.server.call("mcp/inspect", known))
        if f"mcp/{method}" in OWN_METHODS or method.startswith("notifications/"):
            raise MethodNotFound(f"MCP has no request {method[:100]}")
        return self.server.call(f"mcp/{method}", params)

    async def _inspected(self, inspection: Awaitable[Inspection]) -> Raw:
        """An inspection as JSON, for its page."""
        return Raw(self.server.protocol.converter.unstructure(await inspection))

    async def _confirm_strangers(self, uri: str) -> None:
        """Arguments made for one server must not reach another by accident.

        Raises:
            RequestFailed: another one is connected, and the user did not say that it may have them.
        """
        if (made_for := arguments_of(uri)) is None:
            return
        agreed = made_for.server
        # While the question is open, another server can take the place of the one that it is about.
        while self.manager.link is not None and (name := self._server_name()) not in (made_for.server, agreed):
            message = f"These arguments were made for {made_for.server}, but {name} is connected."
            with contextlib.suppress(Unaskable):
                if await self._user.choose(f"{message} Send them?", (DO_NOT_SEND, SEND)) == SEND:
                    agreed = name
                    continue
            suggestion = "Send them with `confirmed`, or prefill those of the connected server."
            raise RequestFailed(message, {"kind": "consent_refused", "suggestion": suggestion, "details": {}})

    def _server_name(self) -> str:
        """What the user knows the server as."""
        return self.manager.server_name or "server"

    # the client's life

    def _on_initialize(self, params: lsp.InitializeParams) -> Mapping[str, Any]:
        self._settings.read(params.initialization_options)
        self._client = self._settings.read_client(params.initialization_options)
        self.server.announces_commands = not self._client.commands
        if self._settings.read_flag("progress", params.initialization_options):
            from mcp_sidecar.server.standing_progress import StandingProgress

            self._standing_progress = StandingProgress(self.server)
        self._user_data = self._settings.read_user_data(params.initialization_options)
        self._tells_texts = self._settings.read_flag("texts", params.initialization_options)
        self._host.introduce(params, self._client)
        self._asked_trace = params.trace
        self._set_trace()
        self._person.introduce(params)
        return {"mcp": {"version": VERSION, "methods": [method.name for method in METHODS]}}

    async def _on_initialized(self) -> None:
        self._tell_warnings()
        self.status_changed(self.manager.get_status())
        if self._standing_progress is not None:
            self._standing_progress.begin(self.manager.get_status())
        # The first connect will need it, and the answer to `initialize` is out.
        self._loading = asyncio.create_task(load_stack())
        self._loading.add_done_callback(_log_failure)
        await self._display.prune()

    async def _on_did_change_configuration(self, settings: object) -> None:
        if own_section(settings) is None:
            return  # many editors send other settings, or none, right after `initialized`
        self._settings.read(settings)
        self._set_trace()
        self._tell_warnings()

    async def _on_set_trace(self, value: str) -> None:
        self._asked_trace = value
        self._set_trace()

    async def _on_did_change_workspace_folders(self) -> None:
        self.manager.tell_roots_changed()

    def _set_trace(self) -> None:
        """Begin or end telling the frames; VS Code's `compact` is `messages`, and what is unknown is `off`."""
        value = self._settings.trace or self._asked_trace
        self._verbose = value == lsp.TraceValue.Verbose
        wanted = value in (lsp.TraceValue.Messages, lsp.TraceValue.Verbose, "compact")
        self.manager.trace.listener = self._traced if wanted else None

    def _tell_warnings(self) -> None:
        """Tell what is wrong with the settings, once for as long as it is wrong."""
        told, self._told = self._told, list(self._settings.warnings)
        for warning in [each for each in self._told if each not in told]:
            logger.warning("%s", warning)
            self.logged(LogEntry(source="sidecar", level="warning", message=warning))

    def _workspace_folder(self) -> Path | None:
        """The first folder of the workspace, if it is one on this machine."""
        folders = self.server.workspace_folders
        uri = folders[0].uri if folders else self.server.workspace.root_uri if self.server.is_initialized else None
        path = uris.to_fs_path(uri) if uri else None
        return Path(path) if path else None


def _log_failure(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("the MCP stack can't be imported", exc_info=error)


def _title(method: str, params: Mapping[str, Any]) -> str:
    """What a request does, for a title."""
    subject = params.get("name", params.get("uri"))
    return f"{method} {subject}" if isinstance(subject, str) else method
