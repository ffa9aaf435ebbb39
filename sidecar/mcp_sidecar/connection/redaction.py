"""The redactor: keeps the secrets of one target out of everything that is shown.

Two means work together. What has a known shape (a URL, an argument list, a header) is redacted by its shape, whatever
its values; and every secret value found there, or given in `headers`, `auth` or `env`, is masked wherever it turns up
later: in a server's stderr, an error text, a trace.
"""

# Lists of words are read more easily as words.
# ruff: noqa: SIM905

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus, unquote_to_bytes

import attrs

from mcp_sidecar.connection.errors import SidecarError

MASK: Final = "***"

_USERINFO: Final = re.compile(r"(?<![^\s/@'\"]):*+[^\s/:@'\"]++:[^\s/@'\"]++@")

SHORTEST_SECRET: Final = 6
"""Characters. Shorter values (`DEBUG=1`) occur in ordinary text so often that masking them would destroy it."""

SHORTEST_FRAGMENT: Final = 4
"""Characters of a secret's beginning that are masked where a text was cut. Fewer tell nothing and occur everywhere."""

LEARNED_SECRETS: Final = 100
"""Secrets that came later and are remembered: a token that is renewed every minute must not cost ever more."""

HARMLESS_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-type",
        "host",
        "mcp-protocol-version",
        "origin",
        "user-agent",
    }
)
"""The header names whose values may be shown; every other header is taken for a secret."""

_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_UNUSUAL_ESCAPE: Final = re.compile(r"\\(?:/|u00[0-7][0-9a-fA-F]|u(?=[0-9a-f]*[A-F])[0-9a-fA-F]{4})")
"""What Python's `json` doesn't write, and other libraries do: `\\/`, `\\u0026`, `\\u00E9`."""

_PERCENT: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
"""Bytes as RFC 3986, section 2.1, writes them."""

_MOST_ENCODINGS: Final = 3
"""How often over a secret is looked for percent-encoded: a URL in a URL has it encoded twice."""

_CUT: Final = re.compile(r"\ufffd{0,3}(?:%[0-9A-Fa-f]?)?(?P<mark>…| \[cut\])")
"""Where a text was cut: the mark, and what is left of a character, or of its encoding, that was cut as well."""

_TOKEN: Final = re.compile(
    r"""
      \bsk-[A-Za-z0-9_-]{8,}                                  # OpenAI, Anthropic
    | \b(?:sk|rk|pk|whsec)_(?:live|test)?_?[A-Za-z0-9]{8,}    # Stripe
    | \bgh[pousr]_[A-Za-z0-9]{8,}                             # GitHub
    | \bgithub_pat_[A-Za-z0-9_]{8,}
    | \bglpat-[A-Za-z0-9_-]{8,}                               # GitLab
    | \bxox[a-z]-[A-Za-z0-9-]{8,}                             # Slack
    | \bxapp-[A-Za-z0-9-]{8,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{12,}                            # AWS
    | \bAIza[A-Za-z0-9_-]{20,}                                # Google
    | \bya29\.[A-Za-z0-9_-]{8,}
    | \bhf_[A-Za-z0-9]{8,}                                    # Hugging Face
    | \bnpm_[A-Za-z0-9]{20,}
    | \bpypi-[A-Za-z0-9_-]{16,}
    | \bdop_v1_[A-Za-z0-9]{16,}                               # DigitalOcean
    | \beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*   # JWT
    """,
    re.VERBOSE,
)
_SCHEME_AND_CREDENTIAL: Final = re.compile(r"(?i)\b(?:bearer|basic|digest|token|apikey)\s+(\S+)")
# Bounds on what stands before a mark that may never come keep a search linear in the length of the text.
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}://[^\s\"'<>`]+")
_URL_PARTS: Final = re.compile(
    r"(?s)(?P<scheme>(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?(?P<authority>[^/?#]*)(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?(?:\#(?P<fragment>.*))?"
)
_JSON_PAIR: Final = re.compile(r'"((?:[^"\\]|\\.){0,100})"\s{0,20}:\s{0,20}"((?:[^"\\]|\\.)*)"')
_HEADER: Final = re.compile(r"(?s)([A-Za-z0-9!#$%&'*+.^_`|~-]+):\s*(.+)")
_ASSIGNMENT: Final = re.compile(r"(?s)(-{0,2}[A-Za-z_][A-Za-z0-9_.-]*)=(.*)")
_PAIR_NAME: Final = re.compile(
    r"(?P<list>(?:\A|;)[\w \t]{0,40}?)?(?<![^;,\s\"'(])(?P<name>-{0,2}[A-Za-z_][\w.-]{0,100}+)"
    r"(?:\s{1,20}=\s{0,20}|=)(?!=\s)"
)
"""A name in a connection string or a command line, up to its value: `Server=h;Pwd=x`, `host=h password=x`."""

