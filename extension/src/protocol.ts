// Generated from sidecar/mcp_sidecar/server/methods.py by `make types`; do not edit.
//
// docs/protocol.md says what all of it means. Times are ISO-8601 in UTC, durations are seconds.

/** JSON whose shape is somebody else's business, such as the result of a server. */
export type Raw = { [key: string]: unknown };

export type ItemKind = "tool" | "resource" | "resourceTemplate" | "prompt";

export type Transport = "stdio" | "streamable-http" | "sse";

/** The values of `data.kind` in an error response, and of `error.kind` in a status. */
export type ErrorKind =
  | "not_connected"
  | "connection_failed"
  | "connection_lost"
  | "timeout"
  | "server_error"
  | "transport_error"
  | "authentication_required"
  | "invalid_target"
  | "protocol_error"
  | "consent_refused";

export type State = "disconnected" | "connecting" | "connected" | "reconnecting" | "failed";

/** What kind of problem it is. The last five are looked for in files that are open in the editor alone. */
export type ProblemRule =
  | "unreadable"
  | "too-large"
  | "syntax"
  | "comment"
  | "trailing-comma"
  | "duplicate-key"
  | "limit"
  | "root-key"
  | "duplicate-name"
  | "missing-field"
  | "unknown-field"
  | "wrong-type"
  | "contradiction"
  | "unsupported"
  | "variable"
  | "input"
  | "program"
  | "directory"
  | "env-file"
  | "script"
  | "secret";

export type ProblemSeverity = "error" | "warning" | "information";

export type Tool = "vscode" | "claude-code" | "claude-desktop" | "cursor" | "fastmcp" | "mcp";

export type Scope = "workspace" | "user";

/** Which way a frame goes, as the sidecar sees it. */
export type Direction = "sent" | "received";

/** Who speaks: the server on its stderr, the server by MCP's logging, a protocol violation, the sidecar itself. */
export type Source = "stderr" | "server" | "protocol" | "sidecar";

/** MCP's, those of RFC 5424. */
export type Level = "debug" | "info" | "notice" | "warning" | "error" | "critical" | "alert" | "emergency";

/** What a finding is about. */
export type PlaceKind = "server" | "capability" | "request" | "tool" | "resource" | "resourceTemplate" | "prompt";

/** How bad it is, in LSP's words: it breaks the protocol or can't work; hosts stumble over it; good to know; a taste. */
export type Severity = "error" | "warning" | "information" | "hint";

/** What became of a request: a result, error -32601, another error, nothing in time, or nothing that could be read. */
export type Outcome = "answered" | "unknown" | "refused" | "unanswered" | "failed";

/** A target as a client names it: the fields of an `mcp.json` entry. Exactly one of `url`, `command`, `server`. */
export interface Target {
  /** An http(s) URL, the path of a server script, or a command line. */
  url?: string;
  command?: string;
  args?: readonly string[];
  /** null takes an inherited variable away. */
  env?: { [key: string]: string | null };
  envFile?: string;
  cwd?: string;
  /** The name of a configured server. */
  server?: string;
  /** With `server`: the path or URI of the file that defines it, where several have one of that name. */
  file?: string;
  /** With `server`: values for the inputs of its file, by their ids. */
  inputs?: { [key: string]: string };
  /** Overrides the detection of the transport. */
  type?: "stdio" | "http" | "sse";
  headers?: { [key: string]: string };
  auth?: "oauth" | Raw;
  /** `auto`, `legacy`, or an MCP version such as `2025-06-18`. */
  protocolVersion?: string;
  /** Seconds. */
  connectTimeout?: number;
  /** Seconds. */
  callTimeout?: number;
  /** Seconds up to which progress extends `call_timeout`. */
  maxCallTimeout?: number;
  /** Seconds that a person has to log in. */
  loginTimeout?: number;
}

/** Params of `mcp/status`. */
export interface StatusParams {
  /** With how long the calls of each tool took. */
  verbose?: boolean;
  /** With a text to read. */
  asText?: boolean;
}

/** Params of `mcp/offers`. */
export interface OffersParams {
  /** What the user typed so far. */
  typed?: string;
  /** The URI of the document that is being edited. */
  document?: string;
  /** Whether nothing but `typed` is wanted: at each key, without reading the configuration files again. */
  typedOnly?: boolean;
}

/** Params of `mcp/consent`: the answer to a question that the editor did not show. */
export interface ConsentParams {
  /** As the error and the log tell it. */
  id: string;
  allow: boolean;
  /** What to connect to once it is allowed. */
  connect?: Target;
}

