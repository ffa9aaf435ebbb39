/** Wires the parts together. */
import { commands, type ExtensionContext, l10n, window, workspace } from "vscode";
import { actionsIn } from "./actions.ts";
import { ToolCaller } from "./callTool.ts";
import { registerCommands, STATUS_FILE, statusText } from "./commands.ts";
import { Connector } from "./connect.ts";
import { Documents } from "./documents.ts";
import { withoutLinks } from "./plainText.ts";
import { Provision } from "./provision.ts";
import { Recents } from "./recents.ts";
import { ResultPanel } from "./resultPanel.ts";
import { ServerOutput } from "./serverOutput.ts";
import { SECTION, START_SETTINGS } from "./settings.ts";
import { Sidecar } from "./sidecar.ts";
import { stateName } from "./state.ts";
import { StatusBar } from "./statusBar.ts";
import { Tokens } from "./tokens.ts";

let running: Sidecar | undefined;

export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel("MCP Sidecar", { log: true });
  const trace = window.createOutputChannel(l10n.t("MCP Trace"), "log");
  const output = new ServerOutput();
  const documents = new Documents();
  const panel = new ResultPanel();
  const sidecar = new Sidecar({
    log,
    provision: new Provision(context, log),
    listeners: {
      "mcp/didLog": (entry) => output.add(entry),
      "mcp/didShow": (page) => panel.show(page),
      "$/logTrace": ({ message, verbose }) => trace.appendLine([message, verbose].filter(Boolean).join("\n")),
    },
    onUnavailable: (message) => void tellUnavailable(message),
  });
  running = sidecar;
  const recents = new Recents(context.workspaceState, context.secrets);
  const tokens = new Tokens(context.secrets);
  const connector = new Connector({ sidecar, recents, tokens, showOutput: () => output.show() });
  const tools = new ToolCaller({ sidecar, documents, panel });
  const statusBar = new StatusBar();
  const contributions = context.extension.packageJSON.contributes.commands;
  const actions = () => actionsIn(contributions, stateName(sidecar.state), connector.hasTarget);

  const show = () => {
    statusBar.show(sidecar.state, actions());
    void commands.executeCommand("setContext", `${SECTION}.state`, stateName(sidecar.state));
    void commands.executeCommand("setContext", `${SECTION}.hasTarget`, connector.hasTarget);
    documents.set(STATUS_FILE, statusText(sidecar));
    output.mark(sidecar.status);
  };
  show();

  context.subscriptions.push(
    ...[log, trace, output, documents.register(), panel, statusBar],
    ...registerCommands({ log, sidecar, connector, documents, tools, panel, output, actions }),
    sidecar.onDidChangeState(show),
    connector.onDidChangeTarget(show),
    workspace.onDidGrantWorkspaceTrust(() => start(sidecar)),
    workspace.onDidChangeConfiguration((event) => {
      if (START_SETTINGS.some((name) => event.affectsConfiguration(name))) {
        void offerRestart(sidecar);
      } else if (event.affectsConfiguration(SECTION)) {
        void sidecar.configure().catch((error) => log.warn(String(error)));
      }
    }),
  );
  start(sidecar);
}

/** VS Code waits for this when the window closes, so that nothing is left running. */
export async function deactivate(): Promise<void> {
  await running?.stop();
}

/** Start unasked; what goes wrong is told by the state and by one message. */
function start(sidecar: Sidecar): void {
  if (workspace.isTrusted) {
    void sidecar.start().catch(() => undefined);
  }
}

async function tellUnavailable(message: string): Promise<void> {
  const steps: Record<string, string> = {
    [l10n.t("Restart Sidecar")]: "restart",
    [l10n.t("Show Log")]: "showLog",
    [l10n.t("Open Settings")]: "openSettings",
  };
  const step = await window.showErrorMessage(withoutLinks(message), ...Object.keys(steps));
  await (step && commands.executeCommand(`${SECTION}.${steps[step]}`));
}

async function offerRestart(sidecar: Sidecar): Promise<void> {
  if (!sidecar.status) {
    // A start under way began with the old setting.
    return workspace.isTrusted ? sidecar.restart().catch(() => undefined) : undefined;
  }
  const restart = l10n.t("Restart Sidecar");
  const message = l10n.t("The new setting holds from the sidecar's next start on.");
  const chosen = await window.showInformationMessage(message, restart);
  await (chosen && commands.executeCommand(`${SECTION}.restart`));
}
