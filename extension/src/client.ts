/** The LSP client for one life of the sidecar: it never restarts and never speaks to the user by itself. */
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { env, type LogOutputChannel, l10n } from "vscode";
import * as client from "vscode-languageclient/node";
import { ARGUMENTS_SCHEME } from "./documents.ts";
import type { Task } from "./progress.ts";
import type { ConnectionStatus } from "./protocol.ts";
import { initializationOptions, type Launch, SECTION } from "./settings.ts";

/** Milliseconds in which a sidecar that is told to stop may end by itself, and one that died is waited for. */
const STOP_MS = 3000;

/** Milliseconds after which one that does not even tell its status hangs; it answers within a few. */
const HANG_MS = 1000;

/** Milliseconds after which a program that does not answer `initialize` counts as no sidecar. */
const START_MS = 30_000;

/** The files in which servers are configured, whatever their language is called; the sidecar tells them from others. */
const CONFIGURATION = "**/{mcp,.mcp,fastmcp,settings,claude_desktop_config,.claude}.json";

/** Where they are. The desktop has the user's own under a scheme of its own; in a remote window those lie on another
 * machine than the sidecar, which could neither run their servers nor tell what is wrong with them.
 */
const schemes = () => (env.remoteName === undefined ? ["file", "vscode-userdata"] : ["file"]);

export class Client extends client.LanguageClient {
  private process: ChildProcess | undefined;
  private ending = false;
  private lastWords = "";

  /**
   * @param userData see `initializationOptions`
   * @param died called when the sidecar ended unasked, with the cause
   */
  constructor(launch: Launch, log: LogOutputChannel, userData: string, died: (message: string) => void) {
    super("mcpSidecar", "MCP Sidecar", launch, {
      documentSelector: [
        { scheme: ARGUMENTS_SCHEME },
        ...schemes().map((scheme) => ({ scheme, pattern: CONFIGURATION })),
      ],
      synchronize: { configurationSection: SECTION },
      outputChannel: log,
      initializationOptions: initializationOptions(userData),
      initializationFailedHandler: () => false,
      stdioOptions: {
        stdout: () => undefined,
        stderr: (input) => void createInterface({ input }).on("line", (line) => this.logLine(line, log)),
      },
      errorHandler: {
        error: () => ({ action: client.ErrorAction.Continue, handled: true }),
        closed: async () => {
          const message = await this.causeOfDeath();
          if (!this.ending) died(message);
          return { action: client.CloseAction.DoNotRestart, handled: true, message };
        },
      },
    });
  }

  /** Start, and ask for the status, which only a sidecar can tell.
   *
   * @throws Error that says why it did not; nothing is left of it then
   */
  async launch(): Promise<ConnectionStatus> {
    const kill = () => this.process?.kill("SIGKILL");
    // What is no sidecar does not notice that the window closes.
    process.once("exit", kill);
    const late = setTimeout(() => {
      this.lastWords = l10n.t("It did not answer within {0} s.", START_MS / 1000);
      kill();
    }, START_MS);
    try {
      await this.start();
      return await this.sendRequest("mcp/status", { asText: true });
    } catch (error) {
      if (this.isRunning()) await this.end();
      throw this.process ? new Error(await this.causeOfDeath(), { cause: error }) : error;
    } finally {
      clearTimeout(late);
      process.off("exit", kill);
    }
  }

  /** Stop, however far it got; the process is gone afterwards, or is killed. */
  async end(): Promise<void> {
    this.ending = true;
    const answered = this.sendRequest("mcp/status").catch(() => undefined);
    // When a window closes there is little time, and one that hangs would not notice the end of its stdin either.
    if ((await Promise.race([answered, delay(HANG_MS, "hangs")])) === "hangs") this.process?.kill("SIGKILL");
    await this.stop(STOP_MS).catch((error) => this.error("Stopping failed", error));
    if (this.process?.exitCode === null) this.process.kill("SIGKILL");
  }

  /** A request whose progress is told (LSP 3.17, "Work Done Progress"). */
  reported<R>(method: string, params: object): Task<R> {
    return async (token, report) => {
      const workDoneToken = randomUUID();
      const listening = this.onProgress(client.WorkDoneProgress.type, workDoneToken, (value) => {
        if (value.kind === "report") report(value);
      });
      return this.sendRequest<R>(method, { ...params, workDoneToken }, token).finally(() => listening.dispose());
    };
  }

  /** Errors go to the log only: the extension itself says what the user has to know, once. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  protected override async createMessageTransports(encoding: string): Promise<client.MessageTransports> {
    const transports = await super.createMessageTransports(encoding);
    // The base class forgets it when it stops.
    this.process = this.serverProcess;
    return transports;
  }

  private logLine(line: string, log: LogOutputChannel): void {
    const level = / (ERROR|CRITICAL) /.test(line) ? "error" : / WARNING /.test(line) ? "warn" : "info";
    // The last line of a traceback, or of what Python says before the log is set up.
    if (!/ (DEBUG|INFO|WARNING) /.test(line)) this.lastWords = line;
    log[level](line);
  }

  private async causeOfDeath(): Promise<string> {
    const child = this.process;
    if (child && child.exitCode === null && child.signalCode === null) {
      await once(child, "exit", { signal: AbortSignal.timeout(STOP_MS) }).catch(() => undefined);
    }
    const cause = child?.signalCode ?? child?.exitCode ?? l10n.t("unknown");
    return l10n.t("The sidecar ended by itself ({0}). {1}", cause, this.lastWords).trim();
  }
}
