import { deepEqual } from "node:assert/strict";
import { homedir } from "node:os";
import test from "node:test";
import { launchWith } from "../../extension/src/launch.ts";

const NOTHING = { interpreter: "", command: [], logLevel: "warning" };
const ISOLATED = ["-I", "-X", "utf8", "-m", "mcp_sidecar", "--log-level", "warning"];

test("without a setting the extension's own Python runs the sidecar, isolated from the workspace", () => {
  deepEqual(launchWith(NOTHING, "own"), { command: "own", args: ISOLATED, setting: "" });
});

test("a given interpreter runs it as isolated", () => {
  const launch = launchWith({ ...NOTHING, interpreter: "/usr/bin/python3" }, "own");
  deepEqual(launch, { command: "/usr/bin/python3", args: ISOLATED, setting: "mcpSidecar.interpreter" });
});

test("a given command comes before a given interpreter", () => {
  const settings = { interpreter: "nonsense", command: ["mcp-sidecar", "--x"], logLevel: "debug" };
  const args = ["--x", "--log-level", "debug"];
  deepEqual(launchWith(settings, "own"), { command: "mcp-sidecar", args, setting: "mcpSidecar.command" });
});

test("~ is the home directory", () => {
  for (const given of [{ command: ["~/sidecar"] }, { interpreter: "~/sidecar" }])
    deepEqual(launchWith({ ...NOTHING, ...given }, "own").command, `${homedir()}/sidecar`);
});
