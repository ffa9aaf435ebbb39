"""Servers that speak JSON-RPC and break MCP: lists, schemas and results that are not what they should be."""

import json
from typing import ClassVar

from nasty.modes import NastyServer, mode
from raw import Json, text, tool

BIG_INTEGER = 2**64 + 12345
"""More than any machine integer holds, and more than a float keeps."""


@mode("same-cursor")
class SameCursor(NastyServer):
    """Every page of tools names the same next cursor."""

    def list_tools(self, cursor: str | None) -> Json:
        return {"tools": [tool("echo")], "nextCursor": "again"}


@mode("endless-cursors")
class EndlessCursors(NastyServer):
    """Every page of tools names a new next cursor, for ever."""

    def list_tools(self, cursor: str | None) -> Json:
        page = int(cursor or 0)
        return {"tools": [tool(f"tool_{page}")], "nextCursor": str(page + 1)}


@mode("pages")
class Pages(NastyServer):
    """N (5) proper pages of one tool each, one of them empty, the last with `nextCursor: null`."""

    default = 5

    def list_tools(self, cursor: str | None) -> Json:
        page = int(cursor or 0)
        tools = [] if page == 1 else [tool(f"tool_{page}")]
        return {"tools": tools, "nextCursor": None if page + 1 >= self.value else str(page + 1)}


@mode("many-tools")
class ManyTools(NastyServer):
    """Has N (5000) tools, on one page."""

    default = 5_000

    def list_tools(self, cursor: str | None) -> Json:
        return {"tools": [tool(f"tool_{number}", text="string") for number in range(self.value)]}


@mode("deep-schema")
class DeepSchema(NastyServer):
    """Lists the tool `deep`, whose input schema is nested N (98) deep, next to the usual ones."""

    default = 98

    def list_tools(self, cursor: str | None) -> Json:
        return {"tools": [*self.tools, {"name": "deep", "inputSchema": "here"}]}

    def respond(self, method: str, answer: Json) -> None:
        # As text: Python's own writer of JSON does not get as deep as others do.
        opening, closing = '{"type": "object", "properties": {"next": ', "}}"
        schema = opening * self.value + '{"type": "string"}' + closing * self.value
        self.write(json.dumps(answer).replace('"here"', schema).encode() + b"\n")


