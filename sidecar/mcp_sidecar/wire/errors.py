"""The errors that an answer can carry, and how an exception becomes one.

    WireError                 code
    ├── ParseError            -32700  the bytes are not JSON
    ├── InvalidRequest        -32600  JSON, but no message that may come now
    ├── MethodNotFound        -32601
    ├── InvalidParams         -32602
    ├── NotInitialized        -32002  before `initialize`
    ├── RequestCancelled      -32800
    ├── RequestFailed         -32803  the request was right, and could not be carried out
    └── InternalError         -32603  a defect of ours

Handlers raise `RequestFailed`, `InvalidParams` and `RequestCancelled`; whatever else they raise is a defect and leaves
as an `InternalError` that says nothing of its origin. Codes: JSON-RPC 2.0 section 5.1; LSP 3.17, "ErrorCodes".
"""

from typing import Any, ClassVar

from pygls.exceptions import JsonRpcException


class WireError(Exception):
    """Base of every error that is meant for the client.

    Parameters:
        message: What happened, in words for a person; it goes to the client as it is.
        data: Anything that can be structured into JSON, or None for no `data` member.
    """

    code: ClassVar[int]

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class ParseError(WireError):
    """The body of a frame is no JSON text in UTF-8."""

    code = -32700


class InvalidRequest(WireError):
    """The message is no JSON-RPC 2.0 message, or not one that may come at this moment."""

    code = -32600


class MethodNotFound(WireError):
    """There is no such method."""

    code = -32601


class InvalidParams(WireError):
    """The params do not fit the method."""

    code = -32602


class NotInitialized(WireError):
    """A request came before `initialize`."""

    code = -32002


class RequestCancelled(WireError):
    """The request was given up, by the client or in favour of another one."""

    code = -32800


class RequestFailed(WireError):
    """A valid request could not be carried out; `data` says more."""

    code = -32803


class InternalError(WireError):
    """A defect of ours. The message names no file and quotes no exception; the log has the details."""

    code = -32603


class ClientError(Exception):
    """The client answered one of our requests with an error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.data = data


class WrongResult(ClientError):
    """The client answered one of our requests with a result that does not fit."""


def error_object(exc: WireError | JsonRpcException) -> dict[str, Any]:
    """Return the `error` member of an answer (JSON-RPC 2.0, section 5.1); `data` is left out when there is none."""
    error: dict[str, Any] = {"code": exc.code, "message": exc.message}
    if exc.data is not None:
        error["data"] = exc.data
    return error
