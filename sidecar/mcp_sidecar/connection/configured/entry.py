"""An entry: one server in a configuration file, read field by field, its variables not filled in yet."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from mcp_sidecar.connection.configured.deployment import Deployment
from mcp_sidecar.connection.configured.finding import Finding
from mcp_sidecar.connection.configured.places import Place
from mcp_sidecar.connection.configured.report import ProblemRule, ProblemSeverity
from mcp_sidecar.connection.entry_fields import HTTP_FIELDS, KNOWN_FIELDS, STDIO_FIELDS, TYPES
from mcp_sidecar.connection.http_url import scheme_of
from mcp_sidecar.connection.status import Transport
from mcp_sidecar.jsonc import Member, Node

LONGEST_TEXT: Final = 131_071
"""Characters of an argument or a variable: what Linux takes (execve(2), MAX_ARG_STRLEN), and more than Windows does."""


@attrs.frozen
class Text:
    """A string that may have variables in it."""

    value: str = attrs.field(repr=False)
    node: Node = attrs.field(repr=False)
    """Where it is written."""


@attrs.frozen(kw_only=True, eq=False)
class Entry:
    """One server, as its file has it."""

    name: str
    place: Place
    start: int
    end: int
    name_start: int
    name_end: int
    transport: Transport | None = None
    has_type: bool = False
    """Whether the entry says itself what its transport is."""
    command: Text | None = None
    args: tuple[Text, ...] = ()
    env: Mapping[str, Text | None] = attrs.field(factory=dict)
    """None takes a variable away."""
    env_file: Text | None = None
    cwd: Text | None = None
    url: Text | None = None
    headers: Mapping[str, Text] = attrs.field(factory=dict)
    auth: Mapping[str, Any] | str | None = attrs.field(default=None, repr=False)
    """As a target has it, but for its strings, which are `Text`."""
    call_timeout: float | None = None
    """Seconds."""
    disabled: bool = False
    wants_sandbox: bool = False
    deployment: Deployment | None = None
    """Of a `fastmcp.json`."""
    findings: tuple[Finding, ...] = ()

    @property
    def texts(self) -> list[Text]:
        """Everything that may have variables in it."""
        auth = self.auth.values() if isinstance(self.auth, Mapping) else ()
        single = (self.command, *self.args, *self.env.values(), self.env_file, self.cwd, self.url)
        return [each for each in (*single, *self.headers.values(), *auth) if isinstance(each, Text)]


def read_entry(member: Member, place: Place) -> Entry:
    """Read one server of a `servers` or `mcpServers` object; what can't be understood becomes a finding."""
    reader = _Reader(member)
    fields = reader.fields() if member.value is not None and member.value.kind == "object" else None
    if fields is None:
        reader.report("wrong-type", "error", "A server is an object.", member.value)
        fields = {}
    return Entry(
        name=member.name,
        place=place,
        start=member.start,
        end=member.end,
        name_start=member.key.start,
        name_end=member.key.end,
        **fields,
        findings=tuple(reader.findings),
    )


