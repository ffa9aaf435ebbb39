/**
 * The extension's own Python environment, in which the sidecar is installed. Its directory is named by a hash of what is
 * installed into it, so that another version never meets an environment that isn't its own. It is made by a program in
 * Python, `installer/install.py`, which says more; here is what has to be done before a Python is known.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { rm, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { l10n } from "vscode";

export interface EnvironmentOptions {
  /** The extension's global storage; environments are made below it. */
  storage: string;
  /** The folder of the extension that holds the installer and what it installs. */
  bundle: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Every command that runs, and every line it prints. */
  log: (line: string) => void;
  /** Short texts for the progress notification. */
  report: (step: string) => void;
}

type Place = Pick<EnvironmentOptions, "storage" | "bundle">;

const WINDOWS = process.platform === "win32";
const PYTHON = WINDOWS ? "Scripts/python.exe" : "bin/python";

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

/** Written by the installer: names the interpreter behind the environment; its time is that of the last use. */
const USED = "used";

/** The path of the Python that has the sidecar, in an environment that is made when it is missing.
 *
 * @throws Error that says what happened and what to do; its `cause` is a short name of it
 */
export async function ensureEnvironment(options: EnvironmentOptions): Promise<string> {
  const directory = directoryOf(options);
  if (!isIntact(directory)) await make(directory, options);
  await utimes(join(directory, USED), new Date(), new Date()).catch((error) => options.log(String(error)));
  return join(directory, PYTHON);
}

/** A quick look, without starting anything. */
export function environmentIsReady(place: Place): boolean {
  return isIntact(directoryOf(place));
}

/** For an environment that turned out to be broken: the next `ensureEnvironment` makes it anew. */
export function discardEnvironment(place: Place): Promise<void> {
  return rm(join(directoryOf(place), USED), { force: true });
}

function directoryOf({ storage, bundle }: Place): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const name of readdirSync(bundle).sort()) hash.update(name).update(readFileSync(join(bundle, name)));
  return join(storage, "environments", hash.digest("hex").slice(0, 16));
}

/** The interpreter behind it may be gone, or have become another version. */
function isIntact(directory: string): boolean {
  try {
    const behind = readFileSync(join(directory, USED), "utf8");
    return WINDOWS ? existsSync(behind) : realpathSync(join(directory, PYTHON)) === behind;
  } catch {
    return false;
  }
}

async function make(directory: string, options: EnvironmentOptions): Promise<void> {
  options.report(l10n.t("Looking for uv and Python…"));
  const passedOver: string[] = [];
  for (const command of COMMANDS) {
    const reason = await install(command, directory, options);
    if (reason === undefined) return;
    if (reason) passedOver.push(`${command} (${reason})`);
  }
  throw new Error(
    l10n.t(
      "No Python 3.11 or newer was found, nor a uv that could fetch one. Looked for uv, python3.14 to python3.11, python3 and python on the PATH and in the usual folders; found: {0}. Install uv or Python 3.11 with its venv module (on Debian and Ubuntu: python3-venv), or name a Python that has mcp-sidecar in mcpSidecar.interpreter.",
      passedOver.join(", ") || l10n.t("nothing"),
    ),
    { cause: "no-python" },
  );
}

/** Runs the installer. Undefined when it made the environment, else why it did not start: empty for no such program. */
async function install(
  command: string,
  directory: string,
  { bundle, env, signal, log, report }: EnvironmentOptions,
): Promise<string | undefined> {
  signal.throwIfAborted();
  const [program = "", ...args] = [...command.split(" "), "-I", "-X", "utf8", join(bundle, "install.py"), directory];
  const child = spawn(program, args, { cwd: bundle, env: surroundings(env), windowsHide: true });
  let message: { step?: string; python?: string; error?: { kind: string; message: string } } | undefined;
  const said: string[] = [];
  const hear = (line: string) => {
    log(line);
    if (line.trim()) said.push(line.trim());
  };
  child.on("error", (error: NodeJS.ErrnoException) => error.code === "ENOENT" || hear(error.message));
  createInterface({ input: child.stderr }).on("line", hear);
  createInterface({ input: child.stdout }).on("line", (line) => {
    try {
      message = JSON.parse(line);
    } catch {
      return hear(line); // another program of that name
    }
    clearTimeout(limit);
    if (message?.step) report(message.step);
  });
  // One that says nothing, such as a launcher that asks a question, is passed over; uv may be fetching a Python.
  const limit = setTimeout(() => program === "uv" || child.kill(), 15_000).unref();
  // The installer ends, and cleans up, when its stdin does; what has not come to start it knows no such thing.
  const cancel = () => (message ? child.stdin.destroy() : child.kill());
  signal.addEventListener("abort", cancel);
  await new Promise((resolve) => child.once("close", resolve));
  signal.removeEventListener("abort", cancel);
  signal.throwIfAborted();
  if (message?.error) throw new Error(message.error.message, { cause: message.error.kind });
  if (message?.python) return undefined;
  const reason = said.find((line) => /error/i.test(line)) ?? said[0] ?? (child.pid ? l10n.t("does not run") : "");
  if (message) throw new Error(l10n.t("The installation ended by itself: {0}", reason), { cause: "failed" });
  return reason;
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
