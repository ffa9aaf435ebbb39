"""The params of requests. Those of MCP are read as far as the sidecar must understand them; the rest passes through."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from mcp_sidecar.wire.payload import Passthrough, Raw, wire_name


@attrs.frozen(kw_only=True)
class RequestParams(Passthrough):
    """Params of any MCP request."""

    meta: Mapping[str, Any] | None = attrs.field(default=None, metadata=wire_name("_meta"))


@attrs.frozen(kw_only=True)
class PageParams(RequestParams):
    """Params of a list. Without `cursor` all pages are returned, with it exactly that page."""

    cursor: str | None = None


@attrs.frozen(kw_only=True)
class CallToolParams(RequestParams):
    """Params of `tools/call`."""

    name: str
    arguments: Mapping[str, Any] | None = None


@attrs.frozen(kw_only=True)
class ResourceParams(RequestParams):
    """Params of what is done with one resource."""

    uri: str


@attrs.frozen(kw_only=True)
class GetPromptParams(RequestParams):
    """Params of `prompts/get`."""

    name: str
    arguments: Mapping[str, Any] | None = None


@attrs.frozen(kw_only=True)
class CompleteParams(RequestParams):
    """Params of `completion/complete`."""

    ref: Mapping[str, Any]
    argument: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class SetLevelParams(RequestParams):
    """Params of `logging/setLevel`."""

    level: str


@attrs.frozen(kw_only=True)
class PrefillParams:
    """Params of `mcp/prefill`."""

    tool: Mapping[str, Any]
    """As the answer to `mcp/tools/list` has it."""


@attrs.frozen(kw_only=True)
class SentRequest:
    """The request that an exchange began with."""

    method: str
    """An MCP method, without `mcp/`."""
    params: Raw | None = None


@attrs.frozen(kw_only=True)
class ReceivedError:
    """The error of a JSON-RPC response."""

    message: str
    code: int | None = None
    data: Raw | None = None


@attrs.frozen(kw_only=True)
class RenderParams:
    """Params of `mcp/render`: an exchange. Without `result` and `error`, it is still under way."""

    request: SentRequest
    at: datetime
    """When it was sent."""
    server: str | None = None
    """Whom it was sent to, as the user knows it."""
    result: Raw | None = None
    error: ReceivedError | None = None
    open_whole: str | None = None
    """A `command:` or `file:` URI that opens the whole result; a link where the page had to cut."""
