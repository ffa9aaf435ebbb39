/** The commands of the palette: a flat table; each does its work elsewhere. */
import { commands, type Disposable, type LogOutputChannel, l10n, Uri, window, workspace } from "vscode";
import type { Action } from "./actions.ts";
import type { ToolCaller } from "./callTool.ts";
import type { Connector } from "./connect.ts";
import type { Documents } from "./documents.ts";
import { failureOf } from "./failure.ts";
import type { Target } from "./protocol.ts";
import type { ResultPanel } from "./resultPanel.ts";
import type { ServerOutput } from "./serverOutput.ts";
import { SECTION } from "./settings.ts";
import type { Sidecar } from "./sidecar.ts";
import { statusView } from "./statusView.ts";

/** What the commands work with. */
export interface Parts {
  log: LogOutputChannel;
  sidecar: Sidecar;
  connector: Connector;
  documents: Documents;
  tools: ToolCaller;
  panel: ResultPanel;
  output: ServerOutput;
  actions: () => Action[];
}

/** The document that *Show Status* opens. */
export const STATUS_FILE = "MCP Status.json";

/** What may be done in a workspace that is not trusted: nothing that starts something. */
const HARMLESS = ["showMenu", "showLog", "showStatus", "showServerOutput", "openSettings"];

export function registerCommands(parts: Parts): Disposable[] {
  const { log, sidecar, connector, documents, tools, panel, output } = parts;
  const table: Record<string, (...args: never[]) => unknown> = {
    showMenu: () => showMenu(parts),
    connect: (target?: Target | string) => connector.connect(target),
    disconnect: () => sidecar.request("mcp/disconnect", null),
    reconnect: () => connector.reconnect(),
    restart: () => sidecar.restart(),
    callTool: (name?: string) => tools.pick(name),
    callWithArguments: (uri = window.activeTextEditor?.document.uri) => uri && tools.call(uri),
    // The sidecar's code lens.
    show: ({ document }: { document: string }) => tools.call(Uri.parse(document)),
    openResult: () => documents.show("MCP Result.json", panel.whole),
    openSettings: () => commands.executeCommand("workbench.action.openSettings", SECTION),
    showStatus: () => documents.show(STATUS_FILE, statusText(sidecar)),
    showServerOutput: () => output.show(),
    showLog: () => log.show(true),
  };
  const run = async (name: string, args: unknown[]) => {
    if (!workspace.isTrusted && !HARMLESS.includes(name)) {
      return explainTrust();
    }
    try {
      await table[name]?.(...(args as never[]));
    } catch (error) {
      const failure = failureOf(error);
      if (failure) {
        log.error(failure.message);
        void window.showErrorMessage(failure.message);
      }
    }
  };
  return Object.keys(table).map((name) =>
    commands.registerCommand(`${SECTION}.${name}`, (...args: unknown[]) => run(name, args)),
  );
}

/** The status as JSON, whole, as it may go into a report of a bug. */
export function statusText({ state, status }: Sidecar): string {
  return JSON.stringify(status ?? { sidecar: state }, undefined, 2);
}

async function showMenu({ sidecar, actions }: Parts): Promise<void> {
  const items = actions().map(({ command, icon, title }) => ({ label: `${icon} ${title}`, command }));
  const { headline } = statusView(sidecar.state, String);
  const chosen = await window.showQuickPick(items, { title: `MCP Sidecar: ${headline}` });
  await (chosen && commands.executeCommand(chosen.command));
}

async function explainTrust(): Promise<void> {
  const manage = l10n.t("Manage Workspace Trust");
  const message = l10n.t("This workspace is not trusted, so MCP Sidecar starts nothing in it.");
  const chosen = await window.showWarningMessage(message, manage);
  await (chosen && commands.executeCommand("workbench.trust.manage"));
}
