"""`extension/src/protocol.ts` against the code that it is made from, and the rules by which it is made."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, get_args

import attrs
import pytest

from mcp_sidecar.connection.errors import ErrorKind, SidecarError
from mcp_sidecar.wire.methods import ClientMethod, Method, Notification
from mcp_sidecar.wire.payload import Passthrough, Raw, wire_name
from scripts.protocol_types import OUTPUT, generate

Colour = Literal["red", "green"]
"""What it
looks like."""

Planet = Literal[
    "mercury", "venus", "earth", "mars", "jupiter", "saturn", "uranus", "neptune", "ceres", "pluto", "haumea", "eris"
]


def test_the_types_of_the_extension_are_those_of_the_code() -> None:
    assert OUTPUT.read_text(encoding="utf-8") == generate(), "the protocol has changed: run `make types`"


def every(cls: type[SidecarError]) -> Iterator[type[SidecarError]]:
    """A class of errors and all that are made from it."""
    yield cls
    for each in cls.__subclasses__():
        yield from every(each)


def test_the_kinds_of_errors_are_those_that_are_raised() -> None:
    assert {cls.kind for cls in every(SidecarError) if cls is not SidecarError} == set(get_args(ErrorKind))


@attrs.frozen(kw_only=True)
class Wish(Passthrough):
    """Params
    on two lines.

    And more of them.
    """

    meta: Mapping[str, Any] | None = attrs.field(default=None, metadata=wire_name("_meta"))


@attrs.frozen(kw_only=True)
class Order(Wish):
    given_name: str
    count: int = 1
    """How many."""
    colours: tuple[Colour, ...] | None = None
    size: Literal["s", "m"] | Mapping[str, str] | None = None


@attrs.frozen(kw_only=True)
class Part:
    planet: Planet | None
    weight: float = 1.5


@attrs.frozen(kw_only=True)
class Outcome:
    """What came of it."""

    made_at: datetime
    part: Part | None
    parts: tuple[Part | None, ...]
    note: str | None = None
    anything: Any


METHODS = [Method("t/order", Order, Outcome), Method("t/stop", None, None), Method("t/pass", Wish, Raw)]
ASKED = [ClientMethod("t/ask", Part, Raw)]
PUSHES = [Notification("t/made", Outcome), Notification("t/said", Raw)]

TYPES = """\
/** What it looks like. */
export type Colour = "red" | "green";

export type Planet =
  | "mercury"
  | "venus"
  | "earth"
  | "mars"
  | "jupiter"
  | "saturn"
  | "uranus"
  | "neptune"
  | "ceres"
  | "pluto"
  | "haumea"
  | "eris";

/** Params on two lines. */
export interface Wish {
  _meta?: Raw;
  /** Everything else passes through. */
  [key: string]: unknown;
}

export interface Order extends Wish {
  givenName: string;
  /** How many. */
  count?: number;
  colours?: readonly Colour[];
  size?: "s" | "m" | { [key: string]: string };
}

export interface Part {
  planet: Planet | null;
  weight: number;
}

/** What came of it. */
export interface Outcome {
  madeAt: string;
  part: Part | null;
  parts: readonly (Part | null)[];
  note?: string;
  anything: unknown;
}
"""

TABLES = """\
/** Requests to the sidecar. */
export interface Requests {
  "t/order": { params: Order; result: Outcome };
  "t/stop": { params: null; result: null };
  "t/pass": { params: Wish; result: Raw };
}

/** Requests of the sidecar, to a client that opted in to them. */
export interface ClientRequests {
  "t/ask": { params: Part; result: Raw };
}

/** Notifications of the sidecar, with their params. */
export interface Notifications {
  "t/made": Outcome;
  "t/said": Raw;
}
"""


def written(start: str, end: str) -> str:
    """What is written from one text up to the next."""
    text = generate(METHODS, PUSHES, ASKED)
    return text[text.index(start) : text.index(end)]


def test_a_class_is_written_as_it_is_on_the_wire() -> None:
    kinds = written("/** The values of `data.kind`", "/** Params")
    assert "not_connected" in kinds
    assert written("/** What it looks", "/** A failure").replace(kinds, "") == TYPES + "\n"


def test_the_tables_are_written_line_by_line() -> None:
    assert generate(METHODS, PUSHES, ASKED).endswith("\n" + TABLES)


def test_a_type_without_a_counterpart_is_refused() -> None:
    @attrs.frozen
    class Odd:
        value: set[int]

    with pytest.raises(TypeError, match="set"):
        generate([Method("t/odd", None, Odd)], [], [])


def test_a_class_may_not_be_both_params_and_result() -> None:
    with pytest.raises(ValueError, match="Part"):
        generate([Method("t/part", Part, Part)], [], [])