# A quote that is never closed ends with the text: so nothing is looked at twice.
_QUOTED: Final = r"""(?s:"(?:[^"\\]|\\.|"")*+"?|'(?:[^'\\]|\\.|'')*+'?|\{(?:[^}]|\}\})*+\}?)"""
_LIST_VALUE: Final = re.compile(rf"\s{{0,20}}(?:{_QUOTED}|[^;]*)")
"""What `;` ends, as in ADO.NET, ODBC and JDBC: it may have blanks in it."""
_WORD_VALUE: Final = re.compile(rf"{_QUOTED}|[^\s;]*")
"""What a blank ends, as in libpq and shells."""
_VALUE_START: Final = re.compile(r"[^\s\"',]*")
"""What is surely of a value, where the string that it is in may be inside of something else."""

_FLAG: Final = re.compile(r"--?[A-Za-z][A-Za-z0-9_.-]*|/[A-Za-z][A-Za-z0-9_-]*")
_NAME_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_SECRET_WORDS: Final = frozenset(
    "auth authorization bearer cookie cookies credential credentials creds jwt key keys pass passcode passphrase "
    "passwd password pat pin private pwd secret secrets session sig signature token".split()
)
_SECRET_ENDINGS: Final = ("token", "secret", "password", "passwd", "passphrase", "apikey", "pwd", "credentials")
_TELLING_ENDINGS: Final = frozenset(
    "algorithm dir directory enabled endpoint expiry file host id length limit method mode name path port provider "
    "scheme scope scopes server sock timeout ttl type uri url user username version".split()
)
"""What a name says *about* a secret when it ends so: `--token-file`, `AUTH_TYPE`, `SSH_AUTH_SOCK`."""

_HARMLESS_ENVIRONMENT: Final = re.compile(
    r"(?i)NODE_ENV|ENV|ENVIRONMENT|LANG|LANGUAGE|LC_.*|TZ|TERM|COLORTERM|SHELL|USER|LOGNAME|HOST|HOSTNAME|PORT|DEBUG"
    r"|.*LOG_?LEVEL|PYTHON.*|.*_?REGION|.*_?VERSION|.*_?MODE"
)
_HARMLESS_VALUES: Final = frozenset(
    "true false none null stdio http https sse streamable-http streamable_http websocket localhost production "
    "development staging testing enabled disabled default verbose warning warnings critical basic bearer digest".split()
)
_NUMBER_OR_PATH: Final = re.compile(
    r"[+-]?[0-9][0-9.,:_eE+-]*"  # numbers, versions, addresses, times
    r"|(?:~|\.{1,2}|[A-Za-z]:)?[/\\].*",  # paths
    re.DOTALL,
)
_ORDINARY: Final = re.compile(
    r"[a-z0-9_-]+(?:[./][a-z0-9_-]+)+(?::[0-9]+)?|[a-z][a-z0-9-]*:[0-9]{1,5}"  # file, host and domain names
    r"|[\w .-]+\.(?:py|[cm]?[jt]s|jsonc?|toml|ya?ml|txt|md|log|db|sqlite3?|csv|pem|crt|cfg|ini)"
)


