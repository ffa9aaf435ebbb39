"""What both HTTP channels share: the client, bounded reading, and what an HTTP failure means to the user."""

import asyncio
import contextlib
import functools
import json
import os
import re
import ssl
import urllib.request
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin

import httpx2

from mcp_sidecar.connection.challenge import Refusal, read_challenges
from mcp_sidecar.connection.channel import MESSAGE_LIMIT, Message
from mcp_sidecar.connection.errors import (
    AuthenticationRequired,
    ConnectionFailed,
    ConnectionLost,
    ProtocolError,
    SidecarError,
    TransportError,
)
from mcp_sidecar.connection.inbound import excerpt
from mcp_sidecar.connection.trace import Tap

if TYPE_CHECKING:
    from mcp_sidecar.connection.channel import Pause
    from mcp_sidecar.connection.oauth import Authority

CONNECT_TIMEOUT = 10.0
"""Seconds to reach the host. Reading has no limit: the request's deadline rules, and a stream may be silent."""

ERROR_BODY_LIMIT = 64 * 1024
"""Bytes of an error response that are read."""

REDIRECT_LIMIT = 5
"""Redirects followed for one request, all within its origin."""

AUTHORIZATION_ROUNDS = 3
"""Times that one request is sent again with another token: renewed, obtained anew, with more scopes."""

PROBES = 3
"""Looks at a port that takes connections and drops them, before it counts as alive."""

PROBE_TIMEOUT = 1.0
"""Seconds for a connection to come about; a host that says nothing at all is not known to be gone."""

PROBE_PATIENCE = 0.1
"""Seconds after which a connection that was not dropped is one to a living server."""

FAILURES = (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError, ValueError)
"""What an exchange may end with, whatever the server sends: a ValueError is text that no header or URL can hold."""

