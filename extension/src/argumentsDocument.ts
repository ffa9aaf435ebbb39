/** A document of arguments: opened with what is known of them, and called with what the user made of them. */
import { l10n, Position, Range, Uri, ViewColumn, window, workspace } from "vscode";
import type { Parts } from "./parts.ts";
import type { PrefillParams } from "./protocol.ts";
import { showRequest } from "./resultPanel.ts";

/** Open the arguments of something. */
export async function openArguments(parts: Parts, kind: PrefillParams["kind"] & string, name: string): Promise<void> {
  const { sidecar, documents } = parts;
  const filled = await sidecar.request("mcp/prefill", { name, kind });
  const document = Uri.parse(filled.uri);
  documents.prefill(document, filled.text);
  const at = new Position(filled.cursor.line, filled.cursor.character);
  await window.showTextDocument(document, { viewColumn: ViewColumn.One, selection: new Range(at, at) });
}

/** Make the request whose arguments a document holds. */
export async function callDocument(parts: Parts, uri: Uri): Promise<void> {
  // Saved, so that closing it asks nothing and the arguments are there next time.
  await (await workspace.openTextDocument(uri)).save();
  const name = decodeURIComponent(uri.path.replace(/^.*\/|\.jsonc$/g, ""));
  await showRequest(parts, { document: uri.toString() }, l10n.t("Calling {0}", name));
}
