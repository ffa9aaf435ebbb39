/// <reference lib="dom" />
/** The output view of the panel, and the channels in it. */

import type { Locator } from "playwright-core";
import type { Palette } from "./palette.ts";
import type { Screen } from "./screen.ts";

export class Output {
  readonly #screen: Screen;
  readonly #palette: Palette;
  readonly #editor: Locator;
  readonly #chooser: Locator;

  constructor(screen: Screen, palette: Palette) {
    this.#screen = screen;
    this.#palette = palette;
    const panel = screen.page.locator(".part.panel");
    this.#editor = panel.locator("[id='workbench.panel.output'] .monaco-editor[data-uri]").first();
    this.#chooser = panel.locator("select[aria-label='Switch Output']").filter({ visible: true });
  }

  /** The channel that is in front, if the view is open. */
  async shown(): Promise<string | undefined> {
    return (await this.#chooser.isVisible()) ? this.#chooser.inputValue() : undefined;
  }

  /** The channels that can be chosen. */
  async channels(): Promise<string[]> {
    await this.#open();
    return this.#chooser.locator("option:enabled").allTextContents();
  }

  /** All that a channel shows; the view is opened for that, and takes the focus. */
  async text(channel: string): Promise<string> {
    await this.#open();
    if ((await this.shown()) !== channel) {
      const before = await this.#document();
      await this.#chooser.selectOption(channel);
      await this.#screen.until(
        `the output of ${channel}`,
        () => this.#document(),
        (document) => document !== before,
      );
    }
    await this.#editor.locator(".native-edit-context, textarea.inputarea").first().focus();
    return this.#screen.copyAll();
  }

  /** A channel's text once `accept` holds. */
  waitFor(channel: string, accept: RegExp | ((text: string) => boolean), limitMs?: number): Promise<string> {
    const accepts = accept instanceof RegExp ? (text: string) => accept.test(text) : accept;
    return this.#screen.until(`${accept} in the output ${channel}`, () => this.text(channel), accepts, limitMs);
  }

  async #open(): Promise<void> {
    if (await this.#chooser.isVisible()) return;
    await this.#palette.run("Output: Focus on Output View");
    await this.#chooser.waitFor();
  }

  #document(): Promise<string | null> {
    return this.#screen.page.evaluate(
      () => document.querySelector(".part.panel .monaco-editor[data-uri]")?.getAttribute("data-uri") ?? null,
    );
  }
}
