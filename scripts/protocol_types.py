"""The TypeScript types of the protocol, written from the table of methods and the classes that it names.

    make types                                 writes extension/src/protocol.ts

What a field may be follows from its class, as on the wire: in a result, a field is left out only where its default is
None; in params, whatever has a default may be left out.
"""

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from mcp_sidecar.connection.errors import Failure
from mcp_sidecar.server.methods import CLIENT_METHODS, METHODS, NOTIFICATIONS
from mcp_sidecar.wire.methods import ClientMethod, Method, Notification
from mcp_sidecar.wire.payload import Passthrough, Raw, name_on_wire

OUTPUT = Path(__file__).parents[1] / "extension" / "src" / "protocol.ts"

HEADER = """\
// Generated from sidecar/mcp_sidecar/server/methods.py by `make types`; do not edit.
//
// docs/protocol.md says what all of it means. Times are ISO-8601 in UTC, durations are seconds.
"""

RAW = """\
/** JSON whose shape is somebody else's business, such as the result of a server. */
export type Raw = { [key: string]: unknown };
"""

WIDTH = 120
"""Columns, as Biome formats."""

PRIMITIVES = {str: "string", int: "number", float: "number", bool: "boolean", datetime: "string", NoneType: "null"}

AttrsClass = type[attrs.AttrsInstance]


def generate(
    methods: Sequence[Method] = METHODS,
    notifications: Sequence[Notification] = NOTIFICATIONS,
    client_methods: Sequence[ClientMethod] = CLIENT_METHODS,
) -> str:
    """Return the text of `protocol.ts`."""
    return Generator(methods, notifications, client_methods).text()


class Generator:
    """Writes the types of one table of methods."""

    def __init__(
        self,
        methods: Sequence[Method],
        notifications: Sequence[Notification],
        client_methods: Sequence[ClientMethod],
    ) -> None:
        self._methods = methods
        self._notifications = notifications
        self._client_methods = client_methods
        pushed = [*(push.params for push in notifications), *(method.params for method in client_methods)]
        given = [*(method.params for method in methods), *(method.result for method in client_methods)]
        self._given = list(_reachable(given))
        self._received = list(_reachable([*(method.result for method in methods), *pushed, Failure]))
        both = set(self._given) & set(self._received)
        if both:
            raise ValueError(f"params and results have other rules for what may be left out; both: {both}")
        self._aliases = _literal_aliases([*self._given, *self._received])

    def text(self) -> str:
        """Return the whole file."""
        parts = [HEADER, RAW]
        parts += [self._alias(name, values) for values, (name, _) in self._aliases.items()]
        parts += [self._interface(cls) for cls in [*self._given, *self._received]]
        error_data = [field for field in attrs.fields(Failure) if field.name != "message"]
        parts.append(
            _comment("The `data` of an error response with code -32803.")
            + _block("export interface ErrorData", self._fields(Failure, error_data))
        )
        requests = self._exchanges(self._methods)
        parts.append(_comment("Requests to the sidecar.") + _block("export interface Requests", requests))
        asked = _comment("Requests of the sidecar, to a client that opted in to them.")
        parts.append(asked + _block("export interface ClientRequests", self._exchanges(self._client_methods)))
        pushes = (f"{json.dumps(push.name)}: {self._type(push.params)};" for push in self._notifications)
        parts.append(
            _comment("Notifications of the sidecar, with their params.")
            + _block("export interface Notifications", pushes)
        )
        return "\n".join(parts)

    def _exchanges(self, methods: Iterable[Method | ClientMethod]) -> Iterator[str]:
        for each in methods:
            params, result = self._type(each.params), self._type(each.result)
            yield f"{json.dumps(each.name)}: {{ params: {params}; result: {result} }};"

    def _alias(self, name: str, values: tuple[str, ...]) -> str:
        _, doc = self._aliases[values]
        return _comment(doc) + _declared(f"export type {name} =", [json.dumps(value) for value in values])

    def _interface(self, cls: AttrsClass) -> str:
        base = _base(cls)
        head = f"export interface {cls.__name__}" + (f" extends {base.__name__}" if base else "")
        own = [field for field in attrs.fields(cls) if not field.inherited]
        lines = list(self._fields(cls, own))
        if Passthrough in cls.__bases__:
            lines += ["/** Everything else passes through. */", "[key: string]: unknown;"]
        return _comment(_summary(cls.__doc__)) + _block(head, lines)

    def _fields(self, cls: AttrsClass, fields: "Iterable[attrs.Attribute[Any]]") -> Iterator[str]:
        hints, docs = get_type_hints(cls), _field_docs(cls)
        for field in fields:
            members = self._members(hints[field.name])
            left_out = field.default is None if cls in self._received else field.default is not attrs.NOTHING
            if left_out:
                members = [member for member in members if member != "null"]
            yield from _comment(docs.get(field.name, "")).splitlines()
            yield from _declared(f"{name_on_wire(field)}{'?' if left_out else ''}:", members).splitlines()

    def _type(self, hint: Any) -> str:
        return " | ".join(self._members(hint))

    def _members(self, hint: Any) -> list[str]:
        """Return the members of the union that a type is in TypeScript; mostly one."""
        origin, args = get_origin(hint), get_args(hint)
        if origin is Literal:
            known = self._aliases.get(args)
            return [known[0]] if known else [json.dumps(value) for value in args]
        if origin in (Union, UnionType):
            return [member for arg in args for member in self._members(arg)]
        if hint is None:
            return ["null"]
        if hint is Any:
            return ["unknown"]
        if hint in PRIMITIVES:
            return [PRIMITIVES[hint]]
        if isinstance(hint, type) and (hint is Raw or attrs.has(hint)):
            return [hint.__name__]
        if origin is tuple and args[1:] == (...,):
            item = self._type(args[0])
            return [f"readonly ({item})[]" if " | " in item else f"readonly {item}[]"]
        if origin is Mapping and args[0] is str:
            return ["Raw"] if args[1] is Any else [f"{{ [key: string]: {self._type(args[1])} }}"]
        raise TypeError(f"{hint!r} has no type in TypeScript yet")


