import type { Effect, Wanted } from '../core/subscriber.ts';

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
