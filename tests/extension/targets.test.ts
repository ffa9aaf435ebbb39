import { deepEqual, equal, ok } from "node:assert/strict";
import test from "node:test";
import { connect, reconnect } from "../../extension/src/connect.ts";
import type { Target } from "../../extension/src/protocol.ts";
import { Recents } from "../../extension/src/recents.ts";

/** VS Code's Memento and SecretStorage as two maps: the real ones exist only inside of VS Code. */
function storage() {
  const state = new Map<string, unknown>();
  const secrets = new Map<string, string>();
  const memento = {
    keys: () => [...state.keys()],
    get: (key: string, otherwise?: unknown) => state.get(key) ?? otherwise,
    update: async (key: string, value: unknown) => void state.set(key, JSON.parse(JSON.stringify(value))),
  };
  const secretStorage = {
    get: async (key: string) => secrets.get(key),
    store: async (key: string, value: string) => void secrets.set(key, value),
    delete: async (key: string) => void secrets.delete(key),
  };
  const recents = new Recents(memento as never, secretStorage as never);
  return { recents, state, secrets };
}

const SECRET: Target = { url: "TOKEN=tell-nobody npx server" };

test("the last target comes first, and only once", async () => {
  const { recents } = storage();
  for (const url of ["a", "b", "a"]) {
    await recents.add({ text: url });
  }
  deepEqual(recents.all, [{ text: "a" }, { text: "b" }]);
  deepEqual(await recents.wholeOf({ text: "a" }), { url: "a" });
});

test("an attempt that failed beside a standing connection comes second", async () => {
  const { recents } = storage();
  await recents.add({ text: "stands" });
  await recents.add({ text: "failed" }, undefined, 1);
  deepEqual(recents.all, [{ text: "stands" }, { text: "failed" }]);
});

test("what is secret in a target is in the secret storage only, under a key that tells nothing", async () => {
  const { recents, state, secrets } = storage();
  const target: Target = { url: "https://example.com/mcp", auth: { type: "bearer", token: "tell-nobody" } };
  await recents.add({ text: "https://example.com/mcp" }, target);
  await recents.add({ text: "TOKEN=*** npx server" }, SECRET);
  ok(!JSON.stringify([...state, ...secrets.keys()]).includes("tell-nobody"));
  const [second, first] = recents.all;
  deepEqual(await recents.wholeOf(first ?? { text: "" }), target);
  deepEqual(await recents.wholeOf(second ?? { text: "" }), SECRET);
  equal(secrets.size, 2);
});

test("a target that reads alike replaces the one before: a new token the old one", async () => {
  const { recents, secrets } = storage();
  await recents.add({ text: "u" }, { url: "u", auth: { token: "1" } });
  await recents.add({ text: "u" }, { url: "u", auth: { token: "2" } });
  equal(recents.all.length, 1);
  deepEqual([...secrets.values()], [JSON.stringify({ url: "u", auth: { token: "2" } })]);
  await recents.add({ text: "u" });
  equal(secrets.size, 0);
});

test("a configured server is stored as it is: typing its name would be another target", async () => {
  const { recents, secrets } = storage();
  const target: Target = { server: "notes", file: "file:///w/.mcp.json" };
  await recents.add({ text: "notes", target });
  deepEqual(await recents.wholeOf(recents.all[0] ?? { text: "" }), target);
  equal(secrets.size, 0);
});

test("a configured server that a key binding names, without its file or with, is taken again as it was named", async () => {
  for (const target of [{ server: "notes" }, { server: "notes", file: "/w/.mcp.json" }]) {
    const { recents } = storage();
    const requests: unknown[] = [];
    const request = async (...asked: unknown[]) => void requests.push(asked.slice(0, 2));
    const parts = { recents, sidecar: { start: async () => undefined, request } } as never;
    await connect(parts, target);
    await reconnect(parts);
    deepEqual(requests, [
      ["mcp/connect", target],
      ["mcp/connect", target],
    ]);
  }
});

test("a target whose secret is no longer stored is not taken for whole", async () => {
  const { recents, secrets } = storage();
  await recents.add({ text: "TOKEN=*** npx server" }, SECRET);
  secrets.clear();
  equal(await recents.wholeOf(recents.all[0] ?? { text: "" }), undefined);
});

test("a target that is forgotten, or falls out of the list, leaves no secret behind; the list keeps ten", async () => {
  const { recents, secrets } = storage();
  await recents.add({ text: "TOKEN=*** npx server" }, SECRET);
  for (let number = 0; number < 10; number++) {
    await recents.add({ text: `${number}` });
  }
  equal(secrets.size, 0);
  equal(recents.all.length, 10);
  await recents.add({ text: "TOKEN=*** npx server" }, SECRET);
  await recents.remove(recents.all[0] ?? { text: "" });
  equal(secrets.size, 0);
  equal(recents.all.length, 9);
});
