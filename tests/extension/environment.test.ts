/**
 * The extension's Python environment, made for real: real uv, pip and Python, a real index, real failures. Each test has a
 * machine of its own: a home, a PATH with only what the test puts there, and a storage.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { after, before, type TestContext, test as testAnywhere } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { window } from "vscode";
import {
  directoryFor,
  type Environment,
  makeEnvironment,
  markUsed,
  pythonIn,
} from "../../extension/src/environment.ts";

const execute = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");
const UV = [join(ROOT, ".uv/bin"), ...(process.env.PATH ?? "").split(delimiter)]
  .map((folder) => join(folder, "uv"))
  // uv itself: the scripts of version managers, such as pyenv's, need more of a PATH than these machines have.
  .find((path) => existsSync(path) && !readFileSync(path, "latin1").startsWith("#!"));
const VENV_PYTHON = join(ROOT, ".venv/bin/python");
const PYTHON = existsSync(VENV_PYTHON) ? realpathSync(VENV_PYTHON) : "";
const scratch = realpathSync(mkdtempSync(join(tmpdir(), "mcp-sidecar-environment-")));
const bundle = join(scratch, "bundle");
let uvCache: string;

const WINDOWS = process.platform === "win32";

/** The machines here are made of links and shell scripts. */
function test(name: string, body: (context: TestContext) => Promise<void>): void {
  void testAnywhere(name, { skip: WINDOWS && "machines to test on can't be made on Windows" }, body);
}

before(async () => {
  if (WINDOWS) return;
  assert.ok(UV && PYTHON, "uv and .venv are needed: run `make setup`");
  const wheel = ["build", "--quiet", "--wheel", "--no-build-isolation", "--python", VENV_PYTHON];
  await execute(UV, [...wheel, "--out-dir", bundle, ROOT]);
  for (const path of ["requirements.txt", "requirements-uv.txt", "extension/installer/install.py"])
    copyFileSync(join(ROOT, path), join(bundle, basename(path)));
  uvCache = (await execute(UV, ["cache", "dir"])).stdout.trim();
});

after(() => rmSync(scratch, { recursive: true, force: true }));

interface Machine extends Environment {
  storage: string;
  env: NodeJS.ProcessEnv & { HOME: string };
  signal: AbortSignal;
  lines: string[];
  steps: string[];
}

type Options = Partial<Pick<Machine, "storage" | "bundle" | "signal"> & { env: NodeJS.ProcessEnv }>;

/** What the sidecar does at its start. */
async function ensureEnvironment(here: Machine): Promise<string> {
  await markUsed(here).catch(() => make(here));
  return pythonIn(here);
}

/** Makes or mends it, shown and cancelled as VS Code's progress would. */
async function make(here: Machine): Promise<void> {
  const { signal, steps } = here;
  const token = {
    get isCancellationRequested() {
      return signal.aborted;
    },
    onCancellationRequested(cancel: () => void) {
      if (signal.aborted) queueMicrotask(cancel);
      signal.addEventListener("abort", cancel);
      return { dispose: () => signal.removeEventListener("abort", cancel) };
    },
  };
  const progress = { report: ({ message }: { message: string }) => steps.push(message) };
  Object.assign(window, {
    withProgress: (_: unknown, task: (...shown: unknown[]) => unknown) => task(progress, token),
  });
  await makeEnvironment(here);
}

const CANCELLED = { message: /cancelled/ };
const isMade = ({ directory }: Machine) => existsSync(join(directory, "used"));

/** A machine that has these programs, each a link to a real one, or a script. */
function machine(programs: Record<string, string>, more: Options = {}): Machine {
  const home = mkdtempSync(join(scratch, "machine-"));
  const path = join(home, "path");
  mkdirSync(path);
  for (const [name, program] of Object.entries(programs)) {
    if (program.startsWith("#!")) writeFileSync(join(path, name), program, { mode: 0o755 });
    else symlinkSync(program, join(path, name));
  }
  const lines: string[] = [];
  const steps: string[] = [];
  const { signal = new AbortController().signal, storage = join(home, "storage") } = more;
  const env = { ...process.env, UV_CACHE_DIR: uvCache, ...more.env, HOME: home, PATH: path };
  const own = more.bundle ?? bundle;
  return {
    storage,
    directory: directoryFor(own, storage),
    bundle: own,
    env,
    signal,
    lines,
    steps,
    log: (line) => void lines.push(line),
  };
}