@attrs.define
class Redactor:
    """Knows the secret values of one target and masks them."""

    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)
    """Longest first. Make it with `Redactor.of`."""
    _given: tuple[str, ...] | None = attrs.field(default=None, init=False, repr=False)
    """Those of the target, once others were learned."""
    _learned: dict[str, None] = attrs.field(factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, values: Iterable[str]) -> "Redactor":
        """Return a redactor for these values, also where they are percent-encoded, JSON-escaped, or a line of several.

        Args:
            values: the secrets; those shorter than `SHORTEST_SECRET` are left alone.
        """
        forms = {form for value in values for form in _forms(value) if len(form) >= SHORTEST_SECRET}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def learn(self, values: Iterable[str]) -> None:
        """Mask these values as well from now on: tokens that came later. The last LEARNED_SECRETS are remembered."""
        new = [value for value in values if value and value not in self._learned]
        if not new:
            return
        if self._given is None:
            self._given = self.secrets
        self._learned |= dict.fromkeys(new)
        for value in list(self._learned)[:-LEARNED_SECRETS]:
            del self._learned[value]
        forms = {*self._given, *Redactor.of(self._learned).secrets}
        self.secrets = tuple(sorted(forms, key=lambda form: (-len(form), form)))

    def with_secrets(self, values: Iterable[str]) -> "Redactor":
        """Return a redactor that masks these values, too."""
        more = Redactor.of(values).secrets
        return Redactor(tuple(sorted({*self.secrets, *more}, key=lambda form: (-len(form), form))))

    def text(self, text: str) -> str:
        """Return the text with every occurrence of a secret replaced by `***`, also of its beginning before a cut."""
        # Once more when masking has put a secret together out of what was left and right of another one; this ends
        # because the mask is shorter than everything that it replaces.
        while spans := self._occurrences(text) or self._fragments(text) or self._percent_encoded(text):
            text = _masked(text, spans)
        return text

    def json(self, text: str) -> str:
        """Return JSON, or what was meant to be, as `text` does, however the characters of a secret are escaped."""
        text = self.text(text)
        while self.secrets and "\\" in text and self._may_be_escaped_in(text):
            usual, origins = _usually_escaped(text)
            spans = self._occurrences(usual) or self._fragments(usual)
            if not spans:
                break
            text = self.text(_masked(text, [_original(span, origins) for span in spans]))
        return text

    def _may_be_escaped_in(self, text: str) -> bool:
        """Whether an escaped secret is in a text, at a glance: looking closely takes a while, and is seldom needed."""
        usual = text
        for escape in set(_UNUSUAL_ESCAPE.findall(text)):
            usual = usual.replace(escape, _usual_escape(escape))
        return usual != text and bool(self._occurrences(usual) or self._fragments(usual))

    def value(self, value: Any) -> Any:
        """JSON-like data with every secret in its strings masked; keys stay, the argument is not changed."""
        if not self.secrets:
            return value
        result: list[Any] = [None]
        # A loop, not a recursion: a server may nest its answer deeper than Python's stack goes.
        pending: list[tuple[Any, Any, Any]] = [(result, 0, value)]
        while pending:
            holder, place, found = pending.pop()
            if isinstance(found, str):
                holder[place] = self.text(found)
            elif isinstance(found, Mapping):
                copy: dict[Any, Any] = dict.fromkeys(found)
                holder[place] = copy
                pending.extend((copy, key, item) for key, item in found.items())
            elif isinstance(found, list | tuple):
                items: list[Any] = [None] * len(found)
                holder[place] = items
                pending.extend((items, index, item) for index, item in enumerate(found))
            else:
                holder[place] = found
        return result[0]

    def mask(self, error: SidecarError) -> None:
        """Mask secrets in an error, whatever it quotes."""
        error.message = self.text(error.message)
        error.args = (error.message,)
        error.suggestion = self.text(error.suggestion)
        error.details = self.value(error.details)

    def _occurrences(self, text: str) -> list[tuple[int, int]]:
        """Return where secrets are."""
        spans: list[tuple[int, int]] = []
        for secret in self.secrets:
            at = text.find(secret)
            while at >= 0:
                spans.append((at, at + len(secret)))
                at = text.find(secret, at + 1)
        return spans

    def _percent_encoded(self, text: str) -> list[tuple[int, int]]:
        """Return where secrets are percent-encoded, in whatever letter case, in part or throughout, or twice."""
        decoded, origins = text, list[int]()
        for _ in range(_MOST_ENCODINGS):
            if not self.secrets or not _PERCENT.search(decoded):
                break
            decoded, starts = _percent_decoded(decoded)
            origins = [origins[start] for start in starts] if origins else starts
            if spans := self._occurrences(decoded) or self._fragments(decoded):
                return [(origins[start], origins[end]) for start, end in spans]
        return []

    def _fragments(self, text: str) -> list[tuple[int, int]]:
        """Return where the longest beginnings of secrets are, just before a cut."""
        if not self.secrets:
            return []
        spans: list[tuple[int, int]] = []
        for cut in _CUT.finditer(text):
            remains, mark = cut.start(), cut.start("mark")
            # What may be left of a cut character may as well be of the secret itself, and is then masked as a whole.
            for end in range(remains, mark + 1):
                last = text[max(0, end - SHORTEST_FRAGMENT) : end]
                if len(last) == SHORTEST_FRAGMENT:
                    length = max(_overlap(text, end, last, secret) for secret in self.secrets)
                    if length:
                        spans.append((end - length, end if end == remains else mark))
        return spans


