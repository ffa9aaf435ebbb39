"""OAuth: what a server wants is found out, a person is asked and logs in, tokens are renewed, and nothing leaks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.sidecar.browser import Browser, load
from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.observers import until
from tests.sidecar.programs import HttpServer, oauth_http, raw

Serve = Callable[[HttpServer], Awaitable[HttpServer]]

SECRETS = ("made-up-client-secret", "made-up-refresh-", "made-up-access-", "made-up-code-", "PRIVATE KEY", "eyJ")
"""What nobody may ever be shown; see `oauth_http.py`."""

SHOWS_PAGES: Json = {"capabilities": {"window": {"showDocument": {"support": True}}}, "trace": "verbose"}


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[Editor]:
    """Provide a sidecar that can open a browser and tells its trace, for all tests here."""
    editor = await Editor.start()
    await editor.initialize(params=SHOWS_PAGES)
    await editor.connect(**raw(), timeout=60)  # the first one imports the MCP stack, which takes long on a busy machine
    await editor.reset()
    yield editor
    await editor.close()


@pytest.fixture
async def editor(shared: Editor) -> AsyncIterator[Editor]:
    """Provide the sidecar, not connected; whatever a test does, no secret is shown and nothing listens afterwards."""
    shared.forget()
    yield shared
    await shared.reset()
    assert listening(shared) == []
    shown = json.dumps([[each.method, each.params] for each in shared.notifications])
    shown += json.dumps((await shared.request("mcp/trace"))["frames"]) + shared.stderr
    for secret in SECRETS:
        assert secret not in shown


@pytest.fixture
async def browser(editor: Editor) -> AsyncIterator[Browser]:
    """Provide the person at the editor, who agrees to everything."""
    browser = Browser(editor)
    yield browser
    await asyncio.gather(*browser.pages, return_exceptions=True)


def listening(editor: Editor) -> list[int]:
    """The ports that the sidecar listens on."""
    connections = psutil.Process(editor.pid).net_connections(kind="inet")
    return [each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN]


async def listens_no_more(editor: Editor) -> bool:
    """Whether the sidecar listens nowhere."""
    return listening(editor) == []


async def asked_for(editor: Editor, method: str) -> bool:
    """Whether the sidecar has sent a request of this method."""
    return any(request["method"] == method for request in editor.requests)


async def ask(server: HttpServer, path: str) -> Json:
    """The answer of the server's control; see there."""
    page = await asyncio.to_thread(load, f"http://127.0.0.1:{server.port}{path}")
    return json.loads(page.text)


async def seen(server: HttpServer, path: str) -> list[Json]:
    """What was asked of an endpoint."""
    return [each for each in await ask(server, "/seen") if each["path"] == path]


async def refusal(editor: Editor, **target: Json) -> ResponseError:
    """The error of a connect that must fail; it says what to do, and the status says the same."""
    with pytest.raises(ResponseError) as error:
        await editor.connect(**target)
    assert error.value.data["suggestion"]
    assert not any(secret in str(error.value) for secret in SECRETS)
    status = await editor.status()
    assert (status["state"], status["error"]["message"]) == ("failed", error.value.message)
    return error.value


async def told(editor: Editor, server: HttpServer, said: str) -> ResponseError:
    """The error of a login at this server, which must fail and say this."""
    error = await refusal(editor, url=server.url, auth="oauth")
    assert error.kind == "authentication_required"
    assert said in f"{error.message} {error.data['details']}"
    return error


