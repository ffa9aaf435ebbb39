"""The one table of methods: what is routed, documented and checked follows from it."""

from mcp_sidecar.connection.configured.report import ServersReport
from mcp_sidecar.connection.inspection.options import InspectionOptions
from mcp_sidecar.connection.inspection.report import Inspection
from mcp_sidecar.connection.logs import LogEntry, LogReport
from mcp_sidecar.connection.offers import Offers
from mcp_sidecar.connection.status import ConnectionStatus
from mcp_sidecar.connection.target import Preview, Target
from mcp_sidecar.connection.trace import TraceReport
from mcp_sidecar.server.form_fields import Checked, Fields
from mcp_sidecar.server.items import Items
from mcp_sidecar.server.params import (
    CallToolParams,
    CheckParams,
    CompleteParams,
    ConsentParams,
    Entered,
    FieldsParams,
    GetPromptParams,
    ItemsParams,
    LogParams,
    OffersParams,
    PageParams,
    PrefillParams,
    RequestParams,
    ResourceParams,
    SetLevelParams,
    ShowParams,
    StatusParams,
    SummaryParams,
    TaskParams,
    TraceParams,
)
from mcp_sidecar.server.results import Decided, InputQuestion, Page, Prefilled, Summary
from mcp_sidecar.wire.methods import ClientMethod, Method, Notification
from mcp_sidecar.wire.payload import Raw

METHODS = (
    Method("mcp/connect", Target, ConnectionStatus),
    Method("mcp/disconnect", None, ConnectionStatus),
    Method("mcp/reconnect", None, ConnectionStatus),
    Method("mcp/status", StatusParams, ConnectionStatus),
    Method("mcp/resolve", Target, Preview),
    Method("mcp/servers", None, ServersReport),
    Method("mcp/offers", OffersParams, Offers),
    Method("mcp/consent", ConsentParams, Decided),
    Method("mcp/trace", TraceParams, TraceReport),
    Method("mcp/log", LogParams, LogReport),
    Method("mcp/inspect", InspectionOptions, Inspection),
    Method("mcp/ping", RequestParams, Raw),
    Method("mcp/tools/list", PageParams, Raw),
    Method("mcp/tools/call", CallToolParams, Raw),
    Method("mcp/resources/list", PageParams, Raw),
    Method("mcp/resources/templates/list", PageParams, Raw),
    Method("mcp/resources/read", ResourceParams, Raw),
    Method("mcp/resources/subscribe", ResourceParams, Raw),
    Method("mcp/resources/unsubscribe", ResourceParams, Raw),
    Method("mcp/prompts/list", PageParams, Raw),
    Method("mcp/prompts/get", GetPromptParams, Raw),
    Method("mcp/completion/complete", CompleteParams, Raw),
    Method("mcp/logging/setLevel", SetLevelParams, Raw),
    Method("mcp/tasks/list", PageParams, Raw),
    Method("mcp/tasks/get", TaskParams, Raw),
    Method("mcp/tasks/result", TaskParams, Raw),
    Method("mcp/tasks/cancel", TaskParams, Raw),
    Method("mcp/items", ItemsParams, Items),
    Method("mcp/prefill", PrefillParams, Prefilled),
    Method("mcp/fields", FieldsParams, Fields),
    Method("mcp/check", CheckParams, Checked),
    Method("mcp/summary", SummaryParams, Summary),
    Method("mcp/show", ShowParams, None),
)
"""Requests of the client."""

OWN_METHODS = frozenset(method.name for method in METHODS if method.result is not Raw)
"""Those of them that are the sidecar's own; the others pass through."""

STATUS_CHANGED = "mcp/didChangeStatus"
LOGGED = "mcp/didLog"
SHOWN = "mcp/didShow"
SUBSCRIPTION_ENDED = "mcp/didEndSubscription"

SERVER_NOTIFICATIONS = (
    "notifications/progress",
    "notifications/message",
    "notifications/cancelled",
    "notifications/tools/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/prompts/list_changed",
    "notifications/tasks/status",
    "notifications/subscriptions/acknowledged",
    "notifications/elicitation/complete",
)
"""What MCP servers push; each goes on under `mcp/`."""

NOTIFICATIONS = (
    Notification(STATUS_CHANGED, ConnectionStatus),
    Notification(LOGGED, LogEntry),
    Notification(SHOWN, Page),
    Notification(SUBSCRIPTION_ENDED, Raw),
    *(Notification(f"mcp/{name}", Raw) for name in SERVER_NOTIFICATIONS),
)
"""Pushes of the sidecar."""

ELICITATION = "mcp/elicitation/create"
SAMPLING = "mcp/sampling/createMessage"
INPUT = "mcp/input"

CLIENT_METHODS = (
    ClientMethod(ELICITATION, Raw, Raw),
    ClientMethod(SAMPLING, Raw, Raw),
    ClientMethod(INPUT, InputQuestion, Entered),
)
"""Requests of the sidecar, to a client that opted in by `initializationOptions.mcp.client`."""


def command_id(method: str) -> str:
    """The `workspace/executeCommand` command of a method: `mcpSidecar.tools.call` for `mcp/tools/call`."""
    return "mcpSidecar." + method.removeprefix("mcp/").replace("/", ".")


def passed_through(name: str) -> Method | None:
    """The method of a name that the table does not have; None where no server may be asked for it."""
    mcp = name.removeprefix("mcp/")
    if mcp in ("", name) or name in _OWN:
        return None
    return Method(name, RequestParams, Raw)


def method_of_command(command: str) -> str | None:
    """The method that a command stands for; see `command_id`."""
    name = command.removeprefix("mcpSidecar.")
    return None if name == command else "mcp/" + name.replace(".", "/")


_OWN = (STATUS_CHANGED, LOGGED, SHOWN, SUBSCRIPTION_ENDED)
"""Names of the sidecar's own pushes, which are no requests: no server would know them."""
