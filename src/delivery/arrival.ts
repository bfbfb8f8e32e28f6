import { ERRORS } from '../contract/answers.ts';
import { faultsText } from '../contract/fault.ts';
import { FAILURES, type Failure, type FailureCode, failed } from '../core/outcome.ts';
import type { Change, Decision } from '../core/types.ts';
import { type Attempt, type Entry, type Store, StoreError } from '../ports/store.ts';

export type Provision = Extract<Decision, { kind: 'provision' }>;
/** It means nothing for anybody. */
export type Undelivered = Extract<Decision, { kind: 'ignore' | 'reject' }>;
/** It means something for the target: for one that holds states, or for one that records events. */
export type Meaning = Exclude<Decision, Undelivered>;

/** What the journal keeps of an event, whatever comes of it. */
export type Draft = Omit<Entry, 'state' | 'why' | 'status' | 'attempts'>;

/** An event that means something for the target. */
export interface Arrival<D extends Meaning = Provision> {
  readonly decision: D;
  readonly draft: Draft;
}

/** What NSPS is told about it. */
export type Delivered =
  | { readonly kind: 'processed' | 'queued' | 'superseded' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly change: Change | null };

/** Takes an event to its end, or to where it is safe. Never throws on a fault of the core or the store. */
export interface Delivery {
  /** @param attempts is filled with the calls that were made. */
  deliver(arrival: Arrival<Meaning>, attempts: Attempt[]): Promise<Delivered>;
}

/** The journal's entry of an event that was delivered. */
export function entryOf(draft: Draft, delivered: Delivered, attempts: readonly Attempt[]): Entry {
  if (delivered.kind !== 'failed') return { ...draft, state: delivered.kind, why: null, status: 202, attempts };
  const { code, why } = delivered.failure;
  return { ...draft, state: stateOfFailure(code), why, status: ERRORS[FAILURES[code].answer].status, attempts };
}

/** Where a delivery that failed so leaves its event: in the journal, in metrics and in the log. */
export function stateOfFailure(code: FailureCode): 'rejected' | 'failed' {
  return FAILURES[code].kind === 'rejected' ? 'rejected' : 'failed';
}

/** What somebody turned away should wait before the next try, in milliseconds. */
const CROWDED_RETRY_MS = 1_000;

/** More events are inside than there is room for. */
export const CROWDED: Delivered = {
  kind: 'failed',
  failure: failed('crowded', 'Rate limit exceeded', { retryAfterMs: CROWDED_RETRY_MS }).failure,
  change: null,
};

/** What a store that cannot write means for an event; anything else is a fault of ours. */
export function storeFailure(error: unknown): Delivered {
  if (!(error instanceof StoreError)) throw error;
  const { failure } = failed('store_failed', `The store cannot be written: ${error.message}`);
  return { kind: 'failed', failure, change: null };
}

/** Notes an event nobody has to wait for: nothing was promised, and NSPS sends it again. */
export function noteInPassing(store: Store, entry: Entry): void {
  store.write({ entry, story: null, effects: [] }).catch(() => {
    // The store's own health says so.
  });
}

/**
 * Notes an event that means nothing for anybody. One that is answered 2xx has to be kept before; one that is refused is
 * sent again anyway.
 * @returns why it could not be kept; null when it was.
 */
export async function noteUndelivered(store: Store, draft: Draft, decision: Undelivered): Promise<Delivered | null> {
  if (decision.kind === 'reject') {
    const why = faultsText(decision.faults);
    noteInPassing(store, { ...draft, state: 'rejected', why, status: ERRORS.validation_failed.status, attempts: [] });
    return null;
  }
  try {
    const entry: Entry = { ...draft, state: 'ignored', why: decision.reason, status: 202, attempts: [] };
    await store.write({ entry, story: null, effects: [] });
    return null;
  } catch (error) {
    return storeFailure(error);
  }
}
