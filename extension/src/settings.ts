/** The user's settings, as the rest of the extension needs them. */
import { type ConfigurationChangeEvent, workspace } from "vscode";

const SECTION = "mcpSidecar";

/** Settings that hold only from the sidecar's next start on. */
const START_SETTINGS = ["interpreter", "command", "logLevel"].map((name) => `${SECTION}.${name}`);

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
    interpreter: settings.get("interpreter", "").trim(),
    command: settings.get<string[]>("command", []),
    logLevel: settings.get("logLevel", "warning"),
  };
}

/** What the sidecar takes as `initializationOptions.mcp` and in `workspace/didChangeConfiguration`. */
export function sidecarSettings(): { connectTimeout?: number; callTimeout?: number } {
  const settings = workspace.getConfiguration(SECTION);
  const connectTimeout = settings.get<number | null>("connectTimeout", null);
  const callTimeout = settings.get<number | null>("callTimeout", null);
  return { ...(connectTimeout !== null && { connectTimeout }), ...(callTimeout !== null && { callTimeout }) };
}

export function traceSetting(): "off" | "messages" | "verbose" {
  return workspace.getConfiguration(SECTION).get("trace", "off");
}

export function concernsUs(event: ConfigurationChangeEvent): boolean {
  return event.affectsConfiguration(SECTION);
}

export function needsRestart(event: ConfigurationChangeEvent): boolean {
  return START_SETTINGS.some((name) => event.affectsConfiguration(name));
}
