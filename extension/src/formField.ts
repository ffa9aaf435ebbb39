/** A field of the form of an elicitation: what may be entered, and what is sent for it (MCP 2025-11-25, "Elicitation"). */
import { runInNewContext } from "node:vm";
import { l10n } from "vscode";
import type { Raw } from "./protocol.ts";

/** The form can't be asked; says why. */
export class Unaskable extends Error {}

export interface FieldChoice {
  title: string;
  value: string | boolean;
}

export interface FormField {
  name: string;
  title: string;
  description: string;
  required: boolean;
  /** `choice` is one of `choices`, `choices` are any of them. */
  kind: "string" | "number" | "integer" | "choice" | "choices";
  choices: FieldChoice[];
  schema: Raw;
}

/** Milliseconds for a server's regular expression, which may be one that never ends. */
const PATTERN_MS = 50;

/** The fields in the server's order.
 *
 * @throws Unaskable where one of them is of no kind that MCP has
 */
export function fieldsOf(requestedSchema: unknown): FormField[] {
  const { properties, required } = record(requestedSchema);
  const names = Array.isArray(required) ? required : [];
  return Object.entries(record(properties)).map(([name, value]) => {
    const schema = record(value);
    const title = textOf(schema.title) || name;
    const kind = kindOf(name, schema);
    return { name, title, description: textOf(schema.description), required: names.includes(name), schema, ...kind };
  });
}

/** What is wrong with what was typed; undefined where nothing is. The sidecar judges the whole answer besides. */
export function problemOf({ kind, required, schema }: FormField, text: string): string | undefined {
  // An empty text stands for no answer: nobody could see whether it was meant.
  if (text === "") return required ? l10n.t("An answer is needed.") : undefined;
  return kind === "string" ? problemOfText(text, schema) : problemOfNumber(text, kind === "integer", schema);
}

/** What is sent for what was typed; undefined where it is left out. */
export function valueFor({ kind }: FormField, text: string): string | number | undefined {
  if (text === "") return undefined;
  return kind === "string" ? text : Number(text);
}

/** What is wrong with so many choices. */
export function problemOfCount({ schema: { minItems, maxItems } }: FormField, count: number): string | undefined {
  if (typeof minItems === "number" && count < minItems) return l10n.t("Choose at least {0}.", minItems);
  if (typeof maxItems === "number" && count > maxItems) return l10n.t("Choose at most {0}.", maxItems);
  return undefined;
}

function kindOf(name: string, schema: Raw): Pick<FormField, "kind" | "choices"> {
  const { type } = schema;
  if (type === "boolean") {
    const choices = [
      { title: l10n.t("Yes"), value: true },
      { title: l10n.t("No"), value: false },
    ];
    return { kind: "choice", choices };
  }
  if (type === "array") return { kind: "choices", choices: choicesOf(name, record(schema.items)) };
  if (type === "string" && ("enum" in schema || "oneOf" in schema)) {
    return { kind: "choice", choices: choicesOf(name, schema) };
  }
  if (type === "string" || type === "number" || type === "integer") return { kind: type, choices: [] };
  throw new Unaskable(l10n.t("{0} is of no type that a form can have.", name));
}

/** The values of an `enum`, with their `enumNames` or not, or the titled ones of `oneOf` or `anyOf`. */
function choicesOf(name: string, schema: Raw): FieldChoice[] {
  const titled = [schema.oneOf, schema.anyOf].find(Array.isArray);
  const values = titled ? titled.map((option) => record(option).const) : schema.enum;
  const titles = titled ? titled.map((option) => record(option).title) : schema.enumNames;
  if (!Array.isArray(values) || values.length === 0 || !values.every((value) => typeof value === "string")) {
    throw new Unaskable(l10n.t("{0} offers no choices that are texts.", name));
  }
  return values.map((value, index) => ({ title: textOf(Array.isArray(titles) && titles[index]) || value, value }));
}

function problemOfText(text: string, { minLength, maxLength, pattern, format }: Raw): string | undefined {
  // As JSON Schema counts: characters of Unicode.
  const { length } = [...text];
  if (typeof minLength === "number" && length < minLength) return l10n.t("At least {0} characters.", minLength);
  if (typeof maxLength === "number" && length > maxLength) return l10n.t("At most {0} characters.", maxLength);
  if (typeof pattern === "string" && !matches(text, pattern)) return l10n.t("It must match {0}", pattern);
  switch (format) {
    case "email":
      return /^[^\s@]+@[^\s@]+$/.test(text) ? undefined : l10n.t("An email address, such as name@example.org");
    case "uri":
      return URL.canParse(text) ? undefined : l10n.t("A URI, such as https://example.org");
    case "date":
      return isDate(text) ? undefined : l10n.t("A date, such as 2026-07-28");
    case "date-time":
      return isDateTime(text) ? undefined : l10n.t("A time with its zone, such as 2026-07-28T12:00:00Z");
    default:
      return undefined;
  }
}

function problemOfNumber(text: string, isInteger: boolean, { minimum, maximum }: Raw): string | undefined {
  const value = Number(text);
  if (!/^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) || !Number.isFinite(value)) return l10n.t("A number.");
  if (isInteger && !Number.isSafeInteger(value)) return l10n.t("A whole number.");
  if (typeof minimum === "number" && value < minimum) return l10n.t("At least {0}.", minimum);
  if (typeof maximum === "number" && value > maximum) return l10n.t("At most {0}.", maximum);
  return undefined;
}

/** Whether a text matches; also where that can't be told here, which is then the sidecar's to say. */
function matches(text: string, pattern: string): boolean {
  try {
    const found: unknown = runInNewContext(
      "new RegExp(pattern, 'u').test(text)",
      { pattern, text },
      { timeout: PATTERN_MS },
    );
    return found === true;
  } catch {
    return true;
  }
}

/** RFC 3339, full-date. */
function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** RFC 3339, date-time. */
function isDateTime(text: string): boolean {
  const [, date, time] = /^(.{10})T(\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d))$/i.exec(text) ?? [];
  return isDate(date ?? "") && !Number.isNaN(Date.parse(`${date}T${time?.toUpperCase()}`));
}

function record(value: unknown): Raw {
  return typeof value === "object" && value !== null ? (value as Raw) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
