/** Progress with Cancel for what may take long, without a flash for what doesn't. */
import { type CancellationToken, CancellationTokenSource, ProgressLocation, window } from "vscode";
import { withoutLinks } from "./plainText.ts";

/** Milliseconds after which something counts as slow. */
const SLOW_MS = 300;

/** Run a task that can be cancelled; a notification with Cancel appears when it takes longer. */
export async function withProgress<T>(what: string, task: (token: CancellationToken) => Promise<T>): Promise<T> {
  const source = new CancellationTokenSource();
  const options = { location: ProgressLocation.Notification, title: withoutLinks(what), cancellable: true };
  const running = task(source.token);
  const timer = setTimeout(() => {
    void window.withProgress(options, (_, token) => {
      token.onCancellationRequested(() => source.cancel());
      return Promise.allSettled([running]);
    });
  }, SLOW_MS);
  return running.finally(() => {
    clearTimeout(timer);
    source.dispose();
  });
}
