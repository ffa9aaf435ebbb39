/** Servers whose texts look like VS Code's own markup: links that run commands, icons, markdown. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { connect, enterTarget, extensionTests, PYTHON, SERVERS } from "./extensionTest.ts";

const HOSTILE = `${PYTHON} ${join(SERVERS, "hostile.py")}`;

extensionTests(
  "a hostile server",
  {},
  {
    "puts no link that runs a command into a message": async (window) => {
      await enterTarget(window, `${HOSTILE} refuse`);
      const { message } = await window.notifications.waitFor(/or not/);
      match(message, /\[Retry\] \(command:/);
      equal(await window.page.locator(".notification-list-item-message a").count(), 0);
      await window.screenshot("hostile/a message");
    },
    "puts no markup into the tooltip": async (window) => {
      await connect(window, HOSTILE);
      const tooltip = await window.status.tooltip();
      match(tooltip, /Server: \[Retry\]\(command:workbench\.action\.closeActiveEditor\) \$ \(error\) \*evil\* 1/);
      await window.screenshot("hostile/the tooltip");
    },
    "has its tools listed, whatever it says of them": async (window) => {
      await connect(window, HOSTILE);
      await window.runCommand("MCP Sidecar: Call Tool…");
      const labels = await window.quickInput.labels();
      deepEqual([labels.length, labels[1]], [2, "untyped"]);
      ok(labels[0]?.endsWith("$ (error) *evil*"), labels[0]);
      await window.screenshot("hostile/its tools");
      await window.quickInput.choose("untyped");
      await window.editors.waitForText(/Arguments of the tool untyped/);
    },
    "an address in the tooltip is shown as it is": async (window) => {
      await enterTarget(window, "http://127.0.0.1:9/mcp");
      await window.notifications.waitFor(/^(?!Connecting).*127\.0\.0\.1:9/);
      const tooltip = await window.status.tooltip();
      match(tooltip, /Target: http:\/\/127\.0\.0\.1:9\/mcp/);
      ok(!tooltip.includes("\\"), tooltip);
    },
  },
);