UNREACHABLE = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError)
"""Those among them that say that no connection came about."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LOOPBACK_PATTERNS = ("all://localhost", "all://127.0.0.1", "all://[::1]")


class BodyTooLong(Exception):
    """A response body went beyond its limit; the rest was not read."""


def new_client(url: str, headers: Mapping[str, str]) -> httpx2.AsyncClient:
    """A client for one connection.

    Args:
        url: where the server is.
        headers: sent with every request.

    Raises:
        ConnectionFailed: the environment names a proxy that can't be used.
    """
    # Uncompressed, so that a size is what it looks like; a server may compress all the same.
    sent = httpx2.Headers({"accept-encoding": "identity", **headers})
    try:
        return _client(sent, trust_env=True)
    except (ImportError, ValueError, httpx2.InvalidURL) as error:  # such as socks5://, or a scheme that is none
        if httpx2.URL(url).host in _LOOPBACK:
            return _client(sent, trust_env=False)
        raise ConnectionFailed(
            "The proxy that the environment names can't be used.",
            suggestion="Unset ALL_PROXY / HTTP_PROXY / HTTPS_PROXY, or use an http:// proxy.",
            details={"variables": sorted(name for name in os.environ if name.lower() in _PROXY_VARIABLES)},
        ) from error


_PROXY_VARIABLES = ("all_proxy", "http_proxy", "https_proxy")


def _client(headers: httpx2.Headers, *, trust_env: bool) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        headers=headers,
        trust_env=trust_env,
        timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT),
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20),
        verify=_ssl_context(),
        # A proxy from the environment can't reach this machine's loopback.
        mounts=dict.fromkeys(_LOOPBACK_PATTERNS, httpx2.AsyncHTTPTransport(verify=_ssl_context())),
    )


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """Made once: loading the certificates takes longer than a connect."""
    return httpx2.create_ssl_context()


async def send_authorized(
    client: httpx2.AsyncClient,
    request: httpx2.Request,
    tap: Tap,
    message: Message | None = None,
    *,
    authority: "Authority | None",
    pause: "Pause | None" = None,
) -> httpx2.Response:
    """As `send_within_origin`, with the token of an authority, which is renewed where the server asks for that.

    A request that was refused with 401 or 403 was not carried out: sending it again does nothing twice.

    Args:
        client, request, tap, message: as for `send_within_origin`.
        authority: has the token; None where the target has no need of one.
        pause: stops the clock of the request while a person logs in; None where nobody may be asked.

    Raises:
        SidecarError: no token could be obtained.
    """
    if authority is None:
        return await send_within_origin(client, request, tap, message)
    for _ in range(AUTHORIZATION_ROUNDS):
        token = await authority.sign(request)
        response = await send_within_origin(client, request, tap, message)
        if response.status_code not in (401, 403):
            authority.accepted(token)
            return response
        try:
            renewed = await authority.renew(token, refusal_of(response), pause=pause)
        except BaseException:
            await response.aclose()
            raise
        if not renewed:
            return response
        await response.aclose()
    await authority.sign(request)
    return await send_within_origin(client, request, tap, message)


async def send_within_origin(
    client: httpx2.AsyncClient, request: httpx2.Request, tap: Tap, message: Message | None = None
) -> httpx2.Response:
    """Send, following only those redirects that keep the origin and the method; the body is not read yet.

    Headers and credentials were meant for one origin. Any other redirect is handed back as it is.

    Args:
        client, request: what to send, and by whom.
        tap: is told of what goes out, and of how the answer begins.
        message: what the request's body says.
    """
    body = request.content
    for _ in range(REDIRECT_LIMIT):
        response = await _send(client, request, tap, message, body)
        following = response.next_request
        if following is None or not _same_origin(request, following):
            return response
        await response.aclose()
        request = following
    return await _send(client, request, tap, message, body)


async def _send(
    client: httpx2.AsyncClient, request: httpx2.Request, tap: Tap, message: Message | None, body: bytes
) -> httpx2.Response:
    if message is not None:
        tap.sent(message, body)
    else:
        tap.requested(request.method, request.url, request.headers.raw)
    try:
        response = await client.send(request, stream=True, follow_redirects=False)
    except FAILURES as error:
        tap.unanswered(request.method, request.url, request.headers.raw, failure=reason(error))
        raise
    tap.responded(
        request.method,
        request.url,
        request.headers.raw,
        status=response.status_code,
        response_headers=response.headers.raw,
    )
    return response


def _same_origin(sent: httpx2.Request, following: httpx2.Request) -> bool:
    return sent.method == following.method and (sent.url.scheme, sent.url.host, sent.url.port) == (
        following.url.scheme,
        following.url.host,
        following.url.port,
    )


async def read_body(response: httpx2.Response, limit: int = MESSAGE_LIMIT) -> bytes:
    """Read a whole body of at most `limit` bytes, as decoded.

    Raises:
        BodyTooLong: it is longer, whatever its Content-Length says.
    """
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > limit:
            raise BodyTooLong(f"more than {limit} bytes")
        parts.append(part)
    return b"".join(parts)


def event_stream(response: httpx2.Response) -> contextlib.aclosing[AsyncGenerator[httpx2.ServerSentEvent]]:
    """The events of a response, to be used in `async with`, so that leaving early leaves nothing behind."""
    events = aiter(httpx2.EventSource(response, max_event_size=MESSAGE_LIMIT))
    return contextlib.aclosing(cast("AsyncGenerator[httpx2.ServerSentEvent]", events))


async def read_error_body(response: httpx2.Response, tap: Tap | None = None) -> bytes:
    """Read what there is of an error response's body, up to ERROR_BODY_LIMIT.

    Args:
        response: whose body to read.
        tap: is told of it.
    """
    body = bytearray()
    try:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > ERROR_BODY_LIMIT:
                break
    except httpx2.HTTPError:
        pass  # what arrived is still worth showing
    read = bytes(body[:ERROR_BODY_LIMIT])
    if read and tap is not None:
        tap.received(read, _json(read), len(body))
    return read


def _json(body: bytes) -> Any:
    """What a body means as JSON; None where it means nothing."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def content_type(response: httpx2.Response) -> str:
    """The media type of a response, without parameters."""
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def status_error(response: httpx2.Response, body: bytes) -> SidecarError:
    """The error for a response that is no success.

    Args:
        response: with a status of 300 or more.
        body: what was read of its body.
    """
    status = response.status_code
    method = response.request.method
    said = f"HTTP {status} {response.reason_phrase}".strip()
    details: dict[str, Any] = {"httpStatus": status, "contentType": content_type(response) or None}
    if body:
        details["body"] = excerpt(body)
    if status in (401, 403):
        has_token = response.request.headers.get("authorization", "").lower().startswith("bearer ")
        refused = "token" if status == 401 and has_token else method
        return _authentication_required(response, f"The server refused the {refused} with {said}", details)
    if 300 <= status < 400:
        details["location"] = _location(response)
        return TransportError(
            f"The server redirected the {method} ({said}) to {details['location']}, which is not followed: "
            "it leaves the server's origin or changes the method.",
            suggestion="Use that URL as the target, if it is the server you mean.",
            details=details,
        )
    return TransportError(
        f"The server answered the {method} with {said}.",
        suggestion=_STATUS_ADVICE.get(status, "Look into the server's log for the cause."),
        details=details,
    )


