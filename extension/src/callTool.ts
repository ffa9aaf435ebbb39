/** *Call Tool…*: pick a tool, edit its arguments, call it. */
import { l10n, Position, type QuickPickItem, Range, Uri, ViewColumn, window, workspace } from "vscode";
import { failureOf } from "./failure.ts";
import type { Parts } from "./parts.ts";
import { withoutIcons, withoutLinks } from "./plainText.ts";
import { OPEN_WHOLE } from "./resultPanel.ts";
import type { Sidecar } from "./sidecar.ts";

/** Open the arguments of a tool; the user picks one where none is named. */
export async function callTool({ sidecar, documents }: Parts, name?: string): Promise<void> {
  const tool = name ?? (await pickTool(sidecar));
  if (tool !== undefined) {
    const { uri, text, cursor } = await sidecar.request("mcp/prefill", { name: tool });
    const document = Uri.parse(uri);
    documents.prefill(document, text);
    const at = new Position(cursor.line, cursor.character);
    await window.showTextDocument(document, { viewColumn: ViewColumn.One, selection: new Range(at, at) });
  }
}

/** Call the tool whose arguments a document holds. */
export async function callDocument(parts: Parts, uri: Uri, confirmed = false): Promise<void> {
  // Saved, so that closing it asks nothing and the arguments are there next time.
  await (await workspace.openTextDocument(uri)).save();
  const tool = decodeURIComponent(uri.path.replace(/^.*\/|\.jsonc$/g, ""));
  const params = { document: uri.toString(), confirmed, openWhole: `command:${OPEN_WHOLE}` };
  try {
    await parts.sidecar.request("mcp/show", params, l10n.t("Calling {0}", tool));
  } catch (error) {
    if (failureOf(error)?.kind !== "consent_refused") {
      // Without a sidecar no page says how it ended.
      if (!parts.sidecar.status) parts.panel.dispose();
      throw error;
    }
    const [call, message] = [l10n.t("Call"), withoutLinks((error as Error).message)];
    if ((await window.showWarningMessage(message, { modal: true }, call)) === call) {
      await callDocument(parts, uri, true);
    }
  }
}

async function pickTool(sidecar: Sidecar): Promise<string | undefined> {
  const { tools } = await sidecar.request("mcp/tools/list", {}, l10n.t("Listing the tools"));
  // Whatever a server under test sends: only what has a name can be called.
  const items = (Array.isArray(tools) ? tools : [])
    .filter((tool) => typeof tool?.name === "string")
    .map((tool): QuickPickItem & { name: string } => ({
      label: withoutIcons(tool.name),
      description: textOf(tool.title),
      detail: textOf(tool.description).split("\n")[0] ?? "",
      name: tool.name,
    }));
  if (items.length === 0) {
    await window.showInformationMessage(l10n.t("This server offers no tools."));
    return undefined;
  }
  const options = { title: l10n.t("Call a Tool"), placeHolder: l10n.t("Name or description"), matchOnDetail: true };
  return (await window.showQuickPick(items, options))?.name;
}

/** What a server sent where a text belongs. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value.replaceAll("$(", "$ (") : "";
}
