/** The arguments of a tool, read from the text in which they were edited: JSON with comments and trailing commas. */
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { l10n } from "vscode";
import { verbatim } from "./json.ts";

export type Parsed = { arguments: Record<string, unknown> } | { error: string; line: number; column: number };

export function parse(text: string): Parsed {
  try {
    const errors: ParseError[] = [];
    const root = parseTree(text, errors, { allowTrailingComma: true });
    const [first] = errors;
    if (first && (root || first.length > 0)) {
      const code = printParseErrorCode(first.error); // such as CommaExpected
      throw misfit(`${code.replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}.`, first.offset);
    }
    if (root?.type !== "object") {
      throw misfit(l10n.t("The arguments are a JSON object, such as {}."), root?.offset ?? 0);
    }
    return { arguments: read(root, text, 0) as Record<string, unknown> };
  } catch (error) {
    const { message, cause } = error instanceof RangeError ? misfit(tooDeep(), 0) : (error as Error);
    const before = text.slice(0, cause as number).split(/\r\n|\r|\n/);
    return { error: message, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
}

const tooDeep = () => l10n.t("This is nested deeper than programs that read JSON allow.");
const misfit = (message: string, offset: number) => new Error(message, { cause: offset });

function read({ type, value, offset, length, children = [] }: Node, text: string, depth: number): unknown {
  if (depth > 500 || (type === "number" && !Number.isFinite(value))) {
    const tooLarge = () => l10n.t("This number is too large for programs that read JSON.");
    throw misfit(type === "number" ? tooLarge() : tooDeep(), offset);
  }
  if (type === "array") {
    return children.map((item) => read(item, text, depth + 1));
  }
  if (type !== "object") {
    return type === "number" ? verbatim(value, text.slice(offset, offset + length)) : value;
  }
  const entries = new Map<string, unknown>();
  for (const [key, member] of children.map((property) => property.children ?? [])) {
    if (!key || !member || entries.has(key.value)) {
      throw misfit(l10n.t("{0} is here twice.", JSON.stringify(key?.value)), key?.offset ?? offset);
    }
    entries.set(key.value, read(member, text, depth + 1));
  }
  return Object.fromEntries(entries);
}