def _reachable(types: Iterable[Any]) -> Iterator[AttrsClass]:
    """Yield the attrs classes that are named by types, each once, those it needs before it."""
    seen: set[Any] = set()

    def visit(hint: Any) -> Iterator[AttrsClass]:
        for arg in get_args(hint):
            yield from visit(arg)
        if not isinstance(hint, type) or not attrs.has(hint) or hint in seen or hint in (Raw, Passthrough):
            return
        seen.add(hint)
        for base in hint.__bases__:
            yield from visit(base)
        hints = get_type_hints(hint)
        for field in attrs.fields(hint):
            yield from visit(hints[field.name])
        yield hint

    for each in types:
        yield from visit(each)


def _base(cls: AttrsClass) -> AttrsClass | None:
    return next((base for base in cls.__bases__ if attrs.has(base) and base is not Passthrough), None)


def _literal_aliases(classes: Sequence[AttrsClass]) -> dict[tuple[str, ...], tuple[str, str]]:
    """Return the literals that have a name in the module of their class: of the values, the name and what it means."""
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for cls in classes:
        module = sys.modules[cls.__module__]
        names = {get_args(value): name for name, value in vars(module).items() if get_origin(value) is Literal}
        docs = _docs(ast.parse(inspect.getsource(module)))
        for values in _literals(get_type_hints(cls).values()):
            # Only the module that defines a name says what it means.
            if values in names and not found.get(values, ("", ""))[1]:
                found[values] = (names[values], docs.get(names[values], ""))
    return found


def _literals(hints: Iterable[Any]) -> Iterator[tuple[str, ...]]:
    """Yield the values of all literals in types."""
    for hint in hints:
        if get_origin(hint) is Literal:
            yield get_args(hint)
        else:
            yield from _literals(get_args(hint))


def _field_docs(cls: AttrsClass) -> dict[str, str]:
    """Return what is said below the fields of a class."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(definition, ast.ClassDef)
    return _docs(definition)


def _docs(block: ast.Module | ast.ClassDef) -> dict[str, str]:
    """Return the texts that stand below names in a block of code."""
    found = {}
    for statement, below in zip(block.body, block.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign):
            target: ast.expr = statement.target
        elif isinstance(statement, ast.Assign):
            target = statement.targets[0]
        else:
            continue
        if isinstance(target, ast.Name) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[target.id] = _summary(str(below.value.value))
    return found


def _summary(doc: str | None) -> str:
    """Return the first paragraph of a docstring as one line."""
    return " ".join(inspect.cleandoc(doc or "").partition("\n\n")[0].split())


def _comment(text: str) -> str:
    return f"/** {text} */\n" if text else ""


def _block(head: str, lines: Iterable[str]) -> str:
    return f"{head} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _declared(head: str, members: Sequence[str]) -> str:
    """Write a union behind its head, over several lines where one is too long."""
    line = f"{head} {' | '.join(members)};\n"
    indentation = 0 if head.startswith("export") else 2
    if len(line) - 1 + indentation <= WIDTH:
        return line
    return head + "".join(f"\n  | {member}" for member in members) + ";\n"


def main() -> None:
    """Write the file."""
    OUTPUT.write_text(generate(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
