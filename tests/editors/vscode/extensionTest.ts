/** A test of the extension: its .vsix in a clean profile, with the example server in the workspace. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, symlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { ROOT } from "./installation.ts";
import type { StatusItem } from "./statusBar.ts";
import { windowTest, withEvidence } from "./windowTest.ts";
import { Workbench, type WorkbenchOptions } from "./workbench.ts";

export const VSIX = join(ROOT, "build/mcp-sidecar.vsix");
export const PYTHON = join(ROOT, ".venv/bin/python");
export const SERVERS = join(ROOT, "tests/servers");

/** The sidecar of the checkout, so that only the tests of the first start wait for an environment. */
const GIVEN_PYTHON = { "mcpSidecar.interpreter": PYTHON };

export function extensionTest(
  name: string,
  options: WorkbenchOptions,
  body: (window: Workbench) => Promise<void>,
): void {
  windowTest(name, withExtension(options), async (window) => {
    prepare(window);
    await body(window);
  });
}

/** Tests that share one window, because opening one takes longer than most of them; each finds it disconnected. */
export function extensionTests(
  name: string,
  options: WorkbenchOptions,
  tests: Readonly<Record<string, (window: Workbench) => Promise<void>>>,
): void {
  windowTest(name, withExtension(options), async (window, context) => {
    prepare(window);
    for (const [title, body] of Object.entries(tests)) {
      await context.test(title, () =>
        withEvidence(title, window, async () => {
          await cleanUp(window);
          await body(window);
        }),
      );
    }
  });
}

/** A window with the extension, for whatever is no test. */
export async function openExtension(options: WorkbenchOptions): Promise<Workbench> {
  const window = await Workbench.start(withExtension(options));
  prepare(window);
  return window;
}

function withExtension(options: WorkbenchOptions): WorkbenchOptions {
  const files = { "notes_server.py": readFileSync(join(ROOT, "examples/notes_server.py"), "utf8"), ...options.files };
  return { ...options, vsix: VSIX, settings: { ...GIVEN_PYTHON, ...options.settings }, files };
}

/** The example gets its own interpreter, as in a checkout after `make setup`. */
function prepare(window: Workbench): void {
  symlinkSync(join(ROOT, ".venv"), join(window.folder, ".venv"));
}

async function cleanUp(window: Workbench): Promise<void> {
  if (await window.quickInput.state()) await window.quickInput.cancel();
  await window.runCommand("Notifications: Clear All Notifications");
  await window.runCommand("View: Close All Editors");
  // Arguments that were not sent are asked about.
  const dialog = () => window.notifications.dialog();
  await window.screen.until(
    "the end of the editors",
    async () => (await window.editors.tabs()).length === 0 || (await dialog()) !== undefined,
    (done) => done,
  );
  if (await dialog()) await window.notifications.clickDialog("Don't Save");
  const disconnect = "MCP Sidecar: Disconnect";
  if ((await window.palette.offers(disconnect)).length > 0) await window.runCommand(disconnect);
  await waitForHeadline(window, /^Disconnected$/);
}

/** Type a target into *Connect…* and wait until it is connected. */
export async function connect(window: Workbench, target = "notes_server.py", limitMs = 30_000): Promise<void> {
  await enterTarget(window, target);
  await waitForHeadline(window, /^Connected to /, limitMs);
}

/** Wait until what a screen reader says of the status matches. */
export function waitForHeadline(window: Workbench, headline: RegExp, limitMs?: number): Promise<StatusItem> {
  return window.status.waitFor(({ ariaLabel }) => headline.test(ariaLabel.replace("MCP Sidecar: ", "")), limitMs);
}

/** Type a target into *Connect…* and press Enter. */
export async function enterTarget(window: Workbench, target: string): Promise<void> {
  await window.runCommand("MCP Sidecar: Connect…");
  await window.quickInput.type(target);
  // Until it was checked the list still changes.
  await window.quickInput.waitFor(({ items: [first] }) => first?.label === target && first.detail !== "", "the check");
  await window.quickInput.accept();
}

/** The processes of this VS Code whose command line matches. */
export function processesLike(window: Workbench, command: RegExp): number[] {
  return window
    .processes()
    .filter((process) => command.test(process.command))
    .map(({ pid }) => pid);
}

/** The one sidecar of the window. */
export function sidecarOf(window: Workbench): number {
  const [pid, ...others] = processesLike(window, /-m mcp_sidecar/);
  if (pid === undefined || others.length > 0) throw new Error(`not one sidecar, but ${[pid, ...others]}`);
  return pid;
}

/** The status says at once that a connection ends; its server has a moment to follow. */
export async function serverGone(window: Workbench): Promise<void> {
  const servers = async () => processesLike(window, /notes_server\.py|nasty_stdio\.py/);
  await window.screen.until("the server's end", servers, (left) => left.length === 0);
}

/** The example server over HTTP, once it listens. */
export function serveNotes(window: Workbench, port: number): Promise<ChildProcess> {
  return serve(window, join(window.folder, "notes_server.py"), "--http", String(port));
}

/** A server that says on stderr when it listens. */
export async function serve(window: Workbench, ...command: string[]): Promise<ChildProcess> {
  const env = { ...process.env, ...window.server.tree.environment };
  const child = spawn(PYTHON, command, { env });
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.on("exit", () => reject(new Error(`the HTTP server ended:\n${said}`)));
    child.stderr.on("data", (data) => {
      said += data;
      if (/Uvicorn running on/.test(said)) resolve();
    });
  });
  return child;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
