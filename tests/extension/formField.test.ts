import { deepEqual, equal, throws } from "node:assert/strict";
import test from "node:test";
import {
  type FormField,
  fieldsOf,
  problemOf,
  problemOfCount,
  Unaskable,
  valueFor,
} from "../../extension/src/formField.ts";
import type { Raw } from "../../extension/src/protocol.ts";

function field(schema: Raw, required = true): FormField {
  const [only] = fieldsOf({ type: "object", properties: { x: schema }, required: required ? ["x"] : [] });
  if (!only) throw new Error("no field");
  return only;
}

function refuses(schema: Raw, ...texts: string[]): void {
  for (const text of texts)
    equal(typeof problemOf(field(schema), text), "string", `${JSON.stringify(schema)}: ${text}`);
}

function takes(schema: Raw, ...texts: string[]): void {
  for (const text of texts) equal(problemOf(field(schema), text), undefined, `${JSON.stringify(schema)}: ${text}`);
}

test("fields keep the server's order, and have its titles or their names", () => {
  const properties = { b: { type: "string", title: "Bee", description: "buzzes" }, a: { type: "boolean" } };
  const fields = fieldsOf({ properties, required: ["b"] });
  deepEqual(
    fields.map(({ name, title, description, required, kind }) => [name, title, description, required, kind]),
    [
      ["b", "Bee", "buzzes", true, "string"],
      ["a", "a", "", false, "choice"],
    ],
  );
});

test("each way to offer choices is understood", () => {
  const plain = [
    { title: "r", value: "r" },
    { title: "g", value: "g" },
  ];
  const titled = [
    { title: "Red", value: "r" },
    { title: "Green", value: "g" },
  ];
  const constants = [
    { const: "r", title: "Red" },
    { const: "g", title: "Green" },
  ];
  deepEqual(field({ type: "string", enum: ["r", "g"] }).choices, plain);
  deepEqual(field({ type: "string", enum: ["r", "g"], enumNames: ["Red", "Green"] }).choices, titled);
  deepEqual(field({ type: "string", oneOf: constants }).choices, titled);
  deepEqual(field({ type: "array", items: { type: "string", enum: ["r", "g"] } }).choices, plain);
  deepEqual(field({ type: "array", items: { anyOf: constants } }).choices, titled);
  deepEqual(
    field({ type: "boolean" }).choices.map(({ value }) => value),
    [true, false],
  );
});

test("a form with a field that MCP does not have can't be asked", () => {
  const odd = [
    { type: "object" },
    {},
    null,
    { type: "array", items: { type: "string" } },
    { type: "string", enum: [1] },
  ];
  for (const schema of odd) throws(() => field(schema as Raw), Unaskable, JSON.stringify(schema));
});

test("texts are held against length, pattern and format", () => {
  takes({ type: "string", minLength: 2, maxLength: 3 }, "ab", "abc", "😀😀");
  refuses({ type: "string", minLength: 2, maxLength: 3 }, "a", "abcd", "😀");
  takes({ type: "string", pattern: "^a\\d$" }, "a1");
  refuses({ type: "string", pattern: "^a\\d$" }, "a", "b1");
  takes({ type: "string", format: "email" }, "a@b.org");
  refuses({ type: "string", format: "email" }, "a", "@b", "a b@c");
  takes({ type: "string", format: "uri" }, "https://a.org/x", "urn:isbn:1");
  refuses({ type: "string", format: "uri" }, "a", "//a.org");
  takes({ type: "string", format: "date" }, "2028-02-29");
  refuses({ type: "string", format: "date" }, "2026-02-29", "2026-13-01", "28.7.2026");
  takes({ type: "string", format: "date-time" }, "2026-07-28T12:00:00Z", "2026-07-28t12:00:00.5+02:00");
  refuses({ type: "string", format: "date-time" }, "2026-07-28", "2026-07-28T12:00:00", "2026-02-30T12:00:00Z");
});

test("a pattern that never ends, or is none, stops nobody", () => {
  takes({ type: "string", pattern: "^(a+)+$" }, `${"a".repeat(40)}b`);
  takes({ type: "string", pattern: "(" }, "a");
});

test("numbers are held against their limits", () => {
  takes({ type: "number", minimum: -1, maximum: 2 }, "-1", "2", "0.5", ".5", "1e0");
  refuses({ type: "number", minimum: -1, maximum: 2 }, "-1.1", "3", "one", "0x1", "1e999", "Infinity");
  takes({ type: "integer" }, "7", "-7", "7.0");
  refuses({ type: "integer" }, "7.5", "9007199254740993");
  equal(valueFor(field({ type: "integer" }), "7"), 7);
});

test("only what is required must be answered", () => {
  refuses({ type: "string" }, "");
  equal(problemOf(field({ type: "string", minLength: 3 }, false), ""), undefined);
  equal(valueFor(field({ type: "string" }, false), ""), undefined);
});

test("the number of choices is bounded", () => {
  const some = field({ type: "array", minItems: 1, maxItems: 2, items: { enum: ["a", "b", "c"] } });
  deepEqual(
    [0, 1, 2, 3].map((count) => problemOfCount(some, count) === undefined),
    [false, true, true, false],
  );
});
