"""Makes the Python environment in which the VS Code extension runs the sidecar; mends it where it is broken.

    uv run --no-project --python '>=3.11' python -I -X utf8 install.py DIRECTORY
    python3 -I -X utf8 install.py DIRECTORY

What is installed lies next to this file. It takes only the standard library, and runs on the Python 3.9 that macOS has,
too: that one can get uv, which fetches another.

Stdout has a line `step: …` for each step. Stderr has each command and what it prints, for the log; where no environment
could be made, its last line tells why. A Python that is of no use says so on stderr, and nothing on stdout. The end of
stdin, which comes even when the editor is killed, and SIGTERM cancel: nothing is left then.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

BUNDLE = Path(__file__).parent

PYTHON = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
"""Where it is in an environment."""

UV = os.environ.get("UV", "")
"""The uv that runs this; empty without."""

VERSION = "{}.{}.{}".format(*sys.version_info)

WANTED = sys.executable if sys.version_info >= (3, 11) else ">=3.11"
"""What the sidecar's environment is made of, as uv takes it."""

USED = "used"
"""The file in a complete environment that names the interpreter behind it; its time is that of the last use."""

CHECK = (
    *("-I", "-X", "utf8", "-c"),
    "import mcp_sidecar.server.sidecar, pydantic_core, mcp_sidecar.cli as cli; cli.main(['--version'])",
)
"""More than the version: a missing package, or a binary of another architecture, shows up only when imported."""

DAY = 24 * 3600

QUOTED = 300
"""Characters of a program's words that fit into a message."""


class Cancelled(Exception):
    """Whoever started this does not want it any more."""


class CommandFailed(Exception):
    """A program could not be started, or ended with an error; the text is what it said."""


class Programs:
    """Runs one program at a time; a cancel ends it together with all that it started."""

    def __init__(self, folder: Path) -> None:
        self.env = dict(os.environ)
        self._folder = folder
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._cancelled = False

    def run(self, *command: str | Path) -> None:
        """Run a program to its end, in the given folder: the workspace's uv.toml is none of our business.

        Raises:
            CommandFailed: It ended with an error.
            Cancelled: In the meantime, or before.
        """
        log("> " + " ".join(map(str, command)))
        with self._lock:
            if self._cancelled:
                raise Cancelled
            child = self._child = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                # A group of its own, so that what it starts can be ended with it.
                start_new_session=True,
            )
        assert child.stdout
        lines = []
        for line in child.stdout:
            log(line.rstrip())
            lines.append(line)
        code = child.wait()
        if self._cancelled:
            raise Cancelled
        if code != 0:
            if is_full(self._folder):
                # `venv` hides why pip could not be put into place.
                lines.append("No space left on device")
            raise CommandFailed("".join(lines) or f"{command[0]} ended with {code}")

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            if self._child is None or self._child.poll() is not None:
                return
            if sys.platform == "win32":
                kill = ["taskkill", "/pid", str(self._child.pid), "/T", "/F"]
                subprocess.run(kill, capture_output=True, check=False)
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._child.pid, signal.SIGKILL)

    def cancel_when_told(self) -> None:
        """Cancel at the end of stdin, and on SIGTERM."""

        def wait_for_the_end() -> None:
            # Not `sys.stdin`, whose lock would be held when Python ends.
            while os.read(0, 1024):
                pass
            self.cancel()

        threading.Thread(target=wait_for_the_end, daemon=True).start()
        # In a thread, because the signal may come while the lock is held.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=self.cancel).start())


def main() -> int:
    """Make the environment, or say why it could not be made."""
    if sys.version_info < (3, 9):  # noqa: UP036 (the extension starts this with any Python)
        sys.exit(f"Python {VERSION} is too old")
    directory = Path(sys.argv[1])
    if not UV and not importlib.util.find_spec("ensurepip"):
        # As Debian has it.
        sys.exit(f"Python {VERSION} lacks ensurepip: install python3-venv")
    programs = Programs(directory.parent)
    programs.cancel_when_told()
    try:
        if not works(directory, programs):
            install(directory, programs)
        remove_unused(directory.parent)
    except Cancelled:
        log("Cancelled.")
        return 1
    except Exception as error:  # noqa: BLE001 (whatever it is, the user is told)
        log(explain(error, directory.parent)[1])
        return 1
    return 0


