"""The authority: obtains, renews and keeps the OAuth token that the requests to one target carry.

MCP, "Authorization" (2025-03-26 to 2026-07-28). The flow itself (discovery, registration, PKCE, resource indicator,
scopes) is the SDK's, an `httpx2.Auth` that is asked step by step here: it never sees the request that it is for, only
what that was refused with, so that no request waits for another one's answer. Each of its requests goes by a courier,
and each answer is judged before the flow sees it.
"""

import asyncio
import contextlib
import functools
import hashlib
import json
import warnings
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urljoin

import attrs
import httpx2
from mcp.client.auth import OAuthClientProvider, OAuthFlowError, TokenStorage
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthMetadata,
    OAuthToken,
)
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from mcp_types import LATEST_PROTOCOL_VERSION
from pydantic import AnyUrl, ValidationError

from mcp_sidecar.connection import http
from mcp_sidecar.connection.auth import ClientCredentials, OAuth
from mcp_sidecar.connection.auth import Login as LoginSettings
from mcp_sidecar.connection.challenge import Refusal
from mcp_sidecar.connection.channel import Pause
from mcp_sidecar.connection.courier import Courier
from mcp_sidecar.connection.discovery import Judge, token_auth_method
from mcp_sidecar.connection.errors import AuthenticationRequired, SidecarError
from mcp_sidecar.connection.login import Login, Tell
from mcp_sidecar.connection.login_means import LoginMeans
from mcp_sidecar.connection.signing import algorithm_of
from mcp_sidecar.connection.trace import Tap

CLIENT_NAME: Final = "MCP Sidecar"
"""How the sidecar registers itself, and what a consent page shows."""

_PAST: Final = 1.0
"""A Unix time at which a token is over that has to be renewed."""


