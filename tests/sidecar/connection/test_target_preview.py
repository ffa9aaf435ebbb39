"""How a target would be understood: the same as to connect, as a line that can be typed again."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_sidecar.connection.errors import ConnectionFailed, InvalidTarget, MalformedTarget, SidecarError
from mcp_sidecar.connection.preview import preview
from mcp_sidecar.connection.resolution import resolve
from mcp_sidecar.connection.target import Preview, Target

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="makes executables by their mode")

SECRET = "made-up-s3cret-value"

Previewed = Callable[..., Preview]


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, Any]:
    """A workspace with `server.py`, `my server.py` and `run me`; `node`, `npx` and `python3` on PATH."""
    for name in ("node", "npx", "python3", "node.exe", "npx.exe", "py.exe"):
        program = tmp_path / "tools" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    workspace = tmp_path / "work"
    workspace.mkdir()
    for name in ("server.py", "my server.py", "run me"):
        (workspace / name).write_text("")
        (workspace / name).chmod(0o755)
    environ = {"PATH": str(tmp_path / "tools"), "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    return {"workspace": workspace, "environ": environ, "venv": None}


@pytest.fixture
def previewed(surroundings: dict[str, Any]) -> Previewed:
    """`preview` for the fields of a target, in those surroundings."""

    def call(*, platform: str = "linux", **fields: Any) -> Preview:
        return preview(Target(**fields), platform=platform, **surroundings)

    return call


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"url": "http://h:80/mcp"}, "http://h:80/mcp"),
        ({"url": " HTTP://h/sse "}, "http://h/sse"),
        ({"url": "server.py"}, "server.py"),
        ({"url": "my server.py"}, "my server.py"),
        ({"url": "./run me"}, "./run me"),
        ({"url": "my server.py", "args": ["--a b"]}, "'my server.py' '--a b'"),
        ({"url": "'my server.py' -v"}, "'my server.py' -v"),
        ({"url": "npx   -y  pkg@1.0"}, "npx -y pkg@1.0"),
        ({"url": "npx 'a b' \"\" *.md"}, "npx 'a b' '' *.md"),
        ({"url": "node ~/server.js"}, "node ~/server.js"),
        ({"url": "node '~/server.js'"}, "node '~/server.js'"),
        ({"url": "node 'a;' '&&'"}, "node 'a;' '&&'"),
        ({"url": "DEBUG=1 npx pkg"}, "DEBUG=1 npx pkg"),
        ({"url": "LEVEL_MODE='very loud' npx pkg"}, "LEVEL_MODE='very loud' npx pkg"),
        ({"command": "npx", "args": ["-y", "it's"]}, "npx -y 'it'\"'\"'s'"),
        ({"command": "npx", "args": ["pkg"], "env": {"DEBUG": "1", "PORT": ""}}, "DEBUG=1 PORT= npx pkg"),
        ({"command": "./run me", "type": "stdio"}, "'./run me'"),
        ({"url": "C=/x npx", "env": {"C": "/y", "PORT": "1"}}, "C=/x PORT=1 npx"),
    ],
)
def test_a_target_without_secrets_is_a_line_that_gives_it_again(
    previewed: Previewed, surroundings: dict[str, Any], fields: dict[str, Any], text: str
) -> None:
    found = previewed(**fields)
    assert (found.text, found.has_secrets) == (text, False)
    again = resolve(Target(url=found.text), platform="linux", **surroundings)
    assert again.endpoint == resolve(Target(**fields), platform="linux", **surroundings).endpoint
    assert previewed(url=found.text) == found


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"url": r'node "C:\my dir\x.js" C:\b\c.js'}, r'node "C:\my dir\x.js" C:\b\c.js'),
        ({"url": 'node "~/server.js" ~/server.js'}, 'node "~/server.js" ~/server.js'),
        ({"url": 'node "&&" "a;"'}, 'node "&&" "a;"'),
        ({"command": "node", "args": ["it's", 'a"b', "back\\"]}, 'node "it\'s" "a\\"b" back\\'),
    ],
)
def test_the_quoting_is_the_platforms(
    previewed: Previewed, surroundings: dict[str, Any], fields: dict[str, Any], text: str
) -> None:
    found = previewed(platform="win32", **fields)
    assert (found.text, found.has_secrets) == (text, False)
    again = resolve(Target(url=found.text), platform="win32", **surroundings)
    assert again.endpoint == resolve(Target(**fields), platform="win32", **surroundings).endpoint


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"url": f"https://me:{SECRET}@h/mcp?key={SECRET}"}, "https://h/mcp?key=***"),
        ({"url": f"API_KEY={SECRET} npx -y pkg"}, "API_KEY=*** npx -y pkg"),
        ({"url": "WORD=hunter2 npx -y pkg"}, "WORD=*** npx -y pkg"),
        ({"url": "TOKEN=x DEBUG=1 npx"}, "TOKEN=*** DEBUG=1 npx"),
        ({"url": f"npx pkg --api-key {SECRET} --token={SECRET}"}, "npx pkg --api-key *** --token=***"),
        ({"url": "npx pkg --token abc"}, "npx pkg --token ***"),
        ({"url": f'npx pkg -H "Authorization: Bearer {SECRET}"'}, "npx pkg -H 'Authorization: ***'"),
        ({"command": "npx", "args": ["--token", SECRET]}, "npx --token ***"),
        ({"command": "npx", "env": {"API_KEY": SECRET}}, "API_KEY=*** npx"),
        ({"command": "npx", "args": [f"x-{SECRET}"], "env": {"API_KEY": SECRET}}, "API_KEY=*** npx x-***"),
        ({"url": f"DB=postgres://u:{SECRET}@h/d npx"}, "DB=postgres://h/d npx"),
    ],
)
def test_secrets_are_left_out_and_that_is_said(previewed: Previewed, fields: dict[str, Any], text: str) -> None:
    found = previewed(**fields)
    assert (found.text, found.has_secrets) == (text, True)
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "http://h/mcp", "headers": {"X-Key": SECRET}},
        {"url": "http://h/mcp", "headers": {"Accept": "text/plain"}},
        {"url": "http://h/mcp", "auth": {"type": "bearer", "token": SECRET}},
        {"url": "http://h/mcp", "type": "sse"},
        {"url": "http://h/mcp", "protocol_version": "legacy"},
        {"url": "npx pkg", "call_timeout": 3.0},
        {"url": "npx pkg", "cwd": ".."},
        {"url": "npx pkg", "env": {"no.word": "1"}},
        {"url": "npx pkg", "env": {"DEBUG": "1"}, "platform": "win32"},
        {"command": "npx", "args": ["two\nlines"]},
        {"command": "./server.py"},  # typed, it would run with an interpreter
    ],
)
def test_what_a_line_cannot_carry_is_said(previewed: Previewed, fields: dict[str, Any]) -> None:
    found = previewed(**fields)
    assert found.has_secrets
    assert SECRET not in str(found)
    assert len(found.text.splitlines()) == 1


def test_what_says_nothing_more_leaves_nothing_out(previewed: Previewed, surroundings: dict[str, Any]) -> None:
    (surroundings["workspace"] / ".env").write_text("")
    assert not previewed(url="npx pkg", cwd=".", env_file=".env", env={}, protocol_version="auto").has_secrets


def test_the_target_is_shown_as_the_status_shows_it(previewed: Previewed, surroundings: dict[str, Any]) -> None:
    target = Target(url=f"npx -y @scope/pkg@1 --token {SECRET}")
    assert preview(target, platform="linux", **surroundings).target == resolve(target, **surroundings).info


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, MalformedTarget),
        ({"url": "npx", "command": "npx"}, MalformedTarget),
        ({"url": "npx", "connect_timeout": -1.0}, MalformedTarget),
        ({"url": "missing.py"}, InvalidTarget),
        ({"url": "npx 'open"}, InvalidTarget),
        ({"url": "http://h/mcp", "auth": {"type": "oauth", "clientSecret": "x"}}, InvalidTarget),
        ({"url": "uvx pkg"}, ConnectionFailed),
        ({"command": "nowhere"}, ConnectionFailed),
    ],
)
def test_what_connect_refuses_is_refused(
    previewed: Previewed, fields: dict[str, Any], error: type[SidecarError]
) -> None:
    with pytest.raises(error) as caught:
        previewed(**fields)
    assert type(caught.value) is error


WORDS = st.text(st.sampled_from("ab ~/&&;*'\"\\$=-\n") | st.characters(codec="utf-8", exclude_characters="\0"))


@given(
    args=st.lists(WORDS), variables=st.dictionaries(st.sampled_from(["DEBUG", "PORT", "a b"]), WORDS), data=st.data()
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whether_something_was_left_out_is_said_exactly(
    surroundings: dict[str, Any], args: list[str], variables: dict[str, str], data: st.DataObject
) -> None:
    platform = data.draw(st.sampled_from(["linux", "win32"]))
    target = Target(command="node", args=tuple(args), env=variables)
    found = preview(target, platform=platform, **surroundings)
    try:
        again = resolve(Target(url=found.text), platform=platform, **surroundings).endpoint
    except SidecarError:
        again = None
    assert found.has_secrets == (again != resolve(target, platform=platform, **surroundings).endpoint)
    assert len(found.text.splitlines()) == 1


def test_a_keystroke_costs_a_few_milliseconds(previewed: Previewed) -> None:
    def milliseconds() -> float:
        start = time.perf_counter()
        previewed(url=f"API_KEY={SECRET} npx -y @scope/pkg --port 8000 'a b'")
        return (time.perf_counter() - start) * 1000

    assert min(milliseconds() for _ in range(20)) < 10
