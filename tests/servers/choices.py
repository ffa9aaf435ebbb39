"""A server whose tools and arguments can be chosen by buttons: few of them, with few values."""

import contextlib
import json

from raw import Json, RawServer, text, tool

LETTER = {"type": "string", "enum": ["a", "b"]}


class Choices(RawServer):
    """Has a tool `a` that needs a text, and a tool `b` that needs a letter and a version."""

    name = "choices"

    def __init__(self) -> None:
        super().__init__()
        b = {"type": "object", "properties": {"letter": LETTER, "version": {"const": 2}, "loud": {"type": "boolean"}}}
        self.tools = [
            tool("a", text="string"),
            {"name": "b", "inputSchema": {**b, "required": ["letter", "version"]}},
        ]

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        """The arguments that came."""
        return text(json.dumps(arguments, sort_keys=True))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        Choices().serve()
