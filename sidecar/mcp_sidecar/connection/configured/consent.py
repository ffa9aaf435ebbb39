"""The user's consent to what a workspace file would run, or send secrets to."""

# Lists of words are read more easily as words.
# ruff: noqa: SIM905

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from mcp_sidecar.connection import commandline
from mcp_sidecar.connection.configured.consent_store import ConsentStore
from mcp_sidecar.connection.configured.deployment import Deployment
from mcp_sidecar.connection.configured.user import Unaskable, User
from mcp_sidecar.connection.errors import ConsentRefused, InvalidTarget
from mcp_sidecar.connection.redaction import is_secret_name, redact_args

DENY: Final = "Deny"
ALLOW: Final = "Allow"

LONGEST_SHOWN: Final = 4_000
"""Characters of a question. Nobody agrees to what they can't see, so nothing of it is cut."""

_MOST_PENDING: Final = 100
_ID_LENGTH: Final = 16

_TELLING: Final = frozenset(
    # shells and what they start; where programs look for their own files
    "PATH PATHEXT COMSPEC SHELL ENV BASH_ENV ZDOTDIR PROMPT_COMMAND PS4 HOME USERPROFILE APPDATA LOCALAPPDATA EDITOR "
    "VISUAL PAGER "
    # loaders, interpreters, compilers; GIT_ASKPASS and SSH_ASKPASS are programs, though they sound like secrets
    "GCONV_PATH OPENSSL_CONF OPENSSL_ENGINES OPENSSL_MODULES CLASSPATH MAVEN_OPTS GRADLE_OPTS GOFLAGS GOPROXY PHPRC "
    "PHP_INI_SCAN_DIR VIRTUAL_ENV GIT_ASKPASS SSH_ASKPASS".split()
)
_TELLING_PREFIXES: Final = tuple(
    "LD_ DYLD_ PYTHON NODE_ NPM_CONFIG_ BUN_ DENO_ UV_ PIP_ PIPX_ CONDA_ RUBY GEM_ BUNDLE_ JAVA_ _JAVA JDK_ PERL5 LUA_ "
    "R_PROFILE JULIA_ ERL_ DOTNET_ CORECLR_ COR_ COMPLUS_ RUST CARGO_ GIT_ DOCKER_ ELECTRON_ XDG_".split()
)
"""Variables that decide which code is run: their values are shown, for a name alone would hide it."""

_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)
"""Of what `str.isprintable` lets pass, what nobody sees: Unicode's Default_Ignorable_Code_Point, and three blanks."""


@attrs.frozen(kw_only=True)
class Program:
    """What a workspace file would run."""

    program: str
    args: tuple[str, ...]
    """What came from the environment or was entered is masked where it may be secret; all else is as the file has it.

    What only looks like a secret is not masked for the user: a file could hide what it runs behind a mask."""
    logged_args: tuple[str, ...]
    """With everything masked that looks like a secret: for errors and logs."""
    directory: str
    env: Mapping[str, str]
    """Each variable that is given; its value as it is in `args`."""
    removed: tuple[str, ...] = ()
    env_file: str | None = None
    env_file_names: tuple[str, ...] = ()
    """Those of `env` that the file gives."""
    without_sandbox: bool = False
    deployment: Deployment | None = None
    platform: str

    def text(self, *, logged: bool = False) -> str:
        """The program as the user reads it, or as a log may tell it."""
        words = [visible(word) for word in (self.program, *(self.logged_args if logged else self.args))]
        lines = [commandline.join(words, self.platform), f"in {visible(self.directory)}"]
        own = [name for name in self.env if name not in self.env_file_names]
        for what, names in (
            ("with the environment variables", own),
            (f"with those of {visible(self.env_file or '')}:", list(self.env_file_names)),
            ("without the environment variables", list(self.removed)),
        ):
            if names:
                lines.append(f"{what} {self._variables(names, self.env, logged)}")
        if self.without_sandbox:
            lines.append("without the sandbox that the file asks for")
        if self.deployment is not None:
            lines += self._deployment(self.deployment, logged)
        return "\n".join(lines)

    def _deployment(self, deployment: Deployment, logged: bool) -> Iterator[str]:
        yield f"which runs {visible(deployment.source)}"
        if deployment.directory is not None:
            yield f"which goes to {visible(deployment.directory)}"
        if deployment.args:
            args = redact_args(deployment.args) if logged else deployment.args
            yield f"which gives it the arguments {commandline.join([visible(arg) for arg in args], self.platform)}"
        if deployment.env:
            names = self._variables(list(deployment.env), deployment.env, logged)
            yield f"which sets the environment variables {names}"

    def _variables(self, names: Sequence[str], env: Mapping[str, str], logged: bool) -> str:
        return ", ".join(
            f"{visible(name)}={visible(env[name])}" if name in env and _tells(name) and not logged else visible(name)
            for name in names
        )

    @property
    def details(self) -> dict[str, Any]:
        """What an error tells of it."""
        return {"command": self.program, "args": list(self.logged_args), "cwd": self.directory, "env": list(self.env)}


