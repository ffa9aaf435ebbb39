"""How long to wait: for a connection, for an answer (progress may put it off), for a person. All are independent."""

import math
from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcp_sidecar.connection.errors import MalformedTarget

CONNECT_VARIABLE: Final = "MCP_TEST_CONNECT_TIMEOUT"
CALL_VARIABLE: Final = "MCP_TEST_CALL_TIMEOUT"
MAX_CALL_VARIABLE: Final = "MCP_TEST_MAX_CALL_TIMEOUT"
LOGIN_VARIABLE: Final = "MCP_TEST_LOGIN_TIMEOUT"
DEFAULT_CONNECT: Final = 30.0
"""Seconds."""
DEFAULT_CALL: Final = 60.0
"""Seconds."""
DEFAULT_MAX_CALL: Final = 600.0
"""Seconds."""
DEFAULT_LOGIN: Final = 300.0
"""Seconds: enough to find a password and a second factor."""


@attrs.frozen(kw_only=True)
class Timeouts:
    """The time allowed, in seconds."""

    connect: float = DEFAULT_CONNECT
    call: float = DEFAULT_CALL
    max_call: float = DEFAULT_MAX_CALL
    """Up to which progress extends `call`; where `call` is longer, that one counts."""
    login: float = DEFAULT_LOGIN
    """For a person who logs in."""

    def overridden(
        self,
        *,
        connect: float | None = None,
        call: float | None = None,
        max_call: float | None = None,
        login: float | None = None,
    ) -> "Timeouts":
        """Return these timeouts with a request's own in front.

        Args:
            connect: the request's `connectTimeout` in seconds; None keeps this one.
            call: the request's `callTimeout` in seconds; None keeps this one.
            max_call: the request's `maxCallTimeout` in seconds; None keeps this one.
            login: the request's `loginTimeout` in seconds; None keeps this one.

        Raises:
            MalformedTarget: a value is no positive finite number; names the field.
        """
        return Timeouts(
            connect=self.connect if connect is None else checked_timeout("connectTimeout", connect),
            call=self.call if call is None else checked_timeout("callTimeout", call),
            max_call=self.max_call if max_call is None else checked_timeout("maxCallTimeout", max_call),
            login=self.login if login is None else checked_timeout("loginTimeout", login),
        )


def read_timeouts(settings: Mapping[str, Any] | None, environ: Mapping[str, str]) -> tuple[Timeouts, list[str]]:
    """Return the timeouts that hold unless a request brings its own.

    Settings win over the environment, which wins over the defaults; a value that is no positive finite number is
    passed over with a warning.

    Args:
        settings: `initializationOptions.mcp`; its `connectTimeout`, `callTimeout`, `maxCallTimeout` and `loginTimeout`
            are read.
        environ: the environment; `MCP_TEST_CONNECT_TIMEOUT`, `MCP_TEST_CALL_TIMEOUT`,
            `MCP_TEST_MAX_CALL_TIMEOUT` and `MCP_TEST_LOGIN_TIMEOUT` are read.

    Returns:
        The timeouts, and one sentence for each value that was refused.
    """
    settings = settings or {}
    warnings: list[str] = []

    def chosen(field: str, variable: str, default: float) -> float:
        candidates = [(field, settings.get(field)), (variable, environ.get(variable))]
        seconds, refused = _first_valid(candidates, default)
        warnings.extend(refused)
        return seconds

    timeouts = Timeouts(
        connect=chosen("connectTimeout", CONNECT_VARIABLE, DEFAULT_CONNECT),
        call=chosen("callTimeout", CALL_VARIABLE, DEFAULT_CALL),
        max_call=chosen("maxCallTimeout", MAX_CALL_VARIABLE, DEFAULT_MAX_CALL),
        login=chosen("loginTimeout", LOGIN_VARIABLE, DEFAULT_LOGIN),
    )
    return timeouts, warnings


def checked_timeout(field: str, value: object) -> float:
    """Return a timeout that came with a request, in seconds.

    Raises:
        MalformedTarget: it is no positive finite number; names the field.
    """
    seconds = _seconds(value)
    if seconds is None:
        raise MalformedTarget(
            f"`{field}` is {_shown(value)}, which is no positive number of seconds.",
            suggestion=f"Leave `{field}` out for the default, or pass a number such as 30.",
            field=field,
        )
    return seconds


def _first_valid(candidates: list[tuple[str, object]], default: float) -> tuple[float, list[str]]:
    refused: list[tuple[str, object]] = []
    chosen: float | None = None
    for name, value in candidates:
        if value is None:
            continue
        # The environment's values are text; a text among the settings is a mistake that must be named.
        seconds = _seconds_of_text(value) if isinstance(value, str) and name.isupper() else _seconds(value)
        if seconds is None:
            refused.append((name, value))
        elif chosen is None:
            chosen = seconds
    used = default if chosen is None else chosen
    instead = f"{'the default, ' if chosen is None else ''}{used:g} s{',' if chosen is None else ''} is used instead"
    return used, [
        f"{name} is {_shown(value)}, which is no positive number of seconds; {instead}." for name, value in refused
    ]


def _seconds_of_text(text: str) -> float | None:
    try:
        return _seconds(float(text))
    except ValueError:
        return None


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _shown(value: object) -> str:
    try:
        text = ascii(value)
    except ValueError:  # an int with more digits than CPython is willing to print
        return "a number beyond all bounds"
    return text if len(text) <= 60 else text[:60] + "…"
