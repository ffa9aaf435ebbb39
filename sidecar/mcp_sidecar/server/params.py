"""The params of requests. Those of MCP are read as far as the sidecar must understand them; the rest passes through."""

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from mcp_sidecar.connection.target import Target
from mcp_sidecar.server.items import ItemKind
from mcp_sidecar.wire.payload import Passthrough, Raw, wire_name


@attrs.frozen(kw_only=True)
class RequestParams(Passthrough):
    """Params of any MCP request."""

    work_done_token: int | str | None = None
    """Progress is shown under it, as LSP has it; the server does not see it."""
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
class TaskParams(RequestParams):
    """Params of what is done with one task."""

    task_id: str


@attrs.frozen(kw_only=True)
class StatusParams:
    """Params of `mcp/status`."""

    verbose: bool = False
    """With how long the calls of each tool took."""
    as_text: bool = False
    """With a text to read."""


@attrs.frozen(kw_only=True)
class OffersParams:
    """Params of `mcp/offers`."""

    typed: str = ""
    """What the user typed so far."""
    document: str | None = None
    """The URI of the document that is being edited."""
    typed_only: bool = False
    """Whether nothing but `typed` is wanted: at each key, without reading the configuration files again."""


@attrs.frozen(kw_only=True)
class ConsentParams:
    """Params of `mcp/consent`: the answer to a question that the editor did not show."""

    id: str
    """As the error and the log tell it."""
    allow: bool
    connect: Target | None = None
    """What to connect to once it is allowed."""


@attrs.frozen(kw_only=True)
class Entered:
    """The answer to `mcp/input`."""

    value: str


@attrs.frozen(kw_only=True)
class TraceParams:
    """Params of `mcp/trace`."""

    as_text: bool = False
    """As one text to read, in place of the frames."""


@attrs.frozen(kw_only=True)
class LogParams:
    """Params of `mcp/log`."""

    as_text: bool = False
    """As one text to read, in place of the entries."""


@attrs.frozen(kw_only=True)
class ItemsParams:
    """Params of `mcp/items`."""

    kind: ItemKind


@attrs.frozen(kw_only=True)
class PrefillParams:
    """Params of `mcp/prefill`."""

    name: str
    """Of a tool or prompt; of a resource template, its `uriTemplate`."""
    kind: Literal["tool", "prompt", "resourceTemplate"] = "tool"
    """What it is the name of."""


@attrs.frozen(kw_only=True)
class FieldsParams:
    """Params of `mcp/fields`: exactly one of the two."""

    schema: Raw | None = None
    """The `requestedSchema` of an elicitation."""
    prompt: str | None = None
    """The name of a prompt, whose arguments are asked."""


@attrs.frozen(kw_only=True)
class CheckParams:
    """Params of `mcp/check`: a field's `schema`, and exactly one of `text` and `values`."""

    schema: Raw
    required: bool = False
    """Whether there must be an answer."""
    text: str | None = None
    """What was typed."""
    values: tuple[str, ...] | None = None
    """Those of the choices."""


@attrs.frozen(kw_only=True)
class SummaryParams:
    """Params of `mcp/summary`."""

    sampling: Raw
    """The params of `mcp/sampling/createMessage`."""


@attrs.frozen(kw_only=True)
class ShowParams:
    """Params of `mcp/show`: either `method`, or the open `document` whose arguments are sent."""

    method: str | None = None
    """An MCP method, without `mcp/`."""
    params: Raw | None = None
    """Of the method."""
    document: str | None = None
    """The URI of a document of arguments."""
    confirmed: bool = False
    """Whether the arguments may go to another server than the one that the document was made for."""
    open_whole: str | None = None
    """A `command:` or `file:` URI that opens the whole answer; a link where the page had to cut."""
    work_done_token: int | str | None = None
    """Progress is shown under it, as LSP has it."""
    open_part: str | None = None
    """A `command:` URI that opens or saves one of the page's parts, whose index it gets as its argument; a link."""