@attrs.frozen(kw_only=True)
class Recipient:
    """Where a workspace file would send secrets to."""

    url: str
    """As it may be shown."""
    headers: tuple[str, ...]
    """Names."""
    others: tuple[str, ...]
    """What else is sent, in words."""

    def text(self, *, logged: bool = False) -> str:
        """The recipient as the user reads it, and as a log may tell it."""
        lines = [visible(self.url)]
        if self.headers:
            lines.append(f"with the headers {', '.join(map(visible, self.headers))}")
        if self.others:
            lines.append(f"with {', '.join(self.others)}")
        return "\n".join(lines)

    @property
    def details(self) -> dict[str, Any]:
        """What an error tells of it."""
        return {"url": self.url, "headers": list(self.headers)}


@attrs.frozen(kw_only=True)
class Question:
    """What the user is asked to agree to."""

    server: str
    path: str
    """The file that names the server."""
    subject: Program | Recipient
    material: Mapping[str, Any] = attrs.field(repr=False)
    """All that is agreed to, unmasked, as JSON can say it: the consent holds for exactly this."""

    @property
    def is_sending(self) -> bool:
        """Whether it is about secrets that would be sent, not about a program."""
        return isinstance(self.subject, Recipient)

    def text(self, *, logged: bool = False) -> str:
        """The question as the user reads it, or as a log may tell it."""
        verb = "Send secrets to" if self.is_sending else "Run"
        question = f'{verb} the MCP server "{visible(self.server)}" of {visible(self.path)}?'
        return f"{question}\n\n{self.subject.text(logged=logged)}"


@attrs.define(eq=False)
class _Pending:
    """A question that is open, or was left without an answer."""

    digest: str
    question: Question
    decision: "asyncio.Future[bool] | None" = None
    """Of an open question."""

    @property
    def about(self) -> dict[str, str]:
        """What it is about, for a person who looks at what is remembered."""
        return {"server": self.question.server, "file": self.question.path}


