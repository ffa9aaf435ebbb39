import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, verbatim } from "../../extension/src/json.ts";

test("numbers that JavaScript would alter are written as they came", () => {
  const numbers =
    "12345678901234567890,-12345678901234567890,1.0,1.50,-0,1e3,1E+2,0.12345678901234567,1234567890.12345678";
  for (const number of numbers.split(",")) {
    for (const text of [number, `[${number}]`, `{"a":${number}}`, `{"a":[0,${number}],"b":"x"}`]) {
      assert.equal(JSON.stringify(decode(text)), text);
    }
  }
  assert.equal(JSON.stringify(decode('{ "a" : 1.0\n, "b" : -0 }')), '{"a":1.0,"b":-0}');
});

test("all other values are those of JSON.parse, plain numbers among them", () => {
  const text = '{"id":7,"a":[0,-1,0.5,10,1000,9007199254740991,true,null,"1.0 1e3 -0"],"t":"2026-01-02T00:00:00.000Z"}';
  assert.deepEqual(decode(text), JSON.parse(text));
  assert.equal(decode("12"), 12);
  assert.equal(verbatim(5, "5"), 5);
  assert.throws(() => decode('{"a":1.0'), SyntaxError);
});

test("what is nested deeply is read all the same", () => {
  const text = `${"[".repeat(20_000)}1.0${"]".repeat(20_000)}`;
  assert.ok(Array.isArray(decode(text)));
});

test("10 MB that need no look are read about as fast as by JSON.parse", () => {
  const text = JSON.stringify({
    data: "QUJDREVGRw/+".repeat(800_000),
    numbers: Array.from({ length: 100_000 }, (_, i) => i),
  });
  const started = performance.now();
  decode(text);
  assert.ok(performance.now() - started < 1_000);
});
