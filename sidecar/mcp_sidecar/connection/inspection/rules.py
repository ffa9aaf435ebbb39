"""The rules of the inspection, all of them, in one table; `docs/protocol.md` shows the same."""

import attrs

from mcp_sidecar.connection.inspection.finding import Finding, Place, Severity, short

_TABLE: "list[Rule]" = []


@attrs.frozen
class Rule:
    """A rule that a server can break."""

    id: str
    severity: Severity
    meaning: str
    """What breaks it."""
    milder: Severity | None = None
    """The severity where it matters less; the meaning says where."""

    def at(self, place: Place, message: str, suggestion: str | None = None, *, milder: bool = False) -> Finding:
        """Return a finding of this rule.

        Args:
            place: where.
            message: what is wrong.
            suggestion: what to do.
            milder: whether it is one that matters less.
        """
        severity = self.milder if milder and self.milder is not None else self.severity
        return Finding(rule=self.id, severity=severity, place=place, message=short(message), suggestion=suggestion)


def _rule(name: str, severity: Severity, meaning: str, milder: Severity | None = None) -> Rule:
    rule = Rule(name, severity, meaning, milder)
    _TABLE.append(rule)
    return rule


# The server

SERVER_NAME = _rule("server-name", "warning", "the server gives itself no name")
SERVER_VERSION = _rule("server-version", "information", "the server gives no version of itself")
SERVER_INSTRUCTIONS = _rule("server-instructions", "hint", "the server has no instructions")
OLD_PROTOCOL = _rule("old-protocol", "information", "only versions of the protocol before 2025-06-18 are spoken")

# What it does

DECLARED = _rule(
    "declared-capability",
    "error",
    "a declared capability has no result; information for `resources/templates/list`, which many leave out",
    "information",
)
UNDECLARED = _rule(
    "undeclared-capability",
    "warning",
    "a capability answers that is not declared, so that hosts never ask for it; information where the list is empty",
    "information",
)
UNKNOWN_METHOD = _rule(
    "unknown-method", "warning", "a request for what the server does not have is not answered with error -32601"
)
PING = _rule("ping", "error", "`ping` is not answered, by which hosts tell a live server from a dead one")
SLOW_LIST = _rule("slow-list", "information", "a list takes over 5 s; hosts ask for it at every start")
PAGING = _rule("paging", "error", "the pages of a list never come to an end, or go round in circles")
PROTOCOL_SCHEMA = _rule("protocol-schema", "error", "an answer breaks MCP's schema for it")
PROTOCOL_VIOLATION = _rule("protocol-violation", "error", "the server broke the protocol on this connection")
STRUCTURED_OUTPUT = _rule(
    "structured-output",
    "error",
    "a tool's `structuredContent` broke its `outputSchema` on this connection, or is missing",
)
UNDECLARED_OUTPUT = _rule(
    "undeclared-output", "information", "a tool answered with `structuredContent`, but has no `outputSchema`"
)
RESOURCE_READ = _rule("resource-read", "error", "a resource that is listed can't be read; only with `readResources`")
RESOURCE_MISMATCH = _rule(
    "resource-mismatch",
    "warning",
    "a resource has another type or size than it is listed with; only with `readResources`",
)

# Names and words

TOOL_NAME = _rule("tool-name", "warning", "a tool's name is not 1 to 128 of `A-Z a-z 0-9 _ - .` (SEP-986)")
UNPORTABLE_TOOL_NAME = _rule(
    "unportable-tool-name", "information", "a tool's name has a `.` or over 64 characters, which model APIs refuse"
)
PROMPT_NAME = _rule(
    "prompt-name", "information", "a prompt's name is empty or has white space; hosts make commands of it"
)
DUPLICATE_NAME = _rule(
    "duplicate-name", "error", "two tools, prompts, arguments, resources or templates have the same name"
)
SIMILAR_NAMES = _rule("similar-names", "warning", "two names differ only in upper and lower case")
MISSING_DESCRIPTION = _rule(
    "missing-description",
    "warning",
    "a tool has no description, by which models choose; information for prompts, resources and templates",
    "information",
)
ARGUMENT_DESCRIPTION = _rule(
    "argument-description", "information", "an argument of a tool or prompt has no description"
)
SAME_DESCRIPTION = _rule("same-description", "warning", "two tools have the same description: no model can choose")
LONG_DESCRIPTION = _rule(
    "long-description",
    "information",
    "a description or the instructions have over 2,048 characters; hosts cut them there",
)
TITLE = _rule("title", "hint", "a title is empty, or missing where others of the kind have one")

