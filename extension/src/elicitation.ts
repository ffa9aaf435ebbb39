/** What a server asks the user: a form, or the visit of a page (MCP 2025-11-25, "Elicitation"). */
import { type CancellationToken, env, type LogOutputChannel, l10n, type Uri, window } from "vscode";
import { type Filled, type Form, fillIn } from "./form.ts";
import { withoutLinks } from "./plainText.ts";
import type { Raw } from "./protocol.ts";
import { type ServerQuestions, tellWithdrawn, withdrawable } from "./serverQuestions.ts";
import type { Sidecar } from "./sidecar.ts";

export interface Asker {
  log: LogOutputChannel;
  sidecar: Sidecar;
  questions: ServerQuestions;
}

/** Answer `mcp/elicitation/create`; the sidecar has checked the params against MCP's schema. */
export function elicit(asker: Asker, params: Raw, token: CancellationToken): Promise<Filled> {
  const { server } = asker.questions;
  return asker.questions.put(token, async (token) => {
    if (token.isCancellationRequested) return { action: "cancel" };
    return params.mode === "url" ? openPage(asker, server, params, token) : askForm(asker, server, params, token);
  });
}

async function askForm(asker: Asker, server: string, params: Raw, token: CancellationToken): Promise<Filled> {
  const { log, sidecar } = asker;
  const found = await sidecar.request("mcp/fields", { schema: params.requestedSchema as Raw }).catch((error: Error) => {
    log.warn(l10n.t("A question of {0} was declined: {1}", server, error.message));
  });
  if (!found) return { action: "decline" };
  const form = { title: l10n.t("{0} asks", server), message: String(params.message), fields: found.fields };
  if (form.fields.length === 0) return confirm(server, form, token);
  const filled = await fillIn(sidecar, form, token);
  if (token.isCancellationRequested) tellWithdrawn(server);
  return filled;
}

/** A form without fields. */
async function confirm(server: string, { title, message }: Form, token: CancellationToken): Promise<Filled> {
  const [accept, decline] = [l10n.t("Accept"), l10n.t("Decline")];
  const options = { modal: true, detail: withoutLinks(message) };
  const dialog = window.showInformationMessage(withoutLinks(title), options, accept, decline);
  const pressed = await withdrawable(dialog, token, server);
  if (pressed === accept) return { action: "accept", content: {} };
  return { action: pressed === decline ? "decline" : "cancel" };
}

async function openPage({ log }: Asker, server: string, params: Raw, token: CancellationToken): Promise<Filled> {
  const url = String(params.url);
  const [open, decline] = [l10n.t("Open"), l10n.t("Decline")];
  const title = l10n.t("{0} asks you to open a page of {1}", server, new URL(url).host);
  const options = { modal: true, detail: withoutLinks(`${params.message}\n\n${url}`) };
  const dialog = window.showInformationMessage(withoutLinks(title), options, open, decline);
  const pressed = await withdrawable(dialog, token, server);
  if (pressed === decline) return { action: "decline" };
  // As a text: a Uri would encode anew what the server's page may need as it is (microsoft/vscode#85930).
  if (pressed !== open || !(await env.openExternal(url as unknown as Uri))) {
    log.info(l10n.t("The page of {0} was not opened.", server));
    return { action: "cancel" };
  }
  return { action: "accept", content: {} };
}
