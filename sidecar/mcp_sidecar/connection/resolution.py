"""A resolved target: what a client named, turned into something that can be opened."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH110, PTH112
# Lists of words are read more easily as words.
# ruff: noqa: SIM905

import itertools
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from mcp_sidecar.connection import commandline
from mcp_sidecar.connection.auth import Bearer, read_auth
from mcp_sidecar.connection.environment import OWN_VENV, without
from mcp_sidecar.connection.errors import ConnectionFailed, InvalidTarget, MalformedTarget
from mcp_sidecar.connection.http_url import (
    detected_transport,
    has_userinfo,
    http_url,
    looks_like_host_and_path,
    refuse_url_without_scheme,
    scheme_of,
)
from mcp_sidecar.connection.naming import name_of_command, name_of_url
from mcp_sidecar.connection.programs import has_directory, program_name
from mcp_sidecar.connection.redaction import (
    Redactor,
    redact_args,
    redact_text,
    redact_url,
    secrets_in_args,
    secrets_in_auth,
    secrets_in_env,
    secrets_in_headers,
    secrets_in_inherited_env,
    secrets_in_url,
)
from mcp_sidecar.connection.script import SUFFIXES, Command, command_for, not_a_file, suffix_of
from mcp_sidecar.connection.status import TargetInfo
from mcp_sidecar.connection.surroundings import Surroundings, surroundings_of
from mcp_sidecar.connection.target import Endpoint, HttpEndpoint, StdioEndpoint, Target
from mcp_sidecar.connection.timeouts import checked_timeout

RUNNERS: Final = frozenset(
    "bash bun bunx cargo cmd conda deno docker dotnet go hatch java mamba mise mvn nix node npm npx pdm perl php pipx "
    "pixi pnpm pnpx podman poetry powershell pwsh py python python3 ruby rye sh ts-node tsx uv uvx wsl yarn zsh".split()
)
"""Programs that servers are started with: a line that begins with one is a command line, installed or not."""

_OPERATORS: Final = frozenset({"&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>&1", "&>"})
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_VERSION: Final = re.compile(r"auto|legacy|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""RFC 9110, 5.6.2: a token."""
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_LONGEST_READ: Final = 4000
"""Characters of a text that are looked at to show the first of them in an error."""
EXPECTED: Final = (
    "Pass an http(s) URL, the path of a server script, or a command line such as `npx -y package`; or `command` "
    "and `args`."
)


@attrs.frozen(kw_only=True)
class Wording:
    """A program in the words of the client: not looked up, not made absolute."""

    words: tuple[commandline.Word, ...] = attrs.field(repr=False)
    """The program or the path of a script, and the arguments; `quoted` where they are meant literally."""
    variables: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """Those of `env`, and those before the command."""


@attrs.frozen(kw_only=True)
class Resolved:
    """What to open, what of it may be shown, and what must not be."""

    endpoint: Endpoint
    info: TargetInfo
    redactor: Redactor
    wording: Wording | None = None
    """None for a URL."""
    given: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """The environment variables that were given for this very server."""
    call_timeout: float | None = None
    """Seconds that a configuration file gives an answer."""


