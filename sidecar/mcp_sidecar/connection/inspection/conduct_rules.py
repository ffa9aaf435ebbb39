"""The rules about what a server does: what it answers, what it declares, what it did wrong so far."""

import re
from collections.abc import Iterator

import attrs

from mcp_sidecar.connection.capabilities import NEEDED, needed
from mcp_sidecar.connection.inspection import rules
from mcp_sidecar.connection.inspection.finding import Finding, Place, quoted, short_name
from mcp_sidecar.connection.inspection.item_rules import NAME_FIELDS
from mcp_sidecar.connection.inspection.listing import Listing
from mcp_sidecar.connection.inspection.presentation import KINDS, Presentation
from mcp_sidecar.connection.inspection.probe import METHOD_NOT_FOUND, Probe
from mcp_sidecar.connection.misdeeds import Misdeed
from mcp_sidecar.connection.problems import Problem

SLOW = 5000.0
"""Milliseconds for a list."""

_ITEM = re.compile(r"\$\.[A-Za-z]+\[(\d+)\](.*)", re.DOTALL)
_TOLD_AS_SCHEMA_ROOT = re.compile(r"\.(?:inputSchema|outputSchema)(?:\.type)?$")


def judge_conduct(presentation: Presentation) -> Iterator[Finding]:
    """Yield what is wrong with what a server answered, and with what it did before."""
    for listing in presentation.listings.values():
        yield from _listing(presentation, listing)
    for probe in presentation.probes:
        yield from _probe(presentation, probe)
    for misdeed in presentation.misdeeds:
        if (finding := _misdeed(presentation, misdeed)) is not None:
            yield attrs.evolve(finding, count=misdeed.count)


def _listing(presentation: Presentation, listing: Listing) -> Iterator[Finding]:
    method = listing.method
    place = Place(kind="request", name=method)
    yield from _declaration(presentation, listing.first, is_empty=not listing.items)
    if listing.paging is not None:
        yield rules.PAGING.at(place.at("$.nextCursor"), listing.paging, "leave `nextCursor` out of the last page")
    if listing.first.outcome == "answered" and listing.duration_ms > SLOW:
        yield rules.SLOW_LIST.at(
            place, f"{method} took {listing.duration_ms / 1000:.1f} s", "prepare the list before it is asked for"
        )
    for offset, problem in listing.problems:
        here, path = _place(listing, problem, offset)
        if not (here.kind == "tool" and _TOLD_AS_SCHEMA_ROOT.search(path)):
            yield _protocol_schema(here.at(path), method, problem)


def _place(listing: Listing, problem: Problem, offset: int) -> tuple[Place, str]:
    """Return the item that a problem is about, if it is about one, and the path in it."""
    found = _ITEM.fullmatch(problem.path)
    index = None if found is None else int(found[1]) + offset
    if found is None or index is None or index >= len(listing.items):
        return Place(kind="request", name=listing.method), problem.path
    kind = KINDS[listing.method]
    item = listing.items[index]
    name = item.get(NAME_FIELDS[kind]) if isinstance(item, dict) else None
    return Place(kind=kind, name=short_name(name) if isinstance(name, str) else None, index=index), f"${found[2]}"


def _protocol_schema(place: Place, method: str, problem: Problem) -> Finding:
    return rules.PROTOCOL_SCHEMA.at(
        place, f"the answer to {method} breaks MCP's schema: {problem.message}", "mend the answer"
    )


def _probe(presentation: Presentation, probe: Probe) -> Iterator[Finding]:
    place = Place(kind="request", name=probe.method)
    if probe.method == "resources/read":
        yield from _reading(presentation, probe)
        return
    if probe.method in NEEDED:
        yield from _declaration(presentation, probe, is_empty=False)
    elif probe.outcome != "answered":
        yield rules.PING.at(place, f"`ping` has no result: {probe.why}", "answer it with an empty result")
    for problem in probe.problems:
        yield _protocol_schema(place.at(problem.path), probe.method, problem)


