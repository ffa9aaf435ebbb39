"""MCP servers to test against, good and nasty; each runs as a program of its own."""
