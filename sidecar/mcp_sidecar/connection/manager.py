"""The connection manager: holds the one connection, and tells the truth about it at every moment."""

import asyncio
import functools
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from mcp_sidecar.connection import capabilities, rounds
from mcp_sidecar.connection.defects import as_failure
from mcp_sidecar.connection.errors import (
    ConnectionLost,
    Failure,
    Interrupted,
    InvalidTarget,
    MalformedTarget,
    NotConnected,
    SessionExpired,
    SidecarError,
)
from mcp_sidecar.connection.events import Listener, ManagerEvents, NoEvents
from mcp_sidecar.connection.graves import Graves
from mcp_sidecar.connection.host import Host, Nobody
from mcp_sidecar.connection.login_means import LoginMeans, Person
from mcp_sidecar.connection.logs import LogFeed
from mcp_sidecar.connection.options import DEFAULT, CallOptions
from mcp_sidecar.connection.recovery import Recovery
from mcp_sidecar.connection.stack import load_stack
from mcp_sidecar.connection.standing import Standing
from mcp_sidecar.connection.status import ConnectionStatus, ServerInfo, State, TargetInfo
from mcp_sidecar.connection.tally import COUNTED, Tally
from mcp_sidecar.connection.target import HttpEndpoint, Target
from mcp_sidecar.connection.timeouts import Timeouts
from mcp_sidecar.connection.tokens import TokenStore
from mcp_sidecar.connection.trace import Trace
from mcp_sidecar.defects import log_defect

if TYPE_CHECKING:
    from mcp_sidecar.connection.configured.servers import Prepared
    from mcp_sidecar.connection.link import Answer, Link
    from mcp_sidecar.connection.redaction import Redactor
    from mcp_sidecar.connection.resolution import Resolved

logger = logging.getLogger(__name__)

STATISTICS_INTERVAL = 0.1
"""Seconds between two pushes that only tell new statistics."""


@attrs.frozen(kw_only=True)
class _Truth:
    """What is true of the standing connection, whatever is being attempted besides."""

    state: State
    since: datetime
    target: TargetInfo | None = None
    server: ServerInfo | None = None
    connected_at: datetime | None = None


@attrs.define(kw_only=True, eq=False)
class _Attempt:
    """A connect under way."""

    target: Target
    resolved: "Resolved"
    since: datetime
    task: "asyncio.Task[Link] | None" = None
    interrupted_by: str | None = None


@attrs.define(kw_only=True, eq=False)
class _Preparation:
    """A configured server that is being made ready: the user may be asked, and take their time."""

    task: "asyncio.Future[Prepared]"
    interrupted_by: str | None = None


