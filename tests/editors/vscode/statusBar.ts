/// <reference lib="dom" />
/** The extension's item in the status bar, and every state it has shown. */

import type { Locator, Page } from "playwright-core";
import { plain, type Screen } from "./screen.ts";

export interface StatusItem {
  /** Without icons. */
  readonly text: string;
  readonly ariaLabel: string;
  /** Names of codicons, "sync", and "sync~spin" for one that turns. */
  readonly icons: readonly string[];
  readonly background: "error" | "warning" | "none";
}

type Recorder = typeof globalThis & { statusStates?: StatusItem[] };

export class StatusBar {
  readonly #screen: Screen;
  readonly #item: Locator;

  constructor(screen: Screen, itemId: string) {
    this.#screen = screen;
    this.#item = screen.page.locator(`.statusbar-item[id="${itemId}"]`);
  }

  /** Records the item's states in the page. To be called before it is loaded. */
  static async record(page: Page, itemId: string): Promise<void> {
    await page.addInitScript((id) => {
      const states: StatusItem[] = [];
      (globalThis as Recorder).statusStates = states;
      const record = (bar: Element) => {
        const item = bar.querySelector(`.statusbar-item[id="${id}"]`);
        if (!item) return;
        const state: StatusItem = {
          text: (item.textContent ?? "").replace(/\s+/g, " ").trim(),
          ariaLabel: item.getAttribute("aria-label") ?? "",
          icons: [...item.querySelectorAll(".codicon")].map((icon) => {
            const names = [...icon.classList].filter((name) => /^codicon-(?!modifier-|colored)/.test(name));
            return (
              names[0]?.replace("codicon-", "") + (icon.classList.contains("codicon-modifier-spin") ? "~spin" : "")
            );
          }),
          background: item.classList.contains("error-kind")
            ? "error"
            : item.classList.contains("warning-kind")
              ? "warning"
              : "none",
        };
        if (JSON.stringify(state) !== JSON.stringify(states.at(-1))) states.push(state);
      };
      new MutationObserver((_, observer) => {
        const bar = document.querySelector(".part.statusbar");
        if (!bar) return;
        observer.disconnect();
        const watched = { subtree: true, childList: true, attributes: true, characterData: true };
        new MutationObserver(() => record(bar)).observe(bar, watched);
        record(bar);
      }).observe(document, { subtree: true, childList: true });
    }, itemId);
  }

  /** All states since the window was opened or reloaded, in order, however short. */
  states(): Promise<StatusItem[]> {
    return this.#screen.page.evaluate(() => (globalThis as Recorder).statusStates ?? []);
  }

  /** Undefined while there is no item, or the user has hidden it. */
  async item(): Promise<StatusItem | undefined> {
    return (await this.#item.isVisible()) ? (await this.states()).at(-1) : undefined;
  }

  /** The item once its text matches, or `accept` holds. */
  async waitFor(accept: RegExp | ((item: StatusItem) => boolean), limitMs?: number): Promise<StatusItem> {
    const accepts = accept instanceof RegExp ? ({ text }: StatusItem) => accept.test(text) : accept;
    const item = await this.#screen.until(
      `the status ${accept}`,
      () => this.item(),
      (seen) => seen !== undefined && accepts(seen),
      limitMs,
    );
    if (!item) throw new Error("unreachable: only a visible item is accepted");
    return item;
  }

  async click(): Promise<void> {
    await this.#item.locator("a").first().click();
    // Or the tooltip would cover what opens.
    await this.#screen.restMouse();
  }

  /** The tooltip's text. It stays open until the mouse moves elsewhere. */
  async tooltip(): Promise<string> {
    return (await (await this.#hover()).allInnerTexts()).join("\n");
  }

  /** Clicks a link of the tooltip. */
  async clickTooltip(link: string): Promise<void> {
    await (await this.#hover()).getByText(link, { exact: true }).click();
    await this.#screen.restMouse();
  }

  /** The links of the tooltip that are torn: not on one line. */
  async tornLinks(): Promise<string[]> {
    const links = (await this.#hover()).locator("a");
    const count = (all: Element[]) =>
      all.map((link) => [link.textContent ?? "", link.getClientRects().length] as const);
    return (await links.evaluateAll(count)).filter(([, lines]) => lines !== 1).map(([title]) => title);
  }

  /** Titles and ids of all items, to see what is beside ours. */
  async all(): Promise<string[]> {
    return (await this.#screen.page.locator(".statusbar-item").filter({ visible: true }).allInnerTexts()).map(plain);
  }

  async #hover(): Promise<Locator> {
    const tooltip = this.#screen.page.locator(".workbench-hover");
    // A mouse that rests on the item already opens nothing, and the focus keeps a tooltip open.
    await this.#screen.restMouse();
    await this.#item.locator("a").first().blur();
    await tooltip.waitFor({ state: "hidden" });
    await this.#item.hover();
    await tooltip.waitFor();
    return tooltip;
  }
}
