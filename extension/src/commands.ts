/** The commands of the palette: a flat table; each does its work elsewhere. */
import { commands, type Disposable, type LogOutputChannel, l10n, type Uri, window, workspace } from "vscode";
import { actionsIn } from "./actions.ts";
import type { ToolCaller } from "./callTool.ts";
import type { Connector } from "./connect.ts";
import { failureOf } from "./failure.ts";
import type { Target } from "./protocol.ts";
import type { ResultPanel } from "./resultPanel.ts";
import type { ServerOutput } from "./serverOutput.ts";
import { type Sidecar, Unavailable } from "./sidecar.ts";
import { stateName } from "./state.ts";
import { statusView } from "./statusView.ts";
import type { Texts } from "./texts.ts";

/** What the commands work with. */
export interface Parts {
  log: LogOutputChannel;
  sidecar: Sidecar;
  connector: Connector;
  tools: ToolCaller;
  panel: ResultPanel;
  output: ServerOutput;
  texts: Texts;
}

export const STATUS_FILE = "MCP Status.json";

export function registerCommands(parts: Parts): Disposable[] {
  const { log, sidecar, connector, tools, panel, output, texts } = parts;
  const table: Record<string, (...args: never[]) => unknown> = {
    showMenu: () => showMenu(parts),
    connect: (target?: Target | string) => connector.connect(target),
    disconnect: () => sidecar.request("mcp/disconnect", null),
    reconnect: () => connector.reconnect(),
    restart: () => sidecar.restart(),
    callTool: (name?: string) => tools.pick(name),
    callWithArguments: (uri?: Uri) => {
      const document = uri ?? window.activeTextEditor?.document.uri;
      return document && tools.call(document);
    },
    openResult: () => texts.open("MCP Result.json", panel.json),
    showStatus: () => texts.open(STATUS_FILE, statusText(sidecar)),
    showServerOutput: () => output.show(),
    showLog: () => log.show(true),
    openSettings: () => commands.executeCommand("workbench.action.openSettings", "mcpSidecar"),
  };
  return Object.entries(table).map(([name, run]) =>
    commands.registerCommand(`mcpSidecar.${name}`, async (...args: unknown[]) => {
      if (!workspace.isTrusted && !["showLog", "showMenu", "showServerOutput"].includes(name)) {
        return explainTrust();
      }
      try {
        await (run as (...args: unknown[]) => unknown)(...args);
      } catch (error) {
        const failure = failureOf(error);
        if (failure && !(error instanceof Unavailable)) {
          log.error(failure.message);
          void window.showErrorMessage(failure.message);
        }
      }
    }),
  );
}

/** The status as JSON, whole, as it may go into a report of a bug. */
export function statusText({ state }: Sidecar): string {
  return JSON.stringify(state.kind === "running" ? state.status : { sidecar: state }, undefined, 2);
}

async function showMenu({ sidecar, connector }: Parts): Promise<void> {
  const items = actionsIn(stateName(sidecar.state), connector.hasTarget).map(({ command, icon, title }) => ({
    label: `$(${icon}) ${title()}`,
    command,
  }));
  const title = statusView(sidecar.state, String).headline;
  const chosen = await window.showQuickPick(items, { title, placeHolder: l10n.t("What to do") });
  if (chosen) {
    await commands.executeCommand(chosen.command);
  }
}

async function explainTrust(): Promise<void> {
  const manage = l10n.t("Manage Workspace Trust");
  const chosen = await window.showWarningMessage(
    l10n.t("This workspace is not trusted, so MCP Sidecar starts nothing in it. Trust it to connect to MCP servers."),
    manage,
  );
  if (chosen) {
    await commands.executeCommand("workbench.trust.manage");
  }
}
