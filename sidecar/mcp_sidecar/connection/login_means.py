"""What it takes to obtain a token: a person who can log in, and where the token is kept."""

from typing import TYPE_CHECKING, Protocol

import attrs

if TYPE_CHECKING:
    from mcp_sidecar.connection.redaction import Redactor
    from mcp_sidecar.connection.tokens import TokenStore


class Person(Protocol):
    """Who can be asked to log in. Cancelling takes a question back."""

    async def agrees_to_login(self, server: str, host: str) -> bool:
        """Whether a page of `host` may be opened to log in to `server`; silence and dismissal are a no.

        Args:
            server: the name and the address of the MCP server that asks.
            host: the origin of the authorization server.
        """

    async def open_browser(self, url: str, short_url: str) -> bool:
        """Open a page in the person's browser.

        Args:
            url: the page.
            short_url: leads to the same page while the login runs; is told where no browser can be opened.

        Returns:
            Whether a browser was opened.
        """


@attrs.frozen(kw_only=True)
class LoginMeans:
    """What it takes to obtain a token for one target."""

    person: Person | None
    """Who can log in, if anybody can."""
    may_ask: bool
    """Whether that person may be asked for the handshake's sake: not when nobody waits for it."""
    timeout: float
    """Seconds that the person has."""
    store: "TokenStore"
    redactor: "Redactor"
    """Learns every secret that is obtained."""
