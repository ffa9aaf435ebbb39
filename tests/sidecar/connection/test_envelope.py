"""What goes along with a request besides its method and params."""

import pytest

from mcp_sidecar.connection.channel import Message
from mcp_sidecar.connection.envelope import Envelope


@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("tools/call", {"name": "echo"}, "echo"),
        ("resources/read", {"uri": "note:1"}, "note:1"),
        ("tasks/get", {"taskId": "t-1"}, "t-1"),
        ("tasks/update", {"taskId": "t-1"}, "t-1"),
        ("tasks/cancel", {"taskId": "t-1"}, "t-1"),
        ("tools/list", {}, None),
    ],
)
def test_what_a_request_is_about_is_in_a_header_of_modern_http(
    method: str, params: dict[str, str], name: str | None
) -> None:
    message: Message = {"jsonrpc": "2.0", "id": 1, "method": method}
    headers = Envelope().stamp(message, params, version="2026-07-28", transport="streamable-http", tools={})
    found = {key.lower(): value for key, value in headers.items()}
    assert found.get("mcp-name") == name
    assert found["mcp-method"] == method
