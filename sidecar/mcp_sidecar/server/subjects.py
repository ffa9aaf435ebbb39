"""The subject of a document of arguments: a tool, a prompt or a resource template, and what arguments do there."""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from mcp_sidecar.connection.calls import Calls
from mcp_sidecar.wire.errors import InvalidParams

SubjectKind = Literal["tool", "prompt", "resourceTemplate"]
"""What has arguments."""

KINDS: Final[Mapping[SubjectKind, str]] = {"tool": "", "prompt": "prompts", "resourceTemplate": "templates"}
"""Each kind, and the folder of its documents."""


class Subject(NamedTuple):
    """Whose arguments a document holds."""

    server: str
    name: str
    """Of a resource template, the template itself: names of those need not be unique."""
    kind: SubjectKind = "tool"

    @property
    def words(self) -> str:
        """The kind as people call it."""
        return "resource template" if self.kind == "resourceTemplate" else self.kind

    async def listed(self, calls: Calls, *, afresh: bool = False) -> Mapping[str, Any] | None:
        """The subject as the server lists it.

        Args:
            calls: to the server.
            afresh: whether what was listed before is not good enough.

        Raises:
            SidecarError: there is no list; says why.
        """
        match self.kind:
            case "tool":
                return await calls.tool(self.name)
            case "prompt":
                return await calls.item("prompts/list", "name", self.name, afresh=afresh)
            case "resourceTemplate":
                return await calls.item("resources/templates/list", "uriTemplate", self.name, afresh=afresh)

    def schema(self, item: Mapping[str, Any]) -> Any:
        """The JSON Schema of the arguments: a tool's own, or what a prompt or a template says of them."""
        if self.kind == "tool":
            return item.get("inputSchema")
        properties: dict[str, Any] = {}
        required: list[str] = []
        for argument in self._arguments(item):
            name = argument.get("name")
            if isinstance(name, str):
                text = {key: argument[key] for key in ("title", "description") if key in argument}
                properties[name] = {"type": "string", **text}
                required += [name] * (argument.get("required") is True)
        return {"type": "object", "properties": properties, "required": required}

    def _arguments(self, item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        if self.kind == "prompt":
            arguments = item.get("arguments")
            return [each for each in arguments if isinstance(each, dict)] if isinstance(arguments, list) else []
        from mcp_sidecar.connection.uri_template import variables

        try:
            known = variables(self.name)
        except ValueError as error:
            raise InvalidParams(f"$.name: no URI template: {error}") from error
        return [
            {"name": name, "required": needed}
            for names, needed in ((known.required, True), (known.optional, False))
            for name in names
        ]

    def request(self, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The MCP request that is made with arguments, and its params.

        Raises:
            InvalidParams: they make no URI.
        """
        if self.kind != "resourceTemplate":
            return "tools/call" if self.kind == "tool" else "prompts/get", {"name": self.name, "arguments": arguments}
        from mcp_sidecar.connection.uri_template import expand

        try:
            return "resources/read", {"uri": expand(self.name, arguments)}
        except ValueError as error:
            raise InvalidParams(f"The arguments are not right: {error}") from error

    @property
    def reference(self) -> dict[str, str] | None:
        """The `ref` by which the server completes the arguments' values; None where MCP has no such."""
        match self.kind:
            case "prompt":
                return {"type": "ref/prompt", "name": self.name}
            case "resourceTemplate":
                return {"type": "ref/resource", "uri": self.name}
        return None