class ConnectionManager:
    """Connects, disconnects, and knows. One instance for one editor; its state lives in memory."""

    def __init__(
        self,
        events: ManagerEvents | None = None,
        *,
        timeouts: Callable[[], Timeouts] = Timeouts,
        workspace: Callable[[], Path | None] = lambda: None,
        host: Host | None = None,
        environ: Mapping[str, str] = os.environ,
        person: Person | None = None,
        prepare: "Callable[[Target], Awaitable[Prepared]] | None" = None,
    ) -> None:
        """
        Args:
            events: who is told what happens, if anybody is.
            timeouts: the timeouts that hold where a target brings none; asked at every use.
            workspace: the folder that relative paths are taken from; asked at every connect.
            host: whom servers may ask, if anybody.
            environ: the environment that servers inherit.
            person: who can be asked to log in, if anybody can.
            prepare: makes a configured server ready, see `ConfiguredServers.prepare`; None where there are none.
        """
        self.events = events = events or NoEvents()
        self._timeouts = timeouts
        self._workspace = workspace
        self._host = host or Nobody()
        self._environ = environ
        self._person = person
        self._prepare = prepare
        self.log = LogFeed(events.logged)
        self._tokens = TokenStore(self._tell_of_tokens)
        self.trace = Trace()
        """What went over the wire, of all connections."""
        self._truth = _Truth(state="disconnected", since=_now())
        self._standing: Standing | None = None
        self._latest: Standing | None = None
        """What stands, or stood last; None once the client disconnected."""
        self._attempt: _Attempt | None = None
        self._recovery: Recovery | None = None
        self._preparation: _Preparation | None = None
        self._last_target: Target | None = None
        self._tally = Tally()
        self._in_flight: set[object] = set()
        """The requests that the server owes an answer to; another set with another server."""
        self._error: Failure | None = None
        self._revision = 0
        self._statistics_timer: asyncio.TimerHandle | None = None
        self._change = asyncio.Event()
        self._graves = Graves()
        """What is being cleaned up; nothing waits for it but `close()`."""

    # what is true

    def get_status(self, *, verbose: bool = False) -> ConnectionStatus:
        """The status at this moment; never waits.

        Args:
            verbose: with how long the calls of each tool took.
        """
        truth, attempt = self._truth, self._attempt
        if attempt is not None:
            truth = _Truth(
                state="connecting",
                since=attempt.since,
                target=attempt.resolved.info,
                connected_at=truth.connected_at,
            )
        return ConnectionStatus(
            state=truth.state,
            since=truth.since,
            target=truth.target,
            server=truth.server,
            connected_at=truth.connected_at,
            statistics=self._tally.statistics,
            in_flight=len(self._in_flight) if self._standing is not None else 0,
            error=self._error,
            revision=self._revision,
            tools=self._tally.timings() if verbose else None,
        )

    @property
    def server_name(self) -> str:
        """What the user knows the server as whose connection stands, or stood last; empty where there is none.

        Unlike the status it tells nothing of a connect under way, whose server no request reaches yet.
        """
        truth = self._truth
        server = truth.server.name if truth.server is not None else ""
        return server or (truth.target.name if truth.target is not None else "")

    @property
    def link(self) -> "Link | None":
        """The live connection, if there is one."""
        return None if self._standing is None else self._standing.link

    def require_connection(self) -> "Link":
        """The live connection.

        Raises:
            NotConnected: there is none; says what became of it.
        """
        if self.link is None:
            raise self._not_connected()
        return self.link

    def _not_connected(self) -> NotConnected:
        match self._truth.state:
            case _ if self._attempt is not None:
                message = "Not connected yet: the connection is being made"
                suggestion = "Wait for the state `connected`."
            case "reconnecting":
                if self._recovery is not None:
                    self._recovery.hurry()
                message = "The connection is lost and is being made again"
                suggestion = "Wait for the state `connected`, or start the server."
            case "failed":
                message = "Not connected: the connection failed"
                suggestion = "Reconnect once the cause is mended."
            case _:
                message = "Not connected"
                suggestion = "Connect to a server first."
        why = f": {self._error.message}" if self._error is not None and self._truth.state != "disconnected" else "."
        details = {"state": self.get_status().state}
        return NotConnected(f"{message}{why}", suggestion=suggestion, details=details)

    # what is asked for

    async def connect(self, target: Target | str) -> ConnectionStatus:
        """Connect to `target` (a string counts as its `url`), and return the status once connected.

        The present connection stays until the new one is up, and stays if that fails; only the same target is let go
        first. A later `connect()` or `disconnect()` interrupts this one, and so does cancelling it.

        Raises:
            MalformedTarget: its fields are wrong; nothing was touched.
            InvalidTarget: it can't be understood; only the status's error was touched.
            SidecarError: no connection came about; the status holds the same error.
            Interrupted: something else was asked for meanwhile.
        """
        target = Target(url=target) if isinstance(target, str) else target
        try:
            target, resolved = await self._understood(target)
            timeouts = self._timeouts().overridden(connect=target.connect_timeout, call=target.call_timeout)
        except MalformedTarget:
            raise
        except InvalidTarget as error:
            self._error = error.failure
            self._changed()
            raise
        except SidecarError as error:  # understood, but its program is not there, or the user refused
            self._error = error.failure
            if self._standing is None and self._recovery is None and self._attempt is None:
                self._last_target = target
                self._truth = _Truth(state="failed", since=_now(), target=error.target)
            self._changed()
            raise
        self._interrupt_preparation("a later mcp/connect")
        if self._attempt is not None:
            self._interrupt(self._attempt, "a later mcp/connect")
        ended = self._let_go_of_same(target, resolved)
        attempt = self._attempt = _Attempt(target=target, resolved=resolved, since=_now())
        self._changed()
        attempt.task = asyncio.create_task(self._make(attempt, ended, timeouts.connect))
        try:
            await asyncio.wait({attempt.task})
        except asyncio.CancelledError:
            self._interrupt(attempt, "the client")
            self._show_what_stands(attempt)
            raise
        if attempt.interrupted_by is not None:
            self._show_what_stands(attempt)
            raise Interrupted(f"The connect was interrupted by {attempt.interrupted_by}.")
        try:
            link = attempt.task.result()
            if link.lost.done():
                self._bury_link(attempt.task)
                raise link.lost.result()
        except SidecarError as error:
            resolved.redactor.mask(error)
            self._attempt_failed(attempt, error.failure)
            raise
        except Exception as error:
            self._attempt_failed(attempt, as_failure(error))
            raise
        self._replace(attempt, link)
        return self.get_status()

    async def disconnect(self) -> ConnectionStatus:
        """End the connection, interrupt a connect under way, and forget statistics; idempotent.

        Returns when the server of a standing connection is gone, at once when there was only an attempt.
        """
        self._interrupt_preparation("mcp/disconnect")
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            self._interrupt(attempt, "mcp/disconnect")
        self._stop_recovery()
        standing, self._standing, self._latest = self._standing, None, None
        if attempt is not None or self._truth.state != "disconnected":
            self._truth = _Truth(state="disconnected", since=_now())
            self._tally.begin_anew()
            self._changed()
        if standing is not None:
            reason = ConnectionLost("Disconnected on request.", suggestion="Connect again.")
            await asyncio.shield(self._let_go(standing, reason))
        return self.get_status()

    async def reconnect(self) -> ConnectionStatus:
        """Connect to the last target again, reading everything about it afresh.

        Raises:
            NotConnected: there was no target yet.
            SidecarError, Interrupted: as `connect()`.
        """
        if self._last_target is None:
            raise NotConnected("There is nothing to reconnect to.", suggestion="Connect to a server first.")
        return await self.connect(self._last_target)

    async def request(
        self, method: str, params: Mapping[str, Any] | None = None, options: CallOptions = DEFAULT
    ) -> "Answer":
        """Pass a request on to the server, count it, and return the server's answer.

        Args:
            method: an MCP method, such as `tools/call`.
            params: its params, as they are.
            options: what is asked of the sidecar itself.

        Raises:
            SidecarError: there is no result; says why.
        """
        period = self._tally.period
        answer = await self._exchange(
            lambda link, timeouts: rounds.request(
                link, method, params, timeout=timeouts.call, maximum=timeouts.max_call, progress=options.progress
            ),
            options,
            counter=COUNTED.get(method),
        )
        if method == "tools/call" and params is not None:
            self._tally.time(str(params.get("name")), answer.duration_ms, period)
        return answer

    async def ping(self, params: Mapping[str, Any] | None = None, options: CallOptions = DEFAULT) -> "Answer":
        """Ask the server whether it answers; see `Link.ping` for the eras.

        Args, Raises: as `request`.
        """
        return await self._exchange(
            lambda link, timeouts: link.ping(
                params, timeout=timeouts.call, maximum=timeouts.max_call, progress=options.progress
            ),
            options,
        )

    def tell_roots_changed(self) -> None:
        """Tell the server that the folders of the workspace are others."""
        if self.link is not None:
            self.link.tell_roots_changed()

    async def close(self) -> None:
        """End everything, and return when nothing is left."""
        await self.disconnect()
        await self._graves.emptied()
        self.log.close()
        if self._statistics_timer is not None:
            self._statistics_timer.cancel()

    # connecting

    async def _understood(self, target: Target) -> "tuple[Target, Resolved]":
        """What a target comes to now, and what of it is to be remembered."""
        if target.is_configured and self._prepare is not None:
            return await self._prepared(target, self._prepare)
        # Imported when it is needed: before the answer to `initialize` every module counts.
        from mcp_sidecar.connection.resolution import resolve

        return target, resolve(target, workspace=self._workspace(), environ=self._environ)

    async def _prepared(
        self, target: Target, prepare: "Callable[[Target], Awaitable[Prepared]]"
    ) -> "tuple[Target, Resolved]":
        """Make a configured server ready, unless something else is asked for meanwhile."""
        preparing = prepare(target)  # a malformed target is refused here, before anything is touched
        self._interrupt_preparation("a later mcp/connect")
        preparation = self._preparation = _Preparation(task=asyncio.ensure_future(preparing))
        try:
            await asyncio.wait({preparation.task})
        except asyncio.CancelledError:
            self._give_up(preparation, "the client")
            raise
        finally:
            if self._preparation is preparation:
                self._preparation = None
        if preparation.interrupted_by is not None:
            raise Interrupted(f"The connect was interrupted by {preparation.interrupted_by}.")
        prepared = preparation.task.result()
        return prepared.target, prepared.resolved

    def _interrupt_preparation(self, why: str) -> None:
        preparation, self._preparation = self._preparation, None
        if preparation is not None:
            self._give_up(preparation, why)

    def _give_up(self, preparation: _Preparation, why: str) -> None:
        preparation.interrupted_by = why
        preparation.task.cancel()
        self._graves.keep(preparation.task)

    def _let_go_of_same(self, target: Target, resolved: "Resolved") -> asyncio.Task[None] | None:
        """Break before make: end what there is to the same server, and return what must be waited for."""
        standing, recovery = self._standing, self._recovery
        if standing is not None and standing.is_to(target, resolved):
            self._standing = None
            self._truth = _Truth(state="disconnected", since=_now())
            reason = ConnectionLost(
                "The connection was ended to be made again.", suggestion="Send the request again once connected."
            )
            return self._let_go(standing, reason)
        if recovery is not None and recovery.lost.is_to(target, resolved):
            self._stop_recovery()
            self._truth = attrs.evolve(self._truth, state="failed", since=_now())
        return None

    async def _make(self, attempt: _Attempt, ended: asyncio.Task[None] | None, timeout: float) -> "Link":
        """Open the new link, once the old one to the same server has ended."""
        if ended is not None:
            await asyncio.shield(ended)
        return await self._open(attempt.target, attempt.resolved, timeout, may_ask=True)

    def _tell_of_tokens(self, level: str, message: str) -> None:
        self.log.add("sidecar", level, message, mask=str)

    async def _open(self, target: Target, resolved: "Resolved", timeout: float, *, may_ask: bool) -> "Link":
        open_link = await load_stack()
        return await open_link(
            resolved.endpoint,
            name=resolved.info.name,
            protocol=target.protocol_version or "auto",
            timeout=timeout,
            events=Listener(self.events, self.log, resolved.redactor),
            tap=functools.partial(self.trace.tap, resolved.redactor),
            host=self._host,
            bury=self._graves.bury,
            means=LoginMeans(
                person=self._person,
                may_ask=may_ask,
                timeout=self._timeouts().overridden(login=target.login_timeout).login,
                store=self._tokens,
                redactor=resolved.redactor,
            ),
        )

    def _replace(self, attempt: _Attempt, link: "Link") -> None:
        """Put the new connection in the place of the old one."""
        old = self._standing
        self._attempt = None
        self._last_target = attempt.target
        self._stop_recovery()
        self._in_flight = set()
        self._install(attempt.target, attempt.resolved, link)
        if (absence := capabilities.absence(link.server)) is not None:
            self.log.add("sidecar", "warning", absence, mask=attempt.resolved.redactor.text)
        if old is not None:
            reason = ConnectionLost(
                f"The connection to {old.resolved.info.name} was replaced by one to {attempt.resolved.info.name}.",
                suggestion="Send the request again if it is meant for the new server.",
            )
            self._let_go(old, reason)

    def _install(self, target: Target, resolved: "Resolved", link: "Link") -> None:
        now = _now()
        info = attrs.evolve(resolved.info, transport=link.transport)
        server = _masked(link.server, resolved.redactor)
        self._truth = _Truth(state="connected", since=now, target=info, server=server, connected_at=now)
        self._error = None
        standing = self._standing = Standing(target=target, resolved=resolved, link=link)
        link.on_lost = functools.partial(self._lost, standing)
        former, self._latest = self._latest, standing
        if former is not None and former.is_to(target, resolved):
            link.take_up(former.link.wishes)
        self._changed()

    def _attempt_failed(self, attempt: _Attempt, failure: Failure) -> None:
        if self._attempt is not attempt:
            return
        self._attempt = None
        self._error = failure
        if self._truth.state in ("disconnected", "failed"):
            self._truth = _Truth(state="failed", since=_now(), target=attempt.resolved.info)
            self._last_target = attempt.target
        self._changed()

    def _interrupt(self, attempt: _Attempt, why: str) -> None:
        """Give up an attempt; its `connect()` raises `Interrupted`, and nothing is left of it."""
        assert attempt.task is not None
        attempt.interrupted_by = why
        attempt.task.cancel()
        self._graves.keep(attempt.task, self._bury_link)
        if self._standing is None and self._recovery is None:
            self._last_target = attempt.target

    def _show_what_stands(self, attempt: _Attempt) -> None:
        if self._attempt is attempt:
            self._attempt = None
            self._changed()

    def _bury_link(self, task: "asyncio.Task[Link]") -> None:
        """Close the link that came about although nobody wants it any more."""
        if not task.cancelled() and task.exception() is None:
            given_up = ConnectionLost("The connect was given up.", suggestion="Connect again.")
            self._graves.bury(task.result().close(given_up, gracefully=False))

    # losing

    def _lost(self, standing: Standing, error: SidecarError) -> None:
        """Tell the loss of a connection at the moment it is known."""
        if self._standing is not standing:
            return
        standing.resolved.redactor.mask(error)
        self._error = error.failure
        self._standing = None
        now = _now()
        if isinstance(standing.resolved.endpoint, HttpEndpoint):
            self._truth = attrs.evolve(self._truth, state="reconnecting", since=now, connected_at=None)
            self._recover(standing, error)
        else:
            self._truth = attrs.evolve(self._truth, state="failed", since=now, connected_at=None)
        self._changed()
        self._graves.bury(standing.link.close(error, gracefully=False))

    def _recover(self, lost: Standing, error: SidecarError) -> None:
        """Have the lost server looked for."""
        recovery = self._recovery = Recovery(
            lost,
            error,
            reopen=lambda timeout: self._open(lost.target, lost.resolved, timeout, may_ask=False),
            timeout=self._timeouts().overridden(connect=lost.target.connect_timeout).connect,
            graves=self._graves,
        )
        recovery.begin(functools.partial(self._recovered, recovery))

    def _recovered(self, recovery: Recovery, link: "Link | None") -> None:
        """Take what a search came to."""
        self._recovery = None
        if link is not None:
            self._install(recovery.lost.target, recovery.lost.resolved, link)
            return
        self._error = recovery.failure or self._error
        self._truth = attrs.evolve(self._truth, state="failed", since=_now(), connected_at=None)
        self._changed()

    def _stop_recovery(self) -> None:
        if self._recovery is not None:
            self._recovery.give_up()
            self._recovery = None

    def _let_go(self, standing: Standing, reason: SidecarError) -> asyncio.Task[None]:
        """End a connection: its requests fail at once, the rest is done in a task of its own."""
        standing.link.fail_all(reason)
        return self._graves.bury(standing.link.close(reason, gracefully=True))

    # requests

    async def _exchange(
        self,
        send: "Callable[[Link, Timeouts], Awaitable[Answer]]",
        options: CallOptions = DEFAULT,
        counter: str | None = None,
    ) -> "Answer":
        """Send something on the connection, and keep count of it.

        Args:
            send: sends it on a link, with the time it has.
            options: the time that the client gave it.
            counter: the statistic that counts it when it is answered.
        """
        standing, period = self._standing, self._tally.period
        if standing is None:
            refusal = self._not_connected()
            # Else no server had anything to do with it.
            if self._latest is not None and refusal.details["state"] in ("failed", "reconnecting"):
                self._tally.count("errors", period)
                self._statistics_changed()
            raise refusal
        in_flight, request = self._in_flight, object()
        in_flight.add(request)
        self._statistics_changed()
        try:
            answer = await self._sent(send, standing, self._call_timeouts(standing, options))
        except SidecarError as error:
            standing.resolved.redactor.mask(error)
            self._tally.count("errors", period)
            raise
        else:
            if counter is not None:
                self._tally.count(counter, period)
            return answer
        finally:
            in_flight.discard(request)
            self._statistics_changed()

    async def _sent(
        self, send: "Callable[[Link, Timeouts], Awaitable[Answer]]", standing: Standing, timeouts: Timeouts
    ) -> "Answer":
        try:
            return await send(standing.link, timeouts)
        except SessionExpired as error:
            # It carried nothing out, so this sends the request for the first time in effect.
            try:
                async with asyncio.timeout(timeouts.call):
                    renewed = await self._renewed(standing)
            except TimeoutError:
                raise error from None
            if renewed is None:
                raise ConnectionLost(
                    "The server forgot the session, and the connection ended before a new one was made.",
                    suggestion="Connect again, then send the request again.",
                    details=error.details,
                ) from error
            return await send(renewed, timeouts)

    async def _renewed(self, old: Standing) -> "Link | None":
        """The new connection to the same server as `old`, once it is there; None when it won't come."""
        while True:
            standing = self._standing
            if standing is not None and standing is not old:
                return standing.link if standing.resolved.endpoint == old.resolved.endpoint else None
            if standing is None and self._recovery is None:
                return None
            await self._change.wait()

    def _call_timeouts(self, standing: Standing, options: CallOptions) -> Timeouts:
        target = standing.target
        call = target.call_timeout or standing.resolved.call_timeout
        own = self._timeouts().overridden(call=call, max_call=target.max_call_timeout)
        return own.overridden(call=options.call_timeout, max_call=options.max_call_timeout)

    # telling

    def _statistics_changed(self) -> None:
        """Tell new statistics, but not at every call."""
        self._revision += 1
        if self._statistics_timer is None:
            loop = asyncio.get_running_loop()
            self._statistics_timer = loop.call_later(STATISTICS_INTERVAL, self._tell)

    def _changed(self) -> None:
        self._revision += 1
        self._tell()
        self._change.set()
        self._change = asyncio.Event()

    def _tell(self) -> None:
        if self._statistics_timer is not None:
            self._statistics_timer.cancel()
            self._statistics_timer = None
        try:
            self.events.status_changed(self.get_status())
        except Exception as error:  # noqa: BLE001 - a listener's defect must not stop the connection
            log_defect(logger, "whoever is told of the status failed", error)


def _now() -> datetime:
    return datetime.now(UTC)


def _masked(server: ServerInfo, redactor: "Redactor") -> ServerInfo:
    """What the server said of itself, without the secrets it was given."""
    return attrs.evolve(
        server,
        name=redactor.text(server.name),
        version=redactor.text(server.version),
        title=server.title and redactor.text(server.title),
        instructions=server.instructions and redactor.text(server.instructions),
        capabilities=redactor.value(server.capabilities),
    )
