"""A recorder: it stands between an editor and the sidecar under the sidecar's name, and writes down what they say.

    python recorder.py PROGRAM RECORD ARGUMENT…

RECORD gets a line of JSON for each message: who said it, and what.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO


class Record:
    """What was said so far."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def said(self, who: str) -> Iterator[Any]:
        """What `editor` or `sidecar` said, in its order."""
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        for line in text.splitlines(keepends=True):
            if line.endswith("\n"):  # else it is being written
                each = json.loads(line)
                if each["who"] == who:
                    yield each["said"]

    def find(self, who: str, method: str, holds: Callable[[Any], bool] = lambda _: True) -> Any:
        """The params of the first such message; None where there is none yet."""
        for each in self.said(who):
            if each.get("method") == method and holds(each.get("params")):
                return each.get("params") or {}
        return None


def install(directory: Path, program: str, path: Path) -> Record:
    """Put a recorder into a directory for PATH; `program` is the real sidecar."""
    directory.mkdir()
    script = directory / "mcp-sidecar"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "{program}" "{path}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return Record(path)


def frames(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The bodies of messages that come in pieces."""
    pending = b""
    for chunk in chunks:
        pending += chunk
        while (end := pending.find(b"\r\n\r\n")) >= 0:
            headers = dict(line.split(b": ", 1) for line in pending[:end].split(b"\r\n"))
            length = int(headers[b"Content-Length"])
            if len(pending) < end + 4 + length:
                break
            yield pending[end + 4 : end + 4 + length]
            pending = pending[end + 4 + length :]


def main() -> int:
    program, path, *arguments = sys.argv[1:]
    sidecar = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sidecar.send_signal(number))
    assert sidecar.stdin is not None
    assert sidecar.stdout is not None
    lock = threading.Lock()
    with Path(path).open("a", encoding="utf-8") as record:

        def pass_on(who: str, source: int, sink: BinaryIO) -> None:
            def passing() -> Iterator[bytes]:
                while chunk := os.read(source, 65536):
                    sink.write(chunk)
                    sink.flush()
                    yield chunk

            for body in frames(passing()):
                with lock:
                    record.write(json.dumps({"who": who, "said": json.loads(body)}) + "\n")
                    record.flush()

        def listen() -> None:
            try:
                pass_on("editor", 0, sidecar.stdin)  # type: ignore[arg-type]
                sidecar.stdin.close()  # type: ignore[union-attr]
            except BrokenPipeError:
                pass  # the sidecar has ended

        threading.Thread(target=listen, daemon=True).start()
        pass_on("sidecar", sidecar.stdout.fileno(), sys.stdout.buffer)
        return sidecar.wait()


if __name__ == "__main__":
    sys.exit(main())
