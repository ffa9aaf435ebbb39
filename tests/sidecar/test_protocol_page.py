"""`docs/protocol.md` against the code: everything that can be said on the wire is there, and nothing else."""

import ast
import re
from pathlib import Path
from typing import get_args

import attrs
import pytest

from mcp_sidecar.connection import (
    auth,
    calls,
    channel,
    courier,
    entry_fields,
    host,
    logs,
    manager,
    offers,
    paging,
    process,
    recovery,
    rounds,
    status,
    stdio,
    subscriptions,
    target,
    timeouts,
    timings,
    trace,
)
from mcp_sidecar.connection.configured import checking, consent, entry, file, places, user
from mcp_sidecar.connection.configured import report as configured
from mcp_sidecar.connection.errors import ErrorKind, Failure
from mcp_sidecar.connection.inspection import finding, report, rules, schema_tree
from mcp_sidecar.connection.inspection.options import TIME_LIMIT, InspectionOptions
from mcp_sidecar.connection.stack import import_stack
from mcp_sidecar.server import (
    commands,
    configuration,
    display,
    language,
    methods,
    options,
    params,
    result_files,
    results,
    settings,
    sidecar,
    work_done,
)
from mcp_sidecar.views import question
from mcp_sidecar.wire import errors, frames, outbox, serve
from mcp_sidecar.wire.methods import Method
from mcp_sidecar.wire.payload import Passthrough, Raw, name_on_wire

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
TEXT = re.sub(r"\s+", " ", PAGE)
"""The page on one line, so that it can be wrapped anywhere."""


def section(title: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,6}} |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"there is no section {title!r}"
    return found[2]


def rows(title: str, table: int = 0) -> list[list[str]]:
    """The cells of a table in a section, the first or a later one, without its head."""
    tables = re.findall(r"(?:^\|.*\n)+", section(title), re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in tables[table].splitlines()[2:]]


def names(cell: str) -> list[str]:
    """What is set as code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def first_column(title: str, table: int = 0) -> list[str]:
    """The names in a table's first column."""
    return [name for row in rows(title, table) for name in names(row[0])]


def fields(cls: type[attrs.AttrsInstance]) -> list[str]:
    """The fields of a type, by their names on the wire."""
    return [name_on_wire(field) for field in attrs.fields(cls)]


# Names


def test_every_method_has_a_row_and_every_row_a_method() -> None:
    listed = first_column("The connection") + first_column("MCP requests") + first_column("Views")
    assert listed == [method.name for method in methods.METHODS]


MCP_METHODS = [method for method in methods.METHODS if method.result is Raw]


@pytest.mark.parametrize("method", MCP_METHODS, ids=lambda method: method.name)
def test_the_params_of_a_method_are_those_that_are_checked(method: Method) -> None:
    (row,) = [row for row in rows("MCP requests") if names(row[0]) == [method.name]]
    assert issubclass(method.params, Passthrough)
    own = [name for name in fields(method.params) if name not in ("raw", "_meta", "workDoneToken")]
    assert names(row[1]) == own
    assert own or row[1] == "none"


def test_every_notification_has_a_row_and_every_row_a_notification() -> None:
    assert first_column("Notifications") == [notification.name for notification in methods.NOTIFICATIONS]


def test_every_request_to_the_client_has_a_row_and_every_row_a_request() -> None:
    listed = first_column("Requests of the server") + first_column("Questions to the user")
    assert listed == [method.name for method in methods.CLIENT_METHODS]
    (question,) = rows("Questions to the user")
    assert names(question[1])[: len(fields(results.InputQuestion))] == fields(results.InputQuestion)
    assert names(question[2])[0] == fields(params.Entered)[0]


def test_the_commands_that_serve_as_examples_exist() -> None:
    mentioned = {name for name in names(section("Commands")) if name.startswith("mcpSidecar.") and name[-1] != "."}
    assert mentioned
    assert mentioned <= {methods.command_id(method.name) for method in methods.METHODS}


def test_the_fields_of_a_target_are_those_of_the_page() -> None:
    assert first_column("Target") == fields(target.Target)


