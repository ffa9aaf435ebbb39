"""A pattern of a schema: a regular expression of ECMA-262, judged by Python's `re` as far as the two agree."""

import re

_LONGEST = 2000
"""Characters of a pattern that is looked at."""

_JAVASCRIPT = re.compile(
    r"\(\?<(?=[A-Za-z_$])|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[0-9a-fA-F]{4}"
    r"|\\c[A-Za-z]|\[\^?\]|\\/|\\k<[^>]*>"
)
"""What ECMA-262 has and Python's `re` has not."""


def flaw(pattern: str) -> str | None:
    """Say why a pattern is none; None where nothing is wrong, as far as can be told."""
    if len(pattern) > _LONGEST:
        return None
    try:
        re.compile(_JAVASCRIPT.sub(_in_python, pattern))
    except re.error as error:
        return error.msg
    except (RecursionError, OverflowError, Warning):  # too much for Python, or only doubtful there
        return None
    return None


def _in_python(match: re.Match[str]) -> str:
    """A piece of a JavaScript pattern, so that Python's `re` sees whether the rest is right."""
    if match[0] == "(?<":
        return "(?:"
    return "." if match[0].startswith("[") else "x"
