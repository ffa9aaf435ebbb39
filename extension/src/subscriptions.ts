/** The resources that are subscribed to at this server, and when each was last updated. */
import { EventEmitter, env, l10n } from "vscode";
import type { Raw } from "./protocol.ts";
import type { Sidecar } from "./sidecar.ts";

export class Subscriptions {
  private readonly sidecar: Sidecar;
  private readonly changed = new EventEmitter<string | undefined>();
  /** By URI; undefined until the first update. */
  private readonly updates = new Map<string, Date | undefined>();
  /** What the subscriptions are at, as JSON. */
  private subject = "null";

  /** Fires with the URI that was updated, with nothing when a subscription begins or ends. */
  readonly onDidChange = this.changed.event;

  constructor(sidecar: Sidecar) {
    this.sidecar = sidecar;
    sidecar.onDidChangeState(() => {
      // They hold on later connections to the same server: the sidecar subscribes anew, and tells what is refused.
      const { state, target } = sidecar.status ?? { state: "disconnected" as const, target: null };
      if (state !== "connected" && state !== "disconnected") return;
      const subject = JSON.stringify(target);
      if (subject === this.subject) return;
      this.subject = subject;
      if (this.updates.size > 0) {
        this.updates.clear();
        this.changed.fire(undefined);
      }
    });
  }

  async begin(uri: string): Promise<void> {
    await this.sidecar.request("mcp/resources/subscribe", { uri }, l10n.t("Subscribing to {0}", uri));
    this.updates.set(uri, undefined);
    this.changed.fire(undefined);
  }

  async end(uri: string): Promise<void> {
    await this.sidecar.request("mcp/resources/unsubscribe", { uri }, l10n.t("Unsubscribing from {0}", uri));
    this.ended({ uri });
  }

  /** `mcp/didEndSubscription`. */
  ended({ uri }: Raw): void {
    this.updates.delete(uri as string);
    this.changed.fire(undefined);
  }

  /** `mcp/notifications/resources/updated`. */
  updated({ uri }: Raw): void {
    if (typeof uri !== "string") return;
    if (this.updates.has(uri)) this.updates.set(uri, new Date());
    this.changed.fire(uri);
  }

  /** What can be done, for `when` clauses. */
  possible(uri: string): "subscribed" | "subscribable" | "plain" {
    if (this.updates.has(uri)) return "subscribed";
    const resources = this.sidecar.status?.server?.capabilities.resources as Raw | undefined;
    return resources?.subscribe ? "subscribable" : "plain";
  }

  /** What is told of a subscription; nothing where there is none. */
  describe(uri: string): string {
    if (!this.updates.has(uri)) return "";
    const at = this.updates.get(uri);
    return at ? l10n.t("updated {0}", at.toLocaleTimeString(env.language)) : l10n.t("subscribed");
  }
}
