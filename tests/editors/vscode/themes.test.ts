/** The main ways through the extension, in each theme: one window for each, since opening one takes as long as a way. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import {
  connect,
  extensionTests,
  PYTHON,
  processesLike,
  SERVERS,
  serverGone,
  waitForHeadline,
} from "./extensionTest.ts";
import { kill } from "./processes.ts";
import type { Theme } from "./profile.ts";
import { ServerTree } from "./serverTree.ts";

const GOOD = `${PYTHON} ${join(SERVERS, "good.py")}`;

for (const theme of ["dark", "light", "high-contrast"] as Theme[]) {
  extensionTests(
    `the theme ${theme}`,
    { theme },
    {
      [`connect, lose the server, reconnect, disconnect (${theme})`]: async (window) => {
        const shot = (name: string) => window.screenshot(`connection/${theme}/${name}`);
        await waitForHeadline(window, /^Disconnected$/);
        await shot("1 disconnected");

        await window.runCommand("MCP Sidecar: Connect…");
        await window.quickInput.type("notes_server.py");
        const { items } = await window.quickInput.waitFor(({ items: [first] }) => Boolean(first?.detail), "the check");
        match(items[0]?.detail ?? "", /^stdio: .*python.* .*notes_server\.py$/);
        await shot("2 the target is checked while it is typed");
        await window.quickInput.accept();
        await waitForHeadline(window, /^Connected to notes$/);
        deepEqual((await window.status.states()).map(({ icons }) => icons[0]).slice(-2), ["sync~spin", "check"]);

        const tooltip = await window.status.tooltip();
        for (const row of [
          /Server: notes 1\.0\.0/,
          /Protocol: 20\d\d-/,
          /Transport: stdio/,
          /Connected since: /,
          /tool calls 0, resources/,
        ]) {
          match(tooltip, row);
        }
        deepEqual(await window.status.tornLinks(), []);
        await shot("3 connected, with the tooltip");
        await window.screen.restMouse();
        await window.status.click();
        const menu = await window.quickInput.labels();
        deepEqual(menu, [
          "Call Tool…",
          "Read Resource…",
          "Get Prompt…",
          "Reconnect",
          "Connect…",
          "Disconnect",
          "Inspect Server",
          "Show Protocol Trace",
          "Show Server Output",
          "Show Status",
          "Show Log",
          "Restart Sidecar",
        ]);
        await shot("4 the menu");
        await window.quickInput.cancel();

        const [server] = processesLike(window, /python.* .*notes_server\.py/);
        kill(server ?? 0, "SIGKILL");
        const failed = await waitForHeadline(window, /^No connection to notes$/);
        equal(failed.background, "error");
        match(await window.status.tooltip(), /Last error: .*SIGKILL/);
        deepEqual(await window.status.tornLinks(), []);
        await shot("5 the server was killed");
        ok(
          !(await window.palette.offers("MCP Sidecar: Call Tool…")).length,
          "a tool can't be called without a connection",
        );

        await window.runCommand("MCP Sidecar: Reconnect");
        await waitForHeadline(window, /^Connected to notes$/);
        await shot("6 connected again");
        await window.runCommand("MCP Sidecar: Disconnect");
        await waitForHeadline(window, /^Disconnected$/);
        await serverGone(window);
        await shot("7 disconnected");
      },
      [`pick a tool, edit its arguments, call it, read the result (${theme})`]: async (window) => {
        const shot = (name: string) => window.screenshot(`tools/${theme}/${name}`);
        await connect(window);
        await window.runCommand("MCP Sidecar: Call Tool…");
        const { items } = await window.quickInput.waitFor(({ items }) => items.length > 0);
        ok(items.some(({ label, detail }) => label === "add_note" && detail === "Write a note down."));
        await shot("1 the tools");
        await window.quickInput.choose("add_note");
        await window.editors.waitForText(/"title": ""/);
        await shot("2 the arguments");

        await window.editors.replaceText('{ "title": "Buy milk", "tags": ["errand"], }');
        await window.editors.send("Call add_note");
        const text = await window.webviews.text("add_note");
        for (const part of [/add_note/, /Result/, /Buy milk/, /\d ms/, /\d B/]) {
          match(text, part);
        }
        await shot("3 the result beside its arguments");
        match(await window.status.tooltip(), /tool calls 1,/);

        // Called again by its key, with other arguments.
        await window.editors.select("add_note.jsonc");
        await window.editors.replaceText('{ "title": "" }');
        await window.editors.press("Control+Enter");
        await window.screen.until(
          "the tool's error",
          () => window.webviews.text("add_note"),
          (seen) => /Tool error/.test(seen),
        );
        await shot("4 a tool error");
      },
      [`what a server offers is seen, read and got (${theme})`]: async (window) => {
        const shot = (name: string) => window.screenshot(`view/${theme}/${name}`);
        const tree = new ServerTree(window.screen);
        await tree.open();
        match(await tree.welcome(/Connect to an MCP server/), /Connect…/);
        await shot("1 disconnected");
        await connect(window, GOOD);
        const tools = await tree.waitForRow("Tools", /^\d+$/);
        equal(tools.level, 1);
        match((await tree.waitForRow("echo")).description, /Say it back/);
        match((await tree.waitForRow("note_copy")).description, /note:\/\/\{number\}\/copy/);
        match((await tree.waitForRow("greet")).description, /Greet somebody/);
        await shot("2 connected");

        await tree.click("note");
        await window.webviews.waitFor("note://1", /a note/);
        await shot("3 a resource");
        await window.runCommand("MCP Sidecar: Get Prompt…");
        await window.quickInput.choose("greet");
        await window.editors.waitForText(/Arguments of the prompt greet/);
        await window.editors.replaceText('{ "name": "Ada" }');
        await window.editors.send("Get greet");
        await window.webviews.waitFor("greet", /Write a warm greeting for Ada/);
        await shot("4 a prompt");
        await window.runCommand("MCP Sidecar: Show Protocol Trace");
        await window.editors.waitForTab(/MCP Protocol/);
        const hasBody = (lines: string[]) => lines.some((line) => /"jsonrpc"/.test(line));
        await window.screen.until(
          "each frame in one line",
          () => window.editors.lines(),
          (lines) => lines.some((line) => /→ \d+ prompts\/get/.test(line)) && !hasBody(lines),
        );
        await shot("5 the trace");
        await window.editors.unfold();
        await window.screen.until("the body of a frame", () => window.editors.lines(), hasBody);
        await shot("6 the trace, unfolded");
      },
    },
  );
}
