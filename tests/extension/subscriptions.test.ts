import { deepEqual, equal } from "node:assert/strict";
import test from "node:test";
import { Subscriptions } from "../../extension/src/subscriptions.ts";
import { Followed } from "./followed.ts";

test("a subscription that the server does not take again after a reconnect is marked no longer", async () => {
  const followed = new Followed();
  const subscriptions = new Subscriptions(followed.sidecar);
  followed.push("connected", "server.py", "Server", "10:00");
  await Promise.all(["note:1", "note:2"].map((uri) => subscriptions.begin(uri)));
  followed.push("connected", "server.py", "Server", "10:01");
  let redrawn = 0;
  subscriptions.onDidChange(() => {
    redrawn += 1;
  });
  subscriptions.ended({ uri: "note:1" });
  deepEqual(
    ["note:1", "note:2"].map((uri) => subscriptions.describe(uri)),
    ["", "subscribed"],
  );
  equal(redrawn, 1);
});
