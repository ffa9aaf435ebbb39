"""The editor's MCP requests: passed through as they are, with what was noticed about the answer put under `_meta`."""

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from mcp_sidecar.connection import capabilities
from mcp_sidecar.connection.errors import ConnectionLost, ProtocolError, ServerError, SidecarError, TimedOut
from mcp_sidecar.connection.manager import ConnectionManager
from mcp_sidecar.connection.misdeeds import Misdeed
from mcp_sidecar.connection.options import DEFAULT, CallOptions
from mcp_sidecar.connection.paging import LIST_KEYS, Paging

if TYPE_CHECKING:
    from mcp_sidecar.connection.inspection.options import InspectionOptions
    from mcp_sidecar.connection.inspection.report import Inspection
    from mcp_sidecar.connection.link import Answer, Link
    from mcp_sidecar.connection.problems import Problem

DURATION_KEY = "mcp-sidecar/durationMs"
PROBLEMS_KEY = "mcp-sidecar/problems"
ORIGINAL_KEY = "mcp-sidecar/originalMeta"
"""Where a server's `_meta` goes that is no object, as the protocol wants it, and so can't be added to."""

NAMES_WAIT = 30.0
"""Seconds for a page of the list from which the tools are counted; meanwhile no number is shown."""

SCHEMA_WAIT = 2.0
"""Seconds a tool's answer waits for the tool's schema, when the tools were never listed."""

Result = dict[str, Any]


