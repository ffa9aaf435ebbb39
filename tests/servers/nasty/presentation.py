"""Servers that speak MCP properly, and present what they have as badly as can be."""

from nasty.modes import NastyServer, mode
from raw import Json, RpcError, text

REMOTE = "https://example.com/schema.json"

SCHEMAS: Json = {
    "invalid": {"type": "object", "properties": {"a": {"type": "strng", "description": "a"}}},
    "draft four": {"type": "object", "properties": {"a": {"type": "number", "exclusiveMinimum": True, "minimum": 1}}},
    "rootless": {"anyOf": [{"type": "object"}, {"type": "array"}]},
    "remote": {"type": "object", "properties": {"a": {"$ref": REMOTE}}},
    "nowhere": {"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}},
    "loop": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}},
    "tree": {"type": "object", "properties": {"a": {"type": "array", "items": {"$ref": "#"}}}},
    "siblings": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"a": {"$ref": "#/definitions/a", "maxLength": 3}},
        "definitions": {"a": {"type": "string"}},
    },
    "dialect": {"$schema": "https://example.com/dialect", "type": "object"},
    "large": {"type": "object", "properties": {f"a{number}": {"type": "string"} for number in range(1000)}},
    "names": {"type": "object", "properties": {"filter[name]": {"type": "string"}}, "required": ["page"]},
    "arrays": {
        "type": "object",
        "properties": {
            "list": {"type": "array"},
            "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "string"}]},
        },
    },
    "types": {
        "type": "object",
        "properties": {
            "level": {"type": "integer", "enum": [1, 2, 3]},
            "either": {"type": ["string", "null"]},
            "anything": {},
            "count": {"type": "integer", "format": "int32", "default": "ten", "minimum": 5, "maximum": 2},
            "code": {"type": "string", "pattern": "[a-z"},
        },
    },
    "closed": {
        "type": "object",
        "properties": {
            "a": {
                "type": "object",
                "allOf": [{"type": "object", "properties": {"b": {"type": "string"}}}],
                "additionalProperties": False,
            }
        },
    },
    "header": {"type": "object", "properties": {"a": {"type": "string", "x-mcp-header": "no token"}}},
}


@mode("ill-presented")
class IllPresented(NastyServer):
    """Breaks nearly every rule of the inspection."""

    version = ""
    instructions = ""

    def initialize(self, params: Json) -> Json:
        answer = super().initialize(params) | {"protocolVersion": "2024-11-05"}
        answer["serverInfo"] = {"name": "", "version": "", "icons": [{"src": "javascript:alert(1)"}]}
        return answer

    def capabilities(self) -> Json:
        return {"tools": {}, "completions": {}, "prompts": {}}

    def list_tools(self, cursor: str | None) -> Json:
        tools = [
            {"name": f"{name}.tool", "description": f"Is {name}.", "inputSchema": schema}
            for name, schema in SCHEMAS.items()
        ]
        deep: Json = {"type": "string"}
        for _ in range(50):
            deep = {"type": "object", "properties": {"next": deep}}
        plain = {"type": "object"}
        tools += [
            {"name": "deep", "title": " ", "description": "Is deep.", "inputSchema": deep},
            {"name": "twin", "description": "Is one of two.", "inputSchema": plain},
            {"name": "twin", "description": "Is one of two.", "inputSchema": plain},
            {"name": "Twin", "description": "Is one of two.", "inputSchema": plain},
            {"name": "not a name", "title": "Title", "description": "x" * 3000, "inputSchema": plain},
            {"name": "mute", "inputSchema": plain},
            {
                "name": "both",
                "description": "Reads and destroys.",
                "inputSchema": plain,
                "annotations": {"readOnlyHint": True, "destructiveHint": True},
            },
            {"name": "numbered", "description": 7, "inputSchema": plain},
            {"name": "structured", "description": "Breaks its schema.", "inputSchema": plain, "outputSchema": plain},
            {"name": "unstructured", "description": "Has no schema.", "inputSchema": plain},
        ]
        return {"tools": tools, "nextCursor": "again"}

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        print("called", flush=True)  # where only messages may be
        return text("called") | {"structuredContent": {} if name == "unstructured" else []}

    def unknown(self, method: str) -> Json:
        if method == "prompts/list":
            arguments = [{"name": "a"}, {"name": "a"}]
            return {"prompts": [{"name": "two words", "arguments": arguments}]}
        if method == "resources/list":
            return {
                "resources": [
                    {"uri": "no uri", "name": "a", "mimeType": "text", "size": -1},
                    {"uri": "a:1", "name": "b", "annotations": {"lastModified": "yesterday"}},
                    {"uri": "a:1", "name": "c"},
                ]
            }
        if method == "resources/templates/list":
            templates = ["a:{", "a:b"]
            return {"resourceTemplates": [{"uriTemplate": template, "name": template} for template in templates]}
        raise RpcError(-32603 if method == "ping" else -32601, "No.")

    def result(self, method: str, params: Json, request_id: Json) -> Json:
        return self.unknown(method) if method == "ping" else super().result(method, params, request_id)
