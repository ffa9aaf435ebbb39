/// <reference lib="dom" />
/** A window's page, and waiting for what it shows: after each change of the DOM, under a time limit. */

import type { Locator, Page } from "playwright-core";

/** Generous, because a busy machine takes ten times as long as an idle one. */
export const LIMIT_MS = 30_000;

/** Longer than any change takes to be drawn: catches one between a look and the wait for the next change. */
const LOOK_AGAIN_MS = 200;

export class Screen {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** What `read` gives once `accept` holds for it. `what` is told when that does not happen in time. */
  async until<T>(
    what: string,
    read: () => Promise<T>,
    accept: (value: T) => boolean,
    limitMs: number = LIMIT_MS,
  ): Promise<T> {
    const limit = performance.now() + limitMs;
    for (;;) {
      const value = await read();
      if (accept(value)) return value;
      if (performance.now() > limit) {
        throw new Error(`not seen within ${limitMs / 1000} s: ${what}. Last seen: ${JSON.stringify(value)}`);
      }
      await this.#change();
    }
  }

  /** Moves the mouse to where it rests on nothing: the status bar's middle. */
  restMouse(): Promise<void> {
    return this.page.mouse.move(700, 790);
  }

  async #change(): Promise<void> {
    await this.page.evaluate(
      (limit) =>
        new Promise<void>((resolve) => {
          const observer = new MutationObserver(() => done());
          const timer = setTimeout(() => done(), limit);
          const done = () => {
            observer.disconnect();
            clearTimeout(timer);
            resolve();
          };
          observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
        }),
      LOOK_AGAIN_MS,
    );
  }

  /** The clipboard's text. */
  clipboard(): Promise<string> {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** What the focused control gives to the clipboard when everything in it is copied: all of a virtualised editor. */
  async copyAll(): Promise<string> {
    // The copy event shows the text without the clipboard, which is one for all windows.
    const copied = await this.page.evaluateHandle(() => {
      const seen: { text?: string } = {};
      document.addEventListener(
        "copy",
        (event) => {
          seen.text = event.clipboardData?.getData("text/plain") ?? "";
        },
        { once: true },
      );
      return seen;
    });
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.press("ControlOrMeta+C");
    try {
      const read = () => copied.evaluate((seen) => seen.text);
      const text = (await this.until("the copied text", read, (seen) => seen !== undefined, 5_000)) ?? "";
      // The cursor goes back to where it was.
      await this.page.keyboard.press("ControlOrMeta+U");
      return text;
    } finally {
      await copied.dispose();
    }
  }

  /** Pastes into the focused control, as the clipboard would. */
  async paste(text: string): Promise<void> {
    await this.page.evaluate((pasted) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", pasted);
      document.activeElement?.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
      );
    }, text);
  }
}

/** The text of each element, blanks made one. */
export async function texts(locator: Locator): Promise<string[]> {
  return (await locator.allInnerTexts()).map(plain);
}

/** VS Code writes no-break spaces for layout. */
export function plain(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
