"""A stdio server with one thing broken.

    python nasty_stdio.py MODE [N] [--era legacy|modern|both] [--on METHOD]

N is the mode's number where it has one: a size, a depth, an exit code. `--list` shows all modes.
"""

import argparse
import contextlib

from nasty import answers, content, life, lines
from nasty.modes import MODES

FAMILIES = (life, lines, answers, content)
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


def main() -> None:
    """Run one mode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", metavar="MODE", nargs="?", choices=sorted(MODES))
    parser.add_argument("value", metavar="N", nargs="?", type=int)
    parser.add_argument("--era", choices=["legacy", "modern", "both"], default="legacy")
    parser.add_argument("--on", metavar="METHOD", default="tools/call", help="break the answers to this method")
    parser.add_argument("--record", metavar="FILE", help="append every received line to this file")
    parser.add_argument("--list", action="store_true", help="show all modes")
    options = parser.parse_args()
    if options.list or options.mode is None:
        print(catalogue())
        return
    server = MODES[options.mode](options.era, options.value, options.on)
    server.name, server.record = f"nasty-{options.mode}", options.record
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        server.serve()


if __name__ == "__main__":
    main()
