/** What a server offers, by kind; how one of it is shown says the sidecar. */
import { l10n } from "vscode";
import type { Item } from "./protocol.ts";

export type ItemKind = Item["kind"];

/** A kind of items; one that is long comes folded. */
export interface Group {
  group: ItemKind;
  isLong?: boolean;
}

/** A node of the view: a kind of items, one of them, or why there are none. */
export type Node = Group | { item: Item } | { failed: ItemKind; why: string };

/** What a command gets: a node of the view, or from a key binding a name or a URI; nothing from the palette. */
export type Given = Node | string | undefined;

export function itemOf(given: Given): Item | undefined {
  return typeof given === "object" && "item" in given ? given.item : undefined;
}

export interface KindView {
  title: () => string;
  icon: string;
  /** Among the capabilities that the server declares. */
  capability: string;
}

/** In the order of the view. */
export const KINDS: Record<ItemKind, KindView> = {
  tool: { title: () => l10n.t("Tools"), icon: "tools", capability: "tools" },
  resource: { title: () => l10n.t("Resources"), icon: "file", capability: "resources" },
  resourceTemplate: { title: () => l10n.t("Resource Templates"), icon: "bracket", capability: "resources" },
  prompt: { title: () => l10n.t("Prompts"), icon: "comment", capability: "prompts" },
};

export const ITEM_KINDS = Object.keys(KINDS) as ItemKind[];
