import { NAMELESS, type Names } from '../core/names.ts';
import type { Entry } from '../ports/store.ts';

/**
 * What subscribers are called, as the stores keep it: now, as one text that is quickly compared with what an event says; and
 * whatever they were ever called, for looking them up. An ordinary event says nothing new, and only costs the comparison.
 */

const NAME_KINDS = ['msisdn', 'account', 'iccid'] as const satisfies (keyof Names)[];

export interface Identifier {
  readonly kind: keyof Names;
  readonly value: string;
}

/** As they are kept; null when there are none. */
function keptText(names: Names): string | null {
  const values = NAME_KINDS.map((kind) => names[kind]);
  return values.every((value) => value === null) ? null : JSON.stringify(values);
}

/** What a subscriber is called. @param kept as `keptText` or `bereft` made it; null when no event named him yet. */
export function namesIn(kept: string | null): Names {
  if (kept === null) return NAMELESS;
  const [msisdn = null, account = null, iccid = null] = JSON.parse(kept) as (string | null)[];
  return { msisdn, account, iccid };
}

/** Those of the names that he has, each to be looked up by. */
export function identifiersOf(names: Names): Identifier[] {
  return NAME_KINDS.flatMap((kind) => {
    const value = names[kind];
    return value === null ? [] : [{ kind, value }];
  });
}

/**
 * What a subscriber is called once an event of his came. The last that came counts, in whatever order they happened, with
 * one exception: what was superseded as it came tells nothing about somebody who has a name already. An event that names
 * nothing at all changes nothing.
 * @param kept what he is called so far. @returns that very text when nothing changes.
 */
export function renamed(kept: string | null, names: Names, state: Entry['state']): string | null {
  return kept !== null && state === 'superseded' ? kept : (keptText(names) ?? kept);
}

/** What a SIM is called once another one took its place: the number and the account are not its own any more. */
export function bereft(kept: string | null, taken: Names): string | null {
  const names = namesIn(kept);
  const rest = { ...names };
  for (const kind of ['msisdn', 'account'] as const) if (names[kind] === taken[kind]) rest[kind] = null;
  // A text, even of nothing: the identifiers it had once are looked up with it.
  return kept === null ? null : JSON.stringify(NAME_KINDS.map((kind) => rest[kind]));
}
