/** What `make bench` measures of the VS Code extension, in a real VS Code; prints one JSON object. Times in milliseconds. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { directoryFor, makeEnvironment } from "../../extension/src/environment.ts";
import { openExtension, sidecarOf, waitForHeadline } from "../../tests/editors/vscode/extensionTest.ts";
import { ROOT } from "../../tests/editors/vscode/installation.ts";

const rounds = Number(process.argv[2] ?? 5);
const uv = process.argv[3] ?? "";

/** Connect… to connected, with a sidecar that runs already and has connected once before. */
async function connects(): Promise<{ activation: number; connect: number[] }> {
  const window = await openExtension({});
  try {
    await waitForHeadline(window, /^Disconnected$/);
    const connect: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      await window.runCommand("MCP Sidecar: Connect…");
      await window.quickInput.type("notes_server.py");
      const began = performance.now();
      await window.quickInput.choose("notes_server.py");
      await waitForHeadline(window, /^Connected to notes$/);
      connect.push(performance.now() - began);
      await window.runCommand("MCP Sidecar: Disconnect");
      await waitForHeadline(window, /^Disconnected$/);
    }
    sidecarOf(window);
    await window.runCommand("Developer: Show Running Extensions");
    const row = window.page.locator(".runtime-extensions-editor .monaco-list-row").filter({ hasText: "MCP Sidecar" });
    const activation = /Activation: (\d+)ms/.exec(await row.innerText())?.[1];
    return { activation: Number(activation), connect: connect.slice(1) };
  } finally {
    await window.close();
  }
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