class Calls:
    """Runs requests on the connection that a manager holds."""

    def __init__(self, manager: ConnectionManager) -> None:
        self._manager = manager
        self._listed: dict[str, tuple[Link, list[Any]]] = {}
        """What the lists last had, of which connection; of tools the link itself keeps what calls need."""

    async def run(self, method: str, params: Mapping[str, Any] | None, options: CallOptions = DEFAULT) -> Result:
        """Run a request in the way that its method wants: see the methods below.

        Raises:
            SidecarError: there is no result; says why.
        """
        if method == "ping":
            return await self.ping(params, options)
        if method == "tools/call" and params is not None:
            return await self.call_tool(params, options)
        if method in LIST_KEYS:
            return await self.list_all(method, params, options)
        return await self.request(method, params, options)

    async def ping(self, params: Mapping[str, Any] | None, options: CallOptions = DEFAULT) -> Result:
        """Ask the server whether it answers; see `Link.ping` for the eras.

        Raises:
            SidecarError: it does not; says why.
        """
        answer = await self._manager.ping(params, options)
        return _annotated(answer.result, answer.duration_ms, [])

    async def request(self, method: str, params: Mapping[str, Any] | None, options: CallOptions = DEFAULT) -> Result:
        """Pass one request through.

        Args:
            method: an MCP method, such as `resources/read`, also one that nobody here knows.
            params: its params.
            options: what is asked of the sidecar itself.

        Raises:
            SidecarError: there is no result; says why.
        """
        self._require(method, options)
        answer = await self._manager.request(method, params, options)
        return _annotated(answer.result, answer.duration_ms, self._checked(method, answer))

    def notify(self, method: str, params: Mapping[str, Any] | None) -> None:
        """Pass a notification through.

        Raises:
            SidecarError: there is no connection.
        """
        self._manager.require_connection().notify(method, params)

    async def call_tool(self, params: Mapping[str, Any], options: CallOptions = DEFAULT) -> Result:
        """Pass a `tools/call` through, and hold its result against the tool's own output schema.

        Raises:
            SidecarError: there is no result; says why.
        """
        from mcp_sidecar.connection.problems import against_output_schema

        self._require("tools/call", options)
        if self._manager.link is not None and self._manager.link.sends_param_headers:
            await self._tool(self._manager.link, params["name"])
        answer = await self._manager.request("tools/call", params, options)
        if _became_task(params, answer.result):
            problems = self._checked("tools/call", answer, params["name"], task=True)
            return _annotated(answer.result, answer.duration_ms, problems)
        problems = self._checked("tools/call", answer, params["name"])
        tool = await self._tool(answer.link, params["name"])
        if tool is not None:
            broken = against_output_schema(tool, answer.result)
            _note(answer.link, "tools/call", params["name"], broken)
            problems += broken
            if "structuredContent" in answer.result and tool.get("outputSchema") is None:
                _note_undeclared_output(answer.link, params["name"])
        return _annotated(answer.result, answer.duration_ms, problems)

    async def tool(self, name: str) -> Mapping[str, Any] | None:
        """The tool of that name as the server lists it; the tools are listed where it was not seen yet.

        Raises:
            SidecarError: there is no list; says why.
        """
        link = self._manager.require_connection()
        if name not in (link.tools or {}):
            await self.list_all("tools/list", None)
        return (link.tools or {}).get(name)

    async def tool_names(self) -> list[str]:
        """The names of the server's tools, which are listed where that was not done on this connection yet.

        Beside the statistics: nobody asked for the list.

        Raises:
            SidecarError: there is no list; says why.
        """
        link = self._manager.require_connection()
        if link.tools is None:
            paging = Paging("tools/list")
            await _read_pages(link, paging, NAMES_WAIT)
            link.remember_tools(paging.items, complete=True)
        return list(link.tools or {})

    async def item(self, method: str, key: str, name: str, *, afresh: bool = False) -> Mapping[str, Any] | None:
        """One item as the server lists it; the list is read where that was not done on this connection yet.

        Args:
            method: of the list.
            key: the field that tells items apart.
            name: its value.
            afresh: whether the list is read in any case.

        Raises:
            SidecarError: there is no list; says why.
        """
        link, items = self._listed.get(method, (None, []))
        if afresh or link is not self._manager.require_connection():
            await self.list_all(method, None)
            _, items = self._listed.get(method, (None, []))
        return next((each for each in items if isinstance(each, dict) and each.get(key) == name), None)

    async def list_all(self, method: str, params: Mapping[str, Any] | None, options: CallOptions = DEFAULT) -> Result:
        """Pass a list request through: exactly one page where `params` has a `cursor`, else all pages as one.

        Raises:
            SidecarError: a page could not be had; says why.
        """
        from mcp_sidecar.connection.problems import Problem

        self._require(method, options)
        paging = Paging(method, params)
        first: Answer | None = None
        problems: list[Problem] = []
        duration = 0.0
        while not paging.is_over:
            answer = await self._manager.request(method, paging.params, options)
            if first is not None and answer.link is not first.link:
                raise ConnectionLost(
                    "The connection was made anew while the pages of a list were read.",
                    suggestion="List again.",
                )
            first = first or answer
            duration += answer.duration_ms
            problems += _moved(self._checked(method, answer), paging.key, paging.count)
            paging.take(answer.result)
        assert first is not None
        if paging.stopped is not None:
            problems.append(Problem("paging", "$.nextCursor", f"{paging.stopped}: stopped here"))
        items, result = paging.items, first.result
        if not paging.is_one_page:
            result = {name: value for name, value in result.items() if name != "nextCursor"}
            if isinstance(result.get(paging.key), list):
                result[paging.key] = items
        if method == "tools/list":
            first.link.remember_tools(items, complete=not paging.is_one_page)
        elif not paging.is_one_page:
            self._listed[method] = (first.link, items)
        return _annotated(result, duration, problems)

    async def inspect(self, options: "InspectionOptions") -> "Inspection":
        """Say what is wrong with the server; see `inspection.inspector.inspect`.

        Raises:
            SidecarError: there is no connection, or it ended meanwhile.
        """
        from mcp_sidecar.connection.inspection.inspector import inspect

        return await inspect(self._manager.require_connection(), options)

    def can(self, method: str) -> bool:
        """Whether the connected server declares what a method takes."""
        try:
            self._require(method, DEFAULT)
        except ProtocolError:
            return False
        return True

    def _require(self, method: str, options: CallOptions) -> None:
        """See that the server declared what the method takes, unless it is to be tried all the same."""
        if self._manager.link is not None and not options.force:
            capabilities.require(method, self._manager.link.server)

    def _checked(
        self, method: str, answer: "Answer", name: str | None = None, *, task: bool = False
    ) -> "list[Problem]":
        from mcp_sidecar.connection.param_headers import faults
        from mcp_sidecar.connection.problems import against_protocol

        broken = against_protocol(method, answer.link.server.protocol_version, answer.result, task=task)
        _note(answer.link, method, name, broken)
        problems = [*answer.problems, *broken]
        if method == "tools/list" and answer.link.sends_param_headers and isinstance(answer.result.get("tools"), list):
            problems += faults(answer.result["tools"])
        return problems

    async def _tool(self, link: "Link", name: str) -> Mapping[str, Any] | None:
        """The tool as the server lists it, asking for the list when it was not seen yet."""
        if link.tools is None and not link.lost.done():
            # One reading for all calls; it goes on when one of them is cancelled.
            if link.listing is None or link.listing.done():
                link.listing = asyncio.create_task(_read_tools(link))
            await asyncio.wait({link.listing})
        return (link.tools or {}).get(name)


