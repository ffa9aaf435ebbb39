/** Finds uv, or else a Python, on the user's machine. Of what is no use, the reason is kept for the user. */
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { l10n } from "vscode";
import { run, type Surroundings } from "./run.ts";

export interface Python {
  path: string;
  /** Whether the sidecar runs on it; an older one can still install uv, which then fetches a newer one. */
  recent: boolean;
}

const WINDOWS = process.platform === "win32";

/** What is tried, best first. The launcher `py` knows Pythons that are not on the PATH. */
const PYTHONS: readonly (readonly [string, ...string[]])[] = [
  ...(WINDOWS ? [["py", "-3"] as const] : ["14", "13", "12", "11"].map((minor) => [`python3.${minor}`] as const)),
  ["python3"],
  ["python"],
];

/** Debian leaves `ensurepip` out of `python3` and puts it into `python3-venv`. */
const PROBE = `
import sys, importlib.util as modules
print(*sys.version_info[:3], sep=".")
print(all(map(modules.find_spec, ("venv", "ensurepip"))))
print(sys.executable)
`;

/** Something that hangs, such as a launcher that asks a question, is passed over after so many milliseconds. */
const PROBE_LIMIT = 15_000;

/** A shim of a version manager may be there without a program behind it: only what answers counts. */
export async function findUv(surroundings: Surroundings, passedOver: string[]): Promise<string | undefined> {
  for (const path of programs("uv", surroundings.env)) {
    if ((await ask(path, ["--version"], surroundings, passedOver)) !== undefined) return path;
  }
  return undefined;
}

export async function findPython(surroundings: Surroundings, passedOver: string[]): Promise<Python | undefined> {
  let fallback: Python | undefined;
  for (const [name, ...args] of PYTHONS) {
    for (const program of programs(name, surroundings.env)) {
      const answer = await ask(program, [...args, "-I", "-c", PROBE], surroundings, passedOver);
      if (answer === undefined) continue;
      const [version = "", complete, path = program] = answer.split("\n").map((line) => line.trim());
      const [major = 0, minor = 0] = version.split(".").map(Number);
      const recent = major === 3 && minor >= 11;
      if (complete !== "True") {
        passedOver.push(l10n.t("{0} (Python {1} without ensurepip: install python3-venv)", program, version));
      } else if (recent) {
        return { path, recent };
      } else {
        passedOver.push(l10n.t("{0} (Python {1}, too old)", program, version));
        // What uv itself wants.
        if (major === 3 && minor >= 8) fallback ??= { path, recent };
      }
    }
  }
  return fallback;
}

async function ask(
  program: string,
  args: readonly string[],
  surroundings: Surroundings,
  passedOver: string[],
): Promise<string | undefined> {
  const limit = AbortSignal.timeout(PROBE_LIMIT);
  try {
    return await run(program, args, { ...surroundings, signal: AbortSignal.any([surroundings.signal, limit]) });
  } catch {
    surroundings.signal.throwIfAborted();
    passedOver.push(l10n.t("{0} (does not run)", program));
    return undefined;
  }
}

/** Every program of this name, each once: the first may be a shim that fails, or a Python that is too old. */
function programs(name: string, env: NodeJS.ProcessEnv): string[] {
  const file = WINDOWS ? `${name}.exe` : name;
  const real = new Set(
    folders(env)
      .filter(existsSync)
      .map((folder) => realpathSync(folder)),
  );
  return [...real].map((folder) => join(folder, file)).filter((path) => existsSync(path) && !isStub(path));
}

/** The PATH, and where uv and Python are usually put: an editor that was started from a menu often has a poor PATH. */
function folders(env: NodeJS.ProcessEnv): string[] {
  // On Windows, where names of variables know no case, a plain object has it as `Path`.
  const path = Object.entries(env).find(([name]) => name.toUpperCase() === "PATH")?.[1] ?? "";
  const home = (WINDOWS ? env.USERPROFILE : env.HOME) ?? homedir();
  const usual = [join(home, ".local", "bin"), join(home, ".cargo", "bin")];
  if (process.platform === "darwin") usual.push("/opt/homebrew/bin", "/usr/local/bin");
  if (WINDOWS && env.LOCALAPPDATA) usual.push(join(env.LOCALAPPDATA, "Microsoft", "WinGet", "Links"));
  if (WINDOWS) usual.push(join(home, "scoop", "shims"));
  return [...path.split(delimiter).filter(Boolean), ...usual];
}

/** Without Apple's tools this one is there too, and opens a dialog to install them. */
function isStub(path: string): boolean {
  const tools = ["/Library/Developer/CommandLineTools/usr/bin/python3", "/Applications/Xcode.app"];
  return process.platform === "darwin" && path === "/usr/bin/python3" && !tools.some((tool) => existsSync(tool));
}
