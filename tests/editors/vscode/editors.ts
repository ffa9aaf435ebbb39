/** Editors: their tabs, their whole text, their code lenses. */

import type { Locator } from "playwright-core";
import type { QuickInput } from "./quickInput.ts";
import { type Screen, texts } from "./screen.ts";

export interface Tab {
  readonly title: string;
  /** In front in its group. */
  readonly active: boolean;
  readonly dirty: boolean;
  /** The position of its group, from the left. */
  readonly group: number;
}

export class Editors {
  readonly #screen: Screen;
  readonly #quickInput: QuickInput;
  readonly #active: Locator;

  constructor(screen: Screen, quickInput: QuickInput) {
    this.#screen = screen;
    this.#quickInput = quickInput;
    this.#active = screen.page.locator(".editor-group-container.active");
  }

  async tabs(): Promise<Tab[]> {
    const groups = await this.#screen.page.locator(".editor-group-container").all();
    const tabs = await Promise.all(
      groups.map((container, group) =>
        container.locator(".tabs-container .tab").evaluateAll(
          (elements, position) =>
            elements.map((tab) => ({
              title: [...tab.querySelectorAll(".label-name, .label-suffix")]
                .map((part) => part.textContent)
                .join("")
                .trim(),
              active: tab.classList.contains("active"),
              dirty: tab.classList.contains("dirty"),
              group: position,
            })),
          group,
        ),
      ),
    );
    return tabs.flat();
  }

  /** The tab in front whose title matches, once there is one. */
  async waitForTab(title: RegExp, limitMs?: number): Promise<Tab> {
    const found = (tabs: Tab[]) => tabs.find((tab) => tab.active && title.test(tab.title));
    const tabs = await this.#screen.until(
      `an editor ${title} in front`,
      () => this.tabs(),
      (seen) => found(seen) !== undefined,
      limitMs,
    );
    return found(tabs) as Tab;
  }

  /** Brings a tab to the front. */
  async select(title: string): Promise<void> {
    await this.#screen.page.getByRole("tab", { name: title }).first().click();
  }

  /** Opens a file by its absolute path. */
  async open(path: string): Promise<void> {
    await this.#screen.page.keyboard.press("ControlOrMeta+P");
    await this.#quickInput.waitFor(({ value }) => value === "", "quick open");
    await this.#quickInput.type(path);
    const name = path.slice(path.lastIndexOf("/") + 1);
    await this.#quickInput.choose(name);
    await this.waitForTab(new RegExp(`^${name.replace(/[^\w]/g, "\\$&")}$`));
  }

  /** The whole text of the editor that has, or last had, the focus. */
  async text(): Promise<string> {
    await this.#focus();
    return this.#screen.copyAll();
  }

  /** The active editor's text once `accept` holds. */
  waitForText(accept: RegExp | ((text: string) => boolean), limitMs?: number): Promise<string> {
    const accepts = accept instanceof RegExp ? (text: string) => accept.test(text) : accept;
    return this.#screen.until(`the text ${accept} in the editor`, () => this.text(), accepts, limitMs);
  }

  /** Types, key by key, where the cursor is. */
  async type(text: string): Promise<void> {
    await this.#focus();
    await this.#screen.page.keyboard.type(text);
  }

  /** Until it is there: an editor that has only just opened may lose the focus, and so what is pasted, once more. */
  async replaceText(text: string): Promise<void> {
    const replaced = async () => {
      await this.#focus();
      await this.#screen.page.keyboard.press("ControlOrMeta+A");
      // As if pasted: what is typed would be indented and completed.
      if (text === "") await this.#screen.page.keyboard.press("Delete");
      else await this.#screen.paste(text);
      return this.text();
    };
    await this.#screen.until("the new text", replaced, (seen) => seen === text || (text === "" && seen === "\n"));
  }

  /** The titles of the code lenses of the active editor that are in view. */
  codeLenses(): Promise<string[]> {
    return texts(this.#active.locator(".codelens-decoration a").filter({ visible: true }));
  }

  /** Presses a key that belongs to the active editor, which gets the focus first. */
  async press(key: string): Promise<void> {
    await this.#focus();
    await this.#screen.page.keyboard.press(key);
  }

  /** Sends the arguments in the active editor, by their code lens: "Call add_note". */
  send(what: string): Promise<void> {
    return this.clickCodeLens(`▶\ufe0e ${what}`);
  }

  /** Unfolds the first of the folded regions, once there is one. */
  async unfold(): Promise<void> {
    await this.press("ControlOrMeta+Home");
    await this.#active.locator(".codicon-folding-collapsed").first().click();
  }

  /** The lines in view as they are drawn: without those that are folded away. */
  lines(): Promise<string[]> {
    return texts(this.#active.locator(".view-lines .view-line"));
  }

  /** Clicks a code lens once it is there. */
  async clickCodeLens(title: string): Promise<void> {
    await this.#screen.until(
      `the code lens ${title}`,
      () => this.codeLenses(),
      (titles) => titles.includes(title),
    );
    // Where it rests after a picker, the tooltip of the breadcrumbs covers the first line.
    await this.#screen.restMouse();
    await this.#active.locator(".codelens-decoration a").filter({ hasText: title }).first().click();
  }

  async #focus(): Promise<void> {
    await this.#active
      .locator(".monaco-editor .native-edit-context, .monaco-editor textarea.inputarea")
      .first()
      .focus();
  }
}
