/** The view *MCP Sidecar*: a tree of what the connected server offers. Nothing in it is markdown, a link or an icon. */
import { setTimeout as delay } from "node:timers/promises";
import {
  commands,
  EventEmitter,
  l10n,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
  type TreeView,
  window,
} from "vscode";
import { failureOf } from "./failure.ts";
import { withoutIcons } from "./plainText.ts";
import type { Item } from "./protocol.ts";
import { type Group, type ItemKind, KINDS, type Node } from "./serverItems.ts";
import type { ServerLists } from "./serverLists.ts";
import type { Subscriptions } from "./subscriptions.ts";

export const VIEW = "mcpSidecar.server";

/** Milliseconds that the view waits for lists, so that it knows which are long. */
const WAIT_MS = 1000;

/** Items up to which a group is unfolded unasked. */
const FEW = 100;

/** What a click does. */
const COMMANDS: Record<ItemKind, string> = {
  ...{ tool: "mcpSidecar.callTool", prompt: "mcpSidecar.getPrompt" },
  ...{ resource: "mcpSidecar.readResource", resourceTemplate: "mcpSidecar.readResource" },
};

export class ServerView implements TreeDataProvider<Node> {
  private readonly lists: ServerLists;
  private readonly subscriptions: Subscriptions;
  private readonly changed = new EventEmitter<Node | undefined>();
  /** The nodes that VS Code knows, which it recognises by their identity. */
  private readonly groups = new Map<ItemKind, Group>();

  readonly tree: TreeView<Node>;

  readonly onDidChangeTreeData = this.changed.event;

  constructor(lists: ServerLists, subscriptions: Subscriptions) {
    this.lists = lists;
    this.subscriptions = subscriptions;
    lists.onDidChange((kind) => {
      if (!kind) this.groups.clear();
      const known = kind && this.groups.get(kind);
      this.changed.fire(known?.isLong === this.isLong(kind) ? known : undefined);
    });
    subscriptions.onDidChange(() => this.changed.fire(this.groups.get("resource")));
    this.tree = window.createTreeView(VIEW, { treeDataProvider: this, showCollapseAll: true });
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!node) return this.roots();
    if (!("group" in node)) return [];
    const list = await this.lists.read(node.group);
    if ("items" in list) return list.items.map((item) => ({ item }));
    const why = failureOf(list.error)?.message;
    return why ? [{ failed: node.group, why }] : [];
  }

  getTreeItem(node: Node): TreeItem {
    if ("group" in node) return this.groupItem(node);
    return "item" in node ? this.leaf(node.item) : failedItem(node.failed, node.why);
  }

  /** Nothing but groups is ever revealed. */
  getParent(): undefined {
    return undefined;
  }

  /** Open VS Code's own find in the tree. It sees what was unfolded once, and long lists come folded. */
  async find(): Promise<void> {
    // From the last to the first, which is in sight then.
    for (const group of (await this.roots()).reverse()) {
      await this.tree.reveal(group, { expand: true, select: false });
    }
    await commands.executeCommand(`${VIEW}.focus`);
    await commands.executeCommand("list.find");
  }

  private async roots(): Promise<Group[]> {
    const { declared } = this.lists;
    const reading = Promise.all(declared.map((kind) => this.lists.read(kind)));
    await Promise.race([reading, delay(WAIT_MS, undefined, { ref: false })]);
    return declared.map((kind) => this.groupOf(kind));
  }

  private groupOf(kind: ItemKind): Group {
    const isLong = this.isLong(kind);
    const known = this.groups.get(kind);
    if (known?.isLong === isLong) return known;
    const group = { group: kind, isLong };
    this.groups.set(kind, group);
    return group;
  }

  /** Whether a list would push others out of sight. */
  private isLong(kind: ItemKind | undefined): boolean {
    const list = kind && this.lists.peek(kind);
    return list !== undefined && "items" in list && list.items.length > FEW && this.lists.declared.length > 1;
  }

  private groupItem({ group: kind, isLong = false }: Group): TreeItem {
    const list = this.lists.peek(kind);
    const isFailed = list && "error" in list;
    const count = list && "items" in list ? list.items.length : undefined;
    const { Expanded, Collapsed, None } = TreeItemCollapsibleState;
    const item = new TreeItem(KINDS[kind].title(), count === 0 ? None : isLong ? Collapsed : Expanded);
    // By it VS Code keeps what is folded, over connections: a long list is folded also after a short one.
    item.id = isLong ? `${kind}, long` : kind;
    item.contextValue = "group";
    item.description = isFailed ? l10n.t("failed") : (count?.toLocaleString() ?? "…");
    item.accessibilityInformation = { label: `${KINDS[kind].title()}: ${item.description}` };
    return item;
  }

  private leaf(item: Item): TreeItem {
    const { label, description, detail } = item;
    const told = item.kind === "resource" ? this.subscriptions.describe(item.id) : "";
    const leaf = new TreeItem(label);
    leaf.description = [told, description].filter(Boolean).join(" · ");
    leaf.tooltip = item.tooltip;
    leaf.iconPath = new ThemeIcon(told ? "eye" : KINDS[item.kind].icon);
    leaf.contextValue = item.kind === "resource" ? `resource.${this.subscriptions.possible(item.id)}` : item.kind;
    leaf.accessibilityInformation = { label: [label, told, detail || description].filter(Boolean).join(", ") };
    leaf.command = { command: COMMANDS[item.kind], title: "", arguments: [{ item }] };
    return leaf;
  }
}

function failedItem(kind: ItemKind, why: string): TreeItem {
  const item = new TreeItem(l10n.t("Retry"));
  item.tooltip = why;
  item.iconPath = new ThemeIcon("error");
  item.contextValue = "failed";
  item.description = withoutIcons(why);
  item.accessibilityInformation = { label: `${l10n.t("Retry")}: ${why}` };
  item.command = { command: "mcpSidecar.retryList", title: l10n.t("Retry"), arguments: [{ group: kind }] };
  return item;
}
