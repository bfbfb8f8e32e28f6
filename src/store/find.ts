import { storable } from '../core/text.ts';
import type { Known } from '../ports/operating.ts';
import { asImsi } from './imsi.ts';
import { type Identifier, namesIn } from './names.ts';

/** Fewer characters say too little: then only what is the same is found. */
const SHORTEST_PREFIX = 5;
const IMSI_DIGITS = 15;

/** What is looked up: text from `from` to `to`, IMSIs (as numbers) from `fromImsi` to `toImsi`; both ends belong to it. */
export interface Lookup {
  readonly text: string;
  readonly from: string;
  readonly to: string;
  readonly imsis: readonly [from: number, to: number] | null;
}

/** @returns null when nobody is called so. */
export function lookupOf(text: string): Lookup | null {
  const plain = storable(
    text
      .trim()
      .replace(/^\+(?=\d)/, '')
      .replace(/@msisdn$/, ''),
  );
  if (plain === '') return null;
  const prefix = plain.length >= SHORTEST_PREFIX;
  return { text: plain, from: plain, to: prefix ? `${plain}\u{10ffff}` : plain, imsis: imsisFrom(plain, prefix) };
}

function imsisFrom(text: string, prefix: boolean): Lookup['imsis'] {
  if (!prefix || text.length > IMSI_DIGITS || !/^\d+$/.test(text)) return null;
  return [Number(text.padEnd(IMSI_DIGITS, '0')), Number(text.padEnd(IMSI_DIGITS, '9'))];
}

/** Somebody found by what he is or was called. @param kept what he is called now. */
export function knownBy({ kind, value }: Identifier, imsi: number, kept: string | null): Known {
  return { imsi: asImsi(imsi), by: kind, value, current: namesIn(kept)[kind] === value };
}

/** Somebody found by his IMSI, which is always his. @param key the IMSI as a number. */
export function knownByImsi(key: number): Known {
  const imsi = asImsi(key);
  return { imsi, by: 'imsi', value: imsi, current: true };
}

/** The current ones first, and of those what is exactly so. */
export function inOrder(found: readonly Known[], text: string, limit: number): readonly Known[] {
  const rank = ({ current, value }: Known) => (current ? 0 : 2) + (value === text ? 0 : 1);
  return found.toSorted((a, b) => rank(a) - rank(b)).slice(0, limit);
}
