/** What the user is told of a failed request: one message, with the next step. */
import { l10n } from "vscode";
import { LSPErrorCodes, ResponseError } from "vscode-languageclient/node";
import type { ErrorData } from "./protocol.ts";

export interface Failure {
  message: string;
  kind: ErrorData["kind"] | undefined;
  data: Partial<ErrorData> | undefined;
}

/** Read an error; undefined for a cancellation, which the user asked for. */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof ResponseError)) {
    return { message: error instanceof Error ? error.message : String(error), kind: undefined, data: undefined };
  }
  if (error.code === LSPErrorCodes.RequestCancelled) {
    return undefined;
  }
  const data: Partial<ErrorData> | undefined = error.data ?? undefined;
  const message = [error.message, data?.suggestion].filter(Boolean).join(" ");
  return { message: message || l10n.t("The request failed without a message."), kind: data?.kind, data };
}