def _percent_decoded(text: str) -> tuple[str, list[int]]:
    """Return a text with its percent-encoded characters decoded, and for each character where it comes from.

    Behind the last character is the end of the text. What is no UTF-8 becomes replacement characters, as at a cut.
    """
    parts: list[str] = []
    origins: list[int] = []
    copied = 0
    for match in _PERCENT.finditer(text):
        parts.append(text[copied : match.start()])
        origins.extend(range(copied, match.start()))
        copied = match.end()
        start = match.start()
        for character, size in _characters(unquote_to_bytes(match[0])):
            parts.append(character)
            origins.append(start)
            start += 3 * size  # `%` and two digits for each byte
    parts.append(text[copied:])
    origins.extend(range(copied, len(text) + 1))
    return "".join(parts), origins


def _characters(run: bytes) -> Iterator[tuple[str, int]]:
    """Yield the characters of UTF-8, each with the number of its bytes."""
    for character in run.decode("utf-8", "surrogateescape"):
        if "\udc80" <= character <= "\udcff":  # a byte that is part of no character
            yield "\ufffd", 1
        else:
            yield character, len(character.encode())


def _usually_escaped(text: str) -> tuple[str, list[int]]:
    """Return JSON with its strings escaped as Python does it, and for each character where it comes from.

    All characters of one escape come from its beginning; behind the last character is the end of the text.
    """
    parts: list[str] = []
    origins: list[int] = []
    copied = 0
    for match in _ESCAPE.finditer(text):
        escape = _usual_escape(match[0])
        parts += [text[copied : match.start()], escape]
        origins.extend(range(copied, match.start()))
        origins.extend([match.start()] * len(escape))
        copied = match.end()
    parts.append(text[copied:])
    origins.extend(range(copied, len(text) + 1))
    return "".join(parts), origins


def _usual_escape(escape: str) -> str:
    # What else may stand behind a backslash is written alike everywhere, or is no JSON.
    return json.dumps(json.loads(f'"{escape}"'))[1:-1] if escape == "\\/" or len(escape) == 6 else escape


def _original(span: tuple[int, int], origins: Sequence[int]) -> tuple[int, int]:
    """Return where a span of `_usually_escaped` comes from, with whole escapes at both ends."""
    start, end = span
    while origins[end] == origins[end - 1]:
        end += 1
    return origins[start], origins[end]