def _declaration(presentation: Presentation, probe: Probe, *, is_empty: bool) -> Iterator[Finding]:
    """Yield whether a request is answered exactly when its capability is declared."""
    capability = NEEDED[probe.method][0]
    place = Place(kind="capability", name=capability)
    about = f" of {quoted(probe.about)}" if probe.about else ""
    if needed(probe.method, presentation.server) is None:
        # Some versions have methods for which nothing can be declared.
        if capability in presentation.server.capabilities and probe.outcome != "answered":
            yield rules.DECLARED.at(
                place,
                f"`{capability}` is declared, but {probe.method}{about} has no result: {probe.why}",
                "answer it, or declare the capability no more",
                milder=probe.method == "resources/templates/list" and probe.outcome == "unknown",
            )
    elif probe.outcome == "answered":
        yield rules.UNDECLARED.at(
            place,
            f"{probe.method}{about} is answered, but `{capability}` is not declared: hosts won't ask for it",
            f"declare `{capability}`, or answer with error {METHOD_NOT_FOUND}",
            milder=is_empty,
        )
    elif probe.outcome != "unknown":
        yield rules.UNKNOWN_METHOD.at(
            Place(kind="request", name=probe.method),
            f"`{capability}` is not declared, but {probe.method} does not end with {METHOD_NOT_FOUND}: {probe.why}",
            f"answer what the server does not have with error {METHOD_NOT_FOUND}",
        )


def _reading(presentation: Presentation, probe: Probe) -> Iterator[Finding]:
    listed = presentation.listed("resources/list")
    index, resource = next(
        ((i, each) for i, each in enumerate(listed) if isinstance(each, dict) and each.get("uri") == probe.about),
        (None, {}),
    )
    place = Place(kind="resource", name=short_name(probe.about or ""), index=index)
    if probe.outcome != "answered":
        yield rules.RESOURCE_READ.at(
            place, f"it is listed, but can't be read: {probe.why}", "mend it, or list it no more"
        )
        return
    for problem in probe.problems:
        yield _protocol_schema(place, "resources/read", problem)
    contents = probe.result.get("contents")
    same = [each for each in contents if isinstance(each, dict) and each.get("uri") == probe.about] if contents else []
    if len(same) != 1 or not isinstance(contents, list):
        return  # a directory of others, perhaps
    kind, said = same[0].get("mimeType"), resource.get("mimeType")
    if isinstance(kind, str) and isinstance(said, str) and kind != said:
        yield rules.RESOURCE_MISMATCH.at(
            place.at("$.mimeType"), f"it is listed as {quoted(said)}, but is {quoted(kind)}", "say the same in both"
        )
    text, size = same[0].get("text"), resource.get("size")
    if isinstance(text, str) and isinstance(size, int) and len(text.encode("utf-8", "replace")) != size:
        actual = len(text.encode("utf-8", "replace"))
        yield rules.RESOURCE_MISMATCH.at(
            place.at("$.size"), f"it is listed with {size} bytes, but has {actual}", "correct the size, or leave it out"
        )


def _misdeed(presentation: Presentation, misdeed: Misdeed) -> Finding | None:
    if misdeed.rule == "violation":
        place = Place(kind="server" if misdeed.method is None else "request", name=misdeed.method)
        return rules.PROTOCOL_VIOLATION.at(place, misdeed.message, "see `mcp/trace` for what came before and after it")
    if misdeed.method in presentation.listings:
        return None  # judged as it is now
    place = Place(kind="request", name=misdeed.method, path=misdeed.path)
    if misdeed.name is not None:
        index = next(
            (
                index
                for index, tool in enumerate(presentation.listed("tools/list"))
                if isinstance(tool, dict) and tool.get("name") == misdeed.name
            ),
            None,
        )
        place = Place(kind="tool", name=short_name(misdeed.name), index=index)
    match misdeed.rule:
        case "output-schema":
            message = f"a result broke the tool's outputSchema at {misdeed.path}: {misdeed.message}"
            return rules.STRUCTURED_OUTPUT.at(place, message, "mend the result, or the schema")
        case "undeclared-output":
            return rules.UNDECLARED_OUTPUT.at(place, misdeed.message, "declare what it is like")
        case "protocol":
            message = f"a result of {misdeed.method} breaks MCP's schema at {misdeed.path}: {misdeed.message}"
            return rules.PROTOCOL_SCHEMA.at(place, message, "mend the result")
    return None
