/** The picker of *Connect…*: what is typed, checked while it is typed, and what there is to choose. */
import { l10n, type QuickPickItem, QuickPickItemKind, ThemeIcon, window } from "vscode";
import type { Parts } from "./parts.ts";
import { withoutIcons } from "./plainText.ts";
import type { Offer, Offers, Target } from "./protocol.ts";
import type { RecentTarget } from "./recents.ts";

type Sources = Pick<Parts, "sidecar" | "recents">;

interface TargetItem extends QuickPickItem {
  target?: Target;
  recent?: RecentTarget;
}

/** A recent target with its secrets; asks for it where those are no longer stored. */
export async function wholeOf(parts: Sources, recent: RecentTarget): Promise<Target | undefined> {
  return (await parts.recents.wholeOf(recent)) ?? pickTarget(parts, recent.text);
}

/** Let the user pick or type a target; undefined where they don't. */
export function pickTarget({ sidecar, recents }: Sources, initial = ""): Promise<Target | undefined> {
  const picker = window.createQuickPick<TargetItem>();
  picker.title = l10n.t("Connect to an MCP Server");
  picker.placeholder = l10n.t("URL, path of a server script, or command line (such as npx -y some-server)");
  picker.value = initial;
  picker.matchOnDescription = true;

  const document = window.activeTextEditor?.document.uri.toString() ?? "";
  const typed = () => picker.value.trim();
  let offers: Offers = { typed: null, configured: [], document: null };
  const show = () => {
    picker.items = itemsOf(offers, typed(), recents.all);
  };
  const update = async (typedOnly: boolean) => {
    show();
    const asked = typed();
    // Where that fails, so does the connect that follows, and says why.
    const found = await sidecar.request("mcp/offers", { typed: asked, document, typedOnly }).catch(() => undefined);
    if (found)
      offers = typedOnly ? { ...offers, typed: found.typed } : { ...found, typed: offers.typed ?? found.typed };
    show();
  };
  void update(false);

  return new Promise((resolve) => {
    picker.onDidChangeValue(() => update(true));
    picker.onDidTriggerItemButton(async ({ item }) => {
      await (item.recent && recents.remove(item.recent));
      show();
    });
    picker.onDidAccept(() => {
      // Enter can come before the items follow what was typed: never go where that does not lead.
      const item = picker.selectedItems.find((each) => leadsTo(typed(), `${each.label} ${each.description}`));
      const target = item?.target ?? (typed() ? { url: typed() } : undefined);
      resolve(item?.recent ? wholeOf({ sidecar, recents }, item.recent) : target);
      picker.hide();
    });
    picker.onDidHide(() => {
      picker.dispose();
      resolve(undefined);
    });
    picker.show();
  });
}

function itemsOf({ typed: checked, configured, document }: Offers, typed: string, recents: readonly RecentTarget[]) {
  const unchecked = { label: typed, description: "", detail: "", isWrong: false, target: { url: typed } };
  const line = itemOf(checked?.label === typed ? checked : unchecked, "plug");
  const servers = configured.map((offer) => itemOf(offer, "server"));
  const edited = document ? [itemOf(document, "file-code")] : [];
  const buttons = [{ iconPath: new ThemeIcon("close"), tooltip: l10n.t("Forget This Target") }];
  const last = recents
    .filter(({ target }) => !target?.server) // which stand above
    .map((recent) => ({ label: withoutIcons(recent.text), iconPath: new ThemeIcon("history"), recent, buttons }));
  return [
    ...(typed ? [{ ...line, alwaysShow: true }] : []),
    ...group(l10n.t("configured"), servers),
    ...group(l10n.t("the file you are editing"), edited),
    ...group(l10n.t("recent"), last),
  ];
}

function itemOf({ label, description, detail, isWrong, target }: Offer, icon: string): TargetItem {
  const words = { label: withoutIcons(label), description: withoutIcons(description), detail: withoutIcons(detail) };
  return { ...words, iconPath: new ThemeIcon(isWrong ? "warning" : icon), target };
}

function group(label: string, items: TargetItem[]): TargetItem[] {
  return items.length > 0 ? [{ label, kind: QuickPickItemKind.Separator }, ...items] : [];
}

/** Whether the characters of what was typed are in a text, in their order, as VS Code's own filter asks. */
function leadsTo(typed: string, text: string): boolean {
  let at = 0;
  return [...typed.toLowerCase()].every((character) => {
    at = text.toLowerCase().indexOf(character, at) + 1;
    return at > 0;
  });
}
