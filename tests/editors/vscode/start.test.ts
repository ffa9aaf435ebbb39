/** How the sidecar comes to run: its environment on the first start, what goes wrong there, and trust. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { connect, extensionTest, PYTHON, processesLike, SERVERS, sidecarOf, waitForHeadline } from "./extensionTest.ts";
import { ROOT } from "./installation.ts";
import { ServerTree } from "./serverTree.ts";
import type { Workbench } from "./workbench.ts";

const OWN_ENVIRONMENT = { "mcpSidecar.interpreter": "" };
const UV = join(ROOT, ".uv/bin");
const WITH_UV = { PATH: `${existsSync(UV) ? `${UV}:` : ""}${process.env.PATH}` };
/** Making the environment, on a machine that is busy. */
const MAKING_MS = 120_000;

function environments(window: Workbench): string[] {
  return globSync(join(window.profile.userData, "User/globalStorage/mcp-sidecar.mcp-sidecar/environments/*"));
}

extensionTest(
  "the first start makes the environment, with progress",
  { settings: OWN_ENVIRONMENT, env: WITH_UV },
  async (window) => {
    const { message, buttons } = await window.notifications.waitFor(/preparing its Python environment/);
    ok(message);
    deepEqual(buttons, ["Cancel"]);
    await window.screenshot("start/1 the environment is made");
    await waitForHeadline(window, /^Disconnected$/, MAKING_MS);
    const texts = (await window.status.states()).map(({ text }) => text);
    ok(texts.includes("MCP: installing"), texts.join(", "));
    equal(environments(window).length, 1);
    await connect(window);
    await window.screenshot("start/2 connected");

    // The next start finds it, and installs nothing.
    await window.reload();
    await waitForHeadline(window, /^Disconnected$/);
    ok(!(await window.status.states()).some(({ text }) => text === "MCP: installing"));

    // One that broke meanwhile is made anew.
    const [environment = ""] = environments(window);
    for (const package_ of globSync(join(environment, "lib/python*/site-packages/pygls")))
      rmSync(package_, { recursive: true });
    await window.reload();
    await waitForHeadline(window, /^Disconnected$/, MAKING_MS);
    ok((await window.status.states()).some(({ text }) => text === "MCP: installing"));
  },
);

extensionTest(
  "making the environment can be cancelled, and started again",
  { settings: OWN_ENVIRONMENT, env: WITH_UV },
  async (window) => {
    await window.notifications.waitFor(/preparing its Python environment/);
    await window.notifications.click("Cancel");
    equal((await waitForHeadline(window, /^The sidecar can't start$/)).background, "error");
    await window.notifications.waitFor(/cancelled/);
    deepEqual(environments(window), []);
    await window.notifications.dismiss();
    await window.runCommand("MCP Sidecar: Restart Sidecar");
    await waitForHeadline(window, /^Disconnected$/, MAKING_MS);
  },
);

extensionTest(
  "without Python and uv one message says what was looked for",
  { settings: OWN_ENVIRONMENT, env: { PATH: "/nowhere" } },
  async (window) => {
    const { message, buttons } = await window.notifications.waitFor(/Python 3\.11 or newer/);
    match(message, /uv/);
    deepEqual(buttons, ["Restart Sidecar", "Show Log", "Open Settings"]);
    const count = async () => (await window.notifications.list()).length;
    await window.screen.until("that message alone", count, (seen) => seen === 1);
    equal((await waitForHeadline(window, /^The sidecar can't start$/)).background, "error");
    match(await window.status.tooltip(), /Cause: .*Python/);
    await window.screenshot("start/no Python");
  },
);

extensionTest(
  "without a network one message says so",
  {
    settings: OWN_ENVIRONMENT,
    env: {
      ...WITH_UV,
      UV_DEFAULT_INDEX: "http://127.0.0.1:9/simple",
      UV_INDEX_URL: "http://127.0.0.1:9/simple",
      UV_CACHE_DIR: "/dev/shm/mcp-sidecar-empty-cache",
    },
  },
  async (window) => {
    const { message } = await window.notifications.waitFor(/package index|network/i, MAKING_MS);
    ok(message);
    await waitForHeadline(window, /^The sidecar can't start$/);
    deepEqual(environments(window), []);
    await window.screenshot("start/no network");
  },
);

extensionTest(
  "an interpreter without the sidecar is explained",
  { settings: { "mcpSidecar.interpreter": "/usr/bin/env" } },
  async (window) => {
    await window.notifications.waitFor(/The setting mcpSidecar\.interpreter names no working sidecar/);
    await waitForHeadline(window, /^The sidecar can't start$/);
    await window.screenshot("start/a wrong interpreter");
    // A new setting is taken at once where nothing runs.
    await window.changeSettings({ "mcpSidecar.interpreter": PYTHON }, (limitMs) =>
      waitForHeadline(window, /^Disconnected$/, limitMs),
    );
  },
);

extensionTest("a setting that is mended while the sidecar starts holds", {}, async (window) => {
  await waitForHeadline(window, /^Disconnected$/);
  const hanging = { "mcpSidecar.command": ["/bin/sh", "-c", "sleep 9; exit 1"] };
  await window.changeSettings(hanging, (limitMs) => window.notifications.waitFor(/^The new setting holds/, limitMs));
  await window.notifications.click("Restart Sidecar");
  await waitForHeadline(window, /^The sidecar is starting$/);
  window.profile.changeSettings({ "mcpSidecar.command": undefined });
  await waitForHeadline(window, /^Disconnected$/);
  sidecarOf(window);
});

extensionTest(
  "a program that is no sidecar does not outlive the window",
  { settings: { "mcpSidecar.command": ["/bin/sh", "-c", "while :; do sleep 1; done"] } },
  async (window) => {
    await waitForHeadline(window, /^The sidecar is starting$/);
    const programs = () => Promise.resolve(processesLike(window, /while :; do/).length);
    await window.screen.until("the program", programs, (count) => count === 1);
    // That nothing is left is asserted at the end of every test.
  },
);

extensionTest("an untrusted workspace starts nothing, and says why", { trust: false }, async (window) => {
  await waitForHeadline(window, /^This workspace is not trusted, so nothing is started$/);
  const tree = new ServerTree(window.screen);
  await tree.open();
  match(await tree.welcome(/This workspace is not trusted/), /Manage Workspace Trust/);
  await window.screenshot("view/untrusted");
  await window.runCommand("MCP Sidecar: Connect…");
  await window.notifications.waitFor(/This workspace is not trusted/);
  deepEqual(processesLike(window, /-m mcp_sidecar/), []);
  await window.screenshot("trust/untrusted");
  await window.notifications.click("Manage Workspace Trust");
  await window.page.getByRole("button", { name: "Trust", exact: true }).first().click();
  await waitForHeadline(window, /^Disconnected$/);
});

extensionTest(
  "a workspace can neither name the interpreter unasked nor slip a module into the sidecar",
  {
    files: {
      "json.py": "raise SystemExit('the workspace ran')\n",
      ".env": "PYTHONPATH=.\n",
      "sitecustomize.py": "raise SystemExit('ran')\n",
    },
  },
  async (window) => {
    await waitForHeadline(window, /^Disconnected$/);
    await connect(window, `${PYTHON} ${join(SERVERS, "good.py")}`);
    ok(!(await window.output.text("MCP Sidecar")).includes("the workspace ran"));
  },
);
