"""`python -m mcp_sidecar`, the same as `mcp-sidecar`."""

import os
import sys

# `-m` puts the working directory first on the module path: a `json.py` in the workspace would be run as ours.
if sys.path and not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - nothing is imported yet
    package_root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    if os.path.abspath(sys.path[0]) != package_root:  # noqa: PTH100
        del sys.path[0]

from mcp_sidecar.cli import main

sys.exit(main())
