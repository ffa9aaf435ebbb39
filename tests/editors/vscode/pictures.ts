/** The pictures of the documentation, taken from a real VS Code: `make pictures`. */

import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { connect, openExtension, serveNotes, waitForHeadline } from "./extensionTest.ts";
import { ROOT } from "./installation.ts";
import { ServerTree } from "./serverTree.ts";
import { closeBrowser } from "./workbench.ts";

const IMAGES = join(ROOT, "docs/images");

const window = await openExtension({
  scale: 2,
  settings: {
    "workbench.activityBar.location": "hidden",
    "breadcrumbs.enabled": false,
    "editor.minimap.enabled": false,
  },
});
try {
  mkdirSync(IMAGES, { recursive: true });
  await waitForHeadline(window, /^Disconnected$/);
  await window.page.setViewportSize({ width: 1180, height: 580 });
  // By HTTP, because a path would say where the picture was taken.
  const server = await serveNotes(window, 8000);
  await connect(window, "http://127.0.0.1:8000/mcp");
  await window.status.tooltip();
  const tooltip = window.page.locator(".workbench-hover");
  copyFileSync(await window.screenshot("pictures/status-bar", tooltip, 36), join(IMAGES, "status-bar.png"));

  await window.screen.restMouse();
  await window.runCommand("View: Toggle Primary Side Bar Visibility");
  await window.runCommand("MCP Sidecar: Call Tool…");
  await window.quickInput.choose("add_note");
  await window.editors.waitForText(/"title": ""/);
  const arguments_ = (await window.editors.text())
    .replace('"title": ""', '"title": "Buy milk"')
    .replace('// "tags": []', '"tags": ["errand"]');
  await window.editors.replaceText(arguments_);
  await window.editors.send("Call add_note");
  await window.screen.until(
    "the result",
    () => window.webviews.text("add_note"),
    (text) => text.includes("Result"),
  );
  copyFileSync(await window.screenshot("pictures/tool-call"), join(IMAGES, "tool-call.png"));

  await window.runCommand("View: Close All Editors");
  await window.runCommand("View: Show MCP Sidecar");
  const tree = new ServerTree(window.screen);
  await tree.waitForRow("Prompts");
  await tree.click("all_notes");
  await window.webviews.text("notes://all");
  await window.screen.restMouse();
  copyFileSync(await window.screenshot("pictures/view"), join(IMAGES, "view.png"));
  server.kill();
} finally {
  await window.close();
  await closeBrowser();
}
