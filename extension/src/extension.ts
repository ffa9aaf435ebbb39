/** Wires the parts together. */
import { commands, type ExtensionContext, l10n, window, workspace } from "vscode";
import { actionsIn } from "./actions.ts";
import { registerCommands, STATUS_FILE, statusText } from "./commands.ts";
import { hasTarget } from "./connect.ts";
import { Documents } from "./documents.ts";
import { elicit } from "./elicitation.ts";
import { directoryFor } from "./environment.ts";
import { LastArguments } from "./lastArguments.ts";
import { offer } from "./offer.ts";
import type { Parts } from "./parts.ts";
import { followModels } from "./promptRun.ts";
import { Recents } from "./recents.ts";
import { ResultPanel } from "./resultPanel.ts";
import { type Sampler, sample } from "./sampling.ts";
import { followServer } from "./serverCommands.ts";
import { ServerLists } from "./serverLists.ts";
import { ServerOutput } from "./serverOutput.ts";
import { ServerView } from "./serverView.ts";
import { SECTION, START_SETTINGS } from "./settings.ts";
import { Sidecar } from "./sidecar.ts";
import { stateName } from "./state.ts";
import { StatusBar } from "./statusBar.ts";
import { Subscriptions } from "./subscriptions.ts";
import { TraceDocument } from "./traceDocument.ts";
import { Turns } from "./turns.ts";

let running: Sidecar | undefined;

export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel("MCP Sidecar", { log: true });
  const traceChannel = window.createOutputChannel(l10n.t("MCP Trace"), "log");
  const output = new ServerOutput();
  const documents = new Documents();
  const panel = new ResultPanel();
  const bundle = context.asAbsolutePath("dist/sidecar");
  const directory = directoryFor(bundle, context.globalStorageUri.fsPath);
  const sidecar = new Sidecar({
    log,
    environment: { directory, bundle, env: process.env, log: (line) => log.info(line) },
    listeners: {
      "mcp/didLog": (entry) => output.add(entry),
      "mcp/didShow": (page) => panel.show(page),
      "mcp/notifications/tools/list_changed": () => lists.refresh("tool"),
      "mcp/notifications/prompts/list_changed": () => lists.refresh("prompt"),
      "mcp/notifications/resources/list_changed": () => {
        lists.refresh("resource");
        lists.refresh("resourceTemplate");
      },
      "mcp/notifications/resources/updated": (params) => subscriptions.updated(params),
      "$/logTrace": ({ message, verbose }) => traceChannel.appendLine([message, verbose].filter(Boolean).join("\n")),
    },
    answers: {
      "mcp/elicitation/create": (params, token) => elicit(asker, params, token),
      "mcp/sampling/createMessage": (params, token) => sample(asker, params, token),
    },
    onUnavailable: (message) => void tellUnavailable(message),
  });
  running = sidecar;
  const asker: Sampler = { log, documents, turns: new Turns(), server: () => serverName(sidecar) };
  const recents = new Recents(context.workspaceState, context.secrets);
  const statusBar = new StatusBar();
  const contributions = context.extension.packageJSON.contributes.commands;
  const actions = () => actionsIn(contributions, stateName(sidecar.state), hasTarget({ sidecar, recents }));
  const lists = new ServerLists(sidecar);
  const subscriptions = new Subscriptions(sidecar);
  const view = new ServerView(lists, subscriptions);
  const lastArguments = new LastArguments(context.workspaceState);
  const trace = new TraceDocument({ sidecar, documents, log });
  const parts: Parts = {
    ...{ log, sidecar, recents, documents, panel, output, actions },
    ...{ lists, subscriptions, lastArguments, trace, view },
  };

  const show = () => {
    statusBar.show(sidecar.state, actions());
    void commands.executeCommand("setContext", `${SECTION}.state`, stateName(sidecar.state));
    void commands.executeCommand("setContext", `${SECTION}.hasTarget`, hasTarget(parts));
    documents.set(STATUS_FILE, statusText(sidecar));
    output.mark(sidecar.status);
  };
  show();

  context.subscriptions.push(
    ...[log, traceChannel, output.channel, documents.register(), panel, statusBar.item, trace, view.tree],
    ...followServer(parts),
    followModels(),
    ...registerCommands(parts),
    sidecar.onDidChangeState(show),
    recents.onDidChange(show),
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
  if (workspace.isTrusted) void sidecar.start().catch(() => undefined);
}

/** Who asks, in the title of a question. */
function serverName({ status }: Sidecar): string {
  return status?.server?.title || status?.server?.name || status?.target?.name || l10n.t("the server");
}

async function tellUnavailable(message: string): Promise<void> {
  await offer(window.showErrorMessage, message, {
    [l10n.t("Restart Sidecar")]: "restart",
    [l10n.t("Show Log")]: "showLog",
    [l10n.t("Open Settings")]: "openSettings",
  });
}

async function offerRestart(sidecar: Sidecar): Promise<void> {
  if (!sidecar.status) {
    // A start under way began with the old setting.
    return workspace.isTrusted ? sidecar.restart().catch(() => undefined) : undefined;
  }
  const message = l10n.t("The new setting holds from the sidecar's next start on.");
  await offer(window.showInformationMessage, message, { [l10n.t("Restart Sidecar")]: "restart" });
}
