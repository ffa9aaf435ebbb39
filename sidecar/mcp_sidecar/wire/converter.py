"""The cattrs converter of the wire: lsprotocol's hooks, with strict values and our own rules for our own classes."""

import enum
from collections.abc import Callable
from datetime import datetime
from typing import Any

import attrs
from cattrs import Converter, override
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn
from lsprotocol import converters

from mcp_sidecar.wire import strict
from mcp_sidecar.wire.errors import InvalidParams
from mcp_sidecar.wire.payload import Passthrough, Raw, name_on_wire
from mcp_sidecar.wire.problems import WrongValue, describe


def make_converter() -> Converter:
    """Make a converter between JSON values and attrs classes.

    Values are never coerced. Of our own classes, unknown fields are refused by name, except for `Passthrough`, which
    keeps them; a field is left out only when its default is None and so is its value; names are camelCase.
    Structures of LSP follow lsprotocol: unknown fields are ignored, as LSP 3.17 asks for.
    """
    converter = Converter(detailed_validation=True)
    converter.register_structure_hook_factory(strict.is_sequence, _takes_converter(strict.sequence_hook, converter))
    converter.register_structure_hook_factory(strict.is_mapping, _takes_converter(strict.mapping_hook, converter))
    converter.register_structure_hook_factory(strict.is_literal, strict.literal_hook)
    converter.register_structure_hook_factory(strict.is_union, _takes_converter(strict.union_hook, converter))
    converters.get_converter(converter)

    for cls, hook in _PRIMITIVES.items():
        converter.register_structure_hook(cls, hook)
    converter.register_structure_hook_factory(_is_lsp_enum, _structure_lsp_enum)
    converter.register_structure_hook(datetime, strict.structure_datetime)
    converter.register_unstructure_hook(datetime, strict.unstructure_datetime)

    converter.register_structure_hook_factory(_is_ours, _takes_converter(_structure_ours, converter))
    converter.register_unstructure_hook_factory(_is_ours, _takes_converter(_unstructure_ours, converter))
    converter.register_structure_hook_factory(_is_passthrough, _takes_converter(_structure_passthrough, converter))
    converter.register_unstructure_hook_factory(_is_passthrough, _takes_converter(_unstructure_passthrough, converter))
    converter.register_structure_hook(Raw, lambda value, _: Raw(value))
    converter.register_unstructure_hook(Raw, lambda raw: raw.value)
    return converter


def structure_params(converter: Converter, value: Any, cls: Any) -> Any:
    """Turn params as they came (None when absent) into an instance of `cls`: an attrs class, `Raw`, or None.

    Raises:
        InvalidParams: They do not fit; the message names every problem with its JSON path.
    """
    if cls is Raw:
        return Raw(value)
    if cls is None:
        if value is None or value == [] or value == {}:
            return None
        raise InvalidParams("$: this method takes no params")
    try:
        counts_as_empty = value is None and not _is_passthrough(cls)
        # An empty Lua table arrives as a list.
        if (counts_as_empty or value == []) and isinstance(cls, type) and attrs.has(cls):
            value = {}
        return converter.structure(value, cls)
    except (WrongValue, ExceptionGroup, RecursionError) as exc:
        raise InvalidParams(describe(exc)) from exc


_PRIMITIVES: dict[type, strict.Hook] = {
    str: strict.structure_str,
    int: strict.structure_int,
    float: strict.structure_float,
    bool: strict.structure_bool,
    type(None): strict.structure_none,
}


def _takes_converter(make: Callable[[Any, Converter], Any], converter: Converter) -> Callable[[Any], Any]:
    return lambda cls: make(cls, converter)


def _is_ours(cls: Any) -> bool:
    return isinstance(cls, type) and attrs.has(cls) and not cls.__module__.startswith("lsprotocol")


def _is_lsp_enum(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, enum.Enum) and cls.__module__.startswith("lsprotocol")


def _structure_lsp_enum(cls: type[enum.Enum]) -> strict.Hook:
    """Let values pass that LSP may get later, or that editors made up (VS Code's trace "compact")."""
    known = {member.value: member for member in cls}
    kinds = {type(value) for value in known}

    def structure(value: Any, _: Any) -> Any:
        if type(value) not in kinds:
            raise WrongValue(strict.expectation(next(iter(kinds))), value)
        return known.get(value, value)

    return structure


def _is_passthrough(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, Passthrough)


def _structure_ours(cls: type, converter: Converter) -> strict.Hook:
    structure = _structure_fields(cls, converter, forbid_unknown=True)
    # A class may take more than its fields: its `prepared` makes these of what came.
    prepared: Callable[[dict[str, Any]], dict[str, Any]] | None = getattr(cls, "prepared", None)
    if prepared is None:
        return lambda value, _: structure(strict.as_object(value), cls)
    return lambda value, _: structure(prepared(strict.as_object(value)), cls)


def _structure_passthrough(cls: type, converter: Converter) -> strict.Hook:
    structure = _structure_fields(cls, converter, forbid_unknown=False)

    def keeping_all(value: Any, _: Any) -> Any:
        whole = None if value is None else strict.as_object(value)
        params = structure(whole or {}, cls)
        object.__setattr__(params, "raw", whole)  # frozen, but nobody else has seen it yet
        return params

    return keeping_all


def _structure_fields(cls: type, converter: Converter, *, forbid_unknown: bool) -> strict.Hook:
    strict.resolve_hints(cls)
    overrides: dict[str, Any] = {field.name: override(rename=name_on_wire(field)) for field in attrs.fields(cls)}
    if not forbid_unknown:
        overrides["raw"] = override(omit=True)
    return make_dict_structure_fn(
        cls, converter, _cattrs_forbid_extra_keys=forbid_unknown, _cattrs_detailed_validation=True, **overrides
    )


def _unstructure_ours(cls: type, converter: Converter) -> Callable[[Any], dict[str, Any]]:
    strict.resolve_hints(cls)
    overrides: dict[str, Any] = {
        field.name: override(rename=name_on_wire(field), omit_if_default=field.default is None)
        for field in attrs.fields(cls)
    }
    return make_dict_unstructure_fn(cls, converter, **overrides)


def _unstructure_passthrough(cls: type, converter: Converter) -> Callable[[Any], dict[str, Any]]:
    made_here = _unstructure_ours(cls, converter)

    def unstructure(params: Passthrough) -> dict[str, Any]:
        return made_here(params) if params.raw is None else params.raw

    return unstructure
