/** The sidecar: started, restarted, stopped, asked; its state is what the user sees. */
import { type CancellationToken, type Disposable, EventEmitter, type LogOutputChannel, l10n, workspace } from "vscode";
import { Client } from "./client.ts";
import type { Launch } from "./launch.ts";
import type { ConnectionStatus, Notifications, Requests } from "./protocol.ts";
import type { Provision } from "./provision.ts";
import { sidecarSettings } from "./settings.ts";
import { newer, type SidecarState } from "./state.ts";

/** A failure that the state tells already, and that the user was told of. */
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
  /** The one start under way, so that callers share it. */
  private starting: Promise<void> | undefined;
  /** The last end, which the next start waits for. */
  private ending: Promise<void> | undefined;

  readonly onDidChangeState = this.changed.event;

  constructor(options: SidecarOptions) {
    this.options = options;
  }

  get state(): SidecarState {
    return this.current;
  }

  /** The connection's status; undefined where the sidecar does not run. */
  get status(): ConnectionStatus | undefined {
    return this.current.kind === "running" ? this.current.status : undefined;
  }

  /** Start it, where it does not run already.
   *
   * @throws Unavailable where it can't; the state says why
   */
  async start(): Promise<void> {
    if (!this.status) {
      this.starting ??= this.startAnew().finally(() => {
        this.starting = undefined;
      });
      await this.starting;
    }
  }

  /** Stop it and start it again; a start under way comes first. */
  async restart(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    const client = this.client;
    if (client) {
      this.client = undefined;
      // At once: what is true of the connection is not known any more, and a request waits for the next start.
      this.change({ kind: "starting" });
      this.ending = client.end();
    }
    await this.ending;
  }

  /** Send a request; the sidecar is started where it does not run.
   *
   * @throws ResponseError with the sidecar's answer, or Unavailable
   */
  async request<M extends keyof Requests & string>(
    method: M,
    params: Requests[M]["params"],
    token?: CancellationToken,
  ): Promise<Requests[M]["result"]> {
    await this.start();
    if (!this.client) {
      throw new Unavailable(l10n.t("The sidecar is not running."));
    }
    const lost = this.client.ended.then((): never => {
      throw new Unavailable(l10n.t("The sidecar ended before it answered."));
    });
    // An absent token must not be handed on: it would count as a second param.
    const answer = this.client.sendRequest<Requests[M]["result"]>(method, params ?? {}, ...(token ? [token] : []));
    return Promise.race([answer, lost]);
  }

  /** Tell the running sidecar the settings that hold now. */
  async configure(): Promise<void> {
    await this.client?.sendNotification("workspace/didChangeConfiguration", { settings: { mcp: sidecarSettings() } });
  }

  dispose(): void {
    this.changed.dispose();
  }

  private async startAnew(): Promise<void> {
    if (!workspace.isTrusted) {
      throw new Unavailable(l10n.t("This workspace is not trusted, so MCP Sidecar starts nothing in it."));
    }
    await this.ending;
    try {
      const launch = await this.prepare();
      await this.run(launch).catch(async (error) => {
        // An environment that is broken is made anew, once.
        if (!(await this.options.provision.repair(launch))) {
          throw error;
        }
        await this.run(await this.prepare());
      });
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
    const client = new Client(launch, this.options.log, (message) => {
      if (this.client === client) {
        this.client = undefined;
        this.change({ kind: "crashed", message });
        this.options.onUnavailable(message);
      }
    });
    client.onNotification("mcp/didChangeStatus", (status: ConnectionStatus) => this.take(status, client));
    client.onNotification("mcp/didLog", this.options.onLog);
    client.onNotification("$/logTrace", this.options.onTrace);
    await client.launch();
    this.client = client;
    try {
      await this.configure();
      this.take(await client.sendRequest<ConnectionStatus>("mcp/status"), client);
    } catch (error) {
      // It runs, but is of no use, such as a program that only looks like a sidecar: nothing may be left of it.
      await this.stop();
      throw error;
    }
  }

  private take(status: ConnectionStatus, from: Client): void {
    if (from === this.client) {
      this.change({ kind: "running", status: newer(this.status, status) });
    }
  }

  private change(state: SidecarState): void {
    this.current = state;
    this.changed.fire(state);
  }
}
