/** *Call Tool…*, *Read Resource…* and *Get Prompt…*, and what is done with an item of the view. */
import { env, l10n, Uri, window, workspace } from "vscode";
import { openArguments } from "./argumentsDocument.ts";
import { itemFor, pickItem } from "./itemPicker.ts";
import type { Parts } from "./parts.ts";
import type { Item } from "./protocol.ts";
import { showRequest } from "./resultPanel.ts";
import { type Given, itemOf } from "./serverItems.ts";

/** Open the arguments of a tool; the user picks one where none is given. */
export async function callTool(parts: Parts, given: Given): Promise<void> {
  const name =
    typeof given === "string" ? given : (await itemFor(parts.sidecar, given, l10n.t("Call a Tool"), "tool"))?.id;
  await (name !== undefined && openArguments(parts, "tool", name));
}

/** Read a resource, or one that a template makes; the user picks or types where none is given. */
export async function readResource(parts: Parts, given: Given): Promise<void> {
  const item = itemOf(given) ?? (typeof given === "string" ? given : await chooseResource(parts));
  if (item === undefined) return;
  if (typeof item === "object" && item.kind === "resourceTemplate") {
    return openArguments(parts, item.kind, item.id);
  }
  const uri = typeof item === "object" ? item.id : item;
  await showRequest(parts, { method: "resources/read", params: { uri } }, l10n.t("Reading {0}", uri));
}

async function chooseResource({ sidecar }: Parts): Promise<Item | string | undefined> {
  const typed = { label: `$(edit) ${l10n.t("Type a URI…")}`, alwaysShow: true };
  const title = l10n.t("Read a Resource");
  const choice = await pickItem(sidecar, title, ["resource", "resourceTemplate"], [typed]);
  if (choice !== typed) return choice?.item;
  const uri = await window.showInputBox({
    title,
    prompt: l10n.t("URI of a resource, listed or not"),
    ignoreFocusOut: true,
    validateInput: (text) =>
      /^[a-z][a-z0-9+.-]*:/i.test(text.trim()) ? undefined : l10n.t("A URI begins with a scheme, such as file:"),
  });
  return uri?.trim();
}

/** Get a prompt, once its arguments were edited where it has some. */
export async function getPrompt(parts: Parts, given: Given): Promise<void> {
  if (typeof given === "string") return openArguments(parts, "prompt", given);
  const item = await itemFor(parts.sidecar, given, l10n.t("Get a Prompt"), "prompt");
  if (!item) return;
  const { arguments: known } = item.raw;
  if (Array.isArray(known) && known.length > 0) return openArguments(parts, "prompt", item.id);
  await showRequest(parts, { method: "prompts/get", params: { name: item.id } }, l10n.t("Getting {0}", item.id));
}

export async function copyJson(_: Parts, given: Given): Promise<void> {
  await env.clipboard.writeText(JSON.stringify(itemOf(given)?.raw, undefined, 2));
}

export async function copyName(_: Parts, given: Given): Promise<void> {
  await env.clipboard.writeText(itemOf(given)?.id ?? "");
}

/** Open the answer that the page had to cut. */
export async function openResult({ panel, documents }: Parts): Promise<void> {
  await window.showTextDocument(documents.set("MCP Result.json", panel.page.whole ?? ""));
}

/** Open or save something that the page shows. */
export async function openPart({ panel, documents }: Parts, index: number): Promise<void> {
  const { name = "", text, blob } = panel.page.parts?.[index] ?? {};
  if (text !== undefined) {
    await window.showTextDocument(documents.set(name, text));
  } else if (blob !== undefined) {
    const folder = workspace.workspaceFolders?.[0]?.uri;
    const defaultUri = folder ? Uri.joinPath(folder, name) : Uri.file(name);
    const target = await window.showSaveDialog({ defaultUri });
    await (target && workspace.fs.writeFile(target, Buffer.from(blob, "base64")));
  }
}
