/** Levels of a value that anybody reads; NSPS's events have seven. */
const DEEPEST = 32;

/**
 * Whether a value is nested deeper than anybody reads. Such a one can be parsed, but not written again: `JSON.stringify` ends
 * in a RangeError some thousand levels down, and what it indents grows with each of them. Looked at level by level, since
 * walking down would end the same way.
 */
export function nestsDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}

/** JSON, indented; text that is none, or nests too deep for that, as it came. */
export function indented(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return nestsDeep(value) ? text : JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
}
