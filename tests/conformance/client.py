"""The client that the conformance suite runs: it starts the sidecar as an editor would, and drives it over its wire.

    python -m tests.conformance.client http://localhost:1234/mcp

`MCP_CONFORMANCE_SCENARIO`, `…_PROTOCOL_VERSION` and `…_CONTEXT` say what for. The suite sees MCP's wire alone; what
reaches the editor is asserted here, and a failed assertion is exit code 1.
"""

import asyncio
import json
import os
import sys

from tests.conformance.case import Case
from tests.conformance.scenarios import SCENARIOS
from tests.sidecar.harness import Editor

CAPABILITIES = {"window": {"showDocument": {"support": True}, "showMessage": {"messageActionItem": {}}}}
"""What an editor can do for a login: ask, and open a page."""

TIME_LIMIT = 100.0
"""Seconds for all of it; the suite would kill the adapter and leave the sidecar."""


async def main() -> None:
    """Run the scenario that the environment names."""
    scenario = SCENARIOS[os.environ["MCP_CONFORMANCE_SCENARIO"]]
    editor = await Editor.start()
    try:
        async with asyncio.timeout(TIME_LIMIT):
            case = Case(
                editor=editor,
                url=sys.argv[1],
                version=os.environ["MCP_CONFORMANCE_PROTOCOL_VERSION"],
                context=json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "null")),
            )
            await editor.initialize(
                params={"capabilities": CAPABILITIES}, client={"elicitation": True, "sampling": True}
            )
            await scenario(case)
    finally:
        await editor.close()


if __name__ == "__main__":
    asyncio.run(main())
