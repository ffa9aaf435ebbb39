import { deepEqual, equal, rejects } from "node:assert/strict";
import { homedir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { childEnvironment, launchFromSettings } from "../../extension/src/launch.ts";

const NOTHING = { interpreter: "", command: [], logLevel: "warning" };
const PYTHON = join(
  import.meta.dirname,
  "../../.venv",
  process.platform === "win32" ? "Scripts/python.exe" : "bin/python",
);

test("without a setting the extension's own environment is left to be used", async () => {
  equal(await launchFromSettings(NOTHING, process.env), undefined);
});

test("a given interpreter runs the sidecar, isolated from the workspace", async () => {
  const launch = await launchFromSettings({ ...NOTHING, interpreter: PYTHON }, process.env);
  deepEqual(launch, { command: PYTHON, args: ["-I", "-X", "utf8", "-m", "mcp_sidecar"] });
});

test("a given command comes before a given interpreter", async () => {
  const command = [PYTHON, "-m", "mcp_sidecar"];
  const launch = await launchFromSettings({ ...NOTHING, interpreter: "nonsense", command }, process.env);
  deepEqual(launch, { command: PYTHON, args: ["-m", "mcp_sidecar"] });
});

test("an interpreter without the sidecar is refused with what it said", async () => {
  await rejects(
    launchFromSettings({ ...NOTHING, interpreter: process.execPath }, process.env),
    /The setting mcpSidecar\.interpreter names no working sidecar: .* said “.+”\. Install/,
  );
});

test("a program that is missing is refused by name", async () => {
  await rejects(
    launchFromSettings({ ...NOTHING, command: ["no-such-program"] }, process.env),
    /no-such-program.*ENOENT/,
  );
});

test("another program is not taken for the sidecar", async () => {
  const command = [process.execPath, "-p", "'node 1.2.3'"];
  await rejects(launchFromSettings({ ...NOTHING, command }, process.env), /mcpSidecar\.command.*node 1\.2\.3/);
});

test("~ is the home directory", async () => {
  await rejects(launchFromSettings({ ...NOTHING, command: ["~/no-such-program"] }, process.env), ({ message }: Error) =>
    message.includes(join(homedir(), "no-such-program")),
  );
});

test("what VS Code needs for itself does not reach the sidecar and its servers", () => {
  const environment = { ELECTRON_RUN_AS_NODE: "1", VSCODE_PID: "1", PATH: "p", VIRTUAL_ENV: "v", HTTPS_PROXY: "x" };
  deepEqual(childEnvironment(environment), { PATH: "p", VIRTUAL_ENV: "v", HTTPS_PROXY: "x" });
});
