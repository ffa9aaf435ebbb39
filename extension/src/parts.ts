/** The parts of the extension, one of each for a window. */
import { join } from "node:path";
import { type ExtensionContext, l10n, window } from "vscode";
import { actionsIn } from "./actions.ts";
import { Documents } from "./documents.ts";
import { directoryFor } from "./environment.ts";
import { Recents } from "./recents.ts";
import { ResultPanel } from "./resultPanel.ts";
import { makeServerParts } from "./serverParts.ts";
import { Sidecar } from "./sidecar.ts";

/** As the commands find them. */
export type Parts = ReturnType<typeof makeParts>;

export function makeParts(context: ExtensionContext) {
  const { extension, globalStorageUri, secrets, workspaceState } = context;
  const log = window.createOutputChannel("MCP Sidecar", { log: true });
  const bundle = context.asAbsolutePath("dist/sidecar");
  const directory = directoryFor(bundle, globalStorageUri.fsPath);
  const environment = { directory, bundle, env: process.env, log: (line: string) => log.info(line) };
  const sidecar = new Sidecar(log, environment, join(globalStorageUri.fsPath, "../.."));
  const recents = new Recents(workspaceState, secrets);
  const documents = new Documents();
  /** Whether there is a target for *Reconnect*. */
  const hasTarget = () => Boolean(sidecar.status?.target) || recents.all.length > 0;
  return {
    ...makeServerParts({ sidecar, documents, log }),
    ...{ log, sidecar, recents, documents, hasTarget },
    panel: new ResultPanel(),
    // No LogOutputChannel: that would drop what is below its level, and nothing the server says is lost.
    output: window.createOutputChannel(l10n.t("MCP Server"), "log"),
    /** What can be done now. */
    actions: () => actionsIn(extension.packageJSON.contributes.commands, sidecar.state.name, hasTarget()),
  };
}
