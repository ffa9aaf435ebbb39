"""An HTTP address: whether a text is one, and what is wrong with it."""

import re
from typing import Final, Literal
from urllib.parse import urlsplit

from mcp_sidecar.connection.errors import InvalidTarget
from mcp_sidecar.connection.redaction import redact_text, redact_url
from mcp_sidecar.connection.status import Transport

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(//)?")
"""At least two letters, since one is a drive of Windows."""

_HOST_AND_PORT: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):[0-9]+(?:[/?#]\S*)?")
_USER_AND_HOST: Final = re.compile(r"[^\s/@:]+:[^\s/@]+@[A-Za-z0-9_.-]+(?::[0-9]+)?(?:[/?#]\S*)?")
_HOST_LIKE: Final = re.compile(
    r"(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}|[0-9]+(?:\.[0-9]+){3})/\S*"
)
_NO_HOST_CHARACTER: Final = re.compile(r"[\s\"<>\\^`{|}%]")
_SUPPORTED: Final = "Use http:// or https:// (streamable HTTP or SSE), the path of a server script, or a command line."


def scheme_of(text: str) -> str | None:
    """Return the scheme of what is written as a URL (`ftp` of `ftp://…`, `http` of `HTTP:x`), lower case; else None."""
    match = _SCHEME.match(text)
    if match is None:
        return None
    scheme = match[1].lower()
    # Without the slashes only these are surely meant as a scheme: `localhost:8000` has none.
    return scheme if match[2] or scheme in {"http", "https", "file"} else None


def http_url(text: str) -> str:
    """Return a checked http(s) URL, its scheme in lower case and nothing else changed.

    Raises:
        InvalidTarget: it has another scheme, no host, a bad port, or characters that no URL has.
    """
    scheme = scheme_of(text) or ""
    if scheme == "file":
        raise _invalid(text, "a file: URL is not supported", "Pass the path of the server script itself.")
    if scheme not in {"http", "https"}:
        raise _invalid(text, f"the scheme {scheme}:// is not supported", _SUPPORTED)
    url = scheme + text[len(scheme) :]
    example = f"Write it as {scheme}://host:port/path."
    if match := re.search(r"\s", url):
        raise _invalid(
            text, f"it has a space at column {match.start() + 1}", "Write a space in a URL as %20, or remove it."
        )
    if not url.startswith(f"{scheme}://"):
        raise _invalid(text, "it has no host", example)
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise _invalid(text, "its host is malformed", example) from None
    if not host:
        raise _invalid(text, "it has no host", example)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise _invalid(text, "its port is no number from 1 to 65535", example)
    if _NO_HOST_CHARACTER.search(host) or (":" not in host and _has_bad_label(host)):
        raise _invalid(text, "its host is no valid host name", example)
    return url


def detected_transport(url: str, asked: Literal["http", "sse"] | None) -> Transport:
    """Return a URL's transport: the one asked for, else SSE when the path ends in `/sse`, else streamable HTTP."""
    if asked is not None:
        return "sse" if asked == "sse" else "streamable-http"
    return "sse" if urlsplit(url).path.rstrip("/").endswith("/sse") else "streamable-http"


def refuse_url_without_scheme(text: str) -> None:
    """Stop at what is a URL but for its scheme.

    Raises:
        InvalidTarget: the text is `host:port`, with or without path and userinfo; suggests `http://` before it.
    """
    if _HOST_AND_PORT.fullmatch(text) or _USER_AND_HOST.fullmatch(text):
        # The slashes make the parts of the address recognisable as such when it is redacted.
        shown = redact_url("//" + text)[2:]
        raise InvalidTarget(
            f"'{shown}' looks like the address of an HTTP server without its scheme.",
            suggestion=f"Write http://{shown} (or https://).",
        )


def looks_like_host_and_path(text: str) -> bool:
    """Whether a relative path might be meant as a URL: `example.com/mcp`, `localhost/mcp`."""
    return _HOST_LIKE.fullmatch(text) is not None


def _has_bad_label(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    return any(not label or len(label) > 63 for label in labels)


def has_userinfo(url: str) -> bool:
    """Whether a URL names a user, whom HTTP clients turn into an Authorization header."""
    return "@" in urlsplit(url).netloc


def _invalid(text: str, problem: str, suggestion: str) -> InvalidTarget:
    return InvalidTarget(
        f"The URL '{_printable(redact_text(redact_url(text)))}' cannot be used: {problem}.", suggestion=suggestion
    )


def _printable(text: str) -> str:
    shown = text if len(text) <= 200 else text[:200] + "…"
    return shown.encode("utf-8", "backslashreplace").decode()