class _Reader:
    """Reads the fields of one entry, and keeps what is wrong with them."""

    def __init__(self, member: Member) -> None:
        self.findings: list[Finding] = []
        self._member = member

    def report(self, rule: ProblemRule, severity: ProblemSeverity, message: str, node: Node | None) -> None:
        self.findings.append(Finding.at(node or self._member.key, rule, severity, message))

    def fields(self) -> dict[str, Any]:
        """The fields of `Entry` that are read off the object."""
        node = self._member.value
        assert node is not None
        for member in node.members:
            if member.name not in KNOWN_FIELDS:
                self.report("unknown-field", "warning", f"Unknown field `{member.name[:60]}`.", member.key)
        command, url = self._text("command"), self._text("url")
        self._check_kind(command, url)
        transport, has_type = self._transport(command, url)
        return {
            "transport": transport,
            "has_type": has_type,
            "command": command,
            "args": self._args(),
            "env": self._env(),
            "env_file": self._text("envFile"),
            "cwd": self._text("cwd"),
            "url": url,
            "headers": self._headers(),
            "auth": self._auth(),
            "call_timeout": self._timeout(),
            "disabled": self._flag("disabled") or self._flag("enabled", default=True) is False,
            "wants_sandbox": self._wants_sandbox(),
        }

    def _get(self, name: str) -> Node | None:
        """A field's value; null is as good as missing."""
        node = self._member.value.get(name) if self._member.value is not None else None
        return None if node is None or node.kind == "null" else node

    def _text(self, name: str) -> Text | None:
        node = self._get(name)
        if node is None:
            return None
        if node.kind != "string":
            self.report("wrong-type", "error", f"`{name}` is a string.", node)
            return None
        return self._bounded(Text(node.value, node), name)

    def _bounded(self, text: Text, field: str) -> Text | None:
        if len(text.value) <= LONGEST_TEXT:
            return text
        message = f"`{field}` has a text of more than {LONGEST_TEXT:,} characters, which no program takes."
        self.report("too-large", "error", message, text.node)
        return None

    def _check_kind(self, command: Text | None, url: Text | None) -> None:
        if command is None and url is None:
            if self._get("command") is None and self._get("url") is None:
                self.report("missing-field", "error", "A server needs `command` or `url`.", None)
        elif command is not None and url is not None:
            self.report("contradiction", "error", "A server has `command` or `url`, not both.", self._get("url"))
        elif url is not None and "${" not in url.value and scheme_of(url.value.strip()) is None:
            self.report("wrong-type", "error", "`url` is an http(s) URL; a program goes into `command`.", url.node)
        for name in STDIO_FIELDS[1:] if url is not None else HTTP_FIELDS[1:] if command is not None else ():
            if (node := self._get(name)) is not None and (node.members or node.items or node.value):
                kind = "a URL" if url is not None else "a program"
                self.report("contradiction", "error", f"`{name}` can't be given for {kind}.", node)

    def _transport(self, command: Text | None, url: Text | None) -> tuple[Transport | None, bool]:
        text = self._text("type") or self._text("transport")
        if text is None:
            path = url.value.partition("?")[0].rstrip("/") if url is not None else ""
            detected: Transport = "sse" if path.endswith("/sse") else "streamable-http"
            return ("stdio" if command is not None else detected if url is not None else None), False
        transport = TYPES.get(text.value)
        if transport is None:
            self.report("unsupported", "error", f"`{text.value[:40]}` is no known transport.", text.node)
        elif (transport == "stdio") != (command is not None) and (command or url):
            needed = "`command`" if transport == "stdio" else "`url`"
            self.report("contradiction", "error", f"The transport `{text.value}` needs {needed}.", text.node)
        return transport, True

    def _args(self) -> tuple[Text, ...]:
        node = self._get("args")
        if node is None:
            return ()
        if node.kind != "array":
            self.report("wrong-type", "error", "`args` is a list of strings.", node)
            return ()
        return tuple(text for item in node.items if (text := self._scalar(item, "args")) is not None)

    def _env(self) -> dict[str, Text | None]:
        """`env`; VS Code also takes numbers, and null for a variable that is taken away."""
        node = self._object("env")
        found: dict[str, Text | None] = {}
        for member in node.members if node is not None else ():
            if member.value is not None:
                is_null = member.value.kind == "null"
                text = None if is_null else self._scalar(member.value, "env")
                if is_null or text is not None:
                    found[member.name] = text
        return found

    def _headers(self) -> dict[str, Text]:
        node = self._object("headers")
        if (helper := self._get("headersHelper")) is not None:
            self.report("unsupported", "warning", "`headersHelper` is not run: its headers will be missing.", helper)
        members = node.members if node is not None else ()
        texts = ((each.name, self._scalar(each.value, "headers")) for each in members if each.value is not None)
        return {name: text for name, text in texts if text is not None}

    def _object(self, name: str) -> Node | None:
        node = self._get(name)
        if node is not None and node.kind != "object":
            self.report("wrong-type", "error", f"`{name}` is an object of strings.", node)
            return None
        return node

    def _scalar(self, node: Node, field: str) -> Text | None:
        """A string; or a number, as it is written."""
        if node.kind == "string":
            return self._bounded(Text(node.value, node), field)
        if node.kind == "number":
            return Text(str(node.value), node)
        self.report("wrong-type", "error", f"What is in `{field}` are strings.", node)
        return None

    def _auth(self) -> Mapping[str, Any] | str | None:
        """`auth` of Cursor and FastMCP, `oauth` of Claude Code and VS Code, as a target has it."""
        node = self._get("auth") or self._get("oauth")
        if node is None:
            return None
        if node.kind == "string":
            return "oauth" if node.value == "oauth" else {"type": "bearer", "token": Text(node.value, node)}
        if node.kind != "object":
            self.report("wrong-type", "error", "`auth` is an object.", node)
            return None
        auth: dict[str, Any] = {"type": "oauth"}
        for theirs, ours in (("CLIENT_ID", "clientId"), ("CLIENT_SECRET", "clientSecret")):
            found = node.get(theirs) or node.get(ours)
            if found is not None and found.kind == "string":
                auth[ours] = Text(found.value, found)
        scopes = node.get("scopes")
        if scopes is not None and scopes.kind == "array":
            auth["scopes"] = [item.value for item in scopes.items if item.kind == "string"]
        return auth

    def _timeout(self) -> float | None:
        """`timeout` of Claude Code and FastMCP: milliseconds that an answer may take."""
        node = self._get("timeout")
        if node is None:
            return None
        if node.kind != "number" or not node.value > 0:
            self.report("wrong-type", "warning", "`timeout` is a positive number of milliseconds.", node)
            return None
        return float(node.value) / 1000

    def _flag(self, name: str, *, default: bool = False) -> bool:
        node = self._get(name)
        if node is None:
            return default
        if node.kind != "boolean":
            self.report("wrong-type", "warning", f"`{name}` is true or false.", node)
            return default
        return bool(node.value)

    def _wants_sandbox(self) -> bool:
        wanted = self._flag("sandboxEnabled")
        if wanted:
            self.report(
                "unsupported", "warning", "The sidecar runs the server without a sandbox.", self._get("sandboxEnabled")
            )
        return wanted
