/** The targets that were tried last in this workspace; one that holds a secret is, whole, in the SecretStorage. */
import { randomUUID } from "node:crypto";
import { EventEmitter, type Memento, type SecretStorage } from "vscode";
import type { Target } from "./protocol.ts";

const KEY = "recentTargets";
const MOST = 10;

/** A target as it is stored in the workspace's state. */
export interface RecentTarget {
  /** One line, without what is secret. */
  text: string;
  /** The target, where `text` typed is not the same, and nothing of it is secret. */
  target?: Target;
  /** Under which key the SecretStorage has the target, where something is; it tells nothing of it. */
  secret?: string;
}

export class Recents {
  private readonly state: Memento;
  private readonly secrets: SecretStorage;
  private readonly changed = new EventEmitter<void>();

  readonly onDidChange = this.changed.event;

  constructor(state: Memento, secrets: SecretStorage) {
    this.state = state;
    this.secrets = secrets;
  }

  get all(): readonly RecentTarget[] {
    return this.state.get<RecentTarget[]>(KEY, []);
  }

  /** Put a target into the list, in place of the one that reads alike: a new secret replaces an old one.
   *
   * @param recent what is not secret: of a target that has secrets, its text alone
   * @param whole the target, where it has secrets
   * @param place in the list; 0 is for the target that *Reconnect* is to take
   */
  async add(recent: RecentTarget, whole?: Target, place = 0): Promise<void> {
    const secret = whole && { secret: `target:${randomUUID()}` };
    await (secret && this.secrets.store(secret.secret, JSON.stringify(whole)));
    const others = this.all.filter(({ text }) => text !== recent.text);
    await this.update(others.toSpliced(place, 0, { ...recent, ...secret }).slice(0, MOST));
  }

  async remove({ text }: RecentTarget): Promise<void> {
    await this.update(this.all.filter((other) => other.text !== text));
  }

  /** The whole of a target; undefined where its secret part is no longer stored. */
  async wholeOf({ text, target, secret }: RecentTarget): Promise<Target | undefined> {
    const stored = secret && (await this.secrets.get(secret));
    return stored ? JSON.parse(stored) : (target ?? (secret === undefined ? { url: text } : undefined));
  }

  private async update(list: RecentTarget[]): Promise<void> {
    const dropped = this.all.filter((old) => list.every(({ secret }) => secret !== old.secret));
    await this.state.update(KEY, list);
    await Promise.all(dropped.map(({ secret }) => secret && this.secrets.delete(secret)));
    this.changed.fire();
  }
}
