/** The command palette. */

import type { QuickInput, QuickItem } from "./quickInput.ts";
import type { Screen } from "./screen.ts";

const NOTHING = "No matching commands";
/** Above commands found by their meaning, which may be the very one, or others when there is none. */
const SIMILAR = "similar commands";

export class Palette {
  readonly #screen: Screen;
  readonly #quickInput: QuickInput;

  constructor(screen: Screen, quickInput: QuickInput) {
    this.#screen = screen;
    this.#quickInput = quickInput;
  }

  /** Runs the command with this title, with its category as the palette shows it: "MCP Sidecar: Connect…". */
  async run(title: string): Promise<void> {
    const offered = await this.#search(title);
    if (!offered.includes(title)) {
      await this.#quickInput.cancel();
      throw new Error(`the palette does not offer ${JSON.stringify(title)}, but: ${offered.join(" · ") || "nothing"}`);
    }
    await this.#quickInput.choose(title);
  }

  /** The titles of the enabled commands that contain `query`. */
  async offers(query: string): Promise<string[]> {
    const offered = await this.#search(query);
    await this.#quickInput.cancel();
    return offered.filter((title) => title.toLowerCase().includes(query.toLowerCase()));
  }

  async #search(query: string): Promise<string[]> {
    await this.#screen.page.keyboard.press("F1");
    await this.#quickInput.waitFor(({ value }) => value.startsWith(">"), "the command palette");
    await this.#quickInput.type(`>${query}`);
    const words = query.toLowerCase().split(/\W+/);
    const isAnswer = ({ label, separator }: QuickItem) =>
      label === NOTHING || separator === SIMILAR || words.every((word) => label.toLowerCase().includes(word));
    // Before the query is taken up the list shows all commands.
    const { items } = await this.#quickInput.waitFor(
      ({ items: [first] }) => first !== undefined && isAnswer(first),
      `the palette's answer to ${JSON.stringify(query)}`,
    );
    return items.map(({ label }) => label).filter((label) => label !== NOTHING);
  }
}
