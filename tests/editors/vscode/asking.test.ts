/** What a server asks the user, in the window where they answer. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import {
  connect,
  extensionTests,
  PYTHON,
  processesLike,
  SERVERS,
  sidecarOf,
  waitForHeadline,
} from "./extensionTest.ts";
import type { Workbench } from "./workbench.ts";

const CURIOUS = `${PYTHON} ${join(SERVERS, "curious.py")}`;

/** Connect, and call a tool without arguments. */
async function call(window: Workbench, tool: string): Promise<void> {
  await connect(window, CURIOUS);
  await window.runCommand("MCP Sidecar: Call Tool…");
  await window.quickInput.choose(tool);
  await window.editors.send(`Call ${tool}`);
}

function killCurious(window: Workbench): void {
  for (const pid of processesLike(window, /curious\.py/)) process.kill(pid, "SIGKILL");
}

function waitForField(window: Workbench, title: string) {
  return window.quickInput.waitFor((state) => state.title.includes(`curious asks: ${title}`), `the field ${title}`);
}

function answer(window: Workbench, tool: string, expected: RegExp): Promise<string> {
  return window.screen.until(
    `the answer ${expected}`,
    () => window.webviews.text(tool),
    (text) => expected.test(text),
  );
}

extensionTests(
  "what a server asks",
  {},
  {
    "a form is asked field by field, checked while typing, and sent whole": async (window) => {
      await call(window, "plan_trip");
      const first = await waitForField(window, "Email");
      match(first.title, /\(1\/6\)/);
      match(first.message, /Where to\? \[Click\] \(command:workbench\.action\.quit\) \$ \(flame\)/);
      await window.quickInput.type("nobody");
      await window.quickInput.waitFor(({ severity }) => severity === "error", "the complaint");
      await window.screenshot("asking/1 a field that is wrong");
      await window.quickInput.type("a@example.org");
      await window.quickInput.waitFor(({ severity }) => severity !== "error", "no complaint");
      await window.quickInput.accept();
      equal((await waitForField(window, "Days")).value, "7");
      await window.quickInput.accept();
      await waitForField(window, "With a guide");
      deepEqual(await window.quickInput.labels(), ["Yes", "No"]);
      await window.quickInput.choose("Yes");
      await waitForField(window, "Comfort");
      await window.screenshot("asking/2 a choice");
      await window.quickInput.choose("Grand");
      await waitForField(window, "Meals");
      await window.quickInput.choose("dinner");
      await window.screenshot("asking/3 several choices");
      await window.quickInput.accept();
      await waitForField(window, "Note");
      await window.quickInput.accept();
      const text = await answer(window, "plan_trip", /accept/);
      for (const part of [/a@example\.org/, /days\W+7\b/, /guide\W+true/, /comfort\W+g\b/, /meals\W+dinner/])
        match(text, part);
      ok(!/note/.test(text), "the optional field was left out");
      await window.screenshot("asking/4 the answer");
    },
    "Escape cancels, the button declines": async (window) => {
      await call(window, "plan_trip");
      await waitForField(window, "Email");
      await window.quickInput.cancel();
      await answer(window, "plan_trip", /cancel/);
      await window.editors.select("plan_trip.jsonc");
      await window.editors.send("Call plan_trip");
      await waitForField(window, "Email");
      await window.page.locator(".quick-input-widget").getByRole("button", { name: "Decline" }).click();
      await answer(window, "plan_trip", /decline/);
    },
    "a form without fields is accepted, declined or cancelled": async (window) => {
      await call(window, "confirm");
      const { message, detail, buttons } = await window.notifications.waitForDialog(/curious asks/);
      match(message + detail, /Really\?/);
      deepEqual([...buttons].sort(), ["Accept", "Cancel", "Decline"]);
      await window.notifications.clickDialog("Accept");
      await answer(window, "confirm", /accept/);
    },
    "a page is opened only when the user says so, and Decline and Escape are told apart": async (window) => {
      const title = /curious asks you to open a page of visit\.example/;
      await call(window, "visit_page");
      const { detail, buttons } = await window.notifications.waitForDialog(title);
      match(detail, /Please log in\. https:\/\/visit\.example\/login\?next=a%20b/);
      deepEqual([...buttons].sort(), ["Cancel", "Decline", "Open"]);
      await window.screenshot("asking/7 a page to visit");
      await window.notifications.clickDialog("Decline");
      await answer(window, "visit_page", /decline/);

      const askAgain = async () => {
        await window.editors.select("visit_page.jsonc");
        await window.editors.send("Call visit_page");
        await window.notifications.waitForDialog(title);
      };
      await askAgain();
      await window.page.keyboard.press("Escape");
      await answer(window, "visit_page", /cancel/);

      await askAgain();
      await window.page.context().route("https://visit.example/**", (route) => route.fulfill({ body: "welcome" }));
      const visit = window.page.context().waitForEvent("page");
      await window.notifications.clickDialog("Open");
      // VS Code's own question, about sites that the user does not trust yet.
      await window.notifications.waitForDialog(/external website/);
      await window.notifications.clickDialog("Open");
      const visited = await visit;
      await visited.waitForURL("https://visit.example/login?next=a%20b");
      await visited.close();
      await answer(window, "visit_page", /accept/);
    },
    "a dialog can't be closed when its question is withdrawn, and says so when it is answered": async (window) => {
      await call(window, "visit_page");
      await window.notifications.waitForDialog(/curious asks/);
      killCurious(window);
      await waitForHeadline(window, /^No connection to curious$/);
      await window.notifications.clickDialog("Open");
      await window.notifications.waitFor(/The question of curious was withdrawn; the answer does nothing any more/);
      await window.screenshot("asking/8 withdrawn");
    },
    "a question of a sidecar that ends is withdrawn": async (window) => {
      await call(window, "plan_trip");
      await waitForField(window, "Email");
      process.kill(sidecarOf(window), "SIGKILL");
      await window.quickInput.waitUntilClosed();
      await window.notifications.click("Restart Sidecar", /ended by itself/);
      await waitForHeadline(window, /^Disconnected$/);
    },
    "where there is no model, nothing is sampled and no prompt runs": async (window) => {
      await call(window, "ask_model");
      await answer(window, "ask_model", /no language model/i);
      deepEqual(await window.palette.offers("MCP Sidecar: Run Prompt…"), []);
    },
    "a question whose connection ends is withdrawn": async (window) => {
      await call(window, "plan_trip");
      await waitForField(window, "Email");
      killCurious(window);
      await window.quickInput.waitUntilClosed();
      await window.notifications.waitFor(/The question of curious was withdrawn/);
      await waitForHeadline(window, /^No connection to curious$/);
    },
  },
);