class Authority:
    """The token of one target. One instance for one connection; what it obtains outlives it in the store."""

    def __init__(
        self,
        auth: OAuth,
        *,
        url: str,
        name: str,
        means: LoginMeans,
        tap: Callable[[], Tap],
        tell: Tell,
    ) -> None:
        """
        Args:
            auth: what the target asks for.
            url: the MCP server's.
            name: what to call it.
            means: what it takes to obtain a token.
            tap: gives the tap that is told of what goes over the wire.
            tell: is told how a login goes.

        Raises:
            InvalidTarget: the private key can't be used.
        """
        self._auth = auth
        self._url = url
        self._name = name
        self._means = means
        self._store = means.store
        self._redactor = means.redactor
        self._tap = functools.cache(tap)
        self._tell = tell
        self._key = _key(auth, url)
        self._kept = _Kept()
        self._login: Login | None = None
        self._provider = self._new_provider()
        self._lock = asyncio.Lock()
        self._loaded = False
        self._restored = False
        """Whether the client's registration is of an earlier login."""
        self.established = False
        """Whether the handshake is done, so that tokens are obtained in the middle of a request."""
        self._issued: str | None = None
        """A token that a whole authorization brought and that the server has not taken yet."""
        self._renewed: str | None = None
        """One that a renewal brought and that the server has not taken yet."""
        self._asked_scopes: set[str] = set()
        """What was asked for because the server wanted more: it is not asked for again."""
        self.stage: str | None = None
        """What is waited for now, for an error that has to say it."""

    # what the opening of a connection needs

    async def prepare(self) -> None:
        """Fetch what was obtained earlier, and renew it if it is known to be over.

        Raises:
            SidecarError: it could not be renewed for now.
        """
        async with self._lock:
            await self._load()
            if self._is_over():
                await self._refresh()

    async def obtain(self, refusal: Refusal, pause: Pause) -> bool:
        """Obtain a token for a handshake that was refused.

        Args:
            refusal: what it was refused with.
            pause: stops its clock while a person logs in.

        Returns:
            Whether to try it again.

        Raises:
            SidecarError: no token could be obtained; says why.
        """
        async with self._lock:
            return await self._obtain(self._token, refusal, pause if self._means.may_ask else None)

    # what channels need

    async def sign(self, request: httpx2.Request) -> str | None:
        """Give a request the token, renewed first if it is known to be over; returns the token.

        Raises:
            SidecarError: it could not be renewed for now.
        """
        if self._is_over():
            await self.prepare()
        token = self._token
        if token is None:
            request.headers.pop("authorization", None)
        else:
            request.headers["authorization"] = f"Bearer {token}"
        return token

    def accepted(self, token: str | None) -> None:
        """The server took a request with this token."""
        if token is not None and token == self._issued:
            self._issued = None
        if token is not None and token == self._renewed:
            self._renewed = None

    async def renew(self, refused: str | None, refusal: Refusal, *, pause: Pause | None) -> bool:
        """Obtain another token for a request that was refused.

        During the handshake nothing is done: its own patience is short, and `obtain` does it in between.

        Args:
            refused: the token that it had.
            refusal: what it was refused with.
            pause: stops its clock while a person logs in; None where no person may be asked.

        Returns:
            Whether to send it again.

        Raises:
            SidecarError: no token could be obtained; says why.
        """
        if not self.established:
            return False
        async with self._lock:
            if self._token is not None and self._token != refused:
                return True  # another request has obtained it meanwhile
            return await self._obtain(refused, refusal, pause)

    async def _obtain(self, refused: str | None, refusal: Refusal, pause: Pause | None) -> bool:
        has_person = pause is not None and self._means.person is not None
        can_authorize = has_person or not isinstance(self._auth, LoginSettings)
        if refusal.status == 401:
            if refused is not None and refused == self._issued:
                await self._forget_tokens()
                raise _not_taken(self._name, refusal)
            if refused is None or refused != self._renewed:
                if await self._refresh():
                    return True
            elif refused is not None:
                await self._forget_tokens()
        elif not refusal.wants_more_scopes or not can_authorize or not self._are_new(refusal):
            return False
        if not can_authorize:
            return False
        await self._authorize(refusal, pause or contextlib.nullcontext)
        return True

    @property
    def _token(self) -> str | None:
        tokens = self._provider.context.current_tokens
        return tokens.access_token if tokens is not None else None

    def _is_over(self) -> bool:
        context = self._provider.context
        return context.current_tokens is not None and not context.is_token_valid() and self._can_refresh()

    def _can_refresh(self) -> bool:
        # A program gets no refresh token, and needs none (RFC 6749, 4.4.3).
        return isinstance(self._auth, LoginSettings) and self._provider.context.can_refresh_token()

    def _are_new(self, refusal: Refusal) -> bool:
        """Whether the server wants scopes that were not asked for already (MCP, "Scope Challenge Handling")."""
        wanted = set(refusal.bearer.scopes) if refusal.bearer is not None else set()
        if self._asked_scopes and wanted <= self._asked_scopes:
            asked = " ".join(sorted(wanted)) or "no scope by name"
            self._tell("warning", f"{self._name} wants more scopes ({asked}), which were asked for already")
            return False
        self._asked_scopes |= wanted or {""}
        return True

    # obtaining

    async def _refresh(self) -> bool:
        """Renew the token without anybody being asked; whether that worked. What does not is forgotten."""
        context = self._provider.context
        if not self._can_refresh():
            return False
        context.token_expiry_time = _PAST
        self.stage = "the renewal of the token"
        await self._drive(None, Judge(self._auth))
        if context.current_tokens is None:
            self._tell("info", "the token could not be renewed: it is forgotten")
            await self._forget_tokens()
            return False
        self._renewed = self._token
        await self._save()
        return True

    async def _authorize(self, refusal: Refusal, pause: Pause) -> None:
        """Obtain a token from the beginning."""
        context = self._provider.context
        if self._restored:
            context.oauth_metadata = None  # only what a renewal needs of it was kept
        try:
            if isinstance(self._auth, LoginSettings):
                assert self._means.person is not None
                self._login = Login(
                    self._means.person,
                    server=self._name,
                    timeout=self._means.timeout,
                    paused=pause,
                    tell=self._tell,
                )
                self._use_redirect(await self._login.open(self._registered_port()))
            await self._drive(self._as_answer(refusal), Judge(self._auth, named=self._resource_metadata(refusal)))
        except BaseException:
            await self._doubt_registration()
            raise
        finally:
            login, self._login = self._login, None
            if login is not None:
                await login.close()
        self._restored = False
        self._issued = self._token
        await self._save()

    async def _drive(self, answer: httpx2.Response | None, judge: Judge) -> None:
        """Have the SDK's flow take its steps.

        Args:
            answer: what the request that it is for was answered with; None: only renew the token.
            judge: looks at what the flow sends and gets.
        """
        request = httpx2.Request("POST", self._url, headers={MCP_PROTOCOL_VERSION_HEADER: LATEST_PROTOCOL_VERSION})
        courier = Courier(self._url, self._redactor, self._tap)
        context = self._provider.context
        try:
            async with contextlib.aclosing(self._provider.async_auth_flow(request)) as flow:
                outgoing = await anext(flow)
                while outgoing is not request or answer is not None:
                    if outgoing is request:
                        received, answer = answer, None
                    else:
                        judge.before(outgoing, context, courier.exchanges)
                        self.stage = f"{outgoing.method} {http.origin(str(outgoing.url))}{outgoing.url.path}"
                        received = judge.after(outgoing, await courier.carry(outgoing), context)
                    outgoing = await flow.asend(received)  # type: ignore[arg-type] # it is a response by now
        except StopAsyncIteration:
            pass
        except OAuthFlowError as error:
            raise _failed(str(error), courier) from error
        except (ValidationError, ValueError) as error:
            raise _failed("the authorization server sent what can't be used", courier) from error
        finally:
            await courier.close()
        self.stage = None

    async def _log_in(self) -> AuthorizationCodeResult:
        """The flow's step that a person takes."""
        assert self._login is not None
        context = self._provider.context
        url = self._authorize_url
        Courier(self._url, self._redactor, self._tap).check(url)
        Judge(self._auth).before_login(context)
        host = http.origin(url)
        self.stage = f"the login at {host}"
        answer = await self._login.run(url, host)
        self._redactor.learn([answer.code])
        return AuthorizationCodeResult(code=answer.code, state=answer.state, iss=answer.issuer)

    async def _remember_url(self, url: str) -> None:
        self._authorize_url = url

    # the SDK's provider

    def _new_provider(self) -> OAuthClientProvider:
        auth = self._auth
        scope = " ".join(auth.scopes) or None
        if isinstance(auth, LoginSettings):
            self._authorize_url = ""
            if auth.client_id is not None:
                self._kept.client = OAuthClientInformationFull(
                    client_id=auth.client_id,
                    client_secret=auth.client_secret,
                    token_endpoint_auth_method=token_auth_method(auth, None),
                )
            return OAuthClientProvider(
                self._url,
                OAuthClientMetadata(
                    client_name=CLIENT_NAME,
                    redirect_uris=[AnyUrl("http://127.0.0.1/callback")],
                    token_endpoint_auth_method=token_auth_method(auth, None),
                    scope=scope,
                ),
                self._kept,
                redirect_handler=self._remember_url,
                callback_handler=self._log_in,
                client_metadata_url=auth.client_metadata_url,
            )
        with warnings.catch_warnings():
            # That the server names the authorization server is how MCP has it; the user is told which one it is.
            warnings.simplefilter("ignore", MCPDeprecationWarning)
            if auth.private_key is None:
                assert auth.client_secret is not None
                return ClientCredentialsOAuthProvider(
                    self._url, self._kept, auth.client_id, auth.client_secret, scope=scope
                )
            signing = SignedJWTParameters(
                issuer=auth.client_id,
                subject=auth.client_id,
                signing_key=auth.private_key,
                signing_algorithm=algorithm_of(auth.private_key),
            )
            return PrivateKeyJWTOAuthProvider(
                self._url, self._kept, auth.client_id, signing.create_assertion_provider(), scope=scope
            )

    def _resource_metadata(self, refusal: Refusal) -> str | None:
        """The URL that the server names for its metadata (RFC 9728, 5.1)."""
        named = refusal.bearer.parameters.get("resource_metadata") if refusal.bearer is not None else None
        return None if named is None else urljoin(self._url, named)

    def _as_answer(self, refusal: Refusal) -> httpx2.Response:
        """The refusal as the flow can read it: one challenge, in plain form, with the user's own scopes."""
        scopes = dict.fromkeys((*self._auth.scopes, *(refusal.bearer.scopes if refusal.bearer is not None else ())))
        parameters = {
            "error": "insufficient_scope" if refusal.wants_more_scopes else None,
            "scope": " ".join(scopes),
            "resource_metadata": self._resource_metadata(refusal),
        }
        words = ", ".join(f'{name}="{value}"' for name, value in parameters.items() if value and '"' not in value)
        request = httpx2.Request("POST", self._url)
        return httpx2.Response(refusal.status, headers={"www-authenticate": f"Bearer {words}".strip()}, request=request)

    # the registration

    @property
    def _is_registered_by_us(self) -> bool:
        auth = self._auth
        client = self._provider.context.client_info
        return (
            isinstance(auth, LoginSettings)
            and client is not None
            and client.client_id not in (auth.client_id, auth.client_metadata_url)
        )

    def _registered_port(self) -> int | None:
        """The port of the redirect URI that the client was registered with: servers may want that very one."""
        client = self._provider.context.client_info
        if not self._is_registered_by_us or client is None or not client.redirect_uris:
            return None
        return client.redirect_uris[0].port

    def _use_redirect(self, uri: str) -> None:
        context = self._provider.context
        context.client_metadata.redirect_uris = [AnyUrl(uri)]
        client = context.client_info
        if self._is_registered_by_us and client is not None and client.redirect_uris != [AnyUrl(uri)]:
            context.client_info = self._kept.client = None  # its port is taken: the client is registered anew

    async def _doubt_registration(self) -> None:
        """A person was sent away and no token came: the registration may be unknown there by now."""
        if self._restored and self._is_registered_by_us and self._login is not None and self._login.begun:
            self._provider.context.client_info = self._kept.client = None
            self._restored = False
            await self._save()

    # keeping

    async def _load(self) -> None:
        if self._loaded:
            return
        grant = await self._store.load(self._key)
        self._loaded = True
        if grant is None:
            return
        if grant.get("target") != self._fingerprint:
            await self._store.forget(self._key)
            return
        context = self._provider.context
        try:
            tokens = OAuthToken.model_validate(grant["tokens"]) if grant.get("tokens") else None
            client = OAuthClientInformationFull.model_validate(grant["client"]) if grant.get("client") else None
            metadata = OAuthMetadata.model_validate(grant["metadata"]) if grant.get("metadata") else None
            expires_at = float(grant["expiresAt"]) if grant.get("expiresAt") else None
        except (ValidationError, TypeError, ValueError):
            await self._store.forget(self._key)  # of another version, or broken
            return
        self._kept.tokens = context.current_tokens = tokens
        context.token_expiry_time = expires_at
        context.oauth_metadata = metadata
        if client is not None and self._kept.client is None:
            self._kept.client = client
        context.client_info = self._kept.client
        self._restored = True
        self._redactor.learn(_secrets(tokens, client))

    async def _save(self) -> None:
        context = self._provider.context
        metadata = context.oauth_metadata
        client = context.client_info if self._is_registered_by_us else None
        tokens = context.current_tokens
        grant: dict[str, Any] = {"target": self._fingerprint}
        if tokens is not None:
            grant["tokens"] = tokens.model_dump(mode="json", exclude_none=True)
            grant["expiresAt"] = context.token_expiry_time
        if client is not None:
            grant["client"] = client.model_dump(mode="json", exclude_none=True)
        if metadata is not None:
            kept = {"issuer", "authorization_endpoint", "token_endpoint"}
            grant["metadata"] = metadata.model_dump(mode="json", include=kept)
        self._redactor.learn(_secrets(tokens, client))
        await self._store.save(self._key, grant)

    async def _forget_tokens(self) -> None:
        self._provider.context.clear_tokens()
        self._kept.tokens = None
        self._issued = self._renewed = None
        await self._save()

    @property
    def _fingerprint(self) -> str:
        """Tells whether a grant was obtained for this very target."""
        said = json.dumps([self._url, attrs.asdict(self._auth)], sort_keys=True)
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


