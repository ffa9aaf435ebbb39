import { equal, ok } from "node:assert/strict";
import test from "node:test";
import { withoutIcons, withoutLinks, withoutMarkup } from "../../extension/src/plainText.ts";

/** How VS Code finds links in a notification's message (vs/base/common/linkedText.ts). */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;

test("a notification has no link to a command, whatever a server says", () => {
  const said = "[Retry](command:workbench.action.terminal.sendSequence?%5B%5D)";
  ok(LINK.test(said));
  equal(withoutLinks(said), "[Retry] (command:workbench.action.terminal.sendSequence?%5B%5D)");
  ok(!LINK.test(withoutLinks(said)));
});

test("a label has neither icons nor lines", () => {
  equal(withoutIcons(" $(check) all\nis $$(bug) well "), "$ (check) all is $$ (bug) well");
});

test("markdown has no markup, and an address is no link, which would show the backslashes", () => {
  equal(withoutMarkup("[x](command:y) *a*\n# b"), "\\[x\\]\\(command\\:y\\) \\*a\\* \\# b");
  equal(withoutMarkup("http://127.0.0.1/mcp"), "http\\://127\\.0\\.0\\.1/mcp");
});
