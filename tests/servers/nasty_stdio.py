"""A stdio server with one thing broken.

    python nasty_stdio.py MODE [N] [--era legacy|modern|both] [--on METHOD]

N is the mode's number where it has one: a size, a depth, an exit code. `--list` shows all modes. All of them may be
`--stubborn` (deaf to signals and to the end of stdin) and have a `--grandchild` that outlives them.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys

from nasty import answers, content, life, lines, presentation, talk
from nasty.modes import MODES

FAMILIES = (life, lines, answers, content, presentation, talk)
"""The modules whose import fills `MODES`."""


def catalogue() -> str:
    """All modes by family, each with what it does."""
    parts = []
    for family in FAMILIES:
        parts.append(f"\n{family.__doc__}")
        parts += [
            f"  {name:24}{server.__doc__}" for name, server in MODES.items() if server.__module__ == family.__name__
        ]
    return "\n".join(parts)


DEAF = "import signal; [signal.signal(each, signal.SIG_IGN) for each in (1, 2, 15)]; "
"""Makes a Python program ignore what it can ignore."""


def start_grandchild(stubborn: bool) -> int:
    """Start a process that has nothing to do with the server's streams and outlives it; gives its id."""
    program = (DEAF if stubborn else "") + "import time; time.sleep(600)"
    null = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-c", program], stdin=null, stdout=null, stderr=null).pid


def main() -> None:
    """Run one mode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", metavar="MODE", nargs="?", choices=sorted(MODES))
    parser.add_argument("value", metavar="N", nargs="?", type=int)
    parser.add_argument("--era", choices=["legacy", "modern", "both"], default="legacy")
    parser.add_argument("--on", metavar="METHOD", default="tools/call", help="break the answers to this method")
    parser.add_argument("--record", metavar="FILE", help="append every received line to this file")
    parser.add_argument("--grandchild", action="store_true", help="start a process that outlives the server")
    parser.add_argument(
        "--stubborn", action="store_true", help="ignore signals and the end of stdin; so does the grandchild"
    )
    parser.add_argument("--pids", metavar="FILE", help="append the ids of the server and its grandchild to this file")
    parser.add_argument("--list", action="store_true", help="show all modes")
    options = parser.parse_args()
    if options.list or options.mode is None:
        print(catalogue())
        return
    server = MODES[options.mode](options.era, options.value, options.on)
    server.name, server.record = f"nasty-{options.mode}", options.record
    if options.stubborn:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
    pids = [os.getpid()] + ([start_grandchild(options.stubborn)] if options.grandchild else [])
    if options.pids:
        with open(options.pids, "a") as file:
            file.write(" ".join(map(str, pids)) + "\n")
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        server.serve()
    if options.stubborn:
        life.sleep_for_ever()


if __name__ == "__main__":
    main()
