/** Runs one program to its end: its lines are logged as they come, and a cancel leaves nothing of it behind. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";

export interface Surroundings {
  cwd: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  log: (line: string) => void;
}

export class CommandFailed extends Error {
  /** What the program printed, or why it could not be started. */
  readonly output: string;

  constructor(program: string, end: string, lines: readonly string[]) {
    super(`${program}: ${end}`);
    this.name = "CommandFailed";
    this.output = lines.join("\n");
  }
}

/** What would make a Python or uv of ours look at another project or environment, or an Electron behave as Node. */
const FOREIGN =
  /^(PYTHON|VIRTUAL_ENV|CONDA_|__PYVENV_LAUNCHER__|ELECTRON_|VSCODE_|UV_(PROJECT|PYTHON$|SYSTEM_PYTHON|WORKING_DIR|REQUIRE_HASHES|CONSTRAINT|OVERRIDE|BUILD_CONSTRAINT)|PIP_(USER|TARGET|PREFIX|ROOT$|CONSTRAINT|REQUIREMENT))/i;

/** The environment for a Python that is not the workspace's: proxies, certificates and index mirrors stay. */
export function withoutForeignPython(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !FOREIGN.test(name)));
}

/** Resolves to what the program prints on stdout. */
export function run(program: string, args: readonly string[], surroundings: Surroundings): Promise<string> {
  const { cwd, env, signal, log } = surroundings;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    log(`> ${[program, ...args].join(" ")}`);
    // A group of its own, so that what the program starts can be killed with it.
    const child = spawn(program, args, {
      cwd,
      env: withoutForeignPython(env),
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    const kill = () => killTree(child.pid);
    signal.addEventListener("abort", kill, { once: true });
    const stdout: string[] = [];
    const all: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (raw) => {
        const line = stripVTControlCharacters(raw);
        log(line);
        all.push(line);
        if (stream === child.stdout) stdout.push(line);
      });
    }
    const end = (how: string) => {
      signal.removeEventListener("abort", kill);
      if (signal.aborted) reject(signal.reason);
      else if (how === "0") resolve(stdout.join("\n"));
      else reject(new CommandFailed(program, how, all));
    };
    child.once("error", (error) => {
      all.push(error.message);
      end(error.message);
    });
    child.once("close", (code, killedBy) => end(String(code ?? killedBy)));
  });
}

function killTree(pid: number | undefined): void {
  if (pid === undefined) return;
  if (process.platform === "win32") {
    spawn("taskkill", ["/pid", String(pid), "/T", "/F"], { windowsHide: true }).on("error", () => undefined);
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}
