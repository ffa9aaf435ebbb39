"""The JSON-RPC error that a server answered with, as an error of ours."""

from collections.abc import Mapping
from typing import Any, Final

from mcp_types import URL_ELICITATION_REQUIRED

from mcp_sidecar.connection.errors import ServerError

_URLS_SHOWN: Final = 5

_CODE_ADVICE: Final = {
    -32601: "The server does not know this method; see the capabilities in its status.",
    -32602: "The server does not accept these params; compare them with the schema it publishes.",
}


def server_error(error: Mapping[str, Any]) -> ServerError:
    """The error with the next step; the server's own is in its details as it came."""
    if error["code"] == URL_ELICITATION_REQUIRED and (urls := _urls_to_visit(error.get("data"))):
        return ServerError(
            error["message"] or "The server wants a page to be visited first.",
            suggestion=f"Visit {' and '.join(urls)}, if you trust it; then send the request again.",
            details={"error": error, "urls": urls},
        )
    return ServerError(
        error["message"] or f"The server answered with error {error['code']} and no message.",
        suggestion=_CODE_ADVICE.get(error["code"], "Look into the server's log for the cause."),
        details={"error": error},
    )


def _urls_to_visit(data: object) -> list[str]:
    """Where a URLElicitationRequiredError sends the person (MCP 2025-11-25, "Elicitation: Error Handling")."""
    elicitations = data.get("elicitations") if isinstance(data, Mapping) else None
    if not isinstance(elicitations, list):
        return []
    found = [item.get("url") for item in elicitations if isinstance(item, Mapping)]
    return [url for url in found if isinstance(url, str)][:_URLS_SHOWN]
