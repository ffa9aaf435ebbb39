/**
 * The extension's own Python environment, in which the sidecar is installed. Its directory is named by a hash of what is
 * installed into it, so that another version never meets an environment that isn't its own.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, realpath, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { l10n } from "vscode";
import { EnvironmentError, explained, noPython } from "./environmentError.ts";
import { findPython, findUv } from "./python.ts";
import { run, type Surroundings } from "./run.ts";

export { EnvironmentError };

export interface EnvironmentOptions {
  /** The extension's global storage; environments are made below it. */
  storage: string;
  /** The folder of the extension that holds the wheel, and hashed requirements of its dependencies and of uv. */
  bundle: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Every command that runs, and every line it prints. */
  log: (line: string) => void;
  /** Short texts for the progress notification. */
  report: (step: string) => void;
}

type Place = Pick<EnvironmentOptions, "storage" | "bundle">;

const ENVIRONMENTS = "environments";
const WANTED = ">=3.11";
const DAY = 24 * 60 * 60 * 1000;

/** Names the interpreter behind the environment; its time is that of the last use. */
const USED = "used";

/** More than the version: a package that is missing, or a binary of another architecture, shows up only when imported. */
const CHECK = "import mcp_sidecar.server.sidecar, pydantic_core, mcp_sidecar.cli as cli; cli.main(['--version'])";

/** The path of the Python that has the sidecar, in an environment that is made when it is missing. */
export async function ensureEnvironment(options: EnvironmentOptions): Promise<string> {
  options.signal.throwIfAborted();
  const directory = await directoryOf(options);
  if (!(await isIntact(directory))) await make(directory, options);
  await utimes(join(directory, USED), new Date(), new Date()).catch((error) => options.log(String(error)));
  return pythonOf(directory);
}

/** A quick look, without starting anything. */
export async function environmentIsReady(place: Place): Promise<boolean> {
  return isIntact(await directoryOf(place));
}

/** For an environment that turned out to be broken: the next `ensureEnvironment` makes it anew. */
export async function discardEnvironment(place: Place): Promise<void> {
  await discard(await directoryOf(place));
}

/** Removes what earlier versions of the extension, and builds that died, have left behind. Names what it removed. */
export async function removeUnused(storage: string, now = new Date(), days = 30): Promise<string[]> {
  const removed: string[] = [];
  const environments = join(storage, ENVIRONMENTS);
  for (const name of await readdir(environments).catch((): string[] => [])) {
    if (!/^[0-9a-f]{16}(\..+\.tmp)?$/.test(name)) continue;
    const directory = join(environments, name);
    const kept = (name.endsWith(".tmp") ? 1 : days) * DAY;
    try {
      const { mtimeMs } = await stat(join(directory, USED)).catch(() => stat(directory));
      if (now.getTime() - mtimeMs < kept) continue;
      await discard(directory);
      removed.push(name);
    } catch {
      // Windows holds on to what still runs; there is a next time.
    }
  }
  return removed;
}

async function directoryOf({ storage, bundle }: Place): Promise<string> {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const path of Object.values(await contentOf(bundle))) hash.update(basename(path)).update(await readFile(path));
  return join(storage, ENVIRONMENTS, hash.digest("hex").slice(0, 16));
}

async function contentOf(bundle: string) {
  const names = await readdir(bundle).catch((): string[] => []);
  const wheel = names.find((name) => /^mcp_sidecar-.*\.whl$/.test(name));
  if (!wheel || !["requirements.txt", "requirements-uv.txt"].every((name) => names.includes(name))) {
    throw new EnvironmentError(
      "failed",
      l10n.t("The extension is incomplete: {0} lacks the sidecar or its requirements.", bundle),
      l10n.t("Install the extension again."),
    );
  }
  return { wheel: join(bundle, wheel), requirements: join(bundle, "requirements.txt") };
}

function pythonOf(directory: string): string {
  return process.platform === "win32" ? join(directory, "Scripts", "python.exe") : join(directory, "bin", "python");
}

