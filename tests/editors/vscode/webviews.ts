/** What webviews show, which are documents in two frames, one in the other. */

import type { Frame } from "playwright-core";
import type { Screen } from "./screen.ts";

export class Webviews {
  readonly #screen: Screen;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** The text of the visible webview with this title, once there is some. */
  async text(title: string, limitMs?: number): Promise<string> {
    return this.#screen.until(
      `text in the webview ${title}`,
      async () => {
        const frame = await this.frame(title);
        // It may just be replaced by its next content.
        return (
          (
            await frame
              ?.locator("body")
              .allInnerTexts()
              .catch(() => [])
          )?.join("\n") ?? ""
        );
      },
      (text) => text.trim() !== "",
      limitMs,
    );
  }

  /** The text of the visible webview with this title, once it matches. */
  waitFor(title: string, text: RegExp): Promise<string> {
    return this.#screen.until(
      `${text} in the webview ${title}`,
      () => this.text(title),
      (seen) => text.test(seen),
    );
  }

  /** The visible webview's own document, to look further into it or to click in it. */
  async frame(title: string): Promise<Frame | undefined> {
    for (const frame of this.#screen.page.frames()) {
      if (!frame.parentFrame()?.parentFrame()) continue;
      try {
        const element = await frame.frameElement();
        if ((await element.getAttribute("title")) === title && (await element.isVisible())) return frame;
      } catch {
        // It was removed meanwhile.
      }
    }
    return undefined;
  }
}
