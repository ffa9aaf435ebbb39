"""What an HTTP server can do wrong: the right error in bounded time and memory, nothing sent twice, no secret shown."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.sidecar.harness import Editor, Json, ResponseError
from tests.sidecar.observers import counts, headers, until, watched_memory
from tests.sidecar.programs import HttpServer, good_http, nasty_http

Serve = Callable[[HttpServer], Awaitable[HttpServer]]
StartEditor = Callable[..., Awaitable[Editor]]

SECRET = "made-up-s3cret-value"


async def refusal(editor: Editor, **target: Json) -> ResponseError:
    """The error of a connect that must fail."""
    with pytest.raises(ResponseError) as error:
        await editor.connect(**target)
    assert error.value.data["suggestion"]
    status = await editor.status()
    assert (status["state"], status["error"]["message"]) == ("failed", error.value.message)
    return error.value


# Connecting


@pytest.mark.parametrize(
    ("mode", "kind", "said", "details"),
    [
        ("500", "connection_failed", "HTTP 500", {"httpStatus": 500, "body": "the database is on fire"}),
        ("503", "connection_failed", "HTTP 503", {"httpStatus": 503, "body": "back soon"}),
        ("401", "authentication_required", "token has expired", {"httpStatus": 401}),
        ("403", "authentication_required", "HTTP 403", {"httpStatus": 403, "body": "not from this network"}),
        ("404", "connection_failed", "HTTP 404", {"httpStatus": 404, "body": "nothing here"}),
        ("html", "protocol_error", "text/html", {"httpStatus": 200, "body": "<h1>Welcome!</h1>"}),
        ("no-rpc", "protocol_error", '{"status": "ok"}', {"httpStatus": 200}),
        ("no-json", "protocol_error", "no JSON-RPC answer", {"received": '{"jsonrpc": "2.'}),
        ("empty", "protocol_error", "text/plain", {"body": ""}),
        ("accepts", "protocol_error", "202", {"httpStatus": 202}),
        ("redirect-away", "connection_failed", "http://other.example/mcp,", {"httpStatus": 307}),
        ("no-http", "connection_failed", "broke off", {}),
        ("resets", "connection_failed", "reset", {}),
        ("hangs", "timeout", "within 0.7 s", {"timeoutSeconds": 0.7}),
        ("slow-headers", "timeout", "within 0.7 s", {"timeoutSeconds": 0.7}),
    ],
)
async def test_a_server_that_never_gets_to_mcp_is_refused_with_what_it_said(
    editor: Editor, serve: Serve, mode: str, kind: str, said: str, details: dict[str, Json]
) -> None:
    server = await serve(nasty_http(mode))
    timeout = 0.7 if kind == "timeout" else 20
    error = await refusal(editor, url=server.url, connectTimeout=timeout)
    assert (error.kind, error.code) == (kind, -32803)
    assert said in error.message
    assert error.data["details"].items() >= details.items()


async def test_the_challenge_of_a_401_is_told(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("401"))
    error = await refusal(editor, url=server.url)
    assert error.data["details"]["wwwAuthenticate"].startswith('Bearer realm="mcp"')
    assert "auth" in error.data["suggestion"]


TOKEN = {"auth": {"type": "bearer", "token": "t0ken"}}


@pytest.mark.parametrize(
    ("mode", "fields", "challenge", "advice"),
    [
        ("403-bearer", {}, 'Bearer realm="mcp"', '"auth": "oauth"'),
        ("403-bearer", TOKEN, 'Bearer realm="mcp"', "lack a permission"),
        ("403-scope", TOKEN, "insufficient_scope", "notes:write"),
        ("403", {}, None, "without saying which"),
        ("403", TOKEN, None, "lack a permission"),
    ],
)
async def test_a_403_is_told_with_what_it_asks_for_and_the_next_step(
    editor: Editor, serve: Serve, mode: str, fields: Json, challenge: str | None, advice: str
) -> None:
    server = await serve(nasty_http(mode))
    error = await refusal(editor, url=server.url, **fields)
    assert (error.kind, error.data["details"]["httpStatus"]) == ("authentication_required", 403)
    assert advice in error.data["suggestion"]
    said = error.data["details"].get("wwwAuthenticate")
    assert (said is None) if challenge is None else (challenge in said and challenge in error.message)


async def test_a_redirect_that_leaves_the_origin_is_not_followed_and_its_query_not_shown(
    editor: Editor, serve: Serve
) -> None:
    server = await serve(nasty_http("redirect-away"))
    error = await refusal(editor, url=server.url, headers={"X-Key": SECRET})
    assert error.data["details"]["location"] == "http://other.example/mcp"
    assert "token=secret" not in str(error)


async def test_a_redirect_within_the_origin_is_followed(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("redirect"))
    await editor.connect(url=server.url)
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"


async def test_nothing_listening_is_told_as_such(editor: Editor) -> None:
    error = await refusal(editor, url="http://127.0.0.1:1/mcp")
    assert error.kind == "connection_failed"
    assert "http://127.0.0.1:1" in error.message
    assert "Start the server" in error.data["suggestion"]


# The older transport


@pytest.mark.parametrize("mode", ["sse-only", "sse-only-404"])
async def test_a_server_that_only_has_sse_is_connected_to_at_the_same_url(
    editor: Editor, serve: Serve, mode: str
) -> None:
    server = await serve(nasty_http(mode))
    status = await editor.connect(url=server.url)
    assert (status["target"]["transport"], status["target"]["url"]) == ("sse", server.url)
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"


async def test_sse_is_not_tried_where_http_was_asked_for(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("sse-only"))
    error = await refusal(editor, url=server.url, type="http")
    assert error.data["details"]["httpStatus"] == 405
    assert "alsoTried" not in error.data["details"]
    assert "GET" not in await counts(server)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("sse-foreign-endpoint", "another origin, http://other.example"),
        ("sse-no-endpoint", "an endpoint that is no URL"),
    ],
)
async def test_a_bad_sse_endpoint_is_refused(editor: Editor, serve: Serve, mode: str, said: str) -> None:
    server = await serve(nasty_http(mode))
    asked_for = await refusal(editor, url=server.url, type="sse", connectTimeout=5)
    assert asked_for.kind == "protocol_error"
    assert said in asked_for.message
    fallen_back_to = await refusal(editor, url=server.url, connectTimeout=5)
    assert said in fallen_back_to.data["details"]["alsoTried"]["message"]


async def test_an_sse_stream_without_endpoint_times_out(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("sse-silent"))
    error = await refusal(editor, url=server.url, type="sse", connectTimeout=0.5)
    assert (error.kind, error.data["details"]["timeoutSeconds"]) == ("timeout", 0.5)


async def test_a_post_that_an_sse_server_holds_up_does_not_hold_up_the_next(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("sse-holds-posts"))
    await editor.connect(url=server.url, callTimeout=3)
    _, slow = await editor.request_nowait("mcp/tools/call", {"name": "slow", "arguments": {"seconds": 60}})
    assert (await editor.call("echo", text="x", timeout=5))["content"][0]["text"] == "x"
    assert not slow.done()
    with pytest.raises(ResponseError) as timed_out:
        await slow
    assert timed_out.value.kind == "timeout"


async def test_an_sse_stream_that_breaks_in_a_call_fails_it_and_is_made_again(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("sse-drops"))
    await editor.connect(url=server.url)
    mark = editor.mark()
    with pytest.raises(ResponseError) as lost:
        await editor.call("echo", text="x", timeout=5)
    assert lost.value.kind == "connection_lost"
    await editor.wait_for_state("connected", since=mark)
    assert (await counts(server))["tools/call"] == 1


@pytest.mark.parametrize("path", ["/sse", "/sse/", "/sse?k=1"])
async def test_a_url_that_ends_in_sse_is_sse(editor: Editor, serve: Serve, path: str) -> None:
    server = await serve(good_http("sse"))
    status = await editor.connect(url=f"http://127.0.0.1:{server.port}{path}")
    assert (status["state"], status["target"]["transport"]) == ("connected", "sse")
    assert "k=1" not in str(status)
    assert (await editor.call("add", a=2, b=3))["structuredContent"] == {"result": 5}


async def test_a_scheme_in_capitals_is_a_scheme(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    status = await editor.connect(url=server.url.replace("http://127.0.0.1", "HTTP://LOCALHOST"))
    assert (status["state"], status["target"]["transport"]) == ("connected", "streamable-http")


# In a call


@pytest.mark.parametrize(
    ("mode", "kind", "details"),
    [
        ("resets-in-call", "transport_error", {}),
        ("cuts-body", "transport_error", {}),
        ("drops-stream", "transport_error", {}),
        ("fails-after-handshake", "transport_error", {"httpStatus": 502, "body": "bad gateway"}),
        ("unauthorized-call", "authentication_required", {"httpStatus": 401}),
        ("accepts-call", "protocol_error", {"httpStatus": 202}),
        ("hangs-in-call", "timeout", {"timeoutSeconds": 1.0}),
    ],
)
async def test_a_call_that_goes_wrong_fails_alone_and_is_sent_once(
    editor: Editor, serve: Serve, mode: str, kind: str, details: dict[str, Json]
) -> None:
    server = await serve(nasty_http(mode))
    since = (await editor.connect(url=server.url, callTimeout=1.0 if kind == "timeout" else 20))["since"]
    with pytest.raises(ResponseError) as error:
        await editor.call("echo", text="x", timeout=5)
    assert error.value.kind == kind
    assert error.value.data["details"].items() >= details.items()
    assert [tool["name"] for tool in (await editor.request("mcp/tools/list"))["tools"]] == ["echo", "count", "slow"]
    status = await editor.status()
    assert (status["state"], status["since"], status["error"]) == ("connected", since, None)
    assert status["statistics"]["errors"] == 1
    reached = await counts(server)
    assert (reached["tools/call"], reached["initialize"]) == (1, 1)


async def test_a_stream_with_event_ids_is_taken_up_where_it_broke(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("resumes"))
    await editor.connect(url=server.url)
    assert (await editor.call("echo", text="late"))["content"][0]["text"] == "late"
    assert (await counts(server))["tools/call"] == 1


async def test_events_that_are_no_messages_are_reported_and_the_answer_found(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("garbage-events"))
    await editor.connect(url=server.url)
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"
    for said in ("no JSON at all", '{"status": "ok"}'):
        entry = await editor.wait_for("mcp/didLog", lambda entry, said=said: said in entry["message"])  # type: ignore[misc]
        assert (entry["source"], entry["level"]) == ("protocol", "warning")


@pytest.mark.parametrize("megabytes", [5, 40])
async def test_a_big_event_arrives(editor: Editor, serve: Serve, megabytes: int) -> None:
    server = await serve(nasty_http("big-event", megabytes))
    await editor.connect(url=server.url)
    text = (await editor.call("echo", timeout=30))["content"][0]["text"]
    assert text == "z" * (megabytes * 1_000_000)


@pytest.mark.parametrize("mode", ["gzip-bomb", "endless-event"])
async def test_an_answer_without_measure_is_refused_in_bounded_memory(editor: Editor, serve: Serve, mode: str) -> None:
    server = await serve(nasty_http(mode))
    await editor.connect(url=server.url)
    async with watched_memory(editor) as memory:
        with pytest.raises(ResponseError) as error:
            await editor.call("echo", timeout=30)
    assert error.value.kind == "protocol_error"
    assert error.value.data["details"]["limitBytes"] == 64 * 1024 * 1024
    # What is kept is at most the limit, in a few forms; the bomb has 200 MB, the event no end.
    assert memory.growth < 64 * 3
    assert (await editor.status())["state"] == "connected"
    assert (await editor.request("mcp/tools/list"))["tools"]


# Credentials


@pytest.mark.parametrize(
    "fields",
    [{"headers": {"Authorization": "Bearer sesame"}}, {"auth": {"type": "bearer", "token": "sesame"}}],
    ids=["headers", "auth"],
)
async def test_credentials_reach_the_server_and_nobody_else(
    editor: Editor, serve: Serve, fields: dict[str, Json]
) -> None:
    server = await serve(nasty_http("needs-token"))
    error = await refusal(editor, url=server.url)
    assert (error.kind, error.data["details"]["httpStatus"]) == ("authentication_required", 401)
    status = await editor.connect(url=server.url, **fields)
    assert status["state"] == "connected"
    assert (await editor.call("echo", text="x"))["content"][0]["text"] == "x"
    assert (await headers(server))["authorization"] == "Bearer sesame"
    assert "sesame" not in all_that_was_said(editor, await editor.status())


async def test_a_token_that_is_refused_is_said_to_be_so(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("needs-token"))
    error = await refusal(editor, url=server.url, auth={"type": "bearer", "token": "wrong"})
    assert error.message.startswith("The server refused the token with HTTP 401")
    assert (await refusal(editor, url=server.url)).message.startswith("The server refused the POST with HTTP 401")


async def test_userinfo_query_and_headers_reach_the_server_and_nobody_else(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    url = f"http://ada:{SECRET}@127.0.0.1:{server.port}/mcp?key={SECRET}"
    status = await editor.connect(url=url, headers={"X-Key": SECRET})
    assert status["state"] == "connected"
    await editor.call("echo", text="x")
    sent = await headers(server)
    assert sent["authorization"] == f"Basic {base64_of(f'ada:{SECRET}')}"
    assert sent["x-key"] == SECRET
    mark = editor.mark()
    server.kill()
    await editor.wait_for_state("reconnecting", since=mark)
    said = all_that_was_said(editor, await editor.status())
    assert SECRET not in said
    assert base64_of(f"ada:{SECRET}") not in said


@pytest.mark.parametrize("fields", [{"type": "sse"}, {}], ids=["asked for", "fallen back to"])
async def test_userinfo_reaches_an_sse_servers_endpoint(editor: Editor, serve: Serve, fields: dict[str, Json]) -> None:
    server = await serve(nasty_http("sse-only"))
    await editor.connect(url=f"http://ada:{SECRET}@127.0.0.1:{server.port}/mcp", **fields)
    await editor.call("echo", text="x")
    assert (await headers(server))["authorization"] == f"Basic {base64_of(f'ada:{SECRET}')}"
    assert SECRET not in all_that_was_said(editor, await editor.status())


async def test_a_proxy_of_the_environment_is_not_used_for_this_machine(start_editor: StartEditor, serve: Serve) -> None:
    server = await serve(nasty_http("proper"))
    editor = await start_editor(
        env={"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1", "NO_PROXY": ""}
    )
    assert (await editor.connect(url=server.url))["state"] == "connected"


def base64_of(text: str) -> str:
    """Base64, as HTTP's basic authentication has it."""
    import base64

    return base64.b64encode(text.encode()).decode()


def all_that_was_said(editor: Editor, status: Any) -> str:
    """Everything that the sidecar said so far, but for results."""
    return f"{editor.notifications} {status} {editor.stderr}"


# Cancelling


async def test_a_cancelled_call_is_answered_at_once_and_does_not_count(editor: Editor, serve: Serve) -> None:
    server = await serve(nasty_http("hangs-in-call"))
    await editor.connect(url=server.url)
    request_id, call = await editor.request_nowait("mcp/tools/call", {"name": "echo", "arguments": {}})
    await until(lambda: asked(server, "tools/call"))
    cancelled_at = time.perf_counter()
    await editor.cancel(request_id)
    with pytest.raises(ResponseError) as cancelled:
        await asyncio.wait_for(asyncio.shield(call), 5)
    assert cancelled.value.code == -32800
    assert time.perf_counter() - cancelled_at < 1
    await until(lambda: asked(server, "notifications/cancelled"))
    status = await editor.status()
    assert (status["inFlight"], status["statistics"]["errors"], status["state"]) == (0, 0, "connected")


async def asked(server: HttpServer, method: str) -> bool:
    """Whether a request with this method has reached a nasty server."""
    return method in await counts(server)
