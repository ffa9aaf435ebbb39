/** From the state to what the status bar shows: pure, so that every state can be tested. */
import { l10n } from "vscode";
import { type SidecarState, stateName } from "./state.ts";

export interface StatusView {
  /** Text with `$(icon)`s. */
  text: string;
  background: "error" | "warning" | undefined;
  /** What a screen reader says. */
  label: string;
  /** First line of the tooltip. */
  headline: string;
  /** The tooltip's rows; the values come from the server and are no markdown. */
  rows: readonly (readonly [name: string, value: string])[];
}

/** The view of a state.
 *
 * @param time writes a time of the protocol (ISO-8601) as the user is used to
 */
export function statusView(state: SidecarState, time: (iso: string) => string): StatusView {
  const { icon, note, background, headline } = APPEARANCE[stateName(state)](nameOf(state));
  return {
    text: note ? `$(${icon}) MCP: ${note}` : `$(${icon}) MCP`,
    background,
    label: `MCP Sidecar: ${headline}`,
    headline,
    rows: rowsOf(state, time),
  };
}

interface Appearance {
  icon: string;
  /** What stands beside "MCP"; nothing where the icon says it all. */
  note?: string;
  background?: "error" | "warning";
  headline: string;
}

/** How each state looks; `name` is the server's or the target's. */
const APPEARANCE: Record<ReturnType<typeof stateName>, (name: string) => Appearance> = {
  untrusted: () => ({
    icon: "shield",
    headline: l10n.t("This workspace is not trusted, so nothing is started"),
  }),
  installing: () => ({
    icon: "sync~spin",
    note: l10n.t("installing"),
    headline: l10n.t("Preparing the sidecar's Python environment"),
  }),
  starting: () => ({ icon: "sync~spin", note: l10n.t("starting"), headline: l10n.t("The sidecar is starting") }),
  crashed: () => ({
    icon: "error",
    note: l10n.t("sidecar crashed"),
    background: "error",
    headline: l10n.t("The sidecar crashed"),
  }),
  unavailable: () => ({
    icon: "error",
    note: l10n.t("sidecar can't start"),
    background: "error",
    headline: l10n.t("The sidecar can't start"),
  }),
  disconnected: () => ({ icon: "debug-disconnect", headline: l10n.t("Disconnected") }),
  connecting: (name) => ({ icon: "sync~spin", note: name, headline: l10n.t("Connecting to {0}", name) }),
  connected: (name) => ({ icon: "check", note: name, headline: l10n.t("Connected to {0}", name) }),
  reconnecting: (name) => ({
    icon: "warning",
    note: name,
    background: "warning",
    headline: l10n.t("Lost {0}, looking for it again", name),
  }),
  failed: (name) => ({
    icon: "error",
    note: name,
    background: "error",
    headline: name ? l10n.t("No connection to {0}", name) : l10n.t("No connection"),
  }),
};

/** A status bar item is narrow: longer names are cut, the tooltip has them whole. */
const LONGEST_NAME = 30;

function nameOf(state: SidecarState): string {
  if (state.kind !== "running") {
    return "";
  }
  const { server, target, state: connection } = state.status;
  const connected = connection === "connected" || connection === "reconnecting" || connection === "failed";
  const name = (connected && server ? server.title || server.name : target?.name) ?? "";
  // A server may call itself anything, also "$(icon)" or several lines.
  const plain = name.replace(/\s+/g, " ").replaceAll("$(", "$ (").trim();
  return plain.length > LONGEST_NAME ? `${plain.slice(0, LONGEST_NAME - 1)}…` : plain;
}

function rowsOf(state: SidecarState, time: (iso: string) => string): [string, string][] {
  if (state.kind === "crashed" || state.kind === "unavailable") {
    return [[l10n.t("Cause"), state.message]];
  }
  if (state.kind !== "running") {
    return [];
  }
  const { server, target, statistics, error, connectedAt, since, inFlight } = state.status;
  const rows: [string, string | undefined][] = [
    [l10n.t("Target"), target ? (target.url ?? [target.command, ...(target.args ?? [])].join(" ")) : undefined],
    [l10n.t("Transport"), target?.transport],
    [l10n.t("Server"), server ? `${server.title || server.name} ${server.version}`.trim() : undefined],
    [l10n.t("Protocol"), server?.protocolVersion],
    [l10n.t("Connected since"), connectedAt ? time(connectedAt) : undefined],
    [l10n.t("In this state since"), connectedAt === since ? undefined : time(since)],
    [
      l10n.t("Statistics"),
      l10n.t(
        "{0} tool calls, {1} resources read, {2} prompts, {3} errors",
        statistics.toolsCalled,
        statistics.resourcesAccessed,
        statistics.promptsExecuted,
        statistics.errors,
      ),
    ],
    [l10n.t("Waiting for an answer"), inFlight > 0 ? String(inFlight) : undefined],
    [l10n.t("Last error"), error ? `${error.message} ${error.suggestion ?? ""}`.trim() : undefined],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== "");
}
