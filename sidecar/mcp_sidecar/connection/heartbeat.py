"""The heartbeat: looks after an idle server that would not be heard dying."""

import asyncio
import logging
from typing import TYPE_CHECKING

from mcp_sidecar.connection.errors import (
    ConnectionLost,
    ProtocolError,
    ServerError,
    SidecarError,
    TimedOut,
    TransportError,
)

if TYPE_CHECKING:
    from mcp_sidecar.connection.link import Link

logger = logging.getLogger(__name__)

INTERVAL = 3.0
"""Seconds between looks at an idle server; its death must be noticed within five."""

SECOND_LOOK = 0.5
"""Seconds after a heartbeat that failed until the one that decides."""

TIMEOUT = 1.5
"""Seconds for a heartbeat's answer. A server that is late is busy, not dead."""

GATEWAY_STATUSES = (502, 503, 504)
"""HTTP statuses by which a proxy says that the server behind it is gone."""


async def beat(link: "Link") -> None:
    """Ask a link's server again and again while nothing else is heard of it, and end the link when it is gone."""
    loop = asyncio.get_running_loop()
    failures = 0
    while not link.lost.done():
        await asyncio.sleep(SECOND_LOOK if failures else INTERVAL)
        if link.hears_loss or (failures == 0 and loop.time() - link.heard_at < INTERVAL / 2):
            continue
        try:
            await link.ping(timeout=TIMEOUT, quiet=True)
        except (ServerError, TimedOut, ProtocolError):
            failures = 0  # it answered, or it is busy: not dead
        except ConnectionLost:
            return
        except TransportError as error:
            if error.details.get("httpStatus") not in (None, *GATEWAY_STATUSES):
                failures = 0  # it answered, if not in MCP's terms: not dead
                continue
            failures += 1
            if failures > 1:
                link.ended(ConnectionLost(error.message, suggestion=error.suggestion, details=error.details))
        except SidecarError as error:
            logger.debug("heartbeat: %s", error.message)
        else:
            failures = 0
