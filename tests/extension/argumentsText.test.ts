import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, prefill } from "../../extension/src/argumentsText.ts";

const draft = (inputSchema: unknown, description?: unknown) => prefill({ name: "tool", description, inputSchema });

function parsed(text: string): unknown {
  const result = parse(text);
  assert.ok("arguments" in result, `${JSON.stringify(result)} in\n${text}`);
  return JSON.parse(JSON.stringify(result.arguments));
}

function uncommented(text: string): string {
  return text.replace(/^( +)\/\/ /gm, "$1");
}

const object = (properties: object, required = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
});

test("required arguments get the best value that the schema offers, else one of their type", () => {
  const schema = object({
    default: { type: "string", default: "d", examples: ["x"], enum: ["e"] },
    nothing: { type: "string", default: null },
    const: { const: 7 },
    example: { type: "string", examples: ["x", "y"], enum: ["e"] },
    choice: { enum: ["e", "f"] },
    string: { type: "string" },
    number: { type: "number" },
    atLeast: { type: "integer", minimum: 3 },
    boolean: { type: "boolean" },
    list: { type: "array", items: { type: "string" }, minItems: 2 },
    tuple: { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }], minItems: 2 },
    empty: { type: "array" },
    null: { type: "null" },
    nullable: { type: ["null", "string"] },
    optional: { anyOf: [{ type: "null" }, { type: "integer" }] },
    any: true,
    never: false,
    nested: object({ inner: { type: "string" }, left: { type: "string" } }, ["inner"]),
  });
  assert.deepEqual(parsed(draft({ ...schema, required: [...schema.required, "undeclared"] })), {
    default: "d",
    nothing: null,
    const: 7,
    example: "x",
    choice: "e",
    string: "",
    number: 0,
    atLeast: 3,
    boolean: false,
    list: ["", ""],
    tuple: ["", 0],
    empty: [],
    null: null,
    nullable: "",
    optional: 0,
    any: null,
    never: null,
    nested: { inner: "" },
    undeclared: null,
  });
});

test("a comment tells type, choices, constraints and description", () => {
  const text = draft(
    object({
      days: { type: "integer", minimum: 1, maximum: 14, description: "How\nmany" },
      unit: { enum: ["C", "F"] },
      tags: { type: "array", items: { type: "string" } },
      mood: { anyOf: [{ enum: ["good"] }, { type: "null" }] },
    }),
    "Weather.\nOf a city.",
  );
  assert.match(text, /^\/\/ Weather\.\n\/\/ Of a city\.$/m);
  assert.match(text, /"days": 1, \/\/ integer · minimum 1 · maximum 14 · How many$/m);
  assert.match(text, /"unit": "C", \/\/ "C" \| "F"$/m);
  assert.match(text, /"tags": \[\], \/\/ string\[\]$/m);
  assert.match(text, /"mood": "good", \/\/ "good" \| null$/m);
});

test("an optional argument is commented out, and valid once it is uncommented", () => {
  const place = object({ city: { type: "string" }, zip: { type: "string" } }, ["city"]);
  const text = draft(object({ a: { type: "string" }, b: { default: [1, { c: 2 }] }, place }, ["a"]), "x");
  assert.deepEqual(parsed(text), { a: "" });
  assert.deepEqual(parsed(uncommented(text)), { a: "", b: [1, { c: 2 }], place: { city: "" } });
  assert.deepEqual(parsed(uncommented(draft(object({ place })))), { place: { city: "", zip: "" } });
});

test("references are followed, also escaped ones and cyclic ones", () => {
  const $defs = { "a/b c~": { type: "integer" }, node: object({ next: { $ref: "#/definitions/node" } }) };
  const schema = object({ x: { $ref: "#/$defs/a~1b%20c~0" }, y: { $ref: "#/$defs/%" }, z: { $ref: "http://x/y" } });
  assert.deepEqual(parsed(draft({ ...schema, $defs })), { x: 0, y: null, z: null });
  assert.ok(draft({ $ref: "#/definitions/node", definitions: $defs }).includes('"next": {'));
  assert.deepEqual(parsed(draft({ $ref: "#" })), {});
  assert.deepEqual(parsed(draft({ allOf: [{ $ref: "#" }, object({ a: { $ref: "#/properties/a" } })] })), { a: null });
});

test("allOf is merged, also where both parts speak of the same property", () => {
  const schema = { allOf: [object({ a: { type: "string" } }), { properties: { a: { const: "A" } } }], required: ["b"] };
  assert.deepEqual(parsed(draft(schema)), { b: null, a: "A" });
});

for (const keyword of ["anyOf", "oneOf"]) {
  test(`${keyword} at the root fills in the first alternative and offers the others`, () => {
    const schema = {
      type: "object",
      [keyword]: [object({ a: { type: "string" } }), object({ b: { type: "integer" } })],
    };
    const text = draft(schema);
    assert.match(text, /alternatives/);
    assert.deepEqual(parsed(text), { a: "" });
    assert.deepEqual(parsed(uncommented(text)), { a: "", b: 0 });
  });
}

