/** The sidecar: started, restarted, stopped, asked; its state is what the user sees. */
import { type CancellationToken, EventEmitter, type LogOutputChannel, l10n, workspace } from "vscode";
import { Client } from "./client.ts";
import { type Environment, makeEnvironment, markUsed, pythonIn } from "./environment.ts";
import { sentences, Unavailable } from "./failure.ts";
import { type Launch, launchWith } from "./launch.ts";
import { withProgress } from "./progress.ts";
import type { ClientRequests, ConnectionStatus, Notifications, Requests } from "./protocol.ts";
import { launchSettings, sidecarSettings } from "./settings.ts";
import { newer, type SidecarState } from "./state.ts";

type Pushed = Notifications & { "$/logTrace": { message: string; verbose?: string } };

export interface SidecarOptions {
  log: LogOutputChannel;
  environment: Environment;
  /** What is done with what the sidecar pushes, beside the status. */
  listeners: { [M in keyof Pushed]?: (params: Pushed[M]) => void };
  /** Answers what the sidecar asks; the token tells that the answer is not wanted any more. */
  answers: {
    [M in keyof ClientRequests]?: (params: ClientRequests[M]["params"], token: CancellationToken) => Promise<object>;
  };
  /** Tells the user that it can't start, or that it ended by itself. */
  onUnavailable: (message: string) => void;
}

export class Sidecar {
  private readonly options: SidecarOptions;
  private readonly changed = new EventEmitter<SidecarState>();
  state: SidecarState = { kind: workspace.isTrusted ? "starting" : "untrusted" };
  private client: Client | undefined;
  /** The one start under way, so that callers share it. */
  private starting: Promise<void> | undefined;
  /** The last end, which the next start waits for. */
  private ending: Promise<void> | undefined;

  readonly onDidChangeState = this.changed.event;

  constructor(options: SidecarOptions) {
    this.options = options;
  }

  /** The connection's status; undefined where the sidecar does not run. */
  get status(): ConnectionStatus | undefined {
    return this.state.kind === "running" ? this.state.status : undefined;
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
   * @param title of the progress with Cancel that is shown when it takes longer
   * @throws ResponseError with the sidecar's answer, or Unavailable
   */
  async request<M extends keyof Requests & string>(
    method: M,
    params: Requests[M]["params"],
    title?: string,
  ): Promise<Requests[M]["result"]> {
    await this.start();
    const { client } = this;
    if (!client) throw new Unavailable();
    const send = (...token: CancellationToken[]) =>
      client.sendRequest<Requests[M]["result"]>(method, params ?? {}, ...token);
    if (title === undefined) return send();
    if (method !== "mcp/show") return withProgress(title, (token) => send(token));
    return withProgress(title, (token, report) => client.sendReported(method, params ?? {}, token, report));
  }

  /** Tell the running sidecar the settings that hold now. */
  async configure(): Promise<void> {
    await this.client?.sendNotification("workspace/didChangeConfiguration", { settings: sidecarSettings() });
  }

  private async startAnew(): Promise<void> {
    if (!workspace.isTrusted) throw new Unavailable();
    await this.ending;
    const { environment } = this.options;
    const launch = launchWith(launchSettings(), pythonIn(environment));
    const { command, setting } = launch;
    try {
      if (!setting) await markUsed(environment).catch(() => this.install());
      await this.run(launch).catch(async (error) => {
        if (setting) throw error;
        // It is mended where it is broken.
        await this.install();
        await this.run(launch);
      });
    } catch (error) {
      const named = l10n.t(
        "The setting {0} names no working sidecar: {1}. Install mcp-sidecar there, or clear the setting.",
        setting,
        command,
      );
      const message = sentences(setting && named, (error as Error).message);
      this.fail("unavailable", message);
      throw new Unavailable(message, { cause: error });
    }
  }

  private async install(): Promise<void> {
    this.change({ kind: "installing" });
    await makeEnvironment(this.options.environment);
  }

  private async run(launch: Launch): Promise<void> {
    this.change({ kind: "starting" });
    const client = new Client(launch, this.options.log, (message) => {
      if (this.client === client) {
        this.client = undefined;
        this.fail("crashed", message);
      }
    });
    client.onNotification("mcp/didChangeStatus", (status: ConnectionStatus) => this.take(status, client));
    for (const [method, listener] of Object.entries(this.options.listeners)) {
      client.onNotification(method, listener);
    }
    for (const [method, answer] of Object.entries(this.options.answers)) {
      client.onRequest(method, answer);
    }
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
    if (from === this.client) this.change({ kind: "running", status: newer(this.status, status) });
  }

  private fail(kind: "crashed" | "unavailable", message: string): void {
    this.change({ kind, message });
    this.options.onUnavailable(message);
  }

  private change(state: SidecarState): void {
    this.state = state;
    this.changed.fire(state);
  }
}
