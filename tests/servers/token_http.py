"""A server over HTTP that wants a bearer token: `token_http.py PORT`; the token is `open-sesame`."""

import sys

from fastmcp import FastMCP
from fastmcp.server.auth.providers.jwt import StaticTokenVerifier

TOKEN = "open-sesame"

mcp = FastMCP("guarded", auth=StaticTokenVerifier(tokens={TOKEN: {"client_id": "test", "scopes": []}}))


@mcp.tool
def whisper() -> str:
    """Say something to those who may hear it."""
    return "psst"


if __name__ == "__main__":
    mcp.run(transport="http", port=int(sys.argv[1]), show_banner=False)
