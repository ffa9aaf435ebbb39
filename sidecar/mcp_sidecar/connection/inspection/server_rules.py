"""The rules about a server as a whole: what it says of itself."""

from collections.abc import Iterator

from mcp_sidecar.connection.inspection import rules
from mcp_sidecar.connection.inspection.finding import Finding, Place
from mcp_sidecar.connection.inspection.item_rules import judge_icons, judge_length
from mcp_sidecar.connection.inspection.presentation import Presentation

SERVER = Place(kind="server")

RECENT = "2025-06-18"
"""The version that brought structured output, elicitation, titles and resource links; before it, hosts fall back."""


def judge_server(presentation: Presentation) -> Iterator[Finding]:
    """Yield what is wrong with how a server introduces itself."""
    server = presentation.server
    if not server.name.strip():
        yield rules.SERVER_NAME.at(
            SERVER.at("$.name"), "the server gives itself no name", "give it one: it is shown to users"
        )
    if not server.version.strip():
        yield rules.SERVER_VERSION.at(SERVER.at("$.version"), "the server gives no version of itself", "give one")
    if not (server.instructions or "").strip():
        yield rules.SERVER_INSTRUCTIONS.at(
            SERVER.at("$.instructions"), "the server has no instructions", "say when and how its tools are to be used"
        )
    else:
        yield from judge_length(server.instructions or "", SERVER.at("$.instructions"), "the text of the instructions")
    if server.protocol_version < RECENT and not presentation.pinned:
        yield rules.OLD_PROTOCOL.at(
            SERVER.at("$.protocolVersion"),
            f"the server speaks {server.protocol_version} at most: no structured output, no elicitation",
            "update the library that it is made with",
        )
    yield from judge_icons(presentation.introduction.get("icons"), SERVER)
