/** The picker of *Connect…*: recent targets, the file being edited, and what is typed, checked while it is typed. */
import { l10n, type QuickPickItem, QuickPickItemKind, ThemeIcon, window, workspace } from "vscode";
import { failureOf } from "./failure.ts";
import { withoutIcons } from "./plainText.ts";
import type { Recents, RecentTarget } from "./recents.ts";
import { looksLikeServer } from "./serverScript.ts";
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
  private readonly forgotten: (target: string) => Promise<void>;

  /**
   * @param forgotten called with a target, whole where that is known, that is no recent one any more
   */
  constructor(sidecar: Sidecar, recents: Recents, forgotten: (target: string) => Promise<void>) {
    this.sidecar = sidecar;
    this.recents = recents;
    this.forgotten = forgotten;
  }

  /** A recent target with its secrets; asks for it where those are no longer stored. */
  async wholeOf(recent: RecentTarget): Promise<string | undefined> {
    return (await this.recents.wholeOf(recent)) ?? this.ask(recent.text);
  }

  /** Let the user pick or type a target; undefined where they don't. */
  ask(initial = ""): Promise<string | undefined> {
    const picker = window.createQuickPick<TargetItem>();
    picker.title = l10n.t("Connect to an MCP Server");
    picker.placeholder = l10n.t("URL, path of a server script, or command line (such as npx -y some-server)");
    picker.value = initial;

    let pause: NodeJS.Timeout | undefined;
    const update = (value: string) => {
      const text = value.trim();
      clearTimeout(pause);
      if (!text) {
        picker.items = this.offers();
        return;
      }
      const typed = { label: withoutIcons(text), target: text, alwaysShow: true };
      picker.items = [{ ...typed, iconPath: new ThemeIcon("plug") }, ...this.offers()];
      pause = setTimeout(async () => {
        const understood = await this.understand(text);
        // What was typed meanwhile is checked by its own turn.
        if (picker.value.trim() === text) {
          picker.items = [{ ...typed, ...understood }, ...this.offers()];
        }
      }, PAUSE_MS);
    };
    update(initial);

    return new Promise((resolve) => {
      picker.onDidChangeValue(update);
      picker.onDidTriggerItemButton(async ({ item }) => {
        await (item.recent && this.forget(item.recent));
        update(picker.value);
      });
      picker.onDidAccept(() => {
        const typed = picker.value.trim();
        // Enter can come before the items follow what was typed: never go where that does not lead.
        const item = picker.selectedItems.find(({ label }) => leadsTo(typed, label));
        resolve(item?.recent ? this.wholeOf(item.recent) : item?.target || typed || undefined);
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

  private async forget(recent: RecentTarget): Promise<void> {
    const whole = await this.recents.wholeOf(recent);
    await this.recents.remove(recent);
    await this.forgotten(whole ?? recent.text);
  }

  private offers(): TargetItem[] {
    const buttons = [{ iconPath: new ThemeIcon("close"), tooltip: l10n.t("Forget This Target") }];
    const icon = new ThemeIcon("history");
    const recents = this.recents.all.map((recent) => ({
      label: withoutIcons(recent.text),
      iconPath: icon,
      recent,
      buttons,
    }));
    const script = activeServerScript();
    const edited = { description: l10n.t("the file you are editing"), iconPath: new ThemeIcon("file-code") };
    return [
      ...(script ? [{ label: script, target: script, ...edited }] : []),
      ...(recents.length ? [{ label: l10n.t("recent"), kind: QuickPickItemKind.Separator }, ...recents] : []),
    ];
  }

  /** What the sidecar makes of a text. */
  private async understand(text: string): Promise<Partial<TargetItem>> {
    try {
      const { target } = await this.sidecar.request("mcp/resolve", { url: text });
      const what = target.url ?? [target.command, ...(target.args ?? [])].join(" ");
      return { iconPath: new ThemeIcon("plug"), detail: withoutIcons(`${target.transport}: ${what}`) };
    } catch (error) {
      return { iconPath: new ThemeIcon("warning"), detail: withoutIcons(failureOf(error)?.message ?? "") };
    }
  }
}

/** Whether the characters of what was typed are in a label, in their order, as VS Code's own filter asks. */
function leadsTo(typed: string, label: string): boolean {
  let at = 0;
  return [...typed.toLowerCase()].every((character) => {
    at = label.toLowerCase().indexOf(character, at) + 1;
    return at > 0;
  });
}

/** The path of the file in the active editor where it looks like an MCP server, as short as it is unambiguous. */
function activeServerScript(): string | undefined {
  const document = window.activeTextEditor?.document;
  if (document?.uri.scheme !== "file" || !looksLikeServer(document.languageId, document.getText())) {
    return undefined;
  }
  // The sidecar resolves relative paths from the first folder.
  const ours = workspace.getWorkspaceFolder(document.uri)?.index === 0;
  return ours ? workspace.asRelativePath(document.uri, false) : document.uri.fsPath;
}
