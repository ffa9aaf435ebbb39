/** What is run as the sidecar where the user's settings name it. */
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { l10n } from "vscode";
import type { LaunchSettings } from "./settings.ts";

export interface Launch {
  command: string;
  args: readonly string[];
}

const PREFLIGHT_MS = 10_000;

/** How a given Python runs the sidecar: isolated, since `-m` would else import modules out of the workspace. */
export function launchWith(python: string): Launch {
  return { command: python, args: ["-I", "-X", "utf8", "-m", "mcp_sidecar"] };
}

/** What the settings name, checked; undefined where they name nothing. `~` stands for the user's home directory.
 *
 * @throws Error where it is no sidecar, saying what was tried
 */
export async function launchFromSettings(
  { command: [program, ...args], interpreter }: LaunchSettings,
  env: NodeJS.ProcessEnv,
): Promise<Launch | undefined> {
  if (!program && !interpreter) return undefined;
  const launch = program ? { command: expandHome(program), args } : launchWith(expandHome(interpreter));
  // A program that is no sidecar would only seem to hang, so it is asked for its version first.
  const asked = [...launch.args, "--version"];
  const options = { cwd: homedir(), env, timeout: PREFLIGHT_MS, windowsHide: true };
  const answer = await promisify(execFile)(launch.command, asked, options).catch((error) => error);
  if (!(answer instanceof Error) && answer.stdout.startsWith("mcp-sidecar ")) return launch;
  const said = String(answer.stderr || answer.stdout || answer.message || l10n.t("nothing")).trim();
  throw new Error(
    l10n.t(
      "The setting {0} names no working sidecar: `{1}` said “{2}”. Install mcp-sidecar there, or clear the setting.",
      program ? "mcpSidecar.command" : "mcpSidecar.interpreter",
      [launch.command, ...asked].join(" "),
      said.split("\n").at(-1) ?? "",
    ),
  );
}

/** The environment of what is started here: without what VS Code needs for itself, which would change other programs. */
export function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(ELECTRON|VSCODE)_/i.test(name)));
}

function expandHome(path: string): string {
  return /^~[/\\]/.test(path) ? join(homedir(), path.slice(2)) : path;
}
