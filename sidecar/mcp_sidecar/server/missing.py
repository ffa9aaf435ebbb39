"""What a command lacks: asked for by messages with buttons, where there are few choices."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args

from mcp_sidecar.connection.calls import Calls
from mcp_sidecar.connection.configured.user import MOST_CHOICES, Unaskable, User
from mcp_sidecar.connection.logs import Level
from mcp_sidecar.connection.paging import LIST_KEYS
from mcp_sidecar.server.items import ItemKind
from mcp_sidecar.wire.errors import InvalidParams, RequestCancelled

_MOST_NAMED: Final = 40
"""Choices that an error names."""
_LONGEST_LABEL: Final = 60


class _Wanted(NamedTuple):
    """A param without which a method can't be called."""

    field: str
    noun: str
    method: str | None
    """The list that has the choices."""
    key: str = "name"
    """Where each item of that list has the value."""
    values: Sequence[str] = ()
    """The choices, where there is no list."""


_WANTED: Final[Mapping[str, _Wanted]] = {
    "mcp/tools/call": _Wanted("name", "tool", "tools/list"),
    "mcp/prefill": _Wanted("name", "tool", "tools/list"),
    "mcp/prompts/get": _Wanted("name", "prompt", "prompts/list"),
    "mcp/resources/read": _Wanted("uri", "resource", "resources/list", "uri"),
    "mcp/resources/subscribe": _Wanted("uri", "resource", "resources/list", "uri"),
    "mcp/resources/unsubscribe": _Wanted("uri", "resource", "resources/list", "uri"),
    "mcp/tasks/get": _Wanted("taskId", "task", "tasks/list", "taskId"),
    "mcp/tasks/result": _Wanted("taskId", "task", "tasks/list", "taskId"),
    "mcp/tasks/cancel": _Wanted("taskId", "task", "tasks/list", "taskId"),
    "mcp/logging/setLevel": _Wanted("level", "level", None, values=get_args(Level)),
    "mcp/items": _Wanted("kind", "kind", None, values=get_args(ItemKind)),
    "mcp/fields": _Wanted("prompt", "prompt", "prompts/list"),
}

_WITH_ARGUMENTS: Final = ("mcp/tools/call", "mcp/prompts/get")

_BESIDE: Final = frozenset({"arguments", "task", "_meta", "workDoneToken"})
"""Params that may stand without the one that is wanted. Any other may be that one mistyped: the method refuses it."""


