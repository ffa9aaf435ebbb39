/** What `make bench` measures of the VS Code extension, in a real VS Code; prints one JSON object. Times in milliseconds. */

import { type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { directoryFor, makeEnvironment } from "../../extension/src/environment.ts";
import {
  freePort,
  openExtension,
  PYTHON,
  serveNotes,
  sidecarOf,
  waitForHeadline,
} from "../../tests/editors/vscode/extensionTest.ts";
import { ROOT } from "../../tests/editors/vscode/installation.ts";
import { closeBrowser, type Workbench } from "../../tests/editors/vscode/workbench.ts";

const rounds = Number(process.argv[2] ?? 5);
const uv = process.argv[3] ?? "";

interface Connects {
  activation: number;
  /** The example server alone: from its start to its answer to `initialize`. */
  alone: number[];
  /** Connect… to connected, where the sidecar starts the example server. */
  started: number[];
  /** Connect… to connected, where the example server runs already, on HTTP. */
  warm: number[];
}

/** All of them turn by turn, with a sidecar that runs already and has connected once before. */
async function connects(): Promise<Connects> {
  const window = await openExtension({});
  const port = await freePort();
  const server = await serveNotes(window, port);
  try {
    await waitForHeadline(window, /^Disconnected$/);
    const [alone, started, warm]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round <= rounds; round++) {
      alone.push(await initializeAlone(window));
      started.push(await connect(window, "notes_server.py"));
      warm.push(await connect(window, `http://127.0.0.1:${port}/mcp`));
    }
    sidecarOf(window);
    await window.runCommand("Developer: Show Running Extensions");
    const row = window.page.locator(".runtime-extensions-editor .monaco-list-row").filter({ hasText: "MCP Sidecar" });
    const activation = Number(/Activation: (\d+)ms/.exec(await row.innerText())?.[1]);
    return { activation, alone: alone.slice(1), started: started.slice(1), warm: warm.slice(1) };
  } finally {
    server.kill();
    await window.close();
    await closeBrowser();
  }
}

async function connect(window: Workbench, target: string): Promise<number> {
  await window.runCommand("MCP Sidecar: Connect…");
  await window.quickInput.type(target);
  await window.quickInput.waitFor(({ items: [first] }) => first?.label === target && first.detail !== "", "the check");
  const began = performance.now();
  await window.quickInput.accept();
  await waitForHeadline(window, /^Connected to notes$/);
  const took = performance.now() - began;
  await window.runCommand("MCP Sidecar: Disconnect");
  await waitForHeadline(window, /^Disconnected$/);
  return took;
}

async function initializeAlone(window: Workbench): Promise<number> {
  const began = performance.now();
  const stdio: StdioOptions = ["pipe", "pipe", "ignore"];
  const child = spawn(PYTHON, ["notes_server.py"], { cwd: window.folder, stdio });
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } };
  child.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params })}\n`);
  await once(child.stdout as Readable, "data");
  const took = performance.now() - began;
  child.kill("SIGKILL");
  await once(child, "exit");
  return took;
}

/** From nothing to an environment with the sidecar in it, the packages being in the caches. */
async function firstStart(path: string): Promise<number> {
  const storage = mkdtempSync(join(tmpdir(), "mcp-bench-"));
  try {
    const began = performance.now();
    const bundle = join(ROOT, "dist/sidecar");
    const env = { ...process.env, PATH: path };
    await makeEnvironment({ directory: directoryFor(bundle, storage), bundle, env, log: () => undefined });
    return performance.now() - began;
  } finally {
    rmSync(storage, { recursive: true });
  }
}

const path = process.env.PATH ?? "";
const withUv = [dirname(resolve(ROOT, uv)), path].join(delimiter);
const result = {
  ...(await connects()),
  firstStartWithUv: [await firstStart(withUv), await firstStart(withUv)].slice(1),
  firstStartWithoutUv: [await firstStart(path)],
};
console.log(JSON.stringify(result));