def _overlap(text: str, end: int, last: str, secret: str) -> int:
    """How many characters of a secret's beginning stand before `end`, the last of them being `last`."""
    at = secret.rfind(last, 0, -1)
    while at >= 0:
        length = at + len(last)
        if text.endswith(secret[:length], 0, end):
            return length
        at = secret.rfind(last, 0, length - 1)
    return 0


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    covered = 0
    for start, end in sorted(spans):
        # Overlapping and touching occurrences become one mask, so that none leaves a piece of itself behind.
        if start > covered or not parts:
            parts += [text[covered:start], MASK]
        covered = max(covered, end)
    return "".join(parts) + text[covered:]


@attrs.define
class _Finding:
    """Text as it may be shown, and the secrets that were taken out of it."""

    shown: str
    secrets: set[str] = attrs.Factory(set)

    def masked(self, secret: str) -> str:
        if secret:
            self.secrets.add(secret)
        return MASK


def redact_url(url: str) -> str:
    """Return a URL (or what was meant to be one) without userinfo, query values and fragment; query keys stay."""
    return _url(url).shown


def secrets_in_url(url: str) -> set[str]:
    """Return the secrets that `redact_url` removes, decoded and as they were written."""
    return _url(url).secrets


def redact_args(args: Sequence[str]) -> tuple[str, ...]:
    """Arguments as they may be shown.

    Masked are the values of flags, assignments and headers with secret names, known formats of tokens, and the
    secret parts of URLs.
    """
    return tuple(finding.shown for finding in _arguments(args))


def secrets_in_args(args: Sequence[str]) -> set[str]:
    """Return the secrets that `redact_args` removes."""
    found: set[str] = set().union(*(finding.secrets for finding in _arguments(args)))
    return {secret for secret in found if secret.lower() not in _HARMLESS_VALUES}


def secrets_in_headers(headers: Mapping[str, str]) -> set[str]:
    """Return the values of all headers but the harmless ones, and the credential in them without its scheme."""
    secrets: set[str] = set()
    for name, value in headers.items():
        if name.lower() not in HARMLESS_HEADERS:
            secrets |= _credentials(value)
    return secrets


_OAUTH_SECRETS: Final = (
    "access_token|refresh_token|id_token|id_token_hint|client_secret|client_assertion|assertion|code|code_verifier"
    "|device_code|registration_access_token|subject_token|actor_token|password"
)
_OAUTH_JSON: Final = re.compile(rf'"({_OAUTH_SECRETS})"(\s{{0,20}}:\s{{0,20}}")((?:[^"\\]|\\.)*)')
_OAUTH_FORM: Final = re.compile(rf"(?<![\w-])({_OAUTH_SECRETS})(=)([^&\s\"'<>]*)")


def redact_oauth(text: str) -> str:
    """Return what OAuth sends, a form or JSON, without the values that OAuth has as secrets, however short."""
    masked = _OAUTH_JSON.sub(lambda match: f'"{match[1]}"{match[2]}{MASK}', text)
    return _OAUTH_FORM.sub(lambda match: f"{match[1]}{match[2]}{MASK}", masked)


def secrets_in_oauth(text: str) -> set[str]:
    """Return the values that `redact_oauth` masks, decoded and as they were written."""
    found: set[str] = set()
    for match in _OAUTH_JSON.finditer(text):
        found.add(match[3])
        try:
            found.add(json.loads(f'"{match[3]}"'))
        except ValueError:
            continue  # cut short, or no JSON
    for match in _OAUTH_FORM.finditer(text):
        found |= {match[3], unquote_plus(match[3])}
    return {value for value in found if value}


def secrets_in_auth(auth: object) -> set[str]:
    """Return the token, the client secret and the private key of an `auth` object."""
    if not isinstance(auth, Mapping):
        return set()
    fields = ("token", "clientSecret", "client_secret", "privateKey", "private_key", "password")
    return {value for field in fields if isinstance(value := auth.get(field), str) and value}


