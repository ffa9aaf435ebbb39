"""Whole sessions in real editors, with the configuration that docs/editors.md shows."""

import subprocess
import threading
from collections.abc import Callable, Sequence

import psutil
import pytest

from tests.editors.desk import LIMIT, ROOT, SNIPPETS, Desk

Program = Callable[[str], str]

SESSIONS = ROOT / "tests" / "editors"
NEOVIMS = {
    "NEOVIM": "neovim-0.7.lua",
    "NEOVIM_TRIXIE": "neovim-0.7.lua",
    "NEOVIM_NEW": "neovim.lua",
    "NEOVIM_FORKY": "neovim.lua",
}
"""What is installed, and the configuration for its version: 0.7, 0.10, 0.11 and 0.12."""

EMACSES = ("EMACS", "EMACS_TRIXIE")
"""28 with eglot 1.9 and 30 with eglot 1.17."""

GONE = 10.0
"""Seconds after which everything must be gone that an editor started."""


def neovim(program: Program, name: str, script: str) -> Sequence[str]:
    """The command line of Neovim with the snippet for its version, running a script."""
    snippet = SNIPPETS / NEOVIMS[name]
    files = (snippet, SESSIONS / "neovim" / script)
    return [program(name), "--headless", "--clean", *(word for file in files for word in ("-c", f"luafile {file}"))]


def emacs(program: Program, name: str, script: str) -> Sequence[str]:
    """The command line of Emacs with the snippet for eglot, running a script."""
    files = (SNIPPETS / "eglot.el", SESSIONS / "emacs" / script)
    return [
        program(name),
        "--batch",
        "-f",
        "package-activate-all",
        *(word for file in files for word in ("-l", str(file))),
    ]


@pytest.mark.parametrize("name", NEOVIMS)
def test_a_session_in_neovim(program: Program, desk: Desk, name: str) -> None:
    desk.session(neovim(program, name, "session.lua"))


@pytest.mark.parametrize("name", EMACSES)
def test_a_session_in_emacs(program: Program, desk: Desk, name: str) -> None:
    desk.session(emacs(program, name, "session.el"))


@pytest.mark.parametrize("name", ["LSP_MODE", "EMACS_TRIXIE"])
def test_a_short_session_in_emacs_with_lsp_mode(program: Program, desk: Desk, name: str) -> None:
    files = (SNIPPETS / "lsp-mode.el", SESSIONS / "emacs" / "lsp_mode.el")
    words = [word for file in files for word in ("-l", str(file))]
    desk.session([program(name), "--batch", "-f", "package-activate-all", *words])


def test_the_configuration_of_vim_lsp_is_understood(program: Program, desk: Desk) -> None:
    """By Vim itself; vim-lsp is in no registry of packages, and was tried by hand, as docs/editors.md says."""
    words = [
        word for file in (SNIPPETS / "vim-lsp.vim", SESSIONS / "vim" / "session.vim") for word in ("-S", str(file))
    ]
    desk.session([program("VIM"), "-Nu", "NONE", "-i", "NONE", "-es", "--cmd", f"set rtp^={SESSIONS / 'vim'}", *words])


def descendants(editor: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(editor.pid).children(recursive=True)


@pytest.mark.parametrize("name", [*NEOVIMS, *EMACSES])
def test_an_editor_that_is_killed_leaves_nothing(program: Program, desk: Desk, name: str) -> None:
    command = emacs(program, name, "stay.el") if name in EMACSES else neovim(program, name, "stay.lua")
    editor = desk.start(command)
    assert editor.stderr is not None
    said = []
    watchdog = threading.Timer(LIMIT, editor.kill)  # one that hangs says nothing more
    watchdog.start()
    try:
        while line := editor.stderr.readline():
            said.append(line)
            if "CONNECTED" in line:
                break
        assert any("CONNECTED" in line for line in said), "".join(said)
        started = descendants(editor)
        assert len(started) >= 2, f"the sidecar and the server: {started}"
    finally:
        watchdog.cancel()
        editor.kill()
        editor.communicate()
    _, left = psutil.wait_procs(started, timeout=GONE)
    assert not left
