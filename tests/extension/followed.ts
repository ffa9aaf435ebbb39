/** A sidecar whose status is given: for the parts that follow it. */
import { EventEmitter } from "vscode";
import type { ConnectionStatus } from "../../extension/src/protocol.ts";
import type { Sidecar, SidecarState } from "../../extension/src/sidecar.ts";

export class Followed {
  private readonly changed = new EventEmitter<SidecarState>();
  readonly onDidChangeState = this.changed.event;
  status: ConnectionStatus | undefined;

  /** As the parts know it. */
  get sidecar(): Sidecar {
    return this as unknown as Sidecar;
  }

  push(state: ConnectionStatus["state"], name: string, server: string | null, connectedAt: string | null): void {
    const told = { state, target: { name }, server: server === null ? null : { name: server }, connectedAt };
    this.status = told as ConnectionStatus;
    this.changed.fire({ name: state, status: this.status });
  }

  async request(): Promise<object> {
    return {};
  }
}