def secrets_in_env(given: Mapping[str, str]) -> set[str]:
    """Return the secrets among environment variables that were given for this very server.

    Whoever writes a variable into a target mostly does so to hand over a credential: a value of eight or more
    characters counts as one unless its name or its look (path, number, well-known word) says otherwise.
    """
    secrets: set[str] = set()
    for name, value in given.items():
        if is_secret_name(name):
            secrets.add(value)
            continue
        secrets |= secrets_in_text(value)
        if "://" in value:
            continue
        if looks_like_token(value) or (len(value) >= 8 and not _says_nothing(name, value)):
            secrets.add(value)
    return {secret for secret in secrets if secret and secret.lower() not in _HARMLESS_VALUES}


def redact_variable(name: str, value: str) -> str:
    """Return the value of an environment variable that was given for this very server, as it may be shown.

    Stricter than `secrets_in_env`: what is masked in one place only may be short.
    """
    if is_secret_name(name):
        return MASK if value and value.lower() not in _HARMLESS_VALUES else value
    if "://" in value:
        return redact_text(value)
    return value if not value or _says_nothing(name, value) else MASK


def secrets_in_inherited_env(inherited: Mapping[str, str]) -> set[str]:
    """Return the secrets among inherited variables: only what is named like one, or has the form of a token."""
    return {
        value
        for name, value in inherited.items()
        if len(value) >= 8
        and value.lower() not in _HARMLESS_VALUES
        and not _NUMBER_OR_PATH.fullmatch(value)
        and (is_secret_name(name) or _TOKEN.fullmatch(value))
    }


def secrets_in_text(text: str) -> set[str]:
    """Return the secret parts of the URLs, connection strings, tokens and authorization headers in a text."""
    return _plain(text).secrets


def redact_text(text: str) -> str:
    """Return a text with the secret parts of the URLs, connection strings, tokens and authorization headers masked.

    What looks like `user:password@` is masked also where a mistyped URL has no scheme.
    """
    return _USERINFO.sub(f"{MASK}@", _plain(text).shown)


def is_secret_name(name: str) -> bool:
    """Whether a flag, variable, header or key of this name holds a secret: `--api-key`, `GITHUB_TOKEN`, `X-Auth`."""
    words = [word.lower() for word in _NAME_WORD.findall(name)]
    if not words or words[-1] in _TELLING_ENDINGS:
        return False
    if words[-1] in {"key", "keys"} and words[:-1] and words[-2] in {"public", "primary", "sort", "partition"}:
        return False
    return any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) for word in words)


def looks_like_token(word: str) -> bool:
    """Whether a single word has the form of a token: a known one, or long and without the look of language."""
    if _TOKEN.fullmatch(word):
        return True
    if len(word) >= 32 and re.fullmatch(r"[0-9a-fA-F-]+", word) and len(word.replace("-", "")) >= 32:
        return True
    return (
        len(word) >= 24
        and re.fullmatch(r"[A-Za-z0-9_+=-]+", word) is not None
        and re.search(r"[0-9]", word) is not None
        and re.search(r"[a-z]", word) is not None
        and re.search(r"[A-Z]", word) is not None
    )


def _forms(value: str) -> set[str]:
    """How a value may be written where it turns up again."""
    written = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    # With `+` for a space as forms of HTML have it; `Redactor` decodes the rest of such a text.
    forms = {
        value,
        value.strip(),
        value.replace(" ", "+"),
        quote(written, safe=""),
        quote(written),
        quote_plus(written),
    }
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    # Tools like to answer with JSON as a text, which is escaped once more on the wire.
    forms |= escaped | {json.dumps(form, ensure_ascii=False)[1:-1] for form in escaped}
    if "\n" in value:
        # stderr is read line by line; the first and last line of a PEM block are the same for all keys.
        forms |= {line.strip() for line in value.splitlines() if not line.startswith("-----")}
    return forms


def _says_nothing(name: str, value: str) -> bool:
    """Whether a variable's name or the look of its value says that it is no credential."""
    return not looks_like_token(value) and bool(
        _HARMLESS_ENVIRONMENT.fullmatch(name)
        or _NUMBER_OR_PATH.fullmatch(value)
        or _ORDINARY.fullmatch(value)
        or value.lower() in _HARMLESS_VALUES
    )


