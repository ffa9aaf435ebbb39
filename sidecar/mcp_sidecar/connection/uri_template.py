"""URI templates (RFC 6570): the variables of a resource template, and the URI that their values make."""

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Variables:
    """The names of a template's variables, in order."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    """Those of a query, without which the URI still names something."""


def variables(template: str) -> Variables:
    """The variables of a template.

    Raises:
        ValueError: it is none; says why.
    """
    parsed = _parsed(template)
    names = dict.fromkeys(parsed.variable_names)
    optional = parsed.query_variable_names
    return Variables(
        required=tuple(name for name in names if name not in optional),
        optional=tuple(name for name in names if name in optional),
    )


def expand(template: str, values: Mapping[str, Any]) -> str:
    """The URI for these values: texts, numbers, booleans, or lists of them; null leaves a variable out.

    Raises:
        ValueError: the template is none, or a value is nothing that a URI can hold.
    """
    texts = {name: _text(name, value) for name, value in values.items() if value is not None}
    return str(_parsed(template).expand(texts))


def _parsed(template: str) -> Any:
    from mcp.shared.uri_template import UriTemplate  # late: the MCP stack is heavy

    return UriTemplate.parse(template)


def _text(name: str, value: Any) -> str | list[str]:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() if not any(isinstance(item, list | dict) or item is None for item in value):
            return [str(_text(name, item)) for item in value]
    raise ValueError(f"{name!r} must be a text, or a list of texts")