@mode("cyclic-schemas")
class CyclicSchemas(NastyServer):
    """Lists tools whose schemas refer to themselves: in a value, at once, in a ring of N (1000), and doubling."""

    default = 1_000

    def list_tools(self, cursor: str | None) -> Json:
        tree = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}
        ring = {f"d{number}": {"$ref": f"#/$defs/d{(number + 1) % self.value}"} for number in range(self.value)}
        doubling: Json = {
            f"d{number}": {"allOf": [{"$ref": f"#/$defs/d{number + 1}"}] * 2} for number in range(self.value)
        }
        doubling[f"d{self.value}"] = {"type": "integer"}
        both = [
            ("tree", tree),
            ("loop", {"type": "object", "$ref": "#"}),
            ("ring", {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "required": ["a"], "$defs": ring}),
            ("doubling", {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": doubling}),
        ]
        return {"tools": [{"name": name, "inputSchema": schema, "outputSchema": schema} for name, schema in both]}

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        return text("called") | {"structuredContent": {"a": 1, "children": [{"children": []}]}}


@mode("bad-tool")
class BadTool(NastyServer):
    """Lists broken tools between good ones: no schema, a number as name, a schema that is text, null, no object."""

    def list_tools(self, cursor: str | None) -> Json:
        broken: list[Json] = [
            {"name": "no_schema"},
            {"name": 42, "inputSchema": {"type": "object"}},
            {"name": "text_schema", "inputSchema": "object"},
            {"name": "array_schema", "inputSchema": {"type": "array"}},
            None,
            "tool",
        ]
        return {"tools": [self.tools[0], *broken, *self.tools[1:]]}


@mode("twin-tools")
class TwinTools(NastyServer):
    """Lists two tools of the same name."""

    def list_tools(self, cursor: str | None) -> Json:
        return {"tools": [tool("echo", "the first"), tool("echo", "the second"), *self.tools[1:]]}


@mode("null-tools")
class NullTools(NastyServer):
    """Lists its tools as null."""

    def list_tools(self, cursor: str | None) -> Json:
        return {"tools": None}


class WithOutputSchema(NastyServer):
    """Has one more tool, `measure`, that promises `{"value": integer}`."""

    def list_tools(self, cursor: str | None) -> Json:
        schema = {"type": "object", "properties": {"value": {"type": "integer"}}, "required": ["value"]}
        return {"tools": [*self.tools, tool("measure") | {"outputSchema": schema}]}

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        if name == "measure":
            return self.measure()
        return super().call_tool(name, arguments, params, request_id)

    def measure(self) -> Json:
        """The result of the tool."""
        raise NotImplementedError


@mode("broken-output")
class BrokenOutput(WithOutputSchema):
    """The tool `measure` breaks its output schema: the integer is a text."""

    def measure(self) -> Json:
        return text("much") | {"structuredContent": {"value": "much"}}


@mode("missing-output")
class MissingOutput(WithOutputSchema):
    """The tool `measure` has an output schema and answers without structured content."""

    def measure(self) -> Json:
        return text("much")


@mode("invalid-output-schema")
class InvalidOutputSchema(WithOutputSchema):
    """The output schema of the tool `measure` is itself no valid schema."""

    def list_tools(self, cursor: str | None) -> Json:
        listed = super().list_tools(cursor)
        listed["tools"][-1]["outputSchema"] = {"type": "object", "properties": {"value": {"type": "no such type"}}}
        return listed

    def measure(self) -> Json:
        return text("3") | {"structuredContent": {"value": 3}}


@mode("exotic")
class Exotic(NastyServer):
    """Tools and results carry unknown fields, nulls, unknown content types, and integers beyond 64 bits."""

    RESULT: ClassVar[Json] = {
        "content": [
            {"type": "text", "text": "plain", "annotations": None, "x-shade": {"blue": [1, None]}},
            {"type": "hologram", "depth": 3},
            {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png", "alt": "greeting"},
        ],
        "structuredContent": {
            "big": BIG_INTEGER,
            "small": -BIG_INTEGER,
            "nothing": None,
            "float": 1.0,
            "": {"jsonrpc": "2.0"},
        },
        "isError": False,
        "x-unknown": {"nested": [None, True, {"deep": "\u0000\u2028\U0001f600"}]},
        "_meta": {"acme/trace": "abc"},
    }

    def list_tools(self, cursor: str | None) -> Json:
        exotic = self.tools[0] | {"x-price": BIG_INTEGER, "annotations": {"x-mood": None}, "icons": []}
        return {"tools": [exotic, *self.tools[1:]], "x-list": {"total": None}}

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        return self.RESULT


@mode("contentless")
class Contentless(NastyServer):
    """Tool results have no content at all: {}."""

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        return {}


@mode("broken-content")
class BrokenContent(NastyServer):
    """Tool results have content that is no list of blocks."""

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        return {"content": "just text", "isError": "no"}


@mode("no-server-info")
class NoServerInfo(NastyServer):
    """Introduces itself without serverInfo."""

    def initialize(self, params: Json) -> Json:
        return {key: value for key, value in super().initialize(params).items() if key != "serverInfo"}


@mode("strange-server-info")
class StrangeServerInfo(NastyServer):
    """Introduces itself with a number as its version and null capabilities."""

    def initialize(self, params: Json) -> Json:
        return super().initialize(params) | {"serverInfo": {"name": "strange", "version": 2}, "capabilities": None}


@mode("no-capabilities")
class NoCapabilities(NastyServer):
    """Declares no capabilities and has tools all the same."""

    def capabilities(self) -> Json:
        return {}


@mode("strange-notifications")
class StrangeNotifications(NastyServer):
    """Sends malformed notifications (wrong types, no params, progress that nobody asked for) before each answer."""

    def respond(self, method: str, answer: Json) -> None:
        if method == self.on:
            self.notify("notifications/progress", {"progressToken": "nobody", "progress": "half"})
            self.notify("notifications/message", {"level": "shouting", "data": None})
            self.notify("notifications/message")
            self.notify("notifications/cancelled", {"requestId": answer["id"]})
            self.notify("notifications/resources/updated", {"uri": 42})
        super().respond(method, answer)