test("whatever comes instead of a schema, there is an object to edit", () => {
  for (const schema of [undefined, null, 5, "x", [], true, false, {}, { type: "string" }, { type: 7, properties: 3 }]) {
    assert.deepEqual(parsed(draft(schema)), {});
  }
  const wrong = { required: [1, "a"], properties: { a: 5, b: { enum: 3, items: 4, anyOf: "x", minItems: -1 } } };
  assert.deepEqual(parsed(uncommented(draft(wrong))), { a: null, b: [] });
  assert.match(draft(null), /inputSchema is missing/);
  assert.deepEqual(parsed(prefill({ name: 5 as unknown as string, title: {}, description: [] })), {});
});

test("names and comments can't break out of where they stand", () => {
  const evil = '"\n\r\u2028\u2029\u0085*/ // x';
  const text = draft(object({ [evil]: { type: evil, description: `d${evil}`, pattern: evil }, __proto__x: {} }), evil);
  assert.deepEqual(Object.keys(parsed(text) as object), [evil, "__proto__x"]);
  assert.doesNotMatch(text, /[\r\u2028\u2029\u0085]/);
  const proto = draft(JSON.parse('{"properties":{"__proto__":{"type":"string"}},"required":["__proto__","toString"]}'));
  assert.deepEqual(Object.keys(parsed(proto) as object), ["__proto__", "toString"]);
});

test("hostile schemas are drafted in bounded time and size", { timeout: 10_000 }, () => {
  let deep: unknown = { type: "string" };
  for (let i = 0; i < 1_000; i++) {
    deep = i % 2 ? { type: "array", minItems: 1, items: deep, allOf: [deep] } : object({ a: deep });
  }
  const names = Array.from({ length: 30 }, (_, i) => `p${i}`);
  const properties = Object.fromEntries(names.map((name) => [name, { $ref: "#" }]));
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`p${i}`, { default: "x".repeat(500) }]));
  const long = { description: "x".repeat(1_000_000), default: "y".repeat(1_000_000) };
  const again = Array.from({ length: 1_000 }, () => ({ $ref: "#" }));
  const schemas = [
    deep,
    object(properties),
    object(many),
    object({ long }),
    { allOf: again, anyOf: again, oneOf: again },
  ];
  for (const schema of schemas) {
    const text = draft(schema, "word ".repeat(100_000));
    parsed(text);
    assert.ok(text.length < 10_000_000, String(text.length));
  }
});

test("comments and trailing commas are allowed", () => {
  assert.deepEqual(parsed('// a\n{"a": 1, /* b */ "b": [1, 2,],\n}'), { a: 1, b: [1, 2] });
});

test("numbers are sent as they were written", () => {
  const text = '{"a":12345678901234567890,"b":1.0,"c":[-0,1e3],"d":0.1}';
  const result = parse(text);
  assert.equal(JSON.stringify("arguments" in result && result.arguments), text);
});

test("a mistake is told in words, with its line and column", () => {
  const cases: [text: string, error: RegExp, line: number, column: number][] = [
    ["", /JSON object/, 1, 1],
    ["// only a comment", /JSON object/, 1, 1],
    ["\n [1]", /JSON object/, 2, 2],
    ["null", /JSON object/, 1, 1],
    ['{\n "a": 1,\r\n  "a": 2}', /"a" is here twice/, 3, 3],
    ['{"a": {"b": 1, "b": 1}}', /"b" is here twice/, 1, 16],
    ['{"a": 1 "b": 2}', /comma/, 1, 9],
    ['{"a" 1}', /colon/, 1, 6],
    ['{"a": }', /value/, 1, 7],
    ['{"a": 1', /closing brace/, 1, 8],
    ['{"a": [1}', /comma|bracket/, 1, 9],
    ['{"a": 1}}', /nothing after/, 1, 9],
    ["{a: 1}", /double quotes/, 1, 2],
    ['{"a": "x\n"}', /not closed/, 1, 7],
    ['{"a": "\\q"}', /escape/, 1, 7],
    ["{} /* x", /comment/, 1, 4],
    ['{"a": 1e999}', /too large/, 1, 7],
    [`${"[".repeat(1_000_000)}`, /deep/, 1, 1],
    [`${'{"a":'.repeat(600)}1${"}".repeat(600)}`, /deep/, 1, 2506],
  ];
  for (const [text, error, line, column] of cases) {
    const result = parse(text);
    assert.ok("error" in result, text.slice(0, 80));
    assert.match(result.error, error);
    assert.deepEqual([result.line, result.column], [line, column], text.slice(0, 80));
  }
});
