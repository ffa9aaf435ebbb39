"""Header annotations: which arguments of a tool go into HTTP headers too (MCP 2026-07-28, "Tools: x-mcp-header")."""

from collections.abc import Mapping, Sequence
from typing import Any

from mcp.shared.inbound import find_invalid_x_mcp_header, mcp_param_headers, x_mcp_header_map

from mcp_sidecar.connection.errors import ProtocolError
from mcp_sidecar.connection.problems import PROBLEM_LIMIT, Problem

Tool = Mapping[str, Any]
"""A tool as `tools/list` shows it."""


def param_headers(tool: Tool, arguments: object) -> dict[str, str]:
    """The headers of a call.

    Args:
        tool: the tool that is called.
        arguments: those of the call; what is no object goes into no header.

    Raises:
        ProtocolError: its annotations break the protocol; a client must not use such a tool over HTTP.
    """
    if (fault := _fault(tool)) is not None:
        raise ProtocolError(
            f"The tool {tool['name']!r} can't be called over HTTP: {fault}.",
            suggestion="Mend the x-mcp-header annotations in its inputSchema; clients have to pass over such a tool.",
            details={"problems": [fault]},
        )
    if not isinstance(arguments, Mapping):
        return {}
    return mcp_param_headers(x_mcp_header_map(tool.get("inputSchema")), arguments)


def faults(tools: Sequence[object]) -> list[Problem]:
    """What is wrong with the annotations of these tools, at most one problem each."""
    found = [
        Problem("protocol", f"$.tools[{index}].inputSchema", fault)
        for index, tool in enumerate(tools)
        if isinstance(tool, dict) and (fault := _fault(tool)) is not None
    ]
    return found[:PROBLEM_LIMIT]


def _fault(tool: Tool) -> str | None:
    try:
        return find_invalid_x_mcp_header(tool.get("inputSchema"))
    except RecursionError:
        return "its inputSchema is nested too deep to be searched for x-mcp-header"
