/** Provides what is run as the sidecar, with the user watching: progress, Cancel, one message when it fails. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type ExtensionContext, type LogOutputChannel, l10n, ProgressLocation, window } from "vscode";
import { discardEnvironment, ensureEnvironment, environmentIsReady } from "./environment.ts";
import { childEnvironment, type Launch, launchFromSettings, launchWith } from "./launch.ts";
import { launchSettings } from "./settings.ts";

export class Provision {
  private readonly context: ExtensionContext;
  private readonly log: LogOutputChannel;

  constructor(context: ExtensionContext, log: LogOutputChannel) {
    this.context = context;
    this.log = log;
  }

  /** What to run; the extension's own environment is made where it is missing.
   *
   * @param installing called when that takes longer
   * @throws Error that says what was tried and what to do
   */
  async prepare(installing: () => void): Promise<Launch> {
    const env = childEnvironment(process.env);
    const given = await launchFromSettings(launchSettings(), env);
    if (given) {
      return given;
    }
    if (!environmentIsReady(this.places)) {
      installing();
      await this.install();
    }
    return launchWith(await this.ensure(new AbortController().signal, () => undefined));
  }

  /** After a start that failed: throw the own environment away where it is broken, so that it is made anew.
   *
   * @returns whether it was, and a second try makes sense
   */
  async repair({ command }: Launch): Promise<boolean> {
    const check = ["-I", "-c", "import mcp_sidecar.server.sidecar"];
    const works = () => promisify(execFile)(command, check).then(Boolean, () => false);
    if (!command.startsWith(this.places.storage) || (await works())) {
      return false;
    }
    this.log.warn(l10n.t("The sidecar's Python environment is broken; it is made anew."));
    await discardEnvironment(this.places);
    return true;
  }

  private get places() {
    return {
      storage: this.context.globalStorageUri.fsPath,
      bundle: this.context.asAbsolutePath("dist/sidecar"),
    };
  }

  private async install(): Promise<void> {
    const title = l10n.t("MCP Sidecar: preparing its Python environment");
    await window.withProgress(
      { location: ProgressLocation.Notification, title, cancellable: true },
      (progress, token) => {
        const abort = new AbortController();
        token.onCancellationRequested(() => abort.abort(new Error(l10n.t("The installation was cancelled."))));
        return this.ensure(abort.signal, (message) => progress.report({ message }));
      },
    );
  }

  private ensure(signal: AbortSignal, report: (step: string) => void): Promise<string> {
    const log = (line: string) => this.log.info(line);
    return ensureEnvironment({ ...this.places, env: process.env, signal, log, report });
  }
}