def works(directory: Path, programs: Programs) -> bool:
    """Whether the environment is there and good; one that is broken is removed."""
    if not directory.exists():
        return False
    tell("Checking the sidecar…")
    try:
        if is_intact(directory):
            programs.run(directory / PYTHON, *CHECK)
            (directory / USED).touch()
            return True
    except (CommandFailed, OSError) as error:
        log(str(error))
    log(f"{directory} is broken; it is made anew.")
    # Another window may have done so.
    with contextlib.suppress(FileNotFoundError):
        discard(directory)
    return False


def install(directory: Path, programs: Programs) -> None:
    """Make the environment next to its place, and put it there when it is known to work."""
    tell("Preparing…")
    work = temporary(directory)
    environment = work / "environment"
    try:
        work.mkdir(parents=True)
        uv = UV or install_uv(work, programs)
        tell("Creating the Python environment…")
        programs.run(uv, "venv", "--python", WANTED, environment)
        tell("Installing the sidecar…")
        pip = [uv, "pip", "install", "--python", str(environment / PYTHON)]
        programs.run(*pip, "--require-hashes", "-r", BUNDLE / "requirements.txt")
        programs.run(*pip, "--no-deps", the_wheel())
        tell("Checking the sidecar…")
        programs.run(environment / PYTHON, *CHECK)
        (environment / USED).write_text(interpreter_behind(environment), encoding="utf-8")
        put_in_place(environment, directory)
    finally:
        remove(work)


def the_wheel() -> Path:
    """The sidecar."""
    for wheel in BUNDLE.glob("mcp_sidecar-*.whl"):
        return wheel
    raise FileNotFoundError(f"The extension is incomplete, there is no sidecar in {BUNDLE}: install it again.")


def install_uv(work: Path, programs: Programs) -> str:
    """Install uv for this once: pip alone would take five times as long as pip for uv, and uv for the rest."""
    tell("Installing uv…")
    programs.run(sys.executable, "-I", "-m", "venv", work / "uv")
    pip = ["-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:"]
    programs.run(work / "uv" / PYTHON, *pip, "--require-hashes", "-r", BUNDLE / "requirements-uv.txt")
    # It keeps nothing in the user's home, and does not read what pip is told.
    own = {
        "UV_CACHE_DIR": str(work / "cache"),
        "UV_PYTHON_INSTALL_DIR": str(work.parents[1] / "python"),
        "UV_INDEX_URL": os.environ.get("PIP_INDEX_URL", ""),
    }
    programs.env = {name: value for name, value in own.items() if value} | programs.env
    return str((work / "uv" / PYTHON).with_name("uv.exe" if sys.platform == "win32" else "uv"))


def put_in_place(environment: Path, directory: Path) -> None:
    """Rename it; when another window was quicker, its environment is as good."""
    for last in (False, True):
        try:
            environment.rename(directory)
        except OSError:
            if is_intact(directory):
                return
            if last or not directory.exists():
                raise
            discard(directory)
        else:
            return


def interpreter_behind(environment: Path) -> str:
    """The Python that the environment was made of; it may be gone some day, or be another version."""
    if sys.platform == "win32":
        settings = (environment / "pyvenv.cfg").read_text(encoding="utf-8")
        home = re.search(r"^home\s*=\s*(.+?)\s*$", settings, re.MULTILINE)
        return str(Path(home[1], "python.exe")) if home else ""
    return str((environment / PYTHON).resolve(strict=True))


def is_intact(directory: Path) -> bool:
    """Whether it is complete, and its interpreter still there."""
    try:
        return (directory / USED).read_text(encoding="utf-8") == interpreter_behind(directory)
    except OSError:
        return False


def remove_unused(environments: Path) -> None:
    """Remove what earlier versions of the extension, and installations that were killed, have left behind."""
    for directory in environments.iterdir():
        if not re.fullmatch(r"[0-9a-f]{16}(\..+\.tmp)?", directory.name):
            continue
        days = 1 if directory.suffix == ".tmp" else 30
        # Windows holds on to what still runs; there is a next time.
        with contextlib.suppress(OSError):
            used = directory / USED
            if time.time() - (used if used.exists() else directory).stat().st_mtime > days * DAY:
                log(f"Removing {directory}")
                discard(directory)


