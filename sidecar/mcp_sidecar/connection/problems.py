"""What is wrong with a result: against the protocol's schema, and against the tool's own. Reported, never enforced."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any, Union, get_args

import attrs
import mcp_types
import mcp_types.methods
import pydantic
from jsonschema.exceptions import SchemaError

from mcp_sidecar.connection.output_schema import Checker

PROBLEM_LIMIT = 20
"""Problems reported for one result."""

_MESSAGE_LIMIT = 300

CHECKERS = 256
"""Schemas whose checkers are kept."""

TASKS_VERSION = "2025-11-25"
"""The version that has tasks of its own; in later ones they are an extension."""

TASK_RESULTS: Mapping[str, Any] = {
    "tools/call": mcp_types.CreateTaskResult,
    "tasks/list": mcp_types.ListTasksResult,
    "tasks/get": mcp_types.GetTaskResult,
    "tasks/cancel": mcp_types.CancelTaskResult,
}
"""The results that are of or about a task (MCP 2025-11-25, "Tasks"); the SDK's own table lacks them."""


@attrs.frozen
class Problem:
    """One thing that is wrong."""

    rule: str
    """`protocol`, `output-schema`, or `paging`."""
    path: str
    """Where, from the result's root: `$.content[0].text`."""
    message: str

    def as_json(self) -> dict[str, str]:
        """This problem as it goes under `_meta`."""
        return {"rule": self.rule, "path": self.path, "message": self.message}


def against_protocol(method: str, version: str, result: Mapping[str, Any], *, task: bool = False) -> list[Problem]:
    """What of `result` the protocol's schema does not allow.

    Args:
        method: the MCP method it answers; an unknown one has no schema.
        version: the negotiated protocol version.
        task: whether the result is a task that was begun, in place of the result proper.
    """
    try:
        schema = _schema(method, version, result, task=task)
        if schema is not None:
            schema.validate_python(result, by_name=False)
    except pydantic.ValidationError as error:
        return of_validation(error, result)
    except RecursionError:
        return [Problem("protocol", "$", "nested too deep to be checked")]
    return []


def of_validation(error: pydantic.ValidationError, value: Mapping[str, Any]) -> list[Problem]:
    """What an error of pydantic's says about a value, in the words of JSON; never empty."""
    items = error.errors(include_url=False, include_context=False, include_input=False)
    faults = _of_meant_members([_fault(item, value) for item in items])
    # Members of a union that share a field complain about it in the same words.
    problems = dict.fromkeys(Problem("protocol", json_path(fault.path), _short(fault.message)) for fault in faults)
    return list(problems)[:PROBLEM_LIMIT]


def _schema(method: str, version: str, result: Mapping[str, Any], *, task: bool) -> pydantic.TypeAdapter[Any] | None:
    """None where no schema is on file: of an unknown method, of a task that is an extension's."""
    if task or method.startswith("tasks/"):
        return _task_schema(method) if version == TASKS_VERSION else None
    return _protocol_schema(method, version, mcp_types.methods.is_input_required(result))


@functools.cache
def _protocol_schema(method: str, version: str, input_required: bool) -> pydantic.TypeAdapter[Any] | None:
    """None where no schema is on file. The SDK's own function also serialises what it has validated."""
    surface = _surface(input_required).get((method, version))
    return None if surface is None else pydantic.TypeAdapter(surface)


@functools.cache
def _task_schema(method: str) -> pydantic.TypeAdapter[Any] | None:
    model = TASK_RESULTS.get(method)
    return None if model is None else pydantic.TypeAdapter(model)


def against_output_schema(tool: Mapping[str, Any], result: Mapping[str, Any]) -> list[Problem]:
    """What of a `tools/call` result breaks the tool's own `outputSchema` (MCP 2025-06-18, "Tools: Output Schema").

    What can't be checked in a tenth of a second is taken for right.

    Args:
        tool: the tool as `tools/list` shows it.
        result: the result; an `isError` one owes no structured content.
    """
    schema = tool.get("outputSchema")
    if not isinstance(schema, dict) or result.get("isError") is True:
        return []
    if "structuredContent" not in result:
        return [Problem("output-schema", "$", "the tool has an outputSchema, but the result has no structuredContent")]
    try:
        errors = _checker(_Same(schema)).errors(result["structuredContent"], PROBLEM_LIMIT)
    except SchemaError as error:
        return [Problem("output-schema", "$", _short(f"the tool's outputSchema is no JSON Schema: {error.message}"))]
    except Exception as error:  # noqa: BLE001 - a stranger's schema: a `$schema` that is no text, a foreign `pattern`, …
        why = str(error) or type(error).__name__
        return [Problem("output-schema", "$", _short(f"the tool's outputSchema can't be applied: {why}"))]
    return [
        Problem("output-schema", json_path(("structuredContent", *error.absolute_path)), _short(error.message))
        for error in errors
    ]


