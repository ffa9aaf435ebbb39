/** The status bar item: always the truth about the connection, one click from what can be done. */
import { env, l10n, MarkdownString, StatusBarAlignment, ThemeColor, window } from "vscode";
import type { Action } from "./actions.ts";
import { sentences } from "./failure.ts";
import { withoutIcons, withoutMarkup } from "./plainText.ts";
import type { ConnectionStatus } from "./protocol.ts";
import type { SidecarState, StateName } from "./sidecar.ts";

export class StatusBar {
  readonly item = window.createStatusBarItem("connection", StatusBarAlignment.Left);

  constructor() {
    this.item.name = l10n.t("MCP Sidecar: connection");
    this.item.command = "mcpSidecar.showMenu";
  }

  show(state: SidecarState, actions: readonly Action[]): void {
    const view = statusView(state, (iso) => new Date(iso).toLocaleString(env.language));
    this.item.text = view.text;
    this.item.backgroundColor = view.background && new ThemeColor(`statusBarItem.${view.background}Background`);
    this.item.tooltip = tooltip(view, actions);
    this.item.accessibilityInformation = { label: `MCP Sidecar: ${view.headline}`, role: "button" };
    this.item.show();
  }
}

function tooltip({ headline, rows }: ReturnType<typeof statusView>, actions: readonly Action[]): MarkdownString {
  const text = new MarkdownString("", true);
  text.isTrusted = { enabledCommands: actions.map(({ command }) => command) };
  text.appendMarkdown(`**${withoutMarkup(headline)}**\n\n`);
  text.appendMarkdown(rows.map(([name, value]) => withoutMarkup(`${name}: ${value}`)).join("  \n"));
  const links = actions.map(
    ({ icon, title, command }) => `[${icon}&nbsp;${title.replaceAll(" ", "&nbsp;")}](command:${command})`,
  );
  return text.appendMarkdown(`\n\n---\n\n${links.join(" &nbsp; ")}`);
}

/** A status bar item is narrow: longer names are cut, the tooltip has them whole. */
const LONGEST_NAME = 30;

/** Of one row of the tooltip, so that the others and the links stay in sight. */
const LONGEST_VALUE = 400;

type Look = [icon: string, headline: string, beside?: string, background?: "error" | "warning"];

/** Each state's icon, headline, and what stands beside "MCP"; nothing where the icon says it all. */
const LOOKS: Record<StateName, (name: string) => Look> = {
  untrusted: () => ["shield", l10n.t("This workspace is not trusted, so nothing is started")],
  installing: () => ["sync~spin", l10n.t("Preparing the sidecar's Python environment"), l10n.t("installing")],
  starting: () => ["sync~spin", l10n.t("The sidecar is starting"), l10n.t("starting")],
  crashed: () => ["error", l10n.t("The sidecar crashed"), l10n.t("sidecar crashed"), "error"],
  unavailable: () => ["error", l10n.t("The sidecar can't start"), l10n.t("sidecar can't start"), "error"],
  disconnected: () => ["debug-disconnect", l10n.t("Disconnected")],
  connecting: (name) => ["sync~spin", l10n.t("Connecting to {0}", name), name],
  connected: (name) => ["check", l10n.t("Connected to {0}", name), name],
  reconnecting: (name) => ["warning", l10n.t("Lost {0}, looking for it again", name), name, "warning"],
  failed: (name) => ["error", name ? l10n.t("No connection to {0}", name) : l10n.t("No connection"), name, "error"],
};

/** What is shown of a state: a text with `$(icon)`s, a headline, which is what a screen reader says, and the tooltip's rows,
 * whose values come from the server and are no markdown.
 *
 * @param time writes a time of the protocol (ISO-8601) as the user is used to
 */
export function statusView(state: SidecarState, time: (iso: string) => string) {
  const [icon, headline, beside, background] = LOOKS[state.name](nameOf(state));
  const rows = [...statusRows(state.status, time), [l10n.t("Cause"), state.message] as const];
  return {
    text: beside ? `$(${icon}) MCP: ${beside}` : `$(${icon}) MCP`,
    background,
    headline,
    rows: rows.flatMap(([name, value]): [string, string][] => (value ? [[name, value.slice(0, LONGEST_VALUE)]] : [])),
  };
}

function nameOf({ name, status }: SidecarState): string {
  const { server, target } = status ?? {};
  const plain = withoutIcons((name !== "connecting" && (server?.title || server?.name)) || target?.name || "");
  return plain.length > LONGEST_NAME ? `${plain.slice(0, LONGEST_NAME - 1)}…` : plain;
}

type Row = [name: string, value: string | null | undefined];

function statusRows(status: ConnectionStatus | undefined, time: (iso: string) => string): Row[] {
  if (!status) return [];
  const { target, server, connectedAt, since, inFlight, error } = status;
  const { toolsCalled, resourcesAccessed, promptsExecuted, errors } = status.statistics;
  const values = [toolsCalled, resourcesAccessed, promptsExecuted, errors];
  return [
    [l10n.t("Target"), target?.url ?? (target && [target.command, ...(target.args ?? [])].join(" "))],
    [l10n.t("Transport"), target?.transport],
    [l10n.t("Server"), server && `${server.title || server.name} ${server.version}`],
    [l10n.t("Protocol"), server?.protocolVersion],
    [l10n.t("Connected since"), connectedAt && time(connectedAt)],
    [l10n.t("In this state since"), connectedAt === since ? "" : time(since)],
    [l10n.t("Statistics"), l10n.t("tool calls {0}, resources read {1}, prompts {2}, errors {3}", ...values)],
    [l10n.t("Waiting for an answer"), inFlight ? String(inFlight) : ""],
    [l10n.t("Last error"), error && sentences(error.message, error.suggestion)],
  ];
}