def resolve(
    target: Target,
    *,
    workspace: Path | None,
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    venv: Path | None = OWN_VENV,
) -> Resolved:
    """Turn a target into an endpoint. Files are looked at, but nothing is run and nothing is asked over the network.

    Call it afresh for every connect: a file, a `.venv` or an `envFile` may have changed.

    Args:
        target: what the client named.
        workspace: the folder that the editor has open; relative paths start there.
        environ: the sidecar's environment, which a server inherits.
        platform: as `sys.platform`; decides about quoting, PATHEXT and the layout of a venv.
        venv: the virtual environment the sidecar runs in, which a server must not get.

    Raises:
        InvalidTarget: the target cannot be understood or contradicts itself.
        ConnectionFailed: it is clear, but the program or interpreter it needs is not installed.
    """
    _check_fields(target)
    url = target.url.strip() if target.url is not None else None
    if url is not None and scheme_of(url) is not None:
        return _resolve_http(target, url)
    if target.type in {"http", "sse"}:
        if url is not None:
            refuse_url_without_scheme(url)
        what = f"`url` is '{_shown(url, platform)}'" if url is not None else "`command` was given"
        raise InvalidTarget(
            f"`type` is {target.type!r}, but {what}, which is no http(s) URL.",
            suggestion="Pass an http(s) URL, or leave `type` out to have the transport detected.",
        )
    for name, value in (("headers", target.headers), ("auth", target.auth)):
        if value:
            raise InvalidTarget(
                f"`{name}` was given, but the target is a program, which takes none.",
                suggestion=f"Remove `{name}`, or pass credentials in `env`; for an HTTP server pass its URL as `url`.",
                details={"field": name},
            )
    environ = without(environ, target.removed_env, platform)
    surroundings = surroundings_of(target, workspace=workspace, environ=environ, platform=platform, venv=venv)
    try:
        if url is not None:
            command, wording, surroundings = _understand(url, surroundings)
            command = Command(command.program, (*command.args, *(target.args or ())))
        else:
            command = Command(_program(target.command or "", surroundings), tuple(target.args or ()))
            wording = Wording(words=_literal(target.command or ""))
    except ConnectionFailed as error:  # the status still tells what it was about
        program, *args = [target.command or ""] if url is None else _words(url, surroundings)
        wanted = Command(program, (*args, *(target.args or ())))
        error.target = _resolved_program(wanted, surroundings, environ).info
        raise
    wording = Wording(
        words=(*wording.words, *_literal(*(target.args or ()))),
        variables={**target.given_env, **wording.variables},
    )
    return attrs.evolve(_resolved_program(command, surroundings, environ), wording=wording)


def _resolve_http(target: Target, text: str) -> Resolved:
    url = http_url(text)
    if target.type == "stdio":
        raise InvalidTarget(
            f"`type` is 'stdio', but `url` is '{redact_url(url)}', an HTTP address.",
            suggestion="Leave `type` out, or pass 'http' or 'sse'.",
        )
    stdio_only = {"args": target.args, "env": target.env, "envFile": target.env_file, "cwd": target.cwd}
    given = [name for name, value in stdio_only.items() if value]
    if given:
        raise InvalidTarget(
            f"{_listed(given)} can only be given for a server that is a program, not for '{redact_url(url)}'.",
            suggestion=f"Remove {_listed(given)}.",
            details={"fields": given},
        )
    headers = dict(target.headers or {})
    _check_headers(headers)
    auth = read_auth(target.auth)
    if auth is not None and any(name.lower() == "authorization" for name in headers):
        raise InvalidTarget(
            "Both `auth` and the header Authorization were given.",
            suggestion="Remove one of them.",
            details={"field": "auth"},
        )
    if has_userinfo(url) and (auth is not None or any(name.lower() == "authorization" for name in headers)):
        raise InvalidTarget(
            "The URL has a user in it, and `auth` or an Authorization header was given as well: only one can be sent.",
            suggestion="Remove the user and the password from the URL, or the other credentials.",
            details={"field": "url"},
        )
    secrets = secrets_in_auth(target.auth)
    if isinstance(auth, Bearer):
        headers["Authorization"] = f"Bearer {auth.token}"
        auth = None
    secrets |= secrets_in_url(url) | secrets_in_headers(headers)
    redactor = Redactor.of(secrets)
    shown = redact_url(url)
    transport = detected_transport(url, target.type)
    return Resolved(
        endpoint=HttpEndpoint(
            url=url,
            transport=transport,
            headers=headers,
            may_fall_back_to_sse=target.type is None and transport == "streamable-http",
            auth=auth,
        ),
        info=TargetInfo(name=redactor.text(name_of_url(shown)), transport=transport, url=redactor.text(shown)),
        redactor=redactor,
    )


