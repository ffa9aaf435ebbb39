"""The events of a connection, as its manager tells them to its owner."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from mcp_sidecar.connection.logs import LogEntry, LogFeed, Source
from mcp_sidecar.connection.status import ConnectionStatus

if TYPE_CHECKING:
    from mcp_sidecar.connection.redaction import Redactor


class ManagerEvents(Protocol):
    """What a manager tells its owner, on the event loop; all return at once."""

    def status_changed(self, status: ConnectionStatus) -> None:
        """The status, after every change."""

    def logged(self, entry: LogEntry) -> None:
        """Something to read."""

    def notified(self, method: str, params: Mapping[str, Any]) -> None:
        """A notification of the server, or of its link: see `LinkEvents`."""


class NoEvents:
    """Is told everything, and needs nothing of it."""

    def status_changed(self, status: ConnectionStatus) -> None: ...

    def logged(self, entry: LogEntry) -> None: ...

    def notified(self, method: str, params: Mapping[str, Any]) -> None: ...


@attrs.frozen
class Listener:
    """Hears one link; what it says is shown without the secrets of its own target."""

    events: ManagerEvents
    log: LogFeed
    redactor: "Redactor"

    def logged(self, source: Source, level: str, message: str, name: str | None = None) -> None:
        self.log.add(source, level, message, name, mask=self.redactor.json)

    def notified(self, method: str, params: Mapping[str, Any]) -> None:
        self.events.notified(method, params)