def _credentials(value: str) -> set[str]:
    """Return a header's value, and the part of it that stays secret when another scheme is put before it."""
    found = {value}
    scheme, space, credential = value.partition(" ")
    if space:
        found.add(credential.strip())
        if scheme.lower() == "basic":
            try:
                user_and_password = base64.b64decode(credential, validate=True).decode()
            except ValueError:
                return found
            found |= {user_and_password, *user_and_password.split(":", 1)}
    return {secret for secret in found if secret}


def _url(url: str) -> _Finding:
    parts = _parts(url)
    finding = _Finding("")
    scheme, authority, path, query = parts["scheme"] or "", parts["authority"], parts["path"], parts["query"]
    after_scheme = url[len(scheme) :]
    if "@" not in authority and "@" in after_scheme and re.search(r":(?![0-9]*$)", authority.rpartition("]")[2]):
        # `http://user:pa/ss@host`: the password should have been encoded. What was meant must not be shown.
        userinfo, _, rest = after_scheme.rpartition("@")
        parts = _parts("//" + rest)
        authority, path, query = f"{userinfo}@{parts['authority']}", parts["path"], parts["query"]
    userinfo, _, host = authority.rpartition("@")
    if userinfo:
        user, _, password = userinfo.partition(":")
        for secret in (user, password):
            if secret:
                finding.secrets |= {secret, unquote(secret)}
        if password:
            pair = f"{unquote(user)}:{unquote(password)}".encode("utf-8", "surrogatepass")
            finding.secrets.add(base64.b64encode(pair).decode())
    shown_path = "/".join(
        finding.masked(segment) if looks_like_token(segment) else _TOKEN.sub(lambda m: finding.masked(m[0]), segment)
        for segment in path.split("/")
    )
    finding.shown = scheme + host + shown_path
    if query is not None:
        finding.shown += "?" + _query(query, finding)
    if parts["fragment"]:
        finding.secrets.add(parts["fragment"])
    return finding


def _parts(url: str) -> re.Match[str]:
    parts = _URL_PARTS.fullmatch(url)
    if parts is None:  # cannot be: every part may be empty
        raise AssertionError("the pattern matches every text")
    return parts


def _query(query: str, finding: _Finding) -> str:
    shown: list[str] = []
    for pair in query.split("&"):
        key, equals, value = pair.partition("=")
        secret = value if equals else key
        if secret and secret.lower() not in _HARMLESS_VALUES:
            finding.secrets |= {secret, unquote_plus(secret)}
        shown.append(f"{key}={MASK}" if equals else MASK if key else "")
    return "&".join(shown)


def _arguments(args: Sequence[str]) -> list[_Finding]:
    findings: list[_Finding] = []
    awaited = ""
    for arg in args:
        findings.append(_argument(arg, awaited))
        awaited = arg if _FLAG.fullmatch(arg) else ""
        if arg.lower() in {"bearer", "authorization:"}:
            awaited = "--token"
    return findings


def _argument(arg: str, flag: str) -> _Finding:
    """One argument, behind `flag` (which may be empty)."""
    finding = _Finding(arg)
    if flag in {"-H", "--header", "--headers"} or (arg.startswith("-H") and ":" in arg):
        prefix, text = ("", arg) if flag in {"-H", "--header", "--headers"} else ("-H", arg[2:])
        header = _HEADER.fullmatch(text)
        if header and header[1].lower() not in HARMLESS_HEADERS:
            finding.secrets |= _credentials(header[2])
            finding.shown = f"{prefix}{header[1]}: {MASK}"
            return finding
        if not header and text:
            finding.shown = prefix + finding.masked(text)
            return finding
    if flag and is_secret_name(flag) and not arg.startswith("--") and not _counts(flag, arg):
        finding.secrets |= _pairs(arg).secrets
        finding.shown = finding.masked(arg)
        return finding
    if flag in {"-u", "--user", "--userpwd"} and ":" in arg and not re.fullmatch(r"[0-9]+:[0-9]+", arg):
        finding.secrets.add(arg.partition(":")[2])
        finding.shown = finding.masked(arg)
        return finding
    assignment = _ASSIGNMENT.fullmatch(arg)
    if assignment and "://" not in assignment[1]:
        name, value = assignment[1], assignment[2]
        if is_secret_name(name) and not _counts(name, value):
            finding.secrets |= _pairs(arg).secrets | _pairs(value).secrets
            finding.shown = f"{name}={finding.masked(value)}" if value else arg
            return finding
        inner = _argument(value, name) if name in {"-H", "--header"} else _plain(value)
        return _Finding(f"{name}={inner.shown}", inner.secrets)
    header = _HEADER.fullmatch(arg)
    if header and not header[2].startswith("//") and is_secret_name(header[1]):
        finding.secrets |= _credentials(header[2])
        finding.shown = f"{header[1]}: {MASK}"
        return finding
    return _plain(arg)


