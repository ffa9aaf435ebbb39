/** The arguments of a tool as text to edit: a draft made from the tool's schema, and back to what is sent. */
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { l10n } from "vscode";
import { oneLine } from "./format.ts";
import { isObject, type JsonObject, toJson, verbatim } from "./json.ts";
import { SchemaReader, type Shape } from "./jsonSchema.ts";

export interface Tool {
  name: string;
  title?: unknown;
  description?: unknown;
  inputSchema?: unknown;
}

/** Required arguments are filled in; the optional ones are commented out, each valid once it is uncommented. */
export function prefill({ name, title, description, inputSchema }: Tool): string {
  const reader = new SchemaReader(inputSchema);
  const shape = reader.shape(inputSchema);
  const usable =
    inputSchema === true || (isObject(inputSchema) && (shape.types.size === 0 || shape.types.has("object")));
  const whole = reader.isPlainObject(shape, 0) ? undefined : reader.sample(shape, 0);
  const body = isObject(whole) ? lines(whole) : members(reader, shape, 0);
  const header = [
    l10n.t("Arguments of the tool {0}", oneLine(title, 80) || oneLine(name, 80)),
    ...paragraph(description),
    ...(usable ? [] : [l10n.t("The tool's inputSchema is missing, or describes no object.")]),
    ...(shape.alternatives ? [l10n.t("The inputSchema has alternatives; this is the first of them.")] : []),
    ...(body.some((line) => /^\s*\/\//.test(line)) ? [l10n.t("What is commented out is optional.")] : []),
  ];
  return [...header.map((line) => `// ${line}`), ...body, ""].join("\n");
}

/** An object, with a comment for each member. */
function members(reader: SchemaReader, shape: Shape, depth: number): string[] {
  const names = [...new Set([...shape.required, ...shape.properties.keys()])];
  const each = names.flatMap((name) => {
    const property = shape.properties.get(name);
    return member(reader, name, reader.shape(property), depth + 1, !shape.required.has(name));
  });
  return each.length > 0 ? ["{", ...each.map((line) => `  ${line}`), "}"] : ["{}"];
}

function member(reader: SchemaReader, name: string, shape: Shape, depth: number, optional: boolean): string[] {
  const nested = !optional && reader.isPlainObject(shape, depth);
  const [first, ...rest] = nested ? members(reader, shape, depth) : lines(reader.sample(shape, depth));
  const note = reader.note(shape);
  const comment = note ? ` // ${note}` : "";
  const all = [`${toJson(name)}: ${first}${rest.length > 0 ? "" : ","}${comment}`, ...rest];
  if (rest.length > 0) {
    all.push(`${all.pop()},`);
  }
  return optional ? all.map((line) => `// ${line}`) : all;
}

function lines(value: unknown): string[] {
  return toJson(value, 2).split("\n");
}

/** A description in lines of at most 100 characters, the first twenty of them. */
function paragraph(text: unknown): string[] {
  const source = typeof text === "string" ? text.slice(0, 4_000).split(/[\r\n\u0085\u2028\u2029]+/) : [];
  const wrapped = source.flatMap((line) => oneLine(line, 4_000).match(/.{1,100}(?=\s|$)|\S{1,100}/g) ?? []);
  return [...wrapped.slice(0, 20).map((line) => line.trim()), ...(wrapped.length > 20 ? ["…"] : [])];
}

export type Parsed = { arguments: JsonObject } | { error: string; line: number; column: number };

/** Comments and trailing commas are allowed. Numbers are sent as they are written, however long. */
export function parse(text: string): Parsed {
  try {
    const errors: ParseError[] = [];
    const root = parseTree(text, errors, { allowTrailingComma: true });
    const error = errors[0];
    if (error && (root || error.length > 0)) {
      throw new Misfit(inWords(error), error.offset);
    }
    if (root?.type !== "object") {
      throw new Misfit(l10n.t("The arguments are a JSON object, such as {}."), root?.offset ?? 0);
    }
    return { arguments: read(root, text) as JsonObject };
  } catch (error) {
    if (error instanceof Misfit) {
      const before = text.slice(0, error.offset).split(/\r\n|\r|\n/);
      return { error: error.message, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    }
    if (error instanceof RangeError) {
      return { error: l10n.t("This is nested too deeply."), line: 1, column: 1 };
    }
    throw error;
  }
}

class Misfit extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** JSON-RPC peers give up on JSON that is nested deeper. */
const DEEPEST = 500;

function read({ type, value, offset, length, children = [] }: Node, text: string, depth = 0): unknown {
  if (depth > DEEPEST) {
    throw new Misfit(l10n.t("This is nested too deeply."), offset);
  }
  if (type === "array") {
    return children.map((item) => read(item, text, depth + 1));
  }
  if (type === "object") {
    const entries = new Map<string, unknown>();
    for (const [key, member] of children.map((property) => property.children ?? [])) {
      if (key && entries.has(key.value)) {
        throw new Misfit(l10n.t("{0} is here twice.", toJson(key.value)), key.offset);
      }
      if (key && member) {
        entries.set(key.value, read(member, text, depth + 1));
      }
    }
    return Object.fromEntries(entries);
  }
  if (type === "number" && !Number.isFinite(value)) {
    throw new Misfit(l10n.t("This number is too large for any program that reads JSON."), offset);
  }
  return type === "number" ? verbatim(value, text.slice(offset, offset + length)) : value;
}

function inWords({ error }: ParseError): string {
  const words: Record<string, string> = {
    PropertyNameExpected: l10n.t("Expected a name in double quotes."),
    ValueExpected: l10n.t("Expected a value."),
    ColonExpected: l10n.t("Expected a colon."),
    CommaExpected: l10n.t("Expected a comma."),
    CloseBraceExpected: l10n.t("Expected a closing brace."),
    CloseBracketExpected: l10n.t("Expected a closing bracket."),
    EndOfFileExpected: l10n.t("Expected nothing after the end of the object."),
    UnexpectedEndOfComment: l10n.t("This comment is not closed."),
    UnexpectedEndOfString: l10n.t("This string is not closed on its line."),
    UnexpectedEndOfNumber: l10n.t("This number is not complete."),
    InvalidUnicode: l10n.t("This escape in a string is not known to JSON."),
    InvalidEscapeCharacter: l10n.t("This escape in a string is not known to JSON."),
    InvalidCharacter: l10n.t("A control character in a string must be escaped."),
  };
  const otherwise = l10n.t(
    "Expected JSON: names and text in double quotes, numbers, true, false, null, objects, lists.",
  );
  return words[printParseErrorCode(error)] ?? otherwise;
}
