/** The parts of the extension, as the commands find them: one of each for a window. */
import type { LogOutputChannel } from "vscode";
import type { Action } from "./actions.ts";
import type { Documents } from "./documents.ts";
import type { Recents } from "./recents.ts";
import type { ResultPanel } from "./resultPanel.ts";
import type { ServerOutput } from "./serverOutput.ts";
import type { Sidecar } from "./sidecar.ts";

export interface Parts {
  log: LogOutputChannel;
  sidecar: Sidecar;
  recents: Recents;
  documents: Documents;
  panel: ResultPanel;
  output: ServerOutput;
  /** What can be done now. */
  actions: () => Action[];
}
