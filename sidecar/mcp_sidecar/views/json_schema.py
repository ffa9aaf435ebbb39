"""A JSON Schema as far as a first draft of a value needs it. Any JSON may come for one, so all work is bounded."""

import math
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from mcp_sidecar.views.formats import one_line
from mcp_sidecar.views.json_text import lay_out

CONSTRAINTS: Final = (
    *("format", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
)
_KEYWORDS: Final = (
    "default",
    "const",
    "examples",
    "enum",
    "items",
    "prefixItems",
    "title",
    "description",
    *CONSTRAINTS,
)

_DEEPEST: Final = 5
"""Levels of a value that are filled in."""
_MOST_COMBINED: Final = 30
_MOST_CHOICES: Final = 10
_MOST_ITEMS: Final = 10
_LONGEST_VALUE: Final = 10_000
"""Characters of a value that a schema offers; a longer one is passed over."""
_BUDGET: Final = 20_000
"""How much of a schema is looked at in all: references can multiply without end."""


@dataclass
class Shape:
    """A schema with its references followed and its combinations merged."""

    keywords: dict[str, Any] = field(default_factory=dict)
    """Of the schema itself, then of what it refers to and must also fit, then of the first alternative."""
    properties: dict[str, Any] = field(default_factory=dict)
    """Of all alternatives."""
    required: dict[str, None] = field(default_factory=dict)
    """The names that the first alternative requires, in order."""
    types: dict[str, None] = field(default_factory=dict)
    """The names of the types, the first alternative's first."""
    choices: list[Any] = field(default_factory=list)
    """What `enum` and `const` allow in any alternative."""
    has_alternatives: bool = False
    is_secret: bool = False
    """Whether the values are to be written only, or are passwords, in any alternative."""

    @property
    def type(self) -> str | None:
        """The one type to begin with."""
        implied = "object" if self.properties or self.required else "array" if "items" in self.keywords else None
        return next((name for name in self.types if name != "null"), implied)


class SchemaReader:
    """Reads the parts of one schema."""

    def __init__(self, root: Any, most_choices: int = _MOST_CHOICES) -> None:
        self._root = root
        self._most_choices = most_choices
        self._budget: float = _BUDGET

    @property
    def is_spent(self) -> bool:
        """Whether there was too much to look at, so that not all was seen."""
        return self._budget < 0

    def shape(self, schema: Any) -> Shape:
        """Return the shape of a part of the schema."""
        shape = Shape()
        self._merge(shape, schema, chosen=True, depth=0)
        return shape

    def is_plain_object(self, shape: Shape, depth: int) -> bool:
        """Tell whether only its members make up a value: an object for which the schema offers none."""
        return depth < _DEEPEST and shape.type == "object" and not self._offers(shape)

    def sample(self, shape: Shape, depth: int) -> Any:
        """Return a value to begin with, with the required members only."""
        offers = self._offers(shape)
        if offers:
            return offers[0]
        match shape.type:
            case "string":
                return ""
            case "integer" | "number":
                return max(0, _number(shape.keywords.get("minimum")))
            case "boolean":
                return False
            case "array":
                return self._items(shape, depth)
            case "object":
                names = shape.required if depth < _DEEPEST else ()
                return {name: self._member(shape.properties.get(name), depth) for name in names}
        return None

    def note(self, shape: Shape) -> str:
        """Tell type or choices, constraints and description, in one line."""
        items = list(self.shape(shape.keywords.get("items")).types) if "array" in shape.types else []
        names = [f"{items[0]}[]" if name == "array" and len(items) == 1 else name for name in shape.types]
        choices = [self._text(choice) for choice in shape.choices[:_MOST_CHOICES]]
        if choices:
            more = ["…"] if len(shape.choices) > _MOST_CHOICES else []
            names = list(dict.fromkeys([*choices, *more, *(name for name in names if name == "null")]))
        keywords = shape.keywords
        constraints = [one_line(f"{name} {self._text(keywords[name])}", 60) for name in CONSTRAINTS if name in keywords]
        parts = [one_line(" | ".join(names), 120), *constraints, one_line(keywords.get("description"), 160)]
        return " · ".join(part for part in parts if part)

    def _member(self, schema: Any, depth: int) -> Any:
        return self.sample(self.shape(schema), depth + 1)

    def _items(self, shape: Shape, depth: int) -> list[Any]:
        at_least = _number(shape.keywords.get("minItems")) if depth < _DEEPEST else 0
        count = math.floor(max(0, min(at_least, _MOST_ITEMS)))
        schemas = _list(shape.keywords.get("prefixItems"))[:count]
        schemas += [shape.keywords.get("items")] * (count - len(schemas))
        return [self._member(schema, depth) for schema in schemas]

    def _merge(self, shape: Shape, schema: Any, *, chosen: bool, depth: int) -> None:
        """Add a schema to a shape; what is not chosen is another alternative."""
        if not isinstance(schema, dict) or depth > _MOST_COMBINED or not self._spend(1):
            return
        self._merge_own(shape, schema, chosen=chosen)
        for part in (self._target(schema.get("$ref")), *_list(schema.get("allOf"))[:_MOST_COMBINED]):
            self._merge(shape, part, chosen=chosen, depth=depth + 1)
        for keyword in ("anyOf", "oneOf"):
            alternatives = _list(schema.get(keyword))[:_MOST_COMBINED]
            first = next((each for each in alternatives if isinstance(each, dict) and each.get("type") != "null"), None)
            shape.has_alternatives |= len(alternatives) > 1
            self._merge(shape, first, chosen=chosen, depth=depth + 1)
            for other in alternatives:
                if other is not first:
                    self._merge(shape, other, chosen=False, depth=depth + 1)

    def _merge_own(self, shape: Shape, schema: dict[str, Any], *, chosen: bool) -> None:
        """Add what a schema says by itself."""
        if chosen:
            for name in _KEYWORDS:
                if name in schema:
                    shape.keywords.setdefault(name, schema[name])
            for name in _list(schema.get("required")):
                if self._spend(1) and isinstance(name, str):
                    shape.required[name] = None
        self._merge_properties(shape, schema.get("properties"), chosen=chosen)
        types = schema.get("type")
        for each in types[:10] if isinstance(types, list) else [types]:
            if isinstance(each, str):
                shape.types[one_line(each, 20)] = None
        shape.choices += [schema["const"]] if "const" in schema else _list(schema.get("enum"))[: self._most_choices + 1]
        shape.is_secret |= schema.get("writeOnly") is True or schema.get("format") == "password"

    def _merge_properties(self, shape: Shape, properties: Any, *, chosen: bool) -> None:
        for name, schema in properties.items() if isinstance(properties, dict) else ():
            if not self._spend(1):
                return
            if name not in shape.properties:
                shape.properties[name] = schema
            elif chosen:
                shape.properties[name] = {"allOf": [shape.properties[name], schema]}

    def _target(self, reference: Any) -> Any:
        """Return what a local JSON pointer points to."""
        if not isinstance(reference, str) or len(reference) > 1_000:
            return None
        if reference != "#" and not reference.startswith("#/"):
            return None
        node = self._root
        for part in reference.split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and name.isascii() and name.isdigit() and len(name) < 10:
                node = node[int(name)] if int(name) < len(node) else None
            else:
                node = node.get(name) if isinstance(node, dict) else None
        return node

    def _offers(self, shape: Shape) -> list[Any]:
        """Return the values that the schema itself offers, the best first."""
        offers = [shape.keywords[name] for name in ("default", "const") if name in shape.keywords]
        offers += [value for name in ("examples", "enum") for value in _list(shape.keywords.get(name))[:1]]
        return [value for value in offers if self._text(value)]

    def _text(self, value: Any) -> str:
        """Return JSON, whose length counts as work; nothing where it is too long, or the budget is spent."""
        if self._budget <= 0:
            return ""
        text, is_whole = lay_out(value, _LONGEST_VALUE, indented=False)
        self._budget -= len(text) / 100
        return text if is_whole else ""

    def _spend(self, amount: int) -> bool:
        self._budget -= amount
        return self._budget >= 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> int | float:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
