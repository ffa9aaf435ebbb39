"""The configured servers: found by name and made ready to be connected to. Everything is read afresh at every use."""

# os.path says no where pathlib raises: at names that are too long, have a NUL, or may not be looked at.
# ruff: noqa: PTH100, PTH118

import asyncio
import difflib
import functools
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from mcp_sidecar.connection import commandline
from mcp_sidecar.connection.configured.consent import Consent, Program, Question, Recipient, refusal
from mcp_sidecar.connection.configured.consent_store import ConsentStore
from mcp_sidecar.connection.configured.elsewhere import Elsewhere, Names
from mcp_sidecar.connection.configured.entry import Entry
from mcp_sidecar.connection.configured.file import Configuration, read_all, read_file, read_text
from mcp_sidecar.connection.configured.filling import Filling, fill
from mcp_sidecar.connection.configured.inputs import Answers, InputDefinition
from mcp_sidecar.connection.configured.listing import list_servers
from mcp_sidecar.connection.configured.places import Folder, Place, places, places_of, real_path
from mcp_sidecar.connection.configured.report import ServersReport
from mcp_sidecar.connection.configured.user import MOST_CHOICES, Unaskable, User
from mcp_sidecar.connection.configured.variables import Context
from mcp_sidecar.connection.errors import Failure, Interrupted, InvalidTarget, MalformedTarget, SidecarError
from mcp_sidecar.connection.file_uri import path_of
from mcp_sidecar.connection.resolution import EXPECTED, Resolved
from mcp_sidecar.connection.state_directory import state_directory
from mcp_sidecar.connection.status import TargetInfo
from mcp_sidecar.connection.target import Preview, Target
from mcp_sidecar.positions import Encoding

_BESIDE_SERVER: Final = ("file", "inputs", "connect_timeout", "call_timeout", "max_call_timeout", "protocol_version")
"""Fields of a target that may be given with `server`, or with nothing that names a server."""

_MOST_PATHS: Final = 100
"""Of which it is remembered whether a configuration file is there."""


@attrs.frozen(kw_only=True)
class Prepared:
    """A configured server, ready to be connected to."""

    target: Target
    """Which one it is, by name and file: what to remember for a reconnect."""
    resolved: Resolved


