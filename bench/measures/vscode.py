"""The VS Code extension: its size, its activation, a connect by the palette, and its first start, in a real VS Code."""

import gzip
import json
import os
import shutil
import statistics
import subprocess
from pathlib import Path
from typing import Any

from bench.effort import Effort
from bench.row import Budget, Row, compared

ROOT = Path(__file__).parents[2]
NODE = os.environ.get("NODE") or shutil.which("node") or "node"


def measure(effort: Effort) -> list[Row]:
    bundle, vsix = ROOT / "dist/extension.cjs", ROOT / "build/mcp-sidecar.vsix"
    seen = _in_vscode(sum(1 for _ in effort.rounds(5)))
    return [
        Row(name="extension: bundle", unit="KiB", ours=bundle.stat().st_size / 1024),
        Row(name="  compressed", unit="KiB", ours=len(gzip.compress(bundle.read_bytes())) / 1024),
        Row(name="extension: .vsix, with the sidecar's wheel", unit="KiB", ours=vsix.stat().st_size / 1024),
        Row(name="extension: activation", unit="ms", ours=seen["activation"]),
        compared(
            "extension: Connect → connected, example server started for it (stdio)",
            "ms",
            seen["started"],
            seen["alone"],
            "the server alone: its start → initialize answered",
        ),
        Row(
            name="extension: Connect → connected, example server runs already (HTTP)",
            unit="ms",
            ours=statistics.median(seen["warm"]),
            budget=Budget("value", 1500),
        ),
        Row(
            name="extension: first start with uv, packages cached",
            unit="ms",
            ours=statistics.median(seen["firstStartWithUv"]),
            budget=Budget("value", 10_000),
        ),
        Row(
            name="extension: first start without uv, packages cached",
            unit="ms",
            ours=statistics.median(seen["firstStartWithoutUv"]),
        ),
    ]


def _in_vscode(rounds: int) -> dict[str, Any]:
    uv = os.environ.get("UV") or shutil.which("uv") or ""
    command = [NODE, "--import", "./tests/extension/vscode.ts", "bench/vscode/measure.ts", str(rounds), uv]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    # What drives the windows brings `node:test` along, which reports its tests, none, behind it.
    seen: dict[str, Any] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    return seen
