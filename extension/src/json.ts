/** JSON whose numbers stay as they were written, where JavaScript would alter them: 12345678901234567890, 1.0, 1e3. */

/** Part of V8 since Node 21, but not yet of TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** A number, or an object that `JSON.stringify` writes as the number was written. */
export function verbatim(value: number, source: string): unknown {
  return JSON.stringify(value) === source ? value : rawJSON(source);
}

/** What may be such a number: many digits, an exponent, a fraction that ends in 0, -0. */
const ALTERED = /[\d.]{16}|(\d[eE][-+]?\d+|\.\d*0|-0)(?=[\s,\]}]|$)/;

/** `JSON.parse`; the numbers are looked at one by one only where that is needed, since it takes long. */
export function decode(text: string): unknown {
  try {
    return ALTERED.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
  } catch {
    return JSON.parse(text); // nested too deeply to be looked at, or no JSON
  }
}

function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" && context?.source ? verbatim(value, context.source) : value;
}
