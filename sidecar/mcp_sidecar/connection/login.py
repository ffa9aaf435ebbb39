"""A login: a person is asked, logs in in a browser, and comes back with a code."""

import asyncio
from collections.abc import Callable

from mcp_sidecar.connection.channel import Pause
from mcp_sidecar.connection.errors import ConsentRefused, TimedOut
from mcp_sidecar.connection.login_means import Person
from mcp_sidecar.connection.redirect import Answer, Redirect

Tell = Callable[[str, str], None]
"""Takes a level and something to read."""


class Login:
    """One login. `open()` it once, `close()` it once; nothing listens any more then."""

    def __init__(
        self,
        person: Person,
        *,
        server: str,
        timeout: float,
        paused: Pause,
        tell: Tell,
    ) -> None:
        """
        Args:
            person: who logs in.
            server: the name and the address of the MCP server, for the person.
            timeout: seconds for all that the person does.
            paused: stops the clock of what waits for the login.
            tell: is told how it goes.
        """
        self._person = person
        self._server = server
        self._timeout = timeout
        self._paused = paused
        self._tell = tell
        self._redirect = Redirect()
        self.begun = False
        """Whether the person was sent to the authorization server."""

    async def open(self, port: int | None = None) -> str:
        """Begin to listen for the redirect, and return its URI; see `Redirect.open`."""
        await self._redirect.open(port)
        return self._redirect.uri

    async def close(self) -> None:
        """End it, however far it came."""
        await self._redirect.close()

    async def run(self, authorize_url: str, host: str) -> Answer:
        """Have the person log in.

        Args:
            authorize_url: the authorization request, checked.
            host: the origin of that URL.

        Raises:
            ConsentRefused: the person does not want to.
            TimedOut: nobody logged in in time.
            AuthenticationRequired: the authorization server refused.
        """
        with self._paused():
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._logged_in(authorize_url, host)
            except TimeoutError:
                raise TimedOut(
                    f"Nobody logged in at {host} within {self._timeout:g} s.",
                    suggestion="Connect again, and log in in the browser; raise loginTimeout if that takes longer.",
                    details={"timeoutSeconds": self._timeout, "authorizationServer": host},
                ) from None

    async def _logged_in(self, authorize_url: str, host: str) -> Answer:
        self._tell("notice", f"{self._server} asks for a login at {host}: it waits for your consent")
        if not await self._person.agrees_to_login(self._server, host):
            raise ConsentRefused(
                f"{self._server} asks for a login at {host}, and it was not agreed to: nothing was opened.",
                suggestion="Connect again and agree to it, or pass a token in `auth` or `headers`.",
                details={"authorizationServer": host},
            )
        short_url = self._redirect.expect(authorize_url)
        self.begun = True
        opened = await self._person.open_browser(authorize_url, short_url)
        where = "in the browser" if opened else f"at {short_url}"
        self._tell("notice", f"waiting for the login {where}, for {self._timeout:g} s at most")
        return await self._redirect.answer()