class ConfiguredServers:
    """Knows the servers of all configuration files, for one editor."""

    def __init__(
        self,
        user: User,
        *,
        folders: Callable[[], Sequence[Folder]],
        environ: Mapping[str, str],
        platform: str,
        encoding: Callable[[], Encoding],
        told: Callable[[str], None],
        texts: Callable[[], Mapping[str, str]] = dict,
        failed: Callable[[str, str, Failure], None] = lambda *_: None,
        user_data: str | None = None,
    ) -> None:
        """
        Args:
            user: who is asked for consent and inputs.
            folders: those of the workspace; asked at every use.
            environ: the environment of the sidecar, which servers inherit.
            platform: as `sys.platform`.
            encoding: what positions are counted in; asked at every use.
            told: is given lines to read.
            texts: what the editor has open, see `read_all`; asked at every use.
            failed: is told the URI of a file, a server in it, and why that could not be made ready.
            user_data: see `places`.
        """
        self._user = user
        self._folders = folders
        self._environ = environ
        self._platform = platform
        self._encoding = encoding
        self._texts = texts
        self._failed = failed
        self._user_data = user_data
        self._is_known = functools.lru_cache(maxsize=_MOST_PATHS)(self._looked_for)
        self._elsewhere = Elsewhere()
        self._answers = Answers()
        directory = state_directory(environ, platform)
        self._consent = Consent(ConsentStore(directory and directory / "consent"), user, told)

    async def report(self) -> ServersReport:
        """All servers and files, with what is wrong with them."""
        return list_servers(await self._read(), self._encoding())

    def prepare(self, target: Target) -> Awaitable[Prepared]:
        """Make a configured server ready: choose it if none is named, fill in its variables, ask for consent.

        Args:
            target: with `server`, or with nothing that names a server.

        Raises:
            MalformedTarget: fields that can't be given with `server`; raised at once, the others once it is awaited.
            InvalidTarget: there is no such server, or a variable has no value.
            ConnectionFailed: its program or interpreter is missing.
            ConsentRefused: the user did not agree.
            Interrupted: the user chose none.
        """
        _check_fields(target)
        return self._prepared(target)

    async def _prepared(self, target: Target) -> Prepared:
        configurations = await self._read(target.file)
        if target.server is None:
            configuration, entry = await self._chosen(configurations)
        else:
            configuration, entry = self._named(configurations, target)
        try:
            return await self._made_ready(configuration, entry, target)
        except SidecarError as error:
            # No more than this: which values of its variables are secret is known once it is ready.
            error.target = TargetInfo(
                name=entry.name,
                transport=entry.transport or "stdio",
                server=entry.name,
                file=configuration.uri,
            )
            self._failed(configuration.uri, entry.name, error.failure)
            raise

    async def _made_ready(self, configuration: Configuration, entry: Entry, target: Target) -> Prepared:
        _check(configuration, entry)
        await self._ask_for_inputs(configuration, entry, target.inputs or {})
        filling = await self._filled(configuration, entry)
        if entry.place.scope == "workspace" and (question := _question(configuration, entry, filling)) is not None:
            await self._consent.require(question)
            if entry.deployment is not None:  # FastMCP reads the file itself, which may have changed since
                now = await asyncio.to_thread(read_file, entry.place.path)
                if now != configuration.document.text:
                    raise refusal(question, "was given up: the file has changed since it was read")
        named = attrs.evolve(target, server=entry.name, file=entry.place.path)
        return Prepared(target=named, resolved=filling.resolved)

    async def preview(self, target: Target) -> Preview:
        """How a configured server would be understood; nobody is asked for anything.

        Raises:
            MalformedTarget, InvalidTarget, ConnectionFailed: as `prepare`.
        """
        _check_fields(target)
        configuration, entry = self._named(await self._read(target.file), target)
        _check(configuration, entry)
        info = (await self._filled(configuration, entry, placeholders=True)).resolved.info
        text = info.url or commandline.join([info.command or "", *(info.args or ())], self._platform)
        # Typed, it would be another target: without the name, the directory, the environment.
        return Preview(target=info, text=text, has_secrets=True)

    async def decide(self, identifier: str, *, allow: bool) -> None:
        """Answer a question of consent by its id; see `Consent.decide`."""
        await self._consent.decide(identifier, allow)

    def question(self, identifier: str) -> Question | None:
        """The question of consent that has an id; see `Consent.question`."""
        return self._consent.question(identifier)

    async def refused(self, identifier: str, configuration: Configuration, entry: Entry) -> Question | None:
        """The question of consent that has an id, where it is still about what an entry comes to, and got no yes."""
        asked = await self._consent.refused(identifier)
        if asked is None:
            return None
        try:
            _check(configuration, entry)
            now = _question(configuration, entry, await self._filled(configuration, entry))
        except SidecarError:
            return None
        return asked if now is not None and now.material == asked.material else None

    # reading

    def understood(self, path: str, text: str) -> list[Configuration]:
        """What a text would be as the file at a path: nothing where no configuration file is there; may be slow.

        Args:
            path: absolute.
            text: the file's.
        """
        context, known = self._known()
        return read_text(text, sharing, context) if (sharing := places_of(path, known)) else []

    async def names(self) -> Names:
        """The names of the servers in all files that are looked for."""
        texts = self._texts()

        def names() -> Names:
            context, known = self._known()
            return self._elsewhere.names(known, context, texts)

        return await asyncio.to_thread(names)

    def is_place(self, path: str) -> bool:
        """Whether a file is a configuration file, by its path; the disk is looked at where its name does not tell."""
        return bool(places_of(path, [])) or self._is_known(path, tuple(self._folders()))

    def _looked_for(self, path: str, folders: tuple[Folder, ...]) -> bool:
        return bool(places_of(path, self._places(folders)))

    async def _read(self, file: str | None = None) -> list[Configuration]:
        """Read everything that is looked for, and `file` where it is none of that."""
        return await asyncio.to_thread(self._read_now, file, self._texts())

    def _read_now(self, file: str | None, texts: Mapping[str, str]) -> list[Configuration]:
        context, known = self._known()
        named = places_of(self._path(file), known) if file is not None else []
        return _effective(read_all([*known, *(place for place in named if place not in known)], context, texts))

    def _known(self) -> tuple[Context, list[Place]]:
        folders = self._folders()
        context = Context(folders=folders, environ=self._environ, platform=self._platform)
        return context, self._places(folders)

    def _places(self, folders: Sequence[Folder]) -> list[Place]:
        return places(folders, self._environ, self._platform, self._user_data)

    async def _filled(self, configuration: Configuration, entry: Entry, *, placeholders: bool = False) -> Filling:
        answers = self._answers.of(configuration.place.path, configuration.inputs)
        return await asyncio.to_thread(fill, entry, configuration.variables(answers, placeholders=placeholders))

    # finding

    def _named(self, configurations: list[Configuration], target: Target) -> tuple[Configuration, Entry]:
        """The one server that a target names."""
        every = [(configuration, entry) for configuration in configurations for entry in configuration.entries]
        found = [each for each in every if each[1].name == target.server]
        if target.file is not None:
            path = self._path(target.file)
            # Of two names of one file that is looked for, the one that was given tells whose file it is.
            exact = [each for each in found if os.path.normcase(each[1].place.path) == os.path.normcase(path)]
            found = exact or [each for each in found if real_path(each[1].place.path) == real_path(path)]
        if len(found) == 1:
            return found[0]
        named = repr((target.server or "")[:100])
        if found:
            raise InvalidTarget(
                f"The server {named} is configured {len(found)} times: {', '.join(_place(*each) for each in found)}.",
                suggestion='Say which one is meant by its file: {"server": …, "file": …}.',
                details={"field": "server", "candidates": _candidates(found)},
            )
        names = [entry.name for _, entry in every]
        close = difflib.get_close_matches(target.server or "", names, n=3)
        known = f"Configured are: {', '.join(sorted(set(names))[:20])}." if names else "No server is configured."
        broken = [configuration.place.path for configuration in configurations if configuration.is_broken]
        raise InvalidTarget(
            f"No configuration file{' at that path' if target.file else ''} has a server {named}.",
            suggestion=(f"Did you mean {' or '.join(close)}? " if close else "")
            + known
            + (f" These files are broken: {', '.join(broken)}." if broken else ""),
            details={"field": "server", "candidates": _candidates(every)[:50]},
        )

    def _path(self, file: str) -> str:
        """The path that a URI or a path stands for."""
        if file.lower().startswith("file:"):
            return path_of(file)
        folders = self._folders()
        return os.path.join(folders[0].path, file) if folders else os.path.abspath(file)

    async def _chosen(self, configurations: list[Configuration]) -> tuple[Configuration, Entry]:
        """The only server, or the one that the user chooses."""
        every = [(configuration, entry) for configuration in configurations for entry in configuration.entries]
        usable = [each for each in every if not each[1].disabled] or every
        if not usable:
            raise MalformedTarget(
                "A target needs exactly one of `url`, `command` and `server`; none of them was given.",
                suggestion=EXPECTED,
            )
        if len(usable) == 1:
            return usable[0]
        labels = {_label(each, usable): each for each in usable}
        reason = f"there are more than {MOST_CHOICES}"
        if len(usable) <= MOST_CHOICES:
            try:
                answer = await self._user.choose("Connect to which MCP server?", list(labels))
            except Unaskable as error:
                reason = str(error)
            else:
                if answer not in labels:
                    raise Interrupted("No server was chosen.")
                return labels[answer]
        names = ", ".join(list(labels)[:20])
        raise InvalidTarget(
            f"Several servers are configured, and none was named ({reason}): {names}.",
            suggestion='Name one: {"server": …}.',
            details={"field": "server", "candidates": _candidates(usable)[:50]},
        )

    # asking

    async def _ask_for_inputs(self, configuration: Configuration, entry: Entry, given: Mapping[str, str]) -> None:
        """Have an answer to every input that an entry needs, or leave it to `fill` to say that there is none."""
        path = configuration.place.path
        for identifier, value in given.items():
            self._answers.give(path, identifier, value)
        variables = configuration.variables()
        needed = dict.fromkeys(each for text in entry.texts for each in variables.inputs_in(text))
        for identifier in needed:
            definition = configuration.inputs.get(identifier)
            known = self._answers.of(path, configuration.inputs)
            if definition is None or definition.type == "command" or identifier in known:
                continue
            entered = await self._input(definition, entry, configuration)
            if entered is not None:
                self._answers.give(path, identifier, entered)

    async def _input(self, definition: InputDefinition, entry: Entry, configuration: Configuration) -> str | None:
        """The value that the user gives; None when this editor can't ask for it."""
        value: str | None
        try:
            if self._user.takes_inputs:
                value = await self._user.enter(definition, entry.name, configuration.uri)
            elif definition.type == "pickString" and 0 < len(definition.options) <= MOST_CHOICES:
                options = {option.label: option.value for option in definition.options}
                label = await self._user.choose(definition.description or definition.id, list(options))
                value = None if label is None else options.get(label)
            else:
                return None
        except Unaskable:
            return None
        if value is None:
            raise Interrupted(f"The input {definition.id!r} was not given.")
        return value


