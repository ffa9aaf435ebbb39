/** The last arguments of each tool, prompt and template, over windows and restarts: what the sidecar lets be kept. */
import type { Memento } from "vscode";
import type { Sidecar } from "./sidecar.ts";

const KEY = "lastArguments";

/** Documents whose arguments are kept; the sidecar bounds each. */
const MOST = 100;

export class LastArguments {
  private readonly state: Memento;

  constructor(state: Memento) {
    this.state = state;
  }

  /** Of a document, as `mcp/prefill` takes them. */
  get(document: string): string | undefined {
    return this.all[document];
  }

  /** Keep those of an open document: never what is secret. */
  async keep(document: string, sidecar: Sidecar): Promise<void> {
    const { text } = await sidecar.request("mcp/remember", { document });
    const { [document]: _last, ...others } = this.all;
    const newest = Object.entries(others).slice(0, MOST - 1);
    await this.state.update(KEY, { ...(text === null ? {} : { [document]: text }), ...Object.fromEntries(newest) });
  }

  private get all(): Record<string, string> {
    return this.state.get(KEY, {});
  }
}
