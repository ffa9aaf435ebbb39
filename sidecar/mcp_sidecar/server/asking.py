"""The editor as whom a server may ask: by MCP's own requests where it opted in, else by LSP's prompts."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lsprotocol import types as lsp

from mcp_sidecar.connection.host import ANSWER_LIMIT, Refused, Unservable, WrongAnswer
from mcp_sidecar.server.methods import ELICITATION, SAMPLING
from mcp_sidecar.server.settings import ClientOptions
from mcp_sidecar.wire.errors import ClientError
from mcp_sidecar.wire.payload import Raw

METHOD_NOT_FOUND = -32601

OPENING_LIMIT = 30.0
"""Seconds that an editor may take to open a page in the browser."""


class Wire(Protocol):
    """What is asked of the wire."""

    @property
    def workspace_folders(self) -> list[lsp.WorkspaceFolder]:
        """The folders that are open now."""

    async def request(self, name: str, params: Any = None, *, timeout: float) -> Any:
        """Ask the client, see `WireServer.request`."""


class EditorHost:
    """Asks the editor; a `Host` of the connection."""

    def __init__(self, wire: Callable[[], Wire]) -> None:
        """
        Args:
            wire: leads to the editor, once there is one.
        """
        self._wire = wire
        self._options = ClientOptions()
        self._opens_pages = False
        self._shows_buttons = True
        """Every editor should (LSP 3.17, "ShowMessage Request"); false once this one said that it does not."""

    def introduce(self, params: lsp.InitializeParams, options: ClientOptions) -> None:
        """Learn what the editor can do.

        Args:
            params: those of `initialize`.
            options: what it opted in to.
        """
        self._options = options
        window = params.capabilities.window
        self._opens_pages = bool(window and window.show_document and window.show_document.support)

    def capabilities(self) -> Mapping[str, Any]:
        """What can be served: see `Host`."""
        declared: dict[str, Any] = {}
        elicitation = dict(self._options.elicitation or {})
        if self._shows_buttons:
            elicitation.setdefault("form", {})
            if self._opens_pages:
                elicitation.setdefault("url", {})
        if elicitation:
            declared["elicitation"] = elicitation
        if self._options.sampling is not None:
            declared["sampling"] = self._options.sampling
        return declared

    def roots(self) -> list[dict[str, Any]]:
        """The folders of the workspace; MCP knows those of the file system only."""
        folders = self._wire().workspace_folders
        return [{"uri": folder.uri, "name": folder.name} for folder in folders if folder.uri.startswith("file:")]

    async def elicit(self, server: str, params: Mapping[str, Any]) -> Any:
        """Put a question to the person; see `Host`."""
        mode = params.get("mode", "form")
        if mode == "url":
            _refuse_other_pages(params["url"])
        if self._options.elicitation is not None and mode in self._options.elicitation:
            return await self._pass_on(ELICITATION, params)
        return await (self._open_page(server, params) if mode == "url" else self._show_form(server, params))

    async def sample(self, server: str, params: Mapping[str, Any]) -> Any:
        """Put messages to the editor's model; see `Host`."""
        if self._options.sampling is None:
            raise Unservable("the editor did not opt in to sampling")
        return await self._pass_on(SAMPLING, params)

    async def _pass_on(self, method: str, params: Mapping[str, Any]) -> Any:
        try:
            return await self._wire().request(method, Raw(params), timeout=ANSWER_LIMIT)
        except ClientError as error:
            raise Refused(error.code, error.message, error.data) from error
        except (ValueError, RecursionError) as error:
            raise Unservable(f"it can't be passed on ({type(error).__name__})") from error

    async def _show_form(self, server: str, params: Mapping[str, Any]) -> Any:
        from mcp_sidecar.views.question import NotByButtonsError, form_prompt

        try:
            prompt = form_prompt(server, params)
        except NotByButtonsError as reason:
            raise Unservable(str(reason)) from reason
        return await self._show(prompt.text, prompt.buttons)

    async def _open_page(self, server: str, params: Mapping[str, Any]) -> Any:
        from mcp_sidecar.views.question import NotByButtonsError, url_prompt

        if not self._opens_pages:
            raise Unservable("the editor can't open pages in a browser")
        try:
            prompt = url_prompt(server, params)
        except NotByButtonsError as reason:
            raise Unservable(str(reason)) from reason
        result = await self._show(prompt.text, prompt.buttons)
        if result == {"action": "accept"}:
            page = lsp.ShowDocumentParams(uri=params["url"], external=True)
            try:
                shown = await self._wire().request(lsp.WINDOW_SHOW_DOCUMENT, page, timeout=OPENING_LIMIT)
            except ClientError as error:
                raise WrongAnswer(f"it could not open the page: {error}") from error
            if not shown.success:
                raise WrongAnswer("it could not open the page")
        return result

    async def _show(self, text: str, buttons: Mapping[str, Mapping[str, Any]]) -> Any:
        """Show a message, and return what the button that was pressed stands for."""
        if not self._shows_buttons:
            raise Unservable("the editor shows no messages with buttons")
        question = lsp.ShowMessageRequestParams(
            type=lsp.MessageType.Info,
            message=text,
            actions=[lsp.MessageActionItem(title=title) for title in buttons],
        )
        try:
            pressed = await self._wire().request(lsp.WINDOW_SHOW_MESSAGE_REQUEST, question, timeout=ANSWER_LIMIT)
        except ClientError as error:
            if error.code != METHOD_NOT_FOUND:
                raise WrongAnswer(f"{lsp.WINDOW_SHOW_MESSAGE_REQUEST}: {error}") from error
            self._shows_buttons = False
            raise Unservable("the editor shows no messages with buttons") from error
        if pressed is None:
            return {"action": "cancel"}
        if pressed.title not in buttons:
            raise WrongAnswer(f"the button {pressed.title[:60]!r} was not shown")
        return dict(buttons[pressed.title])


def _refuse_other_pages(url: str) -> None:
    """Let nothing pass that is no page of the web: an editor might run a command for it."""
    from mcp_sidecar.views.question import NotByButtonsError, host_of

    try:
        host_of(url)
    except NotByButtonsError as reason:
        raise Unservable(str(reason)) from reason
