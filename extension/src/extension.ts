/** Wires the parts together. */
import { commands, type ExtensionContext, l10n, window, workspace } from "vscode";
import { registerCommands, STATUS_FILE, statusText } from "./commands.ts";
import { offer } from "./failure.ts";
import { makeParts } from "./parts.ts";
import { choose, enter } from "./question.ts";
import { followServer } from "./serverCommands.ts";
import { SECTION, START_SETTINGS } from "./settings.ts";
import type { Sidecar } from "./sidecar.ts";
import { StatusBar } from "./statusBar.ts";

let running: Sidecar | undefined;

export function activate(context: ExtensionContext): void {
  const parts = makeParts(context);
  const { log, sidecar, recents, documents, panel, output, actions, hasTarget } = parts;
  running = sidecar;
  const traceChannel = window.createOutputChannel(l10n.t("MCP Trace"), "log");
  const statusBar = new StatusBar();
  const show = () => {
    statusBar.show(sidecar.state, actions());
    void commands.executeCommand("setContext", `${SECTION}.state`, sidecar.state.name);
    void commands.executeCommand("setContext", `${SECTION}.hasTarget`, hasTarget());
    documents.set(STATUS_FILE, statusText(sidecar));
  };
  // What goes wrong is told by the state and by one message; without trust nothing starts.
  const start = () => void sidecar.start().catch(() => undefined);
  show();

  sidecar.serve(
    {
      "mcp/didLog": ({ text = "" }) => output.appendLine(text),
      "mcp/didShow": (page) => panel.show(page),
      "$/logTrace": ({ message, verbose }) => traceChannel.appendLine([message, verbose].filter(Boolean).join("\n")),
    },
    { "window/showMessageRequest": choose, "mcp/input": enter },
  );
  context.subscriptions.push(
    ...[log, traceChannel, output, documents.register(), panel, statusBar.item],
    ...followServer(parts),
    ...registerCommands(parts),
    sidecar.onDidChangeState(({ message }) => {
      show();
      if (message !== undefined) void tellUnavailable(message);
    }),
    recents.onDidChange(show),
    workspace.onDidGrantWorkspaceTrust(start),
    workspace.onDidChangeConfiguration((event) => {
      if (START_SETTINGS.some((name) => event.affectsConfiguration(name))) void offerRestart(sidecar);
    }),
  );
  start();
}

/** VS Code waits for this when the window closes, so that nothing is left running. */
export const deactivate = () => running?.stop();

async function tellUnavailable(message: string): Promise<void> {
  await offer(window.showErrorMessage, message, {
    [l10n.t("Restart Sidecar")]: "restart",
    [l10n.t("Show Log")]: "showLog",
    [l10n.t("Open Settings")]: "openSettings",
  });
}

async function offerRestart(sidecar: Sidecar): Promise<void> {
  // A start under way began with the old setting.
  if (!sidecar.status) return sidecar.restart().catch(() => undefined);
  const message = l10n.t("The new setting holds from the sidecar's next start on.");
  await offer(window.showInformationMessage, message, { [l10n.t("Restart Sidecar")]: "restart" });
}