@functools.cache
def _surface(input_required: bool) -> Mapping[tuple[str, str], Any]:
    """The protocol's schemas, with the kind that a result says it is where it may be one that asks for input.

    That kind demands so little that it would let every broken result of the 2026-07-28 era pass.
    """

    def meant(row: Any) -> Any:
        kinds = get_args(row)
        asking = [kind for kind in kinds if kind.__name__ == "InputRequiredResult"]
        if not asking:
            return row
        return asking[0] if input_required else Union[tuple(kind for kind in kinds if kind not in asking)]  # noqa: UP007

    return {key: meant(row) for key, row in mcp_types.methods.SERVER_RESULTS.items()}


class _Same:
    """A schema that is equal to itself only: a tool keeps the same one until the tools are listed again."""

    __slots__ = ("schema",)

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.schema is other.schema


@functools.lru_cache(maxsize=CHECKERS)
def _checker(same: _Same) -> Checker:
    """Made once for each schema: checking the schema itself takes ten times as long as checking a result."""
    return Checker(same.schema)


@attrs.frozen
class _Fault:
    """One error of pydantic's, its location taken apart."""

    path: tuple[int | str, ...]
    """Where, in the result."""
    members: tuple[tuple[tuple[int | str, ...], str], ...]
    """The union members it was tried as: where the union is, and the member's name."""
    message: str
    of_literal: bool
    """Whether a field has another value than the only ones that this member allows, as `type` has."""


def _fault(item: Mapping[str, Any], root: Any) -> _Fault:
    """Tell the steps into the result from the names of union members that pydantic mixes in."""
    path: list[int | str] = []
    members: list[tuple[tuple[int | str, ...], str]] = []
    here: Any = root
    location = item["loc"]
    for position, step in enumerate(location):
        inside = (isinstance(here, list) and isinstance(step, int) and step < len(here)) or (
            isinstance(here, dict) and step in here
        )
        if inside:
            here = here[step]
        if inside or (isinstance(here, dict) and position == len(location) - 1):
            path.append(step)  # the last one may name a field that is missing
        else:
            members.append((tuple(path), str(step)))
    # pydantic's words for this one name Python classes
    message = "Input should be an object" if item["type"] == "model_type" else item["msg"]
    return _Fault(tuple(path), tuple(members), message, item["type"] == "literal_error")


def _of_meant_members(faults: list[_Fault]) -> list[_Fault]:
    """Of each union, keep what is wrong with the member that was meant; when none was, say what there is."""
    unions: dict[tuple[int | str, ...], set[str]] = {}
    unfit: dict[tuple[int | str, ...], dict[str, _Fault]] = {}
    for fault in faults:
        for place, member in fault.members:
            unions.setdefault(place, set()).add(member)
        if fault.members and fault.of_literal:
            place, member = fault.members[-1]
            if len(fault.path) == len(place) + 1:
                unfit.setdefault(place, {})[member] = fault
    kept = [fault for fault in faults if all(member not in unfit.get(place, {}) for place, member in fault.members)]
    for place, wrong in unfit.items():
        if len(wrong) == len(unions[place]):
            first = next(iter(wrong.values()))
            choices = " or ".join(fault.message.removeprefix("Input should be ") for fault in wrong.values())
            kept.append(attrs.evolve(first, message=f"Input should be {choices}"))
    return kept


def json_path(steps: Iterable[int | str]) -> str:
    """A place in a value: `$.content[0].text`."""
    return functools.reduce(
        lambda path, step: f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}", steps, "$"
    )


def _short(text: str) -> str:
    return text if len(text) <= _MESSAGE_LIMIT else f"{text[:_MESSAGE_LIMIT]}…"
