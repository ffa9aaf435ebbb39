/** Progress with Cancel for what may take long, without a flash for what doesn't. */
import { type CancellationToken, CancellationTokenSource, ProgressLocation, window } from "vscode";
import { withoutLinks } from "./plainText.ts";

/** Milliseconds after which something counts as slow. */
const SLOW_MS = 300;

/** How far a task is, in its own words and in percent. */
export interface Report {
  message?: string | undefined;
  percentage?: number | undefined;
}

type Task<T> = (token: CancellationToken, report: (how: Report) => void) => Promise<T>;

/** Run a task that can be cancelled; a notification with Cancel appears when it takes longer. */
export async function withProgress<T>(what: string, task: Task<T>): Promise<T> {
  const source = new CancellationTokenSource();
  const options = { location: ProgressLocation.Notification, title: withoutLinks(what), cancellable: true };
  let latest: Report = {};
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
