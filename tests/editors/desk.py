"""The desk of a person who works in an editor: a project, a home, and the sidecar on PATH."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "tests" / "servers" / "raw.py"
SNIPPETS = ROOT / "docs" / "editors"
SIDECAR = Path(sys.executable).with_name("mcp-sidecar")

LIMIT = 150.0
"""Seconds that a session may take; on a quiet machine it takes some five."""


class Desk:
    """A project with a configuration file, and a home of its own."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.project = root / "project"
        self.more: dict[str, str] = {}
        """What else the editor's environment has."""
        for directory in (self.home, self.project / ".vscode"):
            directory.mkdir(parents=True)
        servers = {
            "it": {"command": sys.executable, "args": [str(SERVER)]},
            "broken": {"command": sys.executable, "env": {"X": "${env:MCP_SIDECAR_UNSET}"}},
        }
        (self.project / ".vscode" / "mcp.json").write_text(json.dumps({"servers": servers}, indent=2), encoding="utf-8")
        subprocess.run(["git", "init", "--quiet", str(self.project)], check=True)  # so that it is a project to Emacs
        self.own = self.home / ".cursor" / "mcp.json"
        """A configuration file of the user's own: what it says is run without a question."""
        self.own.parent.mkdir()
        self.own.write_text(json.dumps({"mcpServers": {"mine": servers["it"]}}, indent=2), encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """What the editor is started with; its home is this desk's."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("MCP_", "XDG_"))}
        return own | {
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}",
            "SERVER": f"{sys.executable} {SERVER}",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            **self.more,
        }

    def start(self, command: Sequence[str], stderr: int | IO[str] = subprocess.PIPE) -> "subprocess.Popen[str]":
        """Start an editor; what it says comes on stderr."""
        return subprocess.Popen(
            command,
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            text=True,
            errors="replace",
        )

    def session(self, command: Sequence[str]) -> str:
        """Run a session to its end; gives what it said, and fails if a step of it did."""
        editor = self.start(command)
        try:
            _, said = editor.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            editor.kill()
            raise AssertionError(f"it hangs; it said:\n{editor.communicate()[1]}") from None
        assert editor.returncode == 0, said
        assert "PASSED" in said, said
        return said
