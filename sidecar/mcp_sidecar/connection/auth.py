"""What a target's `auth` asks for: a header, a login by a person, or the credentials of a program."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import attrs

from mcp_sidecar.connection.errors import InvalidTarget

TokenEndpointAuthMethod = Literal["none", "client_secret_basic", "client_secret_post"]
"""How a client shows its secret to an authorization server (RFC 7591, 2)."""

_METHODS: Final[tuple[TokenEndpointAuthMethod, ...]] = ("none", "client_secret_basic", "client_secret_post")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749, 3.3: a scope token."""
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]+")
_VISIBLE: Final = re.compile(r"[\x20-\x7e]+")
"""RFC 6749, appendix A: what an id and a secret are made of."""

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "bearer": ("token",),
    "oauth": ("clientId", "clientSecret", "scopes", "clientMetadataUrl", "tokenEndpointAuthMethod"),
    "client_credentials": ("clientId", "clientSecret", "privateKey", "scopes"),
}
"""The fields of each type, beside `type`."""

_EXAMPLES: Final[Mapping[str, str]] = {
    "bearer": '{"type": "bearer", "token": "…"}',
    "oauth": '"oauth", or {"type": "oauth", "clientId": "…"}',
    "client_credentials": '{"type": "client_credentials", "clientId": "…", "clientSecret": "…"}',
}


@attrs.frozen(kw_only=True)
class Bearer:
    """A token that the user has."""

    token: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Login:
    """OAuth with a person who logs in (the authorization code grant)."""

    client_id: str | None = None
    """Of a client that is registered already; without one, the client registers itself."""
    client_secret: str | None = attrs.field(default=None, repr=False)
    scopes: tuple[str, ...] = ()
    """Asked for whatever the server names."""
    client_metadata_url: str | None = None
    """A client id metadata document: the client's id for authorization servers that read such."""
    token_endpoint_auth_method: TokenEndpointAuthMethod | None = None
    """None: as the authorization server's metadata has it."""


@attrs.frozen(kw_only=True)
class ClientCredentials:
    """OAuth without a person (the client credentials grant); exactly one of secret and key is there."""

    client_id: str
    client_secret: str | None = attrs.field(default=None, repr=False)
    private_key: str | None = attrs.field(default=None, repr=False)
    """PEM; it signs an assertion (`private_key_jwt`, RFC 7523) and goes nowhere."""
    scopes: tuple[str, ...] = ()


OAuth = Login | ClientCredentials
Auth = Bearer | OAuth


def read_auth(auth: object) -> Auth | None:
    """Understand the `auth` of a target; None where there is none.

    Raises:
        InvalidTarget: a field is missing, unknown, or has a value that it can't have; no value is quoted.
    """
    if not auth:
        return None
    if auth == "oauth":
        return Login()
    if not isinstance(auth, Mapping):
        raise _refused("it is neither an object nor the text oauth", _EXAMPLES["oauth"])
    kind = auth.get("type")
    if not isinstance(kind, str) or kind not in FIELDS:
        shown = f"{kind[:40]!a}" if isinstance(kind, str) else "missing"
        raise _refused(f"its `type` is {shown}", "one of the types " + ", ".join(FIELDS))
    unknown = sorted(str(name)[:40] for name in auth if name != "type" and name not in FIELDS[kind])
    if unknown:
        raise _refused(f"its type {kind} has no field `{unknown[0]}`", _EXAMPLES[kind])
    match kind:
        case "bearer":
            return Bearer(token=_text(auth, "token", _HEADER_VALUE, needed=True) or "")
        case "oauth":
            return _login(auth)
        case _:
            return _client_credentials(auth)


def _login(auth: Mapping[str, Any]) -> Login:
    login = Login(
        client_id=_text(auth, "clientId", _VISIBLE),
        client_secret=_text(auth, "clientSecret", _VISIBLE),
        scopes=_scopes(auth),
        client_metadata_url=_text(auth, "clientMetadataUrl", _VISIBLE),
        token_endpoint_auth_method=_method(auth),
    )
    if login.client_secret is not None and login.client_id is None:
        raise _refused("it has a `clientSecret` without a `clientId`", _EXAMPLES["oauth"])
    if login.client_metadata_url is not None:
        if login.client_id is not None:
            raise _refused("it has both `clientId` and `clientMetadataUrl`", "one of them")
        parts = urlsplit(login.client_metadata_url)
        # draft-ietf-oauth-client-id-metadata-document, 3
        if parts.scheme != "https" or not parts.hostname or parts.path in ("", "/"):
            raise _refused("its `clientMetadataUrl` is no https URL with a path", "the URL of the document")
    method = login.token_endpoint_auth_method
    if method == "none" and login.client_secret is not None:
        raise _refused("it has a `clientSecret`, but `tokenEndpointAuthMethod` is none", "one of them")
    if method not in (None, "none") and login.client_id and login.client_secret is None:
        raise _refused("its `tokenEndpointAuthMethod` needs a `clientSecret`", "both, or none of them")
    return login


def _client_credentials(auth: Mapping[str, Any]) -> ClientCredentials:
    secret, key = _text(auth, "clientSecret", _VISIBLE), _text(auth, "privateKey", None)
    if (secret is None) == (key is None):
        found = "both `clientSecret` and `privateKey`" if secret else "neither `clientSecret` nor `privateKey`"
        raise _refused(f"it has {found}", _EXAMPLES["client_credentials"])
    if key is not None and "-----BEGIN " not in key:
        raise _refused("its `privateKey` is no key in PEM", 'the text of the file, from "-----BEGIN" on')
    client_id = _text(auth, "clientId", _VISIBLE, needed=True) or ""
    return ClientCredentials(client_id=client_id, client_secret=secret, private_key=key, scopes=_scopes(auth))


def _text(auth: Mapping[str, Any], field: str, allowed: re.Pattern[str] | None, *, needed: bool = False) -> str | None:
    value = auth.get(field)
    if value is None and not needed:
        return None
    if not isinstance(value, str) or not value.strip():
        raise _refused(f"its `{field}` is missing, empty or no text", _EXAMPLES[auth["type"]])
    if allowed is not None and not allowed.fullmatch(value):
        raise _refused(f"its `{field}` has a character that it can't have", f"`{field}` without line breaks")
    return value


def _scopes(auth: Mapping[str, Any]) -> tuple[str, ...]:
    value = auth.get("scopes")
    scopes = value.split() if isinstance(value, str) else [] if value is None else value
    if not isinstance(scopes, list | tuple) or not all(isinstance(it, str) and _SCOPE.fullmatch(it) for it in scopes):
        raise _refused("its `scopes` are no list of scopes", '"scopes": ["read", "write"]')
    return tuple(dict.fromkeys(scopes))


def _method(auth: Mapping[str, Any]) -> TokenEndpointAuthMethod | None:
    value = auth.get("tokenEndpointAuthMethod")
    if value is None:
        return None
    for method in _METHODS:
        if value == method:
            return method
    raise _refused("its `tokenEndpointAuthMethod` is unknown", "one of " + ", ".join(_METHODS))


def _refused(problem: str, expected: str) -> InvalidTarget:
    return InvalidTarget(f"`auth` was given, but {problem}.", suggestion=f"Pass {expected}.", details={"field": "auth"})
