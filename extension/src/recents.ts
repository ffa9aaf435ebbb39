/** The targets that were tried last in this workspace; what is secret in them is in the SecretStorage. */
import { randomUUID } from "node:crypto";
import type { Memento, SecretStorage } from "vscode";

const KEY = "recentTargets";
const MOST = 10;

/** A target as it is stored in the workspace's state. */
export interface RecentTarget {
  /** As the user typed it, without what is secret. */
  text: string;
  /** Under which key the SecretStorage has the whole, where `text` is not all of it. */
  secret?: string;
}

export class Recents {
  private readonly state: Memento;
  private readonly secrets: SecretStorage;

  constructor(state: Memento, secrets: SecretStorage) {
    this.state = state;
    this.secrets = secrets;
  }

  get all(): readonly RecentTarget[] {
    return this.state.get<RecentTarget[]>(KEY, []);
  }

  /** Put a target first.
   *
   * @param whole what the user typed
   * @param text the same without what is secret, as the sidecar's `mcp/resolve` tells it
   */
  async add(whole: string, text: string, hasSecrets: boolean): Promise<void> {
    const recent: RecentTarget = hasSecrets ? { text, secret: await this.keep(whole, text) } : { text };
    const [kept, dropped] = withFirst(this.all, recent);
    await this.state.update(KEY, kept);
    await Promise.all(dropped.map((old) => this.forgetSecret(old)));
  }

  async remove(recent: RecentTarget): Promise<void> {
    await this.state.update(
      KEY,
      this.all.filter((other) => !same(other, recent)),
    );
    await this.forgetSecret(recent);
  }

  /** The whole of a target; undefined where its secret part is no longer stored. */
  async wholeOf(recent: RecentTarget): Promise<string | undefined> {
    return recent.secret ? this.secrets.get(recent.secret) : recent.text;
  }

  /** Put the whole into the SecretStorage; the key, which tells nothing of it. */
  private async keep(whole: string, text: string): Promise<string> {
    for (const { secret } of this.all.filter((other) => other.text === text)) {
      if (secret && (await this.secrets.get(secret)) === whole) {
        return secret;
      }
    }
    const key = `target:${randomUUID()}`;
    await this.secrets.store(key, whole);
    return key;
  }

  private async forgetSecret(recent: RecentTarget): Promise<void> {
    if (recent.secret) {
      await this.secrets.delete(recent.secret);
    }
  }
}

/** The list with one more at its head, without a second one like it, and what fell out at its end. */
export function withFirst(
  list: readonly RecentTarget[],
  first: RecentTarget,
): [kept: RecentTarget[], dropped: RecentTarget[]] {
  const all = [first, ...list.filter((other) => !same(other, first))];
  return [all.slice(0, MOST), all.slice(MOST)];
}

function same(one: RecentTarget, other: RecentTarget): boolean {
  return one.text === other.text && one.secret === other.secret;
}
