/** The picker of *Connect…*: recent targets, the file being edited, and what is typed, checked while it is typed. */
import { l10n, type QuickPickItem, QuickPickItemKind, ThemeIcon, window, workspace } from "vscode";
import { failureOf } from "./failure.ts";
import type { Parts } from "./parts.ts";
import { withoutIcons } from "./plainText.ts";
import type { Target } from "./protocol.ts";
import type { Recents, RecentTarget } from "./recents.ts";
import { looksLikeServer } from "./serverScript.ts";
import type { Sidecar } from "./sidecar.ts";
import { addressOf } from "./state.ts";

/** Milliseconds without a key after which what was typed is checked. */
const PAUSE_MS = 120;

interface TargetItem extends QuickPickItem {
  /** What to connect to, as it would be typed; else there is a recent target. */
  url?: string;
  recent?: RecentTarget;
}

/** A recent target with its secrets; asks for it where those are no longer stored. */
export async function wholeOf(parts: Parts, recent: RecentTarget): Promise<Target | undefined> {
  return (await parts.recents.wholeOf(recent)) ?? pickTarget(parts, recent.text);
}

/** Let the user pick or type a target; undefined where they don't. */
export function pickTarget(parts: Parts, initial = ""): Promise<Target | undefined> {
  const picker = window.createQuickPick<TargetItem>();
  picker.title = l10n.t("Connect to an MCP Server");
  picker.placeholder = l10n.t("URL, path of a server script, or command line (such as npx -y some-server)");
  picker.value = initial;

  let pause: NodeJS.Timeout | undefined;
  const update = (value: string) => {
    const url = value.trim();
    const show = (understood: Partial<TargetItem>) => {
      const typed = { label: withoutIcons(url), url, alwaysShow: true, ...understood };
      picker.items = [...(url ? [typed] : []), ...offers(parts.recents)];
    };
    show({ iconPath: new ThemeIcon("plug") });
    clearTimeout(pause);
    pause = setTimeout(async () => {
      const understood = await understand(parts.sidecar, url);
      // What was typed meanwhile is checked by its own turn.
      if (picker.value.trim() === url) show(understood);
    }, PAUSE_MS);
  };
  update(initial);

  return new Promise((resolve) => {
    picker.onDidChangeValue(update);
    picker.onDidTriggerItemButton(async ({ item }) => {
      await (item.recent && parts.recents.remove(item.recent));
      update(picker.value);
    });
    picker.onDidAccept(() => {
      const typed = picker.value.trim();
      // Enter can come before the items follow what was typed: never go where that does not lead.
      const item = picker.selectedItems.find(({ label }) => leadsTo(typed, label));
      const url = item?.url || typed;
      resolve(item?.recent ? wholeOf(parts, item.recent) : url ? { url } : undefined);
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

function offers({ all }: Recents): TargetItem[] {
  const buttons = [{ iconPath: new ThemeIcon("close"), tooltip: l10n.t("Forget This Target") }];
  const iconPath = new ThemeIcon("history");
  const recents = all.map((recent) => ({ label: withoutIcons(recent.text), iconPath, recent, buttons }));
  const script = activeServerScript();
  const edited = { description: l10n.t("the file you are editing"), iconPath: new ThemeIcon("file-code") };
  return [
    ...(script ? [{ label: script, url: script, ...edited }] : []),
    ...(recents.length ? [{ label: l10n.t("recent"), kind: QuickPickItemKind.Separator }, ...recents] : []),
  ];
}

/** What the sidecar makes of a text. */
async function understand(sidecar: Sidecar, url: string): Promise<Partial<TargetItem>> {
  try {
    const { target } = await sidecar.request("mcp/resolve", { url });
    return { iconPath: new ThemeIcon("plug"), detail: withoutIcons(`${target.transport}: ${addressOf(target)}`) };
  } catch (error) {
    return { iconPath: new ThemeIcon("warning"), detail: withoutIcons(failureOf(error)?.message ?? "") };
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
