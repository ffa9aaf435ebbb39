"""What is wrong with a result: against the protocol's schema, and against the tool's own. Reported, never enforced."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import mcp_types.methods
import pydantic
from jsonschema import ValidationError, validators
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

PROBLEM_LIMIT = 20
"""Problems reported for one result."""

_MESSAGE_LIMIT = 300


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


def against_protocol(method: str, version: str, result: Mapping[str, Any]) -> list[Problem]:
    """What of `result` the protocol's schema does not allow.

    Args:
        method: the MCP method it answers; an unknown one has no schema.
        version: the negotiated protocol version.
    """
    try:
        mcp_types.methods.validate_server_result(method, version, result)
    except pydantic.ValidationError as error:
        return [
            Problem("protocol", _path(item["loc"], result), _short(item["msg"]))
            for item in error.errors(include_url=False, include_context=False, include_input=False)[:PROBLEM_LIMIT]
        ]
    except (KeyError, ValueError):
        return []  # no schema is on file
    except RecursionError:
        return [Problem("protocol", "$", "nested too deep to be checked")]
    return []


def against_output_schema(tool: Mapping[str, Any], result: Mapping[str, Any]) -> list[Problem]:
    """What of a `tools/call` result breaks the tool's own `outputSchema` (MCP 2025-06-18, "Tools: Output Schema").

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
        errors = list(_first(_validator(schema).iter_errors(result["structuredContent"])))
    except SchemaError as error:
        return [Problem("output-schema", "$", _short(f"the tool's outputSchema is no JSON Schema: {error.message}"))]
    except (Unresolvable, RecursionError) as error:
        return [Problem("output-schema", "$", _short(f"the tool's outputSchema can't be applied: {error}"))]
    return [
        Problem("output-schema", _json_path(("structuredContent", *error.absolute_path)), _short(error.message))
        for error in errors
    ]


def _first(errors: Iterable[ValidationError]) -> Iterable[ValidationError]:
    return (error for error, _ in zip(errors, range(PROBLEM_LIMIT), strict=False))


def _validator(schema: dict[str, Any]) -> Any:
    kind = validators.validator_for(schema, default=validators.Draft202012Validator)
    kind.check_schema(schema)
    # An empty registry: a `$ref` to elsewhere must not make the sidecar fetch it.
    return kind(schema, registry=Registry())


def _path(location: tuple[int | str, ...], root: Any) -> str:
    """A JSON path from pydantic's location, without the names of union members that it mixes in."""
    steps: list[int | str] = []
    here: Any = root
    for position, step in enumerate(location):
        inside = (isinstance(here, list) and isinstance(step, int) and step < len(here)) or (
            isinstance(here, dict) and step in here
        )
        if inside:
            here = here[step]
        if inside or (isinstance(here, dict) and position == len(location) - 1):
            steps.append(step)  # the last one may name a field that is missing
    return _json_path(steps)


def _json_path(steps: Iterable[int | str]) -> str:
    return functools.reduce(
        lambda path, step: f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}", steps, "$"
    )


def _short(text: str) -> str:
    return text if len(text) <= _MESSAGE_LIMIT else f"{text[:_MESSAGE_LIMIT]}…"