# What belongs to an item

ANNOTATIONS = _rule(
    "annotations", "warning", "annotations contradict each other, as `readOnlyHint` and `destructiveHint`"
)
ICON = _rule("icon", "warning", "an icon is no `https:` or `data:` image, or has malformed `sizes`")
RESOURCE_URI = _rule("resource-uri", "error", "a resource's URI is none (RFC 3986)")
URI_TEMPLATE = _rule("uri-template", "error", "a template is no URI template (RFC 6570)")
CONSTANT_TEMPLATE = _rule("constant-template", "information", "a template has no variable, and is a resource in effect")
MIME_TYPE = _rule("mime-type", "warning", "a `mimeType` is none (RFC 6838)")
RESOURCE_SIZE = _rule("resource-size", "warning", "a resource's `size` is no number of bytes")
LAST_MODIFIED = _rule("last-modified", "warning", "a `lastModified` is no time (ISO 8601)")

# Schemas

SCHEMA_ROOT = _rule(
    "schema-root",
    "error",
    'a schema is missing or has no `"type": "object"` at its root; information for an `outputSchema` from 2026-07-28 '
    "on, which may describe anything, but not to older hosts",
    "information",
)
INVALID_SCHEMA = _rule(
    "invalid-schema", "error", "a schema is invalid in its own dialect (JSON Schema 2020-12 if it names none)"
)
SCHEMA_DIALECT = _rule(
    "schema-dialect",
    "warning",
    "a schema's `$schema` is unknown; hint for an older dialect, which hosts need not know",
    "hint",
)
UNRESOLVABLE_REF = _rule("unresolvable-ref", "error", "a `$ref` leads nowhere")
REMOTE_REF = _rule("remote-ref", "error", "a `$ref` leads out of the schema, where hosts must not follow it (SEP-2106)")
REF_LOOP = _rule("ref-loop", "error", "`$ref`s lead in a circle without ever entering a value")
RECURSIVE_SCHEMA = _rule("recursive-schema", "information", "a schema contains itself, which some model APIs refuse")
REF_SIBLINGS = _rule("ref-siblings", "information", "keywords beside a `$ref` are ignored in draft-07 and before")
DEEP_SCHEMA = _rule("deep-schema", "warning", "a schema is nested over 32 levels deep, which hosts refuse")
LARGE_SCHEMA = _rule("large-schema", "information", "a schema has over 16 KiB, all of it in every request to a model")
ROOT_COMBINATION = _rule(
    "root-combination",
    "warning",
    "`anyOf`, `oneOf`, `allOf`, `not` or `enum` at the root of an `inputSchema`: model APIs refuse it",
)
PROPERTY_NAME = _rule(
    "property-name", "warning", "an argument's name is not 1 to 64 of `A-Z a-z 0-9 _ - .`: model APIs refuse the tool"
)
UNKNOWN_REQUIRED = _rule("unknown-required", "warning", "`required` names what is not in `properties`")
ARRAY_ITEMS = _rule(
    "array-items", "warning", "an array of an `inputSchema` has no `items`: VS Code and OpenAI refuse the tool"
)
TUPLE_ITEMS = _rule(
    "tuple-items", "warning", "an array has a schema for each place (`prefixItems`), which model APIs refuse"
)
ENUM_TYPES = _rule("enum-types", "information", "an `enum` has other values than strings, which Gemini refuses")
TYPE_LIST = _rule("type-list", "information", "`type` is a list, which Gemini refuses")
MISSING_TYPE = _rule(
    "missing-type", "information", "an argument has no type, nor anything else that tells what it may be"
)
UNKNOWN_FORMAT = _rule("unknown-format", "hint", "a `format` is none of JSON Schema's, and so means nothing to hosts")
PATTERN = _rule("pattern", "warning", "a `pattern` is no regular expression, as far as can be told")
CLOSED_COMBINATION = _rule(
    "closed-combination",
    "warning",
    "`additionalProperties: false` forbids what the `allOf`, `anyOf`, `oneOf` or `$ref` beside it describes",
)
IMPOSSIBLE_SCHEMA = _rule("impossible-schema", "warning", "no value can fit a schema: its limits exclude each other")
DEFAULT = _rule("default", "warning", "a `default` or an example breaks the very schema it stands in")
HEADER = _rule(
    "x-mcp-header", "error", "`x-mcp-header` is used wrongly, for which hosts drop the tool on HTTP (MCP 2026-07-28)"
)

RULES: tuple[Rule, ...] = tuple(_TABLE)
"""All rules, in the order of the documentation."""
