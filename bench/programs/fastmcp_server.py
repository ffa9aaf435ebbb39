"""A server to measure with, as most people write one: FastMCP on stdio."""

from fastmcp import FastMCP

server = FastMCP("bench")


@server.tool
def echo(text: str) -> str:
    """Says it back."""
    return text


if __name__ == "__main__":
    server.run(transport="stdio", show_banner=False, log_level="ERROR")
