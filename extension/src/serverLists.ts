/** The lists of what the connected server offers: read when they are looked at, and again when the server says so. */
import { EventEmitter } from "vscode";
import type { ConnectionStatus, Items } from "./protocol.ts";
import { ITEM_KINDS, type ItemKind, KINDS } from "./serverItems.ts";
import type { Sidecar } from "./sidecar.ts";

/** A list, once it was read: the items, or why there are none. */
export type ServerList = Items | { error: unknown };

export class ServerLists {
  private readonly sidecar: Sidecar;
  private readonly changed = new EventEmitter<ItemKind | undefined>();
  private readonly lists = new Map<ItemKind, Promise<ServerList>>();
  private readonly known = new Map<ItemKind, ServerList>();
  /** Start of the connection that the lists are of. */
  private connectedAt: string | null | undefined;

  /** Fires with the kind whose list changed, with nothing when all did. */
  readonly onDidChange = this.changed.event;

  constructor(sidecar: Sidecar) {
    this.sidecar = sidecar;
    sidecar.onDidChangeState(() => this.follow(sidecar.status));
  }

  /** The kinds that the server declares; none without a connection. */
  get declared(): ItemKind[] {
    const { state, server } = this.sidecar.status ?? {};
    return state === "connected" ? ITEM_KINDS.filter((kind) => server?.capabilities[KINDS[kind].capability]) : [];
  }

  /** A list as far as it is there. */
  peek(kind: ItemKind): ServerList | undefined {
    return this.known.get(kind);
  }

  /** A list; the server is asked where it was not yet. */
  read(kind: ItemKind): Promise<ServerList> {
    const known = this.lists.get(kind);
    if (known !== undefined) return known;
    const reading = this.sidecar.request("mcp/items", { kind }).catch((error: unknown): ServerList => ({ error }));
    this.lists.set(kind, reading);
    void reading.then((list) => {
      if (this.lists.get(kind) === reading) {
        this.known.set(kind, list);
        this.changed.fire(kind);
      }
    });
    return reading;
  }

  /** Forget a list, or all, so that it is read anew where it is looked at. */
  refresh(kind?: ItemKind): void {
    for (const each of kind ? [kind] : ITEM_KINDS) this.lists.delete(each);
    this.changed.fire(kind);
  }

  private follow(status: ConnectionStatus | undefined): void {
    const connectedAt = status?.state === "connected" ? status.connectedAt : undefined;
    if (connectedAt !== this.connectedAt) {
      this.connectedAt = connectedAt;
      this.known.clear();
      this.refresh();
    }
  }
}