def test_what_an_entry_of_a_file_may_have_is_listed() -> None:
    (sentences,) = [part for part in section("Target").split("\n\n") if part.startswith("An entry with")]
    words, _, unused = sentences.partition("Without effect")
    assert set(entry_fields.TYPES) <= set(names(words))
    assert set(names(unused)) == {"disabled", "enabled", *entry_fields.UNUSED_FIELDS}


def test_the_fields_of_a_preview_are_those_of_the_page() -> None:
    assert first_column("Preview") == fields(target.Preview)


def test_the_fields_of_an_offer_are_those_of_the_page() -> None:
    assert first_column("Offers") == fields(offers.Offer)
    (row,) = [row for row in rows("The connection") if names(row[0]) == ["mcp/offers"]]
    assert (names(row[1]), names(row[2])) == (fields(params.OffersParams), fields(offers.Offers))


VIEWS = [method for method in methods.METHODS if method.name in first_column("Views")]


@pytest.mark.parametrize("method", VIEWS, ids=lambda method: method.name)
def test_the_fields_of_a_view_are_those_of_the_page(method: Method) -> None:
    (row,) = [row for row in rows("Views") if names(row[0]) == [method.name]]
    assert names(row[1])[: len(fields(method.params))] == fields(method.params)
    assert names(row[2]) == (fields(method.result) if method.result is not None else [methods.SHOWN])


def test_what_can_be_shown_is_that_of_the_page() -> None:
    assert first_column("Views", table=1) == fields(params.ShowParams)


def test_the_fields_of_a_page_are_those_that_are_described() -> None:
    (cells,) = [cells for cells in rows("Notifications") if names(cells[0]) == [methods.SHOWN]]
    assert names(cells[1]) == fields(results.Page)


def test_the_fields_of_a_configured_server_are_those_of_the_page() -> None:
    assert first_column("Configured servers") == fields(configured.ConfiguredServer)
    described = {names(cells[0])[0]: names(cells[1]) for cells in rows("Configured servers")}
    assert tuple(described["tool"]) == get_args(places.Tool)
    assert tuple(described["scope"]) == get_args(places.Scope)
    severities = get_args(configured.ProblemSeverity)
    assert [name for name in described["problems"] if name not in severities] == fields(configured.ConfigurationProblem)
    assert set(described["problems"]) >= set(severities)
    (servers,) = [cells for cells in rows("The connection") if names(cells[0]) == ["mcp/servers"]]
    assert names(servers[2]) == fields(configured.ServersReport)
    (consent,) = [cells for cells in rows("The connection") if names(cells[0]) == ["mcp/consent"]]
    assert names(consent[1]) == fields(params.ConsentParams)
    assert names(consent[2]) == fields(results.Decided)


def test_the_fields_of_a_configuration_file_are_those_of_the_page() -> None:
    (sentence,) = re.findall(r"`files` are the files that are there, with (.*?) of the file as a whole", TEXT)
    assert names(sentence) == fields(configured.ConfigurationFile)


def test_the_fields_of_the_status_are_those_of_the_page() -> None:
    assert first_column("ConnectionStatus") == fields(status.ConnectionStatus)


@pytest.mark.parametrize(
    ("row", "cls"),
    [
        ("target", status.TargetInfo),
        ("server", status.ServerInfo),
        ("statistics", status.Statistics),
        ("error", Failure),
    ],
)
def test_the_parts_of_the_status_are_described_by_their_fields(row: str, cls: type[attrs.AttrsInstance]) -> None:
    (described,) = [names(cells[1]) for cells in rows("ConnectionStatus") if names(cells[0]) == [row]]
    transports = get_args(status.Transport)
    assert sorted(set(described) - set(transports)) == sorted(fields(cls))
    if row == "target":
        assert set(described) >= set(transports)


def test_every_state_is_named() -> None:
    (cells,) = [cells for cells in rows("ConnectionStatus") if names(cells[0]) == ["state"]]
    assert tuple(names(cells[1])) == get_args(status.State)


def test_the_fields_of_a_log_entry_are_those_of_the_page() -> None:
    (cells,) = [cells for cells in rows("Notifications") if names(cells[0]) == [methods.LOGGED]]
    assert sorted(names(cells[1])) == sorted(fields(logs.LogEntry))


