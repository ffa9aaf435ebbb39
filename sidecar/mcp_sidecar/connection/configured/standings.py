"""The standing of configured servers: which one is connected to, and why the others were not, last time."""

from typing import Final, NamedTuple

from mcp_sidecar.connection.errors import Failure
from mcp_sidecar.connection.status import ConnectionStatus, State, TargetInfo

MOST_FAILURES: Final = 500
"""That are remembered; of more, the oldest are forgotten."""


class Key(NamedTuple):
    """Which configured server."""

    file: str
    """A URI."""
    name: str


class Standings:
    """Follows the statuses of the one connection, and tells what they mean for each configured server."""

    def __init__(self) -> None:
        self._failures: dict[Key, Failure] = {}
        self._standing: Key | None = None
        """Which one is connected, or is looked for again."""
        self._attempted: Key | None = None
        """Which one is being connected to; while `_last` is `connecting`."""
        self._last: ConnectionStatus | None = None

    def state(self, key: Key) -> State:
        """The state of a server."""
        last = self._last
        if last is not None and last.state == "connecting" and key == self._attempted:
            return "connecting"
        if last is not None and key == self._standing:
            return "connected" if last.state == "connecting" else last.state
        return "failed" if key in self._failures else "disconnected"

    def failure(self, key: Key) -> Failure | None:
        """Why the last connection to a server failed or ended; None once it is connected again."""
        return self._failures.get(key)

    def failed(self, key: Key, failure: Failure) -> None:
        """Take notice that a server could not even be made ready."""
        self._failures.pop(key, None)
        while len(self._failures) >= MOST_FAILURES:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = failure

    def observe(self, status: ConnectionStatus) -> bool:
        """Take notice of a status, and return whether it changed anything here. They come in their order."""
        before, last = self._view(), self._last
        key = _key(status.target)
        error = status.error if last is None or status.error is not last.error else None
        if status.state == "connecting":
            was_lost = last is not None and last.connected_at is not None and status.connected_at is None
            if self._standing is not None and error is not None and was_lost:
                self.failed(self._standing, error)
            self._standing = self._standing if status.connected_at is not None else None
            self._attempted = key
        else:
            was_attempt = last is not None and last.state == "connecting"
            culprit = self._attempted if was_attempt else key if _is_new(status, last) else None
            if error is not None and culprit is not None:
                self.failed(culprit, error)
            self._attempted = None
            self._standing = key if status.state in ("connected", "reconnecting") else None
            if status.state == "connected" and key is not None:
                self._failures.pop(key, None)
        self._last = status
        return self._view() != before

    def _view(self) -> tuple[object, ...]:
        state = self._last.state if self._last is not None else None
        return state, self._standing, self._attempted, dict(self._failures)


def _is_new(status: ConnectionStatus, last: ConnectionStatus | None) -> bool:
    """Whether an error in it belongs to its state, which has just begun; that of an impossible target is no state's."""
    return status.state in ("reconnecting", "failed") and (last is None or status.since != last.since)


def _key(target: TargetInfo | None) -> Key | None:
    if target is None or target.server is None or target.file is None:
        return None
    return Key(target.file, target.server)
