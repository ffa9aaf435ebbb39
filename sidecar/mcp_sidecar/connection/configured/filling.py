"""The filling of an entry: its variables filled in, the whole understood as a target, and what of it may be shown."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH109

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from mcp_sidecar.connection.configured.consent import Program, Recipient
from mcp_sidecar.connection.configured.entry import Entry, Text
from mcp_sidecar.connection.configured.variables import PROJECT_DIRECTORY, Filled, Variables
from mcp_sidecar.connection.entry_fields import TARGET_TYPES
from mcp_sidecar.connection.environment import without
from mcp_sidecar.connection.errors import InvalidTarget, SidecarError
from mcp_sidecar.connection.http_url import has_userinfo, scheme_of
from mcp_sidecar.connection.redaction import Redactor, redact_args, redact_text, redact_url
from mcp_sidecar.connection.resolution import Resolved, resolve
from mcp_sidecar.connection.status import TargetInfo
from mcp_sidecar.connection.target import HttpEndpoint, StdioEndpoint, Target


@attrs.frozen(kw_only=True)
class Filling:
    """What an entry comes to now."""

    resolved: Resolved
    filled: Mapping[str, Filled] = attrs.field(repr=False)
    """Each of its texts, under the name of its field."""
    args: tuple[Filled, ...] = attrs.field(repr=False)
    removed: tuple[str, ...]
    """Environment variables that are taken away."""
    auth: Mapping[str, Any] | str | None = attrs.field(repr=False)
    """As a target has it."""

    def program(self, entry: Entry, platform: str) -> Program | None:
        """The program that would be run; None for a URL."""
        endpoint = self.resolved.endpoint
        if not isinstance(endpoint, StdioEndpoint):
            return None
        given = self.resolved.given
        own = {name.removeprefix("env."): each.shown for name, each in self.filled.items() if name.startswith("env.")}
        env_file = self.filled.get("env_file")
        return Program(
            program=endpoint.program,
            args=tuple(arg.shown for arg in self.args),
            logged_args=self.resolved.info.args or (),
            directory=endpoint.cwd or os.getcwd(),
            env={name: own.get(name, value) for name, value in given.items()},
            removed=self.removed,
            env_file=env_file.value if env_file is not None else None,
            env_file_names=tuple(name for name in given if name not in own),
            without_sandbox=entry.wants_sandbox,
            deployment=entry.deployment,
            platform=platform,
        )

    def recipient(self) -> Recipient | None:
        """Who would get secrets; None where a URL gets none, and for a program."""
        endpoint = self.resolved.endpoint
        if not isinstance(endpoint, HttpEndpoint):
            return None
        url = self.filled["url"]
        others = {
            "a user or a password in the URL": has_userinfo(endpoint.url),
            "values in the URL": url.is_filled or "?" in endpoint.url,
            "credentials": endpoint.auth is not None,
        }
        sent = tuple(what for what, is_sent in others.items() if is_sent)
        if not endpoint.headers and not sent:
            return None
        return Recipient(url=redact_url(url.shown), headers=tuple(endpoint.headers), others=sent)

    def material(self) -> dict[str, Any]:
        """All that decides what is run, or what is sent where."""
        endpoint = self.resolved.endpoint
        if isinstance(endpoint, StdioEndpoint):
            return {
                "program": endpoint.program,
                "args": list(endpoint.args),
                "directory": endpoint.cwd or os.getcwd(),
                "env": {name: endpoint.env[name] for name in self.resolved.given if name in endpoint.env},
                "removed": list(self.removed),
            }
        return {"url": endpoint.url, "headers": dict(endpoint.headers), "auth": self.auth}


def fill(entry: Entry, variables: Variables) -> Filling:
    """Fill in an entry's variables, and understand what comes out. Nothing is run.

    Raises:
        InvalidTarget: a variable has no value, or the entry can't be understood.
        ConnectionFailed: its program is missing.
    """
    single = {"command": entry.command, "url": entry.url, "cwd": entry.cwd, "env_file": entry.env_file}
    given = {name: text for name, text in single.items() if text is not None}
    given |= {f"env.{name}": text for name, text in entry.env.items() if text is not None}
    given |= {f"headers.{name}": text for name, text in entry.headers.items()}
    if isinstance(entry.auth, Mapping):
        given |= {f"auth.{name}": each for name, each in entry.auth.items() if isinstance(each, Text)}
    filled = {name: variables.fill(text) for name, text in given.items()}
    if "url" in filled and scheme_of(filled["url"].value.strip()) is None:
        # That of a target may be a script or a command line; that of a configuration file may not.
        raise InvalidTarget(
            f"The `url` of the server {entry.name!a} comes to {filled['url'].shown[:200]!a}, which is no http(s) URL.",
            suggestion="Correct the URL, or pass a program as `command`.",
            details={"field": "url", "file": entry.place.path},
        )
    args = tuple(variables.fill(arg) for arg in entry.args)
    removed = tuple(name for name, text in entry.env.items() if text is None)
    target = _target(entry, filled, args)
    secrets = frozenset().union(*(each.secrets for each in (*filled.values(), *args)))
    try:
        resolved = resolve(
            target,
            workspace=entry.place.folder.path if entry.place.folder is not None else None,
            environ=_environ(entry, variables, removed),
            platform=variables.context.platform,
        )
    except SidecarError as error:
        Redactor.of(secrets).mask(error)
        raise
    resolved = attrs.evolve(
        resolved,
        redactor=resolved.redactor.with_secrets(secrets),
        info=_info(entry, resolved, filled, args),
        call_timeout=entry.call_timeout,
    )
    return Filling(resolved=resolved, filled=filled, args=args, removed=removed, auth=target.auth)


def _target(entry: Entry, filled: Mapping[str, Filled], args: tuple[Filled, ...]) -> Target:
    def value(name: str) -> str | None:
        return filled[name].value if name in filled else None

    def group(prefix: str) -> dict[str, str]:
        return {name.removeprefix(prefix): each.value for name, each in filled.items() if name.startswith(prefix)}

    auth = {**entry.auth, **group("auth.")} if isinstance(entry.auth, Mapping) else entry.auth
    return Target(
        url=value("url"),
        command=value("command"),
        args=tuple(arg.value for arg in args) or None,
        env=group("env.") or None,
        env_file=value("env_file"),
        cwd=value("cwd"),
        headers=group("headers.") or None,
        auth=auth,  # type: ignore[arg-type]
        type=TARGET_TYPES[entry.transport] if entry.has_type and entry.transport else None,
    )


def _environ(entry: Entry, variables: Variables, removed: tuple[str, ...]) -> dict[str, str]:
    """What the server inherits."""
    environ = without(variables.context.environ, removed, variables.context.platform)
    if entry.place.tool == "claude-code" and entry.place.folder is not None:
        environ[PROJECT_DIRECTORY] = str(entry.place.folder.path)
    return environ


def _info(entry: Entry, resolved: Resolved, filled: Mapping[str, Filled], args: tuple[Filled, ...]) -> TargetInfo:
    """What may be shown, under the name that the file gives; values are masked however short they are."""
    mask = resolved.redactor.text
    info = attrs.evolve(resolved.info, name=entry.name, server=entry.name, file=Path(entry.place.path).as_uri())
    if info.url is not None:
        return attrs.evolve(info, url=mask(redact_url(filled["url"].shown)))
    shown = tuple(mask(arg) for arg in redact_args([arg.shown for arg in args]))
    command = filled["command"]
    program = info.command if command.shown == command.value else mask(redact_text(command.shown))
    return attrs.evolve(info, command=program, args=shown)
