"""What each scenario of the suite asks of an editor's user, and what must reach the editor then."""

import asyncio
import json
import re
import urllib.parse
from collections.abc import Awaitable, Callable

from tests.conformance.case import CLIENT_METADATA_URL, PROBLEMS, Case
from tests.sidecar.browser import Browser
from tests.sidecar.harness import Json

Scenario = Callable[[Case], Awaitable[None]]

SCENARIOS: dict[str, Scenario] = {}
"""Every scenario by its name."""


def scenario(*names: str) -> Callable[[Scenario], Scenario]:
    """Register what is done in these scenarios."""

    def register(run: Scenario) -> Scenario:
        SCENARIOS.update(dict.fromkeys(names, run))
        return run

    return register


# The basics


@scenario("initialize")
async def _initialize(case: Case) -> None:
    server = (await case.connect())["server"]
    assert (server["name"], server["version"], server["capabilities"]) == ("test-server", "1.0.0", {})
    assert list(await case.request("ping")) == ["_meta"]


@scenario("tools_call")
async def _tools_call(case: Case) -> None:
    await case.connect()
    (tool,) = (await case.tools()).values()
    assert tool["inputSchema"]["required"] == ["a", "b"]
    assert await case.call("add_numbers", a=2, b=3.5) == "The sum of 2 and 3.5 is 5.5"
    assert (await case.statistics())["toolsCalled"] == 1


@scenario("sse-retry")
async def _sse_retry(case: Case) -> None:
    await case.connect()
    (name,) = await case.tools()
    assert await case.call(name) == "Reconnection test completed successfully"
    assert (await case.editor.status())["state"] == "connected"


@scenario("request-metadata")
async def _request_metadata(case: Case) -> None:
    """The first request is refused with the versions that the server speaks."""
    await case.connect()
    assert list(await case.request("ping")) == ["_meta"]


# JSON schemas


@scenario("json-schema-2020-12-preservation")
async def _schema_is_kept(case: Case) -> None:
    await case.connect()
    tools = await case.tools()
    schema = tools["json_schema_2020_12_tool"]["inputSchema"]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    keywords = ("$defs", "$anchor", "additionalProperties", "allOf", "anyOf", "if", "then", "else")
    assert all(f'"{keyword}":' in json.dumps(schema) for keyword in keywords)
    assert await case.call("json_schema_echo", schema=schema) == "echoed"


@scenario("json-schema-ref-no-deref")
async def _reference_is_not_followed(case: Case) -> None:
    """Neither listing a tool nor preparing its arguments asks the network for what its schema refers to."""
    await case.connect()
    tool = (await case.tools())["lookup_user"]
    assert re.fullmatch(r"http://localhost:\d+/canary/.+", tool["inputSchema"]["properties"]["profile"]["$ref"])
    prefilled = await case.editor.request("mcp/prefill", {"name": tool["name"]})
    assert '"id"' in prefilled["text"]


# HTTP headers of the 2026-07-28 era


@scenario("http-standard-headers")
async def _standard_headers(case: Case) -> None:
    await case.connect()
    assert list(await case.tools()) == ["test_headers", "my-hyphenated-tool"]
    for name in ("test_headers", "my-hyphenated-tool"):
        assert await case.call(name) == "Headers test completed"
    uris = [each["uri"] for each in (await case.request("resources/list"))["resources"]]
    assert uris == ["file:///path/to/file%20name.txt", "https://example.com/resource?id=123"]
    for uri in uris:
        assert (await case.request("resources/read", {"uri": uri}))["contents"] == []
    (prompt,) = (await case.request("prompts/list"))["prompts"]
    assert (await case.request("prompts/get", {"name": prompt["name"]}))["messages"] == []
    assert await case.statistics() == {"toolsCalled": 2, "resourcesAccessed": 2, "promptsExecuted": 1, "errors": 0}