class _Kept(TokenStorage):
    """What the SDK's flow keeps; the authority puts it into the store once a step is done."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def _key(auth: OAuth, url: str) -> str:
    """Under which a target's tokens are kept: origin, path and client."""
    parsed = httpx2.URL(url)
    place = str(parsed.copy_with(query=None, fragment=None, userinfo=b""))
    client = auth.client_id if isinstance(auth, ClientCredentials) else auth.client_id or auth.client_metadata_url
    return place if client is None else f"{place} {client}"


def _secrets(tokens: OAuthToken | None, client: OAuthClientInformationFull | None) -> list[str]:
    values: list[str | None] = []
    if tokens is not None:
        values += [tokens.access_token, tokens.refresh_token]
    if client is not None:
        values.append(client.client_secret)
    return [value for value in values if value]


def _not_taken(name: str, refusal: Refusal) -> SidecarError:
    error = AuthenticationRequired(
        f"{name} refused the token that its authorization server has just issued (HTTP {refusal.status}).",
        suggestion="Check that the server takes tokens of this issuer for its own URL as audience; read its log.",
        details={"httpStatus": refusal.status, "challenges": [it.as_details() for it in refusal.challenges]},
    )
    error.refusal = refusal
    return error


def _failed(problem: str, courier: Courier) -> AuthenticationRequired:
    """The error for a flow that gave up, with what was asked and answered on the way."""
    last = courier.exchanges[-1].as_details() if courier.exchanges else {}
    return AuthenticationRequired(
        f"The authorization failed: {problem[:500].rstrip('.')}.",
        suggestion="Mend the metadata of the server, or of its authorization server; `details.tried` has all requests.",
        details={**last, "tried": [exchange.said for exchange in courier.exchanges]},
    )
