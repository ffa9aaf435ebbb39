"""A route: one method of ours with its handler, reachable as a request and as a command."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs
from cattrs import Converter

from mcp_sidecar.wire.commands import Command, Runner
from mcp_sidecar.wire.converter import structure_params
from mcp_sidecar.wire.errors import InvalidParams
from mcp_sidecar.wire.methods import Method
from mcp_sidecar.wire.payload import name_on_wire

WORK_DONE_TOKEN = "workDoneToken"  # noqa: S105 - the name of a field

Handler = Callable[..., Awaitable[Any]]
"""Takes the structured params, or nothing when the method takes none; returns what is to be the result."""


@attrs.frozen
class Route:
    """Structures the params strictly and calls the handler; the same for a request and for a command."""

    method: Method
    handler: Handler
    converter: Converter
    from_string: Callable[[str], Any] | None = None
    """Turns a command's argument that is a plain string into the params as JSON."""
    runner: Runner | None = None
    """Runs the command, which may have a second argument then."""

    def call(self, params: Any) -> Awaitable[Any]:
        """Call the handler with params as they came in a request.

        Raises:
            InvalidParams: They do not fit.
        """
        typed = structure_params(self.converter, params, self.method.params)
        return self.handler() if self.method.params is None else self.handler(typed)

    def call_as_command(self, arguments: Sequence[Any], work_done_token: int | str | None = None) -> Awaitable[Any]:
        """Run the command with its arguments: none, or the params, and what the runner wants to know.

        Args:
            arguments: as they came.
            work_done_token: the command's own (LSP 3.17, "Work Done Progress"), for a request that takes one.

        Raises:
            InvalidParams: They do not fit; `$` in the message is the params, as in a request.
        """
        most, what = (1, "one argument, the params") if self.runner is None else (2, "two arguments")
        if len(arguments) > most:
            raise InvalidParams(f"$.arguments: expected at most {what}, got {len(arguments)}")
        params = arguments[0] if arguments else None
        if self.from_string is not None and isinstance(params, str):
            params = self.from_string(params)
        has_token = work_done_token is not None and _takes_token(self.method)

        def call(params: Any) -> Awaitable[Any]:
            if has_token and (params is None or isinstance(params, dict)):
                params = {WORK_DONE_TOKEN: work_done_token, **(params or {})}
            return self.call(params)

        if self.runner is None:
            return call(params)
        options = arguments[1] if len(arguments) > 1 else None
        return self.runner(Command(self.method, params, options, work_done_token is not None, call))


def _takes_token(method: Method) -> bool:
    return attrs.has(method.params) and any(
        name_on_wire(field) == WORK_DONE_TOKEN for field in attrs.fields(method.params)
    )
