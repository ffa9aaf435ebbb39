"""The judge: looks at what an authorization finds out on its way, and says what is wrong where it is wrong.

The SDK's flow takes metadata that it can't read for metadata that is not there, and goes on to guessed endpoints; here
a mistake of the server's ends it, with the place of the mistake.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

import httpx2
from mcp.client.auth.oauth2 import OAuthContext
from mcp.shared.auth import OAuthClientInformationFull, OAuthMetadata, OAuthToken, ProtectedResourceMetadata
from pydantic import BaseModel, ValidationError

from mcp_sidecar.connection.auth import ClientCredentials, Login, OAuth, TokenEndpointAuthMethod
from mcp_sidecar.connection.courier import Exchange, json_object
from mcp_sidecar.connection.errors import AuthenticationRequired
from mcp_sidecar.connection.inbound import excerpt
from mcp_sidecar.connection.redaction import redact_oauth

_Model = TypeVar("_Model", bound=BaseModel)

_WELL_KNOWN_RESOURCE: Final = "/.well-known/oauth-protected-resource"
_WELL_KNOWN_SERVER: Final = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


def token_auth_method(auth: OAuth, supported: Sequence[str] | None) -> TokenEndpointAuthMethod:
    """How the client shows its secret to the token endpoint.

    Args:
        auth: what the user gave.
        supported: what the authorization server's metadata lists (RFC 8414, 2); None where it lists nothing.
    """
    if isinstance(auth, Login) and auth.token_endpoint_auth_method is not None:
        return auth.token_endpoint_auth_method
    has_secret = auth.client_secret is not None
    if isinstance(auth, Login) and auth.client_id is not None and not has_secret:
        return "none"
    wanted: tuple[TokenEndpointAuthMethod, ...] = ("client_secret_basic", "client_secret_post")
    if not has_secret:
        wanted = ("none", *wanted)  # a client that registers itself gets a secret where it must have one
    return next((method for method in wanted if supported is None or method in supported), wanted[0])


class Judge:
    """Sees the steps of one run of the flow."""

    def __init__(self, auth: OAuth, named: str | None = None) -> None:
        """
        Args:
            auth: what the user gave.
            named: the URL of the metadata that the server itself named.
        """
        self._auth = auth
        self._named = named
        self._looks_for: type[BaseModel] | None = None

    # before something is sent

    def before(self, request: httpx2.Request, context: OAuthContext, exchanges: Sequence[Exchange]) -> None:
        """Stop a request that would go to an endpoint that was guessed, or that nobody offered.

        Raises:
            AuthenticationRequired: says what is missing.
        """
        if request.method != "POST":
            return
        if context.oauth_metadata is None and context.protected_resource_metadata is not None:
            raise AuthenticationRequired(
                f"The authorization server {context.auth_server_url} has no metadata that can be used.",
                suggestion="Let it answer at /.well-known/oauth-authorization-server or "
                "/.well-known/openid-configuration; `details.tried` has what was asked.",
                details={"tried": [exchange.said for exchange in exchanges]},
            )
        if _is_registration(request):
            self._before_registration(context)

    @staticmethod
    def _before_registration(context: OAuthContext) -> None:
        metadata = context.oauth_metadata
        if metadata is not None and metadata.registration_endpoint is None:
            raise AuthenticationRequired(
                f"The authorization server {metadata.issuer} registers no clients by itself (RFC 7591).",
                suggestion='Register one there and pass its id: "auth": {"type": "oauth", "clientId": …}'
                + (
                    ', or a "clientMetadataUrl".'
                    if metadata.client_id_metadata_document_supported and context.client_metadata_url is None
                    else "."
                ),
                details={"authorizationServer": str(metadata.issuer)},
            )

    @staticmethod
    def before_login(context: OAuthContext) -> None:
        """Stop before a person is asked for something that can't end well.

        Raises:
            AuthenticationRequired: there is no PKCE (MCP 2025-11-25, "Authorization Code Protection").
        """
        metadata = context.oauth_metadata
        if metadata is None:
            if context.protected_resource_metadata is not None:
                raise AuthenticationRequired(
                    f"The authorization server {context.auth_server_url} has no metadata that can be used.",
                    suggestion="Let it answer at /.well-known/oauth-authorization-server.",
                )
            return
        methods = metadata.code_challenge_methods_supported
        if methods is None or "S256" not in methods:
            found = "lists no code_challenge_methods_supported" if methods is None else f"supports {methods} only"
            raise AuthenticationRequired(
                f"The authorization server {metadata.issuer} {found}: MCP clients must refuse one without PKCE (S256).",
                suggestion='Let its metadata say "code_challenge_methods_supported": ["S256"].',
                details={"authorizationServer": str(metadata.issuer)},
            )

    # when something came back

    def after(self, request: httpx2.Request, response: httpx2.Response, context: OAuthContext) -> httpx2.Response:
        """Return the answer as the flow can use it.

        Raises:
            AuthenticationRequired: it can't be used; says what is wrong with it.
        """
        if response.next_request is not None:
            return response  # followed within its origin, and refused by the flow beyond it
        if request.method == "GET":
            return self._found(request, response, context)
        if _is_registration(request):
            return self._registered(request, response, context)
        return self._issued(request, response)

    def _found(self, request: httpx2.Request, response: httpx2.Response, context: OAuthContext) -> httpx2.Response:
        path = request.url.path
        if _WELL_KNOWN_RESOURCE in path or str(request.url) == self._named:
            self._looks_for = ProtectedResourceMetadata
        elif any(known in path for known in _WELL_KNOWN_SERVER):
            self._looks_for = OAuthMetadata
        if response.status_code != 200 or self._looks_for is None:
            return response
        value = json_object(response.content)
        if value is None:
            if str(request.url) == self._named:
                raise _unusable(request, response, "the metadata that the server named is no JSON object")
            return response  # a page for whatever is asked: the next place is tried
        if self._looks_for is ProtectedResourceMetadata:
            _check(ProtectedResourceMetadata, value, request, response, "the metadata of the protected resource")
            return response
        if isinstance(self._auth, ClientCredentials) and "token_endpoint" in value:
            # RFC 8414, 2: needed only where a grant type uses it; the flow's model wants it always.
            value.setdefault("authorization_endpoint", value["token_endpoint"])
        metadata = _check(OAuthMetadata, value, request, response, "the metadata of the authorization server")
        self._choose_method(metadata, context)
        return _with_json(response, value)

    def _choose_method(self, metadata: OAuthMetadata, context: OAuthContext) -> None:
        if isinstance(self._auth, ClientCredentials) and self._auth.private_key is not None:
            return
        method = token_auth_method(self._auth, metadata.token_endpoint_auth_methods_supported)
        context.client_metadata.token_endpoint_auth_method = method
        client = context.client_info
        if client is not None and client.client_id == self._auth.client_id:
            client.token_endpoint_auth_method = method

    def _registered(self, request: httpx2.Request, response: httpx2.Response, context: OAuthContext) -> httpx2.Response:
        if response.status_code not in (200, 201):
            raise _refused(
                request, response, "register the client", 'Pass "clientId" of one that is registered, in "auth".'
            )
        value = json_object(response.content)
        if value is None:
            raise _unusable(request, response, "the registration is no JSON object")
        if not value.get("token_endpoint_auth_method"):
            asked = context.client_metadata.token_endpoint_auth_method
            # Without a word of the server's, its own default is meant (RFC 7591, 2) by one that gave a secret.
            with_secret = "client_secret_basic" if asked in (None, "none") else asked
            value |= {"token_endpoint_auth_method": with_secret if value.get("client_secret") else "none"}
        _check(OAuthClientInformationFull, value, request, response, "the registration")
        return _with_json(response, value)

    def _issued(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        renewal = parse_qs(request.content.decode("utf-8", "replace")).get("grant_type") == ["refresh_token"]
        if response.status_code not in (200, 201):
            if renewal and response.status_code < 500 and response.status_code != 429:
                return response  # the token is over for good: the flow begins anew
            what = "renew the token" if renewal else "issue a token"
            raise _refused(request, response, what, _ADVICE.get(_error_of(response), "See its log for the cause."))
        value = json_object(response.content)
        if value is None:
            raise _unusable(request, response, "the answer with the token is no JSON object")
        _check(OAuthToken, value, request, response, "the answer with the token")
        return response


_ADVICE: Final = {
    "invalid_client": "Check client id, client secret and tokenEndpointAuthMethod.",
    "invalid_grant": "The code may be used up or over: log in again. Check PKCE and redirect URI in its log.",
    "invalid_scope": "Check `scopes`, and the scopes that the server asks for.",
    "invalid_target": "The authorization server does not know the server's URL as a resource (RFC 8707).",
    "unauthorized_client": "Allow the client this grant type.",
    "unsupported_grant_type": "Allow this grant type, or pass another type in `auth`.",
}


def _is_registration(request: httpx2.Request) -> bool:
    return str(request.headers.get("content-type", "")).startswith("application/json")


def _error_of(response: httpx2.Response) -> str:
    value = json_object(response.content) or {}
    error = value.get("error")
    return error[:100] if isinstance(error, str) else ""


def _check(
    model: type[_Model], value: dict[str, Any], request: httpx2.Request, response: httpx2.Response, what: str
) -> _Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # Neither the input nor the context: they quote what may be a token.
        found = error.errors(include_url=False, include_context=False, include_input=False)[:5]
        problems = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'all'}: {each['msg']}" for each in found)
        raise _unusable(request, response, f"{what} is wrong: {problems}") from None


def _with_json(response: httpx2.Response, value: dict[str, Any]) -> httpx2.Response:
    return httpx2.Response(response.status_code, json=value, request=response.request)


def _shown(request: httpx2.Request) -> str:
    return str(request.url.copy_with(query=None, fragment=None, userinfo=b""))


def _answered(request: httpx2.Request, response: httpx2.Response) -> dict[str, Any]:
    details: dict[str, Any] = {"url": _shown(request), "httpStatus": response.status_code}
    if response.content:
        details["body"] = redact_oauth(excerpt(response.content))
    return details


def _unusable(request: httpx2.Request, response: httpx2.Response, problem: str) -> AuthenticationRequired:
    return AuthenticationRequired(
        f"The authorization failed at {_shown(request)}: {problem}.",
        suggestion="Mend what is served there.",
        details=_answered(request, response),
    )


def _refused(request: httpx2.Request, response: httpx2.Response, what: str, advice: str) -> AuthenticationRequired:
    value = json_object(response.content) or {}
    error, described = _error_of(response), value.get("error_description")
    said = f": {error}" if error else ""
    if error and isinstance(described, str) and described:
        said += f" ({described[:300]})"
    return AuthenticationRequired(
        f"The authorization server did not {what} (HTTP {response.status_code} of {_shown(request)}){said}.",
        suggestion=advice,
        details=_answered(request, response) | ({"error": error} if error else {}),
    )
