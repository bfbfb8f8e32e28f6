import type { Subscriber } from '../subscribers.ts';
import type { CoreState } from './life.ts';
import type { SeenRequest } from './watch.ts';

/** A subscriber whom the core does not hold as billing has him. */
export interface Divergence {
  readonly imsi: string;
  readonly expected: CoreState;
  /** Null when the core does not know him. */
  readonly found: Subscriber | null;
  /** All requests that arrived for him. */
  readonly history: readonly SeenRequest[];
}

/** The subscribers who are not in the core as billing has them. */
export function divergent(
  truth: ReadonlyMap<string, CoreState>,
  find: (imsi: string) => Subscriber | null,
): { expected: CoreState; found: Subscriber | null }[] {
  return [...truth.values()]
    .map((expected) => ({ expected, found: find(expected.imsi) }))
    .filter(({ expected, found }) => found === null || !isSame(expected, found));
}

function isSame(expected: CoreState, found: Subscriber): boolean {
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