/** Params of `mcp/trace`. */
export interface TraceParams {
  /** As one text to read, in place of the frames. */
  asText?: boolean;
}

/** Params of `mcp/log`. */
export interface LogParams {
  /** As one text to read, in place of the entries. */
  asText?: boolean;
}

/** What an inspection may do. */
export interface InspectionOptions {
  /** Whether resources that are listed are read. */
  readResources?: boolean;
  /** A level for `logging/setLevel`, to see whether it is answered. */
  logLevel?: string;
  /** Seconds for all of it. */
  timeLimit?: number;
}

/** Params of any MCP request. */
export interface RequestParams {
  /** Progress is shown under it, as LSP has it; the server does not see it. */
  workDoneToken?: number | string;
  _meta?: Raw;
  /** Everything else passes through. */
  [key: string]: unknown;
}

/** Params of a list. Without `cursor` all pages are returned, with it exactly that page. */
export interface PageParams extends RequestParams {
  cursor?: string;
}

/** Params of `tools/call`. */
export interface CallToolParams extends RequestParams {
  name: string;
  arguments?: Raw;
}

/** Params of what is done with one resource. */
export interface ResourceParams extends RequestParams {
  uri: string;
}

/** Params of `prompts/get`. */
export interface GetPromptParams extends RequestParams {
  name: string;
  arguments?: Raw;
}

/** Params of `completion/complete`. */
export interface CompleteParams extends RequestParams {
  ref: Raw;
  argument: Raw;
}

/** Params of `logging/setLevel`. */
export interface SetLevelParams extends RequestParams {
  level: string;
}

/** Params of what is done with one task. */
export interface TaskParams extends RequestParams {
  taskId: string;
}

/** Params of `mcp/items`. */
export interface ItemsParams {
  kind: ItemKind;
}

/** Params of `mcp/prefill`. */
export interface PrefillParams {
  /** Of a tool or prompt; of a resource template, its `uriTemplate`. */
  name: string;
  /** What it is the name of. */
  kind?: "tool" | "prompt" | "resourceTemplate";
}

/** Params of `mcp/fields`: exactly one of the two. */
export interface FieldsParams {
  /** The `requestedSchema` of an elicitation. */
  schema?: Raw;
  /** The name of a prompt, whose arguments are asked. */
  prompt?: string;
}

/** Params of `mcp/check`: a field's `schema`, and exactly one of `text` and `values`. */
export interface CheckParams {
  schema: Raw;
  /** Whether there must be an answer. */
  required?: boolean;
  /** What was typed. */
  text?: string;
  /** Those of the choices. */
  values?: readonly string[];
}

/** Params of `mcp/summary`. */
export interface SummaryParams {
  /** The params of `mcp/sampling/createMessage`. */
  sampling: Raw;
}

/** Params of `mcp/show`: either `method`, or the open `document` whose arguments are sent. */
export interface ShowParams {
  /** An MCP method, without `mcp/`. */
  method?: string;
  /** Of the method. */
  params?: Raw;
  /** The URI of a document of arguments. */
  document?: string;
  /** Whether the arguments may go to another server than the one that the document was made for. */
  confirmed?: boolean;
  /** A `command:` or `file:` URI that opens the whole answer; a link where the page had to cut. */
  openWhole?: string;
  /** Progress is shown under it, as LSP has it. */
  workDoneToken?: number | string;
  /** A `command:` URI that opens or saves one of the page's parts, whose index it gets as its argument; a link. */
  openPart?: string;
}

/** The answer to `mcp/input`. */
export interface Entered {
  value: string;
}

/** What was connected to, as it may be shown: secrets are removed. */
export interface TargetInfo {
  name: string;
  transport: Transport;
  url?: string;
  command?: string;
  args?: readonly string[];
  /** The name of the configured server that it is. */
  server?: string;
  /** The URI of the file that configures it. */
  file?: string;
}

/** What the server said of itself in the handshake. */
export interface ServerInfo {
  name: string;
  version: string;
  protocolVersion: string;
  capabilities: Raw;
  title?: string;
  instructions?: string;
}

/** What was done since the last explicit disconnect. */
export interface Statistics {
  toolsCalled: number;
  resourcesAccessed: number;
  promptsExecuted: number;
  errors: number;
}

/** A failure as a value: the `error` of a status, the `data` of an error response. */
export interface Failure {
  kind: ErrorKind;
  message: string;
  suggestion: string;
  details: Raw;
}

