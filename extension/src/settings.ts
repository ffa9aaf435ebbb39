/** The user's settings, as the rest of the extension needs them. */
import { workspace } from "vscode";

export const SECTION = "mcpSidecar";

/** Settings that hold only from the sidecar's next start on. */
export const START_SETTINGS = ["interpreter", "command", "logLevel"].map((name) => `${SECTION}.${name}`);

export interface LaunchSettings {
  /** A Python interpreter that has the sidecar installed; empty for the extension's own environment. */
  interpreter: string;
  /** A whole command line instead; empty for none. */
  command: readonly string[];
  logLevel: string;
}

export function launchSettings(): LaunchSettings {
  const settings = workspace.getConfiguration(SECTION);
  return {
    interpreter: String(settings.get("interpreter") ?? "").trim(),
    // Whatever the file holds: a single text is meant as a program.
    command: [settings.get<string[] | string>("command") ?? []].flat().filter(Boolean).map(String),
    logLevel: settings.get("logLevel", "warning"),
  };
}

/** What the sidecar takes as `initializationOptions.mcp`; null, the default of each, is left to the sidecar. */
export function sidecarSettings(): { [name: string]: number } {
  const settings = workspace.getConfiguration(SECTION);
  const pairs = ["connectTimeout", "callTimeout"].map((name) => [name, settings.get<number | null>(name)]);
  return Object.fromEntries(pairs.filter(([, value]) => value != null));
}

export function traceSetting(): "off" | "messages" | "verbose" {
  const value = workspace.getConfiguration(SECTION).get("trace");
  return value === "messages" || value === "verbose" ? value : "off";
}
