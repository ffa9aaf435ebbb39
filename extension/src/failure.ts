/** What the user is told of a failure: one message, with what can be done about it. */
import { commands, l10n } from "vscode";
import { withoutLinks } from "./plainText.ts";
import type { ErrorData } from "./protocol.ts";
import { SECTION } from "./settings.ts";

/** The sidecar does not run; the state tells why, and the user was told. */
export class Unavailable extends Error {}

/** LSP's RequestCancelled, and what the language client says of requests under way when the sidecar ends. */
const KNOWN = [-32800, -32097];

/** Read an error; undefined for what the user knows already: a cancellation, or that there is no sidecar.
 *
 * @returns its kind, and a message for a notification: what the server said in it is no link
 */
export function failureOf(error: unknown) {
  // A ResponseError of the language client, or an Error.
  const { message, code, data } = error as { message?: string; code?: number; data?: Partial<ErrorData> | null };
  if (error instanceof Unavailable || KNOWN.includes(code ?? 0)) return undefined;
  // How else to consent is for editors that could not ask.
  const text = withoutLinks(sentences(message, data?.kind === "consent_refused" ? "" : data?.suggestion));
  return { message: text || l10n.t("The request failed without a message."), kind: data?.kind };
}

/** A message and what to do, as two sentences; the first may end in a line of the server's. */
export function sentences(message = "", suggestion = ""): string {
  return [/[\p{L}\p{N}]$/u.test(message) ? `${message}.` : message, suggestion].filter(Boolean).join(" ");
}

/** One of VS Code's functions for messages, such as `window.showErrorMessage`. */
type Show = (message: string, ...titles: string[]) => Thenable<string | undefined>;

/** The steps by their titles: a command of ours, or what is done. */
export type Steps = Record<string, string | (() => unknown)>;

/** Show a message with the steps; foreign text in it is made no link. */
export async function offer(show: Show, message: string, steps: Steps): Promise<void> {
  const step = steps[(await show(withoutLinks(message), ...Object.keys(steps))) ?? ""];
  await (typeof step === "string" ? commands.executeCommand(`${SECTION}.${step}`) : step?.());
}
