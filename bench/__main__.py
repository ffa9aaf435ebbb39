"""`make bench`, or `python bench`: measures, and prints one table."""

import argparse
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

# `python bench` puts the folder itself on the module path; the package is found beside it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.effort import Effort
from bench.measures import MEASURES
from bench.table import render


def main() -> int:
    """Run what the command line asks for. The exit code says whether it ran, not whether the budgets are met."""
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, epilog='Example: make bench ARGS="--only calls,status --repeat 3"'
    )
    parser.add_argument("--only", metavar="NAMES", help=f"comma-separated, of: {', '.join(MEASURES)}")
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds of each measure, instead of its own number")
    parser.add_argument("--quick", action="store_true", help="a fifth of everything")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(MEASURES)
    if unknown := set(names) - MEASURES.keys():
        parser.error(f"no such measure: {', '.join(sorted(unknown))}; there are: {', '.join(MEASURES)}")
    if options.repeat is not None and options.repeat < 1:
        parser.error("--repeat takes a number from 1")
    effort = Effort(options.repeat, options.quick)
    rows, started = [], time.perf_counter()
    print(_machine())
    for name in names:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        began = time.perf_counter()
        rows += MEASURES[name](effort)
        print(f"  {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    print(render(rows))
    missed = [row.name for row in rows if row.met is False]
    print(f"{len(rows)} rows in {time.perf_counter() - started:.0f} s; budgets missed: {', '.join(missed) or 'none'}")
    print("Trust the ratios; times depend on the machine and on what else it does.")
    return 0


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("mcp-sidecar", "pygls", "fastmcp", "mcp"))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores{load}; {packages}"


if __name__ == "__main__":
    sys.exit(main())
