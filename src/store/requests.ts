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

/** A write on its way to where it is carried out, and when it was asked for (`steadyMs`). */
export interface AskedWrite extends Write {
  readonly askedAt: number;
}

/** Milliseconds on a clock that nobody sets, which is the same in all threads. */
export function steadyMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * An effect as it is in the moment when it is carried out. A write may have waited long, for a lock or for a store that is
 * well again: the call that it tells of began so much earlier, and may be no proof of what the core has now (ADR 0011).
 */
export function asOfNow(effect: Effect, askedAt: number): Effect {
  return effect.kind === 'applied' ? { ...effect, ageMs: effect.ageMs + steadyMs() - askedAt } : effect;
}
