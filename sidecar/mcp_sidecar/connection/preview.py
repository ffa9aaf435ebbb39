"""The preview of a target: how it would be understood, and the one line it can be typed as."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from mcp_sidecar.connection import commandline
from mcp_sidecar.connection.environment import OWN_VENV
from mcp_sidecar.connection.errors import SidecarError
from mcp_sidecar.connection.redaction import MASK, redact_args, redact_text, redact_variable
from mcp_sidecar.connection.resolution import Resolved, Wording, resolve
from mcp_sidecar.connection.target import Preview, Target

_MASK: Final = re.escape(MASK)
_LITERAL: Final = re.compile(rf"(?:[A-Za-z0-9_@%+=:,./-]|{_MASK})+")
"""What means itself in a shell without quotes, or is masked and so means nothing anyway."""
_LITERAL_ON_WINDOWS: Final = re.compile(rf"(?:[A-Za-z0-9_@%+=:,./\\-]|{_MASK})+")
_ONE_WORD: Final = re.compile(r"[^\s'\"\\]+")
_ONE_WORD_ON_WINDOWS: Final = re.compile(r'[^\s"]+')
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE_BREAKS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]+")
"""No other control character can be typed on a line either."""


def preview(
    target: Target,
    *,
    workspace: Path | None,
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    venv: Path | None = OWN_VENV,
) -> Preview:
    """Say how a target would be understood. Files are looked at, but nothing is run and nothing is connected.

    Args:
        target: what the client named.
        workspace, environ, platform, venv: as for `resolve`.

    Raises:
        InvalidTarget: it cannot be understood or contradicts itself.
        ConnectionFailed: it is clear, but the program or interpreter it needs is not installed.
    """

    def understand(each: Target) -> Resolved:
        return resolve(each, workspace=workspace, environ=environ, platform=platform, venv=venv)

    resolved = understand(target)
    typed = target.url.strip() if target.url is not None else None
    if resolved.wording is None:
        text = resolved.info.url or ""
    else:
        text = _line(resolved.wording, typed, resolved.redactor.text, platform)
    whole = (text == typed and target == Target(url=target.url)) or _means_the_same(text, target, resolved, understand)
    return Preview(target=resolved.info, text=text, has_secrets=not whole)


def _means_the_same(text: str, target: Target, resolved: Resolved, understand: Callable[[Target], Resolved]) -> bool:
    """Whether typing `text` would give the target again."""
    if target.protocol_version not in {None, "auto"} or _has_timeouts(target):
        return False
    try:
        return understand(Target(url=text)).endpoint == resolved.endpoint
    except SidecarError:
        return False


def _line(wording: Wording, typed: str | None, mask: Callable[[str], str], platform: str) -> str:
    """Return a program as one line.

    Args:
        wording: the words of the client.
        typed: its `url`.
        mask: takes out the target's secrets, wherever they are.
        platform: decides about quoting; on Windows no variable can stand before a command.
    """
    program, *args = wording.words
    variables = {} if platform == "win32" else wording.variables
    if program.text == typed and not args and not variables:
        # Quotes are for command lines: a path may have spaces.
        return _LINE_BREAKS.sub(" ", mask(redact_text(typed)))
    shown = [redact_text(program.text), *redact_args([arg.text for arg in args])]
    words = [_word(mask(text), word.quoted, platform) for word, text in zip(wording.words, shown, strict=True)]
    assignments = [
        f"{name}={_word(mask(redact_variable(name, value)), True, platform) if value else ''}"
        for name, value in variables.items()
        if _VARIABLE.fullmatch(name)
    ]
    return " ".join([*assignments, *words])


def _word(text: str, literal: bool, platform: str) -> str:
    """Write one word so that it is understood as it was: a `~/` that was quoted is no home directory."""
    text = _LINE_BREAKS.sub(" ", text)
    if platform == "win32":
        bare = _LITERAL_ON_WINDOWS if literal else _ONE_WORD_ON_WINDOWS
    else:
        bare = _LITERAL if literal else _ONE_WORD
    return text if bare.fullmatch(text) else commandline.quote(text, platform)


def _has_timeouts(target: Target) -> bool:
    limits = (target.connect_timeout, target.call_timeout, target.max_call_timeout, target.login_timeout)
    return any(limit is not None for limit in limits)
