"""The command line: `mcp-sidecar` serves one editor on stdin and stdout."""

import argparse
import gc
import sys
from typing import NoReturn

from mcp_sidecar import log
from mcp_sidecar.version import VERSION

LEVELS = ("debug", "info", "warning", "error")

DESCRIPTION = """\
Tries an MCP server from inside an editor.

Your editor starts this program and speaks LSP-style JSON-RPC with it on stdin
and stdout: mcp/connect, mcp/status, mcp/tools/call and the rest of MCP. It
connects to the MCP server you are writing, tells at every moment whether that
connection is alive and why not, and passes every MCP request through."""

EPILOG = """\
environment:
  MCP_TEST_CONNECT_TIMEOUT  seconds to wait for a connection (30)
  MCP_TEST_CALL_TIMEOUT     seconds to wait for an answer (60)
  MCP_TEST_LOGIN_TIMEOUT    seconds that a person has to log in (300)

How to set it up in your editor, and the whole protocol:
README.md and docs/protocol.md of the project."""

BY_HAND = """\
mcp-sidecar {version} is started by an editor, not by hand: it speaks JSON-RPC
on stdin and stdout and waits for an LSP client there.

  To use it     configure your editor to start `mcp-sidecar` as a language
                server; the README shows how.
  To see it     run `make demo` in the project.
  To know more  run `mcp-sidecar --help`.
  To insist     run `mcp-sidecar --stdio`.
"""


_NEVER = 2**31 - 1
"""The greatest threshold of a generation."""


def main(argv: list[str] | None = None) -> int:
    """Run the program.

    Args:
        argv: the arguments, without the program's name; None takes the process's own.

    Returns:
        An exit code, where it does not end the process itself by serving.
    """
    arguments = _parser().parse_args(argv)
    if not arguments.stdio and sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.write(BY_HAND.format(version=VERSION))
        return 2
    try:
        log.configure(arguments.log_level, arguments.log_file)
    except OSError as error:
        sys.stderr.write(f"mcp-sidecar: the log file can't be written: {error.strerror}: {error.filename}\n")
        return 2
    return _serve()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mcp-sidecar",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stdio", action="store_true", help="serve on stdin and stdout, which is the default")
    parser.add_argument("--version", action="version", version=f"mcp-sidecar {VERSION}")
    parser.add_argument("--log-level", choices=LEVELS, default="warning", help="what to log (default: warning)")
    parser.add_argument("--log-file", metavar="PATH", help="log to this file instead of stderr")
    return parser


def _serve() -> NoReturn:
    # What is imported stays for good: full collections meanwhile walk it for nothing, a tenth of start-up.
    thresholds = gc.get_threshold()
    gc.set_threshold(*thresholds[:2], _NEVER)
    # Imported here, so that --help and --version answer at once.
    from mcp_sidecar.server.sidecar import Sidecar
    from mcp_sidecar.wire.serve import run

    sidecar = Sidecar()
    gc.freeze()
    gc.set_threshold(*thresholds)
    run(sidecar.server, on_stop=sidecar.stop)
