/** The processes that descend from one, found through /proc even after their parents have ended. */

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks from boot to its start: tells it from a later process with the same id. */
  readonly started: string;
  readonly command: string;
}

/** An environment variable with a value of its own for each tree, which descendants inherit. */
const MARK = "MCP_SIDECAR_TEST_TREE";

/** /proc tells nobody when a process ends. */
const POLL_MS = 40;

export class ProcessTree {
  readonly #mark: string;
  readonly #seen = new Map<number, string>();

  constructor(name: string) {
    this.#mark = `${MARK}=${name}`;
  }

  /** To be added to the environment of the tree's first process. */
  get environment(): Record<string, string> {
    return { [MARK]: this.#mark.slice(MARK.length + 1) };
  }

  /**
   * What runs now: what bears the mark, what descends from that, and what once did. A process that has cleaned its
   * environment and lost its parent is found only when an earlier call has seen it.
   */
  list(): Process[] {
    const all = runningProcesses();
    const members = new Set<number>();
    for (const { pid, started } of all) {
      if (this.#seen.get(pid) === started || bearsMark(pid, this.#mark)) members.add(pid);
    }
    for (let grown = true; grown; ) {
      grown = false;
      for (const { pid, parent } of all) {
        if (members.has(parent) && !members.has(pid)) {
          members.add(pid);
          grown = true;
        }
      }
    }
    const list = all.filter(({ pid }) => members.has(pid));
    for (const { pid, started } of list) this.#seen.set(pid, started);
    return list;
  }

  /** Waits until none of the processes that `which` accepts is left; what is left after `limitMs`. */
  async whenGone(limitMs: number, which: (process: Process) => boolean = () => true): Promise<Process[]> {
    const limit = performance.now() + limitMs;
    for (;;) {
      const left = this.list().filter(which);
      if (left.length === 0 || performance.now() > limit) return left;
      await delay(POLL_MS);
    }
  }

  killAll(): void {
    for (const { pid } of this.list()) kill(pid, "SIGKILL");
  }
}

/** Sends a signal to a process that may have ended by itself. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function runningProcesses(): Process[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const stat = contents(`/proc/${entry}/stat`);
    // The name in parentheses may contain blanks and parentheses itself.
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (stat === "" || state === "Z") return [];
    const command = contents(`/proc/${entry}/cmdline`).replaceAll("\0", " ").trim();
    return [{ pid: Number(entry), parent: Number(parent), started: rest[17] ?? "", command }];
  });
}

function bearsMark(pid: number, mark: string): boolean {
  return contents(`/proc/${pid}/environ`).split("\0").includes(mark);
}

/** Nothing when the process has ended meanwhile, or is another user's. */
function contents(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
