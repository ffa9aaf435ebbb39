/** The status bar item: always the truth about the connection, one click from what can be done. */
import { type Disposable, env, l10n, MarkdownString, StatusBarAlignment, ThemeColor, window } from "vscode";
import { type Action, actionsIn } from "./actions.ts";
import { type SidecarState, stateName } from "./state.ts";
import { type StatusView, statusView } from "./statusView.ts";

export class StatusBar implements Disposable {
  private readonly item = window.createStatusBarItem("connection", StatusBarAlignment.Left);

  constructor() {
    this.item.name = l10n.t("MCP Sidecar: connection");
    this.item.command = "mcpSidecar.showMenu";
  }

  show(state: SidecarState, hasTarget: boolean): void {
    const view = statusView(state, localTime);
    this.item.text = view.text;
    this.item.backgroundColor = view.background && new ThemeColor(`statusBarItem.${view.background}Background`);
    this.item.tooltip = tooltip(view, actionsIn(stateName(state), hasTarget));
    this.item.accessibilityInformation = { label: view.label, role: "button" };
    this.item.show();
  }

  dispose(): void {
    this.item.dispose();
  }
}

function tooltip(view: StatusView, actions: readonly Action[]): MarkdownString {
  const text = new MarkdownString("", true);
  text.isTrusted = { enabledCommands: actions.map((action) => action.command) };
  text.appendMarkdown("**").appendText(view.headline).appendMarkdown("**\n\n");
  for (const [name, value] of view.rows) {
    text.appendText(`${name}: ${value}`).appendMarkdown("  \n");
  }
  const links = actions.map((action) => `[$(${action.icon}) ${action.title()}](command:${action.command})`);
  return text.appendMarkdown(`\n\n---\n\n${links.join(" &nbsp; ")}`);
}

function localTime(iso: string): string {
  return new Date(iso).toLocaleString(env.language);
}
