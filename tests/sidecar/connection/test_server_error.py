"""The words for a server's own error: its message, the next step, and the error as it came."""

import pytest

from mcp_sidecar.connection.server_error import server_error


@pytest.mark.parametrize(
    ("code", "method", "advice"),
    [
        (-32601, "x/y", "does not know this method"),
        (-32602, "tools/call", "inputSchema"),
        (-32602, "resources/read", "resources and templates that it lists"),
        (-32002, "resources/read", "resources and templates that it lists"),
        (-32602, "prompts/get", "prompts that it lists"),
        (-32602, "x/y", "documentation"),
        (-32002, "tools/call", "log"),
        (-32000, "resources/read", "log"),
    ],
)
def test_an_error_says_what_to_do(code: int, method: str, advice: str) -> None:
    came = {"code": code, "message": "no", "data": {"x": 1}}
    error = server_error(came, method)
    assert (error.message, error.details) == ("no", {"error": came})
    assert advice in error.suggestion


def test_an_error_without_a_message_has_one() -> None:
    assert server_error({"code": 7, "message": ""}, "ping").message == (
        "The server answered with error 7 and no message."
    )
