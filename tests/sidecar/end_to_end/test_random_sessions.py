"""Sessions that nobody would think up: every request is answered once, and the status is true in the end.

The harness fails a test in which a request is answered twice or never, or an answer is none. The connection's own rules
are tried out in `connection/test_manager_property.py`; this is about the way through the whole program.
"""

import asyncio
import contextlib
import os
import random

import psutil
import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.programs import nasty, raw

SESSIONS = int(os.environ.get("MCP_SIDECAR_RANDOM_EXAMPLES", "0"))
"""How many sessions to try, all of them new; 0 tries a fixed choice."""

SEEDS = [random.SystemRandom().getrandbits(32) for _ in range(SESSIONS)] if SESSIONS else list(range(6))

STEPS = 40

LIMIT = 15.0
"""Seconds within which everything must be answered."""

TARGETS = [
    raw("--name", "first"),
    raw("--name", "second", "--era", "modern"),
    nasty("hangs"),
    nasty("exits"),
    nasty("garbage"),
    {"url": "no-such-server.py"},
    {"url": "x", "conectTimeout": 1},
]

CODES = {-32601, -32602, -32800, -32803}
"""What may be wrong with a request here; above all no -32603, which is a defect."""


def request(choose: random.Random) -> tuple[str, Json]:
    """A request of some kind."""
    requests: list[tuple[str, Json]] = [
        ("mcp/connect", choose.choice(TARGETS)),
        *[("mcp/connect", target) for target in TARGETS[:2]],
        ("mcp/disconnect", None),
        ("mcp/reconnect", None),
        ("mcp/status", None),
        ("mcp/ping", None),
        ("mcp/tools/list", None),
        *[("mcp/tools/call", {"name": "echo", "arguments": {"text": text}}) for text in "abc"],
        ("mcp/tools/call", {"name": "slow", "arguments": {"seconds": choose.choice([0.01, 60])}}),
        ("mcp/tools/call", {"name": "exit", "arguments": {"code": 3}}),
        ("mcp/tools/call", {"nome": "echo"}),
        ("mcp/resources/read", {"uri": "a:b"}),
        ("workspace/executeCommand", {"command": "mcpSidecar.tools.list"}),
        ("mcp/no/such/method", {}),
    ]
    return choose.choice(requests)


class Session:
    """One session, and what was asked for in it."""

    def __init__(self, editor: Editor, seed: int) -> None:
        self.editor = editor
        self.choose = random.Random(seed)
        self.story: list[str] = []
        self.answers: dict[int, asyncio.Future[Json]] = {}

    async def step(self) -> None:
        """Ask, cancel what is unanswered, or kill the server."""
        pending = {request_id: answer for request_id, answer in self.answers.items() if not answer.done()}
        what = self.choose.random()
        if what < 0.04:
            self.story.append("kill the servers")
            for child in psutil.Process(self.editor.pid).children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        elif what < 0.2 and pending:
            request_id = self.choose.choice(list(pending))
            self.story.append(f"cancel {request_id}")
            await self.editor.cancel(request_id)
        else:
            method, params = request(self.choose)
            request_id, answer = await self.editor.request_nowait(method, params)
            self.answers[request_id] = answer
            self.story.append(f"{request_id}: {method} {str(params)[-60:]}")
            if self.choose.random() < 0.5:
                self.story.append("wait for it")
                await asyncio.wait({answer}, timeout=0.5)  # what hangs is left unanswered

    async def end(self) -> None:
        """Disconnect, so that what hangs is answered too; check all answers."""
        status = await self.editor.request("mcp/disconnect")
        assert status["state"] == "disconnected"
        _, unanswered = await asyncio.wait(self.answers.values(), timeout=LIMIT)
        assert not unanswered
        for request_id, answer in self.answers.items():
            error = answer.exception()
            if error is not None:
                assert isinstance(error, ResponseError)
                assert error.code in CODES, f"request {request_id}: {error}"
                assert error.message
                assert error.code != -32803 or error.data["suggestion"]

    async def check_status(self) -> None:
        """Hold the status against what works, once a server was asked for last."""
        with contextlib.suppress(ResponseError):
            await self.editor.connect(**self.choose.choice(TARGETS[:6]), connectTimeout=1)
        status = await self.editor.status()
        try:
            await self.editor.request("mcp/ping")
        except ResponseError as error:
            assert error.kind == "not_connected"
            assert status["state"] in ("failed", "disconnected")
        else:
            assert status["state"] == "connected"
        revisions = [each["revision"] for each in self.editor.statuses]
        assert revisions == sorted(set(revisions))


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_request_is_answered_once_and_the_status_is_true(editor: Editor, seed: int) -> None:
    session = Session(editor, seed)
    try:
        for _ in range(STEPS):
            await session.step()
        await session.end()
        await session.check_status()
    except BaseException:
        print(f"seed {seed}:", *session.story, sep="\n")
        raise
