/** Documents of arguments, and the requests that are made with them; *Call Tool…*. */
import { l10n, Position, Range, Uri, ViewColumn, window, workspace } from "vscode";
import { pickItem } from "./itemPicker.ts";
import type { Parts } from "./parts.ts";
import type { ShowParams } from "./protocol.ts";
import { OPEN_PART, OPEN_WHOLE } from "./resultPanel.ts";
import { type Given, type ItemKind, itemOf } from "./serverItems.ts";

/** Open the arguments of a tool; the user picks one where none is given. */
export async function callTool(parts: Parts, given: Given): Promise<void> {
  const picked = async () => (await pickItem(parts.sidecar, l10n.t("Call a Tool"), ["tool"]))?.item;
  const name = typeof given === "string" ? given : (itemOf(given) ?? (await picked()))?.id;
  await (name !== undefined && openArguments(parts, "tool", name));
}

/** Open the arguments of something, with those of the last time where there are any. */
export async function openArguments(parts: Parts, kind: Exclude<ItemKind, "resource">, name: string): Promise<void> {
  const { sidecar, documents, lastArguments } = parts;
  const draft = await sidecar.request("mcp/prefill", { name, kind });
  const remembered = lastArguments.get(draft.uri);
  const filled = remembered ? await sidecar.request("mcp/prefill", { name, kind, remembered }) : draft;
  const document = Uri.parse(filled.uri);
  documents.prefill(document, filled.text);
  const at = new Position(filled.cursor.line, filled.cursor.character);
  await window.showTextDocument(document, { viewColumn: ViewColumn.One, selection: new Range(at, at) });
}

/** Make a request whose page is shown. */
export async function showRequest({ sidecar, panel }: Parts, request: ShowParams, title: string): Promise<void> {
  const links = { openWhole: `command:${OPEN_WHOLE}`, openPart: `command:${OPEN_PART}` };
  try {
    await sidecar.request("mcp/show", { ...request, ...links }, title);
  } catch (error) {
    // Without a sidecar no page says how it ended.
    if (!sidecar.status) panel.dispose();
    throw error;
  }
}

/** Make the request whose arguments a document holds. */
export async function callDocument(parts: Parts, uri: Uri): Promise<void> {
  // Saved, so that closing it asks nothing and the arguments are there next time.
  await (await workspace.openTextDocument(uri)).save();
  const name = decodeURIComponent(uri.path.replace(/^.*\/|\.jsonc$/g, ""));
  const document = uri.toString();
  // Without a connection nobody knows what of them is secret.
  void parts.lastArguments.keep(document, parts.sidecar).catch((error) => parts.log.info(String(error)));
  await showRequest(parts, { document }, l10n.t("Calling {0}", name));
}