def discard(directory: Path) -> None:
    """Put it out of the way at once, then remove it: no other window ever sees half an environment."""
    aside = temporary(directory)
    directory.rename(aside)
    remove(aside)


def temporary(directory: Path) -> Path:
    """A new name next to it, on the same disk."""
    name = directory.name.partition(".")[0]
    return directory.with_name(f"{name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def remove(directory: Path) -> None:
    """Remove it; Windows lets go of the files of a process some time after its end."""
    for _ in range(10):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.1)
    log(f"{directory} could not be removed.")


SIGNS = {
    "disk-full": (
        r"ENOSPC|EDQUOT|no space left on device|not enough space on the disk|quota exceeded|os error (28|112|122)\b"
    ),
    "not-writable": r"EACCES|EPERM|EROFS|ENOTDIR|EEXIST|read-only file system|permission denied|access is denied",
    "hash-mismatch": r"hash mismatch|do not match the hashes",
    "no-network": (
        r"dns error|connect error|error sending request|connection (refused|reset|broken)|timed? ?out|unreachable"
        r"|certificate|sslerror|handshake|network connectivity|failed to (fetch|establish)|http (error|status)"
        r"|from versions: none"
    ),
    "no-python": r"no interpreter found|no download found|python downloads are",
}
"""The words of Python, uv and pip for the failures that a user can mend; the first that fits tells."""

MESSAGES = {
    "disk-full": (
        "The disk is full: the sidecar's environment was not made in {place}. "
        "Free about 250 MB there or, if it is on another disk, in uv's cache, and try again."
    ),
    "not-writable": (
        "The sidecar's environment cannot be written to {place} ({quote}). "
        "Make this folder writable, or name a Python that has mcp-sidecar in mcpSidecar.interpreter."
    ),
    "hash-mismatch": (
        "A downloaded package is not the one that this extension was tested with; nothing was installed ({quote}). "
        "Try again; if it stays so, the package index or a proxy changes packages: see the log."
    ),
    "no-network": (
        "The sidecar's packages could not be downloaded ({quote}). "
        "Check the network. Behind a proxy set HTTPS_PROXY, for own certificates SSL_CERT_FILE, "
        "for a mirror UV_INDEX_URL (and PIP_INDEX_URL), and restart the editor."
    ),
    "no-python": (
        "uv found no Python 3.11 or newer ({quote}). "
        "Install one, or name a Python that has mcp-sidecar in mcpSidecar.interpreter."
    ),
    "failed": (
        "The sidecar's environment could not be made ({quote}). "
        "See the log, or name a Python that has mcp-sidecar in mcpSidecar.interpreter."
    ),
}
"""What is said of each: what happened, what was found, what to do."""

PREFIX = re.compile(r"^(error|warning|cause|hint): (.*connection broken by .*object at \w+>: )?", re.IGNORECASE)
"""What uv and pip put before the words that matter."""


def explain(error: Exception, place: Path) -> tuple[str, str]:
    """The kind of a failure, and a message for the user."""
    said = str(error) or type(error).__name__
    if isinstance(error, OSError):
        # The name, because Windows translates the text.
        said = f"{errno.errorcode.get(error.errno or 0, '')} {said}"
    kind = next((kind for kind, sign in SIGNS.items() if re.search(sign, said, re.IGNORECASE)), "failed")
    lines = [PREFIX.sub("", line.strip()) for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(SIGNS.get(kind, "$^"), line, re.IGNORECASE)][:1]
    if kind == "no-network":
        telling += lines[-1:]
    quote = " … ".join(dict.fromkeys(telling or lines[-3:]))[:QUOTED]
    return kind, MESSAGES[kind].format(place=place, quote=quote)


def is_full(folder: Path) -> bool:
    """Whether its disk is."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free < 1_000_000
    return False


def tell(step: str) -> None:
    """Tell the extension what is done now."""
    # It may be dead, and there is still something to remove.
    with contextlib.suppress(OSError):
        print(f"step: {step}", flush=True)


def log(line: str) -> None:
    """Tell the user's log."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
