"""The process's standard streams, claimed for the wire."""

import io
import os
import sys
from typing import BinaryIO


def claim_stdio() -> tuple[BinaryIO, BinaryIO]:
    """Take stdin and stdout for the wire, and give everyone else something harmless.

    Afterwards file descriptor 0 reads as empty and file descriptor 1 is stderr, in this process and in the children
    it starts, so that neither a stray `print` nor a C library can put a byte on the wire. The wire's own descriptors
    are not inherited.

    Returns:
        The streams to read from (buffered) and to write to (unbuffered).
    """
    incoming, outgoing = os.dup(0), os.dup(1)
    _make_plain(incoming, outgoing)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # stderr is closed
        os.dup2(nothing, 1)
    os.close(nothing)
    if sys.stderr is not None:
        sys.stdout = sys.stderr
    return io.BufferedReader(io.FileIO(incoming, "rb"), 64 * 1024), io.FileIO(outgoing, "wb")


def _make_plain(*descriptors: int) -> None:
    """Blocking and binary, whatever the editor left behind."""
    for descriptor in descriptors:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.setmode(descriptor, os.O_BINARY)
        else:
            os.set_blocking(descriptor, True)