async def _read_tools(link: "Link") -> None:
    """List the tools for their schemas, beside the statistics: the user did not ask for it.

    What can't be had in time, or at all, is remembered as nothing, so that later calls don't wait again.
    """
    paging = Paging("tools/list")
    try:
        async with asyncio.timeout(SCHEMA_WAIT):
            await _read_pages(link, paging, SCHEMA_WAIT)
    except (TimeoutError, TimedOut, ServerError, ProtocolError):
        pass  # the calls have their answers; checking them is extra
    except SidecarError:
        return  # a passing failure: the next call asks again
    link.remember_tools(paging.items, complete=True)


async def _read_pages(link: "Link", paging: Paging, timeout: float) -> None:
    """Take all pages of the tools, beside the statistics; `timeout` is in seconds for each."""
    while not paging.is_over:
        paging.take((await link.request("tools/list", paging.params, timeout=timeout, quiet=True)).result)


def _note(link: "Link", method: str, name: str | None, problems: "list[Problem]") -> None:
    """Remember what is wrong with a result, for an inspection of the server."""
    for problem in problems:
        link.misdeeds.note(
            Misdeed(rule=problem.rule, message=problem.message, method=method, name=name, path=problem.path)
        )


def _note_undeclared_output(link: "Link", name: str) -> None:
    message = "a result had structuredContent, but the tool has no outputSchema"
    link.misdeeds.note(Misdeed(rule="undeclared-output", message=message, method="tools/call", name=name))


def _became_task(params: Mapping[str, Any], result: Result) -> bool:
    """Whether a call was answered with a task, whose result comes later.

    2025-11-25 has it so where the call asked for one, the extension of the 2026-07-28 era otherwise (SEP-2663).
    """
    return result.get("resultType") == "task" or ("task" in params and isinstance(result.get("task"), dict))


def _annotated(result: Result, duration_ms: float, problems: "list[Problem]") -> Result:
    """The result with `_meta` about it; nothing else of it is touched."""
    meta = result.get("_meta")
    own: dict[str, Any] = {DURATION_KEY: round(duration_ms, 3)}
    if meta is not None and not isinstance(meta, dict):
        own[ORIGINAL_KEY] = meta
    if problems:
        own[PROBLEMS_KEY] = [problem.as_json() for problem in problems]
    return {**result, "_meta": {**meta, **own} if isinstance(meta, dict) else own}


def _moved(problems: "list[Problem]", key: str, offset: int) -> "list[Problem]":
    """Problems of a later page, with the place their item has in the whole list."""
    if not offset:
        return problems
    pattern = re.compile(rf"^\$\.{key}\[(\d+)\]")
    return [
        attrs.evolve(problem, path=pattern.sub(lambda m: f"$.{key}[{int(m[1]) + offset}]", problem.path))
        for problem in problems
    ]
