"""The fields of a form, ready to be asked one by one, and what comes of an answer."""

from collections.abc import Mapping
from typing import Any, Literal

import attrs


@attrs.frozen(kw_only=True)
class FieldChoice:
    """Something that can be chosen."""

    title: str
    value: str | bool


@attrs.frozen(kw_only=True)
class FormField:
    """Something that is asked."""

    name: str
    title: str
    description: str
    required: bool
    kind: Literal["text", "choice", "choices"]
    """`choice` is one of `choices`, `choices` are any of them."""
    choices: tuple[FieldChoice, ...]
    schema: Mapping[str, Any]
    """As the server has it."""


@attrs.frozen(kw_only=True)
class Fields:
    """The fields of a form, in the server's order."""

    fields: tuple[FormField, ...]


@attrs.frozen(kw_only=True)
class Checked:
    """What comes of an answer: neither of them where the field is left out."""

    value: str | float | tuple[str, ...] | None = None
    """What is sent for it."""
    problem: str | None = None
    """Why it can't be sent."""