/** The calls of one tool that were answered. */
export interface ToolTiming {
  name: string;
  count: number;
  lastMs: number;
  /** The median of the last 200. */
  p50Ms: number;
  maxMs: number;
}

/** The connection at one moment. Every field but the last three is always present, so that clients see one shape. */
export interface ConnectionStatus {
  state: State;
  /** When this state began (UTC). */
  since: string;
  target: TargetInfo | null;
  server: ServerInfo | null;
  /** Start of the present connection (UTC). */
  connectedAt: string | null;
  statistics: Statistics;
  /** Requests the server still owes an answer to. */
  inFlight: number;
  /** The last failure, kept until the next successful connect. */
  error: Failure | null;
  /** Grows by one with every change. */
  revision: number;
  /** How long the calls of each tool took; only where it was asked for. */
  tools?: readonly ToolTiming[];
  /** All of it in lines to read; only where it was asked for. */
  text?: string;
  /** What stands for the server where there is little room; only with `text`. */
  name?: string;
}

/** How a target is understood, before anything is connected or run; secrets are removed. */
export interface Preview {
  target: TargetInfo;
  /** The target as one line that could be typed as `url`. */
  text: string;
  /** Whether something had to be left out of `text`, so that typing it would not give the same target. */
  hasSecrets: boolean;
}

/** A place in a text as LSP has it: from 0. */
export interface Position {
  line: number;
  character: number;
}

/** From one position up to, and without, another. */
export interface Range {
  start: Position;
  end: Position;
}

/** Something that is wrong with a configuration file, or with one server in it. */
export interface ConfigurationProblem {
  rule: ProblemRule;
  /** With an `error` the server can't be connected to. */
  severity: ProblemSeverity;
  message: string;
  range: Range;
}

/** A server as a configuration file has it, variables not filled in; secrets are removed. */
export interface ConfiguredServer {
  name: string;
  /** A URI. */
  file: string;
  tool: Tool;
  scope: Scope;
  /** The entry in the file. */
  range: Range;
  /** Its name there. */
  selectionRange: Range;
  /** None where the entry does not tell. */
  transport: Transport | null;
  /** The command line or the URL, as one line. */
  summary: string;
  cwd: string | null;
  /** Names of environment variables. */
  env: readonly string[];
  envFile: string | null;
  /** Names of HTTP headers. */
  headers: readonly string[];
  /** The ids of the inputs that it asks for. */
  inputs: readonly string[];
  disabled: boolean;
  problems: readonly ConfigurationProblem[];
}

/** A configuration file that is there. */
export interface ConfigurationFile {
  /** A URI. */
  file: string;
  tool: Tool;
  scope: Scope;
  /** Those of the file as a whole; those of a server are with the server. */
  problems: readonly ConfigurationProblem[];
}

/** All servers of all configuration files. */
export interface ServersReport {
  servers: readonly ConfiguredServer[];
  files: readonly ConfigurationFile[];
}

/** A target as far as offers need one: `url`, or `server` and `file`. */
export interface OfferedTarget {
  url?: string;
  server?: string;
  file?: string;
}

/** Something that could be connected to; secrets are removed, but from what the user typed. */
export interface Offer {
  /** What the user knows it by: a line as it could be typed, or the name of a configured server. */
  label: string;
  /** Where it is from. */
  description: string;
  /** How it is understood, or why it can't be connected to. */
  detail: string;
  /** Whether `detail` says that it can't. */
  isWrong: boolean;
  /** What to pass to `mcp/connect`. */
  target: OfferedTarget;
}

/** What a picker of targets offers. */
export interface Offers {
  /** What was typed; nothing where nothing was. */
  typed: Offer | null;
  /** The configured servers, in the order of `mcp/servers`. */
  configured: readonly Offer[];
  /** The script that is being edited, where it uses an MCP library. */
  document: Offer | null;
}

/** What holds now for a question of consent. */
export interface Decided {
  id: string;
  allowed: boolean;
  /** Of the connection that `connect` wanted. */
  status?: ConnectionStatus;
}

/** One HTTP request and what came of it, secrets removed. */
export interface HttpExchange {
  method: string;
  url: string;
  requestHeaders: { [key: string]: string };
  /** Absent until the answer begins. */
  status?: number;
  responseHeaders?: { [key: string]: string };
  /** Why no answer came. */
  failure?: string;
}

