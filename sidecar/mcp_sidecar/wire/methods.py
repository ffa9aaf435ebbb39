"""What the wire can carry beyond LSP: requests to us, requests to the client, and notifications from us."""

from typing import Any

import attrs


@attrs.frozen
class Method:
    """A request that the client may send.

    Every method is also a command of `workspace/executeCommand` when the server is given a name for it.
    """

    name: str
    """As on the wire, such as `mcp/tools/call`."""
    params: Any
    """An attrs class, `Raw`, or None for "takes none".

    For None, absent, null, `{}` and `[]` are all accepted, since an empty Lua table arrives as `[]`. For an attrs
    class, absent params, null and `[]` count as `{}`; a `Passthrough` tells the first two from it."""
    result: Any
    """What the handler returns: an attrs class, `Raw`, or None. For documentation; the handler's type is checked by
    mypy."""


@attrs.frozen
class ClientMethod:
    """A request that we may send, to a client that said that it answers it."""

    name: str
    params: Any
    result: Any
    """As `Method`'s; of a result that is `Raw`, `WireServer.request` gives the JSON."""


@attrs.frozen
class Notification:
    """A message that we push to the client; it is never answered."""

    name: str
    params: Any
