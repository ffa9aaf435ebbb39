"""The check of configuration files: secrets that are written out, and whatever text there may be."""

import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_sidecar.connection.configured.checking import check
from mcp_sidecar.connection.configured.file import Configuration, read_text
from mcp_sidecar.connection.configured.places import Folder, places_of
from mcp_sidecar.connection.configured.variables import Context
from mcp_sidecar.server.completion import Site
from mcp_sidecar.server.configuration_completion import suggestions
from mcp_sidecar.server.configuration_fixes import fixes
from mcp_sidecar.server.documents import OpenDocument
from mcp_sidecar.server.entry_hover import Known, hover_text

CONTEXT = Context(folders=[], environ={"HOME": "/home/me", "PATH": "/usr/bin:/bin", "TOKEN": "t"}, platform="linux")
NOTHING = Known(sign=None, failure=None, server=None, tools=None)


def understood(text: str, path: str = "/ws/.vscode/mcp.json") -> list[Configuration]:
    return read_text(text, places_of(path, []), CONTEXT)


def rules(entry: str, path: str = "/ws/mcp.json") -> list[str]:
    """What the check finds in one server."""
    (configuration,) = understood(f'{{"mcpServers": {{"a": {entry}}}}}', path)
    return [finding.rule for finding in check(configuration)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('"env": {"API_KEY": "abc"}', 1),
        ('"env": {"ANYTHING": "ghp_abcdefghijklmnop"}', 1),
        ('"env": {"API_KEY": "${env:TOKEN}", "TOKEN_FILE": "/x", "LOG_LEVEL": "debug", "TOKENS": "100"}', 0),
        ('"env": {"API_KEY": "", "A_TOKEN": "<your token>", "B_TOKEN": "YOUR_TOKEN", "C_TOKEN": "xxxx"}', 0),
        ('"env": {"D_TOKEN": "put-it-here", "E_TOKEN": "...", "F_TOKEN": "true"}', 0),
        ('"args": ["--api-key", "abc"]', 1),
        ('"args": ["--header", "Authorization: Bearer abcdef"]', 1),
        ('"args": ["--api-key", "${env:TOKEN}", "--max-tokens", "100"]', 0),
    ],
)
def test_a_secret_that_is_written_out_is_found_and_no_example_is(fields: str, expected: int) -> None:
    assert rules(f'{{"command": "sh", {fields}}}') == ["secret"] * expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('"url": "https://h/mcp?api_key=abc"', 1),
        ('"url": "https://u:p@h/mcp"', 1),
        ('"url": "https://h/mcp?page=1"', 0),
        ('"url": "https://h", "headers": {"Authorization": "Bearer abc"}', 1),
        ('"url": "https://h", "headers": {"Authorization": "Bearer ${env:TOKEN}", "Accept": "text/html"}', 0),
        ('"url": "https://h", "auth": {"CLIENT_ID": "c", "CLIENT_SECRET": "abc"}', 1),
    ],
)
def test_a_secret_for_a_url_is_found(fields: str, expected: int) -> None:
    assert rules(f"{{{fields}}}") == ["secret"] * expected


@pytest.mark.parametrize(
    "command",
    [
        '"python3", "args": ["-m", "server.py"]',
        '"python3", "args": ["-c", "print()", "a.py"]',
        '"node", "args": ["--import", "no.mjs", "-e", "1"]',
        '"sh", "args": ["-c", "no.sh"]',
        '"docker", "args": ["run", "no.py"]',
        '"${input:x}", "args": []',
    ],
)
def test_what_is_no_script_is_not_looked_for(command: str) -> None:
    assert "script" not in rules(f'{{"command": {command}}}')


