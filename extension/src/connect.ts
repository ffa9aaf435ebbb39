/** *Connect…* and *Reconnect*: from what the user picks or types to a connection, or to the next step. */
import { l10n, Uri, window } from "vscode";
import { failureOf, offer, type Steps } from "./failure.ts";
import type { Parts } from "./parts.ts";
import type { ErrorKind, Target } from "./protocol.ts";
import type { RecentTarget } from "./recents.ts";
import type { Sidecar } from "./sidecar.ts";
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
  if (!known) return connectTo(parts, recent && (await wholeOf(parts, recent)));
  const target = (recent && (await recents.wholeOf(recent))) ?? {};
  const title = l10n.t("Connecting to {0}", known.name);
  await attempt(parts, target, () => sidecar.request("mcp/reconnect", null, title));
}

/**
 * @param token a bearer token; without, that which was entered for this target before is taken
 */
async function connectTo(parts: Parts, target: Target | undefined, token?: string): Promise<void> {
  if (!target) return;
  const { sidecar, recents } = parts;
  const [recent, hasSecrets] = (await recentOf(sidecar, target)) ?? [];
  const before = token === undefined && recents.all.find(({ text }) => text === recent?.text);
  const auth = token ? { type: "bearer", token } : before && (await recents.wholeOf(before))?.auth;
  const whole = { ...(auth && { auth }), ...target };
  const title = l10n.t("Connecting to {0}", target.server ?? recent?.text ?? l10n.t("the server"));
  await attempt(parts, whole, async () => {
    try {
      await sidecar.request("mcp/connect", whole, title);
    } finally {
      // A failed attempt beside a standing connection changes nothing: that is what Reconnect is to take.
      const place = sidecar.status?.state === "connected" && sidecar.status.error ? 1 : 0;
      await (recent && recents.add(recent, hasSecrets || auth ? whole : undefined, place));
    }
  });
}

/** What may be stored openly of a target; undefined where it makes no sense, which the connect that follows says. */
async function recentOf(sidecar: Sidecar, target: Target): Promise<[RecentTarget, hasSecrets: boolean] | undefined> {
  const { server, file, inputs, auth } = target;
  if (server) return [{ text: `${server} ${file ?? ""}`, target: file ? { server, file } : { server } }, !!inputs];
  const preview = await sidecar.request("mcp/resolve", target).catch(() => undefined);
  return preview && [{ text: preview.text }, preview.hasSecrets || auth !== undefined];
}

/** Make a request; where it fails, one message with the cause and the next step. */
async function attempt(parts: Parts, target: Target, request: () => Promise<unknown>): Promise<void> {
  try {
    await request();
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) return;
    const next = nextSteps(parts, target, failure.kind, () => attempt(parts, target, request));
    await offer(window.showErrorMessage, failure.message, {
      ...next,
      [l10n.t("Show Server Output")]: "showServerOutput",
    });
  }
}

function nextSteps(parts: Parts, target: Target, kind: ErrorKind | undefined, retry: () => unknown): Steps {
  const { url, file } = target;
  if (kind === "authentication_required" && url) {
    return {
      [l10n.t("Log In…")]: () => connectTo(parts, { ...target, auth: "oauth" }),
      [l10n.t("Enter Token…")]: () => enterToken(parts, target),
    };
  }
  if (kind && kind !== "invalid_target") return { [l10n.t("Retry")]: retry };
  return file
    ? { [l10n.t("Open File")]: () => window.showTextDocument(Uri.parse(file)) }
    : { [l10n.t("Change…")]: async () => connectTo(parts, await pickTarget(parts, url)) };
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
