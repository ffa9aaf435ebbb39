"""A command of `workspace/executeCommand`: a method, with the arguments that it came with."""

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from mcp_sidecar.wire.methods import Method


@attrs.frozen
class Command:
    """What the client wants to be run."""

    method: Method
    params: Any
    """The first argument as it came; None when there was none."""
    options: Any
    """The second argument, which is about the command rather than the method."""
    has_token: bool
    """Whether the client follows its progress (LSP 3.17, "Work Done Progress")."""
    call: Callable[[Any], Awaitable[Any]]
    """Calls the method with these params or completed ones; raises `InvalidParams` where they don't fit."""


Runner = Callable[[Command], Awaitable[Any]]
"""Runs commands in place of the plain call of their methods; returns the answer."""