class MissingParams:
    """Completes the params of commands."""

    def __init__(self, calls: Calls, user: User, server_name: Callable[[], str]) -> None:
        """
        Args:
            calls: to the MCP server, which knows what there is to choose from.
            user: who is asked.
            server_name: what the user knows the server as.
        """
        self._calls = calls
        self._user = user
        self._server_name = server_name

    def lacks(self, method: str, params: Any, *, shown: bool) -> bool:
        """Whether something would be asked for.

        Arguments are, only where the user chose the tool, or reads the result: a program may leave them out on purpose.
        """
        wanted = _WANTED.get(method)
        if wanted is None or not (params is None or params == [] or isinstance(params, dict)):
            return False
        given: Mapping[str, Any] = params or {}
        if wanted.field not in given:
            return given.keys() <= _BESIDE
        return shown and method in _WITH_ARGUMENTS and "arguments" not in given

    async def complete(self, method: str, params: Any) -> dict[str, Any]:
        """Return the params with what they lack; see `lacks`.

        Raises:
            InvalidParams: the user can't be asked for it; names what there is to choose from.
            RequestCancelled: the user chose nothing.
            SidecarError: the server did not tell what there is; says why.
        """
        wanted, completed = _WANTED[method], dict(params or {})
        if wanted.field not in completed:
            completed[wanted.field] = await self._chosen(wanted)
        if method in _WITH_ARGUMENTS and "arguments" not in completed:
            arguments = await self._arguments(method, completed["name"])
            completed |= {"arguments": arguments} if arguments else {}
        return completed

    async def _chosen(self, wanted: _Wanted) -> str:
        """One of what there is; the only one without a question."""
        values = await self._values(wanted)
        if not values:
            raise InvalidParams(f"$.{wanted.field}: is needed, but the server has no {wanted.noun} to choose.")
        if len(values) == 1:
            return values[0]
        message = f"Which {wanted.noun} of the MCP server {_line(self._server_name())}?"
        why = f"there are more than {MOST_CHOICES} to choose from"
        if len(values) <= MOST_CHOICES:
            try:
                return values[await self._index(message, values)]
            except Unaskable as error:
                why = str(error)
        named = ", ".join(_line(value) for value in values[:_MOST_NAMED])
        more = f", and {len(values) - _MOST_NAMED:,} more" if len(values) > _MOST_NAMED else ""
        raise InvalidParams(f"$.{wanted.field}: say which {wanted.noun} ({why}): {named}{more}")

    async def _values(self, wanted: _Wanted) -> list[str]:
        if wanted.method is None:
            return list(wanted.values)
        listed = (await self._calls.list_all(wanted.method, None)).get(LIST_KEYS[wanted.method])
        items = listed if isinstance(listed, list) else []
        values = [each.get(wanted.key) for each in items if isinstance(each, dict)]
        return list(dict.fromkeys(value for value in values if isinstance(value, str)))

    async def _index(self, message: str, texts: Sequence[str]) -> int:
        """Which of the texts the user takes."""
        labels: dict[str, int] = {}
        for index, text in enumerate(texts):
            label = _line(text)
            labels[label if label not in labels else f"{label} ({index + 1})"] = index
        answer = await self._user.choose(message, list(labels))
        if answer is None or answer not in labels:
            raise RequestCancelled("Nothing was chosen.")
        return labels[answer]

    async def _arguments(self, method: str, name: str) -> dict[str, Any]:
        """The arguments that a tool or prompt can't do without."""
        from mcp_sidecar.server.subjects import Subject
        from mcp_sidecar.views.json_schema import SchemaReader

        kind = "tool" if method == "mcp/tools/call" else "prompt"
        subject = Subject(self._server_name(), name, "tool" if kind == "tool" else "prompt")
        item = await subject.listed(self._calls)
        reader = SchemaReader(schema := subject.schema(item) if item is not None else None, MOST_CHOICES)
        root = reader.shape(schema)
        choices = {each: _choices(reader, root.properties.get(each)) for each in root.required}
        unaskable = [each for each, values in choices.items() if not values]
        if unaskable:
            raise InvalidParams(_explained(kind, name, unaskable, reader, root.properties))
        arguments = {}
        for each, values in choices.items():
            texts = [value if isinstance(value, str) else json.dumps(value) for value in values]
            message = f"{_line(each)}, for the {kind} {_line(name)}?"
            try:
                index = await self._index(message, texts) if len(values) > 1 else 0
            except Unaskable as error:
                explained = _explained(kind, name, list(root.required), reader, root.properties)
                raise InvalidParams(f"{explained} ({error})") from error
            arguments[each] = values[index]
        return arguments


def _choices(reader: Any, schema: Any) -> list[Any]:
    """The values that an argument may have; none where they are not few and simple."""
    shape = reader.shape(schema)
    values = shape.choices or ([True, False] if list(shape.types) == ["boolean"] else [])
    few = 0 < len(values) <= MOST_CHOICES
    return values if few and all(isinstance(value, str | int | float) for value in values) else []


def _explained(kind: str, name: str, needed: Sequence[str], reader: Any, properties: Mapping[str, Any]) -> str:
    told = []
    for each in needed[:_MOST_NAMED]:
        note = reader.note(reader.shape(properties.get(each)))
        told.append(f"{_line(each)} ({note})" if note else _line(each))
    example = json.dumps(
        {"name": name[:200], "arguments": dict.fromkeys(needed[:_MOST_NAMED], "…")}, ensure_ascii=False
    )
    return f"$.arguments: the {kind} {_line(name)} needs {', '.join(told)}. Pass {example}"


def _line(text: str) -> str:
    from mcp_sidecar.views.formats import one_line

    return one_line(text, _LONGEST_LABEL) or "?"
