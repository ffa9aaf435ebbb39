/** The sidecar's process and the LSP client that talks to it. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type CancellationToken, type Disposable, EventEmitter, type LogOutputChannel, l10n, workspace } from "vscode";
import {
  CloseAction,
  ErrorAction,
  type Executable,
  ExecuteCommandRequest,
  LanguageClient,
  type MessageTransports,
} from "vscode-languageclient/node";
import { childEnvironment, type Launch } from "./launch.ts";
import type { ConnectionStatus, Notifications, Requests } from "./protocol.ts";
import type { Provision } from "./provision.ts";
import { launchSettings, sidecarSettings, traceSetting } from "./settings.ts";
import { newer, type SidecarState } from "./state.ts";

/** Milliseconds in which a sidecar that is told to stop may end by itself. */
const STOP_MS = 4000;

/** A failure that the state tells already, and that the user saw. */
export class Unavailable extends Error {}

export interface SidecarOptions {
  log: LogOutputChannel;
  provision: Provision;
  onLog: (entry: Notifications["mcp/didLog"]) => void;
  onTrace: (entry: { message: string; verbose?: string }) => void;
  /** Tells the user that it can't start, or that it ended by itself. */
  onUnavailable: (message: string) => void;
}

export class Sidecar implements Disposable {
  private readonly options: SidecarOptions;
  private readonly changed = new EventEmitter<SidecarState>();
  private current: SidecarState = { kind: workspace.isTrusted ? "starting" : "untrusted" };
  private client: Client | undefined;
  /** The one start or restart under way, so that callers share it. */
  private starting: Promise<void> | undefined;

  readonly onDidChangeState = this.changed.event;

  constructor(options: SidecarOptions) {
    this.options = options;
  }

  get state(): SidecarState {
    return this.current;
  }

  /** Start it, where it does not run already.
   *
   * @throws Unavailable where it can't; the state says why
   */
  start(): Promise<void> {
    if (this.current.kind === "running") {
      return Promise.resolve();
    }
    this.starting ??= this.startAnew().finally(() => {
      this.starting = undefined;
    });
    return this.starting;
  }

  /** Stop it and start it again; a start under way comes first. */
  async restart(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.end();
    if (this.current.kind === "running") {
      this.change({ kind: "starting" });
    }
  }

  /** Send a request; the sidecar is started where it does not run.
   *
   * @throws ResponseError with the sidecar's answer, or Unavailable
   */
  async request<M extends keyof Requests>(
    method: M,
    params: Requests[M]["params"],
    token?: CancellationToken,
  ): Promise<Requests[M]["result"]> {
    await this.start();
    const client = this.client;
    if (!client) {
      throw new Unavailable(l10n.t("The sidecar is not running."));
    }
    return client.sendRequest<Requests[M]["result"]>(method as string, params ?? {}, token);
  }

  /** Tell the running sidecar the settings that hold now. */
  async configure(): Promise<void> {
    await this.client?.sendNotification("workspace/didChangeConfiguration", { settings: { mcp: sidecarSettings() } });
    await this.client?.sendNotification("$/setTrace", { value: traceSetting() });
  }

  dispose(): void {
    this.changed.dispose();
  }

  private async startAnew(): Promise<void> {
    if (!workspace.isTrusted) {
      this.change({ kind: "untrusted" });
      throw new Unavailable(l10n.t("This workspace is not trusted, so MCP Sidecar starts nothing in it."));
    }
    try {
      const launch = await this.prepare();
      try {
        await this.run(launch);
      } catch (error) {
        if (!(await this.options.provision.repair(launch))) {
          throw error;
        }
        await this.run(await this.prepare());
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.change({ kind: "unavailable", message });
      this.options.onUnavailable(message);
      throw new Unavailable(message, { cause: error });
    }
  }

  private async prepare(): Promise<Launch> {
    this.change({ kind: "starting" });
    const launch = await this.options.provision.prepare(() => this.change({ kind: "installing" }));
    this.change({ kind: "starting" });
    return launch;
  }

  private async run(launch: Launch): Promise<void> {
    const client = new Client(launch, this.options, (message) => {
      if (this.client === client) {
        this.client = undefined;
        this.change({ kind: "crashed", message });
        this.options.onUnavailable(message);
      }
    });
    client.onNotification("mcp/didChangeStatus", (status: ConnectionStatus) => this.take(status));
    client.onNotification("mcp/didLog", this.options.onLog);
    client.onNotification("$/logTrace", this.options.onTrace);
    await client.start();
    this.client = client;
    await this.configure();
    this.take(await client.sendRequest<ConnectionStatus>("mcp/status"));
  }

  private take(status: ConnectionStatus): void {
    const known = this.current.kind === "running" ? this.current.status : undefined;
    this.change({ kind: "running", status: newer(known, status) });
  }

  private change(state: SidecarState): void {
    this.current = state;
    this.changed.fire(state);
  }
}

/** A language client for one life of the sidecar: it never restarts and never speaks to the user by itself. */
class Client extends LanguageClient {
  private process: ChildProcess | undefined;
  private ending = false;
  private lastWords = "";

  constructor(launch: Launch, { log }: SidecarOptions, crashed: (message: string) => void) {
    const executable: Executable = {
      command: launch.command,
      args: [...launch.args, "--log-level", launchSettings().logLevel],
      options: { env: childEnvironment(process.env) },
    };
    super("mcpSidecar", "MCP Sidecar", executable, {
      outputChannel: log,
      initializationOptions: () => ({ mcp: sidecarSettings() }),
      initializationFailedHandler: () => false,
      stdioOptions: {
        stdout: () => undefined,
        stderr: (input) => {
          createInterface({ input }).on("line", (line) => this.logLine(line, log));
        },
      },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: async () => {
          const message = await this.causeOfDeath();
          if (!this.ending) {
            crashed(message);
          }
          return { action: CloseAction.DoNotRestart, handled: true, message };
        },
      },
    });
  }

  /** Stop, however far it got; the process is gone afterwards, or is killed. */
  async end(): Promise<void> {
    this.ending = true;
    await this.stop(STOP_MS).catch((error) => this.error("Stopping failed", error));
  }

  /** The sidecar's commands have the names of ours, and ours do more: VS Code must not get both. */
  override registerFeature(feature: Parameters<LanguageClient["registerFeature"]>[0]): void {
    const method = "registrationType" in feature ? feature.registrationType.method : undefined;
    if (method !== ExecuteCommandRequest.method) {
      super.registerFeature(feature);
    }
  }

  /** Errors go to the log only: the extension itself says what the user has to know, once. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  protected override async createMessageTransports(encoding: string): Promise<MessageTransports> {
    const transports = await super.createMessageTransports(encoding);
    this.process = this.serverProcess;
    return transports;
  }

  private logLine(line: string, log: LogOutputChannel): void {
    this.lastWords = line;
    const level = / (ERROR|CRITICAL) /.test(line) ? "error" : / WARNING /.test(line) ? "warn" : "info";
    log[level](line);
  }

  private async causeOfDeath(): Promise<string> {
    const child = this.process;
    if (child && child.exitCode === null && child.signalCode === null) {
      await once(child, "exit", { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    }
    const cause = child?.signalCode ?? child?.exitCode ?? l10n.t("unknown");
    return `${l10n.t("The sidecar ended by itself ({0}).", cause)} ${this.lastWords}`.trim();
  }
}
