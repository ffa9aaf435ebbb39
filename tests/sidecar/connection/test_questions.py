"""The questions of a server, put to a host that does not answer, or has nothing to answer with."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from mcp_sidecar.connection.host import Refused, Unservable
from mcp_sidecar.connection.questions import OPEN_LIMIT, WAITING_LIMIT, Questions

Json = Any

FORM: Json = {"message": "?", "requestedSchema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
MESSAGES: Json = {"messages": [{"role": "user", "content": {"type": "text", "text": "Hi"}}], "maxTokens": 1}


class Host:
    """Answers as it is told to."""

    def __init__(self, answer: Callable[[], Awaitable[Json]]) -> None:
        self._answer = answer
        self.asked = 0
        self.sampling: Json = {}

    def capabilities(self) -> Json:
        return {"sampling": self.sampling}

    def roots(self) -> list[dict[str, Any]]:
        return []

    async def elicit(self, server: str, params: Mapping[str, Any]) -> Json:
        self.asked += 1
        return await self._answer()

    sample = elicit


class Log:
    """Keeps what there is to read."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def noted(self, level: str, message: str) -> None:
        self.lines.append(("noted", message))

    def violated(self, problem: str, raw: str | None = None) -> None:
        self.lines.append(("server", problem))

    def answered_wrong(self, problem: str) -> None:
        self.lines.append(("editor", problem))


def failing(error: Exception) -> Host:
    async def answer() -> Json:
        raise error

    return Host(answer)


def asking(host: Host) -> tuple[Questions, Log]:
    log = Log()
    return Questions(host, log, lambda: "s"), log


async def test_a_question_that_nobody_answers_is_cancelled() -> None:
    questions, log = asking(failing(TimeoutError()))
    assert await questions.answer("elicitation/create", FORM, modern=False) == {"action": "cancel"}
    with pytest.raises(Refused) as caught:
        await questions.answer("sampling/createMessage", MESSAGES, modern=False)
    assert caught.value.code == -1
    assert [kind for kind, _ in log.lines] == ["noted", "noted"]


async def test_what_a_host_has_no_means_for_is_declined() -> None:
    questions, log = asking(failing(Unservable("too hard")))
    assert await questions.answer("elicitation/create", FORM, modern=False) == {"action": "decline"}
    with pytest.raises(Refused) as caught:
        await questions.answer("sampling/createMessage", MESSAGES, modern=False)
    assert caught.value.error == {"code": -1, "message": "User rejected sampling request"}
    assert all(kind == "noted" and "too hard" in line for kind, line in log.lines)


async def test_tools_that_were_not_declared_are_refused() -> None:
    host = failing(TimeoutError())
    questions, log = asking(host)
    with pytest.raises(Refused) as caught:
        await questions.answer("sampling/createMessage", MESSAGES | {"tools": []}, modern=False)
    assert caught.value.code == -32602
    assert host.asked == 0
    assert log.lines[0][0] == "server"


async def test_a_schema_that_is_none_is_the_servers_fault_and_leaves_the_answer_unchecked() -> None:
    async def answer() -> Json:
        return {"action": "accept", "content": {"n": "x"}}

    questions, log = asking(Host(answer))
    properties = {"n": {"type": "whatever"}}
    form = FORM | {"requestedSchema": {"type": "object", "properties": properties}}
    assert (await questions.answer("elicitation/create", form, modern=False))["action"] == "accept"
    assert [kind for kind, _ in log.lines] == ["server"]


async def test_a_few_are_open_some_wait_and_the_rest_is_refused() -> None:
    release = asyncio.Event()

    async def answer() -> Json:
        await release.wait()
        return {"action": "decline"}

    host = Host(answer)
    questions, log = asking(host)
    count = 100
    tasks = [asyncio.create_task(questions.answer("elicitation/create", FORM, modern=False)) for _ in range(count)]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    assert host.asked == OPEN_LIMIT
    refused = [task for task in tasks if task.done()]
    assert len(refused) >= count - OPEN_LIMIT - WAITING_LIMIT
    assert all(isinstance(task.exception(), Refused) for task in done)
    assert len(log.lines) == 1
    release.set()
    await asyncio.wait(tasks)
    assert OPEN_LIMIT < host.asked <= OPEN_LIMIT + WAITING_LIMIT
    assert len(log.lines) == 1


async def test_a_question_that_is_given_up_makes_room() -> None:
    async def answer() -> Json:
        return await asyncio.get_running_loop().create_future()

    host = Host(answer)
    questions, _ = asking(host)
    for _ in range(3):
        first = host.asked
        tasks = [asyncio.create_task(questions.answer("elicitation/create", FORM, modern=False)) for _ in range(5)]
        await asyncio.wait(tasks, timeout=0)
        while host.asked < first + OPEN_LIMIT:
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