def _resolved_program(command: Command, surroundings: Surroundings, environ: Mapping[str, str]) -> Resolved:
    redactor = Redactor.of(
        secrets_in_args(command.args) | secrets_in_env(surroundings.given) | secrets_in_inherited_env(environ)
    )
    args = tuple(redactor.text(arg) for arg in redact_args(command.args))
    program = redactor.text(redact_text(command.program))
    return Resolved(
        endpoint=StdioEndpoint(
            program=command.program, args=command.args, env=surroundings.environment, cwd=surroundings.cwd
        ),
        info=TargetInfo(
            name=redactor.text(name_of_command(program, args, surroundings.platform)),
            transport="stdio",
            command=program,
            args=args,
        ),
        redactor=redactor,
        given=surroundings.given,
    )


def _understand(text: str, surroundings: Surroundings) -> tuple[Command, Wording, Surroundings]:
    """Return the command that a file's path or a command line stands for, and the surroundings with its variables."""
    whole = _file(text, surroundings)
    if whole is not None:
        return whole, Wording(words=_literal(text)), surroundings
    refuse_url_without_scheme(text)
    words = commandline.words(text, surroundings.platform)
    variables: dict[str, str] = {}
    position = 0
    for word in words if surroundings.platform != "win32" else []:
        match = _ASSIGNMENT.fullmatch(word.text)
        if match is None:
            break
        variables[match[1]] = match[2]
        position += 1
    words = words[position:]
    if not words or not words[0].text:
        raise InvalidTarget("The command line names no program.", suggestion=EXPECTED)
    first, rest = words[0].text, words[1:]
    _refuse_operators(rest)
    wording = Wording(words=tuple(words), variables=variables)
    surroundings = surroundings.with_variables(variables)
    command = _first_word(first, bool(rest), text, surroundings)
    # A shell would have put the home directory there; a program does not.
    args = [surroundings.locate(word.text) if _is_home_path(word) else word.text for word in rest]
    return Command(command.program, (*command.args, *args)), wording, surroundings


def _words(text: str, surroundings: Surroundings) -> list[str]:
    """The program and the arguments of a text that `_understand` takes: a path, or a command line."""
    if os.path.exists(surroundings.locate(text)):
        return [text]
    words = [word.text for word in commandline.words(text, surroundings.platform)]
    return words if surroundings.platform == "win32" else list(itertools.dropwhile(_ASSIGNMENT.fullmatch, words))


def _literal(*texts: str) -> tuple[commandline.Word, ...]:
    return tuple(commandline.Word(text, column=1, quoted=True) for text in texts)


def _refuse_operators(words: list[commandline.Word]) -> None:
    for word in words:
        if not word.quoted and (word.text in _OPERATORS or word.text.endswith(";")):
            operator = word.text if word.text in _OPERATORS else ";"
            raise InvalidTarget(
                f"The command line has the shell operator {operator} (column {word.column}), but no shell runs it.",
                suggestion="Pass the command alone (with `cwd` and `env` where needed), or ask for a shell: "
                "`sh -c '…'`.",
                details={"column": word.column},
            )


def _is_home_path(word: commandline.Word) -> bool:
    return not word.quoted and word.text.startswith("~/")


def _file(text: str, surroundings: Surroundings) -> Command | None:
    """Return the command for a text that is, as a whole, the path of something that exists; else None."""
    path = surroundings.locate(text)
    if not os.path.exists(path):
        return None
    # A bare word may name both a program and a folder beside it: only a script is meant for sure.
    bare = not has_directory(text, surroundings.platform) and text not in {".", "..", "~"}
    if bare and suffix_of(path) not in SUFFIXES and surroundings.search_path.find(text):
        return None
    if os.path.isdir(path):
        raise not_a_file(path)
    return command_for(path, surroundings)


