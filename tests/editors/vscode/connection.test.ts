/// <reference lib="dom" />
/** The connection in the status bar: from Connect… to its loss, and back. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import {
  connect,
  enterTarget,
  extensionTest,
  extensionTests,
  freePort,
  PYTHON,
  processesLike,
  SERVERS,
  serve,
  serveNotes,
  serverGone,
  sidecarOf,
  waitForHeadline,
} from "./extensionTest.ts";
import { kill } from "./processes.ts";
import type { Workbench } from "./workbench.ts";

extensionTests(
  "connecting",
  {},
  {
    "recent targets come first, without what is secret in them": async (window) => {
      const secret = "tell-nobody-4711";
      await connect(window, `NOTES_TOKEN=${secret} ${PYTHON} notes_server.py`);
      await window.runCommand("MCP Sidecar: Disconnect");
      await waitForHeadline(window, /^Disconnected$/);
      await window.runCommand("MCP Sidecar: Connect…");
      const [first] = await window.quickInput.labels();
      match(first ?? "", /^NOTES_TOKEN=\*\*\* /);
      await window.screenshot("connect/recent target");
      await window.quickInput.choose(first ?? "");
      // With its secret, which the mask is not: it starts.
      await waitForHeadline(window, /^Connected to notes$/);
      await window.runCommand("MCP Sidecar: Show Status");
      await window.editors.waitForText(/"state": "connected"/);
      for (const text of [
        await window.editors.text(),
        await window.output.text("MCP Sidecar"),
        await window.output.text("MCP Server"),
      ]) {
        ok(!text.includes(secret));
      }
      const stored = await storedState(window);
      match(stored, /NOTES_TOKEN=\*\*\*/);
      ok(!stored.includes(secret));
    },
    "the file in the editor is offered when it is a server": async (window) => {
      await window.editors.open(join(window.folder, "notes_server.py"));
      const language = () => window.status.all();
      await window.screen.until("its language", language, (items) => items.includes("Python"));
      await window.runCommand("MCP Sidecar: Connect…");
      // The recent targets are there at once, what the sidecar offers comes before them.
      const { items } = await window.quickInput.waitFor(({ items }) => items[0]?.separator !== "recent");
      deepEqual([items[0]?.label, items[0]?.separator], ["notes_server.py", "the file you are editing"]);
      await window.screenshot("connect/the file you are editing");
      await window.quickInput.choose("notes_server.py");
      await waitForHeadline(window, /^Connected to notes$/);
    },
    "a wrong command and a wrong URL are explained, with the next step": async (window) => {
      await enterTarget(window, "npx-that-is-not-there server");
      const refused = await window.notifications.waitFor(/npx-that-is-not-there/);
      equal(refused.severity, "error");
      deepEqual(refused.buttons, ["Change…", "Show Server Output"]);
      await window.screenshot("connect/a wrong command");
      await window.notifications.click("Change…");
      equal((await window.quickInput.waitFor()).value, "npx-that-is-not-there server");
      await window.quickInput.cancel();
      await window.notifications.dismiss();

      await enterTarget(window, "http://127.0.0.1:9/mcp");
      const unreachable = await window.notifications.waitFor(/^(?!Connecting).*127\.0\.0\.1:9/);
      deepEqual(unreachable.buttons, ["Retry", "Show Server Output"]);
      equal((await waitForHeadline(window, /^No connection/)).background, "error");
      await window.screenshot("connect/a wrong URL");
    },
    "a mistyped target leaves the good connection alone": async (window) => {
      await connect(window);
      await enterTarget(window, "http://127.0.0.1:9/mcp");
      await window.notifications.waitFor(/^(?!Connecting).*127\.0\.0\.1:9/);
      await waitForHeadline(window, /^Connected to notes$/);
    },
    "a connect that hangs can be cancelled": async (window) => {
      await enterTarget(window, `${PYTHON} ${join(SERVERS, "nasty_stdio.py")} hangs`);
      const { message } = await window.notifications.waitFor(/Connecting to /);
      match(message, /nasty_stdio\.py/);
      await window.screenshot("connect/slow, with Cancel");
      await window.notifications.click("Cancel");
      await waitForHeadline(window, /^(Disconnected|No connection.*)$/);
      await serverGone(window);
    },
    "what the server writes is in an output channel of its own": async (window) => {
      await enterTarget(window, `${PYTHON} ${join(SERVERS, "nasty_stdio.py")} exits`);
      await window.notifications.click("Show Server Output", /exit/);
      await window.output.waitFor("MCP Server", / stderr: .+/);
      await window.screenshot("output/server");
    },
    "an HTTP server that goes away is looked for, and found again": async (window) => {
      const port = await freePort();
      let server = await serveNotes(window, port);
      await connect(window, `http://127.0.0.1:${port}/mcp`);
      server.kill("SIGKILL");
      equal((await waitForHeadline(window, /^Lost notes, looking for it again$/)).background, "warning");
      await window.screenshot("connection/an HTTP server is lost");
      server = await serveNotes(window, port);
      await waitForHeadline(window, /^Connected to notes$/, 30_000);
      server.kill();
      await once(server, "exit");
    },
    "the sidecar is killed: the status says so, Restart and the last target are a click away": async (window) => {
      await connect(window);
      kill(sidecarOf(window), "SIGKILL");
      const crashed = await waitForHeadline(window, /^The sidecar crashed$/);
      equal(crashed.background, "error");
      const { buttons } = await window.notifications.waitFor(/ended by itself \(SIGKILL\)/);
      deepEqual(buttons, ["Restart Sidecar", "Show Log", "Open Settings"]);
      await window.screenshot("sidecar/crashed");
      await window.notifications.click("Restart Sidecar");
      await waitForHeadline(window, /^Disconnected$/);
      await window.screenshot("sidecar/restarted");
      await window.runCommand("MCP Sidecar: Reconnect");
      await waitForHeadline(window, /^Connected to notes$/);

      kill(sidecarOf(window), "SIGKILL");
      await waitForHeadline(window, /^The sidecar crashed$/);
      await window.runCommand("MCP Sidecar: Reconnect");
      await waitForHeadline(window, /^Connected to notes$/);
    },
    "Restart Sidecar starts a new one": async (window) => {
      await connect(window);
      const before = sidecarOf(window);
      await window.runCommand("MCP Sidecar: Restart Sidecar");
      await waitForHeadline(window, /^Disconnected$/);
      ok(sidecarOf(window) !== before);
      await serverGone(window);
    },
    "a reload of the window leaves one sidecar and no server": async (window) => {
      await connect(window);
      await window.reload();
      await waitForHeadline(window, /^Disconnected$/);
      await window.screen.until(
        "one sidecar",
        async () => processesLike(window, /-m mcp_sidecar/).length,
        (count) => count === 1,
      );
      await serverGone(window);
      await window.runCommand("MCP Sidecar: Reconnect");
      await waitForHeadline(window, /^Connected to notes$/);
    },
    "a token is asked for, kept, said to be refused, and told nobody": async (window) => {
      const port = await freePort();
      const server = await serve(window, join(SERVERS, "token_http.py"), String(port));
      const enterToken = async (token: string) => {
        await window.notifications.click("Enter Token…");
        await window.quickInput.waitFor(({ title }) => /Bearer token/.test(title));
        await window.quickInput.type(token);
        await window.quickInput.accept();
      };
      await enterTarget(window, `http://127.0.0.1:${port}/mcp`);
      await enterToken("wrong-token-4711");
      await window.notifications.waitFor(/The server refused the token/);
      await window.screenshot("connect/a token is refused");
      await enterToken("open-sesame");
      await waitForHeadline(window, /^Connected to guarded$/);
      await window.runCommand("MCP Sidecar: Restart Sidecar");
      await waitForHeadline(window, /^Disconnected$/);
      await window.runCommand("MCP Sidecar: Reconnect");
      await waitForHeadline(window, /^Connected to guarded$/);
      await window.runCommand("MCP Sidecar: Show Status");
      const seen = [await window.editors.waitForText(/"connected"/), await window.status.tooltip()];
      for (const channel of ["MCP Sidecar", "MCP Server"]) seen.push(await window.output.text(channel));
      ok(!/open-sesame|wrong-token/.test(seen.join()), "a token is to be seen");
      server.kill();
      await once(server, "exit");
    },
  },
);

