"""The handshake as the server answered it: what it says of the server, and what went wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import pydantic
from mcp import MCPError
from mcp_types import SERVER_INFO_META_KEY
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from mcp_sidecar.connection.errors import ProtocolError, ServerError, SidecarError
from mcp_sidecar.connection.status import ServerInfo


@attrs.frozen
class LocalError:
    """Carries an error of ours through the SDK's error objects, as their data: no server can send one."""

    error: SidecarError


def introduction(said: Mapping[str, Any], *, modern: bool) -> Mapping[str, Any]:
    """What the server calls itself, as it came: `serverInfo`.

    Args:
        said: the result of the handshake, as it came.
        modern: whether it is one of the 2026-07-28 era.
    """
    info = (said.get("_meta") or {}).get(SERVER_INFO_META_KEY) if modern else said.get("serverInfo")
    return info if isinstance(info, dict) else {}


def introduced(said: Mapping[str, Any], version: str, pinned: str | None) -> ServerInfo:
    """What the server said of itself.

    Args:
        said: the result of the handshake, as it came.
        version: the negotiated version.
        pinned: the only version that is wanted, if there is one.

    Raises:
        ProtocolError: it is another version than the pinned one.
    """
    if pinned is not None and version != pinned:
        raise ProtocolError(
            f"The server answered protocol version {pinned} with {version}.",
            suggestion=f"Set protocolVersion to {version} or auto.",
            details={"asked": pinned, "answered": version},
        )
    modern = version in MODERN_PROTOCOL_VERSIONS
    info = introduction(said, modern=modern)
    instructions = said.get("instructions")
    capabilities = said.get("capabilities")
    title = info.get("title")
    return ServerInfo(
        name=str(info.get("name", "")),
        version=str(info.get("version", "")),
        title=title if isinstance(title, str) else None,
        protocol_version=version,
        capabilities=capabilities if isinstance(capabilities, dict) else {},
        instructions=instructions if isinstance(instructions, str) else None,
    )


def refused(error: MCPError, protocol: str, *, violations: Sequence[str], suspicion: str) -> SidecarError:
    """The error for a handshake that was answered with an error, or failed below.

    Args:
        error: as the session raised it.
        protocol: the version that was asked for, `auto` or `legacy`.
        violations: how the server broke the protocol.
        suspicion: see `Diagnosis.suspicion`.
    """
    local = error.error.data
    if isinstance(local, LocalError):
        return local.error
    other = "legacy" if protocol in MODERN_PROTOCOL_VERSIONS else "auto"
    also = "" if protocol == other else f"; try protocolVersion {other}"
    return ServerError(
        f"The server refused the handshake: {error.error.message or 'no message'} (code {error.error.code})."
        f"{suspicion}",
        suggestion=f"Look into the server's log{also}.",
        details={
            "error": error.error.model_dump(by_alias=True, mode="json", exclude_unset=True),
            **({"violations": list(violations)} if violations else {}),
        },
    )


def no_common_version(said: Mapping[str, Any], error: RuntimeError) -> ProtocolError:
    """The error for a handshake that was answered, with a version that nobody here knows."""
    offered = said.get("supportedVersions") or said.get("protocolVersion")
    return ProtocolError(
        f"The server speaks protocol version {offered}, which is unknown here." if offered else str(error),
        suggestion=f"Known are {', '.join(KNOWN_PROTOCOL_VERSIONS)}; update the server, or the sidecar.",
        details={"offered": offered, "known": list(KNOWN_PROTOCOL_VERSIONS)},
    )


def malformed(error: pydantic.ValidationError) -> ProtocolError:
    """The error for an answer that is none."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return ProtocolError(
        f"The server's answer to the handshake breaks the protocol: {where}: {first['msg']}.",
        suggestion="Mend the server's initialize (or server/discover) result.",
        details={"problems": [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()][:20]},
    )
