"""A stdio server with very many tools, each with arguments, annotations and a schema of its results.

    python many.py [--tools 5000] [--page 0] [--prompts 0] [--era legacy|modern|both]

They are on one page, or on pages of `--page` tools each. Prompts are beside them.
"""

import argparse
import contextlib
from typing import Any

from raw import META, RawServer, RpcError, text

Json = Any
"""Whatever JSON can say."""

TOPICS = ("invoice", "customer", "shipment", "ticket", "contract", "payment", "supplier", "warehouse")
VERBS = ("create", "get", "list", "update", "delete", "search", "export", "archive")


def generated(number: int) -> Json:
    """The tool of this number, much as generators make them from the description of an HTTP API."""
    topic, verb = TOPICS[number % len(TOPICS)], VERBS[number // len(TOPICS) % len(VERBS)]
    text_of = {"type": "string", "description": f"What to {verb} of the {topic}.", "minLength": 1}
    properties = {
        f"{topic}_id": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$", "description": f"The {topic}, as `ABC-123`."},
        "fields": {"type": "array", "items": text_of, "maxItems": 50},
        "state": {"type": "string", "enum": ["open", "closed", "any"], "default": "any"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20},
        "dry_run": {"type": "boolean", "default": False},
    }
    output = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    return {
        "name": f"{verb}_{topic}_{number}",
        "title": f"{verb.title()} {topic} {number}",
        "description": f"{verb.title()}s one {topic} or several of them, number {number} of the generated tools.",
        "inputSchema": {"type": "object", "properties": properties, "required": [f"{topic}_id"]},
        "outputSchema": output,
        "annotations": {"readOnlyHint": verb in {"get", "list", "search", "export"}, "openWorldHint": False},
    }


class ManyServer(RawServer):
    """Lists generated tools, and answers each with how often it counts."""

    name = "many"

    def __init__(self, era: str, count: int, page: int, prompts: int = 0) -> None:
        super().__init__(era)
        self.prompts = [{"name": f"prompt_{number}"} for number in range(prompts)]
        self.tools = [generated(number) for number in range(count)]
        self.page = page or count

    def capabilities(self) -> Json:
        return super().capabilities() | ({"prompts": {}} if self.prompts else {})

    def result(self, method: str, params: Json, request_id: Json) -> Json:
        if method != "prompts/list":
            return super().result(method, params, request_id)
        listed = {"prompts": self.prompts}
        return self.modern_result(listed) if META + "protocolVersion" in params.get("_meta", {}) else listed

    def list_tools(self, cursor: str | None) -> Json:
        start = int(cursor or 0)
        end = start + self.page
        more = {"nextCursor": str(end)} if end < len(self.tools) else {}
        return {"tools": self.tools[start:end], **more}

    def call_tool(self, name: str, arguments: Json, params: Json, request_id: Json) -> Json:
        if not any(tool["name"] == name for tool in self.tools):
            raise RpcError(-32602, f"Unknown tool: {name}")
        return text(name) | {"structuredContent": {"count": len(arguments)}}


def main() -> None:
    """Run the server as its arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=int, default=5000)
    parser.add_argument("--page", type=int, default=0, help="tools on a page; 0 puts all on one")
    parser.add_argument("--prompts", type=int, default=0)
    parser.add_argument("--era", choices=["legacy", "modern", "both"], default="both")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        ManyServer(options.era, options.tools, options.page, options.prompts).serve()


if __name__ == "__main__":
    main()