/** The Python that the environment was made of: it may be gone, or have become another version, behind our back. */
async function interpreterBehind(directory: string): Promise<string> {
  if (process.platform !== "win32") return realpath(pythonOf(directory));
  const home = /^home\s*=\s*(.+?)\s*$/m.exec(await readFile(join(directory, "pyvenv.cfg"), "utf8"))?.[1] ?? "";
  return realpath(join(home, "python.exe"));
}

async function isIntact(directory: string): Promise<boolean> {
  try {
    return (await readFile(join(directory, USED), "utf8")) === (await interpreterBehind(directory));
  } catch {
    return false;
  }
}

async function make(directory: string, options: EnvironmentOptions): Promise<void> {
  const { storage, bundle, signal, log, report } = options;
  const work = temporary(directory);
  const environment = join(work, "environment");
  const passedOver: string[] = [];
  try {
    await mkdir(work, { recursive: true });
    const content = await contentOf(bundle);
    // Not in the workspace, whose uv.toml and pyproject.toml are none of our business.
    let surroundings: Surroundings = { cwd: storage, env: options.env, signal, log };
    let python = WANTED;
    report(l10n.t("Looking for uv and Python…"));
    let uv = await findUv(surroundings, passedOver);
    if (uv === undefined) {
      const found = await findPython(surroundings, passedOver);
      if (!found) throw noPython(passedOver);
      report(l10n.t("Installing uv…"));
      if (found.recent) python = found.path;
      uv = await installUv(found.path, join(work, "uv"), bundle, surroundings);
      // A uv that comes and goes with this build keeps nothing in the user's home.
      const own = { UV_CACHE_DIR: join(work, "cache"), UV_PYTHON_INSTALL_DIR: join(storage, "python") };
      // uv doesn't read what pip is told.
      const mirror = options.env.PIP_INDEX_URL ? { UV_INDEX_URL: options.env.PIP_INDEX_URL } : {};
      surroundings = { ...surroundings, env: { ...own, ...mirror, ...options.env } };
    }
    report(l10n.t("Creating the Python environment…"));
    await run(uv, ["venv", "--python", python, environment], surroundings);
    report(l10n.t("Installing the sidecar…"));
    const install = ["pip", "install", "--python", pythonOf(environment)];
    await run(uv, [...install, "--require-hashes", "-r", content.requirements], surroundings);
    await run(uv, [...install, "--no-deps", content.wheel], surroundings);
    report(l10n.t("Checking the sidecar…"));
    await run(pythonOf(environment), ["-I", "-X", "utf8", "-c", CHECK], surroundings);
    await writeFile(join(environment, USED), await interpreterBehind(environment));
    await putInPlace(environment, directory);
  } catch (cause) {
    signal.throwIfAborted();
    throw await explained(cause, storage, passedOver);
  } finally {
    await remove(work).catch((error) => log(String(error)));
  }
}

/** pip alone takes five times as long as pip for uv and uv for the rest. */
async function installUv(python: string, directory: string, bundle: string, surroundings: Surroundings) {
  await run(python, ["-I", "-m", "venv", directory], surroundings);
  const pip = ["-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:"];
  const requirements = ["--require-hashes", "-r", join(bundle, "requirements-uv.txt")];
  await run(pythonOf(directory), [...pip, ...requirements], surroundings);
  return join(dirname(pythonOf(directory)), process.platform === "win32" ? "uv.exe" : "uv");
}

/** Another window may have been quicker: its environment is as good. */
async function putInPlace(environment: string, directory: string): Promise<void> {
  try {
    await rename(environment, directory);
  } catch (error) {
    if (await isIntact(directory)) return;
    if ((await stat(directory).catch(() => undefined)) === undefined) throw error;
    await discard(directory);
    await rename(environment, directory).catch(async (again) => {
      if (!(await isIntact(directory))) throw again;
    });
  }
}

function temporary(directory: string): string {
  return `${directory}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`;
}

/** Out of the way at once, then removed: no other window ever sees half an environment. */
async function discard(directory: string): Promise<void> {
  const aside = temporary(directory);
  try {
    await rename(directory, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  await remove(aside);
}

/** Windows lets go of the files of a process some time after its end. */
function remove(directory: string): Promise<void> {
  return rm(directory, { recursive: true, force: true, maxRetries: 10 });
}