def _first_word(first: str, has_args: bool, text: str, surroundings: Surroundings) -> Command:
    """Return the command that a command line begins with.

    Raises:
        InvalidTarget: the text is no command line.
        ConnectionFailed: its program is a known one, but it is not installed.
    """
    search = surroundings.search_path
    if (command := _file(first, surroundings)) is not None:
        return command
    if not has_directory(first, surroundings.platform):
        if (program := search.find(first)) is not None:
            return Command(program)
        if _is_runner(first, surroundings.platform):
            raise _not_found(first, _advice(first, surroundings), surroundings)
    if surroundings.platform == "win32" and (program := search.executable(surroundings.locate(first))):
        return Command(program)
    shown = _shown(text, surroundings.platform)
    if _looks_like_path(first, surroundings.platform) and (has_args or not text.startswith("@")):
        raise _missing(surroundings.locate(first), shown)
    if not has_args and _looks_like_path(text, surroundings.platform) and not text.startswith("@"):
        raise _missing(surroundings.locate(text), shown)
    package = f" If it is an npm package: `npx -y {shown}`." if text.startswith("@") and not has_args else ""
    program = _shown(first, surroundings.platform)
    what = f"'{program}', its first word, is no" if has_args else "nor is it a"
    raise InvalidTarget(
        f"'{shown}' is neither a URL nor an existing file, {'and ' if has_args else ''}{what} command on PATH.",
        suggestion=EXPECTED + package,
        details={**search.details(program), "file": _shown_path(surroundings, first)},
    )


def _program(command: str, surroundings: Surroundings) -> str:
    """Return the file that the `command` field names.

    Raises:
        ConnectionFailed: there is none, or it cannot be executed.
    """
    search = surroundings.search_path
    located = command.startswith("~/") or has_directory(command, surroundings.platform)
    if not located:
        found = search.find(command)
        if found is not None:
            return found
        suggestion = _advice(command, surroundings)
        if re.search(r"\s", command):
            suggestion = "`command` is one program; pass its arguments in `args`, or the whole command line as `url`."
        raise _not_found(command, suggestion, surroundings)
    path = surroundings.locate(command)
    found = search.executable(path)
    if found is not None:
        return found
    shown = _shown_path(surroundings, command)
    if os.path.isdir(path):
        problem, suggestion = "is a directory", "Pass the program in it."
    elif os.path.exists(path):
        problem = "is not executable"
        suggestion = f"Make it executable (chmod +x), or pass the program that runs it as `command` and {shown} in "
        suggestion += "`args`; a server script can also be passed as `url`."
    else:
        problem = "does not exist"
        suggestion = "Correct `command`; a relative path starts at `cwd`, else at the workspace folder."
    raise ConnectionFailed(f"The program '{shown}' {problem}.", suggestion=suggestion, details=search.details(shown))


def _not_found(program: str, suggestion: str, surroundings: Surroundings) -> ConnectionFailed:
    shown = _shown(program, surroundings.platform)
    return ConnectionFailed(
        f"The program '{shown}' was not found on PATH.",
        suggestion=suggestion,
        details=surroundings.search_path.details(shown),
    )


def _advice(program: str, surroundings: Surroundings) -> str:
    search = surroundings.search_path
    if program == "python" and (found := search.find("python3")):
        return f"Here it is called python3 ({found}): write that, or pass the script alone."
    return search.advice(program, surroundings.home)


def _is_runner(word: str, platform: str) -> bool:
    name = program_name(word, platform)
    return (name.lower() if platform == "win32" else name) in RUNNERS or bool(re.fullmatch(r"python3\.[0-9]+", name))


def _looks_like_path(text: str, platform: str) -> bool:
    return has_directory(text, platform) or suffix_of(text) in SUFFIXES or text.startswith("~")


def _missing(path: str, shown: str) -> InvalidTarget:
    suggestion = "Correct the path; a relative one starts at `cwd`, else at the workspace folder."
    if looks_like_host_and_path(shown):
        suggestion = f"If it is the address of a server, write http://{shown} (or https://). " + suggestion
    path = _printable(redact_text(path[:_LONGEST_READ]))
    return InvalidTarget(f"There is no file {path!r}.", suggestion=suggestion, details={"path": path})


