/** A JSON Schema as far as a first draft of a value needs it. Any JSON may come for one, so all work is bounded. */
import { oneLine } from "./format.ts";
import { isObject, type JsonObject, toJson } from "./json.ts";

/** A schema with its references followed and its combinations merged. */
export interface Shape {
  /** Of the schema itself, then of what it refers to and must also fit, then of the first alternative. */
  keywords: JsonObject;
  /** Of all alternatives. */
  properties: Map<string, unknown>;
  /** Those that the first alternative requires. */
  required: Set<string>;
  /** The names of the types, the first alternative's first. */
  types: Set<string>;
  /** What `enum` and `const` allow in any alternative. */
  choices: unknown[];
  alternatives: boolean;
}

const CONSTRAINTS = ["format", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"]
  .concat(["minLength", "maxLength", "pattern", "minItems", "maxItems"])
  .concat(["uniqueItems", "minProperties", "maxProperties"]);
const KEYWORDS = [
  "default",
  "const",
  "examples",
  "enum",
  "items",
  "prefixItems",
  "title",
  "description",
  ...CONSTRAINTS,
];
const DEEPEST = 5;
const MOST_COMBINED = 30;

export class SchemaReader {
  readonly #root: unknown;
  /** How much may still be looked at: references can multiply without end. */
  #budget = 20_000;

  constructor(root: unknown) {
    this.#root = root;
  }

  shape(schema: unknown): Shape {
    const shape: Shape = {
      keywords: {},
      properties: new Map(),
      required: new Set(),
      types: new Set(),
      choices: [],
      alternatives: false,
    };
    this.#merge(shape, schema, true, 0);
    return shape;
  }

  /** Whether only its members make up a value: an object without one of its own. */
  isPlainObject(shape: Shape, depth: number): boolean {
    return depth < DEEPEST && typeOf(shape) === "object" && this.#given(shape.keywords).length === 0;
  }

  /** A value to begin with, with the required members only. */
  sample(shape: Shape, depth: number): unknown {
    const given = this.#given(shape.keywords);
    if (given.length > 0) {
      return given[0];
    }
    const member = (schema: unknown) => this.sample(this.shape(schema), depth + 1);
    const { items, prefixItems, minItems, minimum } = shape.keywords;
    switch (typeOf(shape)) {
      case "string":
        return "";
      case "integer":
      case "number":
        return typeof minimum === "number" ? Math.max(0, minimum) : 0;
      case "boolean":
        return false;
      case "array": {
        const length = depth < DEEPEST && typeof minItems === "number" ? Math.max(0, Math.min(minItems, 10)) : 0;
        return Array.from({ length }, (_, i) => member(Array.isArray(prefixItems) ? (prefixItems[i] ?? items) : items));
      }
      case "object": {
        const required = depth < DEEPEST ? [...shape.required] : [];
        return Object.fromEntries(required.map((name) => [name, member(shape.properties.get(name))]));
      }
      default:
        return null;
    }
  }

  /** Type or choices, constraints and description, in one line. */
  note({ keywords, types, choices }: Shape): string {
    const [item, ...others] = types.has("array") ? this.shape(keywords.items).types : [];
    const names = [...types].map((name) => (name === "array" && item && others.length === 0 ? `${item}[]` : name));
    const allowed = choices.slice(0, 10).map((choice) => this.#text(choice));
    const rest = [...(choices.length > 10 ? ["…"] : []), ...names.filter((name) => name === "null")];
    const constraints = CONSTRAINTS.filter((name) => Object.hasOwn(keywords, name));
    return [
      oneLine((choices.length > 0 ? [...new Set([...allowed, ...rest])] : names).join(" | "), 120),
      ...constraints.map((name) => oneLine(`${name} ${this.#text(keywords[name])}`, 60)),
      oneLine(keywords.description, 160),
    ]
      .filter((part) => part !== "")
      .join(" · ");
  }

  #merge(shape: Shape, schema: unknown, chosen: boolean, depth: number): void {
    if (!isObject(schema) || depth > MOST_COMBINED || this.#budget-- <= 0) {
      return;
    }
    for (const name of KEYWORDS) {
      if (chosen && Object.hasOwn(schema, name) && !Object.hasOwn(shape.keywords, name)) {
        shape.keywords[name] = schema[name];
      }
    }
    for (const [name, property] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
      const known = shape.properties.has(name);
      if (this.#budget-- > 0 && (chosen || !known)) {
        shape.properties.set(name, known ? { allOf: [shape.properties.get(name), property] } : property);
      }
    }
    for (const name of chosen ? list(schema.required) : []) {
      if (this.#budget-- > 0 && typeof name === "string") {
        shape.required.add(name);
      }
    }
    for (const type of Array.isArray(schema.type) ? schema.type.slice(0, 10) : [schema.type]) {
      if (typeof type === "string") {
        shape.types.add(oneLine(type, 20));
      }
    }
    const { const: only, enum: several } = schema;
    shape.choices.push(...(Object.hasOwn(schema, "const") ? [only] : list(several).slice(0, 11)));

    for (const part of [this.#target(schema.$ref), ...list(schema.allOf).slice(0, MOST_COMBINED)]) {
      this.#merge(shape, part, chosen, depth + 1);
    }
    for (const keyword of [schema.anyOf, schema.oneOf]) {
      const alternatives = list(keyword).slice(0, MOST_COMBINED);
      const first = alternatives.find((alternative) => isObject(alternative) && alternative.type !== "null");
      shape.alternatives ||= alternatives.length > 1;
      this.#merge(shape, first, chosen, depth + 1);
      for (const other of alternatives.filter((alternative) => alternative !== first)) {
        this.#merge(shape, other, false, depth + 1);
      }
    }
  }

  /** What a local JSON pointer points to. */
  #target(reference: unknown): unknown {
    if (typeof reference !== "string" || !/^#(\/|$)/.test(reference) || reference.length > 1_000) {
      return undefined;
    }
    let node = this.#root;
    for (const part of reference.split("/").slice(1)) {
      const name = unescapeUri(part).replaceAll("~1", "/").replaceAll("~0", "~");
      node = typeof node === "object" && node !== null && Object.hasOwn(node, name) ? (node as JsonObject)[name] : null;
    }
    return node;
  }

  /** The values that the schema itself offers, the best first. */
  #given(keywords: JsonObject): unknown[] {
    const offers = ["default", "const"].filter((name) => Object.hasOwn(keywords, name)).map((name) => keywords[name]);
    const all = [...offers, ...list(keywords.examples).slice(0, 1), ...list(keywords.enum).slice(0, 1)];
    return all.filter((value) => this.#text(value).length < 10_000);
  }

  /** JSON that counts as work. */
  #text(value: unknown): string {
    if (this.#budget <= 0) {
      return "";
    }
    const text = toJson(value);
    this.#budget -= text.length / 100;
    return text;
  }
}

function typeOf({ types, properties, required, keywords }: Shape): string | undefined {
  const implied = properties.size + required.size > 0 ? "object" : "items" in keywords ? "array" : undefined;
  return [...types].find((name) => name !== "null") ?? implied;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function unescapeUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
