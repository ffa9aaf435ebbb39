/** One real VS Code window: code-server with a clean profile, shown by Chromium. */

import { existsSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { CodeServer, type CodeServerOptions } from "./codeServer.ts";
import { Editors } from "./editors.ts";
import { installation, ROOT } from "./installation.ts";
import { Notifications } from "./notifications.ts";
import { Output } from "./output.ts";
import { Palette } from "./palette.ts";
import type { Process } from "./processes.ts";
import { Profile, type ProfileOptions, type Settings } from "./profile.ts";
import { QuickInput } from "./quickInput.ts";
import { LIMIT_MS, Screen, texts } from "./screen.ts";
import { StatusBar } from "./statusBar.ts";
import { Webviews } from "./webviews.ts";

export interface WorkbenchOptions extends ProfileOptions, CodeServerOptions {
  /** The workspace folder; by default a new one with `files` in it. */
  readonly folder?: string;
  /** Pixels of a screenshot for each of the window's 1280 × 800. */
  readonly scale?: number;
  /** The id of the extension's status bar item, after the id of the extension and a dot. */
  readonly statusItem?: string;
}

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const SIZE = { width: 1280, height: 800 };
const STATUS_ITEM = "mcp-sidecar.mcp-sidecar.connection";
const SCREENSHOTS = resolve(ROOT, "build/screenshots");
const OPEN_LIMIT_MS = 60_000;

let launched: Promise<Browser> | undefined;

/** The one browser of this process: launching one takes a fifth of the processor time of opening a window. */
async function browser(executablePath: string): Promise<Browser> {
  if (!(await launched)?.isConnected()) launched = chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
  return launched as Promise<Browser>;
}

/** Ends the browser, which keeps the process alive. */
export async function closeBrowser(): Promise<void> {
  await (await launched)?.close();
}

/** What the windows of one code-server share. */
interface Shared {
  readonly profile: Profile;
  readonly server: CodeServer;
  readonly context: BrowserContext;
  readonly statusItem: string;
  /** How many windows have been loaded, each with an extension host of its own. */
  readonly opened: { count: number };
}

export class Workbench {
  readonly folder: string;
  readonly page: Page;
  readonly screen: Screen;
  readonly quickInput: QuickInput;
  readonly palette: Palette;
  readonly status: StatusBar;
  readonly notifications: Notifications;
  readonly editors: Editors;
  readonly webviews: Webviews;
  readonly output: Output;
  readonly #shared: Shared;

  private constructor(shared: Shared, page: Page, folder: string) {
    this.#shared = shared;
    this.folder = folder;
    this.page = page;
    this.screen = new Screen(page);
    this.quickInput = new QuickInput(this.screen);
    this.palette = new Palette(this.screen, this.quickInput);
    this.status = new StatusBar(this.screen, shared.statusItem);
    this.notifications = new Notifications(this.screen);
    this.editors = new Editors(this.screen, this.quickInput);
    this.webviews = new Webviews(this.screen);
    this.output = new Output(this.screen, this.palette);
  }

  /** Starts a code-server and a session of the browser of its own, and opens a window that is ready for commands. */
  static async start(options: WorkbenchOptions = {}): Promise<Workbench> {
    const programs = installation();
    if (options.vsix && !existsSync(options.vsix)) throw new Error(`there is no ${options.vsix}: make vsix builds it`);
    const profile = new Profile(programs.codeServer, options);
    const launching = browser(programs.chromium);
    let server: CodeServer | undefined;
    let context: BrowserContext | undefined;
    try {
      server = await CodeServer.start(programs.codeServer, profile, options);
      context = await (await launching).newContext({
        viewport: SIZE,
        deviceScaleFactor: options.scale ?? 1,
        permissions: ["clipboard-read", "clipboard-write"],
      });
      const shared = {
        profile,
        server,
        context,
        statusItem: options.statusItem ?? STATUS_ITEM,
        opened: { count: 0 },
      };
      return await Workbench.#open(shared, options.folder ?? profile.workspace);
    } catch (error) {
      const output = server?.output ?? "";
      await context?.close();
      await server?.stop();
      profile.remove();
      throw new Error(`VS Code did not start: ${(error as Error).message}\n${output}`, { cause: error });
    }
  }

  static async #open(shared: Shared, folder: string): Promise<Workbench> {
    const page = await shared.context.newPage();
    // "Leave the page?", because of unsaved editors.
    page.on("dialog", (dialog) => void dialog.accept().catch(() => undefined));
    await StatusBar.record(page, shared.statusItem);
    const window = new Workbench(shared, page, folder);
    await page.goto(`${shared.server.url}/?folder=${encodeURIComponent(folder)}`, { waitUntil: "commit" });
    await window.#ready();
    return window;
  }

  /** Another window of the same code-server and profile. */
  openWindow(folder: string): Promise<Workbench> {
    return Workbench.#open(this.#shared, folder);
  }

  /**
   * Waits for the window, and for its extension host to have activated what starts with it: VS Code leaves the extension
   * host of a window that is closed before to itself.
   */
  async #ready(): Promise<void> {
    this.#shared.opened.count += 1;
    const statusBar = this.page.locator(".monaco-workbench .part.statusbar .statusbar-item");
    await statusBar.first().waitFor({ timeout: OPEN_LIMIT_MS });
    const logs = () =>
      globSync(join(this.profile.logs, "*/exthost*/remoteexthost.log")).map((path) => readFileSync(path, "utf8"));
    await this.screen.until(
      "activated extensions in every window",
      async () => logs().filter((log) => log.includes("Eager extensions activated")).length,
      (count) => count >= this.#shared.opened.count,
      OPEN_LIMIT_MS,
    );
  }

  get profile(): Profile {
    return this.#shared.profile;
  }

  get server(): CodeServer {
    return this.#shared.server;
  }

  /** Runs a command by the palette, whose title it is: "MCP Sidecar: Connect…". */
  runCommand(title: string): Promise<void> {
    return this.palette.run(title);
  }

  /**
   * Changes the settings until `effect`, which waits as long as it is told to, has seen what comes of it: VS Code misses a
   * change that comes before it watches the file, which on a busy machine is some time after a window is ready.
   */
  async changeSettings<T>(changes: Settings, effect: (limitMs: number) => Promise<T>): Promise<T> {
    for (let limitMs = 5_000; ; limitMs *= 2) {
      this.profile.changeSettings(changes);
      try {
        return await effect(limitMs);
      } catch (error) {
        if (limitMs > LIMIT_MS) throw error;
      }
    }
  }

  /** The reload of a browser window: a new extension host. */
  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: "commit" });
    await this.#ready();
  }

  /** The text of the banner above the editors, which tells of restricted mode. */
  async banner(): Promise<string> {
    return (await texts(this.page.locator(".part.banner .message-container").filter({ visible: true }))).join(" ");
  }

  /** All of code-server's descendants, and itself. */
  processes(): Process[] {
    return this.server.tree.list();
  }

  killServer(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    return this.server.kill(signal);
  }

  killExtensionHost(signal: NodeJS.Signals = "SIGKILL"): void {
    this.server.killExtensionHosts(signal);
  }

  /** Writes build/screenshots/<name>.png: the window, or only a part with `margin` pixels around it. Its path. */
  async screenshot(name: string, part?: Locator, margin = 0): Promise<string> {
    const path = resolve(SCREENSHOTS, `${name}.png`);
    mkdirSync(dirname(path), { recursive: true });
    const box = await part?.boundingBox();
    if (part && !box) throw new Error(`no screenshot ${name}: ${part} is not to be seen`);
    const clip = box && {
      x: Math.max(0, box.x - margin),
      y: Math.max(0, box.y - margin),
      width: Math.min(SIZE.width, box.x + box.width + margin) - Math.max(0, box.x - margin),
      height: Math.min(SIZE.height, box.y + box.height + margin) - Math.max(0, box.y - margin),
    };
    await this.page.screenshot({ path, animations: "disabled", caret: "hide", ...(clip && { clip }) });
    return path;
  }

  /** Closes this window as a user does, so that VS Code can say good-bye to the extension host. */
  async closeWindow(): Promise<void> {
    if (this.page.isClosed()) return;
    const closed = this.page.waitForEvent("close");
    await this.page.close({ runBeforeUnload: true });
    await closed;
  }

  /** Closes this window, then code-server. The processes that are left then, which are killed. */
  async close(): Promise<Process[]> {
    // Descendants that lose their parents are known by having been seen.
    this.processes();
    await this.closeWindow().catch(() => undefined);
    const left = await this.server.stop();
    await this.#shared.context.close();
    this.profile.remove();
    return left;
  }
}
