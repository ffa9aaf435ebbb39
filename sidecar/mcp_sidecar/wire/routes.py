"""A route: one method of ours with its handler, reachable as a request and as a command."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs
from cattrs import Converter

from mcp_sidecar.wire.converter import structure_params
from mcp_sidecar.wire.errors import InvalidParams
from mcp_sidecar.wire.methods import Method

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

    def call(self, params: Any) -> Awaitable[Any]:
        """Call the handler with params as they came in a request.

        Raises:
            InvalidParams: They do not fit.
        """
        typed = structure_params(self.converter, params, self.method.params)
        return self.handler() if self.method.params is None else self.handler(typed)

    def call_as_command(self, arguments: Sequence[Any]) -> Awaitable[Any]:
        """Call the handler with a command's arguments: none, or the params.

        Raises:
            InvalidParams: They do not fit; `$` in the message is the params, as in a request.
        """
        if len(arguments) > 1:
            raise InvalidParams(f"$.arguments: expected at most one argument, the params, got {len(arguments)}")
        params = arguments[0] if arguments else None
        if self.from_string is not None and isinstance(params, str):
            params = self.from_string(params)
        return self.call(params)
