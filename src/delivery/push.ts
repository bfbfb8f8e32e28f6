import { DONE, FAILURES, type Failure, failed, type Outcome } from '../core/outcome.ts';
import type { Effect, Release, Wanted } from '../core/subscriber.ts';
import type { Attempt } from '../ports/store.ts';
import type { CallContext } from '../ports/target.ts';
import type { Attempts } from './attempts.ts';

/** A claim outlives the call it was made for by so much, in milliseconds: the result has to be written, too. */
export const CLAIM_MARGIN_MS = 5_000;

/** One state sent to the core, with all that came of it. */
export interface Pushed {
  readonly wanted: Wanted;
  readonly outcome: Outcome;
  readonly attempts: readonly Attempt[];
  /** What was released before. */
  readonly released: readonly Release[];
}

/** Sends a state; the subscriber must be held, and the SIMs it takes the number from must have released it. */
export async function push(
  attempts: Attempts,
  wanted: Wanted,
  released: readonly Release[],
  context: CallContext,
): Promise<Pushed> {
  const { outcome, attempt } = await attempts.once(wanted.change, context);
  return { wanted, outcome, attempts: attempt ? [attempt] : [], released };
}

/** A SIM that the core does not know holds no number: it is as good as released. */
export function asRelease(pushed: Pushed): Pushed {
  const { outcome } = pushed;
  const unknown = outcome.kind === 'failed' && outcome.failure.code === 'unknown_subscriber';
  return unknown ? { ...pushed, outcome: DONE } : pushed;
}

/**
 * What that means for the subscriber.
 * @param retry how we go on by ourselves after a failure: in how many milliseconds; null when NSPS does.
 */
export function effectOf(
  { wanted, outcome, attempts, released }: Pushed,
  retry: (failure: Failure) => number | null,
): Extract<Effect, { kind: 'applied' | 'failed' }> {
  const { imsi } = wanted.change.state;
  if (outcome.kind === 'done')
    return { kind: 'applied', imsi, wanted, ageMs: attempts.at(-1)?.durationMs ?? 0, released };
  const { failure } = outcome;
  const { kind, counts } = FAILURES[failure.code];
  return { kind: 'failed', imsi, wanted, result: kind, why: failure.why, retryInMs: retry(failure), counts };
}

export const NO_TURN = failed(
  'no_turn',
  'Connection timeout: an earlier event of the subscriber is still under way',
).failure;
