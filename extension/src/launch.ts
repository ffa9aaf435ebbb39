/** What is run as the sidecar. */
import { homedir } from "node:os";
import type { LaunchSettings } from "./settings.ts";

export interface Launch {
  command: string;
  args: readonly string[];
  /** The setting that names it; empty for none. */
  setting: string;
}

/** What the settings name, else the extension's own Python. `~` stands for the user's home directory. */
export function launchWith({ command: given, interpreter, logLevel }: LaunchSettings, own: string): Launch {
  // Isolated, since `-m` would else import modules out of the workspace.
  const python = [interpreter || own, "-I", "-X", "utf8", "-m", "mcp_sidecar"];
  const [program = "", ...args] = given.length ? given : python;
  const command = program.replace(/^~(?=[/\\])/, homedir());
  const setting = given.length ? "mcpSidecar.command" : interpreter && "mcpSidecar.interpreter";
  return { command, args: [...args, "--log-level", logLevel], setting };
}
