/** Sizes, durations and foreign text as people read them. */
import { l10n } from "vscode";

/** The language of what `l10n` returns, which is English where VS Code's own language has no translation. */
export function language(): string {
  // Translators: the BCP 47 tag of your translation, such as "de".
  return l10n.t("en");
}

export function formatNumber(value: number, unit?: string): string {
  const digits = new Intl.NumberFormat(language(), { maximumFractionDigits: value < 10 && unit ? 1 : 0 }).format(value);
  return unit ? `${digits} ${unit}` : digits;
}

export function formatSize(bytes: number): string {
  if (bytes < 1024) {
    return formatNumber(bytes, "B");
  }
  return bytes < 1024 ** 2 ? formatNumber(bytes / 1024, "KiB") : formatNumber(bytes / 1024 ** 2, "MiB");
}

export function formatDuration(milliseconds: number): string {
  return milliseconds < 1000 ? formatNumber(milliseconds, "ms") : formatNumber(milliseconds / 1000, "s");
}

/** Text on one line: no control characters, no reordering of what follows, cut where it is too long. */
export function oneLine(text: unknown, longest: number): string {
  if (typeof text !== "string") {
    return "";
  }
  const line = text
    .slice(0, 2 * longest)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be removed
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, " ")
    .trim();
  return line.length > longest || text.length > 2 * longest ? `${line.slice(0, longest - 1).trimEnd()}…` : line;
}
