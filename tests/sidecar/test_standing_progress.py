"""The progress in which the state stands: it ends once, and tells nothing afterwards."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import attrs
import pytest
from lsprotocol import types as lsp

from mcp_sidecar.connection.manager import ConnectionManager
from mcp_sidecar.server import work_done
from mcp_sidecar.server.standing_progress import StandingProgress
from mcp_sidecar.wire.server import WireServer


class Client:
    """An editor that agrees to the progress."""

    def __init__(self) -> None:
        self.told: list[str] = []
        window = lsp.WindowClientCapabilities(work_done_progress=True)
        self.client_capabilities = lsp.ClientCapabilities(window=window)

    async def request(self, *_: Any, **__: Any) -> None:
        """Agree."""

    def notify(self, _: str, params: lsp.ProgressParams) -> None:
        """Take notice."""
        self.told.append(cast("SimpleNamespace", params.value).kind)


async def test_a_state_after_its_end_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_done, "INTERVAL", 0.0)
    client = Client()
    progress = StandingProgress(cast("WireServer", client))
    disconnected = ConnectionManager().get_status()
    progress.begin(disconnected)
    for _ in range(10):  # rounds of the loop, until no report waits for the interval
        await asyncio.sleep(0)
    assert client.told == ["begin", "report"]
    await progress.end()
    progress.update(attrs.evolve(disconnected, state="connecting"))
    assert client.told == ["begin", "report", "end"]