class Consent:
    """Asks for consent and remembers it. What is not allowed is denied: silence, errors and everything else."""

    def __init__(self, store: ConsentStore, user: User, told: Callable[[str], None]) -> None:
        """
        Args:
            store: what was agreed to before.
            user: who is asked.
            told: is given a line to read when a question is put, for editors that show no message.
        """
        self._store = store
        self._user = user
        self._told = told
        self._pending: dict[str, _Pending] = {}

    async def require(self, question: Question) -> None:
        """Return when the user agrees, or agreed before to exactly this.

        Raises:
            ConsentRefused: they did not.
        """
        digest = await asyncio.to_thread(self._store.digest, question.material)
        if await asyncio.to_thread(self._store.allows, digest):
            return
        text = question.text()
        if len(text) > LONGEST_SHOWN:
            why = f"is too long to be shown ({len(text):,} characters), and so can't be agreed to"
            raise refusal(question, why)
        pending = self._remember(digest, question)
        identifier = digest[:_ID_LENGTH]
        self._told(
            f"{question.text(logged=True)}\nTo answer by a command: mcpSidecar.consent with the id {identifier}."
        )
        try:
            allowed = await self._answer(text, pending)
        except Unaskable as error:
            raise refusal(question, f"was not allowed: {error}", identifier) from None
        if not allowed:
            raise refusal(question, "was denied", identifier)
        await asyncio.to_thread(self._store.allow, digest, pending.about)

    def question(self, identifier: str) -> Question | None:
        """The question of an id, however it was answered; None where there is none, or it is too long ago."""
        pending = self._pending.get(identifier)
        return pending.question if pending is not None else None

    async def refused(self, identifier: str) -> Question | None:
        """The question of an id, unless the user has agreed by now."""
        pending = self._pending.get(identifier)
        if pending is None or await asyncio.to_thread(self._store.allows, pending.digest):
            return None
        return pending.question

    async def decide(self, identifier: str, allow: bool) -> None:
        """Answer a question by its id: an open one, one that was left without an answer, or one answered otherwise.

        Raises:
            InvalidTarget: there is no such question.
        """
        pending = self._pending.get(identifier)
        if pending is None:
            raise InvalidTarget(
                f"There is no question with the id {identifier[:60]!a}.",
                suggestion="Connect to the server; the error and the log then tell the id.",
                details={"consent": identifier[:60]},
            )
        if not allow:
            await asyncio.to_thread(self._store.forget, pending.digest)
        elif pending.decision is None or pending.decision.done():
            await asyncio.to_thread(self._store.allow, pending.digest, pending.about)
        if pending.decision is not None and not pending.decision.done():
            pending.decision.set_result(allow)

    def _remember(self, digest: str, question: Question) -> _Pending:
        while len(self._pending) >= _MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        pending = _Pending(digest, question)
        self._pending[digest[:_ID_LENGTH]] = pending
        return pending

    async def _answer(self, text: str, pending: _Pending) -> bool:
        """The first answer, by the message or by its id."""
        pending.decision = asyncio.get_running_loop().create_future()
        message = asyncio.ensure_future(self._user.choose(text, (DENY, ALLOW)))
        try:
            either: set[asyncio.Future[Any]] = {message, pending.decision}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if pending.decision.done():
                return pending.decision.result()
            return message.result() == ALLOW
        finally:
            pending.decision.cancel()
            message.cancel()
            await asyncio.wait({message})
            if not message.cancelled():
                message.exception()  # told already, or no longer of interest


def refusal(question: Question, why: str, identifier: str | None = None) -> ConsentRefused:
    """The error that says why something was not agreed to."""
    what = "Sending secrets to" if question.is_sending else "Running"
    suggestion = "Look at what the file says. Connect again to be asked again"
    if identifier is not None:
        suggestion += f', or allow it by the command mcpSidecar.consent: {{"id": "{identifier}", "allow": true}}'
    details: dict[str, Any] = {"server": question.server, "file": question.path, **question.subject.details}
    if identifier is not None:
        details["consent"] = identifier
    return ConsentRefused(
        f"{what} the MCP server {question.server!a} of {question.path} {why}.",
        suggestion=f"{suggestion}.",
        details=details,
    )


def _tells(name: str) -> bool:
    """Whether a variable decides which code is run."""
    upper = name.upper()
    return upper in _TELLING or (upper.startswith(_TELLING_PREFIXES) and not is_secret_name(name))


def visible(text: str) -> str:
    """A text with everything in it made visible that would hide, move or break what is read."""
    return "".join(each if each.isprintable() and not _UNSEEN.match(each) else f"\\u{{{ord(each):x}}}" for each in text)
