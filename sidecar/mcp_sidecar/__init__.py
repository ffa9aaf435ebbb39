"""MCP Sidecar: tries an MCP server from inside an editor, over LSP-style JSON-RPC.

Imports nothing: `python -m mcp_sidecar` runs this before the working directory is off the module path.
"""
