/** What the user is told of a failed request: one message, with the next step. */
import { l10n } from "vscode";
import { withoutLinks } from "./plainText.ts";
import type { ErrorData } from "./protocol.ts";

export interface Failure {
  /** For a notification: what the server said in it is no link. */
  message: string;
  kind: ErrorData["kind"] | undefined;
  /** The JSON-RPC error itself, where it is one. */
  code?: number;
  data?: Partial<ErrorData>;
}

/** LSP's RequestCancelled. */
const CANCELLED = -32800;

/** Read an error; undefined for a cancellation, which the user asked for. */
export function failureOf(error: unknown): Failure | undefined {
  // A ResponseError of the language client, or an Error.
  const { message, code, data } = error as { message?: string; code?: unknown; data?: Partial<ErrorData> | null };
  if (code === CANCELLED) {
    return undefined;
  }
  const text = sentences(message, data?.suggestion);
  return {
    message: withoutLinks(text) || l10n.t("The request failed without a message."),
    kind: data?.kind,
    ...(typeof code === "number" && { code }),
    ...(data && { data }),
  };
}

/** A message and what to do, as two sentences; the first may end in a line of the server's. */
export function sentences(message = "", suggestion = ""): string {
  return [/[\p{L}\p{N}]$/u.test(message) ? `${message}.` : message, suggestion].filter(Boolean).join(" ");
}
