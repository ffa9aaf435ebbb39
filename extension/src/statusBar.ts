/** The status bar item: always the truth about the connection, one click from what can be done. */
import { env, l10n, MarkdownString, StatusBarAlignment, ThemeColor, window } from "vscode";
import type { Action } from "./actions.ts";
import { withoutMarkup } from "./plainText.ts";
import type { SidecarState } from "./sidecar.ts";
import { type StatusView, statusView } from "./statusView.ts";

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

function tooltip({ headline, rows }: StatusView, actions: readonly Action[]): MarkdownString {
  const text = new MarkdownString("", true);
  text.isTrusted = { enabledCommands: actions.map(({ command }) => command) };
  text.appendMarkdown(`**${withoutMarkup(headline)}**\n\n`);
  text.appendMarkdown(rows.map(([name, value]) => withoutMarkup(`${name}: ${value}`)).join("  \n"));
  const links = actions.map(
    ({ icon, title, command }) => `[${icon}&nbsp;${title.replaceAll(" ", "&nbsp;")}](command:${command})`,
  );
  return text.appendMarkdown(`\n\n---\n\n${links.join(" &nbsp; ")}`);
}