extensionTest("a sidecar that hangs does not outlive the window", {}, async (window) => {
  await connect(window);
  kill(sidecarOf(window), "SIGSTOP");
  // That nothing is left is asserted at the end of every test.
});

extensionTest("the extension host dies: nothing is left running", {}, async (window) => {
  await connect(window);
  const [server] = processesLike(window, /notes_server\.py/);
  const sidecar = sidecarOf(window);
  window.killExtensionHost();
  const alive = () => window.processes().filter(({ pid }) => pid === sidecar || pid === server);
  await window.screen.until(
    "the end of sidecar and server",
    async () => alive(),
    (left) => left.length === 0,
  );
  // VS Code starts it anew, and with it the sidecar.
  await waitForHeadline(window, /^Disconnected$/);
});

extensionTest(
  "the trace of the traffic with the server has an output channel of its own",
  { settings: { "mcpSidecar.trace": "verbose" } },
  async (window) => {
    await connect(window);
    await window.output.waitFor("MCP Trace", /"method": ?"(initialize|server\/discover)"/);
    await window.screenshot("output/trace");
    // The language client takes any change of a setting for a reason to set the trace, to the level of its log.
    await window.changeSettings({ "window.title": "another title" }, (limitMs) =>
      window.screen.until(
        "the new setting",
        () => window.page.title(),
        (title) => title === "another title",
        limitMs,
      ),
    );
    const before = (await window.output.text("MCP Trace")).length;
    await window.runCommand("MCP Sidecar: Reconnect");
    await window.output.waitFor("MCP Trace", (text) => /"(initialize|server\/discover)"/.test(text.slice(before)));
  },
);

/** All that VS Code keeps in the browser's databases: in a browser the state of extensions is there. */
function storedState(window: Workbench): Promise<string> {
  return window.page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const all: unknown[] = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name ?? ""));
      for (const store of database.objectStoreNames) {
        all.push(await done(database.transaction(store).objectStore(store).getAll()));
      }
      database.close();
    }
    return JSON.stringify(all);
  });
}
