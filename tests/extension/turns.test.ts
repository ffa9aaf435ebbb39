import { deepEqual, rejects } from "node:assert/strict";
import test from "node:test";
import { Turns } from "../../extension/src/turns.ts";

test("the second waits for the first, also for one that fails", async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const first = turns.take(async () => {
    seen.push("first");
    await new Promise(setImmediate);
    seen.push("failed");
    throw new Error("failed");
  });
  const second = turns.take(async () => seen.push("second"));
  await rejects(first, /failed/);
  await second;
  deepEqual(seen, ["first", "failed", "second"]);
});
