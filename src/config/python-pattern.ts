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

/** Python and RE2 agree on the rest of the syntax, or RE2 refuses it. */
function translate(source: string): string {
  let inClass = false;
  let translated = '';
  for (let at = 0; at < source.length; ) {
    const rest = source.slice(at);
    let token = source[at] as string;
    let replacement = token;
    if (token === '\\') {
      token = rest.slice(0, 2);
      if (/\d/.test(token) && token !== '\\0' && !inClass) throw new Error(`back-references ("${token}") are not supported`);
      // Python's end of text; RE2 spells it in lower case.
      replacement = token === '\\Z' && !inClass ? '\\z' : token;
    } else if (inClass) {
      if (token === '[' && rest.startsWith('[:')) {
        throw new Error('"[:" inside [...] means a POSIX class here and something else in Python');
      }
      if (token === ']') inClass = false;
    } else if (token === '[') {
      token = /^\[\^?\]?/.exec(rest)?.[0] ?? token;
      replacement = token;
      inClass = true;
    } else if (token === '{') {
      // Python reads {,n} as {0,n}; RE2 as those characters.
      const upTo = /^\{,(\d+)\}/.exec(rest);
      if (upTo) {
        token = upTo[0];
        replacement = `{0,${upTo[1]}}`;
      }
    } else if (rest.startsWith('(?')) {
      refuseForeignGroup(rest);
    }
    translated += replacement;
    at += token.length;
  }
  return translated;
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
