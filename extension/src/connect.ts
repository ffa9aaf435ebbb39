/** *Connect…* and *Reconnect*: from what the user picks or types to a connection, or to the next step. */
import { EventEmitter, l10n, window } from "vscode";
import { failureOf } from "./failure.ts";
import type { Target } from "./protocol.ts";
import type { Recents } from "./recents.ts";
import type { Sidecar } from "./sidecar.ts";
import { TargetPicker } from "./targetPicker.ts";
import type { Tokens } from "./tokens.ts";

export interface ConnectorOptions {
  sidecar: Sidecar;
  recents: Recents;
  tokens: Tokens;
  showOutput: () => void;
}

export class Connector {
  private readonly options: ConnectorOptions;
  private readonly picker: TargetPicker;
  private readonly changed = new EventEmitter<void>();
  /** The last target of this window, whole: a restarted sidecar does not know it. */
  private last: Target | undefined;

  /** Fires when there is a target for *Reconnect*. */
  readonly onDidChangeTarget = this.changed.event;

  constructor(options: ConnectorOptions) {
    this.options = options;
    this.picker = new TargetPicker(options.sidecar, options.recents, (target) => this.forget(target));
  }

  get hasTarget(): boolean {
    return this.last !== undefined || this.options.recents.all.length > 0;
  }

  /** Connect to a target, or to the one the user picks. */
  async connect(target?: Target | string): Promise<void> {
    await this.options.sidecar.start();
    const wanted = target ?? (await this.picker.ask());
    if (wanted) {
      await this.connectTo(typeof wanted === "string" ? { url: wanted } : wanted);
    }
  }

  /** The last target again, also after a crash of the sidecar or in a new window. */
  async reconnect(): Promise<void> {
    const { sidecar, recents } = this.options;
    await sidecar.start();
    const known = sidecar.status?.target;
    const [recent] = recents.all;
    if (known) {
      await this.attempt(this.last ?? {}, known.name, (title) => sidecar.request("mcp/reconnect", null, title));
    } else if (this.last || recent) {
      const url = recent && !this.last ? await this.picker.wholeOf(recent) : undefined;
      const target = this.last ?? (url && { url });
      await (target && this.connectTo(target));
    }
  }

  private async connectTo(target: Target): Promise<void> {
    const { sidecar, tokens } = this.options;
    const { name, makesSense } = await this.understand(target);
    await this.attempt(target, name, async (title) => {
      const bearer = target.url && !target.auth ? await tokens.get(target.url) : undefined;
      try {
        const auth = bearer && { auth: { type: "bearer", token: bearer } };
        await sidecar.request("mcp/connect", { ...target, ...auth }, title);
        this.setLast(target);
      } catch (error) {
        // A failed attempt beside a standing connection changes nothing, and one that made no sense nothing either.
        if (makesSense && sidecar.status?.state !== "connected") {
          this.setLast(target);
        }
        throw error;
      }
    });
  }

  private async attempt(target: Target, name: string, request: (title: string) => Promise<unknown>): Promise<void> {
    try {
      await request(l10n.t("Connecting to {0}", name));
    } catch (error) {
      await this.explain(error, target, () => this.attempt(target, name, request));
    }
  }

  /** What a target is called, and whether it makes sense; then it is put into the recent ones. */
  private async understand(target: Target): Promise<{ name: string; makesSense: boolean }> {
    try {
      const { text, hasSecrets } = await this.options.sidecar.request("mcp/resolve", target);
      if (target.url && Object.keys(target).length === 1) {
        await this.options.recents.add(target.url, text, hasSecrets);
      }
      return { name: text, makesSense: true };
    } catch (error) {
      // The connect that follows gives the same error, and that one is shown. A program may still be installed.
      return { name: l10n.t("the server"), makesSense: failureOf(error)?.kind === "connection_failed" };
    }
  }

  private setLast(target: Target): void {
    this.last = target;
    this.changed.fire();
  }

  /** One message with the cause and the next step. */
  private async explain(error: unknown, target: Target, again: () => Promise<void>): Promise<void> {
    const failure = failureOf(error);
    if (!failure) {
      return;
    }
    const steps: Record<string, () => unknown> = { [l10n.t("Show Server Output")]: this.options.showOutput };
    if (failure.kind === "authentication_required" && target.url) {
      steps[l10n.t("Enter Token…")] = () => this.enterToken(target, target.url ?? "");
    } else if (failure.kind === "invalid_target" || failure.kind === undefined) {
      steps[l10n.t("Change…")] = () => this.change(target);
    } else {
      steps[l10n.t("Retry")] = again;
    }
    const refused =
      failure.kind === "authentication_required" && target.url && (await this.options.tokens.get(target.url));
    const message = refused ? l10n.t("The server refused the token. {0}", failure.message) : failure.message;
    const step = await window.showErrorMessage(message, ...Object.keys(steps).reverse());
    await (step && steps[step]?.());
  }

  private async forget(target: string): Promise<void> {
    await this.options.tokens.set(target, "");
    this.changed.fire();
  }

  private async change(target: Target): Promise<void> {
    const url = await this.picker.ask(target.url);
    await (url && this.connectTo({ url }));
  }

  private async enterToken({ auth: _refused, ...target }: Target, url: string): Promise<void> {
    const token = await window.showInputBox({
      title: l10n.t("Bearer token for {0}", URL.parse(url)?.host ?? ""),
      prompt: l10n.t("Kept in the editor's secret storage; empty forgets it."),
      password: true,
      ignoreFocusOut: true,
    });
    if (token !== undefined) {
      await this.options.tokens.set(url, token.trim());
      await this.connectTo(target);
    }
  }
}
