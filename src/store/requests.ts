import type { Effect, Wanted } from '../core/subscriber.ts';
import type { Write } from '../ports/store.ts';

/** One claim of a group. */
export interface ClaimRequest {
  readonly imsi: string;
  readonly wanted: Wanted | null;
}

/** Result of one write of a group: which effects were taken, or why the write was not done. */
export type WriteResult = { readonly taken: boolean[] } | { readonly refused: string };

/** Whether the effect comes from whoever holds the subscriber, and lets go of him. */
export function endsClaim(kind: Effect['kind']): boolean {
  return kind === 'applied' || kind === 'failed' || kind === 'stale' || kind === 'untouched';
}

/** Which claim an effect ends: `undefined` when it does not say; null when it ends none. */
export function claimEndedBy(effect: Effect): string | undefined | null {
  return 'claim' in effect ? effect.claim : endsClaim(effect.kind) ? undefined : null;
}

/**
 * What an effect comes to whose claim is over, since its holder came too late: whoever took hold of the subscriber since found the call
 * abandoned, as one of unknown result, and goes on from there. That a call was not carried out is of no interest then; that nobody
 * knows begins the doubt anew. What the core confirmed stays so, but was before what it confirmed since.
 * @returns null when it comes to nothing.
 */
export function asLate(effect: Effect): Effect | null {
  if (effect.kind === 'untouched') return null;
  if (effect.kind === 'applied') return { ...effect, late: true };
  if (effect.kind !== 'failed') return effect;
  const { imsi, wanted, result } = effect;
  return result === 'unsure' ? { kind: 'abandoned', imsi, wanted } : null;
}

/** A write on its way to where it is carried out, and when it was asked for. */
export interface AskedWrite extends Write {
  readonly askedAt: Moment;
}

/**
 * In milliseconds on a clock that nobody sets, which is the same in all threads, but stands still while the machine sleeps;
 * and on the wall clock, which does not.
 */
export interface Moment {
  readonly steady: number;
  readonly wall: number;
}

/** What both clocks show. */
export function momentNow(): Moment {
  return { steady: Number(process.hrtime.bigint()) / 1e6, wall: Date.now() };
}

/** Milliseconds at least; more when the wall clock was set forward. */
function since({ steady, wall }: Moment): number {
  const now = momentNow();
  return Math.max(now.steady - steady, now.wall - wall);
}

/**
 * An effect as it is in the moment when it is carried out. A write may have waited long, for a lock or for a store that is
 * well again: the call that it tells of began so much earlier, and may be no proof of what the core has now (ADR 0011).
 */
export function asOfNow(effect: Effect, askedAt: Moment): Effect {
  return effect.kind === 'applied' ? { ...effect, ageMs: effect.ageMs + since(askedAt) } : effect;
}
