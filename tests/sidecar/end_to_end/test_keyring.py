"""Where tokens are kept: in the operating system's keyring, and in memory where there is none that works."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from mcp_sidecar.connection.tokens import KEYRING_TIMEOUT
from tests.sidecar.browser import Browser, load
from tests.sidecar.harness import Editor, Json
from tests.sidecar.programs import HttpServer, oauth_http

Serve = Callable[[HttpServer], Awaitable[HttpServer]]
StartEditor = Callable[..., Awaitable[Editor]]

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0
"""Seconds for a first connect, which imports the MCP stack and may wait for a keyring."""


@pytest.fixture
def start(start_editor: StartEditor, tmp_path: Path) -> Callable[[str], Awaitable[tuple[Editor, Browser]]]:
    """Start a sidecar with one of the keyrings of `keyrings.py`: `editor, browser = await start("InFile")`."""

    async def start(keyring: str) -> tuple[Editor, Browser]:
        backend = f"tests.sidecar.keyrings.{keyring}"
        environment = {
            "PYTHON_KEYRING_BACKEND": backend,
            "PYTHONPATH": str(ROOT),
            "TEST_KEYRING": str(tmp_path / "ring"),
        }
        editor = await start_editor(env=environment, initialize=False)
        await editor.initialize(params={"capabilities": {"window": {"showDocument": {"support": True}}}})
        return editor, Browser(editor)

    return start


def entries(tmp_path: Path) -> dict[str, Json]:
    """What is in the keyring."""
    return {name: json.loads(value) for name, value in json.loads((tmp_path / "ring").read_text()).items()}


async def connect(editor: Editor, browser: Browser, server: HttpServer, auth: Json = "oauth") -> None:
    """Connect, and let the browser come to its end."""
    await editor.connect(url=server.url + "?key=not-for-the-keyring", auth=auth, timeout=PATIENCE)
    for page in browser.pages:
        await page


async def test_a_later_sidecar_needs_no_login(
    start: Callable[[str], Awaitable[tuple[Editor, Browser]]], serve: Serve, tmp_path: Path
) -> None:
    # Over when the second one needs it; at once would be too early: the first one's end would meet a renewal.
    server = await serve(oauth_http(expires="1"))
    first, browser = await start("InFile")
    await connect(first, browser, server)
    assert len(browser.opened) == 1
    assert list(entries(tmp_path)) == [f"mcp-sidecar {server.url}"]
    await first.shutdown()
    second, browser = await start("InFile")
    await connect(second, browser, server)
    assert browser.questions == []
    assert (await second.call("echo", text="x"))["content"][0]["text"] == "x"
    assert not [entry for entry in second.logs if "keyring" in entry["message"]]


async def test_a_target_that_changed_finds_nothing_of_before(
    start: Callable[[str], Awaitable[tuple[Editor, Browser]]], serve: Serve, tmp_path: Path
) -> None:
    server = await serve(oauth_http())
    editor, browser = await start("InFile")
    await connect(editor, browser, server, {"type": "oauth", "clientId": "public"})
    await connect(editor, browser, server, {"type": "oauth", "clientId": "public", "scopes": ["admin"]})
    assert len(browser.opened) == 2
    assert list(entries(tmp_path)) == [f"mcp-sidecar {server.url} public"]


async def test_tokens_that_are_no_longer_good_are_forgotten(
    start: Callable[[str], Awaitable[tuple[Editor, Browser]]], serve: Serve, tmp_path: Path
) -> None:
    server = await serve(oauth_http())
    editor, browser = await start("InFile")
    await connect(editor, browser, server)
    load(f"http://127.0.0.1:{server.port}/revoke?all=1")
    browser.answer = None
    with pytest.raises(Exception, match="not agreed to"):
        await editor.call("echo", text="x")
    (entry,) = entries(tmp_path).values()
    assert "tokens" not in entry
    assert entry["client"]["client_id"]


@pytest.mark.parametrize(
    ("keyring", "said"), [("Hanging", f"within {KEYRING_TIMEOUT:g} s"), ("Failing", "failed (OSError)")]
)
async def test_a_keyring_that_does_not_work_costs_no_login_and_holds_up_no_end(
    start: Callable[[str], Awaitable[tuple[Editor, Browser]]], serve: Serve, keyring: str, said: str
) -> None:
    server = await serve(oauth_http())
    editor, browser = await start(keyring)
    await connect(editor, browser, server)
    await editor.request("mcp/reconnect")
    assert len(browser.opened) == 1, "they are kept in memory"
    told = [entry["message"] for entry in editor.logs if "tokens are kept in memory" in entry["message"]]
    assert len(told) == 1
    assert said in told[0]
    assert await editor.shutdown() == 0
