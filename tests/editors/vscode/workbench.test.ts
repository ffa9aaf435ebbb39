/** The harness itself: what the tests of the extension rely on, in a window without the extension. */

import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { windowTest } from "./windowTest.ts";

windowTest("a window opens on its folder and takes commands", { files: { "hello.txt": "hello\n" } }, async (window) => {
  deepEqual(await window.palette.offers("View: Toggle Terminal"), ["View: Toggle Terminal"]);
  deepEqual(await window.palette.offers("No Such Command"), []);
  await rejects(window.runCommand("No Such Command"), /does not offer "No Such Command"/);
  equal(await window.quickInput.state(), undefined);

  await window.editors.open(`${window.folder}/hello.txt`);
  equal(await window.editors.text(), "hello\n");
  const lines = Array.from({ length: 300 }, (_, index) => `\t"line ${index}": [{`).join("\n");
  await window.editors.replaceText(lines);
  equal(await window.editors.text(), lines);
  deepEqual(await window.editors.tabs(), [{ title: "hello.txt", active: true, dirty: true, group: 0 }]);
  equal(await window.banner(), "");
  await window.screenshot("harness/window");
});

windowTest("an untrusted folder is in restricted mode", { trust: false, theme: "light" }, async (window) => {
  await window.screen.until(
    "the banner of restricted mode",
    () => window.banner(),
    (text) => text.includes("Restricted Mode"),
  );
  ok((await window.status.all()).includes("Restricted Mode"));
  await window.screenshot("harness/restricted");
});

const DATA = { files: { "data.json": "{}\n" } };

windowTest("closing windows ends their extension hosts, closing VS Code everything", DATA, async (window) => {
  const second = await window.openWindow(window.profile.directory);
  equal(window.server.extensionHosts().length, 2);
  // A window says good-bye to an extension host that it has talked to: one that was asked for an extension.
  await second.editors.open(`${window.folder}/data.json`);
  const log = globSync(`${window.profile.logs}/*/exthost2/remoteexthost.log`);
  await second.screen.until(
    "the second extension host asked for an extension",
    async () => log.map((path) => readFileSync(path, "utf8")).join(),
    (text) => text.includes("onLanguage:json"),
  );
  await second.closeWindow();
  await window.closeWindow();
  deepEqual(await window.server.whenExtensionHostsGone(), []);
  notEqual(window.processes().length, 0);
  deepEqual(await window.close(), []);
  deepEqual(window.processes(), []);
});
