/** What is asked of the user on behalf of a server: one question after another, each until it is answered or withdrawn. */
import { type CancellationToken, CancellationTokenSource, l10n, window } from "vscode";
import { withoutLinks } from "./plainText.ts";
import type { ConnectionStatus } from "./protocol.ts";
import type { Sidecar } from "./sidecar.ts";
import { Turns } from "./turns.ts";

export class ServerQuestions {
  private readonly turns = new Turns();
  private readonly sidecar: Sidecar;
  private known: ConnectionStatus | undefined;

  constructor(sidecar: Sidecar) {
    this.sidecar = sidecar;
    sidecar.onDidChangeState(({ status }) => {
      // While another connection is tried beside the one that stands, which asks, the status is that of the other.
      if (status?.server || !status?.connectedAt) this.known = status;
    });
  }

  /** Who asks, as it calls itself. */
  get server(): string {
    const { server, target } = this.known ?? {};
    return server?.title || server?.name || target?.name || l10n.t("the server");
  }

  /** Ask when it is its turn.
   *
   * @param token tells that the sidecar withdrew it; that nobody waits for the answer is also true once the sidecar ended
   */
  async put<T>(token: CancellationToken, ask: (token: CancellationToken) => Promise<T>): Promise<T> {
    const source = new CancellationTokenSource();
    const listeners = [
      token.onCancellationRequested(() => source.cancel()),
      this.sidecar.onDidChangeState(() => this.sidecar.status ?? source.cancel()),
    ];
    if (token.isCancellationRequested) source.cancel();
    try {
      return await this.turns.take(() => ask(source.token));
    } finally {
      for (const listener of listeners) listener.dispose();
    }
  }
}

/** The button of a dialog; none as soon as the question is withdrawn. VS Code has no way to close a dialog.
 *
 * @param server who asks: who presses a button later is told
 */
export function withdrawable<T>(dialog: Thenable<T>, token: CancellationToken, server: string): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    token.onCancellationRequested(() => resolve(undefined));
    dialog.then((pressed) => {
      if (pressed !== undefined && token.isCancellationRequested) tellWithdrawn(server);
      resolve(pressed);
    }, reject);
  });
}

export function tellWithdrawn(server: string): void {
  void window.showInformationMessage(
    withoutLinks(l10n.t("The question of {0} was withdrawn; the answer does nothing any more.", server)),
  );
}
