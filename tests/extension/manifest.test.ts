import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { type Action, actionsIn } from "../../extension/src/actions.ts";
import type { StateName } from "../../extension/src/sidecar.ts";

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

const manifest = JSON.parse(read("package.json"));
const words: Record<string, string> = JSON.parse(read("package.nls.json"));
const commands: Action[] = manifest.contributes.commands;

function offered(state: StateName, hasTarget = true): string[] {
  return actionsIn(commands, state, hasTarget).map(({ command }) => command.replace("mcpSidecar.", ""));
}

const CONNECT = "connect";
const REST = ["showServerOutput", "showStatus", "showLog"];
const ALWAYS = [CONNECT, ...REST];
/** Wherever the sidecar runs. */
const RUNNING = ["showTrace", ...REST, "restart"];

test("each state offers what makes sense in it, in the order of use", () => {
  const table: Record<StateName, string[]> = {
    untrusted: ALWAYS,
    installing: ALWAYS,
    starting: ALWAYS,
    crashed: ["reconnect", ...ALWAYS, "restart"],
    unavailable: [...ALWAYS, "restart"],
    disconnected: ["reconnect", CONNECT, ...RUNNING],
    connecting: [CONNECT, "disconnect", ...RUNNING],
    connected: [
      ...["callTool", "readResource", "getPrompt", "reconnect", CONNECT, "disconnect"],
      ...["inspectServer", ...RUNNING],
    ],
    reconnecting: ["reconnect", CONNECT, "disconnect", ...RUNNING],
    failed: ["reconnect", CONNECT, "disconnect", ...RUNNING],
  };
  for (const state of Object.keys(table) as StateName[]) {
    deepEqual(offered(state), table[state], state);
  }
});

test("Reconnect is offered only where there was a target", () => {
  ok(!offered("disconnected", false).includes("reconnect"));
});

test("every command of the manifest has a title, an icon and is one of the palette's category", () => {
  for (const { command, title, icon, ...rest } of commands) {
    ok(words[title.replaceAll("%", "")], command);
    ok(/^\$\([a-z-]+\)$/.test(icon), command);
    equal((rest as { category?: string }).category, "MCP Sidecar", command);
  }
});

test("every text of the manifest that is to be translated is there, and none is left over", () => {
  const used = [...read("package.json").matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key);
  deepEqual([...new Set(used)].sort(), Object.keys(words).sort());
});

test("every text of the code that is to be translated is in the bundle, and none is left over", () => {
  const sources = readdirSync(new URL("../../extension/src", import.meta.url)).map((name) =>
    read(`extension/src/${name}`),
  );
  const texts = [...sources.join("\n").matchAll(/\bl10n\.t\(\s*("(?:[^"\\]|\\.)*")/g)].map(([, text]) =>
    JSON.parse(text ?? ""),
  );
  deepEqual([...new Set(texts)].sort(), Object.keys(JSON.parse(read("l10n/bundle.l10n.json"))).sort());
});

/** What no user reads, or only in the log, in a protocol or as the name of a file. */
const NO_TEXTS = [
  "Stopping failed",
  "User rejected sampling request",
  "Sampling Request.json",
  "uv run --no-project --python >=3.11 python",
];

test("every text of the code goes through l10n", () => {
  const isText = (literal: string) => /^(\$\([\w-]+\) )?[A-Z][a-z]+([ …]|$)|[a-z]{2} [a-z]{2}/.test(literal);
  const found = readdirSync(new URL("../../extension/src", import.meta.url)).flatMap((name) => {
    const code = read(`extension/src/${name}`)
      .replace(/\/\*.*?\*\/|^\s*\/\/.*?$/gms, "")
      .replace(/\bl10n\.t\(\s*"(?:[^"\\]|\\.)*"/g, "");
    return [...code.matchAll(/"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)].map(
      ([, text, template]) => text ?? template ?? "",
    );
  });
  deepEqual(found.filter(isText).sort(), [...NO_TEXTS].sort());
});

test("in a workspace that is not trusted the settings that name programs are not read from it", () => {
  const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  deepEqual([...restrictedConfigurations].sort(), ["mcpSidecar.command", "mcpSidecar.interpreter"]);
});

test("the extension has the sidecar's version", () => {
  const version = /^version = "(.*)"$/m.exec(read("pyproject.toml"))?.[1];
  equal(manifest.version, version);
});
