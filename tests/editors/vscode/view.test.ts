/** The view of what the server offers, and what is done from there: resources, prompts, subscriptions, the trace. */

import { equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { connect, extensionTests, PYTHON, SERVERS, waitForHeadline } from "./extensionTest.ts";
import { ServerTree } from "./serverTree.ts";
import type { Workbench } from "./workbench.ts";

const CAPABLE = `${PYTHON} ${join(SERVERS, "capable.py")}`;
const MANY = `${PYTHON} ${join(SERVERS, "many.py")}`;
const GOOD = `${PYTHON} ${join(SERVERS, "good.py")}`;

/** Milliseconds in which a list of thousands is there; half a second on an idle machine. */
const LISTED_MS = 10_000;

/** Pick something by typing its name: only the first items of a list are drawn. */
async function pick(window: Workbench, command: string, name: string, label: string | RegExp = name): Promise<void> {
  await window.runCommand(`MCP Sidecar: ${command}`);
  await window.quickInput.waitFor(({ title, items }) => title !== "" && items.length > 0);
  await window.quickInput.type(name);
  await window.quickInput.choose(label);
  // The editor is at rest once the sidecar knows its text.
  await window.screen.until(
    "a code lens",
    () => window.editors.codeLenses(),
    (lenses) => lenses.length > 0,
  );
}

extensionTests(
  "the view",
  {},
  {
    "it says what can be done where there is no server": async (window) => {
      const tree = new ServerTree(window.screen);
      await tree.open();
      await tree.welcome(/Connect…/);
      await window.runCommand("MCP Sidecar: Connect…");
      await window.quickInput.type("npx-does-not-exist --stdio");
      await window.quickInput.accept();
      await window.notifications.waitFor(/./);
      await window.screenshot("view/not connected");
    },
    "the lists follow what the server announces": async (window) => {
      const tree = new ServerTree(window.screen);
      await tree.open();
      await connect(window, CAPABLE);
      for (const last of ["choose", "note", "greet"]) await tree.waitForRow(last); // until then rows are drawn anew
      for (const group of ["Tools", "Resources", "Prompts"]) {
        const { description } = await tree.waitForRow(group, /^\d+$/);
        await tree.click("grow"); // a button of a row names none while the view is drawn anew
        await window.editors.waitForText(/"what": /);
        await window.editors.replaceText(`{ "what": "${group.toLowerCase()}" }`);
        await window.editors.send("Call grow");
        await tree.waitForRow(group, new RegExp(`^${Number(description) + 1}$`));
      }
    },
    "every kind of item is copied as JSON, or by its name": async (window) => {
      const tree = new ServerTree(window.screen);
      await tree.open();
      await connect(window, GOOD);
      const copied = (text: RegExp) =>
        window.screen.until(
          `${text} in the clipboard`,
          () => window.screen.clipboard(),
          (seen) => text.test(seen),
        );
      const items = { add: "name", note: "uri", note_copy: "uriTemplate", greet: "name" };
      for (const [label, id] of Object.entries(items)) {
        await tree.choose(label, "Copy as JSON");
        const json = JSON.parse(await copied(new RegExp(`^\\{[^]*"name": "${label}"`)));
        await tree.choose(label, "Copy Name or URI");
        equal(await copied(/^[^{].*$|^\w+$/), json[id]);
      }
      await window.screenshot("view/copied");
    },
    "a URI is typed where the server lists none": async (window) => {
      await connect(window, CAPABLE);
      await window.runCommand("MCP Sidecar: Read Resource…");
      await window.quickInput.choose(/Type a URI/);
      await window.quickInput.waitFor(({ items }) => items.length === 0, "the box for a URI");
      await window.quickInput.type("nonsense");
      const { message } = await window.quickInput.waitFor(({ severity }) => severity === "error", "the complaint");
      match(message, /A URI begins with a scheme/);
      await window.quickInput.type("note:77");
      await window.quickInput.waitFor(({ severity }) => severity !== "error", "no complaint");
      await window.quickInput.accept();
      await window.webviews.waitFor("note:77", /read/);
    },
    "the arguments of a prompt are completed by the server": async (window) => {
      const tree = new ServerTree(window.screen);
      await tree.open();
      await connect(window, CAPABLE);
      await tree.click("greet");
      await window.editors.waitForText(/Arguments of the prompt greet/);
      await window.editors.replaceText("");
      await window.editors.type('{ "who": "Ad');
      const suggestion = window.page.locator(".suggest-widget .monaco-list-row", { hasText: "Ad!" });
      await suggestion.first().waitFor();
      await window.editors.press("Escape");
      await window.editors.replaceText('{ "who": "Ada" }');
      await window.editors.send("Get greet");
      await window.webviews.waitFor("greet", /Greet Ada\./);
    },
    "a resource is subscribed to, marked, and read again where it is open": async (window) => {
      const tree = new ServerTree(window.screen);
      await tree.open();
      await connect(window, CAPABLE);
      for (const last of ["choose", "note", "greet"]) await tree.waitForRow(last); // until then the rows move under the mouse
      // A press while the view is drawn anew takes nothing, as any user would see.
      await window.screen.until(
        "the subscription",
        async () => {
          await tree.press("host", "Subscribe to Resource");
          return tree.waitForRow("host", /subscribed/, 5_000).catch(() => undefined);
        },
        (row) => row !== undefined,
      );
      await tree.press("host", "Read Resource…");
      await window.webviews.waitFor("http://Host.Example", /read/);
      match(await window.status.tooltip(), /resources read 1,/);
      await window.screen.restMouse();
      await pick(window, "Call Tool…", "touch");
      await window.editors.waitForText(/"uri": ""/);
      await window.editors.replaceText('{ "uri": "http://Host.Example" }');
      await window.editors.send("Call touch");
      await tree.waitForRow("host", /updated \d/);
      await window.screenshot("view/subscribed");
      await tree.press("host", "Unsubscribe from Resource");
      await tree.waitForRow("host", /^http:/);
    },
    "a template asks for its variables and the server completes them": async (window) => {
      await connect(window, CAPABLE);
      await pick(window, "Read Resource…", "note:{", "note");
      await window.editors.waitForText(/Arguments of the resource template note/);
      await window.editors.replaceText("");
      await window.editors.type('{ "number": "4');
      const suggestion = window.page.locator(".suggest-widget .monaco-list-row", { hasText: "4!" });
      await suggestion.first().waitFor();
      await window.screenshot("view/a completion");
      await window.editors.press("Escape");
      await window.editors.replaceText('{ "number": 4 }');
      await window.editors.send("Read note:{number}");
      await window.webviews.waitFor("note:4", /read/);
    },
    "an inspection tells what is wrong with the server": async (window) => {
      await connect(window, CAPABLE);
      await window.runCommand("MCP Sidecar: Inspect Server");
      await window.webviews.waitFor("Inspection", /Looked at: \d+ tools/);
      await window.screenshot("view/an inspection");
    },
    "the last arguments are there after a restart, without what is secret": async (window) => {
      await connect(window, CAPABLE);
      await pick(window, "Call Tool…", "choose");
      await window.editors.waitForText(/"text": ""/);
      await window.editors.replaceText('{ "text": "kept", "pass": "hunter2" }');
      await window.editors.send("Call choose");
      await window.webviews.waitFor("choose", /choose/);
      await window.runCommand("View: Close All Editors");
      await window.reload();
      await waitForHeadline(window, /^Disconnected$/);
      await connect(window, CAPABLE);
      await pick(window, "Call Tool…", "choose");
      const text = await window.editors.waitForText(/"text": "kept"/);
      ok(!text.includes("hunter2"));
    },
    "a long call tells how far it is": async (window) => {
      await connect(window, CAPABLE);
      await pick(window, "Call Tool…", "work");
      await window.editors.waitForText(/"steps"/);
      await window.editors.replaceText('{ "steps": 100, "pause": 0.2 }');
      await window.editors.send("Call work");
      await window.notifications.waitFor(/Calling work.*step \d+/);
      await window.screenshot("view/progress");
      await window.notifications.click("Cancel");
      await window.webviews.waitFor("work", /Cancelled/);
    },
    "a call that reports progress has a maximum of its own, which holds as soon as it is set": async (window) => {
      await connect(window, CAPABLE);
      const limits = { "mcpSidecar.callTimeout": 1, "mcpSidecar.maxCallTimeout": 2 };
      await window.changeSettings({ ...limits, "window.title": "with limits" }, (limitMs) =>
        window.screen.until(
          "the new settings",
          () => window.page.title(),
          (title) => title === "with limits",
          limitMs,
        ),
      );
      try {
        await pick(window, "Call Tool…", "work");
        await window.editors.replaceText('{ "steps": 10000, "pause": 0.1 }');
        await window.editors.send("Call work");
        await window.webviews.waitFor("work", /Raise maxCallTimeout/);
      } finally {
        window.profile.changeSettings(Object.fromEntries(Object.keys(limits).map((name) => [name, undefined])));
      }
    },
    "a list that fails says why, and a click tries again": async (window) => {
      const tree = new ServerTree(window.screen);
      await tree.open();
      await connect(window, `${PYTHON} ${join(SERVERS, "nasty_stdio.py")} null-result --on tools/list`);
      const { label } = await tree.waitForRow("Retry", /result/);
      await tree.waitForRow("Tools", /failed/);
      await window.screenshot("view/a list that fails");
      await window.runCommand("MCP Sidecar: Show Status");
      await window.editors.waitForText(/"errors": 1\b/);
      await tree.click(label);
      await window.editors.waitForText(/"errors": 2\b/);
    },
    "5,000 tools are listed, scrolled, found and filtered": async (window) => {
      const tree = new ServerTree(window.screen);
      await tree.open();
      await connect(window, `${MANY} --tools 5000`);
      await tree.waitForRow("Tools", /5,000/, LISTED_MS);
      await tree.waitForRow("create_invoice_0", /(?:)/, LISTED_MS);
      await window.screenshot("view/many tools");
      await tree.type("End");
      await tree.waitForRow("create_warehouse_4999");
      await tree.type("Home");
      await tree.waitForRow("Tools");

      await tree.find("customer_4321");
      await tree.waitForRow("delete_customer_4321");
      await window.screenshot("view/many tools, one found");
      await tree.pressInFind("Filter");
      await window.screen.until(
        "only what was found",
        () => tree.rows(),
        (rows) => rows.map(({ label }) => label).join() === "Tools,delete_customer_4321",
      );
      await window.screenshot("view/many tools, filtered");
      await tree.closeFind();
      await tree.waitForRow("list_customer_4305");
    },
    "the find reaches what is in folded lists": async (window) => {
      const tree = new ServerTree(window.screen);
      await tree.open();
      await connect(window, `${MANY} --tools 5000 --prompts 3`);
      await tree.waitForRow("prompt_2");
      equal((await tree.rows()).length, 5, "the long list comes folded");
      await tree.find("customer_4321");
      await tree.waitForRow("delete_customer_4321");
      await tree.closeFind();
      await tree.click("delete_customer_4321");
      await window.editors.waitForText(/"customer_id": ""/);
      await window.screenshot("view/many tools, called from the find");
    },
  },
);
