"""The inspector: asks a server what it offers, harmlessly, and has the answers judged."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs
from mcp.shared.uri_template import InvalidUriTemplate, UriTemplate

from mcp_sidecar.connection.capabilities import needed
from mcp_sidecar.connection.errors import ConnectionLost
from mcp_sidecar.connection.inspection.finding import Finding
from mcp_sidecar.connection.inspection.judgement import Judgement
from mcp_sidecar.connection.inspection.listing import Listing, read_listing
from mcp_sidecar.connection.inspection.options import InspectionOptions
from mcp_sidecar.connection.inspection.presentation import KINDS, Presentation
from mcp_sidecar.connection.inspection.probe import Probe, probe
from mcp_sidecar.connection.inspection.report import Asked, Inspection, Skipped
from mcp_sidecar.connection.inspection.watch import Watch

if TYPE_CHECKING:
    from mcp_sidecar.connection.link import Link
    from mcp_sidecar.connection.redaction import Redactor

ASKING = 2 / 3
"""What part of the time may go into requests; the rest is for the rules."""

PROBE_TIMEOUT = 3.0
"""Seconds for the answer to a request that is no list, or that the server need not know."""

READ_LIMIT = 50
"""Resources that are read, where that is asked for."""


async def inspect(link: "Link", options: InspectionOptions) -> Inspection:
    """Inspect the server of a connection. It counts in no statistic, calls no tool, and changes nothing.

    Args:
        link: the connection.
        options: what it may do.

    Raises:
        ConnectionLost: the connection ended meanwhile.
    """
    started = time.monotonic()
    watch = Watch(options.time_limit)
    inspector = _Inspector(link, options, started + options.time_limit * ASKING)
    presentation = await inspector.ask()
    judgement = Judgement(presentation, watch)
    try:
        await asyncio.to_thread(judgement.run)
    finally:
        watch.stop()  # when nobody waits any more, the thread must not go on
    redactor = link.tap.redactor
    return Inspection(
        findings=tuple(_masked(finding, redactor) for finding in judgement.findings.sorted()),
        omitted=judgement.findings.omitted,
        inspected=judgement.inspected,
        requests=tuple(inspector.asked),
        skipped=(*inspector.skipped, *judgement.skipped),
        duration_ms=(time.monotonic() - started) * 1000,
    )


def _masked(finding: Finding, redactor: "Redactor") -> Finding:
    """The finding without the secrets that the server was given."""
    if not redactor.secrets:
        return finding
    place = attrs.evolve(
        finding.place,
        name=finding.place.name and redactor.text(finding.place.name),
        path=redactor.json(finding.place.path),
    )
    suggestion = finding.suggestion and redactor.json(finding.suggestion)
    return attrs.evolve(finding, place=place, message=redactor.json(finding.message), suggestion=suggestion)


class _Inspector:
    """Asks one server, once."""

    def __init__(self, link: "Link", options: InspectionOptions, ends: float) -> None:
        """
        Args:
            ends: when the last request must be answered, on the monotonic clock.
        """
        self._link = link
        self._options = options
        self._ends = ends
        self._listings: dict[str, Listing] = {}
        self._probes: list[Probe] = []
        self.asked: list[Asked] = []
        self.skipped: list[Skipped] = []

    async def ask(self) -> Presentation:
        """Ask all there is to ask."""
        try:
            for method in KINDS:
                await self._list(method)
            async for each in self._further():
                self._probes.append(each)
                self.asked.append(
                    Asked(method=each.method, outcome=each.outcome, duration_ms=round(each.duration_ms, 3))
                )
        except ConnectionLost as error:
            raise ConnectionLost(
                f"The connection ended during the inspection: {self._link.tap.redactor.text(error.message)}",
                suggestion="See the status for the cause, and inspect again once connected.",
            ) from error
        self._tell_skipped()
        link = self._link
        return Presentation(
            server=link.server,
            introduction=link.introduction,
            modern=link.modern,
            pinned=link.pinned,
            listings=self._listings,
            probes=tuple(self._probes),
            misdeeds=link.misdeeds.kept,
        )

    @property
    def _left(self) -> float:
        return self._ends - time.monotonic()

    def _has_time(self, what: str) -> bool:
        if self._left > 0:
            return True
        self.skipped.append(Skipped(what=what, why="there was no time left"))
        return False

    async def _list(self, method: str) -> None:
        if not self._has_time(method):
            return
        # Half of what is left at most, so that a list without an end leaves time for the others.
        timeout = self._left / 2 if needed(method, self._link.server) is None else min(PROBE_TIMEOUT, self._left)
        listing = await read_listing(self._link, method, timeout=_rounded(timeout))
        self._listings[method] = listing
        first = listing.first
        self.asked.append(Asked(method=method, outcome=first.outcome, duration_ms=round(listing.duration_ms, 3)))
        if listing.is_cut:
            self.skipped.append(
                Skipped(what=f"{method} beyond {len(listing.items)} items", why="there was no time left")
            )

    async def _further(self) -> AsyncIterator[Probe]:
        if not self._link.modern and self._has_time("ping"):
            yield await self._probe("ping", None)
        for about, params in self._completions():
            if self._has_time("completion/complete"):
                yield await self._probe("completion/complete", params, about)
        if not self._link.modern and self._declares_task_list() and self._has_time("tasks/list"):
            yield await self._probe("tasks/list", None)
        level = self._options.log_level
        if level is not None and not self._link.modern and self._has_time("logging/setLevel"):
            yield await self._probe("logging/setLevel", {"level": level})
        if self._options.read_resources:
            for uri in self._resources():
                if not self._has_time("resources/read"):
                    return
                yield await self._probe("resources/read", {"uri": uri}, uri)

    async def _probe(self, method: str, params: Mapping[str, Any] | None, about: str | None = None) -> Probe:
        return await probe(self._link, method, params, timeout=_rounded(min(PROBE_TIMEOUT, self._left)), about=about)

    def _declares_task_list(self) -> bool:
        tasks = self._link.server.capabilities.get("tasks")
        return isinstance(tasks, Mapping) and needed("tasks/list", self._link.server) is None

    def _completions(self) -> list[tuple[str, dict[str, Any]]]:
        """What can be completed: one argument of a prompt, and one variable of a template."""
        found: list[tuple[str, dict[str, Any]]] = []
        for prompt in self._items("prompts/list"):
            name, arguments = prompt.get("name"), prompt.get("arguments")
            first = (
                next((each for each in arguments if isinstance(each, dict)), {}) if isinstance(arguments, list) else {}
            )
            if isinstance(name, str) and isinstance(first.get("name"), str):
                ref = {"type": "ref/prompt", "name": name}
                found.append((name, {"ref": ref, "argument": {"name": first["name"], "value": ""}}))
                break
        for template in self._items("resources/templates/list"):
            uri = template.get("uriTemplate")
            variable = _variable(uri) if isinstance(uri, str) else None
            if isinstance(uri, str) and variable is not None:
                ref = {"type": "ref/resource", "uri": uri}
                found.append((uri, {"ref": ref, "argument": {"name": variable, "value": ""}}))
                break
        if not found:
            self.skipped.append(Skipped(what="completion/complete", why="there is nothing to complete"))
        return found

    def _resources(self) -> list[str]:
        uris = [each["uri"] for each in self._items("resources/list") if isinstance(each.get("uri"), str)]
        if len(uris) > READ_LIMIT:
            self.skipped.append(Skipped(what=f"resources/read from {READ_LIMIT} on", why="too many"))
        return uris[:READ_LIMIT]

    def _items(self, method: str) -> list[dict[str, Any]]:
        listing = self._listings.get(method)
        return [] if listing is None else [each for each in listing.items if isinstance(each, dict)]

    def _tell_skipped(self) -> None:
        """Tell what was left alone because it is not harmless."""
        if self._items("tools/list"):
            self.skipped.append(Skipped(what="tools/call", why="a call may change something"))
        if self._items("prompts/list"):
            self.skipped.append(Skipped(what="prompts/get", why="only a person knows the arguments"))
        if self._items("resources/list") and not self._options.read_resources:
            self.skipped.append(Skipped(what="resources/read", why="only with `readResources`"))
        resources = self._link.server.capabilities.get("resources")
        if isinstance(resources, Mapping) and resources.get("subscribe"):
            self.skipped.append(Skipped(what="resources/subscribe", why="it would change what the server sends"))
        if self._options.log_level is None and not self._link.modern:
            self.skipped.append(
                Skipped(what="logging/setLevel", why="it would change what is logged; only with `logLevel`")
            )
        if self._link.misdeeds.dropped:
            what = f"{self._link.misdeeds.dropped} of what went wrong on this connection"
            self.skipped.append(Skipped(what=what, why="too many kinds of it"))


def _rounded(seconds: float) -> float:
    """A timeout as a message shows it."""
    return max(0.1, round(seconds, 1))


def _variable(template: str) -> str | None:
    """The first variable of a URI template."""
    try:
        return next(iter(UriTemplate.parse(template).variable_names), None)
    except InvalidUriTemplate:
        return None
