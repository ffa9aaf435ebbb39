import { deepEqual } from "node:assert/strict";
import { homedir } from "node:os";
import test from "node:test";
import { workspace } from "vscode";
import { type Launch, launchWith } from "../../extension/src/settings.ts";

const ISOLATED = ["-I", "-X", "utf8", "-m", "mcp_sidecar", "--log-level", "warning"];

/** What is run with these settings. */
function launch(settings: Record<string, unknown>): Launch {
  const get = (name: string, otherwise?: unknown) => settings[name] ?? otherwise;
  Object.assign(workspace, { getConfiguration: () => ({ get }) });
  return launchWith("own");
}

test("without a setting the extension's own Python runs the sidecar, isolated from the workspace", () => {
  deepEqual(launch({ interpreter: "", command: [] }), { command: "own", args: ISOLATED, setting: "" });
});

test("a given interpreter runs it as isolated", () => {
  const found = launch({ interpreter: " /usr/bin/python3 " });
  deepEqual(found, { command: "/usr/bin/python3", args: ISOLATED, setting: "mcpSidecar.interpreter" });
});

test("a given command comes before a given interpreter, also where it is a single text", () => {
  const args = ["--log-level", "debug"];
  const settings = { interpreter: "nonsense", logLevel: "debug" };
  const own = { command: "mcp-sidecar", setting: "mcpSidecar.command" };
  deepEqual(launch({ ...settings, command: ["mcp-sidecar", "--x"] }), { ...own, args: ["--x", ...args] });
  deepEqual(launch({ ...settings, command: "mcp-sidecar" }), { ...own, args });
});

test("~ is the home directory", () => {
  for (const given of [{ command: ["~/sidecar"] }, { interpreter: "~/sidecar" }])
    deepEqual(launch(given).command, `${homedir()}/sidecar`);
});
