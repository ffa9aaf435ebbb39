"""What a test may not leave behind: processes, threads, descriptors and asyncio tasks."""

import asyncio
import contextlib
import ctypes
import gc
import os
import sys
import threading
from pathlib import Path

import psutil

GRACE = 5.0
"""Seconds that processes get to end after a test: the promise that is given to users."""


def adopt_orphans() -> None:
    """Become the parent of all orphaned descendants, so that a grandchild outliving its parent is found (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def processes() -> set[psutil.Process]:
    """All descendants of the test run."""
    return set(psutil.Process().children(recursive=True))


def leaked_processes(before: set[psutil.Process]) -> list[str]:
    """The processes that are new and do not end by themselves within the grace; they are killed."""
    new = processes() - before
    _, alive = psutil.wait_procs(new, timeout=GRACE)
    described = []
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            described.append(f"process {process.pid}: {' '.join(process.cmdline())} ({process.status()})")
            process.kill()
    psutil.wait_procs(alive, timeout=GRACE)
    return described


def threads() -> set[threading.Thread]:
    """All threads that keep a program from ending, but for the pool of the loop that the tests share."""
    return {thread for thread in threading.enumerate() if not thread.daemon and not thread.name.startswith("asyncio_")}


def leaked_threads(before: set[threading.Thread]) -> list[str]:
    """The non-daemon threads that are new and do not end within a second."""
    leaked = []
    for thread in threads() - before:
        thread.join(timeout=1)
        if thread.is_alive():
            leaked.append(f"thread {thread.name}")
    return leaked


def descriptors() -> dict[str, str]:
    """The open descriptors and what they lead to; empty where the system does not tell."""
    found = {}
    directory = Path("/proc/self/fd")
    if directory.exists():
        for name in os.listdir(directory):  # noqa: PTH208 - names are what is wanted
            with contextlib.suppress(OSError):
                found[name] = str((directory / name).readlink())
    return found


def leaked_descriptors(before: dict[str, str]) -> list[str]:
    """The pipes, sockets and pollers that are new."""
    gc.collect()
    return [
        f"descriptor {number}: {what}"
        for number, what in descriptors().items()
        if before.get(number) != what and what.startswith(("pipe:", "socket:", "anon_inode:"))
    ]


async def leaked_tasks(before: set[asyncio.Task[object]]) -> list[str]:
    """The tasks that are new and not done once those that are about to end have ended."""
    new = asyncio.all_tasks() - before - {asyncio.current_task()}
    if not new:
        return []
    _, pending = await asyncio.wait(new, timeout=0.5)
    return [f"task {task.get_name()}: {task.get_coro()}" for task in pending]
