"""Kate: on a display that nobody sees, with a person's keys."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.editors.desk import LIMIT, SIDECAR, SNIPPETS, Desk
from tests.editors.recorder import Record, install

SOON = 3.0
"""Seconds after which keys that did nothing are pressed again."""

STARTS = 3
"""Times that Kate is started where it or its bus ends before there is a window: one in some fifty did on a machine with
five times the work it can do, and that says nothing about the sidecar."""


class Kate:
    """One Kate with one file, under `dbus-run-session`, which has its own bus."""

    def __init__(self, process: "subprocess.Popen[str]", display: str, record: Record, said: Path) -> None:
        self.process = process
        self.record = record
        self._said = said
        self._display = display

    def has_ended_at_once(self) -> bool:
        """Whether it ended before there was a window."""
        end = time.monotonic() + LIMIT
        while not self._windows("--class", "kate") and time.monotonic() < end:
            if self.process.poll() is not None:
                return True
            time.sleep(0.05)
        return False

    def wait(self, step: str, holds: Callable[[], Any], limit: float = LIMIT) -> Any:
        """Wait for a condition; gives what it gave."""
        end = time.monotonic() + limit
        while not (held := holds()):
            assert time.monotonic() < end, f"not within {limit} s: {step}; {self._story()}"
            assert self.process.poll() is None, f"Kate has ended before: {step}; {self._story()}"
            time.sleep(0.05)
        return held

    def told(self, text: str) -> bool:
        """Whether the sidecar has shown a message with this in it."""
        return self.record.find("sidecar", "window/showMessage", lambda params: text in params["message"]) is not None

    def allow_the_sidecar(self) -> None:
        """Say yes to Kate's own question, which it asks once for each program that a configuration names."""

        def is_running() -> bool:
            if dialogs := self._windows("--name", "LSP server start requested"):
                self._press(dialogs[0], "Return")
            return self.record.find("editor", "initialized") is not None

        self.wait("the sidecar is started", is_running)

    def act(self, title: str) -> Any:
        """Choose this code action at the cursor by its keys; gives the params of the command that Kate sent."""

        def chosen() -> Any:
            (window,) = self.wait("one window", lambda: self._windows("--class", "kate"))
            count = len(self._answers("textDocument/codeAction"))
            self._press(window, "alt+Return")
            if not self._soon(lambda: len(self._answers("textDocument/codeAction")) > count):
                self._press(window, "Escape")
                return None
            titles = [action["title"] for action in self._answers("textDocument/codeAction")[-1]["result"]]
            self._press(window, *["Down"] * (titles.index(title) + 1), "Return")
            sent = self._soon(lambda: self.record.find("editor", "workspace/executeCommand"))
            if sent is None:
                self._press(window, "Escape")
            return sent

        return self.wait(f"the action {title} is chosen", chosen)

    def answer(self, title: str) -> None:
        """Answer the question in its dialog, by the key of this button: its first letter."""

        def is_answered() -> bool:
            if dialogs := self._windows("--name", "Question from LSP server"):
                self._press(dialogs[0], f"alt+{title[0].lower()}")
            return {"title": title} in [each.get("result") for each in self.record.said("editor")]

        self.wait(f"the answer is {title}", is_answered)

    def quit(self) -> None:
        """Quit it as a person does."""
        end = time.monotonic() + LIMIT
        while self.process.poll() is None:
            assert time.monotonic() < end, "Kate does not quit"
            for window in self._windows("--class", "kate"):
                self._press(window, "ctrl+q", "alt+d")  # Discard, should a key too many have changed the file
            self._soon(lambda: self.process.poll() is not None)

    def kill(self) -> None:
        """Kill Kate, as `kill -9` does."""
        for each in psutil.Process(self.process.pid).children(recursive=True):
            if any(word.endswith("/kate") for word in each.cmdline()):  # by itself, or by the loader
                each.kill()

    def _story(self) -> str:
        """What there is to say when something went wrong."""
        said = self._said.read_text(encoding="utf-8", errors="replace")
        return f"the sidecar said last: {list(self.record.said('sidecar'))[-3:]}; Kate said:\n{said}"

    def _answers(self, method: str) -> list[Any]:
        ids = [each["id"] for each in self.record.said("editor") if each.get("method") == method]
        return [each for each in self.record.said("sidecar") if "method" not in each and each["id"] in ids]

    def _soon(self, holds: Callable[[], Any]) -> Any:
        end = time.monotonic() + SOON
        while not (held := holds()) and time.monotonic() < end:
            time.sleep(0.02)
        return held or None

    def _windows(self, *which: str) -> list[str]:
        return self._xdotool("search", "--onlyvisible", *which).split()

    def _press(self, window: str, *keys: str) -> None:
        self._xdotool("windowfocus", window, "key", *keys)

    def _xdotool(self, *words: str) -> str:
        """Run xdotool; a window that is just going away is no failure of ours."""
        command = ["xdotool", *words]
        ended = subprocess.run(
            command, env={"DISPLAY": self._display, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=30
        )
        return ended.stdout


@contextmanager
def display() -> Iterator[str]:
    """A display without a screen, which listens on no port."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1000x700x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        yield f":{int(server.stdout.readline())}"
    finally:
        server.terminate()
        server.communicate(timeout=LIMIT)


@contextmanager
def kate(program: str, desk: Desk, file: Path | str) -> Iterator[Kate]:
    """Kate with the configuration of docs/editors/, and the cursor in the line of the first server of a file.

    In front of it: a key too many there leaves the file JSON.
    """
    settings = desk.home / ".config" / "kate" / "lspclient" / "settings.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text((SNIPPETS / "kate.json").read_text(encoding="utf-8"), encoding="utf-8")
    record = install(desk.home / "bin", str(SIDECAR), desk.home / "record.jsonl")
    # Not on the desk, whose path may be too long for the sockets in it (108 bytes).
    with display() as name, tempfile.TemporaryDirectory(prefix="kate-") as runtime:
        desk.more = {
            "PATH": f"{desk.home / 'bin'}:{desk.environment['PATH']}",
            "DISPLAY": name,
            "QT_QPA_PLATFORM": "xcb",
            "XDG_RUNTIME_DIR": runtime,
        }
        place = ("--line", "3", "--column", "1")
        said = desk.home / "kate.txt"
        command = ["dbus-run-session", "--", program, "--startanon", "--block", *place, str(file)]

        def started() -> Kate:
            with said.open("a", encoding="utf-8") as stderr:
                return Kate(desk.start(command, stderr), name, record, said)

        one = started()
        try:
            starts = 1
            while one.has_ended_at_once() and starts < STARTS:
                one, starts = started(), starts + 1
            yield one
        finally:
            left = psutil.Process(one.process.pid).children(recursive=True) if one.process.poll() is None else []
            for each in left:
                each.kill()
            one.process.kill()
            one.process.wait(timeout=LIMIT)
