/** *Run Prompt…*: a prompt of the server goes to the editor's language model; the answer is a document that grows. */
import { type CancellationToken, CancellationTokenSource, commands, type Disposable, l10n, lm, window } from "vscode";
import { fillIn } from "./form.ts";
import { itemFor } from "./itemPicker.ts";
import { messagesOf, preferred } from "./modelMessages.ts";
import type { Parts } from "./parts.ts";
import { withProgress } from "./progress.ts";
import type { Raw } from "./protocol.ts";
import type { Given } from "./serverItems.ts";
import { SECTION } from "./settings.ts";
import type { Sidecar } from "./sidecar.ts";

/** Milliseconds between two states of the document: it is for the eye. */
const PAUSE_MS = 100;

/** The context key of whether there is a model, kept right. */
export function followModels(): Disposable {
  const update = async () => {
    const models = await lm.selectChatModels();
    await commands.executeCommand("setContext", `${SECTION}.hasModel`, models.length > 0);
  };
  void update();
  return lm.onDidChangeChatModels(update);
}

export async function runPrompt(parts: Parts, given: Given): Promise<void> {
  const { sidecar } = parts;
  const item = await itemFor(sidecar, given, l10n.t("Run a Prompt"), "prompt");
  const filled = item && (await argumentsFor(sidecar, item.id));
  if (!item || !filled) return;
  const title = l10n.t("Running {0}", item.id);
  const { messages } = await sidecar.request("mcp/prompts/get", { name: item.id, arguments: filled }, title);
  await withProgress(title, (token) => answer(parts, item.id, messages, token));
}

/** What the user enters for a prompt's arguments; undefined where they don't. */
async function argumentsFor(sidecar: Sidecar, prompt: string): Promise<Raw | undefined> {
  const { fields } = await sidecar.request("mcp/fields", { prompt });
  const source = new CancellationTokenSource();
  const form = { title: prompt, message: "", fields };
  const filled = await fillIn(sidecar, form, source.token).finally(() => source.dispose());
  return filled.action === "accept" ? filled.content : undefined;
}

async function answer({ documents }: Parts, name: string, messages: unknown, token: CancellationToken): Promise<void> {
  const model = preferred(await lm.selectChatModels(), undefined);
  if (!model) throw new Error(l10n.t("There is no language model in this editor."));
  const file = `${name.replaceAll("/", "_")}.md`;
  let text = "";
  let shown = 0;
  const show = () => {
    shown = Date.now();
    return documents.set(file, text);
  };
  await window.showTextDocument(show(), { preview: false });
  try {
    const justification = l10n.t("You run the prompt {0}.", name);
    for await (const piece of (await model.sendRequest(messagesOf(messages), { justification }, token)).text) {
      text += piece;
      if (Date.now() - shown >= PAUSE_MS) show();
    }
  } catch (error) {
    if (!token.isCancellationRequested) throw error;
  } finally {
    show();
  }
}