def _check_fields(target: Target) -> None:
    """Refuse what contradicts itself or is impossible, whatever the target is."""
    choices: dict[str, str | None] = {"url": target.url, "command": target.command, "server": target.server}
    given = [name for name, value in choices.items() if value is not None]
    if len(given) != 1:
        found = f"{_listed(given)} were given together" if given else "none of them was given"
        raise MalformedTarget(
            f"A target needs exactly one of `url`, `command` and `server`; {found}.", suggestion=EXPECTED
        )
    _check_configured(target)
    texts: dict[str, str | None] = {**choices, "cwd": target.cwd, "envFile": target.env_file}
    for name, value in texts.items():
        if value is not None and not value.strip():
            raise InvalidTarget(f"`{name}` is empty.", suggestion=EXPECTED, details={"field": name})
        if value is not None and (match := re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value.strip())):
            raise InvalidTarget(
                f"`{name}` has a control character ({match[0]!a}).",
                suggestion="Remove line breaks and control characters.",
                details={"field": name},
            )
        _check_text(name, value or "")
    for arg in target.args or ():
        _check_text("args", arg)
    for variable, value in (target.env or {}).items():
        _check_text("env", variable)
        _check_text("env", value or "")
    if target.protocol_version is not None and not _VERSION.fullmatch(target.protocol_version):
        raise MalformedTarget(
            f"`protocolVersion` is {target.protocol_version[:60]!a}.",
            suggestion="Pass 'auto', 'legacy', or a version of MCP such as '2025-06-18'; or leave it out.",
            field="protocolVersion",
        )
    for field, timeout in (
        ("connectTimeout", target.connect_timeout),
        ("callTimeout", target.call_timeout),
        ("maxCallTimeout", target.max_call_timeout),
        ("loginTimeout", target.login_timeout),
    ):
        if timeout is not None:
            checked_timeout(field, timeout)


def _check_configured(target: Target) -> None:
    """Refuse what only goes with configured servers: those are looked up before a target is resolved."""
    for name, value in (("file", target.file), ("inputs", target.inputs)):
        if value is not None and target.server is None:
            raise MalformedTarget(
                f"`{name}` was given without `server`.",
                suggestion=f"Remove `{name}`, or name a configured server by `server`.",
                field=name,
            )
    if target.server is not None:
        raise InvalidTarget(
            "`server` was given, but no configured servers are known here.",
            suggestion="Pass the fields of the server's entry themselves: `url`, or `command`, `args` and `env`.",
            details={"field": "server"},
        )


def _check_text(field: str, text: str) -> None:
    """Refuse what no operating system takes as an argument: NUL, and halves of surrogate pairs."""
    try:
        impossible = b"\0" in text.encode()
    except UnicodeEncodeError:
        impossible = True
    if impossible:
        raise InvalidTarget(
            f"`{field}` has a NUL character or text that is no valid Unicode.",
            suggestion=f"Correct `{field}`.",
            details={"field": field},
        )


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise InvalidTarget(
                # What follows a colon is the value, in a header line that was pasted whole.
                f"`headers` has the name {name.partition(':')[0][:60]!a}, which no header can have.",
                suggestion="Use letters, digits and hyphens, without colon or spaces.",
                details={"field": "headers"},
            )
        if not _HEADER_VALUE.fullmatch(value):
            raise InvalidTarget(
                f"The header {name} has a line break, a control character or a character outside ASCII in its value.",
                suggestion="Check the value for a line break copied with it; write other characters percent-encoded.",
                details={"field": "headers", "header": name},
            )


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " and " + quoted[-1]


def _shown(text: str, platform: str) -> str:
    """Return a text of the client as an error may show it: redacted, printable, bounded."""
    text = text[:_LONGEST_READ]
    try:
        redacted = redact_args(commandline.split(text, platform))
        variables = [f"{word.partition('=')[0]}=***" if _ASSIGNMENT.fullmatch(word) else word for word in redacted]
        return _printable(" ".join(variables))
    except InvalidTarget:
        return _printable(redact_text(text))


def _shown_path(surroundings: Surroundings, text: str) -> str:
    return _printable(redact_text(surroundings.locate(text[:_LONGEST_READ])))


def _printable(text: str) -> str:
    bounded = text if len(text) <= 200 else text[:200] + "…"
    return bounded.encode("utf-8", "backslashreplace").decode()
