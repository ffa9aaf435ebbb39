/** The messages of MCP as those of the editor's language models, and back (MCP 2025-11-25, "Sampling"). */
import * as vscode from "vscode";
import type { Raw } from "./protocol.ts";

/** What is in a message that models of this editor can't take; says what. */
export class Unsendable extends Error {}

/** Newer than the API that the extension asks for: used where the editor has it. */
const { LanguageModelDataPart: Data } = vscode as unknown as {
  LanguageModelDataPart?: { image(data: Uint8Array, mimeType: string): vscode.LanguageModelTextPart };
};

/** @throws Unsendable where there is audio or the like among them */
export function messagesOf(messages: unknown, systemPrompt?: unknown): vscode.LanguageModelChatMessage[] {
  const { LanguageModelChatMessage: Message } = vscode;
  const sent = (Array.isArray(messages) ? messages : []).map(({ role, content }) => {
    const parts = [content].flat().map(partOf);
    return role === "assistant"
      ? Message.Assistant(parts as vscode.LanguageModelTextPart[])
      : Message.User(parts as vscode.LanguageModelTextPart[]);
  });
  // The API has no role for it.
  return typeof systemPrompt === "string" && systemPrompt ? [Message.User(systemPrompt), ...sent] : sent;
}

/** The model that a server would like best: the first hint comes first, and is a part of a name (ModelHint). */
export function preferred<M extends { id: string; family: string; name: string }>(
  models: readonly M[],
  preferences: unknown,
): M | undefined {
  const hints = (preferences as { hints?: Raw[] } | undefined)?.hints ?? [];
  for (const { name } of hints) {
    const hint = String(name ?? "").toLowerCase();
    const found = models.find(({ id, family, name }) => `${id}\n${family}\n${name}`.toLowerCase().includes(hint));
    if (hint && found) return found;
  }
  return models[0];
}

/** The text of a message's content, as far as it is text. */
export function textIn(content: unknown): string {
  return [content]
    .flat()
    .map((block) => (block as Raw | undefined)?.text)
    .filter((text) => typeof text === "string")
    .join("\n");
}

function partOf(block: Raw) {
  if (block.type === "text") return new vscode.LanguageModelTextPart(String(block.text));
  if (block.type === "resource") {
    const { text } = block.resource as Raw;
    if (typeof text === "string") return new vscode.LanguageModelTextPart(text);
  }
  if (block.type === "image" && Data)
    return Data.image(Buffer.from(String(block.data), "base64"), String(block.mimeType));
  throw new Unsendable(String(block.type).slice(0, 40));
}
