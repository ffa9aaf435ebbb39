/** What the extension knows about the sidecar and, through it, about the connection. */
import type { ConnectionStatus, TargetInfo } from "./protocol.ts";

/** The sidecar's own life; what is true of the connection is known only while it runs. */
export type SidecarState =
  | { kind: "untrusted" | "installing" | "starting" }
  | { kind: "running"; status: ConnectionStatus }
  | { kind: "crashed" | "unavailable"; message: string };

/** One word for the whole: the value of the context key `mcpSidecar.state`. */
export type StateName = Exclude<SidecarState["kind"], "running"> | ConnectionStatus["state"];

export function stateName(state: SidecarState): StateName {
  return state.kind === "running" ? state.status.state : state.kind;
}

/** The newer of two statuses: a push and a reply may overtake each other (docs/protocol.md, `revision`). */
export function newer(known: ConnectionStatus | undefined, received: ConnectionStatus): ConnectionStatus {
  return known !== undefined && known.revision > received.revision ? known : received;
}

/** The URL, or the command line, that a target is. */
export function addressOf({ url, command, args = [] }: TargetInfo): string {
  return url ?? [command, ...args].join(" ");
}
