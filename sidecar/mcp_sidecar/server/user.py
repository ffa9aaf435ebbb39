"""The user at the editor, asked about configured servers by LSP's messages, and by a request of our own."""

import math
from collections.abc import Sequence
from typing import Any

from lsprotocol import types as lsp

from mcp_sidecar.connection.configured.inputs import InputDefinition
from mcp_sidecar.connection.configured.user import Unaskable
from mcp_sidecar.server.methods import INPUT
from mcp_sidecar.server.results import InputQuestion
from mcp_sidecar.server.settings import ClientOptions, Settings
from mcp_sidecar.wire.errors import ClientError
from mcp_sidecar.wire.server import WireServer


class EditorUser:
    """Asks by way of the editor, and does not wait for ever."""

    def __init__(self, server: WireServer, settings: Settings, options: ClientOptions) -> None:
        """
        Args:
            server: leads to the editor.
            settings: tell how long to wait.
            options: what the editor opted in to.
        """
        self._server = server
        self._settings = settings
        self._options = options

    @property
    def takes_inputs(self) -> bool:
        """Whether the editor said that it takes `mcp/input`."""
        return self._options.input

    async def choose(self, message: str, choices: Sequence[str]) -> str | None:
        """By `window/showMessageRequest`. The first choice should harm nobody: several editors preselect it."""
        params = lsp.ShowMessageRequestParams(
            type=lsp.MessageType.Warning,
            message=message,
            actions=[lsp.MessageActionItem(title=each) for each in choices],
        )
        item = await self._ask(lsp.WINDOW_SHOW_MESSAGE_REQUEST, params)
        return item.title if isinstance(item, lsp.MessageActionItem) else None

    async def enter(self, definition: InputDefinition, server: str, uri: str) -> str | None:
        """By `mcp/input`."""
        question = InputQuestion(
            id=definition.id,
            type="pickString" if definition.type == "pickString" else "promptString",
            description=definition.description,
            password=definition.password,
            server=server,
            file=uri,
            # Nobody sees what they agree to in a field of bullets.
            default=None if definition.password else definition.default,
            options=definition.options or None,
        )
        answer = await self._ask(INPUT, question)
        if answer is None:
            return None
        value = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(value, str):
            raise Unaskable("the editor's answer has no `value`")
        return value

    async def _ask(self, method: str, params: Any) -> Any:
        limit = self._settings.answer_timeout
        try:
            return await self._server.request(method, params, timeout=limit)
        except TimeoutError:
            raise Unaskable(f"nobody answered within {math.ceil(limit)} s") from None
        except ClientError as error:
            raise Unaskable(f"the editor could not ask ({error.code})") from None
