"""What can go wrong with a connection, as the user reads it.

    SidecarError                        kind
    ├── NotConnected                    not_connected
    ├── ConnectionFailed                connection_failed
    ├── ConnectionLost                  connection_lost
    │   └── SessionExpired
    ├── TimedOut                        timeout
    ├── ServerError                     server_error
    ├── TransportError                  transport_error
    ├── AuthenticationRequired          authentication_required
    ├── InvalidTarget                   invalid_target
    │   └── MalformedTarget
    ├── ProtocolError                   protocol_error
    └── ConsentRefused                  consent_refused

Every error says what happened (`message`), what to do (`suggestion`) and what is known (`details`).
`Interrupted` is no failure: the client itself gave up the attempt.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs

if TYPE_CHECKING:
    from mcp_sidecar.connection.challenge import Refusal
    from mcp_sidecar.connection.status import TargetInfo

ErrorKind = Literal[
    "not_connected",
    "connection_failed",
    "connection_lost",
    "timeout",
    "server_error",
    "transport_error",
    "authentication_required",
    "invalid_target",
    "protocol_error",
    "consent_refused",
]
"""The values of `data.kind` in an error response, and of `error.kind` in a status."""


@attrs.frozen(kw_only=True)
class Failure:
    """A failure as a value: the `error` of a status, the `data` of an error response."""

    kind: ErrorKind
    message: str
    suggestion: str
    details: Mapping[str, Any] = attrs.field(factory=dict)


class SidecarError(Exception):
    """Base of every failure that a user is told about; the message is never empty."""

    kind: ClassVar[ErrorKind]

    def __init__(self, message: str, *, suggestion: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion
        self.details: Mapping[str, Any] = details or {}
        self.target: TargetInfo | None = None
        """Of a target that was understood and not even tried: what is known of it, without secrets."""

    @property
    def failure(self) -> Failure:
        """This error as a value."""
        return Failure(kind=self.kind, message=self.message, suggestion=self.suggestion, details=self.details)


class NotConnected(SidecarError):
    """There is no connection that the request could use."""

    kind = "not_connected"


class ConnectionFailed(SidecarError):
    """The connection could not be made."""

    kind = "connection_failed"


class ConnectionLost(SidecarError):
    """The connection ended while it was needed."""

    kind = "connection_lost"


class SessionExpired(ConnectionLost):
    """The server answered 404 to the session's id, so it carried nothing out: a new session must be started.

    MCP 2025-11-25, "Transports: Session Management".
    """


class TimedOut(SidecarError):
    """The server did not answer in the time allowed."""

    kind = "timeout"


class ServerError(SidecarError):
    """The server answered with a JSON-RPC error of its own, found verbatim under `details["error"]`."""

    kind = "server_error"


class TransportError(SidecarError):
    """One exchange with the server failed below MCP; the connection itself still stands."""

    kind = "transport_error"


class AuthenticationRequired(SidecarError):
    """The server wants other credentials (HTTP 401 or 403), or they could not be obtained."""

    kind = "authentication_required"
    refusal: "Refusal | None" = None
    """What the server asks for, where the server itself refused."""


class InvalidTarget(SidecarError):
    """What to connect to could not be understood."""

    kind = "invalid_target"


class MalformedTarget(InvalidTarget):
    """The fields of a target contradict each other, or one has a value that no target can have."""

    def __init__(self, message: str, *, suggestion: str, field: str | None = None) -> None:
        """
        Args:
            message: what is wrong.
            suggestion: what to do.
            field: the field's name on the wire; None when it is about several.
        """
        super().__init__(message, suggestion=suggestion, details={"field": field} if field else None)
        self.path = f"$.{field}" if field else "$"


class ProtocolError(SidecarError):
    """The server broke the protocol in its answer."""

    kind = "protocol_error"


class ConsentRefused(SidecarError):
    """The user did not agree to what would have been run or sent."""

    kind = "consent_refused"


class Interrupted(Exception):
    """A connection attempt was given up because the client asked for something else meanwhile."""
