"""The JSON-RPC error that a server answered with, as an error of ours."""

from collections.abc import Mapping
from typing import Any, Final

from mcp_types import INVALID_PARAMS, METHOD_NOT_FOUND, URL_ELICITATION_REQUIRED

from mcp_sidecar.connection.errors import ServerError

_URLS_SHOWN: Final = 5

_NOT_ACCEPTED: Final = {
    "tools/call": "compare the arguments with the tool's inputSchema.",
    "resources/read": "compare the URI with the resources and templates that it lists.",
    "resources/subscribe": "compare the URI with the resources and templates that it lists.",
    "prompts/get": "compare name and arguments with the prompts that it lists.",
    "completion/complete": "compare `ref` and `argument` with the prompts and templates that it lists.",
}
"""What to do about params that the server does not accept, by method."""

_RESOURCE_NOT_FOUND: Final = -32002
"""MCP 2025-11-25, "Resources: Error Handling"; -32602 from 2026-07-28 on."""


def server_error(error: Mapping[str, Any], method: str) -> ServerError:
    """The error with the next step; the server's own is in its details as it came.

    Args:
        error: as it came.
        method: of the request.
    """
    if error["code"] == URL_ELICITATION_REQUIRED and (urls := _urls_to_visit(error.get("data"))):
        return ServerError(
            error["message"] or "The server wants a page to be visited first.",
            suggestion=f"Visit {' and '.join(urls)}, if you trust it; then send the request again.",
            details={"error": error, "urls": urls},
        )
    return ServerError(
        error["message"] or f"The server answered with error {error['code']} and no message.",
        suggestion=_advice(error["code"], method),
        details={"error": error},
    )


def _advice(code: int, method: str) -> str:
    if code == METHOD_NOT_FOUND:
        return "The server does not know this method; see the capabilities in its status."
    if code == INVALID_PARAMS or (code == _RESOURCE_NOT_FOUND and method.startswith("resources/")):
        return f"The server does not accept these params: {_NOT_ACCEPTED.get(method, 'see its documentation.')}"
    return "Look into the server's log for the cause."


def _urls_to_visit(data: object) -> list[str]:
    """Where a URLElicitationRequiredError sends the person (MCP 2025-11-25, "Elicitation: Error Handling")."""
    elicitations = data.get("elicitations") if isinstance(data, Mapping) else None
    if not isinstance(elicitations, list):
        return []
    found = [item.get("url") for item in elicitations if isinstance(item, Mapping)]
    return [url for url in found if isinstance(url, str)][:_URLS_SHOWN]
