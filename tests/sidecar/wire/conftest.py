"""A small server of methods that are easy to break, and a raw client of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Literal

import attrs
import pytest

from mcp_sidecar.wire.errors import InvalidParams, RequestCancelled, RequestFailed
from mcp_sidecar.wire.methods import ClientMethod, Method, Notification
from mcp_sidecar.wire.payload import Passthrough, Raw, wire_name
from mcp_sidecar.wire.server import Hooks, WireServer, create_server
from tests.sidecar.wire.harness import RawClient, serving


@attrs.frozen(kw_only=True)
class Place:
    url: str
    wait_time: float | None = None
    args: tuple[str, ...] | None = None
    env: Mapping[str, str] | None = None
    auth: Literal["oauth"] | Mapping[str, Any] | None = None


@attrs.frozen(kw_only=True)
class Call(Passthrough):
    name: str
    arguments: dict[str, Any] | None = None
    meta: Mapping[str, Any] | None = attrs.field(default=None, metadata=wire_name("_meta"))


@attrs.frozen(kw_only=True)
class Detail:
    kind: str
    exit_code: int | None


class Handlers:
    """What the methods do; tests wait for and release what runs in them."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.release = asyncio.Event()
        self.cleaned_up = asyncio.Event()
        self.seen: list[Any] = []

    async def echo(self, params: Raw) -> Raw:
        return params

    async def place(self, params: Place) -> Place:
        self.seen.append(params)
        return params

    async def call(self, params: Call) -> Raw:
        return Raw({"name": params.name, "meta": params.meta, "raw": params.raw})

    async def nothing(self) -> None:
        return None

    async def wait(self) -> str:
        self.started.set()
        await self.release.wait()
        return "released"

    async def stubborn(self) -> None:
        """Needs the test's permission to end, even when cancelled."""
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await self.release.wait()
            self.cleaned_up.set()

    async def fail(self, params: Raw) -> Any:
        match params.value:
            case "failed":
                raise RequestFailed("no such server", Detail(kind="not_found", exit_code=None))
            case "params":
                raise InvalidParams("$.url: no")
            case "cancelled":
                raise RequestCancelled("another one came")
            case "exit":
                raise SystemExit(3)
            case "inner cancel":
                raise asyncio.CancelledError
            case "data":
                raise RequestFailed("bad data", {1, 2})
            case _:
                raise OSError(2, "secret words", "/home/somebody/secret.txt")

    async def strange(self, params: Raw) -> Any:
        """Results that JSON cannot say."""
        match params.value:
            case "set":
                return {1, 2}
            case "nan":
                return Raw({"value": float("nan")})
            case "naive":
                return datetime(2026, 1, 1)  # noqa: DTZ001
            case "deep":
                deep: list[Any] = []
                for _ in range(200_000):
                    deep = [deep]
                return Raw(deep)
            case "surrogate":
                return Raw("\ud800")
            case _:
                return Detail(kind="none", exit_code=None)

    def table(self) -> dict[Method, Any]:
        return {
            Method("t/echo", Raw, Raw): self.echo,
            Method("t/place", Place, Place): self.place,
            Method("t/call", Call, Raw): self.call,
            Method("t/nothing", None, None): self.nothing,
            Method("t/wait", None, Any): self.wait,
            Method("t/stubborn", None, None): self.stubborn,
            Method("t/fail", Raw, Raw): self.fail,
            Method("t/strange", Raw, Raw): self.strange,
        }


def make_server(handlers: Handlers, hooks: Hooks | None = None, **options: Any) -> WireServer:
    """The test server; every method is also the command `test.` + its last word."""
    table = handlers.table()
    return create_server(
        name="test",
        version="0.1",
        methods=table,
        handlers={method.name: handler for method, handler in table.items()},
        notifications=[Notification("t/told", Detail), Notification("t/raw", Raw)],
        client_methods=[ClientMethod("t/ask", Raw, Raw)],
        command_id=lambda method: "test." + method.removeprefix("t/"),
        string_arguments={"t/place": lambda text: {"url": text}},
        hooks=hooks,
        **options,
    )


@pytest.fixture
def handlers() -> Handlers:
    """The handlers of the server under test."""
    return Handlers()


@pytest.fixture
async def fresh(handlers: Handlers) -> AsyncIterator[RawClient]:
    """A client that has sent nothing yet."""
    async with serving(make_server(handlers)) as client:
        yield client
        handlers.release.set()


@pytest.fixture
async def client(fresh: RawClient) -> RawClient:
    """A client that has initialized."""
    await fresh.initialize()
    return fresh