def test_the_fields_of_the_trace_are_those_of_the_page() -> None:
    assert first_column("The trace") == fields(trace.TraceFrame)
    described = {names(cells[0])[0]: names(cells[1]) for cells in rows("The trace")}
    assert described["http"] == fields(trace.HttpExchange)
    assert tuple(described["direction"]) == get_args(trace.Direction)
    (cells,) = [cells for cells in rows("The connection") if names(cells[0]) == ["mcp/trace"]]
    assert names(cells[2]) == fields(trace.TraceReport)


def test_the_fields_of_the_log_are_those_of_the_page() -> None:
    (cells,) = [cells for cells in rows("The connection") if names(cells[0]) == ["mcp/log"]]
    assert names(cells[1]) == fields(params.LogParams)
    assert names(cells[2]) == fields(logs.LogReport)


def test_the_options_of_an_inspection_are_those_of_the_page() -> None:
    assert first_column("The inspection") == fields(InspectionOptions)
    assert f"| `timeLimit` | seconds for all of it; {seconds(TIME_LIMIT)} if left out |" in TEXT


def test_the_fields_of_an_inspection_are_those_of_the_page() -> None:
    assert first_column("The inspection", table=1) == fields(report.Inspection)
    described = {names(cells[0])[0]: names(cells[1]) for cells in rows("The inspection", table=1)}
    assert described["findings"] == fields(finding.Finding)
    assert described["inspected"] == fields(report.Inspected)
    assert [name for name in described["requests"] if name not in get_args(report.Outcome)] == fields(report.Asked)
    assert set(get_args(report.Outcome)) <= set(described["requests"])
    assert described["skipped"] == fields(report.Skipped)
    for severity in get_args(finding.Severity):
        assert f"`{severity}`" in section("The inspection")
    (kinds,) = re.findall(r"A place has a `kind` \((.*?)\)", section("The inspection"), re.DOTALL)
    assert tuple(names(kinds)) == get_args(finding.PlaceKind)


def test_the_rules_of_the_inspection_are_those_of_the_page() -> None:
    described = [
        (f"`{rule.id}`", f"{rule.severity} or {rule.milder}" if rule.milder else rule.severity, rule.meaning)
        for rule in rules.RULES
    ]
    assert [tuple(cells) for cells in rows("The inspection", table=2)] == described


def test_every_source_of_a_log_entry_is_named() -> None:
    (sentence,) = re.findall(r"The `source` of a log entry is (.*?`sidecar`)", section("Notifications"), re.DOTALL)
    assert tuple(names(sentence)) == get_args(logs.Source)


def test_every_error_code_has_a_row_and_every_row_a_code() -> None:
    codes = {cls.code for cls in errors.WireError.__subclasses__()}
    listed = [int(cells[0]) for cells in rows("Errors")]
    assert len(listed) == len(set(listed))
    assert set(listed) == codes


def test_every_kind_of_failure_has_a_row_and_every_row_a_kind() -> None:
    assert tuple(first_column("Errors", table=1)) == get_args(ErrorKind)


def test_the_settings_are_those_of_the_page() -> None:
    assert first_column("Settings") == [
        "connectTimeout",
        "callTimeout",
        "maxCallTimeout",
        "loginTimeout",
        "answerTimeout",
        "showResults",
        "progress",
        "texts",
        "trace",
        "userData",
        "client",
    ]
    for variable in (
        timeouts.CONNECT_VARIABLE,
        timeouts.CALL_VARIABLE,
        timeouts.MAX_CALL_VARIABLE,
        timeouts.LOGIN_VARIABLE,
    ):
        assert f"`{variable}`" in TEXT


def test_the_keys_under_meta_are_those_of_the_page() -> None:
    assert first_column("MCP requests", table=1) == [calls.DURATION_KEY, calls.ORIGINAL_KEY, calls.PROBLEMS_KEY]


def test_the_options_of_a_request_are_those_of_the_page() -> None:
    assert first_column("Options of a request") == list(options.KEYS)


def test_the_timings_of_a_tool_are_described_by_their_fields() -> None:
    (cells,) = [cells for cells in rows("ConnectionStatus") if names(cells[0]) == ["tools"]]
    assert names(cells[1])[1:] == fields(timings.ToolTiming)