def refusal_of(response: httpx2.Response) -> Refusal:
    """What a server that answers 401 or 403 asks for."""
    return Refusal(response.status_code, read_challenges(response.headers.get_list("www-authenticate")))


def _authentication_required(response: httpx2.Response, said: str, details: dict[str, Any]) -> AuthenticationRequired:
    refusal = refusal_of(response)
    challenge = response.headers.get("www-authenticate")
    if challenge:
        details["wwwAuthenticate"] = challenge
    if refusal.challenges:
        details["challenges"] = [each.as_details() for each in refusal.challenges]
    asked = f" and asked for: {challenge}" if challenge else ""
    error = AuthenticationRequired(
        f"{said}{asked}.", suggestion=_credentials_advice(response.request, refusal), details=details
    )
    error.refusal = refusal
    return error


def _credentials_advice(request: httpx2.Request, refusal: Refusal) -> str:
    """The next step for who was refused."""
    has_credentials = "authorization" in request.headers
    scopes = " ".join(refusal.bearer.scopes) if refusal.bearer is not None else ""
    if refusal.wants_more_scopes:
        wanted = f" ({scopes})" if scopes else ""
        return f"The token lacks a scope{wanted}: pass one that has it, or log in with it in `auth.scopes`."
    if refusal.status == 403 and has_credentials:
        return "The credentials lack a permission, or the server does not accept this host or origin."
    if refusal.status == 403 and not refusal.challenges:
        return (
            "The server does not accept this host or origin, or it wants credentials without saying which: "
            'pass them in the target, as "headers" or "auth".'
        )
    if refusal.bearer is not None and not has_credentials:
        return 'Log in: pass "auth": "oauth" in the target; or a token: "auth": {"type": "bearer", "token": …}.'
    if refusal.bearer is not None:
        return 'The credentials may be over, or meant for another server: pass others, or log in with "auth": "oauth".'
    if refusal.challenges and refusal.challenges[0].scheme.lower() == "basic":
        return 'Pass user and password in the target: "headers": {"Authorization": "Basic …"}.'
    return 'Pass credentials in the target: "headers", or "auth": {"type": "bearer", "token": …}, or "auth": "oauth".'


_STATUS_ADVICE = {
    404: "Check the path of the URL: many servers listen on /mcp, or on /sse.",
    405: "Check the path of the URL: this one does not take MCP messages.",
    406: "The server rejects the Accept header of MCP's HTTP transport; check that it is an MCP endpoint.",
    502: "The server behind the proxy is not up; start it.",
    503: "The server is not ready; try again when it is.",
}


def wrong_content(response: httpx2.Response, body: bytes) -> ProtocolError:
    """The error for an answer that is neither JSON nor an event stream."""
    found = content_type(response) or "no content type"
    return ProtocolError(
        f"The server answered with {found} where MCP wants application/json or text/event-stream.",
        suggestion="Check the URL: it leads to something else than an MCP endpoint.",
        details={"httpStatus": response.status_code, "contentType": found, "body": excerpt(body)},
    )


