"""The exchanges under way: each request of ours that the server owes an answer to."""

import asyncio
import contextlib
import itertools
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Literal

import attrs

from mcp_sidecar.connection.channel import RequestId
from mcp_sidecar.connection.deadline import Deadline
from mcp_sidecar.connection.errors import SidecarError
from mcp_sidecar.connection.problems import Problem
from mcp_sidecar.connection.progress import ProgressListener, ProgressToken, ProgressWatch

_FIRST_ID = 1000
"""Of the editor's requests. The session counts its own from 1, and only needs a few for the handshake."""

_LATE_IDS = 1000
"""Ids of abandoned requests that are remembered, to tell a late answer from a made-up one."""

_ASKED_IDS = 1000
"""Requests of the server of which is remembered which request of ours they belong to."""


@attrs.frozen(kw_only=True, eq=False)
class Exchange:
    """One request, until it is answered, fails, or is given up."""

    request_id: RequestId
    method: str
    deadline: Deadline
    quiet: bool
    """Whether a late answer is no news."""
    progress_token: ProgressToken | None
    acknowledged: Callable[[Mapping[str, Any]], None] | None = None
    """Is told what the server agreed to, where the request stands: its answer comes when it ends."""
    answer: asyncio.Future[dict[str, Any]] = attrs.field(factory=lambda: asyncio.get_running_loop().create_future())
    flaws: list[Problem] = attrs.field(factory=list)
    """What was wrong with the answer's form."""

    @property
    def became_task(self) -> bool:
        """Whether the answer is a task that goes on (MCP 2025-11-25, "Tasks"; SEP-2663)."""
        if not self.answer.done() or self.answer.cancelled() or self.answer.exception() is not None:
            return False
        result = self.answer.result()
        return result.get("resultType") == "task" or (
            self.method != "tasks/get" and isinstance(result.get("task"), dict)
        )

    def succeed(self, result: dict[str, Any]) -> None:
        """The answer is here; nothing happens when it was given up in this very turn of the loop."""
        if not self.answer.done():
            self.answer.set_result(result)

    def fail(self, error: SidecarError) -> None:
        """There will be no result; see `succeed`."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Exchanges:
    """All exchanges of one link, and what is remembered of those that were given up."""

    def __init__(self, note: Callable[[str], None] = lambda _problem: None) -> None:
        """
        Args:
            note: is told how the server breaks the protocol.
        """
        self.progress = ProgressWatch(note)
        self._ids = itertools.count(_FIRST_ID)
        self._under_way: dict[RequestId, Exchange] = {}
        self._abandoned: deque[RequestId] = deque(maxlen=_LATE_IDS)
        self._unheard: deque[RequestId] = deque(maxlen=_LATE_IDS)
        """Like these, but of quiet ones."""
        self._asked: OrderedDict[RequestId, RequestId] = OrderedDict()
        """The server's request, and the exchange in which it came."""
        self._between: set[asyncio.Future[None]] = set()
        """What waits between two exchanges of one conversation."""

    @property
    def ids(self) -> Collection[RequestId]:
        """The ids of all that wait for an answer."""
        return self._under_way.keys()

    @property
    def standing(self) -> Collection[RequestId]:
        """Those among `ids` that are answered only when they end: an answer that names no request is not to them."""
        return [each.request_id for each in self._under_way.values() if each.method == "subscriptions/listen"]

    @property
    def client_listens(self) -> bool:
        """Whether the client itself asked for announcements; what it asked for is its own business."""
        return any(self._under_way[each].acknowledged is None for each in self.standing)

    def acknowledge(self, request_id: RequestId | None, honoured: object) -> None:
        """The server stands by a request that stands: there is no hurry any more."""
        exchange = None if request_id is None else self._under_way.get(request_id)
        if exchange is None or exchange.method != "subscriptions/listen":
            return
        exchange.deadline.lift()
        if exchange.acknowledged is not None:
            exchange.acknowledged(honoured if isinstance(honoured, Mapping) else {})

    def begin(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        deadline: Deadline,
        *,
        quiet: bool = False,
        progress: ProgressListener | None = None,
        acknowledged: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> tuple[Exchange, Mapping[str, Any] | None]:
        """A new exchange, and the params to send; `end` it."""
        request_id = next(self._ids)
        params, token = self.progress.begin(request_id, method, params, progress, deadline.extend)
        exchange = Exchange(
            request_id=request_id,
            method=method,
            deadline=deadline,
            quiet=quiet,
            progress_token=token,
            acknowledged=acknowledged,
        )
        self._under_way[request_id] = exchange
        return exchange, params

    def end(self, exchange: Exchange) -> None:
        """Nobody waits for its answer any more, or it is there; may be called again."""
        self._under_way.pop(exchange.request_id, None)
        self.progress.end(exchange.progress_token, goes_on=exchange.became_task)

    def abandon(self, exchange: Exchange) -> None:
        """Remember that it was given up before its answer came."""
        (self._unheard if exchange.quiet else self._abandoned).append(exchange.request_id)

    def get(self, request_id: RequestId) -> Exchange | None:
        """The exchange that waits under this id."""
        return self._under_way.get(request_id)

    def take(self, request_id: RequestId) -> Exchange | None:
        """As `get`, and it waits no more: not only when the waiting task gets its turn."""
        return self._under_way.pop(request_id, None)

    def fate(self, request_id: RequestId) -> Literal["abandoned", "unheard", "unknown"]:
        """What became of an exchange that does not wait."""
        if request_id in self._unheard:
            return "unheard"
        return "abandoned" if request_id in self._abandoned else "unknown"

    def fail_all(self, error: SidecarError) -> None:
        """Fail all that are under way, at once."""
        under_way, self._under_way = self._under_way, {}
        for exchange in under_way.values():
            exchange.fail(error)
        for waiting in self._between:
            if not waiting.done():
                waiting.set_exception(error)

    @contextlib.contextmanager
    def between(self) -> Iterator[asyncio.Future[None]]:
        """A future that fails when all exchanges do: for what is done between two of them."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._between.add(waiting)
        try:
            yield waiting
        finally:
            self._between.discard(waiting)
            waiting.cancel()

    # what the server asks meanwhile

    def asked(self, server_request: RequestId, exchange: RequestId) -> None:
        """Remember on whose response stream a request of the server came."""
        self._asked[server_request] = exchange
        if len(self._asked) > _ASKED_IDS:
            self._asked.popitem(last=False)

    def replied(self, server_request: RequestId) -> None:
        """The server's request is answered."""
        self._asked.pop(server_request, None)

    def asked_for(self, server_request: RequestId) -> Collection[RequestId]:
        """What a request of the server belongs to: the exchange in which it came, all where that is not known."""
        known = self._asked.get(server_request)
        if known is not None and known in self._under_way:
            return [known]
        return [exchange.request_id for exchange in self._under_way.values() if not exchange.quiet]

    @contextlib.contextmanager
    def paused(self, server_request: RequestId | None) -> Iterator[None]:
        """Stop the clocks of what the server's request belongs to, of all under way where that is not known."""
        belongs_to = None if server_request is None else self._asked.get(server_request)
        known = None if belongs_to is None else self._under_way.get(belongs_to)
        with contextlib.ExitStack() as pauses:
            for exchange in list(self._under_way.values()) if known is None else [known]:
                pauses.enter_context(exchange.deadline.paused())
            yield