def test_the_fields_of_auth_are_those_of_the_page() -> None:
    listed = [set(re.findall(r'"(\w+)"', row[0])) - {"type"} for row in rows("Authentication")]
    expected = [{kind, *fields} for kind, fields in auth.FIELDS.items()]
    assert listed == [expected[0], {"oauth"}, *expected[1:]]


def test_every_level_of_a_log_entry_is_named() -> None:
    (listed,) = re.findall(r"`level` is one of MCP's \((.*?)\)", section("Notifications"), re.DOTALL)
    assert tuple(names(listed)) == get_args(logs.Level)


def details_in_the_code() -> set[str]:
    """The keys of `details` that are written out where an error is raised."""
    found: set[str] = set()
    for path in Path(logs.__file__).parent.glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "details" and isinstance(node.value, ast.Dict):
                found |= {str(key.value) for key in node.value.keys if isinstance(key, ast.Constant)}
            elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "details":
                found |= {str(node.slice.value)} if isinstance(node.slice, ast.Constant) else set()
    return found


def test_every_key_of_the_details_is_named() -> None:
    assert details_in_the_code() - set(names(section("Errors"))) == set()


# Numbers


def seconds(value: float) -> str:
    return f"{value:g}"


def mebibytes(size: int) -> str:
    assert size % 2**20 == 0
    return f"{size // 2**20} MiB"


WORDS = {1.0: "one", 5.0: "five", 10.0: "ten"}

*DELAYS, LAST_DELAY = recovery.DELAYS

CONFIGURED = re.sub(
    r"\s+", " ", (Path(__file__).parents[2] / "docs" / "configured-servers.md").read_text(encoding="utf-8")
)
"""The page about configured servers."""


def test_the_numbers_of_configured_servers_are_those_in_the_code() -> None:
    assert f"larger than {mebibytes(file.LARGEST_FILE)} is told" in CONFIGURED
    assert f"Of one file, {file.MOST_ENTRIES} servers are read" in CONFIGURED
    assert f"more than {consent.LONGEST_SHOWN:,} characters" in CONFIGURED
    assert f"of one file {configuration.MOST_DIAGNOSTICS} diagnostics are told" in CONFIGURED
    assert f"a text of more than {entry.LONGEST_TEXT:,} characters" in CONFIGURED
    assert f"looked for every {seconds(language.WATCH_INTERVAL)} seconds" in CONFIGURED
    assert f"looked for during {WORDS[checking.TIME_LIMIT]} second" in CONFIGURED
    assert f"more than {configuration.LARGEST // 2**20} Mi characters" in CONFIGURED
    assert f"one of at most {user.MOST_CHOICES}; where" in TEXT
    assert f"one of at most {user.MOST_CHOICES} options" in TEXT
    assert f"waits for an answer; {seconds(settings.DEFAULT_ANSWER)} if left out" in TEXT
    assert f"the actions `{consent.DENY}` and `{consent.ALLOW}`" in TEXT


