import { deepEqual, equal } from "node:assert/strict";
import test from "node:test";
import { itemsOf, itemView, tooltipOf } from "../../extension/src/serverItems.ts";

test("whatever a server sends for a list, only what has an id is shown", () => {
  const tools = [{ name: "a" }, null, 7, "x", {}, { name: 3 }, { name: "" }];
  deepEqual(
    itemsOf("tool", { tools }).map(({ id }) => id),
    ["a", ""],
  );
  for (const wrong of [undefined, null, {}, "tools", 5]) deepEqual(itemsOf("tool", { tools: wrong }), []);
});

test("a tool has its name and description, and its title where that says more", () => {
  const raw = { name: "add_note", title: "Add Note", description: "Write\na note down." };
  const [item] = itemsOf("tool", { tools: [raw] });
  deepEqual(item && itemView(item), {
    label: "add_note",
    description: "Write a note down.",
    detail: "Write a note down.",
  });
  const titled = { kind: "tool" as const, id: "x1", raw: { title: "Adder" } };
  equal(itemView(titled).description, "Adder");
});

test("a resource has its name, URI and type", () => {
  const raw = { uri: "file:///a", name: "a", mimeType: "text/plain" };
  deepEqual(itemView({ kind: "resource", id: raw.uri, raw }), {
    label: "a",
    description: "file:///a · text/plain",
    detail: "",
  });
  equal(itemView({ kind: "resource", id: "file:///b", raw: {} }).label, "file:///b");
});

test("nothing that a server says is an icon or has lines, and nothing of it is long", () => {
  const raw = { name: "$(bug)\nx", description: `$(check) ${"y".repeat(100_000)}` };
  const view = itemView({ kind: "prompt", id: raw.name, raw });
  equal(view.label, "$ (bug) x");
  equal(view.description.startsWith("$ (check) y"), true);
  equal(view.description.length < 3000, true);
  equal(tooltipOf({ kind: "prompt", id: raw.name, raw }).length, 2000);
});
