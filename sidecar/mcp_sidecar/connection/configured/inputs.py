"""The inputs of a configuration file: what the user is asked for, and the answers of this session.

https://code.visualstudio.com/docs/reference/variables-reference, "Input variables".
"""

from collections.abc import Mapping
from typing import Final, Literal

import attrs

from mcp_sidecar.connection.configured.finding import Finding
from mcp_sidecar.connection.configured.input_option import InputOption
from mcp_sidecar.connection.redaction import is_secret_name, looks_like_token
from mcp_sidecar.jsonc import Node

_TYPES: Final = ("promptString", "pickString", "command")


@attrs.frozen(kw_only=True)
class InputDefinition:
    """An input as its file defines it."""

    id: str
    type: Literal["promptString", "pickString", "command"]
    description: str = ""
    default: str | None = None
    password: bool = False
    options: tuple[InputOption, ...] = ()
    start: int
    end: int


@attrs.frozen
class Answer:
    """What the user gave for an input."""

    value: str = attrs.field(repr=False)
    is_secret: bool


class Answers:
    """The answers of this session; they live in memory and nowhere else."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], str] = {}

    def give(self, path: str, input_id: str, value: str) -> None:
        """Keep the answer to an input of a file."""
        self._values[path, input_id] = value

    def of(self, path: str, definitions: Mapping[str, InputDefinition]) -> dict[str, Answer]:
        """The answers to the inputs of a file."""
        return {
            input_id: Answer(value, _is_secret(input_id, value, definitions.get(input_id)))
            for (file, input_id), value in self._values.items()
            if file == path
        }


def _is_secret(input_id: str, value: str, definition: InputDefinition | None) -> bool:
    if definition is not None and value in (definition.default, *(option.value for option in definition.options)):
        return False  # it is in the file, which could hide behind a mask what it runs
    return definition is None or definition.password or is_secret_name(input_id) or looks_like_token(value)


def read_inputs(section: Node | None) -> tuple[dict[str, InputDefinition], list[Finding]]:
    """Read `inputs`, and what is wrong with them."""
    found: dict[str, InputDefinition] = {}
    wrong: list[Finding] = []

    def report(message: str, node: Node) -> None:
        wrong.append(Finding.at(node, "input", "warning", message))

    inputs = section.get("inputs") if section is not None and section.kind == "object" else None
    if inputs is not None and inputs.kind != "array":
        report("`inputs` is a list.", inputs)
    for node in inputs.items if inputs is not None else ():
        identifier, kind = _string(node, "id"), _string(node, "type")
        if identifier is None or kind not in _TYPES:
            report(f"An input has an `id` and a `type`: {', '.join(_TYPES)}.", node)
        elif identifier in found:
            report(f"The input {identifier[:60]!r} is defined twice; the first one counts.", node)
        else:
            password = node.get("password")
            found[identifier] = InputDefinition(
                id=identifier,
                type=kind,  # type: ignore[arg-type]
                description=_string(node, "description") or "",
                default=_string(node, "default"),
                password=password is not None and password.value is True,
                options=_options(node),
                start=node.start,
                end=node.end,
            )
            if kind == "pickString" and not found[identifier].options:
                report(f"The input {identifier[:60]!r} has no `options` to pick from.", node)
    return found, wrong


def _options(node: Node) -> tuple[InputOption, ...]:
    options = node.get("options")
    found = []
    for item in options.items if options is not None else ():
        value = item.value if item.kind == "string" else _string(item, "value")
        if value is not None:
            label = (_string(item, "label") if item.kind == "object" else None) or value
            found.append(InputOption(label=label, value=value))
    return tuple(found)


def _string(node: Node, name: str) -> str | None:
    value = node.get(name) if node.kind == "object" else None
    return value.value if value is not None and value.kind == "string" else None
