"""The name that what a resource holds would have as a file, by which editors tell its language."""

import mimetypes
import re
from typing import Any, Final
from urllib.parse import unquote, urlsplit

_EXTENSIONS: Final = {
    "application/json": ".json",
    "application/x-yaml": ".yaml",
    "application/yaml": ".yaml",
    "application/toml": ".toml",
    "application/javascript": ".js",
    "application/typescript": ".ts",
    "text/javascript": ".js",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/typescript": ".ts",
    "text/x-python": ".py",
    "text/x-rust": ".rs",
    "text/x-sh": ".sh",
    "text/yaml": ".yaml",
    "image/jpeg": ".jpg",
}
"""Where the machine's own tables differ, or know nothing."""

_UNFIT: Final = re.compile(r"[^\w.+-]+")


def file_name(uri: Any, mime_type: Any, *, is_text: bool) -> str:
    """The name: the URI's last part, with an extension of the type."""
    path = urlsplit(uri[:2000]).path if isinstance(uri, str) and _is_url(uri) else ""
    last = _UNFIT.sub("_", unquote(path).rstrip("/").rpartition("/")[2])[-80:].strip("._")
    name, dot, extension = last.rpartition(".")
    kind = mime_type.partition(";")[0].strip().lower() if isinstance(mime_type, str) else ""
    if dot and name and 0 < len(extension) <= 8 and not kind:
        return last
    fitting = _EXTENSIONS.get(kind) or mimetypes.guess_extension(kind) or _suffix(kind)
    if dot and name and (not fitting or mimetypes.guess_type(last)[0] == kind):
        return last
    return (last or "resource") + (fitting or (".txt" if is_text else ".bin")) * (not last.endswith(fitting or "\0"))


def _suffix(kind: str) -> str:
    """The extension of a structured syntax (RFC 6839): `application/geo+json`."""
    return {"json": ".json", "xml": ".xml", "yaml": ".yaml"}.get(kind.rpartition("+")[2], "") if "+" in kind else ""


def _is_url(text: str) -> bool:
    try:
        urlsplit(text[:2000])
    except ValueError:
        return False
    return True
