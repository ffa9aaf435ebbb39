import { deepEqual, equal } from "node:assert/strict";
import test from "node:test";
import { env, type LogOutputChannel, workspace } from "vscode";
import type { LanguageClientOptions } from "vscode-languageclient/node";
import { Client } from "../../extension/src/client.ts";

/** What the client is made with, in a window that is a remote one or none, with these settings. */
function options(remoteName?: string, settings: object = {}): LanguageClientOptions {
  Object.assign(env, { remoteName });
  Object.assign(workspace, { getConfiguration: () => settings });
  const launch = { command: "sidecar", args: [], setting: "" };
  const client = new Client(launch, {} as LogOutputChannel, "/home/me/.config/Code/User", () => undefined);
  return (client as unknown as { options: LanguageClientOptions }).options;
}

/** The schemes of the files in which servers are configured. */
function schemes(remoteName?: string): unknown[] {
  const filters = options(remoteName).documentSelector as { scheme: string; pattern?: string }[];
  return filters.filter(({ pattern }) => pattern?.includes("mcp")).map(({ scheme }) => scheme);
}

test("the user's own files are served where they lie on the machine of the sidecar", () => {
  deepEqual(schemes(), ["file", "vscode-userdata"]);
  for (const remoteName of ["ssh-remote", "wsl", "dev-container", "127.0.0.1:8080"])
    deepEqual(schemes(remoteName), ["file"]);
});

test("no setting of a workspace says which files are the user's own", () => {
  const { mcp } = options(undefined, { userData: "/workspace", client: {} }).initializationOptions;
  equal(mcp.userData, "/home/me/.config/Code/User");
  equal(mcp.client.commands, true);
});
