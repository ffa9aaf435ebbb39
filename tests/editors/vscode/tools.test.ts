/** *Call Tool…*: from the picker over the arguments to the result beside them. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { connect, extensionTests, PYTHON, SERVERS, waitForHeadline } from "./extensionTest.ts";
import type { Workbench } from "./workbench.ts";

/** Open a tool's arguments, by the palette. */
async function pick(window: Workbench, tool: string): Promise<void> {
  await window.runCommand("MCP Sidecar: Call Tool…");
  await window.quickInput.choose(tool);
  await window.editors.waitForTab(new RegExp(`^${tool}\\.jsonc$`));
}

extensionTests(
  "calling tools",
  {},
  {
    "arguments that are no JSON are refused at their place, and nothing is called": async (window) => {
      await connect(window);
      await pick(window, "add_note");
      await window.editors.replaceText('{\n  "title": nonsense\n}');
      await window.editors.send("Call add_note");
      const { message } = await window.notifications.waitFor(/line 2/);
      match(message, /The arguments are not right in line 2: /);
      await window.screenshot("tools/arguments that are no JSON");
      match(await window.status.tooltip(), /tool calls 0,/);
    },
    "arguments are still there for the next call": async (window) => {
      await connect(window);
      await pick(window, "add_note");
      await window.editors.replaceText('{ "title": "kept" }');
      await window.editors.send("Call add_note");
      await window.webviews.text("add_note");
      await window.runCommand("View: Close All Editors");
      await pick(window, "add_note");
      equal(await window.editors.text(), '{ "title": "kept" }');
    },
    "images and text are shown as such, and nothing of the server runs in the page": async (window) => {
      await connect(window, `${PYTHON} ${join(SERVERS, "good.py")}`);
      await pick(window, "blocks");
      await window.editors.send("Call blocks");
      await window.webviews.text("blocks");
      const frame = await window.webviews.frame("blocks");
      const images = await frame
        ?.locator("img")
        .evaluateAll((all) => all.map((image) => (image as unknown as { naturalWidth: number }).naturalWidth));
      ok(images && images.length > 0 && images.every((width) => width > 0), `the images: ${images}`);
      await window.screenshot("tools/an image");
      equal(await frame?.locator("script").count(), 0);
    },
    "a long call shows progress, and Cancel ends it": async (window) => {
      await connect(window);
      await pick(window, "import_notes");
      await window.editors.replaceText('{ "lines": ["a", "b", "c", "d", "e", "f"], "seconds_each": 10 }');
      await window.editors.send("Call import_notes");
      await window.notifications.waitFor(/Calling import_notes/);
      await window.screenshot("tools/a long call");
      await window.notifications.click("Cancel");
      await window.screen.until(
        "the cancelled call",
        () => window.webviews.text("import_notes"),
        (text) => /Cancelled/.test(text),
      );
      await waitForHeadline(window, /^Connected to notes$/);
    },
    "a server that dies in a call: the result says why": async (window) => {
      await connect(window, `${PYTHON} ${join(SERVERS, "nasty_stdio.py")} exits-in-call`);
      await window.runCommand("MCP Sidecar: Call Tool…");
      const [tool] = await window.quickInput.labels();
      await window.quickInput.choose(tool ?? "");
      await window.editors.waitForTab(/\.jsonc$/);
      await window.editors.send(`Call ${tool}`);
      const text = await window.screen.until(
        "the failure",
        () => window.webviews.text(tool ?? ""),
        (seen) => /Failed/.test(seen),
      );
      match(text, /exit.* 7/i);
      await window.screenshot("tools/the server died in the call");
    },
    "integers beyond JavaScript's are neither sent nor shown altered": async (window) => {
      await connect(window, `${PYTHON} ${join(SERVERS, "good.py")}`);
      await pick(window, "add");
      await window.editors.replaceText('{ "a": 12345678901234567890, "b": 1 }');
      await window.editors.send("Call add");
      const text = await window.screen.until(
        "the sum",
        () => window.webviews.text("add"),
        (seen) => /Result/.test(seen),
      );
      match(text, /"result": 12345678901234567891\b/);
    },
    "without a connection the key says so, and the arguments stay": async (window) => {
      await connect(window);
      await pick(window, "add_note");
      const before = await window.editors.text();
      await window.runCommand("MCP Sidecar: Disconnect");
      await waitForHeadline(window, /^Disconnected$/);
      await window.editors.select("add_note.jsonc");
      await window.editors.press("Control+Enter");
      await window.screen.until(
        "the refusal",
        () => window.webviews.text("add_note"),
        (text) => /Not connected/.test(text),
      );
      await window.editors.select("add_note.jsonc");
      equal(await window.editors.text(), before);
    },
    "arguments of one server are not sent to another unasked": async (window) => {
      await connect(window);
      await pick(window, "add_note");
      await connect(window, `${PYTHON} ${join(SERVERS, "good.py")}`);
      await waitForHeadline(window, /^Connected to good$/);
      await window.editors.select("add_note.jsonc");
      await window.editors.send("Call add_note");
      // A dialog without a detail has its message there.
      const { message, detail } = await window.notifications.waitForDialog();
      match(message + detail, /These arguments were made for notes, but good is connected/);
      await window.screenshot("tools/arguments of another server");
      await window.notifications.clickDialog("Don't Send");
      await window.notifications.waitFor(/These arguments were made for notes/);
    },
    "after a reload of the window the arguments can be opened again": async (window) => {
      await connect(window);
      await pick(window, "finish_note");
      await window.reload();
      await waitForHeadline(window, /^Disconnected$/);
      equal(await window.page.getByText("The editor could not be opened").count(), 0);
      await connect(window);
      await pick(window, "finish_note");
      await window.editors.waitForText(/Arguments of the tool Finish Note/);
    },
    "the whole status is a document that follows the connection": async (window) => {
      await window.runCommand("MCP Sidecar: Show Status");
      await window.editors.waitForText(/"state": "disconnected"/);
      await connect(window);
      const status = JSON.parse(await window.editors.waitForText(/"state": "connected"/));
      deepEqual(status.server.name, "notes");
      await window.screenshot("status/whole");
    },
  },
);
