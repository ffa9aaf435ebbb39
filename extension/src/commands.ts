/** The commands of the palette: a flat table; each does its work elsewhere. */
import { commands, type Disposable, l10n, Uri, window, workspace } from "vscode";
import { callDocument } from "./argumentsDocument.ts";
import { connect, reconnect } from "./connect.ts";
import { failureOf, offer } from "./failure.ts";
import type { Parts } from "./parts.ts";
import { SERVER_COMMANDS } from "./serverCommands.ts";
import { SECTION } from "./settings.ts";
import type { Sidecar } from "./sidecar.ts";
import { statusView } from "./statusBar.ts";

/** The document that *Show Status* opens. */
export const STATUS_FILE = "MCP Status.json";

/** What may be done in a workspace that is not trusted: nothing that starts something. */
const HARMLESS = ["showMenu", "showLog", "showStatus", "showServerOutput", "openSettings"];

const COMMANDS: Record<string, (parts: Parts, ...args: never[]) => unknown> = {
  showMenu,
  connect,
  disconnect: ({ sidecar }) => sidecar.request("mcp/disconnect", null),
  reconnect,
  restart: ({ sidecar }) => sidecar.restart(),
  callWithArguments: (parts, uri = window.activeTextEditor?.document.uri) => uri && callDocument(parts, uri),
  ...SERVER_COMMANDS,
  // The sidecar's code lenses and code actions, as far as they are not among the others.
  show: (parts, { document }: { document: string }) => callDocument(parts, Uri.parse(document)),
  status: showMenu,
  log: ({ output }) => output.show(true),
  openSettings: () => commands.executeCommand("workbench.action.openSettings", SECTION),
  showStatus: ({ documents, sidecar }) => window.showTextDocument(documents.set(STATUS_FILE, statusText(sidecar))),
  showServerOutput: ({ output }) => output.show(true),
  showLog: ({ log }) => log.show(true),
};

export function registerCommands(parts: Parts): Disposable[] {
  const run = async (name: string, args: unknown[]) => {
    if (!workspace.isTrusted && !HARMLESS.includes(name)) return explainTrust();
    try {
      await COMMANDS[name]?.(parts, ...(args as never[]));
    } catch (error) {
      const failure = failureOf(error);
      if (failure) {
        parts.log.error(failure.message);
        void window.showErrorMessage(failure.message);
      }
    }
  };
  return Object.keys(COMMANDS).map((name) =>
    commands.registerCommand(`${SECTION}.${name}`, (...args: unknown[]) => run(name, args)),
  );
}

/** The status as JSON, whole, as it may go into a report of a bug. */
export function statusText({ state, status }: Sidecar): string {
  return JSON.stringify(status ? { ...status, text: undefined } : { sidecar: state }, undefined, 2);
}

async function showMenu({ sidecar, actions }: Parts): Promise<void> {
  const items = actions().map(({ command, icon, title }) => ({ label: `${icon} ${title}`, command }));
  const { headline } = statusView(sidecar.state);
  const chosen = await window.showQuickPick(items, { title: `MCP Sidecar: ${headline}` });
  await (chosen && commands.executeCommand(chosen.command));
}

async function explainTrust(): Promise<void> {
  const manage = () => commands.executeCommand("workbench.trust.manage");
  const message = l10n.t("This workspace is not trusted, so MCP Sidecar starts nothing in it.");
  await offer(window.showWarningMessage, message, { [l10n.t("Manage Workspace Trust")]: manage });
}
