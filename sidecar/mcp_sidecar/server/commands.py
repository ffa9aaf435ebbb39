"""The commands as people run them: what is missing is asked for, and what comes of it can be shown."""

import asyncio
import itertools
import logging
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from mcp_sidecar.defects import log_defect
from mcp_sidecar.server.errors import answering
from mcp_sidecar.server.methods import OWN_METHODS
from mcp_sidecar.server.settings import Settings
from mcp_sidecar.server.work_done import WorkDone, create_progress
from mcp_sidecar.wire.commands import Command
from mcp_sidecar.wire.errors import InvalidParams, RequestCancelled, WireError
from mcp_sidecar.wire.payload import Raw
from mcp_sidecar.wire.server import WireServer

if TYPE_CHECKING:
    from mcp_sidecar.server.display import Display
    from mcp_sidecar.server.missing import MissingParams

logger = logging.getLogger(__name__)

ACKNOWLEDGED: Final = 0.8
"""Seconds after which a command whose result is shown is answered at the latest: eglot and lsp-mode hold the whole
editor until the answer comes, and give up after ten."""

_AS_TEXT: Final = ("mcp/trace", "mcp/log")
"""Methods whose results can be read when they come as text."""


class Commands:
    """Runs the commands of one editor."""

    def __init__(
        self,
        server: Callable[[], WireServer],
        settings: Settings,
        missing: "Callable[[], MissingParams]",
        display: "Callable[[], Display]",
    ) -> None:
        """
        Args:
            server: leads to the editor, once there is one.
            settings: tell whether results are shown.
            missing: what completes params, made when it is needed.
            display: what shows results, likewise.
        """
        self._server = server
        self._settings = settings
        self._missing = missing
        self._display = display
        self._running: set[asyncio.Task[Any]] = set()
        self._tokens = itertools.count(1)

    def run(self, command: Command) -> Awaitable[Any]:
        """Run a command; the answer is the result, unless that is shown and takes its time.

        Raises:
            InvalidParams: the second argument does not fit.
        """
        own = _wants_showing(command.options)
        if self._settings.shows_results if own is None else own:
            return self._shown(command)
        if self._missing().lacks(command.method.name, command.params, shown=False):
            return self._completed(command, shown=False)
        return command.call(command.params)

    async def stop(self) -> None:
        """Give up what runs in the background."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _completed(self, command: Command, *, shown: bool) -> Any:
        """Run a command with what it lacks."""
        return (await self._with_params(command, shown=shown))[1]

    async def _with_params(self, command: Command, *, shown: bool) -> tuple[Any, Any]:
        method, params = command.method.name, command.params
        if self._missing().lacks(method, params, shown=shown):
            params = await answering(self._missing().complete)(method, params)
        if shown and method in _AS_TEXT and not params:
            params = {"asText": True}
        return params, await command.call(params)

    async def _shown(self, command: Command) -> Any:
        """Run a command and show what comes of it. The answer is null where that takes long, or comes to nothing."""
        work = asyncio.ensure_future(self._with_params(command, shown=True))
        try:
            await asyncio.wait({work}, timeout=None if command.has_token else ACKNOWLEDGED)
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.wait({work})
            raise
        method = command.method.name.removeprefix("mcp/")
        showing = asyncio.create_task(self._show(method, work))
        self._running.add(showing)
        showing.add_done_callback(self._ended)
        # What is told without a file is told by then. Emacs 28 leaves what comes in one piece with an answer that it
        # waits for until more comes (its jsonrpc 1.0.14: the answer is a `throw`, out of what reads the messages).
        await asyncio.sleep(0)
        if not work.done() or work.cancelled() or work.exception() is not None:
            return None
        return work.result()[1]

    async def _show(self, method: str, work: "asyncio.Future[tuple[Any, Any]]") -> None:
        try:
            if not work.done():
                await self._awaited(method, work)
            params, result = await work
        except RequestCancelled as error:
            self._display().say(f"{method}: {error.message}")
        except WireError as error:
            data = error.data if isinstance(error.data, dict) else {}
            self._display().fail(error.message, data.get("suggestion"))
        except asyncio.CancelledError:
            if not work.done():
                work.cancel()
                await asyncio.wait({work})
                _ = work.cancelled() or work.exception()  # of no interest any more
                raise
            self._display().say(f"{method}: cancelled")
        except Exception as error:  # noqa: BLE001 - a defect is told, too
            log_defect(logger, f"the command for {method} failed", error)
            self._display().fail(f"{method}: an internal error; see the sidecar's log")
        else:
            json = result.value if isinstance(result, Raw) else self._server().protocol.converter.unstructure(result)
            sent = params.value if isinstance(params, Raw) else params
            # A target has credentials, and what is sent to the sidecar alone is of no interest.
            is_own = f"mcp/{method}" in OWN_METHODS
            await self._display().show(method, None if is_own else sent, json)

    async def _awaited(self, method: str, work: "asyncio.Future[Any]") -> None:
        """Wait, with a progress that the user can cancel, where the client has that."""
        server = self._server()
        window = server.client_capabilities.window
        token = f"mcp-sidecar-{os.getpid()}-{next(self._tokens)}"
        if window is not None and window.work_done_progress and await create_progress(server, token):
            server.protocol.progress.tokens[token] = work  # type: ignore[assignment] # pygls only cancels it, when the user does
            try:
                with WorkDone(server.notify, token, f"MCP {method}", cancellable=True):
                    await asyncio.wait({work})
            finally:
                del server.protocol.progress.tokens[token]
        await asyncio.wait({work})

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_defect(logger, "a result can't be shown", error)


def _wants_showing(options: Any) -> bool | None:
    """What the second argument says; None where it says nothing."""
    if options is None or options == []:
        return None
    if not isinstance(options, dict) or options.keys() - {"show"} or not isinstance(options.get("show", False), bool):
        raise InvalidParams('$.arguments[1]: expected {"show": true} or {"show": false}')
    return options.get("show")