def no_answer(response: httpx2.Response, body: bytes) -> ProtocolError:
    """The error for a JSON body that holds no answer to the request."""
    return ProtocolError(
        f"The server's response holds no JSON-RPC answer: {excerpt(body)}",
        suggestion="Check the URL: it may lead to something else than an MCP endpoint.",
        details={"httpStatus": response.status_code, "received": excerpt(body)},
    )


async def takes_connections(url: str) -> bool:
    """Whether somebody still listens at a URL, asked without sending anything; yes when that can't be told.

    A server that is just dying may take a connection that it drops in the next moment: such a one is asked again.
    """
    parsed = httpx2.URL(url)
    if await _goes_by_proxy(parsed):
        return True
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    for _ in range(PROBES):
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                reader, writer = await asyncio.open_connection(parsed.host, port)
        except TimeoutError:
            return True
        except OSError:
            return False
        try:
            async with asyncio.timeout(PROBE_PATIENCE):
                await reader.read(1)
        except TimeoutError:
            return True  # it waits for a request
        except OSError:
            pass
        finally:
            writer.close()
    return True


async def _goes_by_proxy(url: httpx2.URL) -> bool:
    proxies = urllib.request.getproxies()
    if not ({url.scheme, "all"} & proxies.keys()) or url.host in _LOOPBACK:
        return False
    # Windows and macOS may look the name up for it, which blocks.
    return not await asyncio.to_thread(urllib.request.proxy_bypass, url.host)


def unreachable(error: Exception, url: str) -> ConnectionLost:
    """The error for a server that no connection can be made to."""
    return ConnectionLost(
        f"No connection to {origin(url)}: {reason(error)}.",
        suggestion="Start the server, and check host and port of the URL.",
        details={"reason": reason(error)},
    )


def gone(error: Exception, url: str) -> ConnectionLost:
    """The error for a server that took connections before and does no longer."""
    return ConnectionLost(
        f"The server at {origin(url)} is gone: {reason(error)}.",
        suggestion="Start the server again; the sidecar reconnects by itself for a while.",
        details={"reason": reason(error)},
    )


def broken_exchange(error: Exception) -> TransportError:
    """The error for an exchange that broke off, when the server itself may well be alive."""
    return TransportError(
        f"The connection broke off before the answer was complete: {reason(error)}.",
        suggestion="The request may have been carried out; it is not sent again. Look into the server's log.",
        details={"reason": reason(error)},
    )


def unforeseen(error: Exception) -> TransportError:
    """The error for an exchange that the sidecar could not handle."""
    return TransportError(
        f"The exchange with the server could not be handled ({type(error).__name__}).",
        suggestion="This is a defect of the sidecar; its own log says where.",
        details={"reason": type(error).__name__},
    )


def reason(error: BaseException) -> str:
    """A transport error in words, never empty and free of URLs with secrets."""
    name = type(error).__name__
    cause: BaseException | None = error
    while cause is not None and not str(cause):  # httpx2 wraps a reset without its words
        cause = cause.__cause__ or cause.__context__
    text = re.sub(r"\s+", " ", str(cause or "")).strip().rstrip(".")
    return f"{text} ({name})" if text and "://" not in text else name


def origin(url: str) -> str:
    """Scheme, host and port of a URL: what may be shown of it anywhere."""
    parsed = httpx2.URL(url)
    return str(parsed.copy_with(path="/", query=None, fragment=None, userinfo=b"")).rstrip("/")


def _location(response: httpx2.Response) -> str:
    """Where a redirect leads to, without what may be secret."""
    location = response.headers.get("location", "nowhere")
    try:
        url = httpx2.URL(urljoin(str(response.request.url), location))
    except (ValueError, httpx2.InvalidURL):
        return "what is no URL"
    return str(url.copy_with(query=None, fragment=None, userinfo=b""))
