/** The messages of MCP as those of the editor's language models, and back (MCP 2025-11-25, "Sampling"). */
import * as vscode from "vscode";
import type { Raw } from "./protocol.ts";

/** There is something in a message that models of this editor can't take. */
export class Unsendable extends Error {
  constructor(what: string) {
    super(vscode.l10n.t("Models of this editor can't be sent: {0}", what));
  }
}

type ToolResult = vscode.LanguageModelToolResultPart;

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
      ? Message.Assistant(parts as vscode.LanguageModelToolCallPart[])
      : Message.User(parts as ToolResult[]);
  });
  // The API has no role for it.
  return typeof systemPrompt === "string" && systemPrompt ? [Message.User(systemPrompt), ...sent] : sent;
}

/** What a model may use, as its request takes it: nothing where the server wants it to use no tool. */
export function toolOptions({ tools, toolChoice }: Raw): vscode.LanguageModelChatRequestOptions {
  const mode = (toolChoice as Raw | undefined)?.mode;
  if (!Array.isArray(tools) || tools.length === 0 || mode === "none") return {};
  const { Auto, Required } = vscode.LanguageModelChatToolMode;
  return {
    tools: tools.map(({ name, description, inputSchema }) => ({ name, description: description ?? "", inputSchema })),
    toolMode: mode === "required" ? Required : Auto,
  };
}

/** What a model said, as MCP's `content` and `stopReason`; VS Code does not tell why else a model stopped.
 *
 * @param parts of its answer, in order; of what is neither text nor the use of a tool MCP knows nothing
 */
export function answerOf(parts: readonly unknown[]): { content: Raw | Raw[]; stopReason: string } {
  const { LanguageModelTextPart: Text, LanguageModelToolCallPart: Call } = vscode;
  const text = parts.map((part) => (part instanceof Text ? part.value : "")).join("");
  const said: Raw = { type: "text", text };
  const uses = parts
    .filter((part) => part instanceof Call)
    .map(({ callId, name, input }): Raw => ({ type: "tool_use", id: callId, name, input }));
  if (uses.length === 0) return { content: said, stopReason: "endTurn" };
  return { content: text ? [said, ...uses] : uses, stopReason: "toolUse" };
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

function partOf(block: Raw): vscode.LanguageModelTextPart | vscode.LanguageModelToolCallPart | ToolResult {
  if (block.type === "text") return new vscode.LanguageModelTextPart(String(block.text));
  if (block.type === "resource") {
    const { text } = block.resource as Raw;
    if (typeof text === "string") return new vscode.LanguageModelTextPart(text);
  }
  if (block.type === "image" && Data)
    return Data.image(Buffer.from(String(block.data), "base64"), String(block.mimeType));
  if (block.type === "tool_use") {
    return new vscode.LanguageModelToolCallPart(String(block.id), String(block.name), block.input as object);
  }
  if (block.type === "tool_result") {
    const content = Array.isArray(block.content) ? block.content : [];
    return new vscode.LanguageModelToolResultPart(String(block.toolUseId), content.map(partOf));
  }
  throw new Unsendable(String(block.type).slice(0, 40));
}
