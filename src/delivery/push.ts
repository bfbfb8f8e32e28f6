import { FAILURES, type Failure, failed, type Outcome } from '../core/outcome.ts';
import type { Effect, Wanted } from '../core/subscriber.ts';
import type { Attempt } from '../ports/store.ts';
import type { CallContext } from '../ports/target.ts';
import type { Attempts } from './attempts.ts';
import { isDoubtful } from './report.ts';

/** One state sent to the core, with all that came of it. */
export interface Pushed {
  readonly wanted: Wanted;
  readonly outcome: Outcome;
  readonly attempts: readonly Attempt[];
}

/** Sends a state; the subscriber must be held. */
export async function push(attempts: Attempts, wanted: Wanted, context: CallContext): Promise<Pushed> {
  const made: Attempt[] = [];
  const outcome = await attempts.run(wanted.change, context, (attempt) => made.push(attempt));
  return { wanted, outcome, attempts: made };
}

/**
 * What that means for the subscriber.
 * @param retry how we go on by ourselves after a failure: in how many milliseconds; null when NSPS does.
 */
export function effectOf(
  { wanted, outcome, attempts }: Pushed,
  retry: (failure: Failure) => number | null,
): Extract<Effect, { kind: 'applied' | 'failed' }> {
  const { imsi } = wanted.change.state;
  if (outcome.kind === 'done') return { kind: 'applied', imsi, wanted, ageMs: attempts.at(-1)?.durationMs ?? 0 };
  const { failure } = outcome;
  const { kind, counts } = FAILURES[failure.code];
  // Also when a later attempt certainly failed: the doubtful one may have been applied all the same.
  const result = attempts.some(isDoubtful) ? 'unsure' : kind;
  return { kind: 'failed', imsi, wanted, result, why: failure.why, retryInMs: retry(failure), counts };
}

export const NO_TURN = failed(
  'no_turn',
  'Connection timeout: an earlier event of the subscriber is still under way',
).failure;
