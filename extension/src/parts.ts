/** The parts of the extension, as the commands find them: one of each for a window. */
import type { LogOutputChannel } from "vscode";
import type { Action } from "./actions.ts";
import type { Documents } from "./documents.ts";
import type { LastArguments } from "./lastArguments.ts";
import type { Recents } from "./recents.ts";
import type { ResultPanel } from "./resultPanel.ts";
import type { ServerLists } from "./serverLists.ts";
import type { ServerOutput } from "./serverOutput.ts";
import type { ServerView } from "./serverView.ts";
import type { Sidecar } from "./sidecar.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { TraceDocument } from "./traceDocument.ts";

export interface Parts {
  log: LogOutputChannel;
  sidecar: Sidecar;
  recents: Recents;
  documents: Documents;
  panel: ResultPanel;
  output: ServerOutput;
  lists: ServerLists;
  view: ServerView;
  subscriptions: Subscriptions;
  lastArguments: LastArguments;
  trace: TraceDocument;
  /** What can be done now. */
  actions: () => Action[];
}
