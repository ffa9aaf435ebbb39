/** Picks one of what the server offers. */
import { l10n, type QuickPickItem, window } from "vscode";
import { failureOf } from "./failure.ts";
import type { Item } from "./protocol.ts";
import { type Given, type ItemKind, itemOf, KINDS } from "./serverItems.ts";
import type { Sidecar } from "./sidecar.ts";

export interface Choice extends QuickPickItem {
  item?: Item;
}

/** The item that a command is for: the given one, else one that the user picks. */
export async function itemFor(sidecar: Sidecar, given: Given, title: string, kind: ItemKind) {
  return itemOf(given) ?? (await pickItem(sidecar, title, [kind]))?.item;
}

/** Let the user pick an item; undefined where they don't, or there is none.
 *
 * @param others offered besides
 * @returns the choice, which is one of `others` or has an `item`
 */
export async function pickItem(
  sidecar: Sidecar,
  title: string,
  kinds: readonly ItemKind[],
  others: Choice[] = [],
): Promise<Choice | undefined> {
  const choices: Choice[] = [];
  for (const kind of kinds) {
    for (const item of await list(sidecar, kind)) {
      const { label, description, detail } = item;
      choices.push({ label, detail, description: kind === "tool" || kind === "prompt" ? "" : description, item });
    }
  }
  if (choices.length + others.length === 0) {
    await window.showInformationMessage(
      l10n.t("This server offers none: {0}.", kinds.map((k) => KINDS[k].title()).join(", ")),
    );
    return undefined;
  }
  const placeHolder = l10n.t("Name or description");
  const options = { title, placeHolder, matchOnDetail: true, matchOnDescription: true };
  return window.showQuickPick([...others, ...choices], options);
}

async function list(sidecar: Sidecar, kind: ItemKind): Promise<readonly Item[]> {
  try {
    const title = l10n.t("Listing: {0}", KINDS[kind].title());
    return (await sidecar.request("mcp/items", { kind }, title)).items;
  } catch (error) {
    // Many servers that declare resources do not know of templates: what they have is offered all the same.
    if (kind === "resourceTemplate" && failureOf(error)) return [];
    throw error;
  }
}
