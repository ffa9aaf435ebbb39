"""The official conformance suite of MCP, run through the sidecar's own wire."""