/** What went over the wire in one piece, secrets removed. */
export interface TraceFrame {
  time: string;
  /** Counts the ways to a server that were tried: each program started, each transport, each reconnect. */
  connection: number;
  direction: Direction;
  /** What it was, on one line. */
  message: string;
  /** The text as it was on the wire; absent for an HTTP head alone. With `http`, what that carried. */
  body?: string;
  /** Bytes of the body that are left out, if any are. */
  cut?: number;
  /** For an HTTP head, or an exchange that carried no message of MCP's. */
  http?: HttpExchange;
}

/** The last frames, oldest first. */
export interface TraceReport {
  frames: readonly TraceFrame[];
  /** Older frames that are kept no longer. */
  dropped: number;
  /** All of it as a text to read, where that was asked for in place of the frames. */
  text?: string;
}

/** One thing to read. */
export interface LogEntry {
  time: string;
  source: Source;
  level: Level;
  message: string;
  /** The name the server gave its logger. */
  logger?: string;
  /** All of it as lines to read, where that was asked for. */
  text?: string;
}

/** The last entries, oldest first. */
export interface LogReport {
  entries: readonly LogEntry[];
  /** Older entries that are kept no longer. */
  dropped: number;
  /** All of it as a text to read, where that was asked for in place of the entries. */
  text?: string;
}

/** Where something is, in the server's own terms. */
export interface Place {
  kind: PlaceKind;
  /** Of a tool or prompt its name, of a resource its URI, of a template its template; of a capability its name, of a request its method. */
  name?: string;
  /** Which item of its list, from 0. */
  index?: number;
  /** A JSON path from the item as it is listed, from the server's introduction, or from a request's result. */
  path: string;
}

/** One thing that is wrong. */
export interface Finding {
  rule: string;
  severity: Severity;
  place: Place;
  /** What is wrong. */
  message: string;
  /** What to do. */
  suggestion?: string;
  /** How often it was seen, of what was seen happening on this connection. */
  count?: number;
}

/** How many of each kind were looked at. */
export interface Inspected {
  tools: number;
  resources: number;
  resourceTemplates: number;
  prompts: number;
  schemas: number;
}

/** A request that the inspection sent, or a list that it read. */
export interface Asked {
  method: string;
  outcome: Outcome;
  /** All pages together. */
  durationMs: number;
}

/** Something that was not looked at. */
export interface Skipped {
  what: string;
  why: string;
}

/** What an inspection came to. */
export interface Inspection {
  /** The worst first, then in the order of the server's lists. */
  findings: readonly Finding[];
  /** How many more there are, by rule. */
  omitted: { [key: string]: number };
  inspected: Inspected;
  requests: readonly Asked[];
  skipped: readonly Skipped[];
  durationMs: number;
}

/** One of a server's tools, resources, resource templates or prompts. */
export interface Item {
  kind: ItemKind;
  /** What requests call it: of a resource its URI, of a template the template. */
  id: string;
  label: string;
  /** What stands beside the label: what else it is called, and what it does or of which type it is. */
  description: string;
  /** What the server says of it. */
  detail: string;
  /** All of that, in paragraphs. */
  tooltip: string;
  /** As the server lists it. */
  raw: Raw;
}

/** What a server offers of one kind. */
export interface Items {
  items: readonly Item[];
}

/** Arguments to be edited: JSON with comments. */
export interface Prefilled {
  /** Of the document that it belongs into: one for each tool, prompt and resource template of a server. */
  uri: string;
  text: string;
  /** Where the first value to edit is. */
  cursor: Position;
}

/** Something that can be chosen. */
export interface FieldChoice {
  title: string;
  value: string | boolean;
}

/** Something that is asked. */
export interface FormField {
  name: string;
  title: string;
  description: string;
  required: boolean;
  /** `choice` is one of `choices`, `choices` are any of them. */
  kind: "text" | "choice" | "choices";
  choices: readonly FieldChoice[];
  /** As the server has it. */
  schema: Raw;
}

/** The fields of a form, in the server's order. */
export interface Fields {
  fields: readonly FormField[];
}

/** What comes of an answer: neither of them where the field is left out. */
export interface Checked {
  /** What is sent for it. */
  value?: string | number | readonly string[];
  /** Why it can't be sent. */
  problem?: string;
}

/** What a server asks for, to read before it is allowed. */
export interface Summary {
  text: string;
}

/** Something in a page that can be opened or saved by itself. */
export interface Part {
  /** As a file, with the extension of its type. */
  name: string;
  text?: string;
  /** In base64, in place of `text`. */
  blob?: string;
}