def query_of(url: str) -> dict[str, str]:
    """The query of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


# Logging in


@pytest.mark.parametrize(("era", "path"), [("legacy", "/mcp"), ("modern", "/mcp"), ("legacy", "/sse")])
async def test_a_person_logs_in_and_the_server_is_connected(
    editor: Editor, browser: Browser, serve: Serve, era: str, path: str
) -> None:
    server = await serve(oauth_http(path, era=era))
    status = await editor.connect(url=server.url, auth="oauth", headers={"X-Key": "only-for-the-server"})
    assert status["state"] == "connected"
    assert (await editor.call("echo", text="in"))["content"][0]["text"] == "in"
    issuer = (await ask(server, "/url"))["issuer"]
    assert [question for question in browser.questions if issuer in question and str(server.port) in question]
    (url,) = browser.opened
    assert url.startswith(f"{issuer}/authorize?")
    asked = query_of(url)
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "read"
    assert asked["resource"] == server.url
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    (registration,) = await seen(server, "/register")
    assert registration["fields"]["redirect_uris"] == [asked["redirect_uri"]]
    assert registration["fields"]["application_type"] == "native"
    (issued,) = await seen(server, "/token")
    assert issued["fields"]["grant_type"] == "authorization_code"
    assert {each["key"] for each in await ask(server, "/seen")} == {None}, "the server's headers are for it alone"
    assert listening(editor) == []


async def test_the_page_at_the_end_has_no_script_and_tells_nothing(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http())
    await editor.connect(url=server.url, auth="oauth")
    page = await browser.pages[0]
    assert page.status == 200
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"
    assert query_of(page.url)["state"] not in page.text


async def test_the_state_stays_connecting_while_a_person_logs_in_and_the_log_says_why(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http(authorize="silent"))
    _, connecting = await editor.request_nowait("mcp/connect", {"url": server.url, "auth": "oauth"})
    await editor.wait_for("mcp/didLog", lambda entry: "waiting for the login" in entry["message"])
    assert (await editor.status())["state"] == "connecting"
    assert len(listening(editor)) == 1
    await editor.request("mcp/disconnect")
    with pytest.raises(ResponseError) as error:
        await connecting
    assert error.value.code == -32800


async def test_a_token_is_kept_for_the_next_connection(editor: Editor, browser: Browser, serve: Serve) -> None:
    server = await serve(oauth_http())
    await editor.connect(url=server.url, auth="oauth")
    await editor.request("mcp/disconnect")
    await editor.connect(url=server.url, auth="oauth")
    await editor.request("mcp/reconnect")
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"
    assert len(browser.opened) == 1


async def test_another_client_is_another_login(editor: Editor, browser: Browser, serve: Serve) -> None:
    server = await serve(oauth_http())
    await editor.connect(url=server.url, auth="oauth")
    await editor.connect(url=server.url, auth={"type": "oauth", "clientId": "public"})
    assert [query_of(url)["client_id"] for url in browser.opened] == ["client-2", "public"]


async def test_an_editor_that_opens_no_pages_is_told_a_short_address(
    start_editor: Callable[..., Awaitable[Editor]], serve: Serve
) -> None:
    server = await serve(oauth_http())
    editor = await start_editor()
    browser = Browser(editor)
    _, connecting = await editor.request_nowait("mcp/connect", {"url": server.url, "auth": "oauth"})
    told = await editor.wait_for("window/showMessage", lambda params: "To log in" in params["message"], timeout=30)
    address = next(word for word in told["message"].split() if word.startswith("http"))
    assert len(address) < 40
    assert await editor.wait_for("mcp/didLog", lambda entry: address in entry["message"])
    browser.follow(address)
    assert (await connecting)["state"] == "connected"
    assert browser.opened == []
    await browser.pages[0]


# Not logging in


@pytest.mark.parametrize("button", [None, "Cancel"])
async def test_without_consent_nothing_is_opened(
    editor: Editor, browser: Browser, serve: Serve, button: str | None
) -> None:
    server = await serve(oauth_http())
    browser.answer = button
    error = await refusal(editor, url=server.url, auth="oauth")
    assert error.kind == "consent_refused"
    assert error.data["details"]["authorizationServer"] == (await ask(server, "/url"))["issuer"]
    assert browser.opened == []
    assert listening(editor) == []


async def test_a_login_has_a_limit_of_its_own_and_the_clock_of_the_connect_stands_still(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http(authorize="silent"))
    error = await refusal(editor, url=server.url, auth="oauth", connectTimeout=3, loginTimeout=4)
    assert (error.kind, error.data["details"]["timeoutSeconds"]) == ("timeout", 4)
    assert "Nobody logged in" in error.message
    assert listening(editor) == []


@pytest.mark.parametrize("way", ["disconnect", "cancel", "another connect"])
@pytest.mark.parametrize("step", ["asked", "opened"])
async def test_a_login_ends_at_once_when_nobody_wants_it_any_more(
    editor: Editor, browser: Browser, serve: Serve, step: str, way: str
) -> None:
    server = await serve(oauth_http(authorize="silent"))
    silence: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
    if step == "asked":
        editor.answers["window/showMessageRequest"] = lambda _: silence
    number, connecting = await editor.request_nowait("mcp/connect", {"url": server.url, "auth": "oauth"})
    await until(lambda: asked_for(editor, "window/showMessageRequest" if step == "asked" else "window/showDocument"))
    assert len(listening(editor)) == 1
    match way:
        case "disconnect":
            await editor.request("mcp/disconnect", timeout=2)
        case "cancel":
            await editor.cancel(number)
        case _:
            with pytest.raises(ResponseError):
                await editor.connect(url="http://127.0.0.1:1/mcp")
    with pytest.raises(ResponseError) as error:
        await connecting
    assert error.value.code == -32800
    await until(lambda: listens_no_more(editor), seconds=2)
    if step == "asked":
        await editor.wait_for("$/cancelRequest", lambda params: params["id"] == editor.requests[0]["id"])
    silence.set_result(None)


# What the server asks for


async def test_without_auth_what_the_server_asks_for_is_told(editor: Editor, serve: Serve) -> None:
    server = await serve(oauth_http())
    error = await refusal(editor, url=server.url)
    assert error.kind == "authentication_required"
    assert '"auth": "oauth"' in error.data["suggestion"]
    (challenge,) = error.data["details"]["challenges"]
    assert challenge == {
        "scheme": "Bearer",
        "realm": "mcp",
        "error": "invalid_token",
        "scope": "read",
        "resource_metadata": f"http://127.0.0.1:{server.port}/.well-known/oauth-protected-resource/mcp",
    }
    assert error.data["details"]["httpStatus"] == 401


async def test_another_scheme_is_told_as_it_is(editor: Editor, serve: Serve) -> None:
    server = await serve(oauth_http(challenge="basic"))
    error = await refusal(editor, url=server.url)
    assert error.data["details"]["challenges"] == [{"scheme": "Basic", "realm": "the vault"}]
    assert "Basic" in error.data["suggestion"]


async def test_a_server_without_a_challenge_is_logged_in_to_by_its_well_known_metadata(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http(challenge="none"))
    await editor.connect(url=server.url, auth="oauth")
    assert query_of(browser.opened[0])["scope"] == "read"


async def test_an_openid_provider_is_found(editor: Editor, browser: Browser, serve: Serve) -> None:
    server = await serve(oauth_http(asm="oidc"))
    assert (await editor.connect(url=server.url, auth="oauth"))["state"] == "connected"


async def test_the_scopes_of_the_target_are_asked_for_too(editor: Editor, browser: Browser, serve: Serve) -> None:
    server = await serve(oauth_http())
    await editor.connect(url=server.url, auth={"type": "oauth", "scopes": ["admin"]})
    assert query_of(browser.opened[0])["scope"] == "admin read"
    await editor.call("admin")
    assert len(browser.opened) == 1


# Clients


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("told", [True, False])
async def test_a_registered_client_shows_its_secret_as_the_server_wants_it(
    editor: Editor, browser: Browser, serve: Serve, method: str, told: bool
) -> None:
    server = await serve(oauth_http(register="absent", methods=method))
    auth = {"type": "oauth", "clientId": "known", "clientSecret": "made-up-client-secret"}
    await editor.connect(url=server.url, auth=auth | ({"tokenEndpointAuthMethod": method} if told else {}))
    (issued,) = await seen(server, "/token")
    assert ("client_secret" in issued["fields"]) == (method == "client_secret_post")
    assert (issued["authorization"] is None) == (method == "client_secret_post")
    assert await seen(server, "/register") == []


@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
async def test_a_client_registers_itself_for_what_the_server_supports(
    editor: Editor, browser: Browser, serve: Serve, method: str
) -> None:
    server = await serve(oauth_http(methods=method))
    await editor.connect(url=server.url, auth="oauth")
    (registration,) = await seen(server, "/register")
    assert registration["fields"]["token_endpoint_auth_method"] == method


async def test_a_metadata_document_is_the_client_id_where_the_server_reads_it(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http(register="cimd"))
    document = "https://client.example/mcp.json"
    await editor.connect(url=server.url, auth={"type": "oauth", "clientMetadataUrl": document})
    assert query_of(browser.opened[0])["client_id"] == document


async def test_a_client_that_can_not_register_is_told_what_to_pass(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http(register="absent"))
    error = await refusal(editor, url=server.url, auth="oauth")
    assert "registers no clients" in error.message
    assert "clientId" in error.data["suggestion"]
    assert browser.questions == []


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_program_logs_in_with_its_secret(editor: Editor, browser: Browser, serve: Serve, method: str) -> None:
    server = await serve(oauth_http(methods=method, asm="no-authorize"))
    auth = {
        "type": "client_credentials",
        "clientId": "known",
        "clientSecret": "made-up-client-secret",
        "scopes": ["admin"],
    }
    await editor.connect(url=server.url, auth=auth)
    await editor.call("admin")
    (issued,) = await seen(server, "/token")
    assert issued["fields"]["grant_type"] == "client_credentials"
    assert issued["fields"]["scope"] == "admin read"
    assert issued["fields"]["resource"] == server.url
    await ask(server, "/revoke")
    await editor.call("echo", text="x")
    assert len(await seen(server, "/token")) == 2
    assert browser.questions == []


KEYS: dict[str, Callable[[], Any]] = {
    "RSA": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("kind", KEYS)
async def test_a_program_logs_in_with_its_key(editor: Editor, serve: Serve, kind: str) -> None:
    key = KEYS[kind]()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    server = await serve(oauth_http(methods="private_key_jwt", key=public))
    await editor.connect(
        url=server.url, auth={"type": "client_credentials", "clientId": "known", "privateKey": private}
    )
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"


async def test_a_key_that_can_not_sign_is_refused_without_being_quoted(editor: Editor, serve: Serve) -> None:
    server = await serve(oauth_http())
    broken = "-----BEGIN PRIVATE KEY-----\nbWFkZSB1cA==\n-----END PRIVATE KEY-----"
    auth = {"type": "client_credentials", "clientId": "known", "privateKey": broken}
    error = await refusal(editor, url=server.url, auth=auth)
    assert error.kind == "invalid_target"
    assert "bWFkZSB1cA" not in str(error)


# Tokens


async def test_a_token_that_is_over_is_renewed_before_it_is_refused(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http(expires="0"))
    await editor.connect(url=server.url, auth="oauth")
    mark = editor.mark()
    await editor.call("echo", text="x")
    assert not [each for each in editor.notifications[mark:] if " 401 " in str(each.params)]
    grants = {each["fields"]["grant_type"] for each in await seen(server, "/token")}
    assert grants == {"authorization_code", "refresh_token"}
    assert len(browser.opened) == 1


async def test_a_token_that_is_refused_is_renewed_once_for_all_requests(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http())
    await editor.connect(url=server.url, auth="oauth")
    await editor.call("echo", text="x")
    await ask(server, "/revoke")
    results = await asyncio.gather(*(editor.call("echo", text=str(n)) for n in range(5)))
    assert [result["content"][0]["text"] for result in results] == [str(n) for n in range(5)]
    assert len(await seen(server, "/token")) == 2
    assert len(browser.opened) == 1


async def test_where_a_token_can_not_be_renewed_the_person_is_asked_again(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http())
    await editor.connect(url=server.url, auth="oauth")
    await ask(server, "/revoke?all=1")
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"
    assert len(browser.opened) == 2
    assert len(await seen(server, "/register")) == 1, "the client stays registered"
    redirects = {query_of(url)["redirect_uri"] for url in browser.opened}
    assert len(redirects) == 1, "servers compare the whole redirect URI"
    await ask(server, "/revoke?all=1")
    browser.answer = None
    with pytest.raises(ResponseError) as error:
        await editor.call("echo", text="x")
    assert error.value.kind == "consent_refused"
    assert (await editor.status())["state"] == "connected"


async def test_the_clock_of_a_call_stands_still_while_a_person_logs_in(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http())
    await editor.connect(url=server.url, auth="oauth", callTimeout=2, loginTimeout=3)
    await ask(server, "/revoke?all=1")
    await ask(server, "/set?authorize=silent")
    with pytest.raises(ResponseError) as error:
        await editor.call("echo", text="x")
    assert "Nobody logged in" in error.value.message


async def test_a_server_that_is_asked_while_idle_asks_nobody_to_log_in(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http())
    await editor.connect(url=server.url, auth="oauth")
    await ask(server, "/revoke?all=1")
    mark = editor.mark()
    await editor.wait_for("$/logTrace", lambda params: "/mcp 401 " in params["message"], since=mark)
    assert (await editor.status())["state"] == "connected"
    assert len(browser.questions) == 1


async def test_a_renewal_that_fails_for_now_forgets_nothing(editor: Editor, browser: Browser, serve: Serve) -> None:
    server = await serve(oauth_http(refresh="500"))
    await ask(server, "/set?refresh=good")
    await editor.connect(url=server.url, auth="oauth")
    await ask(server, "/set?refresh=500")
    await ask(server, "/revoke")
    with pytest.raises(ResponseError) as error:
        await editor.call("echo", text="x")
    assert (error.value.kind, error.value.data["details"]["httpStatus"]) == ("authentication_required", 500)
    await ask(server, "/set?refresh=good")
    await editor.call("echo", text="x")
    assert len(browser.opened) == 1


async def test_more_scopes_are_asked_for_when_a_call_needs_them(editor: Editor, browser: Browser, serve: Serve) -> None:
    server = await serve(oauth_http())
    await editor.connect(url=server.url, auth="oauth")
    await editor.call("admin")
    assert [query_of(url)["scope"] for url in browser.opened] == ["read", "read admin"]


async def test_a_server_that_never_has_enough_is_not_asked_for_ever(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http(takes="no-scope"))
    await editor.connect(url=server.url, auth="oauth")
    for _ in range(3):
        with pytest.raises(ResponseError) as error:
            await editor.call("admin")
        assert error.value.kind == "authentication_required"
        assert error.value.data["details"]["challenges"][0]["scope"] == "admin"
    assert len(browser.opened) == 2


async def test_a_server_that_takes_no_token_is_logged_in_to_once(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http(takes="nothing"))
    error = await refusal(editor, url=server.url, auth="oauth")
    assert "just issued" in error.message
    assert len(browser.opened) == 1


async def test_a_server_that_comes_back_without_its_tokens_asks_nobody(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http())
    await editor.connect(url=server.url, auth="oauth")
    server.kill()
    await editor.wait_for_state("reconnecting")  # back before its loss is noticed, it is asked for a login by a request
    await server.start_async()
    status = await editor.wait_for_state("failed", timeout=60)
    assert status["error"]["kind"] == "authentication_required"
    assert len(browser.questions) == 1


# Servers that do it wrong


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"prm": "404"}, "issuer mismatch"),
        ({"prm": "500"}, "HTTP 500"),
        ({"prm": "html"}, "no JSON object"),
        ({"prm": "list"}, "no JSON object"),
        ({"prm": "huge"}, "256 KiB"),
        ({"prm": "away"}, "issuer mismatch"),
        ({"prm": "no-list"}, "authorization_servers"),
        ({"prm": "other-resource"}, "does not match"),
        ({"prm": "plain-http"}, "http://auth.example"),
        ({"prm": "user"}, "has a user in it"),
        ({"asm": "404"}, "has no metadata"),
        ({"asm": "500"}, "has no metadata"),
        ({"asm": "html"}, "has no metadata"),
        ({"asm": "huge"}, "256 KiB"),
        ({"asm": "away"}, "has no metadata"),
        ({"asm": "loop"}, "has no metadata"),
        ({"asm": "wrong-issuer"}, "issuer mismatch"),
        ({"asm": "script"}, "authorization_endpoint"),
        ({"asm": "file"}, "authorization_endpoint"),
        ({"asm": "plain-http"}, "is not https"),
        ({"asm": "no-token-endpoint"}, "token_endpoint"),
        ({"pkce": "plain"}, "S256"),
        ({"pkce": "absent"}, "S256"),
        ({"register": "refuse"}, "invalid_redirect_uri (not here)"),
        ({"register": "html"}, "no JSON object"),
    ],
    ids=str,
)
async def test_what_is_wrong_before_a_login_is_told_and_nothing_is_opened(
    editor: Editor, browser: Browser, serve: Serve, settings: dict[str, str], said: str
) -> None:
    error = await told(editor, await serve(oauth_http(**settings)), said)
    assert browser.opened == []
    assert "token=secret" not in str(error)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"authorize": "deny"}, "access_denied: the person said no"),
        ({"authorize": "wrong-state"}, "another state"),
        ({"authorize": "no-state"}, "without the state"),
        ({"authorize": "wrong-iss"}, "https://other.example"),
        ({"authorize": "no-iss"}, "missing iss"),
        ({"token": "refuse"}, "invalid_grant (over and out)"),
        ({"token": "form"}, "no JSON object"),
        ({"token": "cut"}, "no JSON object"),
        ({"token": "html"}, "no JSON object"),
        ({"token": "list"}, "no JSON object"),
        ({"token": "huge"}, "256 KiB"),
        ({"token": "500"}, "not in the mood"),
        ({"token": "away"}, "302"),
        ({"asm": "plain-http-token"}, "http://auth.example/token"),
    ],
    ids=str,
)
async def test_what_goes_wrong_after_a_login_is_told(
    editor: Editor, browser: Browser, serve: Serve, settings: dict[str, str], said: str
) -> None:
    await told(editor, await serve(oauth_http(**settings)), said)
    assert len(browser.opened) == 1


@pytest.mark.parametrize("what", ["prm", "asm", "token"])
async def test_an_endpoint_that_hangs_is_named(editor: Editor, browser: Browser, serve: Serve, what: str) -> None:
    server = await serve(oauth_http(**{what: "hang"}))
    error = await refusal(editor, url=server.url, auth="oauth", connectTimeout=2)
    assert error.kind == "timeout"
    assert {"prm": "protected-resource", "asm": "authorization-server", "token": "/token"}[what] in error.message


# The redirect


async def test_the_redirect_takes_nothing_but_the_answer_to_its_login(
    editor: Editor, browser: Browser, serve: Serve
) -> None:
    server = await serve(oauth_http(authorize="silent"))
    _, connecting = await editor.request_nowait("mcp/connect", {"url": server.url, "auth": "oauth"})
    await editor.wait_for("mcp/didLog", lambda entry: "waiting for the login" in entry["message"])
    redirect = query_of(browser.opened[0])["redirect_uri"]
    base = redirect.removesuffix("/callback")
    assert (await asyncio.to_thread(load, f"{base}/")).status == 404
    state = query_of(browser.opened[0])["state"]
    foreign = await asyncio.to_thread(load, f"{redirect}?code=x&state={state}", "evil.example")
    assert foreign.status == 400
    assert not connecting.done()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(base.rpartition(":")[2]))
    writer.write(b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n")
    assert b"200" not in await reader.read()
    writer.close()
    issuer = (await ask(server, "/url"))["issuer"]
    refused = await asyncio.to_thread(load, f"{redirect}?error=access_denied&state={state}&iss={issuer}")
    assert refused.status == 200
    with pytest.raises(ResponseError) as error:
        await connecting
    assert "access_denied" in error.value.message
