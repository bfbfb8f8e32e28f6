import type { EventState } from '../contract/event-states.ts';
import type { Attempt, StoredEvent } from '../ports/store.ts';

/** The first attempt and the last ones tell the story; a month of them would not fit. */
const MOST_ATTEMPTS = 50;

/** The attempts of an event, those in the middle left out when there are many. */
export function mergeAttempts(known: readonly Attempt[], more: readonly Attempt[]): readonly Attempt[] {
  const all = [...known, ...more];
  return all.length <= MOST_ATTEMPTS ? all : [...all.slice(0, 1), ...all.slice(1 - MOST_ATTEMPTS)];
}

/** Where an event that is to be recorded stands once it was delivered again: it is recorded once, and waits once. */
export function recordedAfter(known: EventState, now: EventState): EventState {
  return known === 'processed' || known === 'queued' ? known : now;
}

/** Where an event stands once it was delivered again: that the core confirmed it is not forgotten over a late copy. */
export function stateAfter(known: EventState, now: EventState): EventState {
  return known === 'processed' && now === 'superseded' ? 'processed' : now;
}

/** States that few events are in for long: they have an index. */
export const UNFINISHED: readonly EventState[] = ['queued', 'failed', 'rejected', 'dead'];

/**
 * Whether an event stays discarded though one of its subscribers is done. One of a swap has two: the other's part was given
 * up, which is not forgotten.
 */
export function staysDiscarded({ state, previousImsi }: Pick<StoredEvent, 'state' | 'previousImsi'>): boolean {
  return state === 'discarded' && previousImsi !== null;
}

/**
 * Whether an older event that comes late may be on its way to the core, by a call that ended without a word (ADR 0011). NSPS
 * sends again what it got no 2xx for: an event never heard of may have been sent, and so may one that was answered with a
 * failure, by a delivery since. What it got a 2xx for is told by the journal, or by a claim that is found abandoned.
 * @param answered the HTTP status of the last answer to NSPS; null when the journal has never heard of the event.
 */
export function mayBeOnItsWay(answered: number | null): boolean {
  return answered === null || answered < 200 || answered > 299;
}
