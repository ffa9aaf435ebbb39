/** One after another: what would ask the user at the same time takes its turn. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Run a task when those before it are over. */
  take<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.last.then(task);
    this.last = mine.catch(() => undefined);
    return mine;
  }
}
