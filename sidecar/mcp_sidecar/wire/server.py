"""The server: a table of methods and notifications, put on the wire."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from mcp_sidecar.positions import Encoding
from mcp_sidecar.wire.commands import Runner
from mcp_sidecar.wire.converter import make_converter
from mcp_sidecar.wire.errors import MethodNotFound
from mcp_sidecar.wire.methods import ClientMethod, Method, Notification
from mcp_sidecar.wire.protocol import WireProtocol
from mcp_sidecar.wire.routes import Handler, Route

if TYPE_CHECKING:
    from pygls.server import ServerErrors

log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class Hooks:
    """What the server does when the client does one of the things every LSP client does."""

    on_initialize: Callable[[lsp.InitializeParams], Mapping[str, Any] | None] | None = None
    """Returns what goes under `capabilities.experimental`. Synchronous: nothing may come between it and the answer."""
    on_initialized: Callable[[], Awaitable[None]] | None = None
    on_shutdown: Callable[[], Awaitable[None]] | None = None
    """Runs before the reply to `shutdown`, at most `protocol.SHUTDOWN_LIMIT` seconds."""
    on_did_change_configuration: Callable[[Any], Awaitable[None]] | None = None
    """Takes the `settings` as JSON."""
    on_set_trace: Callable[[lsp.TraceValue], Awaitable[None]] | None = None
    on_did_change_workspace_folders: Callable[[], Awaitable[None]] | None = None
    """Runs when `WireServer.workspace_folders` has changed."""


@attrs.frozen(kw_only=True)
class Fallback:
    """Serves what the table of methods does not have."""

    method: Callable[[str], tuple[Method, Handler] | None]
    """The method of that name, and its handler."""
    command: Callable[[str], str | None]
    """The name of the method that a command stands for."""


class WireServer(LanguageServer):
    """A language server with typed methods of its own. Made by `create_server`."""

    protocol: WireProtocol

    def __init__(
        self,
        name: str,
        version: str,
        *,
        hooks: Hooks,
        notifications: Iterable[Notification],
        client_methods: Iterable[ClientMethod],
        text_document_sync: lsp.TextDocumentSyncKind | None,
    ) -> None:
        self._hooks = hooks
        self._notifications = {notification.name: notification for notification in notifications}
        self._client_methods = {method.name for method in client_methods}
        self._syncs_documents = text_document_sync is not None
        self.announces_commands = True
        """Whether the answer to `initialize` names the commands."""
        super().__init__(
            name,
            version,
            text_document_sync_kind=text_document_sync or lsp.TextDocumentSyncKind.None_,
            protocol_cls=WireProtocol,
            converter_factory=make_converter,
        )

    @property
    def workspace_folders(self) -> list[lsp.WorkspaceFolder]:
        """The folders that are open now; the root, for a client that knows no folders; none before `initialize`."""
        return self.protocol.workspace_folders

    @property
    def position_encoding(self) -> Encoding:
        """What positions are counted in, as agreed on in `initialize`."""
        return self.protocol.position_encoding

    @property
    def is_initialized(self) -> bool:
        """Whether `initialize` was accepted."""
        return self.protocol.is_initialized

    def notify(self, name: str, params: Any = None) -> None:
        """Push a notification. Never blocks; does nothing when the wire is closed. May be called from any thread.

        Parameters:
            name: A declared notification, or one of LSP's.
            params: An instance of the declared params class, or `Raw`.

        Raises:
            KeyError: Neither we nor LSP have a notification of this name: a defect of the caller.
        """
        if name not in self._notifications and name not in lsp.METHOD_TO_TYPES:
            raise KeyError(name)
        self.protocol.notify(name, params)

    def call(self, name: str, params: Any) -> Awaitable[Any]:
        """Call a method of our own as a request of the client would; the result is to be awaited.

        Parameters:
            name: A method of the table, or of the fallback.
            params: As JSON, or None.

        Raises:
            MethodNotFound, InvalidParams: There is none, or its params don't fit.
        """
        route = self.protocol.routes.get(name) or self.protocol.fallback(name)
        if route is None:
            raise MethodNotFound(f"there is no method {name[:100]}")
        return route.call(params)

    async def request(self, name: str, params: Any = None, *, timeout: float) -> Any:
        """Ask the client and wait for its answer. Cancelling tells the client so.

        Parameters:
            name: A declared method of the client's, or one of LSP's. The result of the former is JSON as it came.
            params: An attrs object, `Raw`, or None.
            timeout: Seconds. There is always one: some editors never answer what they do not know.

        Raises:
            TimeoutError: No answer came in time.
            ClientError: The client refused.
            TypeError, ValueError, RecursionError: The params cannot be said in JSON.
            KeyError: Neither we nor LSP have a request of this name: a defect of the caller.
        """
        if name not in self._client_methods and name not in lsp.METHOD_TO_TYPES:
            raise KeyError(name)
        async with asyncio.timeout(timeout):
            return await asyncio.wrap_future(self.protocol.send_request(name, params))

    def complete_capabilities(self, params: lsp.InitializeParams, capabilities: lsp.ServerCapabilities) -> None:
        """Add to the answer to `initialize` before the protocol sends it."""
        if not self._syncs_documents:
            capabilities.text_document_sync = None
        if self._hooks.on_initialize is not None:
            capabilities.experimental = self._hooks.on_initialize(params)
        if not self.announces_commands:
            capabilities.execute_command_provider = None

    async def clean_up(self) -> None:
        """Run the hook that comes before the answer to `shutdown`."""
        if self._hooks.on_shutdown is not None:
            await self._hooks.on_shutdown()

    def report_server_error(self, error: Exception, source: "ServerErrors") -> None:
        """As a line of the log. pygls would pop up a window in the editor."""
        log.error("%s: %s", source.__name__, error)


def create_server(
    *,
    name: str,
    version: str,
    methods: Iterable[Method],
    handlers: Mapping[str, Handler],
    notifications: Iterable[Notification] = (),
    client_methods: Iterable[ClientMethod] = (),
    command_id: Callable[[str], str | None] | None = None,
    string_arguments: Mapping[str, Callable[[str], Any]] | None = None,
    run_command: Runner | None = None,
    fallback: Fallback | None = None,
    hooks: Hooks | None = None,
    text_document_sync: lsp.TextDocumentSyncKind | None = None,
) -> WireServer:
    """Make a server that is ready for `serve`.

    Parameters:
        name, version: As the client reads them in `serverInfo`.
        methods: The requests of our own.
        handlers: For each method's name an async function of its params (of nothing, when it takes none).
        notifications: What the server may push beyond LSP.
        client_methods: What the server may ask the client beyond LSP.
        command_id: The command under which a method is also reachable, or None for "not as a command".
        string_arguments: For each method whose command takes a plain string, too: makes the params, as JSON, of it.
        run_command: Runs commands; without it, a command is the plain call of its method.
        fallback: What serves other requests and commands, if anything does.
        hooks: What else to do.
        text_document_sync: How documents are kept in step, if they are needed at all.

    Raises:
        ValueError: Methods and handlers do not match.
    """
    # At INFO, pygls logs whole bodies, which hold secrets.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    table = {method.name: method for method in methods}
    if table.keys() != handlers.keys():
        raise ValueError(f"methods and handlers differ in {sorted(table.keys() ^ handlers.keys())}")
    hooks = hooks or Hooks()
    server = WireServer(
        name,
        version,
        hooks=hooks,
        notifications=notifications,
        client_methods=client_methods,
        text_document_sync=text_document_sync,
    )
    for method in table.values():
        from_string = (string_arguments or {}).get(method.name)
        route = Route(method, handlers[method.name], server.protocol.converter, from_string, run_command)
        server.protocol.routes[method.name] = route
        command = command_id(method.name) if command_id is not None else None
        if command is not None:
            _add_command(server, command, route)
    if fallback is not None:
        _add_fallback(server, fallback, run_command)
    _add_hooks(server, hooks)
    return server


def _add_fallback(server: WireServer, fallback: Fallback, runner: Runner | None) -> None:
    protocol = server.protocol

    def by_method(name: str) -> Route | None:
        found = fallback.method(name)
        return None if found is None else Route(*found, protocol.converter, runner=runner)

    def by_command(command: str) -> Route | None:
        name = fallback.command(command)
        return None if name is None else by_method(name)

    protocol.fallback, protocol.fallback_command = by_method, by_command


def _add_command(server: WireServer, command: str, route: Route) -> None:
    # Not by pygls's decorator, which looks into every function's type hints.
    server.protocol.fm.commands[command] = route.call_as_command


def _add_hooks(server: WireServer, hooks: Hooks) -> None:
    """Register functions, since pygls cannot register bound methods."""
    if (initialized := hooks.on_initialized) is not None:
        server.feature(lsp.INITIALIZED)(lambda _params: initialized())
    if (configure := hooks.on_did_change_configuration) is not None:
        server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)(lambda params: configure(params.settings))
    if (trace := hooks.on_set_trace) is not None:
        server.feature(lsp.SET_TRACE)(lambda params: trace(params.value))
    if (folders := hooks.on_did_change_workspace_folders) is not None:
        server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(lambda _params: folders())
