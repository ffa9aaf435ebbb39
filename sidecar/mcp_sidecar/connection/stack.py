"""Imports the MCP stack: late, off the event loop, and deaf to what a workspace says."""

import asyncio
import gc
import importlib
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from mcp_sidecar.connection.environment import OWN_VARIABLES

if TYPE_CHECKING:
    from mcp_sidecar.connection.link import Link

_NOWHERE = os.path.join(os.devnull, "none")  # noqa: PTH118 - a path that exists on no system
_LOCK = threading.Lock()
_imported = threading.Event()

QUIET_LOGGERS = ("httpx2", "httpcore2", "mcp", "client", "fastmcp", "FastMCP")
"""Loggers that quote URLs and arguments below WARNING, secrets included."""


async def load_stack() -> "Callable[..., Awaitable[Link]]":
    """Return `open_link`, importing what it needs when this is the first time (about a second of CPU)."""
    if not _imported.is_set():
        await asyncio.to_thread(import_stack)
    from mcp_sidecar.connection.opening import open_link

    return open_link


def import_stack() -> None:
    """Import the MCP stack on this thread, once."""
    with _LOCK:
        if _imported.is_set():
            return
        # FastMCP reads a `.env` of the working directory when it is imported; a workspace's must not reach it.
        settings = dict(zip(OWN_VARIABLES, (_NOWHERE, "false"), strict=True))
        before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        try:
            for module in ("opening", "problems", "resolution"):
                importlib.import_module(f"mcp_sidecar.connection.{module}")
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
        # What was imported stays for good. Unfrozen, each full collection walks it and stops the loop for some 0.1 s.
        gc.freeze()
        for name in QUIET_LOGGERS:
            logging.getLogger(name).setLevel(logging.WARNING)
        # It logs what ends an authorization with its traceback, which quotes answers; the error tells what may be told.
        logging.getLogger("mcp.client.auth").setLevel(logging.CRITICAL)
        _imported.set()
