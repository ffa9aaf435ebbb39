/** Configured servers: offered by Connect…, started once their command was agreed to, served in their files. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { connect, extensionTest, extensionTests, PYTHON, processesLike, waitForHeadline } from "./extensionTest.ts";
import type { Theme } from "./profile.ts";
import type { QuickInputState } from "./quickInput.ts";
import type { Workbench } from "./workbench.ts";

const NOTES = { type: "stdio", command: PYTHON, args: ["notes_server.py"], env: { NOTES_COLOUR: "blue" } };
const CONFIGURATION = {
  // As people write them.
  ".vscode/mcp.json": `{
  // What the project needs.
  "servers": {
    "notes": ${JSON.stringify(NOTES)},
    "asking": ${JSON.stringify({ ...NOTES, env: { NOTES_TOKEN: `$${"{input:token}"}` } })},
    "nothing": { "type": "stdio" },
  },
  "inputs": [{ "id": "token", "type": "promptString", "description": "The token of the notes", "password": true }],
}
`,
  ".mcp.json": `${JSON.stringify({ mcpServers: { web: { type: "http", url: "http://127.0.0.1:9/mcp" } } }, undefined, 2)}\n`,
};

/** A home of its own: what the user has configured, and agreed to, stays out of these tests. */
function ownHome(): NodeJS.ProcessEnv {
  const home = mkdtempSync(join(tmpdir(), "mcp-home-"));
  after(() => rmSync(home, { recursive: true, force: true }));
  return { HOME: home, XDG_STATE_HOME: join(home, "state"), XDG_CONFIG_HOME: join(home, "config") };
}

/** What *Connect…* offers once the sidecar has told it. */
async function openConnect(window: Workbench, server = "notes") {
  await window.runCommand("MCP Sidecar: Connect…");
  const isThere = ({ items }: QuickInputState) => items.some(({ label }) => label === server);
  return (await window.quickInput.waitFor(isThere, "the configured servers")).items;
}

async function choose(window: Workbench, server: string): Promise<void> {
  await openConnect(window);
  await window.quickInput.choose(server);
}

for (const theme of ["dark", "light"] as Theme[]) {
  extensionTest(
    `a configured server is offered first, and runs once its very command was allowed (${theme})`,
    { theme, files: CONFIGURATION, env: ownHome() },
    async (window) => {
      const shot = (name: string) => window.screenshot(`configured/${theme}/${name}`);
      await waitForHeadline(window, /^Disconnected$/);
      const items = await openConnect(window);
      await window.screen.restMouse();
      deepEqual(
        items.map(({ label, description }) => [label, description]),
        [
          ["notes", ".vscode/mcp.json · workspace"],
          ["asking", ".vscode/mcp.json · workspace"],
          ["nothing", ".vscode/mcp.json · workspace"],
          ["web", ".mcp.json · workspace"],
        ],
      );
      equal(items[0]?.separator, "configured");
      match(items[0]?.detail ?? "", /notes_server\.py$/);
      match(items[2]?.detail ?? "", /command/);
      await shot("1 Connect");

      await window.quickInput.choose("notes");
      const asked = await window.notifications.waitForDialog(/Run the MCP server/);
      match(asked.message, /Run the MCP server "notes" of .*mcp\.json\?/);
      match(asked.detail, /notes_server\.py.*NOTES_COLOUR/);
      deepEqual([...asked.buttons].sort(), ["Allow", "Cancel", "Deny"]);
      await shot("2 the question");
      // What is preselected, and so what Enter means.
      await window.page.keyboard.press("Enter");
      const { buttons } = await window.notifications.waitFor(/notes.* was denied/);
      deepEqual(buttons, ["Retry", "Show Server Output"]);
      deepEqual(processesLike(window, /notes_server\.py/), []);
      await shot("3 denied");
      await window.notifications.click("Retry");
      await window.notifications.clickDialog("Allow");
      await waitForHeadline(window, /^Connected to notes$/);
      match(await window.status.tooltip(), /Target: .*notes_server\.py/);
      await window.screen.restMouse();

      // A new window knows the last one, and the answer.
      await window.reload();
      await waitForHeadline(window, /^Disconnected$/);
      await window.runCommand("MCP Sidecar: Reconnect");
      await waitForHeadline(window, /^Connected to notes$/);
      equal(await window.notifications.dialog(), undefined);
    },
  );
}

extensionTests(
  "configured servers",
  { files: CONFIGURATION, env: ownHome() },
  {
    "an input is asked for, hidden, and told nobody": async (window) => {
      await choose(window, "asking");
      const question = await window.quickInput.waitFor(({ title }) => /asking needs token/.test(title));
      match(question.message, /The token of the notes/);
      equal(await window.page.locator(".quick-input-box input[type=password]").count(), 1);
      await window.screenshot("configured/an input");
      await window.quickInput.type("tell-nobody-4712");
      await window.quickInput.accept();
      await window.notifications.clickDialog("Allow");
      await waitForHeadline(window, /^Connected to notes$/);
      await window.runCommand("MCP Sidecar: Show Status");
      const seen = [await window.editors.waitForText(/"connected"/)];
      for (const channel of ["MCP Sidecar", "MCP Server"]) seen.push(await window.output.text(channel));
      ok(!seen.join().includes("tell-nobody"));
    },
    "one that is wrong says so, and leads to its file": async (window) => {
      await choose(window, "nothing");
      const { buttons } = await window.notifications.waitFor(/"?nothing"?.*mcp\.json:\d+/);
      deepEqual(buttons, ["Open File", "Show Server Output"]);
      await window.notifications.click("Open File");
      await window.editors.waitForText(/What the project needs/);
    },
    "one whose URL gets no secret needs no consent": async (window) => {
      await choose(window, "web");
      const { buttons } = await window.notifications.waitFor(/^(?!Connecting).*127\.0\.0\.1:9/);
      deepEqual(buttons, ["Retry", "Show Server Output"]);
    },
    "what is typed still goes before what is configured": async (window) => {
      await connect(window);
    },
  },
);

