/** What a server offers, by kind: where it is listed, and how one of it is shown. Whatever a server sends is normal. */
import { l10n } from "vscode";
import { withoutIcons } from "./plainText.ts";
import type { PrefillParams, Raw, Requests } from "./protocol.ts";

export type ItemKind = NonNullable<PrefillParams["kind"]> | "resource";

/** One of a server's tools, resources, resource templates or prompts. */
export interface ServerItem {
  kind: ItemKind;
  /** What requests call it: of a resource its URI, of a template the template. */
  id: string;
  /** As the server lists it. */
  raw: Raw;
}

/** A kind of items; one that is long comes folded. */
export interface Group {
  group: ItemKind;
  isLong?: boolean;
}

/** A node of the view: a kind of items, one of them, or why there are none. */
export type Node = Group | { item: ServerItem } | { failed: ItemKind; why: string };

/** What a command gets: a node of the view, or from a key binding a name or a URI; nothing from the palette. */
export type Given = Node | string | undefined;

export function itemOf(given: Given): ServerItem | undefined {
  return typeof given === "object" && "item" in given ? given.item : undefined;
}

export interface KindView {
  title: () => string;
  icon: string;
  /** The list's method, the field of its result, and the field that is the item's id. */
  method: keyof Requests & `mcp/${string}/list`;
  key: string;
  id: string;
  /** Among the capabilities that the server declares. */
  capability: string;
}

/** In the order of the view. */
export const KINDS: Record<ItemKind, KindView> = {
  tool: {
    ...{ title: () => l10n.t("Tools"), icon: "tools", capability: "tools" },
    ...{ method: "mcp/tools/list", key: "tools", id: "name" },
  },
  resource: {
    ...{ title: () => l10n.t("Resources"), icon: "file", capability: "resources" },
    ...{ method: "mcp/resources/list", key: "resources", id: "uri" },
  },
  resourceTemplate: {
    ...{ title: () => l10n.t("Resource Templates"), icon: "bracket", capability: "resources" },
    ...{ method: "mcp/resources/templates/list", key: "resourceTemplates", id: "uriTemplate" },
  },
  prompt: {
    ...{ title: () => l10n.t("Prompts"), icon: "comment", capability: "prompts" },
    ...{ method: "mcp/prompts/list", key: "prompts", id: "name" },
  },
};

export const ITEM_KINDS = Object.keys(KINDS) as ItemKind[];

/** Of a tooltip, and of what is said by a screen reader. */
const LONGEST = 2000;

/** The items in the result of a list: only what has an id can be asked for. */
export function itemsOf(kind: ItemKind, result: Raw): ServerItem[] {
  const { key, id } = KINDS[kind];
  const items = result[key];
  return (Array.isArray(items) ? items : [])
    .filter((raw) => typeof raw?.[id] === "string")
    .map((raw) => ({ kind, id: raw[id], raw }));
}

/** How an item is shown; none of it has icons or line ends. */
export function itemView({ kind, id, raw }: ServerItem): { label: string; description: string; detail: string } {
  const [name, title] = [textOf(raw.name), textOf(raw.title)];
  const detail = textOf(raw.description);
  // A tool and a prompt are called by their names; a URI is long, so its name comes first.
  const isNamed = kind === "tool" || kind === "prompt";
  const isNews = letters(title) !== letters(id);
  const others = isNamed ? [isNews ? title : ""] : [title && name ? title : "", withoutIcons(id)];
  const description = [...others, isNamed ? detail : textOf(raw.mimeType)].filter(Boolean).join(" · ");
  return { label: isNamed ? withoutIcons(id) : name || title || withoutIcons(id), description, detail };
}

/** What a tooltip tells: plain text. */
export function tooltipOf({ id, raw }: ServerItem): string {
  const description = typeof raw.description === "string" ? raw.description.trim() : "";
  const title = typeof raw.title === "string" ? raw.title : "";
  const type = typeof raw.mimeType === "string" ? raw.mimeType : "";
  return [id, title, description, type].filter(Boolean).join("\n\n").slice(0, LONGEST);
}

/** What remains of a name where it is written as another: `add_note`, *Add Note*. */
function letters(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** What a server sent where a text belongs. */
function textOf(value: unknown): string {
  return typeof value === "string" ? withoutIcons(value.slice(0, LONGEST)) : "";
}
