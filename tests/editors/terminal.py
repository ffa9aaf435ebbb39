"""A terminal: a program runs in it, keys are typed, and what it shows is read."""

import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyte

from tests.editors.desk import LIMIT

LINES, COLUMNS = 40, 240

DOWN, ENTER, ESCAPE = "\x1b[B", "\r", "\x1b"


class _Screen(pyte.Screen):
    """What is shown; answers what the program asks its terminal."""

    def __init__(self, terminal: int) -> None:
        super().__init__(COLUMNS, LINES)
        self._terminal = terminal

    def write_process_input(self, data: str) -> None:
        os.write(self._terminal, data.encode())

    def report_device_status(self, mode: int, *, private: bool = False) -> None:
        """Not what only newer terminals have (`CSI ? … n`), which pyte hands on and then fails at."""
        if not private:
            super().report_device_status(mode)


class Terminal:
    """A terminal that a program was started in."""

    def __init__(self, command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
        self._terminal, inner = pty.openpty()
        try:
            termios.tcsetwinsize(inner, (LINES, COLUMNS))
            self.process = subprocess.Popen(
                ["setsid", "--ctty", *command],  # the same process, in a session with this terminal
                cwd=cwd,
                env={**environment, "TERM": "xterm-256color"},
                stdin=inner,
                stdout=inner,
                stderr=inner,
            )
        finally:
            os.close(inner)
        self._screen = _Screen(self._terminal)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, without the blanks at the end of lines."""
        return [line.rstrip() for line in self._screen.display]

    def shows(self, text: str) -> bool:
        """Whether this stands in a line of the screen."""
        return any(text in line for line in self.lines)

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def wait(self, step: str, holds: Callable[[], Any]) -> Any:
        """Wait for a condition, while the screen changes; gives what it gave."""
        end = time.monotonic() + LIMIT
        while not (held := holds()):
            screen = "\n".join(self.lines)
            assert time.monotonic() < end, f"not within {LIMIT} s: {step}; the screen:\n{screen}"
            assert self.process.poll() is None, f"the program has ended before: {step}; the screen:\n{screen}"
            self._read()
        return held

    def see(self, *texts: str) -> None:
        """Wait until one of these stands in a line of the screen."""
        self.wait(f"{' or '.join(texts)} is shown", lambda: any(self.shows(text) for text in texts))

    def close(self) -> None:
        """Kill the program if it still runs, and take the terminal away."""
        self.process.kill()
        self.process.wait(timeout=LIMIT)
        os.close(self._terminal)

    def _read(self) -> None:
        """Take in what the program has written by now, or writes in a moment."""
        if select.select([self._terminal], [], [], 0.05)[0]:
            try:
                self._stream.feed(os.read(self._terminal, 65536))
            except OSError:
                return  # on Linux, the end: nobody has the other side open


@contextmanager
def terminal(command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """A terminal with this program in it, which ends with the block."""
    one = Terminal(command, cwd, environment)
    try:
        yield one
    finally:
        one.close()