const withUv = (more: Options = {}) => machine({ uv: UV ?? "", python3: PYTHON }, more);

function environmentsOf(storage: string): string[] {
  const folder = join(storage, "environments");
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** Where it starts nothing, there is nothing in the log. */
const commandsOf = ({ lines }: Machine) => lines.filter((line) => line.startsWith("> "));

async function sidecarAnswers(python: string): Promise<void> {
  const { stdout } = await execute(python, ["-I", "-X", "utf8", "-m", "mcp_sidecar", "--version"]);
  assert.match(stdout, /^mcp-sidecar \d/);
}

/** What the user reads of each kind of failure. */
const FAILURES = {
  noPython: /^No Python 3\.11 or newer was found/,
  noNetwork: /packages could not be downloaded/,
  diskFull: /The disk is full/,
  notWritable: /cannot be written to/,
  hashMismatch: /is not the one that this extension was tested with/,
  failed: /environment could not be made/,
};

async function failure(here: Machine): Promise<string> {
  const error = await ensureEnvironment(here).then(
    () => assert.fail("an environment was made"),
    (reason) => reason,
  );
  assert.ok(error instanceof Error && error.message);
  assert.deepEqual(environmentsOf(here.storage), []);
  return error.message;
}

/** Stands in for Pythons that no machine for tests needs to have; all but the version is real. */
function pythonOfVersion(major: number, minor: number, micro: number): string {
  const code = `import runpy, sys
sys.version_info = (${major}, ${minor}, ${micro}, "final", 0)
del sys.argv[:4]
runpy.run_path(sys.argv[0], run_name="__main__")`;
  return `#!/bin/sh
case "$*" in *install.py*) exec ${PYTHON} -I -X utf8 -c '${code}' "$@";; *) exec ${PYTHON} "$@";; esac
`;
}

/** Skips the test, or fails it where everything is meant to run. */
function unavailable(context: TestContext, reason: string): void {
  assert.notEqual(process.env.MCP_SIDECAR_NO_SKIPS, "1", reason);
  context.skip(reason);
}

/** A file system of so many MiB; undefined where none may be mounted. */
async function smallDisk(context: TestContext, mebibytes: number, ...options: string[]): Promise<string | undefined> {
  const disk = mkdtempSync(join(scratch, "disk-"));
  const mount = ["-t", "tmpfs", "-o", [`size=${mebibytes}m`, ...options].join(","), "tmpfs", disk];
  try {
    await execute("mount", mount);
  } catch (error) {
    unavailable(context, `a file system can't be mounted here: ${error}`);
    return undefined;
  }
  context.after(() => execute("umount", ["--lazy", disk]));
  return disk;
}

async function processesAt(path: string): Promise<string[]> {
  const { stdout } = await execute("ps", ["-A", "-ww", "-o", "pid=,args="], { maxBuffer: 2 ** 26 });
  return stdout.split("\n").filter((line) => line.includes(path));
}

/** What a user's shell and editor may have set for other Pythons. */
const FOREIGN = {
  PYTHONHOME: "/nowhere",
  PYTHONPATH: "/nowhere",
  VIRTUAL_ENV: "/nowhere",
  CONDA_PREFIX: "/nowhere",
  UV_SYSTEM_PYTHON: "1",
  UV_PROJECT_ENVIRONMENT: "/nowhere",
  UV_PYTHON: "2.7",
  UV_REQUIRE_HASHES: "1",
  PIP_USER: "1",
  PIP_TARGET: "/nowhere",
};

test("with uv the environment is made once, and found again without starting anything", async () => {
  const first = withUv({ env: FOREIGN });
  assert.equal(isMade(first), false);
  const python = await ensureEnvironment(first);
  await sidecarAnswers(python);
  assert.ok(first.steps.length >= 3 && first.lines.some((line) => line.includes("pygls")));
  assert.equal(environmentsOf(first.storage).length, 1);

  const again = withUv({ storage: first.storage });
  assert.equal(isMade(again), true);
  assert.equal(await ensureEnvironment(again), python);
  assert.deepEqual([again.lines, again.steps], [[], []]);
});

test("without uv it is made with a Python, and neither uv nor its cache stays", async () => {
  // Nothing is given by the user, so that what is left in the home is our doing.
  const { UV_CACHE_DIR: _, ...env } = machine({ python3: PYTHON }, { env: FOREIGN }).env;
  const here = { ...machine({ python3: PYTHON }), env };
  const python = await ensureEnvironment(here);
  await sidecarAnswers(python);
  assert.deepEqual(environmentsOf(here.storage), [basename(dirname(dirname(python)))]);
  assert.ok(!existsSync(join(dirname(python), "uv")));
  assert.ok(!existsSync(join(env.HOME, ".cache/uv")));
});

test("a Python that is too old for the sidecar, as macOS has, still gets uv, which finds another", async () => {
  const abort = new AbortController();
  const here = machine({ python3: pythonOfVersion(3, 9, 6) }, { signal: abort.signal });
  // What follows is as with any uv.
  const log = (line: string) => {
    here.log(line);
    if (line.includes("Creating virtual environment")) abort.abort();
  };
  await assert.rejects(ensureEnvironment({ ...here, log }), CANCELLED);
  assert.ok(abort.signal.aborted);
  assert.ok(commandsOf(here).some((line) => line.includes("venv --python >=3.11")));
});

test("programs outside of the PATH are found where they are usually put", async () => {
  const here = machine({ python3: PYTHON });
  mkdirSync(join(here.env.HOME, ".local/bin"), { recursive: true });
  symlinkSync(UV ?? "", join(here.env.HOME, ".local/bin/uv"));
  await ensureEnvironment(here);
  assert.ok(!commandsOf(here).some((line) => line.includes("requirements-uv.txt")));
});

/** The arguments of a Node that makes the environment, as the window of another editor would. */
function windowOf({ directory, bundle }: Machine): string[] {
  const script = `
    import { makeEnvironment, pythonIn } from ${JSON.stringify(join(ROOT, "extension/src/environment.ts"))};
    const here = { ...${JSON.stringify({ directory, bundle })}, env: process.env, log() {} };
    await makeEnvironment(here);
    console.log(pythonIn(here));`;
  const stub = join(import.meta.dirname, "vscode.ts");
  return ["--no-warnings", "--import", stub, "--input-type=module", "--eval", script];
}

test("two windows at once both get the environment, whatever workspace they are in", async () => {
  const here = withUv();
  const workspace = mkdtempSync(join(scratch, "workspace-"));
  writeFileSync(join(workspace, "uv.toml"), "not TOML");
  writeFileSync(join(workspace, "pyproject.toml"), "not TOML");
  writeFileSync(join(workspace, "json.py"), "raise SystemExit('imported out of the workspace')");
  const options = { cwd: workspace, env: here.env };
  const windows = await Promise.all([1, 2].map(() => execute(process.execPath, windowOf(here), options)));
  const [first, second] = windows.map(({ stdout }) => stdout.trim());
  assert.equal(first, second);
  assert.equal(environmentsOf(here.storage).length, 1);
  await sidecarAnswers(first ?? "");
});

test("a new version gets its own environment; old ones go when unused for 30 days", async () => {
  const here = withUv();
  const old = await ensureEnvironment(here);
  const folder = join(here.storage, "environments");
  const now = Date.now() / 1000;
  for (const [name, days] of [
    ["0123456789abcdef", 31],
    ["0123456789abcdef.1-aaaaaaaa.tmp", 2],
    ["notes", 1000],
  ] as const) {
    mkdirSync(join(folder, name));
    utimesSync(join(folder, name), now, now - days * 24 * 3600);
  }
  utimesSync(join(dirname(dirname(old)), "used"), now, now - 29 * 24 * 3600);
  const bundle = bundleWith("requirements.txt", (text) => `${text}\n# changed\n`);
  const next = { ...here, bundle, directory: directoryFor(bundle, here.storage) };
  const python = await ensureEnvironment(next);
  assert.notEqual(python, old);
  await sidecarAnswers(old);
  const [oldName, name] = [old, python].map((path) => basename(dirname(dirname(path))));
  assert.deepEqual(environmentsOf(here.storage), [oldName, name, "notes"].sort());

  utimesSync(join(dirname(dirname(old)), "used"), now, now - 31 * 24 * 3600);
  await make(next);
  assert.deepEqual(environmentsOf(here.storage), [name, "notes"].sort());
  await sidecarAnswers(python);
});

test("an environment that does not start is made anew where it is broken, and only there", async () => {
  const here = withUv();
  const python = await ensureEnvironment(here);
  for (const other of ["/nowhere/python3", process.execPath]) {
    unlinkSync(python);
    symlinkSync(other, python);
    await make(here);
    await sidecarAnswers(python);
  }
  for (const name of ["mcp_sidecar", "pygls"]) {
    const [library = ""] = readdirSync(join(here.directory, "lib"));
    rmSync(join(here.directory, "lib", library, "site-packages", name), { recursive: true });
    await make(here);
    await sidecarAnswers(python);
  }
  const commands = commandsOf(here).length;
  await make(here);
  assert.equal(commandsOf(here).length, commands + 1, "the check alone");
  assert.deepEqual(environmentsOf(here.storage), [basename(here.directory)]);
});

test("a cancel in the middle leaves no process and no directory", async (context) => {
  for (const [what, programs, sign] of [
    ["uv", { uv: UV ?? "", python3: PYTHON }, /pip install .*--require-hashes/],
    ["what Python starts", { python3: PYTHON }, /ensurepip/],
  ] as const) {
    await context.test(what, async () => {
      const abort = new AbortController();
      const cold = { UV_CACHE_DIR: join(mkdtempSync(join(scratch, "cache-"))) };
      const here = machine(programs, { signal: abort.signal, env: cold });
      const made = ensureEnvironment(here).then(
        () => assert.fail("not cancelled"),
        (error) => error,
      );
      while (!(await processesAt(here.storage)).some((line) => sign.test(line))) await delay(10);
      abort.abort();
      assert.match((await made).message, CANCELLED.message);
      assert.deepEqual(await processesAt(here.storage), []);
      assert.deepEqual(environmentsOf(here.storage), []);
    });
  }
  await assert.rejects(ensureEnvironment(withUv({ signal: AbortSignal.abort() })), CANCELLED);
});

test("neither a killed editor nor a terminated installer leaves a process or a directory", async (context) => {
  for (const [what, signal] of [
    ["the editor", "SIGKILL"],
    ["the installer", "SIGTERM"],
  ] as const) {
    await context.test(what, async () => {
      const here = withUv({ env: { UV_CACHE_DIR: mkdtempSync(join(scratch, "cache-")) } });
      const window = spawn(process.execPath, windowOf(here), { env: here.env, stdio: "ignore" });
      const ended = new Promise((resolve) => window.once("exit", resolve));
      while (!(await processesAt(here.storage)).some((line) => /pip install .*--require-hashes/.test(line)))
        await delay(10);
      if (what === "the editor") window.kill(signal);
      else
        for (const line of await processesAt("install.py"))
          if (line.includes(here.storage)) process.kill(Number.parseInt(line, 10), signal);
      await ended;
      while ((await processesAt(here.storage)).length > 0) await delay(10);
      assert.deepEqual(environmentsOf(here.storage), []);
    });
  }
});

test("no Python and no uv: what was looked for is told, and each that was passed over", async (context) => {
  if (process.platform === "darwin") return unavailable(context, "Homebrew's folders are looked at here in any case");
  const nothing = await failure(machine({}));
  assert.match(nothing, FAILURES.noPython);
  assert.match(nothing, /uv, python3\.14 to python3\.11, python3 and python .*: nothing\. .*mcpSidecar\.interpreter/);

  const { stdout } = await execute(PYTHON, ["-I", "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"]);
  // As Debian has it without python3-venv: a real Python and all of its library but this one package.
  const bare = mkdtempSync(join(scratch, "bare-"));
  const library = join(bare, "lib", basename(stdout.trim()));
  mkdirSync(library, { recursive: true });
  mkdirSync(join(bare, "bin"));
  for (const name of readdirSync(stdout.trim()))
    if (name !== "ensurepip") symlinkSync(join(stdout.trim(), name), join(library, name));
  copyFileSync(PYTHON, join(bare, "bin/python3"));
  chmodSync(join(bare, "bin/python3"), 0o755);
  const message = await failure(
    machine({
      uv: "#!/bin/sh\necho 'pyenv: uv: command not found' >&2\nexit 127\n",
      "python3.12": "#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n",
      python3: join(bare, "bin/python3"),
      python: pythonOfVersion(3, 6, 15),
    }),
  );
  assert.match(message, FAILURES.noPython);
  assert.match(
    message,
    /uv run .* \(pyenv: uv: command not found\), python3\.12 \(pyenv: python3\.12: command not found\)/,
  );
  assert.match(message, /python3 \(Python 3\.\d+\.\d+ lacks ensurepip: install python3-venv\)/);
  assert.match(message, /python \(Python 3\.6\.15 is too old\)/);
});

test("a uv that finds no Python and may not fetch one says so", async () => {
  const message = await failure(machine({ uv: UV ?? "" }, { env: { UV_PYTHON_DOWNLOADS: "never" } }));
  assert.match(message, FAILURES.noPython);
  assert.match(message, /no interpreter found/i);
});

test("no network", async (context) => {
  const cache = mkdtempSync(join(scratch, "cache-"));
  const nowhere = "http://127.0.0.1:9/";
  const offline = { UV_CACHE_DIR: cache, PIP_NO_CACHE_DIR: "1", PIP_RETRIES: "0", UV_HTTP_RETRIES: "0" };
  const closed = { ...offline, UV_INDEX_URL: nowhere, PIP_INDEX_URL: nowhere };
  const proxy = { ...offline, HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere, ALL_PROXY: nowhere };
  const unknown = { ...offline, UV_INDEX_URL: "http://index.invalid/", PIP_INDEX_URL: "http://index.invalid/" };
  const untrusted = { ...offline, SSL_CERT_FILE: join(cache, "none.pem"), SSL_CERT_DIR: cache, PIP_CERT: "" };
  writeFileSync(untrusted.SSL_CERT_FILE, "");
  const uv = Object.entries({ closed, proxy, unknown, untrusted }).map(
    ([name, env]) => [name, withUv({ env })] as const,
  );
  const retried = { ...closed, PIP_RETRIES: "1" };
  const pip = Object.entries({ closed, retried }).map(
    ([name, env]) => [`${name}, without uv`, machine({ python3: PYTHON }, { env })] as const,
  );
  for (const [name, here] of [...uv, ...pip]) {
    await context.test(name, async (context) => {
      const message = await failure(here);
      context.diagnostic(message);
      assert.match(message, FAILURES.noNetwork);
      assert.match(message, /HTTPS_PROXY.*SSL_CERT_FILE.*UV_INDEX_URL/);
    });
  }
});

test("a full disk", async (context) => {
  for (const [programs, mebibytes] of [
    [{ uv: UV ?? "", python3: PYTHON }, 8],
    [{ python3: PYTHON }, 8],
  ] as const) {
    await context.test(`with ${Object.keys(programs)}`, async (context) => {
      const disk = await smallDisk(context, mebibytes);
      if (disk === undefined) return;
      const message = await failure(machine(programs, { storage: disk }));
      context.diagnostic(message);
      assert.match(message, FAILURES.diskFull);
    });
  }
});

test("a storage that can't be written to", async (context) => {
  const file = join(scratch, "file");
  writeFileSync(file, "");
  assert.match(await failure(withUv({ storage: join(file, "storage") })), FAILURES.notWritable);
  await context.test("a read-only file system", async (context) => {
    const disk = await smallDisk(context, 1, "ro");
    if (disk !== undefined) assert.match(await failure(withUv({ storage: disk })), FAILURES.notWritable);
  });
});

/** The bundle, with another text of one of its requirements. */
function bundleWith(name: string, change: (text: string) => string): string {
  const folder = mkdtempSync(join(scratch, "bundle-"));
  for (const each of readdirSync(bundle)) copyFileSync(join(bundle, each), join(folder, each));
  writeFileSync(join(folder, name), change(readFileSync(join(bundle, name), "utf8")));
  return folder;
}

test("a package that is not the expected one is not installed", async () => {
  const wrong = (text: string) => text.replaceAll(/sha256:[0-9a-f]{4}/g, "sha256:0000");
  const cold = { UV_CACHE_DIR: mkdtempSync(join(scratch, "cache-")) };
  const uv = withUv({ bundle: bundleWith("requirements.txt", wrong), env: cold });
  assert.match(await failure(uv), FAILURES.hashMismatch);
  const pip = machine({ python3: PYTHON }, { bundle: bundleWith("requirements-uv.txt", wrong) });
  assert.match(await failure(pip), FAILURES.hashMismatch);
});

test("a sidecar that does not start is never put into place, and the reason is told", async () => {
  const lacking = bundleWith("requirements.txt", (text) => text.replace(/^pygls==[^\n]*\n(\s+[^\n]*\n)+/m, ""));
  const message = await failure(withUv({ bundle: lacking }));
  assert.match(message, FAILURES.failed);
  assert.match(message, /No module named 'pygls'/);
  const without = bundleWith("requirements.txt", (text) => text);
  for (const name of readdirSync(without)) if (name.endsWith(".whl")) unlinkSync(join(without, name));
  assert.match(await failure(withUv({ bundle: without })), /incomplete/);
});
