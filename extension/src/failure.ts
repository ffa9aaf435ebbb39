/** What the user is told of a failed request: one message, with the next step. */
import { l10n } from "vscode";
import { withoutLinks } from "./plainText.ts";
import type { ErrorData } from "./protocol.ts";

/** The sidecar does not run; the state tells why, and the user was told. */
export class Unavailable extends Error {}

export interface Failure {
  /** For a notification: what the server said in it is no link. */
  message: string;
  kind: ErrorData["kind"] | undefined;
}

/** LSP's RequestCancelled, and what the language client says of requests under way when the sidecar ends. */
const KNOWN = [-32800, -32097];

/** Read an error; undefined for what the user knows already: a cancellation, or that there is no sidecar. */
export function failureOf(error: unknown): Failure | undefined {
  // A ResponseError of the language client, or an Error.
  const { message, code, data } = error as { message?: string; code?: number; data?: Partial<ErrorData> | null };
  if (error instanceof Unavailable || KNOWN.includes(code ?? 0)) return undefined;
  const text = withoutLinks(sentences(message, data?.suggestion));
  return { message: text || l10n.t("The request failed without a message."), kind: data?.kind };
}

/** A message and what to do, as two sentences; the first may end in a line of the server's. */
export function sentences(message = "", suggestion = ""): string {
  return [/[\p{L}\p{N}]$/u.test(message) ? `${message}.` : message, suggestion].filter(Boolean).join(" ");
}
