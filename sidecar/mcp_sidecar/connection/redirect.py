"""The redirect: where the browser comes back to after a login (RFC 8252, 7.3).

The one port that the sidecar ever listens on. It is on 127.0.0.1, chosen by the system, there only while a login runs,
and takes nothing but the answer to that login.
"""

import asyncio
import contextlib
import secrets
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

import attrs

from mcp_sidecar.connection.errors import AuthenticationRequired, ConnectionFailed, SidecarError

HOST: Final = "127.0.0.1"
"""Not `localhost`: RFC 8252, 8.3."""

PATH: Final = "/callback"

REQUEST_TIMEOUT: Final = 5.0
"""Seconds for the head of one request. Browsers open connections that they never use."""

REQUEST_LIMIT: Final = 32 * 1024
"""Bytes of the head of one request."""

CONNECTIONS_LIMIT: Final = 20
"""Connections at a time; one more is closed at once."""

_PAGE: Final = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>MCP Sidecar</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:20vh auto;max-width:32em;padding:0 1em}}</style>
<h1>{title}</h1><p>{text}</p></html>
"""

_DONE: Final = ("Back to your editor", "MCP Sidecar has the answer to the login. You can close this page.")
_REFUSED: Final = ("The login was refused", "Your editor says why. You can close this page.")
_FOREIGN: Final = ("Not this login", "This answer belongs to no login that is under way. Start again from your editor.")
_NOTHING: Final = ("Nothing here", "This address only takes the answer to a login.")


@attrs.frozen
class Answer:
    """What the browser brought back."""

    code: str = attrs.field(repr=False)
    state: str = attrs.field(repr=False)
    issuer: str | None
    """`iss` (RFC 9207)."""


class Redirect:
    """Listens for the answer to one login. `open()` it once, `close()` it once."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._way_in = f"/{secrets.token_urlsafe(6)}"
        self._authorize_url: str | None = None
        self._state: str | None = None
        self.port = 0

    async def open(self, port: int | None = None) -> None:
        """Begin to listen.

        Args:
            port: the one that a client was registered with, if it is free; else the system chooses.

        Raises:
            ConnectionFailed: nothing can listen on this machine.
        """
        try:
            self._server = await asyncio.start_server(self._connected, HOST, port or 0, limit=REQUEST_LIMIT)
        except OSError as error:
            if port:
                await self.open()
                return
            raise ConnectionFailed(
                f"The sidecar can't listen on {HOST} for the end of the login: {error.strerror}.",
                suggestion="Allow programs to listen on the loopback address.",
                details={"reason": str(error.strerror)},
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def uri(self) -> str:
        """The redirect URI."""
        return f"http://{HOST}:{self.port}{PATH}"

    def expect(self, authorize_url: str) -> str:
        """Take the answer to this authorization request from now on.

        Returns:
            A short address that leads there, which can be told and typed where no browser can be opened.
        """
        self._authorize_url = authorize_url
        self._state = parse_qs(urlsplit(authorize_url).query).get("state", [""])[0]
        return f"http://{HOST}:{self.port}{self._way_in}"

    async def answer(self) -> Answer:
        """Wait for the answer.

        Raises:
            AuthenticationRequired: the authorization server refused, or the answer is to another login.
        """
        await asyncio.wait({self._answer})
        return self._answer.result()

    async def close(self) -> None:
        """Listen no more; whoever is still connected is cut off."""
        if self._server is not None:
            self._server.close()
        if not self._answer.done():
            self._answer.cancel()
        elif not self._answer.cancelled():
            self._answer.exception()  # asyncio would complain of it if nobody waited for it any more
        for task in self._connections:
            task.cancel()  # what it has written goes out all the same
        if self._connections:
            await asyncio.wait(self._connections)

    # one connection

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= CONNECTIONS_LIMIT:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(REQUEST_TIMEOUT):
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(self._respond(head.decode("latin-1")))
                    await writer.drain()
        finally:
            writer.close()

    def _respond(self, head: str) -> bytes:
        request, *lines = head.split("\r\n")
        method, _, rest = request.partition(" ")
        target = urlsplit(rest.partition(" ")[0])
        hosts = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("host:")]
        # A page of another site can have its name point here: it must not read anything.
        if method != "GET" or hosts not in ([f"{HOST}:{self.port}"], [f"localhost:{self.port}"]):
            return _page(HTTPStatus.BAD_REQUEST, _NOTHING)
        if target.path == self._way_in and self._authorize_url is not None:
            return _response(HTTPStatus.FOUND, b"", {"Location": self._authorize_url})
        if target.path != PATH or self._state is None or self._answer.done():
            return _page(HTTPStatus.NOT_FOUND, _NOTHING)
        fields = {name: values[0] for name, values in parse_qs(target.query, keep_blank_values=True).items()}
        return self._take(fields)

    def _take(self, fields: dict[str, str]) -> bytes:
        state = fields.get("state", "")
        if not secrets.compare_digest(state.encode(), (self._state or "").encode()):
            self._answer.set_exception(_foreign(missing="state" not in fields))
            return _page(HTTPStatus.BAD_REQUEST, _FOREIGN)
        if "error" in fields or not fields.get("code"):
            self._answer.set_exception(_refusal(fields))
            return _page(HTTPStatus.OK, _REFUSED)
        self._answer.set_result(Answer(fields["code"], state, fields.get("iss")))
        return _page(HTTPStatus.OK, _DONE)


def _foreign(*, missing: bool) -> SidecarError:
    found = "without the state" if missing else "with another state"
    return AuthenticationRequired(
        f"The browser came back {found} that the login was begun with (RFC 6749, 10.12): the answer was not used.",
        suggestion="Let the authorization server return `state` as it came, and log in again.",
        details={"reason": "state"},
    )


def _refusal(fields: dict[str, str]) -> SidecarError:
    """The error for an authorization response that brings no code (RFC 6749, 4.1.2.1)."""
    error = fields.get("error", "")[:200]
    described = fields.get("error_description", "")[:500]
    said = f"{error}: {described}" if error and described else error or "it sent neither a code nor an error"
    return AuthenticationRequired(
        f"The authorization server refused the login: {said}.",
        suggestion=(
            "Log in again, and agree to what the authorization server asks."
            if error == "access_denied"
            else "See what the authorization server says of this error."
        ),
        details={"error": error, "errorDescription": described} if error else {},
    )


def _page(status: HTTPStatus, words: tuple[str, str]) -> bytes:
    title, text = words
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    }
    return _response(status, _PAGE.format(title=title, text=text).encode(), headers)


def _response(status: HTTPStatus, body: bytes, headers: dict[str, str]) -> bytes:
    lines = {
        **headers,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
    }
    head = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in lines.items())]
    return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + body
