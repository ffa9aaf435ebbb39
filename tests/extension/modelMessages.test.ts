import { deepEqual, equal, throws } from "node:assert/strict";
import test from "node:test";
import { LanguageModelTextPart, LanguageModelToolCallPart } from "vscode";
import { answerOf, messagesOf, preferred, toolOptions, Unsendable } from "../../extension/src/modelMessages.ts";

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test("messages keep their roles, and the system prompt comes first", () => {
  const messages = [
    { role: "user", content: { type: "text", text: "one" } },
    { role: "assistant", content: [{ type: "text", text: "two" }] },
  ];
  deepEqual(plain(messagesOf(messages, "be brief")), [
    { role: "user", content: "be brief" },
    { role: "user", content: [{ value: "one" }] },
    { role: "assistant", content: [{ value: "two" }] },
  ]);
});

test("images and embedded texts are sent, audio is refused", () => {
  const image = { type: "image", data: "aGk=", mimeType: "image/png" };
  const [sent] = messagesOf([{ role: "user", content: image }]) as unknown as [{ content: [{ data: Uint8Array }] }];
  equal(Buffer.from(sent.content[0].data).toString(), "hi");
  const embedded = { type: "resource", resource: { uri: "a:b", text: "inside" } };
  deepEqual(plain(messagesOf([{ role: "user", content: embedded }])), [
    { role: "user", content: [{ value: "inside" }] },
  ]);
  throws(() => messagesOf([{ role: "user", content: { type: "audio", data: "", mimeType: "audio/wav" } }]), Unsendable);
});

test("the uses of tools and their results are sent", () => {
  const use = { type: "tool_use", id: "1", name: "clock", input: { zone: "UTC" } };
  const result = { type: "tool_result", toolUseId: "1", content: [{ type: "text", text: "noon" }] };
  deepEqual(
    plain(
      messagesOf([
        { role: "assistant", content: [use] },
        { role: "user", content: result },
      ]),
    ),
    [
      { role: "assistant", content: [{ callId: "1", name: "clock", input: { zone: "UTC" } }] },
      { role: "user", content: [{ callId: "1", content: [{ value: "noon" }] }] },
    ],
  );
});

test("tools are offered as the server chooses", () => {
  const tools = [{ name: "clock", inputSchema: { type: "object" }, title: "Clock" }];
  const offered = [{ name: "clock", description: "", inputSchema: { type: "object" } }];
  deepEqual(plain(toolOptions({ tools })), { tools: offered, toolMode: 1 });
  deepEqual(plain(toolOptions({ tools, toolChoice: { mode: "required" } })), { tools: offered, toolMode: 2 });
  deepEqual(toolOptions({ tools, toolChoice: { mode: "none" } }), {});
  deepEqual(toolOptions({}), {});
});

test("an answer is text, or says which tools are used", () => {
  const [one, two] = ["It ", "is"].map((value) => new LanguageModelTextPart(value));
  const use = new LanguageModelToolCallPart("1", "clock", {});
  const used = { type: "tool_use", id: "1", name: "clock", input: {} };
  deepEqual(answerOf([one, two]), { content: { type: "text", text: "It is" }, stopReason: "endTurn" });
  deepEqual(answerOf([use]), { content: [used], stopReason: "toolUse" });
  deepEqual(answerOf([one, { foreign: true }, use]), {
    content: [{ type: "text", text: "It " }, used],
    stopReason: "toolUse",
  });
});

test("the first hint that names a model wins, else the first model is taken", () => {
  const models = ["gpt-x", "claude-y"].map((id) => ({ id, family: id, name: id.toUpperCase() }));
  equal(preferred(models, { hints: [{ name: "gemini" }, { name: "Claude" }, { name: "gpt" }] })?.id, "claude-y");
  equal(preferred(models, { hints: [{ name: "" }, {}] })?.id, "gpt-x");
  equal(preferred(models, undefined)?.id, "gpt-x");
  equal(preferred([], undefined), undefined);
});
