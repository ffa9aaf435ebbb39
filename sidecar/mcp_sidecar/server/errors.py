"""The domain's errors as the wire's, in one place."""

from collections.abc import Awaitable, Callable
from typing import Any

from mcp_sidecar.connection.errors import Interrupted, MalformedTarget, SidecarError
from mcp_sidecar.wire.errors import InvalidParams, RequestCancelled, RequestFailed

Handler = Callable[..., Awaitable[Any]]


def error_data(error: SidecarError) -> dict[str, Any]:
    """What an error says beyond its message."""
    return {"kind": error.kind, "suggestion": error.suggestion, "details": error.details}


def answering(handler: Handler) -> Handler:
    """The handler with the domain's errors as the wire's."""

    async def answer(*args: Any) -> Any:
        try:
            return await handler(*args)
        except MalformedTarget as error:
            raise InvalidParams(f"{error.path}: {error.message} {error.suggestion}") from error
        except SidecarError as error:
            raise RequestFailed(error.message, error_data(error)) from error
        except Interrupted as error:
            raise RequestCancelled(str(error)) from error

    return answer
