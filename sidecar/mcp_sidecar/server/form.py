"""The fields of a form that is asked of the user, and what may be entered (MCP 2025-11-25, "Elicitation")."""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from mcp_sidecar.connection.output_schema import Checker
from mcp_sidecar.server.form_fields import Checked, FieldChoice, FormField

_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE | re.ASCII)
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)", re.IGNORECASE | re.ASCII)

_LARGEST: Final = 2**53 - 1
"""An integer beyond it is another one for most programs that read JSON."""

_PROBLEMS: Final[Mapping[str, str]] = {
    "minLength": "At least {} characters.",
    "maxLength": "At most {} characters.",
    "pattern": "It must match {}",
    "minimum": "At least {}.",
    "maximum": "At most {}.",
    "exclusiveMinimum": "More than {}.",
    "exclusiveMaximum": "Less than {}.",
    "multipleOf": "A multiple of {}.",
    "minItems": "Choose at least {}.",
    "maxItems": "Choose at most {}.",
}
"""What is said where a keyword of the schema is broken."""


class UnaskableError(ValueError):
    """The form can't be asked; says why."""


def fields_of(schema: Any) -> list[FormField]:
    """The fields in the server's order.

    Args:
        schema: a `requestedSchema`, whatever it is.

    Raises:
        UnaskableError: one of them is of no kind that MCP has.
    """
    properties, required = _record(schema).get("properties"), _record(schema).get("required")
    names = required if isinstance(required, list) else []
    return [_field(name, _record(each), required=name in names) for name, each in _record(properties).items()]


def check(schema: Mapping[str, Any], answer: str | tuple[str, ...], *, required: bool) -> Checked:
    """What an answer comes to, or what is wrong with it; the whole form is judged once more when it is sent.

    Args:
        schema: of the field.
        answer: what was typed, or the values that were chosen.
        required: whether there must be one. An empty text stands for none: nobody could see whether it was meant.
    """
    if not answer and not required:
        return Checked()
    value: str | float | tuple[str, ...]
    if isinstance(answer, tuple):
        value = answer
    elif not answer:
        return Checked(problem="An answer is needed.")
    elif schema.get("type") == "string":
        value = answer
    elif (number := _number(answer)) is None:
        return Checked(problem="A number.")
    elif schema.get("type") == "integer" and not (isinstance(number, int) and abs(number) <= _LARGEST):
        return Checked(problem="A whole number.")
    else:
        value = number
    problem = _broken(schema, list(value) if isinstance(value, tuple) else value) or _malformed(
        schema.get("format"), value
    )
    return Checked(problem=problem) if problem else Checked(value=value)


def _field(name: str, schema: Mapping[str, Any], *, required: bool) -> FormField:
    choices: tuple[FieldChoice, ...] = ()
    match schema.get("type"):
        case "boolean":
            choices = (FieldChoice(title="Yes", value=True), FieldChoice(title="No", value=False))
        case "array":
            choices = _choices(name, _record(schema.get("items")))
        case "string" if "enum" in schema or "oneOf" in schema:
            choices = _choices(name, schema)
        case "string" | "number" | "integer":
            pass
        case _:
            raise UnaskableError(f"{name} is of no type that a form can have.")
    return FormField(
        name=name,
        title=_text(schema.get("title")) or name,
        description=_text(schema.get("description")),
        required=required,
        kind="text" if not choices else "choices" if schema["type"] == "array" else "choice",
        choices=choices,
        schema=schema,
    )


def _choices(name: str, schema: Mapping[str, Any]) -> tuple[FieldChoice, ...]:
    """The values of an `enum`, with their `enumNames` or not, or the titled ones of `oneOf` or `anyOf`."""
    titled = next((schema[key] for key in ("oneOf", "anyOf") if isinstance(schema.get(key), list)), None)
    values = schema.get("enum") if titled is None else [_record(option).get("const") for option in titled]
    titles = schema.get("enumNames") if titled is None else [_record(option).get("title") for option in titled]
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise UnaskableError(f"{name} offers no choices that are texts.")
    known = titles if isinstance(titles, list) else []
    padded = [*known, *[None] * (len(values) - len(known))]
    return tuple(
        FieldChoice(title=_text(title) or value, value=value) for title, value in zip(padded, values, strict=False)
    )


def _number(text: str) -> int | float | None:
    if not _NUMBER.fullmatch(text.strip()):
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    return int(text) if re.fullmatch(r"[-+]?\d+", text.strip()) else int(number) if number.is_integer() else number


def _broken(schema: Mapping[str, Any], value: Any) -> str | None:
    """What of the schema a value breaks, as far as that can be told."""
    try:
        errors = Checker(dict(schema), trusted=True).errors(value, 1)
    except Exception:  # noqa: BLE001 - a stranger's schema: a `pattern` that is none, a limit that is no number, …
        return None
    if not errors:
        return None
    words = _PROBLEMS.get(str(errors[0].validator))
    return words.format(_shown(errors[0].validator_value)) if words is not None else str(errors[0].message)


def _malformed(form: object, value: object) -> str | None:
    """What is wrong with a text that has a format of MCP's."""
    checks: Mapping[object, tuple[Callable[[str], bool], str]] = {
        "email": (lambda text: bool(_EMAIL.fullmatch(text)), "An email address, such as name@example.org"),
        "uri": (_is_uri, "A URI, such as https://example.org"),
        "date": (_is_date, "A date, such as 2026-07-28"),
        "date-time": (_is_time, "A time with its zone, such as 2026-07-28T12:00:00Z"),
    }
    if not isinstance(value, str) or not isinstance(form, str) or form not in checks:
        return None
    is_right, problem = checks[form]
    return None if is_right(value) else problem


def _is_uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(_URI.fullmatch(text)) and (parts.scheme not in ("http", "https") or bool(parts.netloc))


def _is_date(text: str) -> bool:
    """RFC 3339, full-date."""
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    """RFC 3339, date-time."""
    try:
        has_form = text[10:11] in ("T", "t") and _TIME.fullmatch(text[11:])
        return _is_date(text[:10]) and bool(has_form and datetime.fromisoformat(text.upper()))
    except ValueError:
        return False


def _shown(value: object) -> str:
    """A limit as the schema has it."""
    return value if isinstance(value, str) else json.dumps(value)


def _record(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
