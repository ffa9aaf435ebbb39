"""The client's settings: `initializationOptions.mcp`, or `mcp` in `workspace/didChangeConfiguration`."""

import os
from collections.abc import Mapping
from typing import Any

import attrs

from mcp_sidecar.connection.timeouts import Timeouts, read_timeouts

DEFAULT_ANSWER = 120.0
"""Seconds that a question waits for the user. Some editors never answer what they do not know."""

LONGEST_ANSWER = 86_400.0
"""Seconds."""


@attrs.frozen(kw_only=True)
class ClientOptions:
    """What the client answers by itself, MCP's requests with the modes it knows (MCP's `ClientCapabilities`)."""

    elicitation: Mapping[str, Any] | None = None
    sampling: Mapping[str, Any] | None = None
    input: bool = False
    """Whether it takes `mcp/input`."""
    commands: bool = False
    """Whether it has commands of its own under the names of ours."""


ALL_MODES = ClientOptions(elicitation={"form": {}, "url": {}}, sampling={"tools": {}})
"""What `true` stands for."""


SECTIONS = ("mcp", "mcpSidecar")
"""The names of our section: the second is that of editors whose users have the settings of all servers in one file."""


def own_section(options: object) -> object:
    """Return what is ours in `initializationOptions` or `settings`, of whatever shape; None where there is nothing."""
    if not isinstance(options, Mapping):
        return None
    return next((options[name] for name in SECTIONS if options.get(name) is not None), None)


class Settings:
    """The settings that hold now, and what was wrong with them."""

    def __init__(self) -> None:
        self.timeouts, self.warnings = read_timeouts(None, os.environ)
        self.trace: str | None = None
        """How much of the trace is told; None leaves it to LSP's own ways."""
        self.answer_timeout = DEFAULT_ANSWER
        """Seconds that a question waits for the user."""
        self.shows_results = False
        """Whether what comes of a command is shown where the command does not say."""

    def read(self, options: object) -> None:
        """Take `options.mcp`; what is missing there falls back to the environment and the defaults.

        Args:
            options: the client's `initializationOptions` or `settings`, of whatever shape.
        """
        own = own_section(options)
        settings: Mapping[str, Any] | None = own if isinstance(own, Mapping) else None
        self.timeouts, self.warnings = read_timeouts(settings, os.environ)
        trace = settings.get("trace") if settings is not None else None
        self.trace = trace if isinstance(trace, str) else None
        if own is not None and settings is None:
            self.warnings.append("The setting `mcp` is no object; it is ignored.")
        self.answer_timeout = self._answer_timeout((settings or {}).get("answerTimeout"))
        self.shows_results = self._flag("showResults", settings)

    def _flag(self, name: str, settings: Mapping[str, Any] | None) -> bool:
        value = (settings or {}).get(name)
        if value is not None and not isinstance(value, bool):
            self.warnings.append(f"The setting `{name}` is neither true nor false; it is ignored.")
        return value is True

    def read_flag(self, name: str, options: object) -> bool:
        """Return a setting that is said once, at the start.

        Args:
            name: `progress` or `texts`.
            options: the client's `initializationOptions`.
        """
        own = own_section(options)
        return self._flag(name, own if isinstance(own, Mapping) else None)

    def read_user_data(self, options: object) -> str | None:
        """Return the folder where a VS Code keeps the user's own files. It is said once, at the start.

        Args:
            options: the client's `initializationOptions`.
        """
        own = own_section(options)
        value = own.get("userData") if isinstance(own, Mapping) else None
        if value is None or (isinstance(value, str) and os.path.isabs(value)):  # noqa: PTH117 - a NUL is no error here
            return value
        self.warnings.append("The setting `userData` is no absolute path; it is ignored.")
        return None

    def _answer_timeout(self, value: object) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is None or (is_number and 0 < value < LONGEST_ANSWER):  # type: ignore[operator]
            return DEFAULT_ANSWER if value is None else float(value)  # type: ignore[arg-type]
        self.warnings.append(
            f"The setting `answerTimeout` is no positive number of seconds; {DEFAULT_ANSWER:g} is used."
        )
        return DEFAULT_ANSWER

    def read_client(self, options: object) -> ClientOptions:
        """Return what the client opted in to. It is said once, at the start: servers are told when they are connected.

        Args:
            options: the client's `initializationOptions`.
        """
        own = own_section(options)
        client = own.get("client") if isinstance(own, Mapping) else None
        if client is None:
            return ClientOptions()
        if not isinstance(client, Mapping):
            self.warnings.append("The setting `client` is no object; it is ignored.")
            return ClientOptions()
        modes = {name: self._modes(name, client.get(name)) for name in ("elicitation", "sampling")}
        return ClientOptions(**modes, input=client.get("input") is True, commands=client.get("commands") is True)

    def _modes(self, name: str, value: object) -> Mapping[str, Any] | None:
        if value is None or value is False:
            return None
        if value is True:
            everything: Mapping[str, Any] = getattr(ALL_MODES, name)
            return everything
        if isinstance(value, Mapping) and all(isinstance(mode, Mapping) for mode in value.values()):
            return value
        self.warnings.append(f"The setting `client.{name}` is neither true nor false nor an object; it is ignored.")
        return None

    def current_timeouts(self) -> Timeouts:
        """The timeouts that hold where a request brings none of its own."""
        return self.timeouts