@pytest.mark.skipif(sys.platform == "win32", reason="a program is known by its mode")
@pytest.mark.parametrize(
    ("source", "deployment", "expected"),
    [
        ('{"path": "no.py"}', "{}", ["script"]),
        ('{"path": "no.py:mcp", "type": "filesystem"}', "{}", ["script"]),
        ('{"path": "src"}', "{}", ["script"]),
        ('{"path": "src/server.py"}', "{}", []),
        ('{"path": "src/server.py:mcp"}', "{}", []),
        ('{"path": "server.py"}', '{"cwd": "src"}', []),
        ('{"path": "src/server.py"}', '{"cwd": "src"}', ["script"]),
        ('{"path": "${HERE}/server.py"}', "{}", []),
        ('{"path": "no.py", "type": "another"}', "{}", []),
    ],
)
def test_the_server_of_a_fastmcp_json_is_looked_for_where_fastmcp_does(
    tmp_path: Path, source: str, deployment: str, expected: list[str]
) -> None:
    for name in (".venv/bin/fastmcp", "src/server.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch(mode=0o755)
    text = f'{{"source": {source}, "deployment": {deployment}}}'
    (configuration,) = understood(text, str(tmp_path / "fastmcp.json"))
    found = check(configuration)
    assert [finding.rule for finding in found] == expected
    assert all(text[finding.start : finding.end] in source for finding in found)


def test_the_variables_of_every_folder_are_offered_by_its_name() -> None:
    text = '{"mcpServers": {"a": {"command": "sh", "args": ["${"]}}}'
    offset = text.index("${") + 2
    folders = [Folder(path=Path(path), name=name) for path, name in (("/ws", "one"), ("/other", "two"))]
    offered = {}
    for count in (1, 2):
        context = attrs.evolve(CONTEXT, folders=folders[:count])
        found = suggestions(read_text(text, places_of("/ws/mcp.json", []), context), text, offset)
        offered[count] = {each.label for each in found}
    assert {"${workspaceFolder}", "${cwd}", "${userHome}", "${env:HOME}"} <= offered[1]
    assert offered[2] - offered[1] == {"${workspaceFolder:one}", "${workspaceFolder:two}"}


WHOLE = """\ufeff// é🦀
{
  "inputs": [{"type": "promptString", "id": "key", "password": true}, {"type": "pickString", "id": "p"}],
  "servers": {
    "a": {"command": "sh", "args": ["-c", "${input:key} ${env:TOKEN}", "--token=abcdef"], "env": {"API_KEY": "abc"}},
    "é🦀": {"url": "https://u:p@h/${workspaceFolder}?k=v", "headers": {"X-Token": "Bearer abc"}, "type": "sse"},
  }
}
"""


def everything(text: str, offset: int) -> None:
    """Everything that is ever made of a text; only an end is wanted."""
    configurations = understood(text)
    document = OpenDocument("file:///ws/.vscode/mcp.json", text, 1, "utf-16")
    Site.at(text, offset)
    suggestions(configurations, text, offset)
    for configuration in configurations:
        for finding in (*check(configuration), *configuration.findings):
            assert 0 <= finding.start <= finding.end <= len(text)
            document.range(finding.start, finding.end)
        for fix in fixes(document, configuration, 0, len(text)):
            assert fix.edit is not None
        for entry in configuration.entries:
            hover_text(configuration, entry, offset, NOTHING, is_markdown=True)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_half_typed_and_spoilt_texts_are_understood_as_far_as_they_go(data: Any) -> None:
    cut = data.draw(st.integers(0, len(WHOLE)))
    kept = data.draw(st.integers(cut, len(WHOLE)))
    between = data.draw(
        st.sampled_from(["", '"', "{", "}", "[", ":", ",", "${", "\\", "\\ud800", "\n", "null", "/*", "é🦀"])
    )
    text = WHOLE[:cut] + between + WHOLE[kept:]
    everything(text, min(cut + len(between), len(text)))


@settings(max_examples=60, deadline=None)
@given(st.text(), st.integers(0, 50))
def test_any_text_is_understood_as_far_as_it_goes(text: str, offset: int) -> None:
    everything(text, min(offset, len(text)))


def test_a_file_belongs_to_the_folder_where_it_would_be_looked_for() -> None:
    found = {name: places_of(f"/a/b/{name}", []) for name in (".vscode/mcp.json", ".cursor/mcp.json", "mcp.json")}
    assert {name: str(place.folder.path) for name, (place,) in found.items() if place.folder} == {
        name: str(Path("/a/b")) for name in found
    }
    assert [place.scope for (place,) in found.values()] == ["workspace"] * 3
    assert places_of("/a/b/.vscode/settings.json", []) == places_of("/a/b/my.json", []) == []
