"""The MCP servers that both sides are measured with."""

import sys
from pathlib import Path

import attrs

from bench.editor import Json

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(__file__).parent / "programs"
_EVERYTHING = ROOT / "tests/servers/node_modules/@modelcontextprotocol/server-everything/dist/index.js"


@attrs.frozen
class Server:
    """A stdio server: the same command for the sidecar and for the reference."""

    name: str
    command: str
    args: tuple[str, ...]

    @property
    def target(self) -> Json:
        """The params of `mcp/connect`."""
        return {"command": self.command, "args": list(self.args)}

    @property
    def argv(self) -> list[str]:
        return [self.command, *self.args]


RAW = Server("raw.py", sys.executable, (str(ROOT / "tests/servers/raw.py"),))
"""Hand-written and fast: what is measured with it is mostly the client."""

FASTMCP = Server("a FastMCP server", sys.executable, (str(PROGRAMS / "fastmcp_server.py"),))
"""What most people have."""

EVERYTHING = Server("server-everything", "node", (str(_EVERYTHING), "stdio"))
"""The protocol's own test server, from npm."""

TOOLS = 5000

_MANY = str(ROOT / "tests/servers/many.py")

MANY = Server(f"{TOOLS} tools on one page", sys.executable, (_MANY, "--tools", str(TOOLS)))
"""Generated tools, each with a schema of its arguments and of its results."""

MANY_PAGES = Server(f"{TOOLS} tools on 50 pages", sys.executable, (*MANY.args, "--page", str(TOOLS // 50)))
