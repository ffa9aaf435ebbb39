import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../extension/src/argumentsText.ts";

function parsed(text: string): unknown {
  const result = parse(text);
  assert.ok("arguments" in result, `${JSON.stringify(result)} in\n${text}`);
  return JSON.parse(JSON.stringify(result.arguments));
}

test("comments and trailing commas are allowed", () => {
  assert.deepEqual(parsed('// a\n{"a": 1, /* b */ "b": [1, 2,],\n}'), { a: 1, b: [1, 2] });
});

test("names that mean something to JavaScript are names", () => {
  assert.equal(JSON.stringify(parsed('{"__proto__":{"a":1},"toString":2}')), '{"__proto__":{"a":1},"toString":2}');
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
    ['{"a": 1 "b": 2}', /Comma expected/, 1, 9],
    ['{"a" 1}', /Colon expected/, 1, 6],
    ['{"a": }', /Value expected/, 1, 7],
    ['{"a": 1', /Close brace expected/, 1, 8],
    ['{"a": [1}', /Comma expected/, 1, 9],
    ['{"a": 1}}', /End of file expected/, 1, 9],
    ["{a: 1}", /Invalid symbol/, 1, 2],
    ['{"a": "x\n"}', /Unexpected end of string/, 1, 7],
    ['{"a": "\\q"}', /Invalid escape character/, 1, 7],
    ["{} /* x", /Unexpected end of comment/, 1, 4],
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
