"""The fields of a server's entry in a configuration file, in the words of all tools, and how a target has them."""

# Lists of words are read more easily as words.
# ruff: noqa: SIM905

import sys
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeGuard

from mcp_sidecar.connection.status import Transport

TYPES: Final[Mapping[str, Transport]] = {
    "stdio": "stdio",
    "local": "stdio",
    "http": "streamable-http",
    "streamable-http": "streamable-http",
    "streamableHttp": "streamable-http",
    "streamable_http": "streamable-http",
    "sse": "sse",
}
"""What `type` or `transport` may be, in the words of all tools."""

TARGET_TYPES: Final[Mapping[Transport, Literal["stdio", "http", "sse"]]] = {
    "stdio": "stdio",
    "streamable-http": "http",
    "sse": "sse",
}
"""The `type` of a target."""

STDIO_FIELDS: Final = ("command", "args", "env", "envFile", "cwd")
HTTP_FIELDS: Final = ("url", "headers", "auth", "oauth")
COMMON_FIELDS: Final = ("type", "transport", "disabled", "enabled", "timeout")

UNUSED_FIELDS: Final = frozenset(
    # VS Code
    "dev gallery version sandbox sandboxEnabled "
    # Claude Code
    "alwaysLoad headersHelper "
    # Cursor and those that followed it
    "autoApprove alwaysAllow disabledTools enabledTools name trust "
    # FastMCP
    "description icon keep_alive sse_read_timeout authentication tools include_tags exclude_tags".split()
)
"""What tools know and the sidecar has no use for."""

KNOWN_FIELDS: Final = frozenset({*STDIO_FIELDS, *HTTP_FIELDS, *COMMON_FIELDS, *UNUSED_FIELDS})

_LEFT_OUT: Final = frozenset({"transport", "disabled", "enabled", "timeout", *UNUSED_FIELDS})


def as_target(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as it stands in a file as the JSON of a target; what is wrong with it is left as it is.

    Numbers in `env` become their text, the words for a transport those of a target, `timeout` (milliseconds) becomes
    `callTimeout` (seconds) unless that is given, and what says nothing about the connection is left out. What has
    neither `url` nor `command` is no entry, and stays as it is.
    """
    if entry.get("url") is None and entry.get("command") is None:
        return dict(entry)
    target = {name: value for name, value in entry.items() if name not in _LEFT_OUT}
    kind = entry.get("type") or entry.get("transport")
    if kind is not None:
        target["type"] = TARGET_TYPES[TYPES[kind]] if isinstance(kind, str) and kind in TYPES else kind
    if isinstance(env := entry.get("env"), dict):
        target["env"] = {name: str(value) if _is_number(value) else value for name, value in env.items()}
    timeout = entry.get("timeout")
    if target.get("callTimeout") is None and _is_number(timeout) and 0 < timeout <= sys.float_info.max:
        target["callTimeout"] = timeout / 1000
    return target


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
