import type { Subscriber } from '../subscribers.ts';
import type { CoreState } from './life.ts';
import type { SeenRequest } from './watch.ts';

/** A subscriber whom the core does not hold as billing has him. */
export interface Divergence {
  readonly imsi: string;
  /** Null when the core must not have him. */
  readonly expected: CoreState | null;
  /** Null when the core does not know him. */
  readonly found: Subscriber | null;
  /** All requests that arrived for him. */
  readonly history: readonly SeenRequest[];
}

/** The subscribers who are not in the core as billing has them. */
export function divergent(
  truth: ReadonlyMap<string, CoreState | null>,
  find: (imsi: string) => Subscriber | null,
): Omit<Divergence, 'history'>[] {
  return [...truth]
    .map(([imsi, expected]) => ({ imsi, expected, found: find(imsi) }))
    .filter(({ expected, found }) => !isSame(expected, found));
}

function isSame(expected: CoreState | null, found: Subscriber | null): boolean {
  if (expected === null || found === null) return expected === found;
  return (
    expected.subscriber_status === found.subscriber_status &&
    expected.cs_profile === found.cs_profile &&
    expected.eps_profile === found.eps_profile &&
    expected.msisdn.join() === found.msisdn.join()
  );
}

/** The value below which this share of the sorted values lies; 0 of none. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
