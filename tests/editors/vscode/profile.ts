/** The clean profile of a VS Code in a test: its directories, its settings, the extensions it starts with. */

import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

export type Theme = "light" | "dark" | "high-contrast" | "high-contrast-light";

export type Settings = Readonly<Record<string, unknown>>;

const THEMES: Record<Theme, string> = {
  light: "Light Modern",
  dark: "Dark Modern",
  "high-contrast": "Default High Contrast",
  "high-contrast-light": "Default High Contrast Light",
};

const QUIET: Settings = {
  "chat.commandCenter.enabled": false,
  "chat.disableAIFeatures": true,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "json.schemaDownload.enable": false,
  "remote.autoForwardPorts": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.autoDetectColorScheme": false,
  "window.autoDetectHighContrast": false,
  "window.confirmBeforeClose": "never",
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

/** What a test's typing and looking needs: keys do what they say, nothing blinks or is late. */
const STEADY: Settings = {
  "editor.autoClosingBrackets": "never",
  "editor.autoClosingQuotes": "never",
  "editor.autoIndent": "none",
  "editor.cursorBlinking": "solid",
  // As on the desktop. In a browser it is on.
  "files.autoSave": "off",
  "workbench.hover.delay": 50,
  "workbench.reduceMotion": "on",
};

/** The window opens in restricted mode at once, with the banner; without this a dialog asks first. */
const RESTRICTED: Settings = { "security.workspace.trust.startupPrompt": "never" };

/**
 * VS Code's own extensions that a test may need: themes, icons, the languages of servers and results. All the others
 * (git, TypeScript, Copilot, sign-in, …) double the time until an extension is activated.
 */
const BUILT_IN_EXTENSIONS = [
  /^theme-(defaults|seti|modern-icons)$/,
  /^(json|json-language-features|log|yaml|ini|python|javascript|typescript-basics|shellscript)$/,
  /^(markdown-basics|markdown-language-features|media-preview)$/,
  // What they share.
  /^(node_modules|package\.json)$/,
];

export interface ProfileOptions {
  readonly theme?: Theme;
  /** Added to settings.json, over the defaults of the tests. */
  readonly settings?: Settings;
  /** Files of the workspace folder, by their relative paths. */
  readonly files?: Readonly<Record<string, string>>;
  /** Directories of extensions that only tests have. */
  readonly fixtures?: readonly string[];
}

export class Profile {
  readonly directory: string;
  readonly userData: string;
  readonly extensions: string;
  readonly builtInExtensions: string;
  /** code-server's own configuration, empty, so that the user's is not read. */
  readonly config: string;
  /** A workspace folder with the given files. */
  readonly workspace: string;
  readonly #settings: Record<string, unknown> = {};

  constructor(codeServer: string, options: ProfileOptions = {}) {
    // Short, because code-server puts a Unix socket into it, whose path may have 107 bytes.
    this.directory = mkdtempSync(join(realpathSync(tmpdir()), "mcp-e2e-"));
    this.userData = join(this.directory, "user");
    this.extensions = join(this.directory, "extensions");
    this.builtInExtensions = join(this.directory, "built-in");
    this.config = join(this.directory, "config.yaml");
    this.workspace = join(this.directory, "workspace");
    for (const directory of [this.extensions, this.builtInExtensions, this.workspace]) mkdirSync(directory);
    writeFileSync(this.config, "");
    this.changeSettings({ ...QUIET, ...STEADY, ...RESTRICTED, ...themeSetting(options.theme), ...options.settings });
    this.#linkBuiltInExtensions(codeServer);
    for (const path of options.fixtures ?? []) symlinkSync(path, join(this.builtInExtensions, basename(path)));
    for (const [path, text] of Object.entries(options.files ?? {})) this.writeFile(path, text);
  }

  /** Changes settings.json; a running VS Code takes it over. Undefined removes a setting. */
  changeSettings(changes: Settings): void {
    Object.assign(this.#settings, changes);
    // A window in a browser is a remote one: settings of scope "machine" are read from "Machine" there.
    for (const scope of ["User", "Machine"]) {
      const directory = join(this.userData, scope);
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "settings.json"), JSON.stringify(this.#settings, null, 2));
    }
  }

  /** Writes a file of the workspace; its path. */
  writeFile(path: string, text: string): string {
    const absolute = join(this.workspace, path);
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, text);
    return absolute;
  }

  get logs(): string {
    return join(this.userData, "logs");
  }

  remove(): void {
    // Something may still be writing its last line.
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #linkBuiltInExtensions(codeServer: string): void {
    const all = join(dirname(codeServer), "node_modules/code-server/lib/vscode/extensions");
    for (const name of readdirSync(all)) {
      if (!BUILT_IN_EXTENSIONS.some((pattern) => pattern.test(name))) continue;
      symlinkSync(join(all, name), join(this.builtInExtensions, name));
    }
  }
}

function themeSetting(theme: Theme = "dark"): Settings {
  return { "workbench.colorTheme": THEMES[theme] };
}