// A provider of models that is registered by VS Code's own API, since code-server has none.
const PARROT = { fixtures: [join(import.meta.dirname, "parrot")], settings: { "chat.disableAIFeatures": false } };

extensionTests("what a server asks of a model", PARROT, {
  "the model is asked only once the user allowed it, and answers": async (window) => {
    await call(window, "ask_model");
    const { message, detail, buttons } = await window.notifications.waitForDialog(/curious wants to use/);
    match(message, /Parrot One/);
    for (const part of [/Messages: 1\. At most 10 tokens/, /Be brief\./, /Say hello\./]) match(detail, part);
    deepEqual([...buttons].sort(), ["Allow Once", "Deny", "Show Request"]);
    await window.screenshot("asking/5 consent to use a model");
    await window.notifications.clickDialog("Allow Once");
    await answer(window, "ask_model", /parrot: Be brief\. \/ Say hello\. \(10\)/);
  },
  "the request is read before it is allowed": async (window) => {
    await call(window, "ask_model");
    await window.notifications.waitForDialog(/curious wants to use/);
    await window.notifications.clickDialog("Show Request");
    await window.editors.waitForTab(/^Sampling Request\.json$/);
    await window.editors.waitForText(/"systemPrompt": "Be brief\."/);
    const { buttons } = await window.notifications.waitFor(/curious wants to use/);
    deepEqual(buttons, ["Allow Once", "Deny"]);
    await window.screenshot("asking/5b the whole request");
    await window.notifications.click("Allow Once");
    await answer(window, "ask_model", /parrot: Be brief\./);
  },
  "a model uses a tool of the server, each time with consent": async (window) => {
    await call(window, "ask_model_with_tool");
    const { detail } = await window.notifications.waitForDialog(/curious wants to use/);
    match(detail, /It may use tools of the server: clock/);
    await window.screenshot("asking/5c consent to tools");
    await window.notifications.clickDialog("Allow Once");
    const again = await window.notifications.waitForDialog(/curious wants to use/);
    match(again.detail, /Messages: 3\..*Last message: Noon/);
    await window.notifications.clickDialog("Allow Once");
    // The mode is LanguageModelChatToolMode.Required.
    await answer(
      window,
      "ask_model_with_tool",
      /endTurn.*parrot: What is the time\? \/ clock! \/ Noon, asked with .*mode.*2/,
    );
  },
  "Escape refuses, as Deny does": async (window) => {
    await call(window, "ask_model");
    await window.notifications.waitForDialog(/curious wants to use/);
    await window.page.keyboard.press("Escape");
    await answer(window, "ask_model", /rejected/);
  },
  "what the user denies is told as refused": async (window) => {
    await call(window, "ask_model");
    await window.notifications.waitForDialog(/curious wants to use/);
    await window.notifications.clickDialog("Deny");
    await answer(window, "ask_model", /rejected/);
  },
  "a prompt runs: its arguments are asked, and the answer is a document": async (window) => {
    await connect(window, CURIOUS);
    await window.runCommand("MCP Sidecar: Run Prompt…");
    await window.quickInput.choose("greet");
    await window.quickInput.waitFor(({ title }) => title.includes("name (1/2)"), "the first argument");
    await window.quickInput.type("Ada");
    await window.quickInput.accept();
    await window.quickInput.waitFor(({ title }) => title.includes("manner (2/2)"), "the second argument");
    await window.quickInput.accept();
    await window.editors.waitForTab(/^greet\.md$/);
    await window.editors.waitForText(/parrot: Greet Ada kindly\./);
    await window.screenshot("asking/6 the answer to a prompt");
  },
});
