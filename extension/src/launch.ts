/** What is run as the sidecar: the extension's own environment, or what the user's settings name instead. */
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
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
  settings: LaunchSettings,
  env: NodeJS.ProcessEnv,
): Promise<Launch | undefined> {
  const [command, ...args] = settings.command;
  if (command) {
    return preflight("mcpSidecar.command", { command: expandHome(command), args }, env);
  }
  return settings.interpreter
    ? preflight("mcpSidecar.interpreter", launchWith(expandHome(settings.interpreter)), env)
    : undefined;
}

/** The environment of what is started here: without what VS Code needs for itself, which would change other programs. */
export function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(ELECTRON|VSCODE)_/i.test(name)));
}

function expandHome(path: string): string {
  return /^~[/\\]/.test(path) ? join(homedir(), path.slice(2)) : path;
}

/** Ask for the version, because a program that is no sidecar would only seem to hang. */
function preflight(setting: string, launch: Launch, env: NodeJS.ProcessEnv): Promise<Launch> {
  const line = [launch.command, ...launch.args, "--version"].join(" ");
  return new Promise((resolve, reject) => {
    const options = { cwd: homedir(), env, timeout: PREFLIGHT_MS, windowsHide: true };
    const child = execFile(launch.command, [...launch.args, "--version"], options, (error, stdout, stderr) => {
      if (!error && stdout.startsWith("mcp-sidecar ")) {
        return resolve(launch);
      }
      const found = (stderr || stdout || error?.message || "").trim().split("\n").at(-1) || l10n.t("no output");
      reject(
        new Error(
          l10n.t(
            "The setting {0} names no working sidecar: `{1}` said “{2}”. Install it there (pip install mcp-sidecar), or clear the setting.",
            setting,
            line,
            found,
          ),
        ),
      );
    });
    child.stdin?.end();
  });
}
