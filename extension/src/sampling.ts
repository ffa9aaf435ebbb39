/** What a server asks of a language model: each time only with the user's consent (MCP 2025-11-25, "Sampling"). */
import { type CancellationToken, type LanguageModelChat, l10n, lm, window } from "vscode";
import { ResponseError } from "vscode-languageclient/node";
import type { Documents } from "./documents.ts";
import type { Asker } from "./elicitation.ts";
import { answerOf, messagesOf, preferred, toolOptions, Unsendable } from "./modelMessages.ts";
import { withoutLinks } from "./plainText.ts";
import type { Raw } from "./protocol.ts";
import { withdrawable } from "./serverQuestions.ts";

/** MCP's code for what the user did not want; JSON-RPC's for what can't be taken, and for what failed. */
const [REJECTED, INVALID_PARAMS, FAILED] = [-1, -32602, -32603];

export interface Sampler extends Asker {
  documents: Documents;
}

/** Answer `mcp/sampling/createMessage`.
 *
 * @throws ResponseError where there is no model, the user does not want it, or the model fails
 */
export async function sample(sampler: Sampler, params: Raw, token: CancellationToken): Promise<object> {
  const { server } = sampler.questions;
  const model = preferred(await lm.selectChatModels(), params.modelPreferences);
  if (!model) throw new ResponseError(REJECTED, l10n.t("There is no language model in this editor."));
  const allowed = await sampler.questions.put(token, (token) => consents(sampler, server, model, params, token));
  if (!allowed) throw new ResponseError(REJECTED, "User rejected sampling request");
  try {
    const options = { max_tokens: params.maxTokens, temperature: params.temperature, stop: params.stopSequences };
    const justification = l10n.t("The MCP server {0} asks for it.", server);
    const messages = messagesOf(params.messages, params.systemPrompt);
    const modelOptions = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    const request = { justification, modelOptions, ...toolOptions(params) };
    const parts: unknown[] = [];
    for await (const part of (await model.sendRequest(messages, request, token)).stream) parts.push(part);
    return { role: "assistant", model: model.id, ...answerOf(parts) };
  } catch (error) {
    const code = error instanceof Unsendable ? INVALID_PARAMS : FAILED;
    throw new ResponseError(code, error instanceof Error ? error.message : String(error));
  }
}

async function consents(
  { documents, sidecar }: Sampler,
  server: string,
  model: LanguageModelChat,
  params: Raw,
  token: CancellationToken,
): Promise<boolean> {
  const { text } = await sidecar.request("mcp/summary", { sampling: params });
  if (token.isCancellationRequested) return false;
  const [allow, show] = [{ title: l10n.t("Allow Once") }, { title: l10n.t("Show Request") }];
  // Else a dialog has a Cancel beside it, which would mean the same.
  const deny = { title: l10n.t("Deny"), isCloseAffordance: true };
  const title = withoutLinks(l10n.t("{0} wants to use the language model {1}", server, model.name));
  const dialog = window.showInformationMessage(title, { modal: true, detail: withoutLinks(text) }, allow, show, deny);
  let pressed = await withdrawable(dialog, token, server);
  if (pressed === show) {
    await window.showTextDocument(documents.set("Sampling Request.json", JSON.stringify(params, undefined, 2)));
    // Not modal, so that it can be read.
    pressed = await withdrawable(window.showInformationMessage(title, allow, deny), token, server);
  }
  return pressed === allow;
}
