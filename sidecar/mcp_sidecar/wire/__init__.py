"""JSON-RPC to the editor: stdio frames, typed methods, error mapping. Knows no MCP.

`create_server` makes a server of a table of methods, `run` serves it on the process's stdin and stdout.
"""