NUMBERS = {
    "timeouts": f"then {seconds(timeouts.DEFAULT_CONNECT)} s, {seconds(timeouts.DEFAULT_CALL)} s, "
    f"{seconds(timeouts.DEFAULT_MAX_CALL)} s and {seconds(timeouts.DEFAULT_LOGIN)} s",
    "authorization": f"| {courier.BODY_LIMIT // 1024} KiB, {seconds(courier.EXCHANGE_TIMEOUT)} s; "
    f"{courier.EXCHANGES_LIMIT} requests for one token |",
    "reports": f"`report` at most {WORDS[1 / work_done.INTERVAL]} times a second",
    "timings": f"the last {timings.CALLS_KEPT} calls; beyond {timings.TOOLS_KEPT:,} tools",
    "exit grace": f"it has {seconds(process.EXIT_GRACE)} s to end by itself",
    "term grace": f"then {seconds(process.TERM_GRACE)} s after SIGTERM",
    "reconnect": f"after {', '.join(map(seconds, DELAYS))} and then every {seconds(LAST_DELAY)} seconds, "
    f"for {seconds(recovery.WINDOW)} seconds",
    "statistics": f"when only statistics changed, at most {WORDS[1 / manager.STATISTICS_INTERVAL]} times a second",
    "pages": f"after {paging.PAGE_LIMIT:,} pages",
    "items": f"after {paging.ITEM_LIMIT:,} items",
    "burst": f"{logs.BURST:,} entries pass at once and {logs.RATE} a second in the long run",
    "stderr": f"Stderr lines are cut at {process.STDERR_LINE_LIMIT // 1024} KiB",
    "entry": f"a message at {logs.MESSAGE_LENGTH:,} characters",
    "logger": f"the name of a `logger` at {logs.LOGGER_LENGTH}",
    "message over": f"or a message over {mebibytes(frames.MAX_MESSAGE_BYTES)}",
    "editor's message": f"| a message of the editor | {mebibytes(frames.MAX_MESSAGE_BYTES)} |",
    "server's message": f"| a message of the server | {mebibytes(channel.MESSAGE_LIMIT)};",
    "unread": f"does not read its stdin | {mebibytes(stdio.UNREAD_LIMIT)} |",
    "waiting": f"an editor that does not read | {mebibytes(outbox.MAX_WAITING_BYTES)};",
    "backlog": f"beyond {mebibytes(sidecar.BACKLOG_LIMIT)}, "
    "notifications of the server and lines of the trace are dropped",
    "waiting, exit": f"does not read {mebibytes(outbox.MAX_WAITING_BYTES)} that wait",
    "trace": f"{trace.FRAMES_KEPT:,} frames of {mebibytes(trace.BYTES_KEPT)} in all; "
    f"a body is cut at {trace.BODY_LIMIT // 1024} KiB",
    "rounds": f"as it came, up to {rounds.ROUND_LIMIT} times",
    "choices": f"one choice of at most {question.CHOICES_LIMIT}",
    "unanswered": f"not answered for {seconds(host.ANSWER_LIMIT)} s",
    "findings": f"how many more findings there are, by rule: {report.FINDINGS_PER_RULE} of each are told",
    "places": f"Of one schema {schema_tree.NODE_LIMIT:,} places are looked at",
    "missing": f"where there are at most {user.MOST_CHOICES} choices",
    "acknowledged": f"answered within {seconds(commands.ACKNOWLEDGED)} s",
    "showing": f"does not say within {seconds(display.SHOWING_LIMIT)} s that it showed it",
    "files": f"{result_files.MOST_FILES} at most with {mebibytes(result_files.MOST_BYTES)} in all, "
    f"{mebibytes(result_files.LARGEST)} each",
    "log": f"| {logs.ENTRIES_KEPT:,} entries of {logs.CHARACTERS_KEPT:,} characters in all |",
    "stop": f"leaves nothing running, within {WORDS[serve.STOP_TIMEOUT]} seconds",
}
"""What the page says of each constant."""


@pytest.mark.parametrize("what", NUMBERS)
def test_a_number_on_the_page_is_the_one_in_the_code(what: str) -> None:
    assert NUMBERS[what] in TEXT


def test_the_heartbeat_is_the_one_in_the_code() -> None:
    import_stack()
    from mcp_sidecar.connection.heartbeat import INTERVAL

    assert f"an idle server is asked every {seconds(INTERVAL)} s" in TEXT


def test_the_limits_of_questions_are_those_in_the_code() -> None:
    import_stack()
    from mcp_sidecar.connection import questions, server_requests

    assert questions.QUESTION_RATE == 0.5
    assert (
        f"{questions.OPEN_LIMIT} questions are open at once, {questions.WAITING_LIMIT} wait, and "
        f"{questions.QUESTION_BURST} are put in a row, then one every two seconds" in TEXT
    )
    assert f"Of more than {server_requests.ANSWER_RATE} requests a second in the long run" in TEXT


def test_the_delays_of_listening_are_those_in_the_code() -> None:
    *delays, last = subscriptions.RETRY_DELAYS
    listed = f"after {', '.join(map(seconds, delays))} and then every {seconds(last)} seconds"
    assert listed in TEXT


def test_the_graces_stay_within_what_is_promised() -> None:
    assert process.EXIT_GRACE + process.TERM_GRACE < serve.STOP_TIMEOUT
