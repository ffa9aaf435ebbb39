"""Opens a link to an endpoint, with the fallbacks that the protocol's history asks for."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any

import attrs

from mcp_sidecar.connection.challenge import Refusal
from mcp_sidecar.connection.channel import Channel, ChannelEvents
from mcp_sidecar.connection.deadline import Deadline
from mcp_sidecar.connection.diagnosis import last_words
from mcp_sidecar.connection.errors import (
    AuthenticationRequired,
    ConnectionFailed,
    ConnectionLost,
    SidecarError,
    TimedOut,
    TransportError,
)
from mcp_sidecar.connection.host import Host
from mcp_sidecar.connection.link import Link, LinkEvents
from mcp_sidecar.connection.login_means import LoginMeans
from mcp_sidecar.connection.oauth import Authority
from mcp_sidecar.connection.sse import SseChannel
from mcp_sidecar.connection.stdio import StdioChannel
from mcp_sidecar.connection.streamable import StreamableHttpChannel
from mcp_sidecar.connection.target import Endpoint, HttpEndpoint, StdioEndpoint
from mcp_sidecar.connection.trace import Tap

AUTHORIZATION_ROUNDS = 3
"""Handshakes that may be refused for their token before the last one: renewed, obtained anew, with more scopes."""

FALLBACK_STATUSES = (400, 404, 405)
"""HTTP statuses of the first POST that say "this may be an SSE server" (MCP 2025-06-18, "Backwards Compatibility")."""

Bury = Callable[[Coroutine[Any, Any, None]], None]
"""Takes a clean-up that nobody waits for, and sees that it is done before the sidecar ends."""

NewTap = Callable[[], Tap]


async def open_link(
    endpoint: Endpoint,
    *,
    name: str,
    protocol: str,
    timeout: float,
    events: LinkEvents,
    tap: NewTap,
    host: Host,
    bury: Bury,
    means: LoginMeans | None = None,
) -> Link:
    """Connect to a server.

    Args:
        endpoint: where the server is, or how to start it.
        name: what to call it in messages.
        protocol: `auto`, `legacy`, or a version.
        timeout: seconds for all of it, fallbacks included.
        events: who is told what the server says.
        tap: makes what is told of the frames, anew for each way that is tried.
        host: whom the server may ask.
        bury: takes the clean-up of what failed.
        means: what it takes to obtain a token, where the endpoint wants OAuth.

    Raises:
        SidecarError: no connection came about; the message is about the first way that was tried.
    """
    opening = _Opening(
        endpoint,
        name=name,
        protocol=protocol,
        timeout=timeout,
        events=events,
        tap=tap,
        host=host,
        bury=bury,
        means=means,
    )
    try:
        async with opening.deadline:
            return await opening.run()
    except TimeoutError:
        raise opening.timed_out() from None
    except (ConnectionLost, TransportError) as error:
        # That a request is not repeated is no news to who wanted a connection.
        broken = isinstance(error, TransportError) and "httpStatus" not in error.details
        advice = "Check that it is an MCP server that listens there, and read its log." if broken else error.suggestion
        raise ConnectionFailed(error.message, suggestion=advice, details=error.details) from error


class _Opening:
    """One attempt, with its fallbacks."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str,
        protocol: str,
        timeout: float,
        events: LinkEvents,
        tap: NewTap,
        host: Host,
        bury: Bury,
        means: LoginMeans | None,
    ) -> None:
        self._endpoint = endpoint
        self._name = name
        self._protocol = protocol
        self._timeout = timeout
        self._events = events
        self._tap = tap
        self._host = host
        self._bury = bury
        self._link: Link | None = None
        self.deadline = Deadline(timeout)
        self._authority: Authority | None = None
        if isinstance(endpoint, HttpEndpoint) and endpoint.auth is not None:
            assert means is not None
            tell = functools.partial(events.logged, "sidecar")
            self._authority = Authority(endpoint.auth, url=endpoint.url, name=name, means=means, tap=tap, tell=tell)

    async def run(self) -> Link:
        endpoint = self._endpoint
        if isinstance(endpoint, StdioEndpoint):
            return await self._over_stdio(endpoint)
        if self._authority is None:
            return await self._over_http(endpoint)
        await self._authority.prepare()
        for _ in range(AUTHORIZATION_ROUNDS):
            try:
                return await self._over_http(endpoint)
            except AuthenticationRequired as error:
                if error.refusal is None or not await self._authorized(error.refusal):
                    raise
        return await self._over_http(endpoint)

    async def _authorized(self, refusal: Refusal) -> bool:
        assert self._authority is not None
        return await self._authority.obtain(refusal, self.deadline.paused)

    async def _over_http(self, endpoint: HttpEndpoint) -> Link:
        if endpoint.transport == "sse":
            return await self._over(lambda events: SseChannel(endpoint, events, self._authority))
        try:
            return await self._over(lambda events: StreamableHttpChannel(endpoint, events, self._authority))
        except TransportError as error:
            status = error.details.get("httpStatus")
            if status not in FALLBACK_STATUSES or not endpoint.may_fall_back_to_sse:
                raise
            return await self._over_sse_instead(endpoint, error)

    def timed_out(self) -> TimedOut:
        """The error for an attempt whose time is over."""
        if self._authority is not None and self._authority.stage is not None:
            return TimedOut(
                f"{self._name} is not connected within {self._timeout:g} s: {self._authority.stage} takes too long.",
                suggestion="Check that the authorization server answers; raise connectTimeout if it is slow.",
                details={"timeoutSeconds": self._timeout},
            )
        diagnosis = {} if self._link is None else self._link.diagnosis.details()
        last = last_words(diagnosis.get("stderr", []))
        said = f" Its last line on stderr: {last}" if last else ""
        suspicion = "" if self._link is None else self._link.diagnosis.suspicion()
        return TimedOut(
            f"{self._name} did not complete the MCP handshake within {self._timeout:g} s.{suspicion}{said}",
            suggestion="Check that it speaks MCP on this transport; raise connectTimeout if it is slow to start.",
            details={"timeoutSeconds": self._timeout, **diagnosis},
        )

    async def _over_stdio(self, endpoint: StdioEndpoint) -> Link:
        def channel(events: ChannelEvents) -> Channel:
            return StdioChannel(endpoint, events)

        try:
            return await self._over(channel)
        except ConnectionLost:
            assert self._link is not None
            if self._protocol != "auto" or not self._link.probe_unanswered:
                raise
            # Some older servers exit on a first message that is not `initialize`.
            retrying = (
                "the server ended on server/discover; it is started once more, with the initialize handshake alone"
            )
            self._events.logged("sidecar", "info", retrying)
            return await self._over(channel, protocol="legacy")

    async def _over_sse_instead(self, endpoint: HttpEndpoint, first: TransportError) -> Link:
        sse = attrs.evolve(endpoint, transport="sse")
        try:
            return await self._over(lambda events: SseChannel(sse, events, self._authority))
        except SidecarError as second:
            raise TransportError(
                first.message,
                suggestion=first.suggestion,
                details={**first.details, "alsoTried": {"transport": "sse", "message": second.message}},
            ) from first

    async def _over(self, make_channel: Callable[[ChannelEvents], Channel], protocol: str | None = None) -> Link:
        self._link = link = Link(make_channel, self._events, self._tap(), self._host)
        try:
            await link.open(protocol=protocol or self._protocol, timeout=self._timeout)
        except BaseException:
            given_up = ConnectionFailed("The connection attempt was given up.", suggestion="Connect again.")
            self._bury(link.close(given_up, gracefully=False))
            raise
        if self._authority is not None:
            self._authority.established = True
        return link
