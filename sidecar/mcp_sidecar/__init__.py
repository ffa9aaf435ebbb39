"""MCP Sidecar: tries an MCP server from inside an editor, over LSP-style JSON-RPC."""

from importlib.metadata import version

__version__ = version("mcp-sidecar")
