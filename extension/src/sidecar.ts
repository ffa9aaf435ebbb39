/** The sidecar: started, restarted, stopped, asked; its state is what the user sees. */
import { type CancellationToken, EventEmitter, type LogOutputChannel, l10n, workspace } from "vscode";
import type { LogTraceParams, ShowMessageRequestParams } from "vscode-languageclient/node";
import { Client } from "./client.ts";
import { type Environment, makeEnvironment, markUsed, pythonIn } from "./environment.ts";
import { sentences, Unavailable } from "./failure.ts";
import { type Task, withProgress } from "./progress.ts";
import type { ClientRequests, ConnectionStatus, Notifications, Requests, State } from "./protocol.ts";
import { type Launch, launchWith } from "./settings.ts";

/** One word for all that is known: the value of the context key `mcpSidecar.state`. */
export type StateName = State | "untrusted" | "installing" | "starting" | "crashed" | "unavailable";

/** The state of the sidecar and, while it runs, of the connection. */
export interface SidecarState {
  name: StateName;
  /** What is true of the connection; it is known only while the sidecar runs. */
  status?: ConnectionStatus;
  /** Why the sidecar crashed, or can't start. */
  message?: string;
}

type Pushed = Notifications & { "$/logTrace": LogTraceParams };
type Asked = { [M in keyof ClientRequests]: ClientRequests[M]["params"] } & {
  "window/showMessageRequest": ShowMessageRequestParams;
};

/** What is done with what the sidecar pushes, beside the status. */
type Listeners = { [M in keyof Pushed]?: (params: Pushed[M]) => void };

/** Answers what the sidecar asks; the token tells that the answer is not wanted any more. */
type Answers = { [M in keyof Asked]?: (params: Asked[M], token: CancellationToken) => Promise<object | null> };

export class Sidecar {
  private readonly log: LogOutputChannel;
  private readonly environment: Environment;
  private readonly userData: string;
  private readonly listeners: Listeners = {};
  private readonly answers: Answers = {};
  private readonly changed = new EventEmitter<SidecarState>();
  state: SidecarState = { name: workspace.isTrusted ? "starting" : "untrusted" };
  private client: Client | undefined;
  /** The one start under way, so that callers share it. */
  private starting: Promise<void> | undefined;
  /** The last end, which the next start waits for. */
  private ending: Promise<void> | undefined;

  readonly onDidChangeState = this.changed.event;

  /**
   * @param userData see `initializationOptions`
   */
  constructor(log: LogOutputChannel, environment: Environment, userData: string) {
    this.log = log;
    this.environment = environment;
    this.userData = userData;
  }

  /** The connection's status; undefined where the sidecar does not run. */
  get status(): ConnectionStatus | undefined {
    return this.state.status;
  }

  /** Take what the sidecar pushes and asks, from its next start on. */
  serve(listeners: Listeners, answers: Answers): void {
    Object.assign(this.listeners, listeners);
    Object.assign(this.answers, answers);
  }

  /** Start it, where it does not run already.
   *
   * @throws Unavailable where it can't; the state says why
   */
  async start(): Promise<void> {
    if (this.status) return;
    this.starting ??= this.startAnew().finally(() => {
      this.starting = undefined;
    });
    await this.starting;
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
      this.change({ name: "starting" });
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
    if (title === undefined) return client.sendRequest(method, params ?? {});
    const task: Task<Requests[M]["result"]> = (token) => client.sendRequest(method, params ?? {}, token);
    return withProgress(title, method === "mcp/show" ? client.reported(method, params ?? {}) : task);
  }

  private async startAnew(): Promise<void> {
    if (!workspace.isTrusted) throw new Unavailable();
    await this.ending;
    const launch = launchWith(pythonIn(this.environment));
    const { command, setting } = launch;
    try {
      if (!setting) await markUsed(this.environment).catch(() => this.install());
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
      this.change({ name: "unavailable", message });
      throw new Unavailable(message, { cause: error });
    }
  }

  private async install(): Promise<void> {
    this.change({ name: "installing" });
    await makeEnvironment(this.environment);
  }

  private async run(launch: Launch): Promise<void> {
    this.change({ name: "starting" });
    const client = new Client(launch, this.log, this.userData, (message) => {
      if (this.client === client) {
        this.client = undefined;
        this.change({ name: "crashed", message });
      }
    });
    const take = (status: ConnectionStatus) => {
      if (this.client === client) this.change({ name: status.state, status });
    };
    client.onNotification("mcp/didChangeStatus", take);
    for (const [method, listener] of Object.entries(this.listeners)) client.onNotification(method, listener);
    for (const [method, answer] of Object.entries(this.answers)) client.onRequest(method, answer);
    const status = await client.launch();
    this.client = client;
    take(status);
  }

  private change(state: SidecarState): void {
    this.state = state;
    this.changed.fire(state);
  }
}
