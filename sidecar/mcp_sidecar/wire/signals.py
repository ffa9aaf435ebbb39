"""Signals that ask the process to end."""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
"""SIGTERM from coc, vim-lsp and ALE, SIGHUP from eglot, SIGINT from a terminal, SIGBREAK from a Windows one."""


@contextlib.contextmanager
def handle_signals(stop: Callable[[str], None]) -> Iterator[None]:
    """Call `stop` on the loop with the signal's name, instead of dying; afterwards as before.

    Off the main thread, where Python allows no handlers, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        log.debug("not on the main thread: signals are not handled")
        yield
        return
    loop = asyncio.get_running_loop()
    before = {}
    for name in _NAMES:
        if (number := getattr(signal, name, None)) is not None:
            before[number] = signal.getsignal(number)
            _install(loop, number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            if handler is not None:  # None: it was not installed by Python
                signal.signal(number, handler)


def _install(loop: asyncio.AbstractEventLoop, number: signal.Signals, stop: Callable[[str], None]) -> None:
    try:
        loop.add_signal_handler(number, stop, number.name)
    except NotImplementedError:  # Windows: the loop wakes up for a signal, but runs no handlers of its own
        signal.signal(number, lambda _number, _frame: _wake(loop, stop, number.name))


def _wake(loop: asyncio.AbstractEventLoop, stop: Callable[[str], None], name: str) -> None:
    loop.call_soon_threadsafe(stop, name)
