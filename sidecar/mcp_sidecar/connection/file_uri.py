"""`file:` URIs. Imported when they are needed: the standard library's way brings its HTTP client along."""

from urllib.parse import urlsplit
from urllib.request import url2pathname


def path_of(uri: str) -> str:
    """The path of a `file:` URI."""
    parts = urlsplit(uri)
    host = "" if parts.netloc.lower() == "localhost" else parts.netloc  # RFC 8089, section 2 and appendix E.3
    return url2pathname(f"//{host}{parts.path}" if host else parts.path)
