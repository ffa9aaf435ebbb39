/** Progress with Cancel for what may take long, without a flash for what doesn't. */
import { type CancellationToken, CancellationTokenSource, ProgressLocation, window } from "vscode";
import type { WorkDoneProgressReport } from "vscode-languageclient/node";
import { withoutLinks } from "./plainText.ts";

/** Milliseconds after which something counts as slow. */
const SLOW_MS = 300;

/** What can be cancelled, and tells how far it is. */
export type Task<T> = (token: CancellationToken, report: (how: WorkDoneProgressReport) => void) => Promise<T>;

/** Run a task that can be cancelled; a notification with Cancel appears when it takes longer. */
export async function withProgress<T>(what: string, task: Task<T>): Promise<T> {
  const source = new CancellationTokenSource();
  const options = { location: ProgressLocation.Notification, title: withoutLinks(what), cancellable: true };
  let latest: Partial<WorkDoneProgressReport> = {};
  let show = () => {};
  const running = task(source.token, (how) => {
    latest = how;
    show();
  });
  const timer = setTimeout(() => {
    void window.withProgress(options, (progress, token) => {
      let shown = 0;
      show = () => {
        const { message = "", percentage = shown } = latest;
        // Foreign words are no link there.
        progress.report({ message: withoutLinks(message), increment: percentage - shown });
        shown = percentage;
      };
      show();
      token.onCancellationRequested(() => source.cancel());
      return Promise.allSettled([running]);
    });
  }, SLOW_MS);
  return running.finally(() => {
    clearTimeout(timer);
    source.dispose();
  });
}
