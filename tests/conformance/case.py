"""`Case`: one scenario seen from the editor: its server, and the sidecar between."""

from typing import Any

import attrs

from tests.sidecar.harness import Editor, Json, ResponseError

PROBLEMS = "mcp-sidecar/problems"

PATIENCE = 100.0
"""Seconds for one answer: as good as no limit, the adapter has one for all of them."""

CLIENT_METADATA_URL = "https://conformance-test.local/client-metadata.json"
"""The client id that the suite knows by its metadata document."""


@attrs.frozen
class Case:
    """What a scenario works with."""

    editor: Editor
    url: str
    """The server of the scenario."""
    version: str
    """The protocol version that it is about."""
    context: Json
    """What the suite hands to this scenario."""

    async def connect(self, **fields: Any) -> Json:
        """Connect as a user would, naming no version; gives the status."""
        status = await self.editor.connect(timeout=PATIENCE, url=self.url, **fields)
        assert status["state"] == "connected"
        assert status["error"] is None
        assert status["target"]["transport"] == "streamable-http"
        assert status["server"]["protocolVersion"] == self.version
        return status

    async def request(self, method: str, params: Json = None) -> Json:
        """Send a request whose result must have no problems."""
        return await self.editor.flawless(method, params, timeout=PATIENCE)

    async def refused(self, method: str, params: Json) -> ResponseError:
        """Send a request that must fail; gives the error."""
        return await self.editor.refused(f"mcp/{method}", params, timeout=PATIENCE)

    async def tools(self) -> dict[str, Json]:
        """The tools as they are listed, by name."""
        return {tool["name"]: tool for tool in (await self.request("tools/list"))["tools"]}

    async def call(self, name: str, **arguments: Json) -> str:
        """Call a tool that answers with one text."""
        result = await self.request("tools/call", {"name": name, "arguments": arguments})
        (content,) = result["content"]
        assert content["type"] == "text"
        return content["text"]

    async def statistics(self) -> Json:
        """What the sidecar counted."""
        return (await self.editor.status())["statistics"]
