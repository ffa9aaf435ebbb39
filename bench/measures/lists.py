"""A list of 5,000 tools over stdio, on one page and on fifty, against FastMCP's Client.

The clock starts when the list is asked for. It stops when the client has parsed the whole of it. The server's own work
is in both; it is the same on either side.
"""

import time

from bench.direct import Direct
from bench.editor import Editor
from bench.effort import Effort
from bench.row import Budget, Row, compared
from bench.servers import MANY, MANY_PAGES, TOOLS, Server

ROUNDS = 10
BUDGET = Budget("ratio", 1.3)


def measure(effort: Effort) -> list[Row]:
    return [_against(MANY, effort), _against(MANY_PAGES, effort)]


def _against(server: Server, effort: Effort) -> Row:
    ours, reference = [], []
    with Editor.ready() as editor, Direct(server) as direct:
        editor.request("mcp/connect", server.target)
        _list(editor)
        direct.list_tools()
        for _ in effort.rounds(ROUNDS):
            ours.append(_list(editor))
            seconds, count = direct.list_tools()
            assert count == TOOLS
            reference.append(seconds)
    return compared(server.name, "ms", ours, reference, "FastMCP Client", BUDGET, 1e3)


def _list(editor: Editor) -> float:
    started = time.perf_counter()
    tools = editor.request("mcp/tools/list")["tools"]
    seconds = time.perf_counter() - started
    assert len(tools) == TOOLS
    return seconds
