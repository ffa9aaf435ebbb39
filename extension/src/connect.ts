/** *Connect…* and *Reconnect*: from what the user picks or types to a connection, or to the next step. */
import { l10n, window } from "vscode";
import { failureOf } from "./failure.ts";
import { offer, type Steps } from "./offer.ts";
import type { Parts } from "./parts.ts";
import type { Preview, Target } from "./protocol.ts";
import { pickTarget, wholeOf } from "./targetPicker.ts";

/** Connect to a target, or to the one the user picks. */
export async function connect(parts: Parts, target?: Target | string): Promise<void> {
  await parts.sidecar.start();
  await connectTo(parts, typeof target === "string" ? { url: target } : (target ?? (await pickTarget(parts))));
}

/** The last target again, also after a crash of the sidecar or in a new window. */
export async function reconnect(parts: Parts): Promise<void> {
  const { sidecar, recents } = parts;
  await sidecar.start();
  const known = sidecar.status?.target;
  const [recent] = recents.all;
  if (known) {
    const target = (recent && (await recents.wholeOf(recent))) ?? {};
    await attempt(parts, target, known.name, (title) => sidecar.request("mcp/reconnect", null, title));
  } else if (recent) {
    await connectTo(parts, await wholeOf(parts, recent));
  }
}

/** Whether there is a target for *Reconnect*. */
export function hasTarget({ sidecar, recents }: Pick<Parts, "sidecar" | "recents">): boolean {
  return Boolean(sidecar.status?.target) || recents.all.length > 0;
}

/**
 * @param token a bearer token; without, that which was entered for this target before is taken
 */
async function connectTo(parts: Parts, target: Target | undefined, token?: string): Promise<void> {
  const { sidecar, recents } = parts;
  if (target) {
    // Where it makes no sense, the connect that follows says so.
    const preview = await sidecar.request("mcp/resolve", target).catch(() => undefined);
    const recent = recents.all.find(({ text }) => text === preview?.text);
    const known = recent && token === undefined ? await recents.wholeOf(recent) : undefined;
    const auth = token ? { type: "bearer", token } : known?.auth;
    const whole = { ...(auth && { auth }), ...target };
    await attempt(parts, whole, preview?.text ?? l10n.t("the server"), (title) => make(parts, whole, preview, title));
  }
}

async function make(
  { sidecar, recents }: Parts,
  target: Target,
  preview: Preview | undefined,
  title: string,
): Promise<void> {
  try {
    await sidecar.request("mcp/connect", target, title);
  } finally {
    // A failed attempt beside a standing connection changes nothing: that is what Reconnect is to take.
    const place = sidecar.status?.state === "connected" && sidecar.status.error ? 1 : 0;
    await (preview && recents.add(target, preview.text, !preview.hasSecrets && !target.auth, place));
  }
}

type Request = (title: string) => Promise<unknown>;

/** Make a request; where it fails, one message with the cause and the next step. */
async function attempt(parts: Parts, target: Target, name: string, request: Request): Promise<void> {
  try {
    await request(l10n.t("Connecting to {0}", name));
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) return;
    const needsToken = failure.kind === "authentication_required" && target.url;
    const isWrong = failure.kind === "invalid_target" || failure.kind === undefined;
    const next: Steps = needsToken
      ? {
          [l10n.t("Log In…")]: () => connectTo(parts, { ...target, auth: "oauth" }),
          [l10n.t("Enter Token…")]: () => enterToken(parts, target),
        }
      : isWrong
        ? { [l10n.t("Change…")]: async () => connectTo(parts, await pickTarget(parts, target.url)) }
        : { [l10n.t("Retry")]: () => attempt(parts, target, name, request) };
    const isRefused = needsToken && typeof target.auth === "object";
    const message = isRefused ? l10n.t("The server refused the token. {0}", failure.message) : failure.message;
    await offer(window.showErrorMessage, message, { ...next, [l10n.t("Show Server Output")]: "showServerOutput" });
  }
}

async function enterToken(parts: Parts, { auth: _refused, ...target }: Target): Promise<void> {
  const token = await window.showInputBox({
    title: l10n.t("Bearer token for {0}", URL.parse(target.url ?? "")?.host ?? ""),
    prompt: l10n.t("Kept in the editor's secret storage; empty forgets it."),
    password: true,
    ignoreFocusOut: true,
  });
  await (token !== undefined && connectTo(parts, target, token.trim()));
}
