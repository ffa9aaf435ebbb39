"""The sidecar as it is, which upon SIGUSR1 writes a line of JSON to the file named first: its tasks, its objects."""

import asyncio
import gc
import json
import signal
import sys
from pathlib import Path
from types import FrameType

from mcp_sidecar.cli import main


def install(report: Path) -> None:
    """Count on the signal; its handler runs on the loop's own thread."""

    def count(_number: int, _frame: FrameType | None) -> None:
        gc.collect()
        counts = {"tasks": len(asyncio.all_tasks()), "objects": len(gc.get_objects())}
        with report.open("a") as file:
            file.write(json.dumps(counts) + "\n")

    signal.signal(signal.SIGUSR1, count)


if __name__ == "__main__":
    install(Path(sys.argv.pop(1)))
    sys.exit(main())
