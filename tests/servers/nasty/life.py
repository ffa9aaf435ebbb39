"""Servers that start, hang, stop and die badly."""

import os
import signal
import subprocess
import sys
import threading
import time

from nasty.modes import NastyServer, mode
from raw import Json, NoAnswer, RpcError, text


def say(line: str) -> None:
    """Write a line to stderr."""
    print(line, file=sys.stderr, flush=True)


def sleep_for_ever() -> None:
    """Stay alive and do nothing."""
    while True:
        time.sleep(3600)


@mode("hangs")
class Hangs(NastyServer):
    """Reads everything, answers nothing."""

    def request(self, message: Json) -> None:
        pass


@mode("hangs-unread")
class HangsUnread(NastyServer):
    """Never reads its stdin."""

    def serve(self) -> None:
        sleep_for_ever()


@mode("stops-reading")
class StopsReading(NastyServer):
    """Reads no more once the first tools/list was answered: a big argument fills the pipe."""

    def respond(self, method: str, answer: Json) -> None:
        super().respond(method, answer)
        if method == "tools/list":
            sleep_for_ever()


@mode("slow-start")
class SlowStart(NastyServer):
    """Starts to read only after N seconds (2)."""

    default = 2

    def serve(self) -> None:
        time.sleep(self.value)
        super().serve()


@mode("ignores-unknown")
class IgnoresUnknown(NastyServer):
    """Answers the handshake, but methods it does not know (server/discover among them) are ignored in silence."""

    def unknown(self, method: str) -> Json:
        raise NoAnswer


@mode("initialize-or-exit")
class InitializeOrExit(NastyServer):
    """Exits with code 1 when the first message is not `initialize`."""

    greeted = False

    def receive(self, message: Json) -> None:
        if not self.greeted and message.get("method") != "initialize":
            say("expected initialize")
            os._exit(1)
        self.greeted = True
        super().receive(message)


@mode("old-version")
class OldVersion(NastyServer):
    """Insists on a protocol version that nobody speaks (1999-01-01)."""

    def initialize(self, params: Json) -> Json:
        return super().initialize(params) | {"protocolVersion": "1999-01-01"}


@mode("refuses-initialize")
class RefusesInitialize(NastyServer):
    """Answers `initialize` with an error of its own (-32000 "licence expired")."""

    def initialize(self, params: Json) -> Json:
        raise RpcError(-32000, "licence expired", {"renew": "yesterday"})


@mode("exits")
class Exits(NastyServer):
    """Writes three lines to stderr and exits at once with code N (3)."""

    default = 3

    def serve(self) -> None:
        for line in ("reading the configuration", "DATABASE_URL is not set", "giving up"):
            say(line)
        sys.exit(self.value)


@mode("exits-silently")
class ExitsSilently(NastyServer):
    """Exits at once with code N (0) and not a word."""

    def serve(self) -> None:
        sys.exit(self.value)


@mode("syntax-error")
class SyntaxErrorAtStart(NastyServer):
    """Is not valid Python: the interpreter's own traceback and exit code 1."""

    def serve(self) -> None:
        compile("def broken(:\n    pass\n", "my_server.py", "exec")


@mode("exits-in-call")
class ExitsInCall(NastyServer):
    """Every tool call ends the process with code N (7), a line on stderr and no answer."""

    default = 7

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        say(f"fatal: {name} was too much")
        os._exit(self.value)


@mode("exits-after-call")
class ExitsAfterCall(NastyServer):
    """Answers a tool call, then ends with code N (9): a death while idle."""

    default = 9

    def respond(self, method: str, answer: Json) -> None:
        super().respond(method, answer)
        if method == "tools/call":
            say("done for today")
            os._exit(self.value)


@mode("killed-in-call")
class KilledInCall(NastyServer):
    """Every tool call kills the process by SIGKILL."""

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        raise NoAnswer


@mode("stubborn")
class Stubborn(NastyServer):
    """Ignores the end of its stdin, SIGTERM, SIGINT and SIGHUP."""

    def serve(self) -> None:
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        super().serve()
        sleep_for_ever()


@mode("closes-stdout")
class ClosesStdout(NastyServer):
    """Closes its stdout after the first tools/list, but lives on."""

    def respond(self, method: str, answer: Json) -> None:
        super().respond(method, answer)
        if method == "tools/list":
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@mode("closes-stdin")
class ClosesStdin(NastyServer):
    """Closes its stdin after the first tools/list, but lives on."""

    def respond(self, method: str, answer: Json) -> None:
        super().respond(method, answer)
        if method == "tools/list":
            os.close(0)
            sleep_for_ever()


@mode("floods-stderr")
class FloodsStderr(NastyServer):
    """Writes N MB (30) to stderr before it reads anything."""

    default = 30

    def serve(self) -> None:
        line = "e" * 99 + "\n"
        for _ in range(self.value * 1000):
            sys.stderr.write(line * 10)
        sys.stderr.flush()
        super().serve()


@mode("endless-stderr-line")
class EndlessStderrLine(NastyServer):
    """Writes one line of N MB (30) without an end to stderr before it reads anything; some of it is not UTF-8."""

    default = 30

    def serve(self) -> None:
        for _ in range(self.value):
            os.write(2, b"e" * 500_000 + b"\xff\xfe" * 250_000)
        super().serve()


class WithGrandchild(NastyServer):
    """Starts a grandchild that outlives it; its pid is on stderr ("grandchild PID") and in the tool `grandchild`."""

    holds_stdout = False

    def serve(self) -> None:
        streams = None if self.holds_stdout else subprocess.DEVNULL
        grandchild = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"],
            stdin=subprocess.DEVNULL,
            stdout=streams,
            stderr=streams,
        )
        self.grandchild = grandchild.pid
        say(f"grandchild {grandchild.pid}")
        super().serve()
        os._exit(0)

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        if name == "grandchild":
            return text(str(self.grandchild))
        return super().call_tool(name, arguments, params, request_id)


@mode("grandchild-quiet")
class GrandchildQuiet(WithGrandchild):
    """Starts a grandchild that outlives it and has nothing to do with its streams."""


@mode("grandchild-holds-stdout")
class GrandchildHoldsStdout(WithGrandchild):
    """Starts a grandchild that outlives it and keeps its stdout and stderr open."""

    holds_stdout = True


@mode("threads-on-exit")
class ThreadsOnExit(NastyServer):
    """Takes N seconds (1) to leave after its stdin has ended, and then leaves properly."""

    default = 1

    def serve(self) -> None:
        super().serve()
        thread = threading.Thread(target=time.sleep, args=(self.value,))
        thread.start()
        thread.join()
        say("left properly")
