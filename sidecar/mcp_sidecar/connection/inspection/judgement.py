"""The judgement: all rules, over the presentation of a server."""

from collections.abc import Iterator

from mcp_sidecar.connection.inspection.conduct_rules import judge_conduct
from mcp_sidecar.connection.inspection.finding import Finding
from mcp_sidecar.connection.inspection.item_rules import Item, items_of, judge_items
from mcp_sidecar.connection.inspection.presentation import KINDS, Presentation
from mcp_sidecar.connection.inspection.report import Findings, Inspected, Skipped
from mcp_sidecar.connection.inspection.schema_rules import judge_dialects, judge_schema
from mcp_sidecar.connection.inspection.server_rules import judge_server
from mcp_sidecar.connection.inspection.subject import SCHEMA_FIELDS, Subject
from mcp_sidecar.connection.inspection.watch import OutOfTime, Watch


class Judgement:
    """Judges a presentation; computes for long on a large one, so it may be run in a thread of its own."""

    def __init__(self, presentation: Presentation, watch: Watch) -> None:
        """
        Args:
            presentation: what was seen.
            watch: says when to end.
        """
        self._presentation = presentation
        self._watch = watch
        self._schemas = 0
        self.findings = Findings()
        self.skipped: list[Skipped] = []

    def run(self) -> None:
        """Judge all of it, as far as there is time: the schemas, which take longest, at last."""
        items = {kind: list(items_of(kind, self._presentation.listed(method))) for method, kind in KINDS.items()}
        try:
            self._take(judge_server(self._presentation))
            self._take(judge_conduct(self._presentation))
            for kind, listed in items.items():
                self._take(judge_items(kind, listed))
        except OutOfTime:
            self.skipped.append(Skipped(what="rules about lists and schemas", why="there was no time left"))
            return
        self._judge_schemas([subject for tool in items["tool"] for subject in self._subjects(tool)])

    def _judge_schemas(self, subjects: list[Subject]) -> None:
        try:
            self._take(judge_dialects(subjects))
            for subject in subjects:
                self._take(judge_schema(subject, self._watch))
                self._schemas += 1
        except OutOfTime:
            what = f"{len(subjects) - self._schemas} of {len(subjects)} schemas, the last of the list"
            self.skipped.append(Skipped(what=what, why="there was no time left"))

    @property
    def inspected(self) -> Inspected:
        """How much was looked at."""
        count = {kind: len(self._presentation.listed(method)) for method, kind in KINDS.items()}
        return Inspected(
            tools=count["tool"],
            resources=count["resource"],
            resource_templates=count["resourceTemplate"],
            prompts=count["prompt"],
            schemas=self._schemas,
        )

    def _take(self, findings: Iterator[Finding]) -> None:
        for finding in findings:
            self._watch.look()
            self.findings.add(finding)

    def _subjects(self, tool: Item) -> Iterator[Subject]:
        for role in SCHEMA_FIELDS:
            schema = tool.fields.get(role)
            if role == "inputSchema" or schema is not None:
                yield Subject(schema=schema, role=role, place=tool.place, modern=self._presentation.modern)
