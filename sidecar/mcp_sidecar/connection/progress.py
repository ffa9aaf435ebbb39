"""The progress of requests (MCP, "Progress"): which request a report belongs to, and whether it may still come."""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import attrs

ProgressToken = int | str

WORKING_METHODS = frozenset({"tools/call", "resources/read", "prompts/get", "completion/complete"})
"""Requests that may take their time: they bring a token also when the client asks for no progress, since progress
extends their deadline."""

_PREFIX = "mcp-sidecar-"
"""Of the sidecar's own tokens, which a client's own must not be taken for."""

TOKENS_KEPT = 1000
"""Tokens that are remembered once their request is answered, and unknown ones that were noted."""


@attrs.frozen
class Progress:
    """One report, as far as it makes sense."""

    progress: float | None
    total: float | None
    message: str | None


@attrs.frozen
class ProgressListener:
    """Who is told of a request's progress."""

    token: ProgressToken
    """The client's name for it, which the reports are passed on under."""
    report: Callable[[Progress], None]


@attrs.define(eq=False)
class _Watched:
    listener: ProgressListener | None
    extend: Callable[[], None]
    own: bool
    """Whether the token is the sidecar's own."""
    last: float = -math.inf
    noted: bool = False
    """Whether a report that went backwards was noted."""


class ProgressWatch:
    """All tokens of one link."""

    def __init__(self, note: Callable[[str], None]) -> None:
        """
        Args:
            note: is told how the server breaks the protocol; once for each token.
        """
        self._note = note
        self._watched: dict[ProgressToken, _Watched] = {}
        self._ended: OrderedDict[ProgressToken, bool] = OrderedDict()
        """Whether reports may still come, since the request became a task."""
        self._noted: OrderedDict[ProgressToken, None] = OrderedDict()

    def begin(
        self,
        request_id: int | str,
        method: str,
        params: Mapping[str, Any] | None,
        listener: ProgressListener | None,
        extend: Callable[[], None],
    ) -> tuple[Mapping[str, Any] | None, ProgressToken | None]:
        """Watch a request; `end` it.

        Args:
            request_id: its id on the wire.
            method: it.
            params: its params, which may bring a token of the client's own.
            listener: who is told.
            extend: called with each report: the request goes on.

        Returns:
            The params to send, and the token, if there is one.
        """
        meta = (params or {}).get("_meta")
        meta = meta if isinstance(meta, Mapping) else {}
        if "progressToken" in meta:
            token = meta["progressToken"]
            if not _is_token(token) or token in self._watched:
                return params, None  # the server's to refuse, or not to be told from the other one
            self._watched[token] = _Watched(listener, extend, own=False)
            self._ended.pop(token, None)
            return params, token
        if listener is None and method not in WORKING_METHODS:
            return params, None
        token = f"{_PREFIX}{request_id}"
        self._watched[token] = _Watched(listener, extend, own=True)
        return {**(params or {}), "_meta": {**meta, "progressToken": token}}, token

    def end(self, token: ProgressToken | None, *, goes_on: bool = False) -> None:
        """The request is over.

        Args:
            token: as `begin` returned it.
            goes_on: whether it became a task, whose progress is reported under the same token (MCP 2025-11-25, "Tasks:
                Progress").
        """
        if token is None or self._watched.pop(token, None) is None:
            return
        self._ended[token] = goes_on
        self._noted.pop(token, None)
        if len(self._ended) > TOKENS_KEPT:
            self._ended.popitem(last=False)

    def received(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take a report, and return it with the token that the client knows."""
        token = params.get("progressToken")
        if not _is_token(token):
            self._note_once("", f"progress whose token is {type(token).__name__}, neither a string nor an integer")
            return params
        watched = self._watched.get(token)
        if watched is None:
            if token not in self._ended:
                self._note_once(token, f"progress under the token {token!r:.100}, which no request brought")
            elif not self._ended[token]:
                self._note_once(token, f"progress under the token {token!r:.100} after the request had been answered")
            return params
        report = _read(params)
        watched.extend()
        if report.progress is None or report.progress <= watched.last:
            if not watched.noted:
                watched.noted = True
                self._note(f"progress that does not increase: {params.get('progress')!r:.100} after {watched.last:g}")
        else:
            watched.last = report.progress
        if watched.listener is None:
            return params
        watched.listener.report(report)
        return {**params, "progressToken": watched.listener.token} if watched.own else params

    def _note_once(self, token: ProgressToken, problem: str) -> None:
        if token in self._noted:
            return
        self._noted[token] = None
        if len(self._noted) > TOKENS_KEPT:
            self._noted.popitem(last=False)
        self._note(problem)


def _read(params: Mapping[str, Any]) -> Progress:
    message = params.get("message")
    return Progress(
        _number(params.get("progress")), _number(params.get("total")), message if isinstance(message, str) else None
    )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _is_token(value: object) -> TypeGuard[ProgressToken]:
    return isinstance(value, int | str) and not isinstance(value, bool)
