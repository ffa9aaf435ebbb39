/** The user's settings, as the rest of the extension needs them. */
import { homedir } from "node:os";
import { workspace } from "vscode";

export const SECTION = "mcpSidecar";

/** Settings that hold only from the sidecar's next start on. */
export const START_SETTINGS = ["interpreter", "command", "logLevel"].map((name) => `${SECTION}.${name}`);

/** What is run as the sidecar. */
export type Launch = ReturnType<typeof launchWith>;

/** What the settings name, else the extension's own Python. `~` stands for the user's home directory.
 *
 * @returns also the setting that names it; empty for none
 */
export function launchWith(own: string) {
  const settings = workspace.getConfiguration(SECTION);
  // Whatever the file holds: a single text is meant as a program.
  const given = [settings.get<string[] | string>("command") ?? []].flat().filter(Boolean).map(String);
  const interpreter = String(settings.get("interpreter") ?? "").trim();
  // Isolated, since `-m` would else import modules out of the workspace.
  const python = [interpreter || own, "-I", "-X", "utf8", "-m", "mcp_sidecar"];
  const [program = "", ...args] = given.length ? given : python;
  const command = program.replace(/^~(?=[/\\])/, homedir());
  const setting = given.length ? "mcpSidecar.command" : interpreter && "mcpSidecar.interpreter";
  return { command, args: [...args, "--log-level", settings.get("logLevel", "warning")], setting };
}

/** What is said at the start: the sidecar's settings, which have the names of ours (docs/protocol.md, "Settings"), and what
 * the editor answers by itself ("Requests of the server", "Commands").
 *
 * @param userData the folder of the user's own files on this machine
 */
export function initializationOptions(userData: string): object {
  const client = { elicitation: true, sampling: true, input: true, commands: true };
  return { mcp: { ...workspace.getConfiguration(SECTION), texts: true, userData, client } };
}