def _check_fields(target: Target) -> None:
    """Refuse fields that describe another server."""
    names = [field.name for field in attrs.fields(Target) if field.name not in ("server", *_BESIDE_SERVER)]
    given = [name for name in names if getattr(target, name) is not None]
    if given:
        raise MalformedTarget(
            f"`{given[0]}` was given with `server`, whose entry in a configuration file says it all.",
            suggestion="Leave it out, or pass the whole target without `server`.",
        )


def _check(configuration: Configuration, entry: Entry) -> None:
    """Refuse an entry, or a file, that has an error.

    Raises:
        InvalidTarget: names the place.
    """
    wrong = [each for each in (*configuration.findings, *entry.findings) if each.severity == "error"]
    if wrong:
        first = wrong[0]
        position = configuration.document.position(first.start, "utf-32")
        line, column = position.line + 1, position.character + 1
        raise InvalidTarget(
            f"The server {entry.name!r} can't be used: {first.message} ({entry.place.path}:{line}:{column})",
            suggestion="Correct the file.",
            details={"server": entry.name, "file": entry.place.path, "line": line, "column": column},
        )


def _question(configuration: Configuration, entry: Entry, filling: Filling) -> Question | None:
    """What the user must agree to; None where a URL gets nothing but a request."""
    subject: Program | Recipient | None
    subject = filling.program(entry, configuration.context.platform) or filling.recipient()
    if subject is None:
        return None
    material = {"file": entry.place.path, **filling.material()}
    if entry.place.tool == "fastmcp":  # FastMCP itself reads what to run, with what environment
        material["content"] = configuration.document.text
    return Question(server=entry.name, path=entry.place.path, subject=subject, material=material)


def _effective(configurations: Sequence[Configuration]) -> list[Configuration]:
    """Of servers with one name in one file, that of a project: Claude Code's local scope goes before its user scope.

    https://code.claude.com/docs/en/mcp, "Scope hierarchy and precedence".
    """
    first: dict[tuple[str, str], Configuration] = {}
    for each in sorted(configurations, key=lambda each: -len(each.place.section)):
        for entry in each.entries:
            first.setdefault((each.place.path, entry.name), each)
    return [
        attrs.evolve(each, entries=tuple(entry for entry in each.entries if first[each.place.path, entry.name] is each))
        for each in configurations
    ]


def _place(configuration: Configuration, entry: Entry) -> str:
    return configuration.place_of(entry)


def _candidates(found: Sequence[tuple[Configuration, Entry]]) -> list[dict[str, Any]]:
    return [{"server": entry.name, "file": entry.place.path} for _, entry in found]


def _label(each: tuple[Configuration, Entry], among: Sequence[tuple[Configuration, Entry]]) -> str:
    """The name of a server, with its file where several have that name."""
    name = each[1].name
    return name if sum(entry.name == name for _, entry in among) == 1 else f"{name} ({_place(*each)})"
