/** A test in a real VS Code window: skipped where there can be none, with evidence in build/ when it fails. */

import { ok } from "node:assert/strict";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, type TestContext, test } from "node:test";
import { ROOT, reasonToSkip } from "./installation.ts";
import { closeBrowser, Workbench, type WorkbenchOptions } from "./workbench.ts";

const FAILURES = resolve(ROOT, "build/failures");

after(closeBrowser);

/**
 * Opens a window, runs `body` in it, closes it. It fails, too, when a process is left then, and that after the body's
 * own failure.
 */
export function windowTest(
  name: string,
  options: WorkbenchOptions,
  body: (window: Workbench, context: TestContext) => Promise<void>,
): void {
  void test(name, { skip: reasonToSkip() }, async (context) => {
    const window = await Workbench.start(options);
    let left: Awaited<ReturnType<Workbench["close"]>> = [];
    try {
      await withEvidence(name, window, () => body(window, context));
    } finally {
      left = await window.close();
    }
    ok(
      left.length === 0,
      `still running after the window and VS Code were closed:\n${left.map(({ pid, command }) => `  ${pid} ${command}`).join("\n")}`,
    );
  });
}

/** Runs `body`; when it fails, keeps a screenshot and the logs of VS Code in build/failures/<name>/. */
export async function withEvidence(name: string, window: Workbench, body: () => Promise<void>): Promise<void> {
  const directory = join(FAILURES, name.replace(/\W+/g, "-"));
  rmSync(directory, { recursive: true, force: true });
  try {
    await body();
  } catch (error) {
    await keepEvidence(directory, window).catch((problem: unknown) => console.error(`no evidence kept: ${problem}`));
    throw error;
  }
}

async function keepEvidence(directory: string, window: Workbench): Promise<void> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "code-server.log"), window.server.output);
  const processes = window.processes().map(({ pid, parent, command }) => `${pid} ${parent} ${command}`);
  writeFileSync(join(directory, "processes.txt"), `${processes.join("\n")}\n`);
  cpSync(window.profile.logs, join(directory, "logs"), { recursive: true });
  if (window.page.isClosed()) return;
  const states = (await window.status.states().catch(() => [])).map((state) => JSON.stringify(state));
  writeFileSync(join(directory, "status.jsonl"), `${states.join("\n")}\n`);
  await window.page.screenshot({ path: join(directory, "screenshot.png"), timeout: 5_000 });
}
