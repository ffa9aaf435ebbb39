"""The official conformance suite for clients, `@modelcontextprotocol/conformance` of npm: its scenarios, and a run."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import attrs
import psutil

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
OLDEST_NODE = 22
"""The major version of Node that the suite needs."""

CLIENT_TIMEOUT = 120
"""Seconds that the adapter gets; it gives up by itself before."""

RUN_TIMEOUT = 150
"""Seconds for a whole run; the suite itself has no limit."""

_AUTH = (
    "auth/metadata-default",
    "auth/metadata-var1",
    "auth/metadata-var2",
    "auth/metadata-var3",
    "auth/basic-cimd",
    "auth/scope-from-www-authenticate",
    "auth/scope-from-scopes-supported",
    "auth/scope-omitted-when-undefined",
    "auth/scope-step-up",
    "auth/scope-retry-limit",
    "auth/token-endpoint-auth-basic",
    "auth/token-endpoint-auth-post",
    "auth/token-endpoint-auth-none",
    "auth/pre-registration",
)

SCENARIOS = {
    "2025-11-25": (
        "initialize",
        "tools_call",
        "elicitation-sep1034-client-defaults",
        "sse-retry",
        *_AUTH,
        "json-schema-2020-12-preservation",
    ),
    "2026-07-28": (
        "tools_call",
        "request-metadata",
        *_AUTH,
        "auth/resource-mismatch",
        "auth/offline-access-scope",
        "auth/offline-access-not-supported",
        "auth/authorization-server-migration",
        "auth/iss-supported",
        "auth/iss-not-advertised",
        "auth/iss-supported-missing",
        "auth/iss-wrong-issuer",
        "auth/iss-unexpected",
        "auth/iss-normalized",
        "auth/metadata-issuer-mismatch",
        "sep-2322-client-request-state",
        "http-standard-headers",
        "http-custom-headers",
        "http-invalid-tool-headers",
        "json-schema-ref-no-deref",
        "json-schema-2020-12-preservation",
    ),
}
"""The scenarios for clients of each revision, in the suite's order."""


EXTENSIONS = ("auth/client-credentials-basic", "auth/client-credentials-jwt")
"""Scenarios of the extensions that the sidecar has; they belong to no revision, and are forced to run in each."""


@attrs.frozen
class Run:
    """One scenario of one revision."""

    version: str
    scenario: str

    def __str__(self) -> str:
        return f"{self.version} {self.scenario}"


@attrs.frozen
class Outcome:
    """How a run ended."""

    passed: bool
    output: str
    """What the suite printed, and what the adapter wrote where it failed."""
    seconds: float


RUNS = tuple(Run(version, name) for version, names in SCENARIOS.items() for name in (*names, *EXTENSIONS))


def what_is_missing() -> str | None:
    """Why the suite can't run here; None when it can."""
    if not PROGRAM.exists():
        return "the conformance suite is not installed: make setup"
    if node() is None:
        return f"the conformance suite needs Node {OLDEST_NODE} or newer"
    return None


def node() -> str | None:
    """A Node that is new enough: the one that make found, the one on PATH, or the one in `tools/node`."""
    own = ROOT / "tools" / "node" / "node_modules" / ".bin" / "node"
    for candidate in (os.environ.get("NODE"), shutil.which("node"), str(own)):
        if candidate and shutil.which(candidate) and _major(candidate) >= OLDEST_NODE:
            return candidate
    return None


def listed(version: str) -> list[str]:
    """The scenarios for clients that the installed suite has for a revision.

    Raises:
        subprocess.CalledProcessError: it could not say.
    """
    lines = _suite("list", "--client", "--spec-version", version, check=True).stdout.splitlines()
    return [line.split()[1] for line in lines if line.startswith("  - ")]


def run(what: Run) -> Outcome:
    """Run one scenario with the adapter as the client, and let nothing of it live on."""
    started = time.perf_counter()
    join = subprocess.list2cmdline if sys.platform == "win32" else shlex.join  # the suite runs it in a shell
    adapter = join([sys.executable, "-m", "tests.conformance.client"])
    done = _suite(
        *("client", "--command", adapter, "--scenario", what.scenario, "--spec-version", what.version),
        *("--timeout", str(CLIENT_TIMEOUT * 1000)),
        *(["--force"] if what.scenario in EXTENSIONS else []),
    )
    output = done.stdout + done.stderr
    # Where a scenario expects a client to fail, the suite passes over how it ended.
    passed = done.returncode == 0 and "OVERALL: PASSED" in output and "Client exited with code" not in output
    return Outcome(passed, output, time.perf_counter() - started)


def _suite(*args: str, check: bool = False) -> "subprocess.CompletedProcess[str]":
    executable = node()
    assert executable is not None, what_is_missing()
    argv = [executable, str(PROGRAM), *args]
    with subprocess.Popen(
        argv,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=RUN_TIMEOUT)
        except BaseException:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            raise
    done = subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)
    if check:
        done.check_returncode()
    return done


def _major(executable: str) -> int:
    said = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False, timeout=20).stdout
    digits = said.removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdecimal() else 0