extensionTest(
  "an untrusted workspace starts none of its servers",
  { trust: false, files: CONFIGURATION, env: ownHome() },
  async (window) => {
    await waitForHeadline(window, /^This workspace is not trusted/);
    await window.runCommand("MCP Sidecar: Connect…");
    await window.notifications.waitFor(/This workspace is not trusted/);
    deepEqual(processesLike(window, /-m mcp_sidecar|notes_server\.py/), []);
  },
);

extensionTest(
  "a configuration file is connected from, and tells what is wrong in it",
  // With VS Code's own lenses, which it has where it may have chat.
  { files: CONFIGURATION, env: ownHome(), settings: { "chat.disableAIFeatures": false } },
  async (window) => {
    await waitForHeadline(window, /^Disconnected$/);
    await window.editors.open(join(window.folder, ".vscode/mcp.json"));
    const own = ["MCP Sidecar: Connect", "Start", "More..."];
    await untilLenses(window, (titles) => isDeepStrictEqual(titles, [...own, ...own, ...own]));
    await untilProblem(window, /A server needs `command` or `url`\..*mcp-sidecar/s);
    await window.screenshot("configured/a file");

    await window.editors.clickCodeLens("MCP Sidecar: Connect");
    await window.notifications.waitForDialog(/Run the MCP server "notes"/);
    await window.notifications.clickDialog("Allow");
    await untilLenses(window, ([first = ""]) => /^MCP Sidecar: ● connected · \d tools$/.test(first));
    await window.screenshot("configured/a file, connected, dark");
    await window.changeSettings({ "workbench.colorTheme": "Light Modern" }, (timeout) =>
      window.page.locator(".monaco-workbench.vs").waitFor({ timeout }),
    );
    await window.screenshot("configured/a file, connected, light");
    await window.editors.clickCodeLens("Call tool…");
    await window.quickInput.waitFor(({ title }) => title === "Call a Tool");
    await window.quickInput.cancel();
    await window.editors.clickCodeLens("Show log");
    await window.output.waitFor("MCP Server", /connected notes/);
    await window.editors.select("mcp.json");
    await window.editors.clickCodeLens("Disconnect");
    await waitForHeadline(window, /^Disconnected$/);

    await window.editors.open(join(window.folder, ".mcp.json"));
    await window.editors.clickCodeLens("MCP Sidecar: Connect");
    await waitForHeadline(window, /^No connection/);
    await untilLenses(window, (titles) => titles[0] === "MCP Sidecar: ✗ failed" && titles.includes("Connect"));
    await untilProblem(window, /127\.0\.0\.1:9.*mcp-sidecar/s);
    await window.screenshot("configured/a file, failed");
  },
);

extensionTest(
  "the user's own file is connected from, wherever VS Code keeps it, and nobody is asked",
  // Without VS Code's own MCP: in code-server it opens this file under a second address, and when it closes that, extensions
  // lose the first, too, which the editor shows.
  { env: ownHome(), settings: { "chat.mcp.access": "none" } },
  async (window) => {
    const own = { "notes of mine": NOTES, nothing: { type: "stdio" } };
    const file = join(window.profile.userData, "User/mcp.json");
    writeFileSync(file, JSON.stringify({ servers: own }, undefined, 2));
    await waitForHeadline(window, /^Disconnected$/);
    await window.editors.open(file);
    await untilLenses(window, (titles) => titles.includes("MCP Sidecar: Connect"));
    await untilProblem(window, /A server needs `command` or `url`\..*mcp-sidecar/s);
    await window.editors.clickCodeLens("MCP Sidecar: Connect");
    await untilLenses(window, ([first = ""]) => /^MCP Sidecar: ● connected · \d tools$/.test(first));
    await waitForHeadline(window, /^Connected to notes$/);
    equal(await window.notifications.dialog(), undefined);
    await window.screenshot("configured/the user's own file");

    const offered = await openConnect(window, "notes of mine");
    match(offered[0]?.description ?? "", /User\/mcp\.json · user$/);
  },
);

function untilLenses(window: Workbench, accept: (titles: string[]) => boolean): Promise<string[]> {
  return window.screen.until("code lenses", () => window.editors.codeLenses(), accept);
}

async function untilProblem(window: Workbench, problem: RegExp): Promise<void> {
  await window.runCommand("Problems: Focus on Problems View");
  const rows = window.page.locator(".markers-panel .monaco-list-row");
  await window.screen.until(
    `the problem ${problem}`,
    () => rows.allInnerTexts(),
    (texts) => texts.some((text) => problem.test(text)),
  );
}
