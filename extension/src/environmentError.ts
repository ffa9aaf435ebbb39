/** Says why the sidecar's environment could not be made, in words a user can act on. */
import { statfs } from "node:fs/promises";
import { l10n } from "vscode";
import { CommandFailed } from "./run.ts";

export type Kind = "no-python" | "no-network" | "disk-full" | "not-writable" | "hash-mismatch" | "failed";

/** The message says what happened and what was found, the suggestion what to do about it. */
export class EnvironmentError extends Error {
  readonly kind: Kind;
  readonly suggestion: string;

  constructor(kind: Kind, message: string, suggestion: string, cause?: unknown) {
    super(message, { cause });
    this.name = "EnvironmentError";
    this.kind = kind;
    this.suggestion = suggestion;
  }
}

/** The words of Node, uv and pip for the failures that a user can mend; the first that fits tells. */
const SIGNS: readonly (readonly [Kind, RegExp])[] = [
  [
    "disk-full",
    /ENOSPC|EDQUOT|no space left on device|not enough space on the disk|quota exceeded|os error (28|112|122)\b/i,
  ],
  [
    "not-writable",
    /EACCES|EPERM|EROFS|ENOTDIR|EEXIST|ENOENT.*mkdir|read-only file system|permission denied|access is denied/i,
  ],
  ["hash-mismatch", /hash mismatch|do not match the hashes/i],
  [
    "no-network",
    /dns error|connect error|error sending request|connection (refused|reset|broken)|timed? ?out|unreachable|certificate|sslerror|handshake|network connectivity|failed to (fetch|establish)|http (error|status)|from versions: none/i,
  ],
  ["no-python", /no interpreter found|no download found|python downloads are/i],
];

/** What uv and pip put before the words that matter. */
const PREFIX = /^(error|warning|cause|hint): (.*connection broken by .*object at \w+>: )?/i;

/** Characters of a program's words that fit into a message. */
const QUOTED = 300;

export async function explained(
  cause: unknown,
  storage: string,
  passedOver: readonly string[],
): Promise<EnvironmentError> {
  if (cause instanceof EnvironmentError) return cause;
  const output = cause instanceof CommandFailed ? cause.output : String(cause);
  const lines = output.split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "").map((line) => line.replace(PREFIX, ""));
  const [sign, words] = SIGNS.find(([, signs]) => signs.test(output)) ?? ["failed", /$^/];
  const telling = said.find((line) => words.test(line));
  // `venv` hides why pip could not be put into place.
  const kind = sign === "failed" && (await isFull(storage)) ? "disk-full" : sign;
  const quoted =
    telling === undefined ? said.slice(-3) : kind === "no-network" ? [telling, ...said.slice(-1)] : [telling];
  const quote = [...new Set(quoted)].join(" … ").slice(0, QUOTED) || String(cause);
  if (kind === "no-python") return noPython([...passedOver, quote], cause);
  return new EnvironmentError(kind, ...texts(kind, storage, quote), cause);
}

function texts(
  kind: Exclude<Kind, "no-python">,
  storage: string,
  quote: string,
): [message: string, suggestion: string] {
  switch (kind) {
    case "disk-full":
      return [
        l10n.t("The disk is full: the sidecar's environment was not made in {0}.", storage),
        l10n.t("Free about 250 MB there or, if it is on another disk, in uv's cache, and try again."),
      ];
    case "not-writable":
      return [
        l10n.t("The sidecar's environment cannot be written to {0}: {1}", storage, quote),
        l10n.t("Make this folder writable, or name a Python that has mcp-sidecar in mcpSidecar.interpreter."),
      ];
    case "hash-mismatch":
      return [
        l10n.t(
          "A downloaded package is not the one that this extension was tested with; nothing was installed: {0}",
          quote,
        ),
        l10n.t("Try again; if it stays so, the package index or a proxy changes packages: see the log."),
      ];
    case "no-network":
      return [
        l10n.t("The sidecar's packages could not be downloaded: {0}", quote),
        l10n.t(
          "Check the network. Behind a proxy set HTTPS_PROXY, for own certificates SSL_CERT_FILE, for a mirror UV_INDEX_URL (and PIP_INDEX_URL), and restart the editor.",
        ),
      ];
    case "failed":
      return [
        l10n.t("The sidecar's environment could not be made: {0}", quote),
        l10n.t("See the log, or name a Python that has mcp-sidecar in mcpSidecar.interpreter."),
      ];
  }
}

export function noPython(passedOver: readonly string[], cause?: unknown): EnvironmentError {
  return new EnvironmentError(
    "no-python",
    l10n.t(
      "No Python 3.11 or newer was found, nor a uv that could fetch one. Looked for uv, python3.14 to python3.11, python3 and python on the PATH and in the usual folders; found: {0}.",
      passedOver.length > 0 ? passedOver.join(", ") : l10n.t("nothing"),
    ),
    l10n.t(
      "Install uv or Python 3.11 with its venv module (on Debian and Ubuntu: python3-venv), or name a Python that has mcp-sidecar in mcpSidecar.interpreter.",
    ),
    cause,
  );
}

async function isFull(storage: string): Promise<boolean> {
  const disk = await statfs(storage).catch(() => undefined);
  return disk !== undefined && (disk.bavail * disk.bsize < 1_000_000 || (disk.files > 0 && disk.ffree === 0));
}
