/** *Connect…*: from what the user picks or types to a connection. */
import { type CancellationToken, EventEmitter, l10n, window } from "vscode";
import { failureOf } from "./failure.ts";
import { withProgress } from "./progress.ts";
import type { Target } from "./protocol.ts";
import type { Recents } from "./recents.ts";
import { type Sidecar, Unavailable } from "./sidecar.ts";
import { TargetPicker } from "./targetPicker.ts";
import type { Tokens } from "./tokens.ts";

export class Connector {
  private readonly sidecar: Sidecar;
  private readonly recents: Recents;
  private readonly tokens: Tokens;
  private readonly picker: TargetPicker;
  private readonly showOutput: () => void;
  /** The last target of this window, whole: a restarted sidecar does not know it. */
  private last: Target | undefined;
  private readonly changed = new EventEmitter<void>();

  /** Fires when a first target makes *Reconnect* possible. */
  readonly onDidChangeTarget = this.changed.event;

  constructor(sidecar: Sidecar, recents: Recents, tokens: Tokens, showOutput: () => void) {
    this.sidecar = sidecar;
    this.recents = recents;
    this.tokens = tokens;
    this.picker = new TargetPicker(sidecar, recents);
    this.showOutput = showOutput;
  }

  get hasTarget(): boolean {
    return this.last !== undefined || this.recents.all.length > 0;
  }

  /** Connect to a target, or to the one the user picks. */
  async connect(target?: Target | string): Promise<void> {
    await this.sidecar.start();
    const wanted = target ?? (await this.picker.ask());
    if (wanted) {
      await this.connectTo(typeof wanted === "string" ? { url: wanted } : wanted);
    }
  }

  /** The last target again, also after a crash of the sidecar or in a new window. */
  async reconnect(): Promise<void> {
    await this.sidecar.start();
    const { state } = this.sidecar;
    if (state.kind === "running" && state.status.target) {
      const request = (token: CancellationToken) => this.sidecar.request("mcp/reconnect", null, token);
      return this.attempt(this.last ?? {}, state.status.target.name, request);
    }
    const [recent] = this.recents.all;
    const target = this.last ?? (recent && (await this.picker.wholeOf(recent)));
    // Nothing to go on with where the user was asked for a secret and gave none.
    return target || !recent ? this.connect(target) : undefined;
  }

  private async connectTo(target: Target): Promise<void> {
    const { text, understood } = await this.understand(target);
    await this.attempt(target, text, async (token) => {
      const bearer = target.url && !target.auth ? await this.tokens.get(target.url) : undefined;
      const auth = bearer ? { auth: { type: "bearer", token: bearer } } : {};
      try {
        await this.sidecar.request("mcp/connect", { ...target, ...auth }, token);
        this.setLast(target);
      } catch (error) {
        const { state } = this.sidecar;
        // A failed attempt beside a standing connection changes nothing.
        if (understood && !(state.kind === "running" && state.status.state === "connected")) {
          this.setLast(target);
        }
        throw error;
      }
    });
  }

  private async attempt(
    target: Target,
    name: string,
    request: (token: CancellationToken) => Promise<unknown>,
  ): Promise<void> {
    try {
      await withProgress(l10n.t("Connecting to {0}", name), request);
    } catch (error) {
      await this.explain(error, target, () => this.attempt(target, name, request));
    }
  }

  /** How a target is named, and put it into the recent ones where it could be understood. */
  private async understand(target: Target): Promise<{ text: string; understood: boolean }> {
    try {
      const { text, hasSecrets } = await this.sidecar.request("mcp/resolve", target);
      if (target.url && Object.keys(target).length === 1) {
        await this.recents.add(target.url, text, hasSecrets);
      }
      return { text, understood: true };
    } catch {
      // The connect that follows gives the same error, and that one is shown.
      return { text: l10n.t("the server"), understood: false };
    }
  }

  private setLast(target: Target): void {
    this.last = target;
    this.changed.fire();
  }

  /** One message with the cause and the next step. */
  private async explain(error: unknown, target: Target, again: () => Promise<void>): Promise<void> {
    const failure = failureOf(error);
    if (!failure || error instanceof Unavailable) {
      return;
    }
    const output = l10n.t("Show Server Output");
    const steps: Record<string, () => unknown> =
      failure.kind === "authentication_required" && target.url
        ? { [l10n.t("Enter Token…")]: () => this.enterToken(target.url ?? ""), [output]: this.showOutput }
        : failure.kind === "invalid_target" || failure.kind === undefined
          ? { [l10n.t("Change…")]: () => this.change(target) }
          : { [l10n.t("Retry")]: again, [output]: this.showOutput };
    const step = await window.showErrorMessage(failure.message, ...Object.keys(steps));
    await (step && steps[step]?.());
  }

  private async change(target: Target): Promise<void> {
    const url = await this.picker.ask(target.url);
    if (url) {
      await this.connectTo({ url });
    }
  }

  private async enterToken(url: string): Promise<void> {
    const token = await window.showInputBox({
      title: l10n.t("Bearer token for {0}", URL.parse(url)?.host ?? ""),
      prompt: l10n.t("Kept in the editor's secret storage; empty forgets it."),
      password: true,
      ignoreFocusOut: true,
    });
    if (token !== undefined) {
      await this.tokens.set(url, token.trim());
      await this.connectTo({ url });
    }
  }
}
