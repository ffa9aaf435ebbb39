import { deepEqual, equal, ok } from "node:assert/strict";
import test from "node:test";
import { Recents, withFirst } from "../../extension/src/recents.ts";
import { looksLikeServer } from "../../extension/src/serverScript.ts";
import { tokenKey } from "../../extension/src/tokens.ts";

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

test("the last target comes first, and only once", async () => {
  const { recents } = storage();
  for (const text of ["a", "b", "a"]) {
    await recents.add(text, text, false);
  }
  deepEqual(recents.all, [{ text: "a" }, { text: "b" }]);
});

test("what is secret in a target is in the secret storage only", async () => {
  const { recents, state, secrets } = storage();
  await recents.add("TOKEN=tell-nobody npx server", "TOKEN=*** npx server", true);
  ok(!JSON.stringify([...state]).includes("tell-nobody"));
  equal(await recents.wholeOf(recents.all[0] ?? { text: "" }), "TOKEN=tell-nobody npx server");
  equal(secrets.size, 1);
});

test("two targets that differ in what is secret are two", async () => {
  const { recents } = storage();
  await recents.add("T=1secret x", "T=*** x", true);
  await recents.add("T=2secret x", "T=*** x", true);
  equal(recents.all.length, 2);
});

test("a target that is forgotten, or falls out of the list, leaves no secret behind", async () => {
  const { recents, secrets } = storage();
  await recents.add("T=secret x", "T=*** x", true);
  for (let number = 0; number < 10; number++) {
    await recents.add(`${number}`, `${number}`, false);
  }
  equal(secrets.size, 0);
  await recents.add("T=secret x", "T=*** x", true);
  await recents.remove(recents.all[0] ?? { text: "" });
  equal(secrets.size, 0);
  equal(recents.all.length, 9);
});

test("the list keeps ten", () => {
  const many = Array.from({ length: 10 }, (_, number) => ({ text: String(number) }));
  const [kept, dropped] = withFirst(many, { text: "new" });
  equal(kept.length, 10);
  deepEqual(dropped, [{ text: "9" }]);
});

test("a token belongs to the origin and path of an http server", () => {
  equal(tokenKey("HTTPS://user:pw@Example.com/mcp?key=secret"), "token:https://example.com/mcp");
  equal(tokenKey("npx -y server"), undefined);
  equal(tokenKey("ftp://example.com/"), undefined);
});

test("a script that uses an MCP library looks like a server", () => {
  ok(looksLikeServer("python", "#!/usr/bin/env python\nfrom fastmcp import FastMCP\n"));
  ok(looksLikeServer("python", "import mcp.server\n"));
  ok(looksLikeServer("typescript", 'import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";'));
  ok(looksLikeServer("javascript", "const { FastMCP } = require('fastmcp');"));
});

test("other files don't", () => {
  ok(!looksLikeServer("python", "import mcpx\n# from fastmcp import FastMCP\n"));
  ok(!looksLikeServer("markdown", "from fastmcp import FastMCP"));
  ok(!looksLikeServer("javascript", 'import x from "fastmcp-extra";'));
});
