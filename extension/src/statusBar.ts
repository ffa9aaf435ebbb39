/** The status bar item: always the truth about the connection, one click from what can be done. */
import { l10n, MarkdownString, StatusBarAlignment, ThemeColor, window } from "vscode";
import type { Action } from "./actions.ts";
import { withoutIcons, withoutMarkup } from "./plainText.ts";
import type { SidecarState, StateName } from "./sidecar.ts";

export class StatusBar {
  readonly item = window.createStatusBarItem("connection", StatusBarAlignment.Left);

  constructor() {
    this.item.name = l10n.t("MCP Sidecar: connection");
    this.item.command = "mcpSidecar.showMenu";
  }

  show(state: SidecarState, actions: readonly Action[]): void {
    const view = statusView(state);
    this.item.text = view.text;
    this.item.backgroundColor = view.background && new ThemeColor(`statusBarItem.${view.background}Background`);
    this.item.tooltip = tooltip(view, actions);
    this.item.accessibilityInformation = { label: `MCP Sidecar: ${view.headline}`, role: "button" };
    this.item.show();
  }
}

function tooltip({ headline, details }: ReturnType<typeof statusView>, actions: readonly Action[]): MarkdownString {
  const text = new MarkdownString("", true);
  text.isTrusted = { enabledCommands: actions.map(({ command }) => command) };
  text.appendMarkdown(`**${withoutMarkup(headline)}**\n\n${details.map(withoutMarkup).join("  \n")}`);
  const links = actions.map(({ icon, title, command }) => `[${icon} ${title}](command:${command})`);
  // Three in a line: where a line is full, one would be torn between its icon and its words.
  const lines = links.map((link, index) => `${link}${index % 3 === 2 ? "  \n" : " &nbsp; "}`);
  return text.appendMarkdown(`\n\n---\n\n${lines.join("")}`);
}

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

/** What is shown of a state: a text with `$(icon)`s, a headline, which is what a screen reader says, and the lines of the
 * tooltip, which are no markdown.
 */
export function statusView(state: SidecarState) {
  const { name, status, message } = state;
  const [icon, headline, beside, background] = LOOKS[name](withoutIcons(status?.name ?? ""));
  return {
    text: beside ? `$(${icon}) MCP: ${beside}` : `$(${icon}) MCP`,
    background,
    headline,
    details: status?.text?.split("\n") ?? (message ? [l10n.t("Cause: {0}", message)] : []),
  };
}