/** An exchange with the server, to read. */
export interface Page {
  title: string;
  /** A whole document, without any script. */
  html: string;
  /** The answer as JSON, where the page had to cut. */
  whole?: string;
  /** Of the resource that was read. */
  uri?: string;
  /** What the resource holds, where `openPart` was given. */
  parts: readonly Part[];
}

/** One of the values that may be picked for an input. */
export interface InputOption {
  label: string;
  value: string;
}

/** Params of `mcp/input`: what a configuration file asks for. */
export interface InputQuestion {
  id: string;
  type: "promptString" | "pickString";
  description: string;
  password: boolean;
  /** The name of the server that needs it. */
  server: string;
  /** The URI of the file that defines both. */
  file: string;
  default?: string;
  options?: readonly InputOption[];
}

/** The `data` of an error response with code -32803. */
export interface ErrorData {
  kind: ErrorKind;
  suggestion: string;
  details: Raw;
}

/** Requests to the sidecar. */
export interface Requests {
  "mcp/connect": { params: Target; result: ConnectionStatus };
  "mcp/disconnect": { params: null; result: ConnectionStatus };
  "mcp/reconnect": { params: null; result: ConnectionStatus };
  "mcp/status": { params: StatusParams; result: ConnectionStatus };
  "mcp/resolve": { params: Target; result: Preview };
  "mcp/servers": { params: null; result: ServersReport };
  "mcp/offers": { params: OffersParams; result: Offers };
  "mcp/consent": { params: ConsentParams; result: Decided };
  "mcp/trace": { params: TraceParams; result: TraceReport };
  "mcp/log": { params: LogParams; result: LogReport };
  "mcp/inspect": { params: InspectionOptions; result: Inspection };
  "mcp/ping": { params: RequestParams; result: Raw };
  "mcp/tools/list": { params: PageParams; result: Raw };
  "mcp/tools/call": { params: CallToolParams; result: Raw };
  "mcp/resources/list": { params: PageParams; result: Raw };
  "mcp/resources/templates/list": { params: PageParams; result: Raw };
  "mcp/resources/read": { params: ResourceParams; result: Raw };
  "mcp/resources/subscribe": { params: ResourceParams; result: Raw };
  "mcp/resources/unsubscribe": { params: ResourceParams; result: Raw };
  "mcp/prompts/list": { params: PageParams; result: Raw };
  "mcp/prompts/get": { params: GetPromptParams; result: Raw };
  "mcp/completion/complete": { params: CompleteParams; result: Raw };
  "mcp/logging/setLevel": { params: SetLevelParams; result: Raw };
  "mcp/tasks/list": { params: PageParams; result: Raw };
  "mcp/tasks/get": { params: TaskParams; result: Raw };
  "mcp/tasks/result": { params: TaskParams; result: Raw };
  "mcp/tasks/cancel": { params: TaskParams; result: Raw };
  "mcp/items": { params: ItemsParams; result: Items };
  "mcp/prefill": { params: PrefillParams; result: Prefilled };
  "mcp/fields": { params: FieldsParams; result: Fields };
  "mcp/check": { params: CheckParams; result: Checked };
  "mcp/summary": { params: SummaryParams; result: Summary };
  "mcp/show": { params: ShowParams; result: null };
}

/** Requests of the sidecar, to a client that opted in to them. */
export interface ClientRequests {
  "mcp/elicitation/create": { params: Raw; result: Raw };
  "mcp/sampling/createMessage": { params: Raw; result: Raw };
  "mcp/input": { params: InputQuestion; result: Entered };
}

/** Notifications of the sidecar, with their params. */
export interface Notifications {
  "mcp/didChangeStatus": ConnectionStatus;
  "mcp/didLog": LogEntry;
  "mcp/didShow": Page;
  "mcp/didEndSubscription": Raw;
  "mcp/notifications/progress": Raw;
  "mcp/notifications/message": Raw;
  "mcp/notifications/cancelled": Raw;
  "mcp/notifications/tools/list_changed": Raw;
  "mcp/notifications/resources/list_changed": Raw;
  "mcp/notifications/resources/updated": Raw;
  "mcp/notifications/prompts/list_changed": Raw;
  "mcp/notifications/tasks/status": Raw;
  "mcp/notifications/subscriptions/acknowledged": Raw;
  "mcp/notifications/elicitation/complete": Raw;
}
