"""What is wrong with a server, to read: the findings by their severity, each with its place and what to do."""

import re
from typing import Any, Final

from mcp_sidecar.views.blocks import Blocks, plain
from mcp_sidecar.views.markup import Html, html

SEVERITIES: Final = (
    ("error", "Errors: what breaks the protocol, or can't work"),
    ("warning", "Warnings: what hosts or model APIs stumble over"),
    ("information", "Information"),
    ("hint", "Hints"),
)


def inspection(blocks: Blocks, result: Any) -> Html:
    """Write the result of `mcp/inspect`, as JSON."""
    findings = [each for each in result.get("findings", ()) if isinstance(each, dict)]
    parts = [_counted(result, findings)]
    for severity, title in SEVERITIES:
        some = [each for each in findings if each.get("severity") == severity]
        if some:
            items, note = blocks.first(some)
            shown = [_finding(blocks, each) for each in items]
            parts.append(blocks.section(f"{title} ({len(some):,})", html("{}<ul>{}</ul>", note, shown)))
    omitted = result.get("omitted") or {}
    if omitted:
        told = ", ".join(f"{rule}: {count:,}" for rule, count in omitted.items())
        parts.append(blocks.section("More of the same", html("<p>{}</p>", told)))
    skipped = result.get("skipped") or ()
    if skipped:
        items, note = blocks.first(skipped)
        left = [html("<li>{}: {}</li>", plain(each.get("what")), plain(each.get("why"))) for each in items]
        parts.append(blocks.section("Not looked at", html("{}<ul>{}</ul>", note, left)))
    return html("{}", parts)


def _counted(result: Any, findings: list[dict[str, Any]]) -> Html:
    looked = ", ".join(_number_of(kind, count) for kind, count in result.get("inspected", {}).items())
    return html("<p>{}Looked at: {}.</p>", None if findings else "Nothing is wrong. ", looked)


def _number_of(kind: str, count: int) -> str:
    """How many of a kind, whose name is a plural in camelCase."""
    words = re.sub("[A-Z]", lambda capital: f" {capital[0].lower()}", kind)
    return f"{count:,} {words.removesuffix('s') if count == 1 else words}"


def _finding(blocks: Blocks, finding: dict[str, Any]) -> Html:
    place = finding.get("place") or {}
    where = " ".join(plain(place[key]) for key in ("kind", "name") if place.get(key) is not None)
    path = place.get("path")
    times = f" (seen {finding['count']:,} times)" if finding.get("count", 1) > 1 else ""
    return html(
        "<li><strong>{}</strong> <code>{}</code>{}{}{}</li>",
        where,
        plain(finding.get("rule")),
        html(" <code>{}</code>", plain(path)) if path not in (None, "$") else None,
        blocks.paragraph(f"{plain(finding.get('message'))}{times}"),
        blocks.paragraph(finding["suggestion"]) if finding.get("suggestion") is not None else None,
    )
