/** A code-server process on a port of its own: the part of VS Code that runs extensions. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { kill, type Process, ProcessTree } from "./processes.ts";
import type { Profile } from "./profile.ts";

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 10_000;

/** Set in a terminal of VS Code or by a test runner, and not meant for another VS Code. */
const FOREIGN = /^(VSCODE_|CODE_SERVER_|NODE_OPTIONS$|NODE_TEST_CONTEXT$|PORT$|PASSWORD$|HASHED_PASSWORD$)/;

/** What a test run that is broken off must not leave behind. */
const started = new Map<ProcessTree, Profile>();
process.once("exit", () => {
  for (const [tree, profile] of started) {
    tree.killAll();
    profile.remove();
  }
});
// The test runner's way to stop a file that takes too long; without a listener there would be no "exit".
process.once("SIGTERM", () => process.exit(143));

export interface CodeServerOptions {
  /** An extension to install. */
  readonly vsix?: string;
  /** False: workspace trust is on, and the folder is not trusted. */
  readonly trust?: boolean;
  /** Changes to the environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export class CodeServer {
  readonly url: string;
  readonly tree: ProcessTree;
  readonly #process: ChildProcess;
  readonly #output: string[];

  private constructor(url: string, tree: ProcessTree, process: ChildProcess, output: string[]) {
    this.url = url;
    this.tree = tree;
    this.#process = process;
    this.#output = output;
  }

  static async start(program: string, profile: Profile, options: CodeServerOptions): Promise<CodeServer> {
    const tree = new ProcessTree(basename(profile.directory));
    started.set(tree, profile);
    const env = environment({ XDG_STATE_HOME: join(profile.directory, "state"), ...options.env, ...tree.environment });
    if (options.vsix) await installExtension(program, options.vsix, profile, env);
    const child = spawn(
      program,
      [
        ...flags(profile),
        ...["--bind-addr", "127.0.0.1:0", "--auth", "none", "--disable-telemetry", "--disable-update-check"],
        ...[
          "--disable-getting-started-override",
          "--vscode-option",
          `builtin-extensions-dir=${profile.builtInExtensions}`,
        ],
        ...(options.trust === false ? [] : ["--disable-workspace-trust"]),
      ],
      { env, stdio: ["ignore", "pipe", "pipe"], cwd: profile.directory },
    );
    const output: string[] = [];
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`code-server ${why}:\n${output.join("")}`));
      const timer = setTimeout(fail, START_LIMIT_MS, `was not listening after ${START_LIMIT_MS / 1000} s`);
      const read = (chunk: string) => {
        output.push(chunk);
        const listening = /listening on (http:\/\/[\d.:]+)/.exec(output.join(""));
        if (listening?.[1]) {
          clearTimeout(timer);
          resolve(listening[1]);
        }
      };
      child.stdout.setEncoding("utf8").on("data", read);
      child.stderr.setEncoding("utf8").on("data", read);
      child.once("error", (error) => fail(error.message));
      child.once("exit", (code, signal) => fail(`ended with ${signal ?? code}`));
    }).catch((error: unknown) => {
      tree.killAll();
      throw error;
    });
    return new CodeServer(url, tree, child, output);
  }

  get output(): string {
    return this.#output.join("");
  }

  /** Extension hosts, one for each window. */
  extensionHosts(): Process[] {
    return this.tree.list().filter(isExtensionHost);
  }

  /** Waits until windows that were closed have no extension host any more; what is left after a time limit. */
  whenExtensionHostsGone(limitMs = STOP_LIMIT_MS): Promise<Process[]> {
    return this.tree.whenGone(limitMs, isExtensionHost);
  }

  killExtensionHosts(signal: NodeJS.Signals = "SIGKILL"): void {
    for (const { pid } of this.extensionHosts()) kill(pid, signal);
  }

  /** Ends code-server, and waits for its end, not for that of its descendants. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    // Remembers the descendants, which may lose their parent now.
    const processes = this.tree.list();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill(signal);
    if (signal === "SIGKILL") {
      // code-server is two processes, of which the second has the work, and outlives the first.
      for (const { pid, command } of processes) if (command.includes("/code-server/out/node/entry")) kill(pid, signal);
    }
    await ended;
  }

  /** Ends code-server as a user would; the processes it leaves behind, which are killed then. */
  async stop(): Promise<Process[]> {
    await this.kill("SIGTERM");
    const left = await this.tree.whenGone(STOP_LIMIT_MS);
    this.tree.killAll();
    await this.tree.whenGone(STOP_LIMIT_MS);
    started.delete(this.tree);
    return left;
  }
}

function isExtensionHost({ command }: Process): boolean {
  return command.includes("--type=extensionHost");
}

function flags(profile: Profile): string[] {
  return ["--config", profile.config, "--user-data-dir", profile.userData, "--extensions-dir", profile.extensions];
}

function environment(changes: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  // Without VSCODE_CLI the extension host takes over the environment of the user's login shell.
  const all = { ...Object.fromEntries(inherited), VSCODE_CLI: "1", ...changes };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Directories with one extension installed, made once in a test process: installing takes longer than copying. */
const installed = new Map<string, Promise<string>>();

async function installExtension(
  program: string,
  vsix: string,
  profile: Profile,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  let directory = installed.get(vsix);
  if (!directory) {
    directory = install(program, vsix, profile, env);
    installed.set(vsix, directory);
  }
  cpSync(await directory, profile.extensions, { recursive: true });
}

async function install(program: string, vsix: string, profile: Profile, env: NodeJS.ProcessEnv): Promise<string> {
  await promisify(execFile)(program, [...flags(profile), "--install-extension", vsix], { env });
  const directory = mkdtempSync(join(tmpdir(), "mcp-e2e-vsix-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  cpSync(profile.extensions, directory, { recursive: true });
  return directory;
}
