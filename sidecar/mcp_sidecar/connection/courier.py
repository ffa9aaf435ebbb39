"""The courier: carries the requests of an authorization to where they may go, and nowhere else.

Whatever the other side does, one request ends within EXCHANGE_TIMEOUT and BODY_LIMIT, is in the trace, and its secrets
are known to the redactor before anybody sees it.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import httpx2

from mcp_sidecar.connection import http
from mcp_sidecar.connection.errors import AuthenticationRequired
from mcp_sidecar.connection.inbound import excerpt
from mcp_sidecar.connection.redaction import Redactor, redact_oauth, redact_url, secrets_in_headers, secrets_in_oauth
from mcp_sidecar.connection.trace import Tap
from mcp_sidecar.version import VERSION

EXCHANGE_TIMEOUT: Final = 10.0
"""Seconds for one request to an authorization server, from its connection to the last byte of the answer."""

BODY_LIMIT: Final = 256 * 1024
"""Bytes of one answer of an authorization server."""

EXCHANGES_LIMIT: Final = 40
"""Requests of one authorization, redirects included. A proper one takes ten at most."""

_HEADERS: Final = {"accept": "application/json", "user-agent": f"mcp-sidecar/{VERSION}"}
"""Some authorization servers answer with a form, or not at all, where these are missing."""

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@attrs.frozen
class Exchange:
    """One request that was carried, as errors tell of it."""

    method: str
    url: str
    """Without userinfo, query and fragment."""
    status: int
    body: bytes
    location: str | None = None
    """Where a redirect that was not followed leads to, as `url`."""

    @property
    def said(self) -> str:
        """What was asked, and what came back, in a few words."""
        to = f" to {self.location}, which is not followed" if self.location else ""
        return f"{self.method} {self.url} → {self.status}{to}"

    def as_details(self) -> dict[str, Any]:
        """What the other side answered, as the details of an error show it."""
        details: dict[str, Any] = {"url": self.url, "httpStatus": self.status}
        if self.body:
            details["body"] = redact_oauth(excerpt(self.body))
        if self.location:
            details["location"] = self.location
        return details


class Courier:
    """Carries requests, one at a time. `close()` it once."""

    def __init__(self, server_url: str, redactor: Redactor, tap: Callable[[], Tap]) -> None:
        """
        Args:
            server_url: the MCP server; decides where plain http may be used.
            redactor: learns the secrets that pass.
            tap: gives the tap that is told of what goes over the wire.
        """
        self._server = httpx2.URL(server_url)
        self._redactor = redactor
        self._tap = tap
        self._client: httpx2.AsyncClient | None = None
        self.exchanges: list[Exchange] = []
        """What was carried so far."""

    async def close(self) -> None:
        """Leave no connection open."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def check(self, url: str) -> None:
        """Whether anything may be sent to, or opened at, this URL.

        MCP, "Authorization: Communication Security": https, but for what runs on this machine. Plain http is also
        taken on the host of a server that the user himself named with http.

        Raises:
            AuthenticationRequired: it may not; says why.
        """
        try:
            parsed = httpx2.URL(url)
        except (httpx2.InvalidURL, ValueError):
            raise self._refused(url, "is no URL") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise self._refused(url, "is no http(s) URL")
        if parsed.userinfo:
            raise self._refused(url, "has a user in it")
        if parsed.scheme == "http" and not self._may_be_plain(parsed):
            raise self._refused(url, "is not https")

    def _may_be_plain(self, url: httpx2.URL) -> bool:
        if url.host in _LOOPBACK:
            # A server elsewhere has no business with what runs on this machine.
            return self._server.host in _LOOPBACK
        return self._server.scheme == "http" and url.host == self._server.host

    @staticmethod
    def _refused(url: str, problem: str) -> AuthenticationRequired:
        shown = redact_url(url)[:200]
        return AuthenticationRequired(
            f"The server's authorization leads to {shown}, which {problem}: nothing was sent there.",
            suggestion="Mend the metadata of the server, or of its authorization server.",
            details={"url": shown},
        )

    async def carry(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and return the whole answer, whatever its status; redirects are the caller's.

        Raises:
            AuthenticationRequired: there is no answer, or none that can be used; says why.
        """
        self.check(str(request.url))
        if len(self.exchanges) >= EXCHANGES_LIMIT:
            raise self._failed(request, f"it takes more than {EXCHANGES_LIMIT} requests", "endlessRedirects")
        if self._client is None:
            self._client = http.new_client(str(self._server), {})
        for name, value in _HEADERS.items():
            request.headers.setdefault(name, value)
        sent = (await request.aread()).decode("utf-8", "replace")  # unread in a request that follows a redirect
        self._redactor.learn(secrets_in_oauth(sent) | secrets_in_headers(_authorization(request)))
        head = (request.method, request.url, request.headers.raw)
        self._tap().requested(*head, body=redact_oauth(sent).encode())
        try:
            async with asyncio.timeout(EXCHANGE_TIMEOUT):
                response = await self._client.send(request, stream=True, follow_redirects=False)
                try:
                    body = await http.read_body(response, BODY_LIMIT)
                finally:
                    await response.aclose()
        except TimeoutError:
            self._tap().unanswered(*head, failure=f"no answer in {EXCHANGE_TIMEOUT:g} s")
            raise self._failed(request, f"did not answer within {EXCHANGE_TIMEOUT:g} s", "timeout") from None
        except http.BodyTooLong:
            self._tap().unanswered(*head, failure=f"an answer of more than {BODY_LIMIT} bytes")
            raise self._failed(request, f"answered with more than {BODY_LIMIT // 1024} KiB", "too long") from None
        except http.FAILURES as error:
            self._tap().unanswered(*head, failure=http.reason(error))
            raise self._failed(request, f"can't be reached: {http.reason(error)}", http.reason(error)) from error
        return self._received(request, response, body)

    def _received(self, request: httpx2.Request, response: httpx2.Response, body: bytes) -> httpx2.Response:
        text = body.decode("utf-8", "replace")
        self._redactor.learn(secrets_in_oauth(text))
        self._tap().responded(
            request.method,
            request.url,
            request.headers.raw,
            status=response.status_code,
            response_headers=response.headers.raw,
            body=redact_oauth(text).encode(),
        )
        following = response.next_request
        self.exchanges.append(
            Exchange(
                request.method,
                _shown(request.url),
                response.status_code,
                body,
                None if following is None else _shown(following.url),
            )
        )
        # Whole, so that who judges it can't be kept waiting by it.
        whole = httpx2.Response(
            response.status_code, headers=_without_coding(response.headers), content=body, request=request
        )
        whole.next_request = following
        return whole

    def _failed(self, request: httpx2.Request, problem: str, reason: str) -> AuthenticationRequired:
        return AuthenticationRequired(
            f"The authorization failed: {request.method} {_shown(request.url)} {problem}.",
            suggestion="Check that the authorization server runs and answers.",
            details={"url": _shown(request.url), "reason": reason},
        )


def json_object(body: bytes) -> dict[str, Any] | None:
    """What a body means as a JSON object; None where it means none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _shown(url: httpx2.URL) -> str:
    return redact_url(str(url.copy_with(query=None, fragment=None, userinfo=b"")))


def _authorization(request: httpx2.Request) -> Mapping[str, str]:
    value = request.headers.get("authorization")
    return {} if value is None else {"authorization": value}


def _without_coding(headers: httpx2.Headers) -> list[tuple[str, str]]:
    """The headers of a body that was decoded."""
    coding = ("content-encoding", "content-length", "transfer-encoding")
    return [(name, value) for name, value in headers.multi_items() if name.lower() not in coding]
