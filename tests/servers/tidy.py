"""A server that presents itself as well as can be: an inspection finds nothing wrong with it.

It can break one thing of what it does: `python tidy.py [--era ERA] [--broken THING]`, with THING one of

    undeclared      declares nothing, and answers all the same
    silent          declares everything, and answers nothing of it
    hollow          declares completions, logging and tasks, and has none of them
    rude            declares nothing, and answers what it has not with error -32000
    contradicting   its resource is not what it is listed as
"""

import argparse
import contextlib
import sys

from raw import Json, NoAnswer, RawServer, RpcError, text

NUMBER = {
    "type": "object",
    "properties": {"value": {"type": "number", "description": "the number"}},
    "required": ["value"],
}


class TidyServer(RawServer):
    """Has one of everything."""

    name = "tidy"

    def __init__(self, era: str, broken: str | None) -> None:
        super().__init__(era)
        self.broken = broken
        self.tools = [
            {
                "name": "double",
                "title": "Double",
                "description": "Doubles a number.",
                "inputSchema": NUMBER,
                "outputSchema": NUMBER,
                "annotations": {"readOnlyHint": True},
                "icons": [{"src": "data:image/png;base64,AA==", "mimeType": "image/png", "sizes": ["48x48"]}],
            }
        ]
        self.lists = {
            "prompts/list": {
                "prompts": [
                    {
                        "name": "greet",
                        "title": "Greet",
                        "description": "Greets somebody.",
                        "arguments": [{"name": "name", "description": "whom", "required": True}],
                    }
                ]
            },
            "resources/list": {
                "resources": [
                    {
                        "uri": "note:///1",
                        "name": "one",
                        "title": "One",
                        "description": "The first note.",
                        "mimeType": "text/plain",
                        "size": 6,
                        "annotations": {"lastModified": "2026-07-28T12:00:00Z"},
                    }
                ]
            },
            "resources/templates/list": {
                "resourceTemplates": [
                    {"uriTemplate": "note:///{number}", "name": "note", "title": "Note", "description": "Any note."}
                ]
            },
        }

    def capabilities(self) -> Json:
        if self.broken in ("undeclared", "rude"):
            return {}
        tasks: Json = {"tasks": {"list": {}}} if self.broken == "hollow" else {}
        return {"tools": {}, "prompts": {}, "resources": {}, "completions": {}, "logging": {}} | tasks

    def initialize(self, params: Json) -> Json:
        return super().initialize(params) | {"protocolVersion": params["protocolVersion"]}

    def result(self, method: str, params: Json, request_id: Json) -> Json:
        if method in ("initialize", "server/discover"):
            return super().result(method, params, request_id)
        if self.broken == "silent":
            raise NoAnswer
        return super().result(method, params, request_id)

    def list_tools(self, cursor: str | None) -> Json:
        if self.broken == "rude":
            raise RpcError(-32000, "What do you want?")
        return super().list_tools(cursor)

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        value = arguments["value"] * 2
        return text(str(value)) | {"structuredContent": {"value": value}}

    def unknown(self, method: str) -> Json:
        if self.broken == "rude":
            raise RpcError(-32000, "What do you want?")
        if self.broken == "hollow" and method not in self.lists:
            return super().unknown(method)
        if method in self.lists:
            result = self.lists[method]
        elif method == "completion/complete":
            result = {"completion": {"values": ["a", "b"]}}
        elif method == "logging/setLevel":
            result = {}
        elif method == "resources/read":
            said = "text/markdown" if self.broken == "contradicting" else "text/plain"
            body = "a longer note" if self.broken == "contradicting" else "a note"
            result = {"contents": [{"uri": "note:///1", "mimeType": said, "text": body}]}
        else:
            return super().unknown(method)
        # Only the lists and what is read may be cached, but a server may say so of everything.
        return self.modern_result(result) if self.modern and not self.legacy else result


def main() -> None:
    """Run the server as its arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--era", choices=["legacy", "modern"], default="legacy")
    parser.add_argument("--broken", choices=["undeclared", "silent", "hollow", "rude", "contradicting"])
    options = parser.parse_args()
    print("tidy: ready", file=sys.stderr, flush=True)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        TidyServer(options.era, options.broken).serve()


if __name__ == "__main__":
    main()
