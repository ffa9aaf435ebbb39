/// <reference lib="dom" />
/** The box at the top of the window: pickers, input boxes and the command palette. */

import type { Locator } from "playwright-core";
import type { Screen } from "./screen.ts";

export interface QuickItem {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  /** The heading above it, when it is the first below one. */
  readonly separator: string;
}

export interface QuickInputState {
  readonly title: string;
  readonly placeholder: string;
  readonly value: string;
  /** The prompt, or what the validation says. */
  readonly message: string;
  readonly severity: "error" | "warning" | "info" | "none";
  readonly busy: boolean;
  /** Those drawn, which are about the first twenty. */
  readonly items: readonly QuickItem[];
}

export class QuickInput {
  readonly #screen: Screen;
  readonly #box: Locator;

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#box = screen.page.locator(".quick-input-widget").filter({ visible: true });
  }

  /** Undefined when it is not open. */
  state(): Promise<QuickInputState | undefined> {
    return this.#screen.page.evaluate(() => {
      const box = document.querySelector<HTMLElement>(".quick-input-widget");
      if (!box || box.style.display === "none") return undefined;
      const text = (within: Element, selector: string) =>
        (within.querySelector(selector)?.textContent ?? "").replace(/\s+/g, " ").trim();
      const input = box.querySelector<HTMLInputElement | HTMLTextAreaElement>(".quick-input-box .input");
      const severities = ["error", "warning", "info"] as const;
      const classes = box.querySelector(".quick-input-box .monaco-inputbox")?.classList;
      const list = box.querySelector<HTMLElement>(".quick-input-list");
      const rows = list && list.style.display !== "none" ? [...list.querySelectorAll(".monaco-list-row")] : [];
      return {
        title: text(box, ".quick-input-title"),
        placeholder: input?.placeholder ?? "",
        value: input?.value ?? "",
        message: text(box, ".quick-input-message"),
        severity: severities.find((severity) => classes?.contains(severity)) ?? ("none" as const),
        busy: !box.querySelector(".quick-input-progress")?.classList.contains("done"),
        // Rows are re-used in any order.
        items: rows
          .sort((a, b) => Number(a.getAttribute("data-index")) - Number(b.getAttribute("data-index")))
          .map((row) => ({
            label: text(row, ".quick-input-list-row:first-child .label-name"),
            description: text(row, ".quick-input-list-row:first-child .label-description"),
            detail: text(row, ".quick-input-list-label-meta .label-name"),
            separator: text(row, ".quick-input-list-separator"),
          })),
      };
    });
  }

  /** The state once it is open and `accept` holds. */
  async waitFor(
    accept: (state: QuickInputState) => boolean = () => true,
    what = "a quick input",
  ): Promise<QuickInputState> {
    const state = await this.#screen.until(
      what,
      () => this.state(),
      (seen) => seen !== undefined && accept(seen),
    );
    if (!state) throw new Error("unreachable: only an open quick input is accepted");
    return state;
  }

  async waitUntilClosed(): Promise<void> {
    await this.#screen.until(
      "the quick input closed",
      () => this.state(),
      (state) => state === undefined,
    );
  }

  /** The labels of the items, once there are some. */
  async labels(): Promise<string[]> {
    const { items } = await this.waitFor((state) => state.items.length > 0, "items in the quick input");
    return items.map(({ label }) => label);
  }

  /** Replaces what is typed. */
  async type(text: string): Promise<void> {
    await this.#box.locator(".quick-input-box .input").fill(text);
  }

  /** Picks the item whose label is, or matches, `label`, once it is there. */
  async choose(label: string | RegExp): Promise<void> {
    const pattern = typeof label === "string" ? exactly(label) : label;
    const found = ({ items }: QuickInputState) => items.some((item) => pattern.test(item.label));
    await this.waitFor(found, `the item ${label} in the quick input`);
    const names = this.#box.locator(".monaco-list-row .quick-input-list-row:first-child .label-name");
    await names.filter({ hasText: pattern }).first().click();
  }

  /** Enter. A picker may not have taken what was just typed: then `choose` is the surer way. */
  async accept(): Promise<void> {
    await this.#box.locator(".quick-input-box .input").press("Enter");
  }

  /** Escape. */
  async cancel(): Promise<void> {
    await this.#box.locator(".quick-input-box .input").press("Escape");
    await this.waitUntilClosed();
  }

  /** What the validation of an input box says now. */
  async validation(): Promise<{ message: string; severity: QuickInputState["severity"] }> {
    const { message, severity } = await this.waitFor();
    return { message, severity };
  }
}

function exactly(text: string): RegExp {
  // A label may have icons with blanks around it.
  return new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(" ", "\\s+")}\\s*$`);
}
