"""A JSON path: where something is in a JSON value, as `$.inputSchema.properties.q`."""

import json
import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_LONGEST_STEP = 100
_LONGEST = 300
"""Characters: a server decides how long names are, and how deep they are nested."""


def json_path(steps: Iterable[int | str]) -> str:
    """Return the path of some steps; names that are no plain words are in brackets (RFC 9535, section 2.3)."""
    path = "$"
    for step in steps:
        if len(path) > _LONGEST:
            return f"{path}…"
        if isinstance(step, int):
            path += f"[{step}]"
        elif _PLAIN.fullmatch(step) and len(step) <= _LONGEST_STEP:
            path += f".{step}"
        else:
            cut = step if len(step) <= _LONGEST_STEP else f"{step[:_LONGEST_STEP]}…"
            path += f"[{json.dumps(cut, ensure_ascii=False)}]"
    return path