def _counts(name: str, value: str) -> bool:
    """Whether this is the number of tokens a model may use, not a token: `--max-token 100`."""
    return value.isdecimal() and re.search(r"(?i)max|min|limit|count|budget", name) is not None


def _plain(text: str) -> _Finding:
    """Return a text in which only shapes tell what is secret."""
    if looks_like_token(text):
        return _Finding(MASK, {text})
    finding = _Finding(text)

    def url(match: re.Match[str]) -> str:
        inner = _url(match[0])
        finding.secrets.update(inner.secrets)
        return inner.shown

    def pairs(text: str) -> str:
        inner = _pairs(text)
        finding.secrets.update(inner.secrets)
        return inner.shown

    def pair(match: re.Match[str]) -> str:
        is_secret = match[2] and is_secret_name(match[1])
        value = finding.masked(match[2]) if is_secret else pairs(match[2])
        return match[0][: match.start(2) - match.start()] + value + '"'

    def credential(match: re.Match[str]) -> str:
        return match[0][: match.start(1) - match.start()] + finding.masked(match[1])

    shown = pairs(_JSON_PAIR.sub(pair, text))  # before the URLs: `jdbc:…://h;password=p@ss` has no user in it
    shown = _URL.sub(url, shown)
    shown = _SCHEME_AND_CREDENTIAL.sub(credential, shown)
    finding.shown = _TOKEN.sub(lambda match: finding.masked(match[0]), shown)
    finding.secrets.discard(MASK)
    return finding


def _pairs(text: str) -> _Finding:
    """Return a connection string, or a text with assignments in it, without the values of secret names."""
    finding = _Finding(text)
    parts: list[str] = []
    end = 0
    for match in _PAIR_NAME.finditer(text):
        if match.start("name") < end or not is_secret_name(match["name"]):
            continue
        # At the beginning one name alone may be the first of a list, `my token=x` only before another pair.
        is_list = match["list"] is not None and (not match["list"].strip() or ";" in text)
        value = _text_of((_LIST_VALUE if is_list else _WORD_VALUE).match(text, match.end()))
        bare = value.strip()
        first = bare.partition(" ")[0].lower()
        if not bare or bare.startswith(MASK) or first in _HARMLESS_VALUES or _counts(match["name"], bare):
            continue
        finding.secrets |= _pair_secrets(bare)
        parts += [text[end : match.end()], MASK]
        end = match.end() + len(value)
    finding.shown = "".join(parts) + text[end:]
    return finding


def _text_of(match: re.Match[str] | None) -> str:
    if match is None:  # cannot be: a value may be empty
        raise AssertionError("the pattern matches every text")
    return match[0]


def _pair_secrets(value: str) -> set[str]:
    """Return a pair's value as it is written and as it is meant."""
    if value[0] not in "\"'{":
        return {value, _text_of(_VALUE_START.match(value))} - {""}
    closing = "}" if value[0] == "{" else value[0]
    inner = value[1:].removesuffix(closing)
    return {value, inner, inner.replace(closing * 2, closing), re.sub(r"(?s)\\(.)", r"\1", inner)} - {""}
