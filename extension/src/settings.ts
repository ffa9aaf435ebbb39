/** The user's settings, as the rest of the extension needs them. */
import { workspace } from "vscode";

export const SECTION = "mcpSidecar";

/** Settings that hold only from the sidecar's next start on. */
export const START_SETTINGS = ["interpreter", "command", "logLevel"].map((name) => `${SECTION}.${name}`);

export type LaunchSettings = ReturnType<typeof launchSettings>;

export function launchSettings() {
  const settings = workspace.getConfiguration(SECTION);
  return {
    /** A Python interpreter that has the sidecar installed; empty for the extension's own environment. */
    interpreter: String(settings.get("interpreter") ?? "").trim(),
    /** A whole command line instead; empty for none. Whatever the file holds: a single text is meant as a program. */
    command: [settings.get<string[] | string>("command") ?? []].flat().filter(Boolean).map(String),
    logLevel: settings.get("logLevel", "warning"),
  };
}

/** The sidecar's own settings have the names of ours (docs/protocol.md, "Settings"). */
export function sidecarSettings(): object {
  return { mcp: workspace.getConfiguration(SECTION) };
}

/** What is said once, at the start: the settings, and what the editor answers by itself ("Requests of the server"). */
export function initializationOptions(): object {
  return { mcp: { ...workspace.getConfiguration(SECTION), client: { elicitation: true, sampling: true } } };
}
