"""The list of configured servers: each with its place, what it would run, and what is wrong with it; no secrets."""

from collections import Counter
from collections.abc import Sequence

from mcp_sidecar.connection import commandline
from mcp_sidecar.connection.configured.entry import Entry
from mcp_sidecar.connection.configured.file import Configuration
from mcp_sidecar.connection.configured.finding import Finding
from mcp_sidecar.connection.configured.report import (
    ConfigurationFile,
    ConfigurationProblem,
    ConfiguredServer,
    ServersReport,
)
from mcp_sidecar.connection.redaction import redact_args, redact_text, redact_url
from mcp_sidecar.positions import Encoding


def list_servers(configurations: Sequence[Configuration], encoding: Encoding) -> ServersReport:
    """List what the configuration files define, and what is wrong with it.

    Args:
        configurations: the files that are there.
        encoding: what positions are counted in.
    """
    counts = Counter(entry.name for configuration in configurations for entry in configuration.entries)
    return ServersReport(
        servers=tuple(
            _server(configuration, entry, encoding, is_unique=counts[entry.name] == 1)
            for configuration in configurations
            for entry in configuration.entries
        ),
        files=tuple(_file(configuration, encoding) for configuration in configurations),
    )


def _server(configuration: Configuration, entry: Entry, encoding: Encoding, *, is_unique: bool) -> ConfiguredServer:
    document = configuration.document
    findings = list(entry.findings)
    if not is_unique:
        message = f"Another server has the name {entry.name[:60]!r} too: connect with `file`."
        start, end = entry.name_start, entry.name_end
        findings.append(Finding(rule="duplicate-name", severity="information", message=message, start=start, end=end))
    variables = configuration.variables()
    return ConfiguredServer(
        name=entry.name,
        file=configuration.uri,
        tool=entry.place.tool,
        scope=entry.place.scope,
        range=document.range(entry.start, entry.end, encoding),
        selection_range=document.range(entry.name_start, entry.name_end, encoding),
        transport=entry.transport,
        summary=summary(entry, configuration.context.platform),
        cwd=redact_text(entry.cwd.value) if entry.cwd else None,
        env=tuple(entry.env),
        env_file=redact_text(entry.env_file.value) if entry.env_file else None,
        headers=tuple(entry.headers),
        inputs=tuple(dict.fromkeys(each for text in entry.texts for each in variables.inputs_in(text))),
        disabled=entry.disabled,
        problems=_problems(configuration, findings, encoding),
    )


def summary(entry: Entry, platform: str) -> str:
    """The command line or the URL of an entry as one line, secrets removed, variables as they stand."""
    if entry.url is not None:
        return redact_url(entry.url.value)
    if entry.command is None:
        return ""
    args = redact_args([arg.value for arg in entry.args])
    return commandline.join([redact_text(entry.command.value), *args], platform)


def _file(configuration: Configuration, encoding: Encoding) -> ConfigurationFile:
    return ConfigurationFile(
        file=configuration.uri,
        tool=configuration.place.tool,
        scope=configuration.place.scope,
        problems=_problems(configuration, configuration.findings, encoding),
    )


def _problems(
    configuration: Configuration, findings: Sequence[Finding], encoding: Encoding
) -> tuple[ConfigurationProblem, ...]:
    return tuple(
        ConfigurationProblem(
            rule=finding.rule,
            severity=finding.severity,
            message=finding.message,
            range=configuration.document.range(finding.start, finding.end, encoding),
        )
        for finding in findings
    )
