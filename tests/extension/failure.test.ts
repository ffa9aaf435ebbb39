import { equal, match } from "node:assert/strict";
import test from "node:test";
import { failureOf, Unavailable } from "../../extension/src/failure.ts";

test("an error of the sidecar is its message and what to do", () => {
  const data = { kind: "timeout", suggestion: "Raise the timeout.", details: {} };
  const failure = failureOf({ code: -32803, message: "No answer.", data });
  equal(failure?.message, "No answer. Raise the timeout.");
  equal(failure?.kind, "timeout");
});

test("a cancellation is no failure", () => {
  equal(failureOf({ code: -32800, message: "cancelled" }), undefined);
});

test("what the user was told already is no failure", () => {
  equal(failureOf(new Unavailable("no sidecar")), undefined);
  equal(failureOf({ code: -32097, message: "Pending response rejected since connection got disposed" }), undefined);
});

test("no message is empty", () => {
  match(failureOf(new Error(""))?.message ?? "", /\w/);
  equal(failureOf(new Error("boom"))?.message, "boom.");
});
