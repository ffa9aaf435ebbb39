import { equal } from "node:assert/strict";
import test from "node:test";
import { ServerQuestions } from "../../extension/src/serverQuestions.ts";
import { Followed } from "./followed.ts";

test("it is the standing server that asks while another is tried, which asks only where none stands", () => {
  const followed = new Followed();
  const questions = new ServerQuestions(followed.sidecar);
  followed.push("connecting", "first.py", null, null);
  equal(questions.server, "first.py");
  followed.push("connected", "first.py", "First", "10:00");
  followed.push("connecting", "second.py", null, "10:00");
  equal(questions.server, "First");
  followed.push("connected", "second.py", "Second", "10:01");
  equal(questions.server, "Second");
  followed.push("connecting", "third.py", null, null);
  equal(questions.server, "third.py");
});
