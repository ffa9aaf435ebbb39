/** The real VS Code of this machine: code-server and a Chromium, installed by scripts/install_vscode.sh when missing. */

import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

/** The checkout. */
export const ROOT = resolve(import.meta.dirname, "../../..");

/** The status of scripts/install_vscode.sh that means: can't be had on this machine. */
const UNAVAILABLE = 3;

export interface Installation {
  /** Runs code-server with the Node it needs. */
  readonly codeServer: string;
  readonly chromium: string;
}

/** The installation, or in a line why there can't be one here. */
export function findInstallation(): Installation | string {
  const script = spawnSync("bash", [resolve(ROOT, "scripts/install_vscode.sh")], { encoding: "utf8" });
  if (script.error) return `no real VS Code for the tests: bash is needed to install it (${script.error.message})`;
  const reason = script.stderr.trim();
  if (script.status === UNAVAILABLE) return reason.split("\n").at(-1) ?? "";
  if (script.status !== 0) throw new Error(`scripts/install_vscode.sh ended with status ${script.status}:\n${reason}`);
  const found = new Map(script.stdout.split("\n").map((line) => line.split(/=(.*)/s, 2) as [string, string]));
  const path = (name: string): string => {
    const value = found.get(name);
    if (!value) throw new Error(`scripts/install_vscode.sh did not print ${name}=…, but:\n${script.stdout}`);
    return value;
  };
  return { codeServer: path("CODE_SERVER"), chromium: path("CHROMIUM") };
}

let known: Installation | string | undefined;

/** Why tests in a real VS Code must be skipped here, or false. With MCP_SIDECAR_NO_SKIPS=1 that is an error instead. */
export function reasonToSkip(): string | false {
  known ??= findInstallation();
  if (typeof known !== "string") return false;
  if (process.env.MCP_SIDECAR_NO_SKIPS === "1") throw new Error(`${known} (and MCP_SIDECAR_NO_SKIPS=1 is set)`);
  return known;
}

export function installation(): Installation {
  known ??= findInstallation();
  if (typeof known === "string") throw new Error(known);
  return known;
}
