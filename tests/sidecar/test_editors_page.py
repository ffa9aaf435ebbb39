"""`docs/editors.md`, and the README's part of it: what people copy from there is what the tests run."""

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from mcp_sidecar.server.methods import METHODS, command_id
from mcp_sidecar.server.settings import Settings
from tests.sidecar.editor_configuration import READERS
from tests.sidecar.harness import Editor
from tests.sidecar.programs import raw

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "editors.md").read_text(encoding="utf-8")
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")
SNIPPETS = {path.name: path.read_text(encoding="utf-8") for path in sorted((DOCS / "editors").iterdir())}

LANGUAGES = ("lua", "elisp", "toml", "json", "vim")


def blocks(text: str) -> list[str]:
    """The blocks of code in those languages."""
    return re.findall(rf"^```(?:{'|'.join(LANGUAGES)})\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_each_configuration_on_the_page_is_a_file_and_each_file_is_there_once() -> None:
    assert sorted(blocks(PAGE)) == sorted(SNIPPETS.values())


def test_the_readme_has_the_configuration_of_the_newest_neovim() -> None:
    assert [block for block in blocks(README) if "vim.lsp" in block] == [SNIPPETS["neovim.lua"]]


def test_the_commands_on_the_page_exist() -> None:
    mentioned = set(re.findall(r"mcpSidecar(?:\.[A-Za-z]+)+", PAGE))
    assert mentioned
    assert mentioned <= {command_id(method.name) for method in METHODS}


RUN = {"neovim.lua", "neovim-0.7.lua", "eglot.el", "lsp-mode.el", "helix.toml", "kate.json"}
"""By tests/editors/, in the editors themselves."""


def test_every_configuration_is_run_or_replayed() -> None:
    assert sorted(SNIPPETS) == sorted(RUN | READERS.keys() | {"initialize.json"})


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_configuration_has_no_settings_that_there_are_not(name: str) -> None:
    options = READERS[name](SNIPPETS[name]).options
    settings = Settings()
    settings.read(options)
    assert settings.shows_results
    assert options["mcp"].keys() <= {"showResults", "progress"}
    assert settings.read_flag("progress", options) is options["mcp"].get("progress", False)
    assert not settings.warnings


def test_every_configuration_shows_the_results_of_commands() -> None:
    assert [name for name, text in SNIPPETS.items() if "showResults" not in text] == []


async def test_what_any_client_needs_to_send_is_enough(start_editor: Callable[..., Awaitable[Editor]]) -> None:
    editor = await start_editor(initialize=False)
    await editor.request("initialize", json.loads(SNIPPETS["initialize.json"]))
    await editor.notify("initialized", {})
    connect = {"command": "mcpSidecar.connect", "arguments": [raw(cwd=str(DOCS))]}
    await editor.request("workspace/executeCommand", connect)
    assert (await editor.wait_for_state("connected", timeout=45))["server"]["name"] == "raw"
    report = await editor.wait_for("$/progress", lambda params: params["value"].get("message") == "connected: raw")
    assert report["value"]["kind"] == "report"
