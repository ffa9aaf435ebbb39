"""A challenge: what a server asks for when it refuses a request (`WWW-Authenticate`, RFC 9110, 11.6.1)."""

import re
from collections.abc import Iterable
from typing import Any, Final

import attrs

HEADER_LIMIT: Final = 16 * 1024
"""Characters of the header that are read."""

_WORD: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PARAMETER: Final = re.compile(rf"({_WORD})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]+))")
_SCHEME: Final = re.compile(rf"({_WORD})(?=\s|,|$)")
_TOKEN68: Final = re.compile(r"\s+[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))")
_SEPARATORS: Final = re.compile(r"[\s,]*")
_NONSENSE: Final = re.compile(r"[^\s,]+")


@attrs.frozen
class Challenge:
    """One way to authenticate that the server offers."""

    scheme: str
    """As the server wrote it: `Bearer`."""
    parameters: dict[str, str]
    """By their names in lower case."""

    @property
    def is_bearer(self) -> bool:
        """Whether it asks for an OAuth token."""
        return self.scheme.lower() == "bearer"

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that are asked for."""
        return tuple(self.parameters.get("scope", "").split())

    def as_details(self) -> dict[str, Any]:
        """As the details of an error show it."""
        return {"scheme": self.scheme, **self.parameters}


def read_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Return the challenges in the values of all `WWW-Authenticate` headers; what is malformed is left out."""
    challenges: list[Challenge] = []
    for header in headers:
        text, position = header[:HEADER_LIMIT], 0
        while position < len(text):
            position = _SEPARATORS.match(text, position).end()  # type: ignore[union-attr] # it matches nothing, too
            if (parameter := _PARAMETER.match(text, position)) is not None:
                if challenges:
                    quoted, plain = parameter[2], parameter[3]
                    value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                    challenges[-1].parameters.setdefault(parameter[1].lower(), value)
                position = parameter.end()
            elif (scheme := _SCHEME.match(text, position)) is not None:
                challenges.append(Challenge(scheme[1], {}))
                position = scheme.end()
                # A token68 is not shown: it may be half of a handshake.
                if (token := _TOKEN68.match(text, position)) is not None:
                    position = token.end()
            elif (nonsense := _NONSENSE.match(text, position)) is not None:
                position = nonsense.end()
    return tuple(challenges)


@attrs.frozen
class Refusal:
    """The answer 401 or 403, and what the server asks for."""

    status: int
    challenges: tuple[Challenge, ...]

    @property
    def bearer(self) -> Challenge | None:
        """The challenge that asks for an OAuth token."""
        return next((challenge for challenge in self.challenges if challenge.is_bearer), None)

    @property
    def wants_more_scopes(self) -> bool:
        """Whether the token is good but grants too little (RFC 6750, 3.1)."""
        asked = self.bearer
        return self.status == 403 and asked is not None and asked.parameters.get("error") == "insufficient_scope"
