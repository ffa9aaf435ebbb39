/** The commands about what the server offers, and what follows the server by itself. */
import { type Disposable, l10n } from "vscode";
import { showRequest } from "./callTool.ts";
import { failureOf } from "./failure.ts";
import { copyJson, copyName, getPrompt, openPart, readResource } from "./offers.ts";
import type { Parts } from "./parts.ts";
import { runPrompt } from "./promptRun.ts";
import { type Given, itemOf } from "./serverItems.ts";

export const SERVER_COMMANDS: Record<string, (parts: Parts, ...args: never[]) => unknown> = {
  readResource,
  getPrompt,
  runPrompt,
  openPart,
  copyName,
  copyJson,
  subscribe: ({ subscriptions }, given: Given) => subscriptions.begin(itemOf(given)?.id ?? String(given)),
  unsubscribe: ({ subscriptions }, given: Given) => subscriptions.end(itemOf(given)?.id ?? String(given)),
  refreshView: refresh,
  findInView: ({ view }) => view.find(),
  // VS Code runs the command of a row only where its enablement holds without the row: this one has none.
  retryList: refresh,
  inspectServer: (parts) => showRequest(parts, { method: "inspect" }, l10n.t("Inspecting the server")),
  showTrace: ({ trace }) => trace.show(),
  refreshTrace: ({ trace }) => trace.refresh(),
};

function refresh({ lists }: Parts, node: Given): void {
  const isOne = typeof node === "object" && !("item" in node);
  lists.refresh(isOne ? ("group" in node ? node.group : node.failed) : undefined);
}

/** Read a resource again that was updated while its page is read; let the trace follow. */
export function followServer(parts: Parts): Disposable[] {
  const { sidecar, subscriptions, panel, trace, log } = parts;
  let isReading = false;
  const readAgain = async (uri: string) => {
    // One at a time: what comes meanwhile is in the answer, or comes again.
    if (isReading || !panel.shows(uri)) return;
    isReading = true;
    try {
      await showRequest(parts, { method: "resources/read", params: { uri } }, l10n.t("Reading {0}", uri));
    } catch (error) {
      log.warn(failureOf(error)?.message ?? String(error));
    } finally {
      isReading = false;
    }
  };
  return [subscriptions.onDidChange((uri) => uri && readAgain(uri)), sidecar.onDidChangeState(() => trace.follow())];
}
