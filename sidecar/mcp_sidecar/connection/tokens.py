"""The tokens that were obtained: in the operating system's keyring where there is one, else in memory.

The keyring belongs to another program, which may be locked, slow or broken: it is asked on a thread of its own, and
given up for good when it does not answer in time.
"""

import asyncio
import contextlib
import json
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

SERVICE: Final = "mcp-sidecar"
"""Under which all entries are found in the keyring."""

KEYRING_TIMEOUT: Final = 5.0
"""Seconds for one look into the keyring, which may ask its owner to unlock it."""

FINDING_TIMEOUT: Final = 15.0
"""Seconds for finding it, which imports all there are; on a busy machine that takes a while."""

_USABLE: Final = 1
"""Priority from which `keyring` recommends a backend; below are those that only pretend, or keep plain text."""

Grant = dict[str, Any]
"""What is kept of one authorization, as JSON."""


class TokenStore:
    """Keeps grants by key. Its memory is as old as the sidecar; the keyring is older."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        """
        Args:
            tell: is told, as level and message, once where tokens are kept if that is not the keyring.
        """
        self._tell = tell
        self._memory: dict[str, Grant] = {}
        self._keyring: _Keyring | None = None
        self._has_keyring: bool | None = None
        """None before it was looked for."""
        self._lock = asyncio.Lock()

    async def load(self, key: str) -> Grant | None:
        """What is kept under a key, if anything is."""
        if key in self._memory:
            return self._memory[key]
        text = await self._ask(lambda keyring: keyring.get_password(SERVICE, key))
        try:
            grant = json.loads(text) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(grant, dict):
            return None
        self._memory[key] = grant
        return grant

    async def save(self, key: str, grant: Mapping[str, Any]) -> None:
        """Keep something under a key, in place of what was there."""
        self._memory[key] = dict(grant)
        text = json.dumps(grant, separators=(",", ":"))
        await self._ask(lambda keyring: keyring.set_password(SERVICE, key, text))

    async def forget(self, key: str) -> None:
        """Keep nothing under a key any more."""
        self._memory.pop(key, None)
        await self._ask(lambda keyring: _delete(keyring, key))

    async def _ask(self, work: Callable[[Any], Any]) -> Any:
        """Have the keyring do something; None where there is none, or it fails."""
        async with self._lock:
            if self._has_keyring is None:
                self._keyring = _Keyring()
                self._has_keyring = True
                found = await self._answer(lambda backend: backend, FINDING_TIMEOUT)
                if self._has_keyring and found is None:
                    self._give_up("there is no keyring of the operating system")
            if not self._has_keyring:
                return None
            return await self._answer(work)

    async def _answer(self, work: Callable[[Any], Any], timeout: float = KEYRING_TIMEOUT) -> Any:
        assert self._keyring is not None
        try:
            async with asyncio.timeout(timeout):
                return await self._keyring.run(work)
        except TimeoutError:
            self._give_up(f"the keyring did not answer within {timeout:g} s")
        except Exception as error:  # noqa: BLE001 - whatever backend there is, its failure is told and costs no login
            self._give_up(f"the keyring failed ({type(error).__name__})")
        return None

    def _give_up(self, why: str) -> None:
        self._has_keyring = False
        if self._keyring is not None:
            self._keyring.end()
        self._tell("info", f"{why}: tokens are kept in memory, until the sidecar ends")


class _Keyring:
    """The thread that asks the keyring. A daemon: one that hangs must not keep the sidecar alive."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._backend: Any = None
        threading.Thread(target=self._run, name="keyring", daemon=True).start()

    async def run(self, work: Callable[[Any], Any]) -> Any:
        """Do `work` with the backend on the thread."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def answer(result: Any, error: BaseException | None) -> None:
            if not future.done():
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)

        def do() -> None:
            result, error = None, None
            try:
                if self._backend is None:
                    self._backend = _find_backend()
                result = work(self._backend)
            except Exception as failure:  # noqa: BLE001 - it is raised where it is waited for
                error = failure
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(answer, result, error)

        self._work.put(do)
        return await future

    def end(self) -> None:
        self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()


def _find_backend() -> Any:
    """The keyring of the operating system; None where there is none that deserves the name."""
    import keyring.core
    from keyring.backends import chainer, fail, null

    backend = keyring.core.get_keyring()
    if isinstance(backend, fail.Keyring | null.Keyring):
        return None
    if isinstance(backend, chainer.ChainerBackend) and not backend.backends:
        return None
    return backend if backend.priority >= _USABLE else None


def _delete(backend: Any, key: str) -> None:
    from keyring.errors import PasswordDeleteError

    with contextlib.suppress(PasswordDeleteError):  # there was none
        backend.delete_password(SERVICE, key)
