"""The parent process: the editor that started us, and whose end is ours (LSP 3.17, `InitializeParams.processId`)."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable

log = logging.getLogger(__name__)

CHECK_INTERVAL = 1.0
"""Seconds between two looks, where the operating system does not tell by itself."""


async def wait_for_death(pid: int) -> None:
    """Return when there is no process of this id any more. Waits for ever when that cannot be known."""
    if pid <= 0:
        log.warning("the client's processId %d is no process; it is not watched", pid)
        await asyncio.get_running_loop().create_future()
    watch = _open_pidfd(pid)
    if watch is not None:
        await _readable(watch)
        return
    while _is_alive(pid):  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(CHECK_INTERVAL)


def _open_pidfd(pid: int) -> int | None:
    """Linux tells at once, also of a process that its own parent did not wait for, and never confuses a reused id."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except (OSError, OverflowError):  # no such process, or an old kernel: the look below tells which
        return None


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    died: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(descriptor, _set, died)
        await died
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _set(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _is_alive(pid: int) -> bool:
    try:
        return _probe(pid)
    except OverflowError:
        return False


def _probe_posix(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _probe_windows(pid: int) -> bool:
    """`os.kill(pid, 0)` would end the process on Windows: ask for a handle, and whether it is signalled."""
    import ctypes

    synchronize, timed_out = 0x00100000, 0x102
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(synchronize, False, pid)
    if not handle:
        access_denied = 5
        return bool(kernel.GetLastError() == access_denied)
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == timed_out)
    finally:
        kernel.CloseHandle(handle)


_probe: Callable[[int], bool] = _probe_windows if sys.platform == "win32" else _probe_posix
