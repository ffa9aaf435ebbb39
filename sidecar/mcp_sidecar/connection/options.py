"""What one request asks of the sidecar itself, beside what it asks of the server."""

import attrs

from mcp_sidecar.connection.progress import ProgressListener


@attrs.frozen(kw_only=True)
class CallOptions:
    """The options of one request."""

    call_timeout: float | None = None
    """Seconds to wait for the answer; None: as the target or the settings say."""
    max_call_timeout: float | None = None
    """Seconds up to which progress extends that; None likewise."""
    force: bool = False
    """Whether to send what the server did not declare that it can do."""
    progress: ProgressListener | None = None
    """Who is told of the request's progress."""


DEFAULT = CallOptions()
"""Of a request that asks for nothing."""
