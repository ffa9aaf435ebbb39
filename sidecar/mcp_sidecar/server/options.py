"""The options of a request: what its params say to the sidecar, and the server never sees."""

from collections.abc import Mapping
from typing import Any, Final

from mcp_sidecar.connection.errors import MalformedTarget
from mcp_sidecar.connection.options import CallOptions
from mcp_sidecar.connection.progress import ProgressListener
from mcp_sidecar.connection.timeouts import checked_timeout
from mcp_sidecar.server.params import RequestParams
from mcp_sidecar.wire.errors import InvalidParams
from mcp_sidecar.wire.routes import WORK_DONE_TOKEN

PREFIX: Final = "mcp-sidecar/"
"""Of the keys under `_meta` that are the sidecar's."""

CALL_TIMEOUT_KEY: Final = f"{PREFIX}callTimeout"
MAX_CALL_TIMEOUT_KEY: Final = f"{PREFIX}maxCallTimeout"
FORCE_KEY: Final = f"{PREFIX}force"

KEYS: Final = (CALL_TIMEOUT_KEY, MAX_CALL_TIMEOUT_KEY, FORCE_KEY)


def read_options(
    params: RequestParams, progress: ProgressListener | None
) -> tuple[Mapping[str, Any] | None, CallOptions]:
    """Return the params for the server, None where the client sent none, and what is asked of the sidecar.

    Args:
        params: as the client sent them.
        progress: who is told of the progress.

    Raises:
        InvalidParams: an option has a value that it can't have, or there is no such option.
    """
    meta = params.meta or {}
    own = {key: value for key, value in meta.items() if key.startswith(PREFIX)}
    if unknown := own.keys() - set(KEYS):
        raise InvalidParams(f'$._meta["{min(unknown)[:100]}"]: unknown; known are {", ".join(KEYS)}')
    force = own.get(FORCE_KEY, False)
    if not isinstance(force, bool):
        raise InvalidParams(f'$._meta["{FORCE_KEY}"]: expected true or false')
    if params.raw is None or params.raw.keys() == {WORK_DONE_TOKEN}:  # a command's own token makes no params
        return None, CallOptions(progress=progress)
    sent = {name: value for name, value in params.raw.items() if name != WORK_DONE_TOKEN}
    if own:
        rest = {key: value for key, value in meta.items() if key not in own}
        sent = {name: value for name, value in sent.items() if name != "_meta"} | ({"_meta": rest} if rest else {})
    options = CallOptions(
        call_timeout=_seconds(own, CALL_TIMEOUT_KEY),
        max_call_timeout=_seconds(own, MAX_CALL_TIMEOUT_KEY),
        force=force,
        progress=progress,
    )
    return sent, options


def _seconds(own: Mapping[str, Any], key: str) -> float | None:
    if key not in own:
        return None
    try:
        return checked_timeout(key, own[key])
    except MalformedTarget as error:
        raise InvalidParams(f'$._meta["{key}"]: {error.message} {error.suggestion}') from error
