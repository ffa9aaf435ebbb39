import { deepEqual, equal, throws } from "node:assert/strict";
import test from "node:test";
import { messagesOf, preferred, textIn, Unsendable } from "../../extension/src/modelMessages.ts";

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

test("the first hint that names a model wins, else the first model is taken", () => {
  const models = ["gpt-x", "claude-y"].map((id) => ({ id, family: id, name: id.toUpperCase() }));
  equal(preferred(models, { hints: [{ name: "gemini" }, { name: "Claude" }, { name: "gpt" }] })?.id, "claude-y");
  equal(preferred(models, { hints: [{ name: "" }, {}] })?.id, "gpt-x");
  equal(preferred(models, undefined)?.id, "gpt-x");
  equal(preferred([], undefined), undefined);
});

test("only the texts of a message are read to the user", () => {
  equal(textIn([{ type: "text", text: "a" }, { type: "image" }, { type: "text", text: "b" }]), "a\nb");
  equal(textIn(undefined), "");
});
