import { deepEqual, equal } from "node:assert/strict";
import test from "node:test";
import { CancellationTokenSource, type InputBoxOptions, window } from "vscode";
import type { InputQuestion } from "../../extension/src/protocol.ts";
import { choose, enter } from "../../extension/src/question.ts";

const QUESTION: InputQuestion = {
  ...{ id: "token", type: "promptString", description: "", password: false, server: "it", file: "file:///mcp.json" },
  default: "from the file",
};

test("a default is what a box begins with, but never a password box, in which nobody would see it", async () => {
  const begun: (string | undefined)[] = [];
  window.showInputBox = async (options?: InputBoxOptions) => {
    begun.push(options?.value);
    return "typed";
  };
  const { token } = new CancellationTokenSource();
  deepEqual(await enter(QUESTION, token), { value: "typed" });
  deepEqual(await enter({ ...QUESTION, password: true }, token), { value: "typed" });
  deepEqual(begun, ["from the file", ""]);
});

test("who allows what nobody waits for any more is told", async () => {
  let press: (button: unknown) => void = () => undefined;
  const pressed = new Promise((resolve) => {
    press = resolve;
  });
  const told: string[] = [];
  Object.assign(window, {
    showWarningMessage: () => pressed,
    showInformationMessage: (message: string) => told.push(message),
  });
  const source = new CancellationTokenSource();
  const allow = { title: "Allow" };
  const answer = choose({ type: 2, message: "Run it?", actions: [allow] }, source.token);
  source.cancel();
  equal(await answer, null);
  deepEqual(told, []);
  press(allow);
  await pressed;
  deepEqual(told, ["The question of MCP Sidecar was withdrawn; the answer does nothing any more."]);
});
