/// <reference lib="dom" />
/** The view *MCP Sidecar*: its tree, and what it says where there is none. */

import type { Locator } from "playwright-core";
import type { Screen } from "./screen.ts";

export interface Row {
  readonly label: string;
  readonly description: string;
  readonly ariaLabel: string;
  readonly level: number;
}

export class ServerTree {
  readonly #screen: Screen;
  readonly #pane: Locator;
  readonly #find: Locator;

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#pane = screen.page.locator(".part.sidebar");
    // It is moved out of sight when it is closed.
    this.#find = this.#pane.locator(".monaco-tree-type-filter:not(.disabled)");
  }

  /** Opens it by its icon in the activity bar. */
  async open(): Promise<void> {
    const tab = this.#screen.page.locator(".part.activitybar").getByRole("tab", { name: "MCP Sidecar" });
    if ((await tab.getAttribute("aria-selected")) !== "true") await tab.click();
    await this.#pane.locator(".pane-body").first().waitFor();
  }

  /** The rows that are drawn. */
  rows(): Promise<Row[]> {
    return this.#pane.locator(".monaco-list-row").evaluateAll((rows) =>
      rows
        .sort((a, b) => Number(a.getAttribute("data-index")) - Number(b.getAttribute("data-index")))
        .map((row) => ({
          label: row.querySelector(".label-name")?.textContent ?? "",
          description: row.querySelector(".label-description")?.textContent ?? "",
          ariaLabel: row.getAttribute("aria-label") ?? "",
          level: Number(row.getAttribute("aria-level")),
        })),
    );
  }

  /** The row once one has this label and, where given, such a description. */
  async waitForRow(label: string | RegExp, description = /(?:)/, limitMs?: number): Promise<Row> {
    const fits = (row: Row) =>
      (typeof label === "string" ? row.label === label : label.test(row.label)) && description.test(row.description);
    const rows = await this.#screen.until(
      `the row ${label} ${description}`,
      () => this.rows(),
      (seen) => seen.some(fits),
      limitMs,
    );
    return rows.find(fits) as Row;
  }

  async click(label: string): Promise<void> {
    await this.waitForRow(label);
    await this.#row(label).locator(".label-name").click();
  }

  /** Clicks one of the buttons that a row shows under the mouse. */
  async press(label: string, button: string): Promise<void> {
    await this.waitForRow(label);
    await this.#row(label).hover();
    await this.#row(label).getByRole("button", { name: button }).click();
    await this.#screen.restMouse();
  }

  /** Takes an entry of a row's context menu. */
  async choose(label: string, entry: string): Promise<void> {
    await this.waitForRow(label);
    await this.#row(label).locator(".label-name").click({ button: "right" });
    const item = this.#screen.page.locator(".monaco-menu").getByRole("menuitem", { name: entry });
    await item.waitFor();
    const taken = async () => {
      // A menu that has only just opened takes no click yet, and is gone once it took one.
      if (await item.isVisible()) await item.click({ timeout: 1_000 }).catch(() => undefined);
      return !(await item.isVisible());
    };
    await this.#screen.until(`${entry} taken`, taken, (done) => done);
    await this.#screen.restMouse();
  }

  /** A key, once the tree has the keyboard. */
  async type(key: string): Promise<void> {
    await this.#pane.locator(".monaco-list").first().focus();
    await this.#screen.page.keyboard.press(key);
  }

  /** Opens the find in the tree by its key, and enters a text. */
  async find(text: string): Promise<void> {
    await this.type("ControlOrMeta+F");
    await this.#find.locator(".input").fill(text);
  }

  /** Presses one of the buttons in the box of the find: Filter, Fuzzy Match, Close. */
  pressInFind(button: string): Promise<void> {
    return this.#find.getByLabel(button).first().click();
  }

  /** Closes the find by its key. */
  async closeFind(): Promise<void> {
    await this.#find.locator(".input").press("Escape");
    await this.#find.waitFor({ state: "hidden" });
  }

  /** What it says where there is no tree, links and all. */
  async welcome(text: RegExp): Promise<string> {
    return this.#screen.until(
      `the view says ${text}`,
      async () =>
        (await this.#pane.locator(".welcome-view-content").filter({ visible: true }).allInnerTexts()).join("\n"),
      (seen) => text.test(seen),
    );
  }

  #row(label: string): Locator {
    const name = this.#screen.page.locator(".label-name", { hasText: new RegExp(`^${label.replace(/\W/g, "\\$&")}$`) });
    return this.#pane.locator(".monaco-list-row").filter({ has: name }).first();
  }
}
