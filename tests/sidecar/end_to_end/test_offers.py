"""`mcp/offers`: what a picker of targets shows, made by the sidecar."""

import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from mcp_sidecar.connection.target import Target
from mcp_sidecar.server.params import OffersParams
from mcp_sidecar.server.sidecar import Sidecar
from tests.sidecar.harness import Editor, Json
from tests.sidecar.programs import RAW, raw

StartEditor = Callable[..., Awaitable[Editor]]

SECRET = "made-up-s3cret-value"

NOTHING: Json = {"typed": None, "configured": [], "document": None}


@pytest.fixture
async def desk(tmp_path: Path, start_editor: StartEditor) -> tuple[Editor, Path, Path]:
    """Provide an editor in an empty workspace and home, and the two."""
    home, workspace = tmp_path / "home", tmp_path / "ws"
    home.mkdir()
    workspace.mkdir()
    none = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "CLAUDE_CONFIG_DIR"), "")
    return await start_editor(env={"HOME": str(home), **none}, folder=workspace), workspace, home


async def test_what_was_typed_is_checked(desk: tuple[Editor, Path, Path]) -> None:
    editor, _, _ = desk
    assert await editor.request("mcp/offers") == NOTHING
    assert await editor.request("mcp/offers", {"typed": "  "}) == NOTHING
    good = f"API_KEY={SECRET} python3 {RAW} --token={SECRET}"
    typed = (await editor.request("mcp/offers", {"typed": good}))["typed"]
    assert (typed["target"], typed["isWrong"]) == ({"url": good}, False)
    assert typed["detail"].startswith("stdio: ")
    assert SECRET not in typed["detail"]
    wrong = (await editor.request("mcp/offers", {"typed": "no-such-program --x"}))["typed"]
    assert wrong["isWrong"]
    assert "no-such-program" in wrong["detail"]


async def test_configured_servers_are_offered_with_file_and_scope(desk: tuple[Editor, Path, Path]) -> None:
    editor, workspace, home = desk
    file = workspace / ".vscode" / "mcp.json"
    file.parent.mkdir()
    ours = {"good": raw(), "broken": {"type": "stdio"}}
    file.write_text(json.dumps({"servers": ours}), encoding="utf-8")
    (home / ".cursor").mkdir()
    web = {"url": "http://127.0.0.1:1/mcp", "disabled": True, "headers": {"Authorization": SECRET}}
    (home / ".cursor" / "mcp.json").write_text(json.dumps({"mcpServers": {"web": web}}), encoding="utf-8")
    good, broken, other = (await editor.request("mcp/offers", {"typed": "x"}))["configured"]
    assert good["label"] == "good"
    only = await editor.request("mcp/offers", {"typed": "x", "document": file.as_uri(), "typedOnly": True})
    assert (only["typed"]["label"], only["configured"], only["document"]) == ("x", [], None)
    assert good["description"] == ".vscode/mcp.json · workspace"
    assert (good["isWrong"], good["target"]) == (False, {"server": "good", "file": file.as_uri()})
    assert str(RAW) in good["detail"]
    assert (broken["label"], broken["isWrong"]) == ("broken", True)
    assert (other["description"], other["detail"]) == (
        "~/.cursor/mcp.json · user · disabled",
        "http://127.0.0.1:1/mcp",
    )
    file.write_text("{", encoding="utf-8")
    assert [each["label"] for each in (await editor.request("mcp/offers"))["configured"]] == ["web"]


async def test_a_script_that_imports_an_mcp_library_is_offered(desk: tuple[Editor, Path, Path]) -> None:
    editor, workspace, home = desk
    scripts = {
        "src/server.py": "#!/usr/bin/env python\nfrom fastmcp import FastMCP\n",
        "low.py": "import mcp.server\n",
        "server.mts": 'import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";',
        "old.js": "const { FastMCP } = require('fastmcp');",
        "other.py": "import mcpx\n# from fastmcp import FastMCP\n",
        "other.js": 'import x from "fastmcp-extra";',
        "notes.md": "from fastmcp import FastMCP",
    }
    offered = {}
    for name, text in scripts.items():
        path = workspace / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        offered[name] = (await editor.request("mcp/offers", {"document": path.as_uri()}))["document"]
    used = ["src/server.py", "low.py", "server.mts", "old.js"]
    assert [name for name, offer in offered.items() if offer] == used
    assert [offered[name]["target"] for name in used] == [{"url": name} for name in used]
    outside = home / "server.py"
    outside.write_text("import fastmcp", encoding="utf-8")
    offer = (await editor.request("mcp/offers", {"document": outside.as_uri()}))["document"]
    assert offer["target"] == {"url": str(outside)}
    for uri in ("untitled:Untitled-1", (workspace / "gone.py").as_uri(), workspace.as_uri(), "file:///%00.py"):
        assert (await editor.request("mcp/offers", {"document": uri}))["document"] is None


class Watched(Mapping[str, str]):
    """An environment that knows whether it was read in the main thread, where the event loop is; however it is read."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.readers: set[bool] = set()

    def __getitem__(self, name: str) -> str:
        self.readers.add(threading.current_thread() is threading.main_thread())
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


async def test_what_is_typed_is_looked_at_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    sidecar = Sidecar()
    for method, params in (
        ("_resolve", Target(command="python3")),
        ("_offers", OffersParams(typed="python3", typed_only=True)),
    ):
        environ = Watched(os.environ)
        monkeypatch.setattr(sidecar, "_environ", environ)
        await getattr(sidecar, method)(params)
        assert environ.readers == {False}
    await sidecar.stop()
