"""`AT_ONCE`: how many tests run side by side."""

import os
import sys

if sys.platform == "linux":
    _CORES = len(os.sched_getaffinity(0))  # a container may have fewer than the machine
else:
    _CORES = os.cpu_count() or 1

AT_ONCE = max(_CORES, min(2 * _CORES, 8))
"""Two for each core, since a test waits half of its time; but no more than eight for that, since each takes some 0.4 GB
with its sidecar and its servers."""
