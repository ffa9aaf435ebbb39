/** JSON of unknown origin: read without altering numbers, written without throwing. */
import { l10n } from "vscode";

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A number as it was written: JavaScript alters 12345678901234567890 and 1.0. `JSON.stringify` writes it verbatim. */
export function verbatim(value: number, source: string): unknown {
  return JSON.stringify(value) === source ? value : rawJSON(source);
}

/** Part of V8 since Node 21, but not yet of TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** The value of a JSON text that is an object or a list; undefined for any other text. */
export function parseContainer(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) {
    return undefined;
  }
  try {
    return JSON.parse(text, (_key, value, context?: { source?: string }) =>
      typeof value === "number" && context?.source ? verbatim(value, context.source) : value,
    );
  } catch {
    return undefined;
  }
}

/** Indentation grows with the square of the depth, so what is nested deeper stays on one line. */
const DEEPEST_INDENTED = 100;

export function toJson(value: unknown, indent = 0): string {
  try {
    const text = JSON.stringify(value, null, nestedDeeperThan(DEEPEST_INDENTED, value) ? 0 : indent) ?? "undefined";
    // Editors take these for the ends of lines.
    return text.replace(/[\u0085\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`);
  } catch {
    return JSON.stringify(l10n.t("This is nested too deeply to be shown."));
  }
}

function nestedDeeperThan(levels: number, value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    (levels === 0 || Object.values(value).some((member) => nestedDeeperThan(levels - 1, member)))
  );
}
