"""Sends text that an editor might take for its own markup, or of the wrong type. With `refuse`: refuses to connect.

Without any library, which would send nothing of the kind.
"""

import json
import sys
from typing import Any

LINK = "[Retry](command:workbench.action.closeActiveEditor)"
NAME = f"{LINK} $(error) *evil*"


def answer(request: dict[str, Any]) -> dict[str, Any]:
    if request["method"] == "initialize" and "refuse" in sys.argv:
        return {"error": {"code": -32000, "message": f"{LINK} or not"}}
    if request["method"] == "initialize":
        version = request["params"]["protocolVersion"]
        info = {"name": NAME, "version": "1"}
        return {"result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}}
    if request["method"] == "tools/list":
        schema = {"type": "object"}
        tools: list[dict[str, Any]] = [{"name": NAME, "description": "$(bug) bugs", "inputSchema": schema}]
        tools.append({"name": "untyped", "title": 7, "description": ["no", "text"], "inputSchema": 3})
        return {"result": {"tools": tools}}
    return {"error": {"code": -32601, "message": "unknown"}}


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer(message)}), flush=True)
