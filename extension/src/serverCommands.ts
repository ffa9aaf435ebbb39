/** The commands about what the server offers, and what follows the server by itself. */
import { type Disposable, l10n } from "vscode";
import { elicit } from "./elicitation.ts";
import { failureOf } from "./failure.ts";
import { callTool, copyJson, copyName, getPrompt, openPart, openResult, readResource } from "./offers.ts";
import type { Parts } from "./parts.ts";
import { followModels, runPrompt } from "./promptRun.ts";
import { showRequest } from "./resultPanel.ts";
import { type Sampler, sample } from "./sampling.ts";
import { type Given, itemOf } from "./serverItems.ts";
import { ServerQuestions } from "./serverQuestions.ts";

export const SERVER_COMMANDS: Record<string, (parts: Parts, ...args: never[]) => unknown> = {
  callTool,
  // Of the sidecar's code lenses, with the entry of a configuration file, which is no tool.
  "tools.call": (parts) => callTool(parts, undefined),
  readResource,
  getPrompt,
  runPrompt,
  openResult,
  openPart,
  copyName,
  copyJson,
  subscribe: ({ subscriptions }, given: Given) => withUri(given, (uri) => subscriptions.begin(uri)),
  unsubscribe: ({ subscriptions }, given: Given) => withUri(given, (uri) => subscriptions.end(uri)),
  refreshView: refresh,
  findInView: ({ view }) => view.find(),
  // VS Code runs the command of a row only where its enablement holds without the row: this one has none.
  retryList: refresh,
  inspectServer: (parts) => showRequest(parts, { method: "inspect" }, l10n.t("Inspecting the server")),
  showTrace: ({ trace }) => trace.show(),
  refreshTrace: ({ trace }) => trace.refresh(),
};

/** Do something with a resource; with none where VS Code names a row that the view has drawn anew meanwhile. */
function withUri(given: Given, task: (uri: string) => Promise<void>): Promise<void> | undefined {
  const uri = itemOf(given)?.id ?? (typeof given === "string" ? given : undefined);
  return uri === undefined ? undefined : task(uri);
}

function refresh({ lists }: Parts, node: Given): void {
  const isOne = typeof node === "object" && !("item" in node);
  lists.refresh(isOne ? ("group" in node ? node.group : node.failed) : undefined);
}

/** Show what the server offers, and follow what it pushes and asks. */
export function followServer(parts: Parts): Disposable[] {
  const { sidecar, lists, subscriptions, view, trace, log, documents } = parts;
  const asker: Sampler = { log, documents, sidecar, questions: new ServerQuestions(sidecar) };
  sidecar.serve(
    {
      "mcp/notifications/tools/list_changed": () => lists.refresh("tool"),
      "mcp/notifications/prompts/list_changed": () => lists.refresh("prompt"),
      "mcp/notifications/resources/list_changed": () => {
        lists.refresh("resource");
        lists.refresh("resourceTemplate");
      },
      "mcp/notifications/resources/updated": (params) => subscriptions.updated(params),
      "mcp/didEndSubscription": (params) => subscriptions.ended(params),
    },
    {
      "mcp/elicitation/create": (params, token) => elicit(asker, params, token),
      "mcp/sampling/createMessage": (params, token) => sample(asker, params, token),
    },
  );
  return [
    view.tree,
    subscriptions.onDidChange(readUpdates(parts)),
    sidecar.onDidChangeState(() => trace.follow()),
    followModels(),
    trace,
  ];
}

/** Reads a resource again that was updated while its page is read. */
function readUpdates(parts: Parts): (uri: string | undefined) => Promise<void> {
  let isReading = false;
  return async (uri) => {
    // One at a time: what comes meanwhile is in the answer, or comes again.
    if (isReading || uri === undefined || !parts.panel.shows(uri)) return;
    isReading = true;
    try {
      await showRequest(parts, { method: "resources/read", params: { uri } }, l10n.t("Reading {0}", uri));
    } catch (error) {
      parts.log.warn(failureOf(error)?.message ?? String(error));
    } finally {
      isReading = false;
    }
  };
}