@scenario("http-custom-headers")
async def _custom_headers(case: Case) -> None:
    """The calls come first: the sidecar itself finds out which arguments go into headers."""
    await case.connect()
    for call in case.context["toolCalls"]:
        assert await case.call(call["name"], **call["arguments"]) == "Custom headers test completed"


@scenario("http-invalid-tool-headers")
async def _invalid_tool_headers(case: Case) -> None:
    """Tools whose headers can't be sent are shown with what is wrong, and a call of one is refused unsent."""
    await case.connect()
    listed = await case.editor.request("mcp/tools/list")
    valid, *invalid = [tool["name"] for tool in listed["tools"]]
    assert valid == "valid_tool"
    assert len(invalid) > 9
    places = [re.match(r"\$\.tools\[(\d+)\]", each["path"]) for each in listed["_meta"][PROBLEMS]]
    assert {int(place[1]) for place in places if place} == set(range(1, len(invalid) + 1))
    assert await case.call(valid, region="us-west1") == "Tool call received"
    for name in invalid:
        refused = await case.refused("tools/call", {"name": name, "arguments": {}})
        assert refused.kind == "protocol_error"
        assert "x-mcp-header" in refused.message
    assert (await case.statistics())["toolsCalled"] == 1


# Asking the user


@scenario("elicitation-sep1034-client-defaults")
async def _elicitation_defaults(case: Case) -> None:
    """An editor shows a form filled with the defaults that reach it; the user accepts it as it is."""
    forms: list[Json] = []

    def accept(params: Json) -> Json:
        forms.append(params)
        fields = params["requestedSchema"]["properties"]
        return {"action": "accept", "content": {name: field["default"] for name, field in fields.items()}}

    case.editor.answers["mcp/elicitation/create"] = accept
    await case.connect()
    (name,) = await case.tools()
    said = await case.call(name)
    (form,) = forms
    defaults = {name: field["default"] for name, field in form["requestedSchema"]["properties"].items()}
    assert defaults == {"name": "John Doe", "age": 30, "score": 95.5, "status": "active", "verified": True}
    assert "John Doe" in said


@scenario("sep-2322-client-request-state")
async def _input_required(case: Case) -> None:
    """A call that needs input goes on with it, and with its own state alone; another runs while the user thinks."""
    asked: list[str] = []

    async def confirm(params: Json) -> Json:
        asked.append(params["message"])
        assert await case.call("test_mrtr_unrelated") == "unrelated-ok"
        return {"action": "accept", "content": {"confirmed": True}}

    case.editor.answers["mcp/elicitation/create"] = confirm
    await case.connect()
    await case.tools()
    assert await case.call("test_mrtr_echo_state") == "echo-state-ok"
    assert await case.call("test_mrtr_no_state") == "no-state-ok"
    assert asked == ["Please confirm to continue", "Please confirm to continue (no state test)"]
    # Without `resultType` the result counts as complete (SEP-2322); that it is missing is a problem all the same.
    result = await case.editor.request("mcp/tools/call", {"name": "test_mrtr_no_result_type", "arguments": {}})
    assert result["content"] == [{"type": "text", "text": "no-result-type-test-ok"}]
    assert (await case.statistics())["toolsCalled"] == 5


# OAuth


async def _log_in_and_call(case: Case, auth: Json, logins: int = 1) -> Browser:
    """Connect with a login, then list and call; gives the browser that was sent there."""
    browser = Browser(case.editor)
    await case.connect(auth=auth)
    assert "test-tool" in await case.tools()
    assert await case.call("test-tool") == "test"
    assert len(browser.opened) == logins
    await _logged_in_as_agreed(case, browser)
    return browser


async def _logged_in_as_agreed(case: Case, browser: Browser) -> None:
    """Every page that was opened is of the host that the person agreed to, and came back; no secret was told."""
    for url, question in zip(browser.opened, browser.questions, strict=True):
        assert urllib.parse.urlsplit(url).netloc in question
    for page in await asyncio.gather(*browser.pages):
        assert urllib.parse.urlsplit(page.url).hostname == "127.0.0.1"
    await _nothing_secret_was_told(case)


