"""The domain: one truthful connection to one MCP server. Knows no editor.

Nothing heavy is imported here: the MCP stack costs a second of start-up, so the modules that need it
(`link` and the transports) are imported by `ConnectionManager` when the first connection is made.
"""

from mcp_sidecar.connection.manager import ConnectionManager
from mcp_sidecar.connection.status import ConnectionStatus
from mcp_sidecar.connection.target import Target

__all__ = ["ConnectionManager", "ConnectionStatus", "Target"]
