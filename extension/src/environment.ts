/**
 * The extension's own Python environment, in which the sidecar is installed. Its directory is named by a hash of what is
 * installed into it, so that another version never meets an environment that isn't its own. A program in Python,
 * `installer/install.py`, makes, checks and mends it; here is what has to be done before a Python is known.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { type CancellationToken, l10n, type Progress, ProgressLocation, window } from "vscode";

export interface Environment {
  directory: string;
  /** The folder of the extension that holds the installer and what it installs. */
  bundle: string;
  /** Of the process; the installer gets what is of use in it. */
  env: NodeJS.ProcessEnv;
  /** Every command that runs, and every line it prints. */
  log: (line: string) => void;
}

const WINDOWS = process.platform === "win32";

/** What may run the installer, best first. uv fetches a Python where there is none, `py` knows those not on the PATH. */
const COMMANDS = [
  "uv run --no-project --python >=3.11 python",
  ...(WINDOWS ? ["py -3"] : ["python3.14", "python3.13", "python3.12", "python3.11"]),
  // Without Apple's tools, macOS has a `python3` that opens a dialog to install them.
  ...(process.platform === "darwin" && !existsSync("/Library/Developer") ? [] : ["python3"]),
  "python",
];

/** What would make a Python or uv of ours look at another project or environment, or an Electron behave as Node. */
const FOREIGN =
  /^(PATH$|PYTHON|VIRTUAL_ENV|CONDA_|__PYVENV_LAUNCHER__|ELECTRON_|VSCODE_|FORCE_COLOR|UV$|UV_(PROJECT|PYTHON$|SYSTEM_PYTHON|WORKING_DIR|ENV_FILE|ISOLATED|REQUIRE_HASHES|CONSTRAINT|OVERRIDE|BUILD_CONSTRAINT)|PIP_(USER|TARGET|PREFIX|ROOT$|CONSTRAINT|REQUIREMENT))/i;

/** The directory of the environment for what a bundle installs. */
export function directoryFor(bundle: string, storage: string): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const name of readdirSync(bundle).sort()) hash.update(name).update(readFileSync(join(bundle, name)));
  return join(storage, "environments", hash.digest("hex").slice(0, 16));
}

export function pythonIn({ directory }: Environment): string {
  return join(directory, WINDOWS ? "Scripts/python.exe" : "bin/python");
}

/** Note that it is used, or it is removed some day; rejects where it was never made. */
export function markUsed({ directory }: Environment): Promise<void> {
  return utimes(join(directory, "used"), new Date(), new Date());
}

/** Make it where it is missing or broken, with the user watching.
 *
 * @throws Error that says what happened and what to do
 */
export async function makeEnvironment(environment: Environment): Promise<void> {
  const title = l10n.t("MCP Sidecar: preparing its Python environment");
  const options = { location: ProgressLocation.Notification, title, cancellable: true };
  await window.withProgress(options, async (progress, token) => {
    progress.report({ message: l10n.t("Looking for uv and Python…") });
    const passedOver: string[] = [];
    for (const command of COMMANDS) {
      const reason = await install(command, environment, progress, token);
      if (reason === undefined) return;
      if (reason) passedOver.push(`${command} (${reason})`);
    }
    throw new Error(
      l10n.t(
        "No Python 3.11 or newer was found, nor a uv that could fetch one. Looked for uv, python3.14 to python3.11, python3 and python on the PATH and in the usual folders; found: {0}. Install uv or Python 3.11 with its venv module (on Debian and Ubuntu: python3-venv), or name a Python that has mcp-sidecar in mcpSidecar.interpreter.",
        passedOver.join(", ") || l10n.t("nothing"),
      ),
    );
  });
}

/** Run the installer. Undefined where it did its work, else why it did not begin: empty for no such program. */
async function install(
  command: string,
  { directory, bundle, env, log }: Environment,
  progress: Progress<{ message: string }>,
  token: CancellationToken,
): Promise<string | undefined> {
  const [program = "", ...args] = [...command.split(" "), "-I", "-X", "utf8", join(bundle, "install.py"), directory];
  const child = spawn(program, args, { cwd: bundle, env: surroundings(env), windowsHide: true });
  const said: string[] = [];
  const hear = (line: string) => {
    log(line);
    if (line.trim()) said.push(line.trim());
  };
  child.on("error", (error: NodeJS.ErrnoException) => error.code === "ENOENT" || hear(error.message));
  createInterface({ input: child.stderr }).on("line", hear);
  let began = false;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, message] = /^step: (.*)/.exec(line) ?? [];
    if (!message) return hear(line); // another program of that name
    began = true;
    clearTimeout(limit);
    progress.report({ message });
  });
  // One that says nothing, such as a launcher that asks a question, is passed over; uv may be fetching a Python.
  const limit = setTimeout(() => program === "uv" || child.kill(), 15_000).unref();
  // The installer ends, and cleans up, when its stdin does; what has not come to start it knows no such thing.
  const cancelling = token.onCancellationRequested(() => (began ? child.stdin.destroy() : child.kill()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  cancelling.dispose();
  if (token.isCancellationRequested) throw new Error(l10n.t("The installation was cancelled."));
  if (began && code !== 0) throw new Error(l10n.t("The sidecar was not installed. {0}", said.at(-1) ?? ""));
  if (began) return undefined;
  return said.find((line) => /error/i.test(line)) ?? said[0] ?? (child.pid ? l10n.t("does not run") : "");
}

/** The environment of the installer: proxies, certificates and index mirrors stay as the user has them. */
function surroundings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // An editor that was started from a menu often has a poor PATH.
  const usual = [".local/bin", ".cargo/bin", "scoop/shims", "AppData/Local/Microsoft/WinGet/Links"];
  const path = [env.PATH ?? "", ...usual.map((folder) => join(env.HOME ?? homedir(), folder))];
  if (process.platform === "darwin") path.push("/opt/homebrew/bin", "/usr/local/bin");
  const own = Object.entries(env).filter(([name]) => !FOREIGN.test(name));
  return { ...Object.fromEntries(own), PATH: path.join(delimiter) };
}
