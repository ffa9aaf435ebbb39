/** The parts that show what the server offers. */
import type { LogOutputChannel } from "vscode";
import type { Documents } from "./documents.ts";
import { ServerLists } from "./serverLists.ts";
import { ServerView } from "./serverView.ts";
import type { Sidecar } from "./sidecar.ts";
import { Subscriptions } from "./subscriptions.ts";
import { TraceDocument } from "./traceDocument.ts";

export interface Sources {
  sidecar: Sidecar;
  documents: Documents;
  log: LogOutputChannel;
}

export function makeServerParts(sources: Sources) {
  const lists = new ServerLists(sources.sidecar);
  const subscriptions = new Subscriptions(sources.sidecar);
  return {
    ...{ lists, subscriptions },
    view: new ServerView(lists, subscriptions),
    trace: new TraceDocument(sources),
  };
}
