/** The picker of *Connect…*: recent targets, the file being edited, and what is typed, checked while it is typed. */
import { l10n, type QuickPickItem, QuickPickItemKind, type TextDocument, ThemeIcon, window, workspace } from "vscode";
import { failureOf } from "./failure.ts";
import type { Recents, RecentTarget } from "./recents.ts";
import type { Sidecar } from "./sidecar.ts";

/** Milliseconds without a key after which what was typed is checked. */
const PAUSE_MS = 120;

interface TargetItem extends QuickPickItem {
  /** What to connect to. */
  target?: string;
  recent?: RecentTarget;
}

export class TargetPicker {
  private readonly sidecar: Sidecar;
  private readonly recents: Recents;

  constructor(sidecar: Sidecar, recents: Recents) {
    this.sidecar = sidecar;
    this.recents = recents;
  }

  /** A recent target with its secrets; asks for it where those are no longer stored. */
  async wholeOf(recent: RecentTarget): Promise<string | undefined> {
    return (await this.recents.wholeOf(recent)) ?? this.ask(recent.text);
  }

  /** Let the user pick or type a target; undefined where they don't. */
  ask(initial = ""): Promise<string | undefined> {
    const forget = { iconPath: new ThemeIcon("close"), tooltip: l10n.t("Forget This Target") };
    const picker = window.createQuickPick<TargetItem>();
    picker.title = l10n.t("Connect to an MCP Server");
    picker.placeholder = l10n.t("URL, path of a server script, or command line (such as npx -y some-server)");
    picker.matchOnDetail = true;
    picker.value = initial;

    const offer = (typed: TargetItem[]) => {
      const recents = this.recents.all.map(
        (recent): TargetItem => ({ label: recent.text, iconPath: new ThemeIcon("history"), recent, buttons: [forget] }),
      );
      const active = activeServerScript();
      const script: TargetItem[] = active
        ? [
            {
              label: active,
              description: l10n.t("the file you are editing"),
              iconPath: new ThemeIcon("file-code"),
              target: active,
            },
          ]
        : [];
      const heading: TargetItem[] = recents.length
        ? [{ label: l10n.t("recent"), kind: QuickPickItemKind.Separator }]
        : [];
      picker.items = [...typed, ...script, ...heading, ...recents];
    };
    const check = async (text: string) => {
      const item = await this.understand(text);
      // What was typed meanwhile is checked by its own turn.
      if (picker.value.trim() === text) {
        offer([item]);
      }
    };

    let pause: NodeJS.Timeout | undefined;
    const typed = (value: string) => {
      const text = value.trim();
      clearTimeout(pause);
      offer(text ? [{ label: text, target: text, iconPath: new ThemeIcon("plug"), alwaysShow: true }] : []);
      if (text) {
        pause = setTimeout(() => void check(text), PAUSE_MS);
      }
    };
    typed(initial);

    return new Promise((resolve) => {
      picker.onDidChangeValue(typed);
      picker.onDidTriggerItemButton(async ({ item }) => {
        if (item.recent) {
          await this.recents.remove(item.recent);
          typed(picker.value);
        }
      });
      picker.onDidAccept(() => {
        const [item] = picker.selectedItems;
        // Enter can come before the items follow what was typed.
        resolve(item?.recent ? this.wholeOf(item.recent) : item?.target || picker.value.trim() || undefined);
        picker.hide();
      });
      picker.onDidHide(() => {
        clearTimeout(pause);
        picker.dispose();
        resolve(undefined);
      });
      picker.show();
    });
  }

  /** What the sidecar makes of a text, as an item. */
  private async understand(text: string): Promise<TargetItem> {
    const item = { label: text, target: text, alwaysShow: true };
    try {
      const { target } = await this.sidecar.request("mcp/resolve", { url: text });
      const where = target.url ?? [target.command, ...(target.args ?? [])].join(" ");
      return { ...item, iconPath: new ThemeIcon("plug"), detail: `${target.transport}: ${where}` };
    } catch (error) {
      return { ...item, iconPath: new ThemeIcon("warning"), detail: failureOf(error)?.message ?? "" };
    }
  }
}

/** The path of the file in the active editor where it looks like an MCP server, as short as it is unambiguous. */
function activeServerScript(): string | undefined {
  const document = window.activeTextEditor?.document;
  if (!document || document.uri.scheme !== "file" || !looksLikeServer(document)) {
    return undefined;
  }
  const [folder] = workspace.workspaceFolders ?? [];
  const ours = folder !== undefined && workspace.getWorkspaceFolder(document.uri) === folder;
  // The sidecar resolves relative paths from the first folder.
  return ours ? workspace.asRelativePath(document.uri, false) : document.uri.fsPath;
}

const SERVER_MARKS = {
  python: /^\s*(from|import)\s+(fastmcp|mcp)\b/m,
  javascript: /["'](@modelcontextprotocol\/|fastmcp["'])/,
  typescript: /["'](@modelcontextprotocol\/|fastmcp["'])/,
};

/** Whether a document looks like the script of an MCP server. */
export function looksLikeServer(document: Pick<TextDocument, "languageId" | "getText">): boolean {
  const mark = (SERVER_MARKS as Record<string, RegExp>)[document.languageId];
  return mark?.test(document.getText()) ?? false;
}
