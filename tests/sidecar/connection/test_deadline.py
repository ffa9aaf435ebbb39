"""The deadline of a request, and which requests stop while a person is asked."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mcp_sidecar.connection.deadline import Deadline
from mcp_sidecar.connection.exchange import Exchanges
from tests.sidecar.virtual_time import in_virtual_time

SHORT = 0.05
"""Seconds of the deadlines here."""


async def lasting(deadline: Deadline, *first: Callable[[], Awaitable[None]]) -> float:
    """The seconds until the deadline ends what never ends by itself, after what is done first."""

    async def endless() -> None:
        async with deadline:
            for each in first:
                await each()
            await asyncio.Event().wait()

    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError):
        await endless()
    return loop.time() - began


def extending(deadline: Deadline) -> Callable[[], Awaitable[None]]:
    """Has it extended once, when most of its time is over."""

    async def extend() -> None:
        asyncio.get_running_loop().call_later(0.8 * SHORT, deadline.extend)

    return extend


@in_virtual_time
async def test_it_ends_what_takes_longer() -> None:
    deadline = Deadline(SHORT)
    assert await lasting(deadline) == pytest.approx(SHORT)
    assert not deadline.extended


@in_virtual_time
async def test_what_is_done_in_time_is_left_alone() -> None:
    async with asyncio.timeout(1), Deadline(SHORT):
        await asyncio.sleep(0)
    await asyncio.sleep(2 * SHORT)  # nothing of it strikes later


@in_virtual_time
async def test_an_extension_begins_the_time_anew() -> None:
    deadline = Deadline(SHORT, maximum=10)
    assert await lasting(deadline, extending(deadline)) == pytest.approx(1.8 * SHORT)


@in_virtual_time
async def test_all_extensions_together_reach_the_maximum() -> None:
    deadline = Deadline(SHORT, maximum=3 * SHORT)

    async def again() -> None:
        while True:
            deadline.extend()
            await asyncio.sleep(SHORT / 10)

    reports = asyncio.create_task(again())
    try:
        assert await lasting(deadline) == pytest.approx(3 * SHORT)
    finally:
        reports.cancel()
    assert deadline.extended
    assert deadline.at_maximum


@in_virtual_time
async def test_without_a_maximum_nothing_extends_it() -> None:
    deadline = Deadline(SHORT)
    assert await lasting(deadline, extending(deadline)) == pytest.approx(SHORT)


@in_virtual_time
async def test_a_maximum_below_the_time_itself_changes_nothing() -> None:
    assert await lasting(Deadline(SHORT, maximum=SHORT / 10)) == pytest.approx(SHORT)


@in_virtual_time
async def test_a_pause_does_not_count() -> None:
    deadline = Deadline(SHORT)

    async def pause() -> None:
        with deadline.paused():
            with deadline.paused():
                await asyncio.sleep(3 * SHORT)
            await asyncio.sleep(SHORT)

    assert await lasting(deadline, pause) == pytest.approx(5 * SHORT)


@in_virtual_time
async def test_a_pause_may_outlast_the_deadline() -> None:
    deadline = Deadline(SHORT)
    with deadline.paused():
        async with deadline:
            pass
    async with Deadline(SHORT) as second:
        pause = second.paused()
        pause.__enter__()
    pause.__exit__(None, None, None)


@in_virtual_time
async def test_lifted_it_never_ends() -> None:
    deadline = Deadline(SHORT)

    async def lift() -> None:
        deadline.lift()

    task = asyncio.create_task(lasting(deadline, lift))
    done, _ = await asyncio.wait({task}, timeout=3 * SHORT)
    assert not done
    task.cancel()
    await asyncio.wait({task})


@in_virtual_time
async def test_a_question_stops_the_clock_of_the_request_it_came_in() -> None:
    exchanges = Exchanges()
    asked, other = (exchanges.begin("tools/call", None, Deadline(SHORT))[0] for _ in range(2))
    exchanges.asked("server-1", asked.request_id)
    async with asked.deadline:
        with exchanges.paused("server-1"):
            assert await lasting(other.deadline) == pytest.approx(SHORT)
            await asyncio.sleep(SHORT)


@in_virtual_time
async def test_a_question_of_no_known_request_stops_all_clocks() -> None:
    exchanges = Exchanges()
    first, second = (exchanges.begin("tools/call", None, Deadline(SHORT))[0] for _ in range(2))
    async with first.deadline, second.deadline:
        with exchanges.paused("server-1"):
            await asyncio.sleep(2 * SHORT)
