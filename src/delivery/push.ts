import { DONE, FAILURES, type Failure, failed, type Outcome } from '../core/outcome.ts';
import {
  asSent,
  asThere,
  type Effect,
  isGrant,
  type Release,
  type Subscriber,
  type Wanted,
} from '../core/subscriber.ts';
import type { Change } from '../core/types.ts';
import type { Attempt, Held } from '../ports/store.ts';
import type { CallContext } from '../ports/target.ts';
import type { Attempts, Still, Tried } from './attempts.ts';

/** A claim outlives the call it was made for by so much, in milliseconds: the result has to be written, too. */
export const CLAIM_MARGIN_MS = 5_000;

/** One state sent to the core, with all that came of it. */
export interface Pushed {
  readonly wanted: Wanted;
  readonly outcome: Outcome;
  readonly attempts: readonly Attempt[];
  /** How long ago the last of them began, in milliseconds. */
  readonly ageMs: number;
  /** What was released before. */
  readonly released: readonly Release[];
}

/**
 * Sends a state; the subscriber must be held, and the SIMs it takes the number from must have released it. Where an insert
 * may have been done before, an update goes first: only the core's word that it has no such subscriber brings the insert.
 * @param still whether those are all the releases a number waits for.
 * @returns null when they are not: then nothing was sent.
 */
export function push(
  attempts: Attempts,
  known: Subscriber,
  wanted: Wanted,
  released: readonly Release[],
  context: CallContext,
  still: Still,
): Promise<Pushed | null> {
  const asked = isGrant(wanted.change) ? still : undefined;
  const once = (change: Change) => attempts.once(change, context, asked);
  const sent = asSent(known, wanted).change;
  return once(sent).then((tried) => {
    if (!tried) return null;
    const first = pushed(asThere(wanted), released, tried);
    if (wanted.missing) return asRelease(first);
    if (sent === wanted.change || !isUnknown(first.outcome)) return first;
    return insert(first, { update: sent, inDoubt: known.unsettledUntil !== null, once });
  });
}

/** How somebody is inserted whom the core had nobody for. */
interface Insertion {
  /** What the core had nobody for. */
  readonly update: Change;
  /** Whether it may come to an earlier insert of his meanwhile: then one more update tells. */
  readonly inDoubt: boolean;
  once(change: Change): Promise<Tried | null>;
}

async function insert(first: Pushed, { update, inDoubt, once }: Insertion): Promise<Pushed> {
  const { wanted, released } = first;
  const second = await once(wanted.change);
  if (!second) return { ...first, outcome: NUMBER_HELD };
  const inserted = pushed(wanted, released, second, first.attempts);
  if (!inDoubt || !isRefused(second.outcome)) return inserted;
  const third = await once(update);
  if (!third) return { ...inserted, outcome: NUMBER_HELD };
  const updated = pushed(wanted, released, third, inserted.attempts);
  return isUnknown(third.outcome) ? { ...inserted, attempts: updated.attempts } : updated;
}

/** It had to be asked for more than once, and a release came to be required meanwhile. */
const NUMBER_HELD = failed('number_held', 'its number has to be released by another SIM first');

function pushed(
  wanted: Wanted,
  released: readonly Release[],
  { outcome, attempt, ageMs }: Tried,
  before: readonly Attempt[] = [],
): Pushed {
  return { wanted, outcome, attempts: attempt ? [...before, attempt] : before, ageMs, released };
}

function isRefused(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.failure.code === 'refused';
}

function isUnknown(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.failure.code === 'unknown_subscriber';
}

/** A SIM that the core does not know holds no number: it is as good as released, but it is not there. */
export function asRelease(pushed: Pushed): Pushed {
  if (!isUnknown(pushed.outcome)) return pushed;
  return { ...pushed, wanted: { ...pushed.wanted, missing: true }, outcome: DONE };
}

/**
 * What such a call means for the subscriber, who was held for it.
 * @param retry how we go on by ourselves after a failure: in how many milliseconds; null when NSPS does.
 */
export function effectOf(
  { wanted, outcome, ageMs, released }: Pushed,
  { imsi, claim }: Held,
  retry: (failure: Failure) => number | null,
): Extract<Effect, { kind: 'applied' | 'failed' }> {
  if (outcome.kind === 'done') return { kind: 'applied', imsi, wanted, ageMs, released, claim };
  const { failure } = outcome;
  const { kind, counts } = FAILURES[failure.code];
  return { kind: 'failed', imsi, wanted, result: kind, why: failure.why, retryInMs: retry(failure), counts, claim };
}

/** Nothing was sent. @param retryInMs when to come back; null when somebody else does. */
export function untouched({ imsi, claim }: Held, retryInMs: number | null): Effect {
  return { kind: 'untouched', imsi, retryInMs, claim };
}

export const NO_TURN = failed(
  'no_turn',
  'Connection timeout: an earlier event of the subscriber is still under way',
).failure;