async def _nothing_secret_was_told(case: Case) -> None:
    """Neither tokens nor client secrets are in what an editor shows or keeps."""
    trace = await case.editor.request("mcp/trace")
    pushed = [each.params for each in case.editor.notifications]
    shown = json.dumps([trace, pushed, await case.editor.status()]) + case.editor.stderr
    assert not re.search(r"test-token|code_verifier=[^*]", shown)
    for name in ("client_secret", "private_key_pem"):
        if name in (case.context or {}):
            assert max(case.context[name].splitlines(), key=len) not in shown


@scenario(
    "auth/metadata-default",
    "auth/metadata-var1",
    "auth/metadata-var2",
    "auth/metadata-var3",
    "auth/scope-from-www-authenticate",
    "auth/scope-from-scopes-supported",
    "auth/scope-omitted-when-undefined",
    "auth/token-endpoint-auth-basic",
    "auth/token-endpoint-auth-post",
    "auth/token-endpoint-auth-none",
    "auth/offline-access-scope",
    "auth/offline-access-not-supported",
    "auth/iss-supported",
    "auth/iss-not-advertised",
)
async def _login(case: Case) -> None:
    await _log_in_and_call(case, "oauth")


@scenario("auth/basic-cimd")
async def _client_metadata_document(case: Case) -> None:
    await _log_in_and_call(case, {"type": "oauth", "clientMetadataUrl": CLIENT_METADATA_URL})


@scenario("auth/pre-registration")
async def _registered_before(case: Case) -> None:
    client = {"clientId": case.context["client_id"], "clientSecret": case.context["client_secret"]}
    await _log_in_and_call(case, {"type": "oauth", **client})


@scenario("auth/client-credentials-basic", "auth/client-credentials-jwt")
async def _program(case: Case) -> None:
    """A program logs in by itself, with its secret or with its key: nobody is asked."""
    secret = {"clientSecret": "client_secret", "privateKey": "private_key_pem"}
    own = {field: case.context[name] for field, name in secret.items() if name in case.context}
    client = {"type": "client_credentials", "clientId": case.context["client_id"], **own}
    await _log_in_and_call(case, client, logins=0)


@scenario("auth/scope-step-up", "auth/authorization-server-migration")
async def _second_login(case: Case) -> None:
    """The call needs more than the login gave, or another authorization server: the user logs in once more."""
    await _log_in_and_call(case, "oauth", logins=2)


@scenario("auth/scope-retry-limit")
async def _refused_for_ever(case: Case) -> None:
    """A server that is never content is given up, with what it asked for."""
    browser = Browser(case.editor)
    refused = await case.refused("connect", {"url": case.url, "auth": "oauth"})
    assert refused.kind == "authentication_required"
    assert refused.data["details"]["httpStatus"] == 403
    assert "mcp:admin" in refused.data["details"]["wwwAuthenticate"]
    assert 1 <= len(browser.opened) <= 3
    await _logged_in_as_agreed(case, browser)


@scenario("auth/resource-mismatch", "auth/metadata-issuer-mismatch")
async def _wrong_metadata(case: Case) -> None:
    """Metadata that belongs to another server ends the login before a page is opened."""
    browser = await _login_fails(case)
    assert not browser.opened


@scenario("auth/iss-supported-missing", "auth/iss-wrong-issuer", "auth/iss-unexpected", "auth/iss-normalized")
async def _wrong_issuer(case: Case) -> None:
    """An answer of another authorization server than was asked is not taken (RFC 9207)."""
    browser = await _login_fails(case)
    assert len(browser.opened) == 1


async def _login_fails(case: Case) -> Browser:
    browser = Browser(case.editor)
    refused = await case.refused("connect", {"url": case.url, "auth": "oauth"})
    assert refused.kind == "authentication_required"
    assert refused.data["suggestion"]
    assert (await case.editor.status())["state"] == "failed"
    await _logged_in_as_agreed(case, browser)
    return browser
