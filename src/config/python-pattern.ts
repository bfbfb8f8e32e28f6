import { RE2JS } from 're2js';
import type { ImsiPattern } from '../core/types.ts';

/**
 * Compiles a pattern written for Python's `re` on an engine whose time is linear in the text (a pattern from a settings
 * file must not be able to stop the intake). What the two spell differently is translated; what this engine cannot do
 * is refused.
 * @throws Error saying what cannot be taken.
 */
export function compilePythonPattern(source: string): ImsiPattern {
  const compiled = RE2JS.compile(translate(source));
  return { source, found: (text) => compiled.matcher(text).find() };
}

/** The parts of a pattern that need a look: escapes, sets, repeats without a lower bound, and special groups. */
const TOKEN = /(?<escaped>\\[\s\S])|(?<set>\[\^?\]?(?:\\[\s\S]|[^\]\\])*\])|\{,(?<upTo>\d*)\}|\(\?/g;

/** Python and RE2 agree on the rest of the syntax, or RE2 refuses it. */
function translate(source: string): string {
  return source.replace(TOKEN, (token, escaped, set, upTo, at: number) => {
    if (escaped !== undefined) return translateEscape(token);
    if (set !== undefined) return checkedSet(token);
    // Python reads {,n} as {0,n} and {,} as {0,}; RE2 as those characters.
    if (upTo !== undefined) return `{0,${upTo}}`;
    refuseForeignGroup(source.slice(at));
    return token;
  });
}

function translateEscape(token: string): string {
  if (/[1-9]/.test(token)) throw new Error(`back-references ("${token}") are not supported`);
  // Python's end of text; RE2 spells it in lower case.
  return token === '\\Z' ? '\\z' : token;
}

function checkedSet(set: string): string {
  if (set.includes('[:')) throw new Error('"[:" inside [...] means a POSIX class here and something else in Python');
  return set;
}

/** Groups that RE2 cannot do, named as their users know them. */
const FOREIGN_GROUPS: readonly (readonly [RegExp, string])[] = [
  [/^\(\?<?[=!]/, 'look-around ("(?=", "(?!", "(?<=", "(?<!") is not supported'],
  [/^\(\?P=/, 'back-references ("(?P=name)") are not supported'],
  [/^\(\?\(/, 'conditional groups ("(?(") are not supported'],
  [/^\(\?>/, 'atomic groups ("(?>") are not supported'],
  [/^\(\?#/, 'comments ("(?#") are not supported'],
];

function refuseForeignGroup(rest: string): void {
  for (const [group, reason] of FOREIGN_GROUPS) {
    if (group.test(rest)) throw new Error(reason);
  }
  const flags = /^\(\?([A-Za-z-]+)[:)]/.exec(rest)?.[1] ?? '';
  if (/[^ims-]/.test(flags)) throw new Error(`of the flags, only i, m and s are supported, not "${flags}"`);
}
