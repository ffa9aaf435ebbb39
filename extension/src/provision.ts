/** Provides what is run as the sidecar, with the user watching: progress, Cancel, one message when it fails. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type ExtensionContext, type LogOutputChannel, l10n, ProgressLocation, window } from "vscode";
import { discardEnvironment, type EnvironmentOptions, ensureEnvironment, environmentIsReady } from "./environment.ts";
import { childEnvironment, type Launch, launchFromSettings, launchWith } from "./launch.ts";
import { launchSettings } from "./settings.ts";

/** Where the extension's own environment is, and how it is made unseen. */
export function environmentOptions(context: ExtensionContext, log: LogOutputChannel): EnvironmentOptions {
  return {
    storage: context.globalStorageUri.fsPath,
    bundle: context.asAbsolutePath("dist/sidecar"),
    env: process.env,
    signal: new AbortController().signal,
    log: (line) => log.info(line),
    report: () => undefined,
  };
}

/** What to run; the extension's own environment is made where it is missing.
 *
 * @param installing called when that takes longer
 * @throws Error that says what was tried and what to do
 */
export async function provide(options: EnvironmentOptions, installing: () => void): Promise<Launch> {
  const given = await launchFromSettings(launchSettings(), childEnvironment(process.env));
  if (!given && !environmentIsReady(options)) {
    installing();
    await install(options);
  }
  return given ?? launchWith(await ensureEnvironment(options));
}

/** After a start that failed: throw the own environment away where it is broken, so that it is made anew.
 *
 * @returns whether it was, and a second try makes sense
 */
export async function repair(options: EnvironmentOptions, { command }: Launch): Promise<boolean> {
  const check = ["-I", "-c", "import mcp_sidecar.server.sidecar"];
  const works = () => promisify(execFile)(command, check).then(Boolean, () => false);
  const isBroken = command.startsWith(options.storage) && !(await works());
  if (isBroken) {
    options.log(l10n.t("The sidecar's Python environment is broken; it is made anew."));
    await discardEnvironment(options);
  }
  return isBroken;
}

async function install(options: EnvironmentOptions): Promise<void> {
  const title = l10n.t("MCP Sidecar: preparing its Python environment");
  const shown = { location: ProgressLocation.Notification, title, cancellable: true };
  await window.withProgress(shown, (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort(new Error(l10n.t("The installation was cancelled."))));
    const report = (message: string) => progress.report({ message });
    return ensureEnvironment({ ...options, signal: abort.signal, report });
  });
}
