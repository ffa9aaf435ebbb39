"""The client's settings: `initializationOptions.mcp`, or `mcp` in `workspace/didChangeConfiguration`."""

import os
from collections.abc import Mapping
from typing import Any

from mcp_sidecar.connection.timeouts import Timeouts, read_timeouts


class Settings:
    """The settings that hold now, and what was wrong with them."""

    def __init__(self) -> None:
        self.timeouts, self.warnings = read_timeouts(None, os.environ)
        self.trace: str | None = None
        """How much of the trace is told; None leaves it to LSP's own ways."""

    def read(self, options: object) -> None:
        """Take `options.mcp`; what is missing there falls back to the environment and the defaults.

        Args:
            options: the client's `initializationOptions` or `settings`, of whatever shape.
        """
        own = options.get("mcp") if isinstance(options, Mapping) else None
        settings: Mapping[str, Any] | None = own if isinstance(own, Mapping) else None
        self.timeouts, self.warnings = read_timeouts(settings, os.environ)
        trace = settings.get("trace") if settings is not None else None
        self.trace = trace if isinstance(trace, str) else None
        if own is not None and settings is None:
            self.warnings.append("The setting `mcp` is no object; it is ignored.")

    def current_timeouts(self) -> Timeouts:
        """The timeouts that hold where a request brings none of its own."""
        return self.timeouts
