/** Wires the parts together. */
import { CodeLens, commands, type ExtensionContext, l10n, languages, Range, window, workspace } from "vscode";
import { ARGUMENTS_SCHEME, ArgumentFiles, toolOf } from "./argumentFiles.ts";
import { ToolCaller } from "./callTool.ts";
import { registerCommands, STATUS_FILE, statusText } from "./commands.ts";
import { Connector } from "./connect.ts";
import { Provision } from "./provision.ts";
import { Recents } from "./recents.ts";
import { ResultPanel } from "./resultPanel.ts";
import { ServerOutput } from "./serverOutput.ts";
import { concernsUs, needsRestart } from "./settings.ts";
import { Sidecar } from "./sidecar.ts";
import { stateName } from "./state.ts";
import { StatusBar } from "./statusBar.ts";
import { TEXTS_SCHEME, Texts } from "./texts.ts";
import { Tokens } from "./tokens.ts";

let sidecar: Sidecar | undefined;

export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel("MCP Sidecar", { log: true });
  const trace = window.createOutputChannel(l10n.t("MCP Trace"), "log");
  const output = new ServerOutput();
  const provision = new Provision(context, log);
  const running = new Sidecar({
    log,
    provision,
    onLog: (entry) => output.add(entry),
    onUnavailable: (message) => void tellUnavailable(message),
    onTrace: ({ message, verbose }) => trace.appendLine([message, verbose].filter(Boolean).join("\n")),
  });
  sidecar = running;
  const recents = new Recents(context.workspaceState, context.secrets);
  const connector = new Connector(running, recents, new Tokens(context.secrets), () => output.show());
  const panel = new ResultPanel();
  const files = new ArgumentFiles();
  const tools = new ToolCaller(running, files, panel);
  const texts = new Texts();
  const statusBar = new StatusBar();

  const showState = () => {
    const { state } = running;
    statusBar.show(state, connector.hasTarget);
    void commands.executeCommand("setContext", "mcpSidecar.state", stateName(state));
    void commands.executeCommand("setContext", "mcpSidecar.hasTarget", connector.hasTarget);
    texts.set(STATUS_FILE, statusText(running));
    if (state.kind === "running") {
      output.mark(state.status);
    }
  };
  showState();

  context.subscriptions.push(
    log,
    trace,
    output,
    running,
    panel,
    tools,
    statusBar,
    running.onDidChangeState(showState),
    connector.onDidChangeTarget(showState),
    workspace.registerTextDocumentContentProvider(TEXTS_SCHEME, texts),
    workspace.registerFileSystemProvider(ARGUMENTS_SCHEME, files, { isCaseSensitive: true }),
    languages.registerCodeLensProvider({ scheme: ARGUMENTS_SCHEME }, { provideCodeLenses: callLens }),
    ...registerCommands({ log, sidecar: running, connector, tools, panel, output, texts }),
    workspace.onDidGrantWorkspaceTrust(() => start(running)),
    workspace.onDidChangeConfiguration(async (event) => {
      if (needsRestart(event)) {
        await offerRestart(running);
      } else if (concernsUs(event)) {
        await running.configure();
      }
    }),
  );
  if (workspace.isTrusted) {
    start(running);
  }
}

/** VS Code waits for this when the window closes, so that nothing is left running. */
export async function deactivate(): Promise<void> {
  await sidecar?.stop();
}

/** Start without being asked: what goes wrong is told by the state and by one message. */
function start(sidecar: Sidecar): void {
  sidecar.start().catch(() => undefined);
}

function callLens(document: { uri: Parameters<typeof toolOf>[0] }): CodeLens[] {
  const title = l10n.t("$(play) Call {0}", toolOf(document.uri));
  return [
    new CodeLens(new Range(0, 0, 0, 0), { title, command: "mcpSidecar.callWithArguments", arguments: [document.uri] }),
  ];
}

async function tellUnavailable(message: string): Promise<void> {
  const steps: Record<string, string> = {
    [l10n.t("Restart Sidecar")]: "mcpSidecar.restart",
    [l10n.t("Show Log")]: "mcpSidecar.showLog",
    [l10n.t("Open Settings")]: "mcpSidecar.openSettings",
  };
  const chosen = await window.showErrorMessage(message, ...Object.keys(steps));
  const command = chosen && steps[chosen];
  if (command) {
    await commands.executeCommand(command);
  }
}

async function offerRestart(sidecar: Sidecar): Promise<void> {
  if (sidecar.state.kind !== "running") {
    return start(sidecar);
  }
  const restart = l10n.t("Restart Sidecar");
  const message = l10n.t(
    "The new setting holds from the sidecar's next start on. A restart ends the present connection.",
  );
  if ((await window.showInformationMessage(message, restart)) === restart) {
    await commands.executeCommand("mcpSidecar.restart");
  }
}
