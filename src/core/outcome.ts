import type { ErrorCode } from '../contract/answers.ts';
import type { Action } from './types.ts';

interface FailureKind {
  /**
   * `retry`: certainly not applied, may pass later. `rejected`: certainly not applied, will not pass as it is.
   * `unsure`: may have been applied, or may still be.
   */
  readonly kind: 'retry' | 'rejected' | 'unsure';
  /** What NSPS is told. */
  readonly answer: ErrorCode;
  /** Whether it says that the core is not well: unreachable, timed out or 5xx (contract §4). Feeds the circuit. */
  readonly sick: boolean;
  /** Whether it says something about the change itself, and counts against its attempts (`MAX_ATTEMPTS`). */
  readonly counts: boolean;
  /**
   * Which actions may be repeated at once: after `retry` failures any; after an `unsure` one only those that carry the
   * full state (`insert` and `delete` could meet their own first attempt).
   */
  readonly repeat: 'any' | 'full-state' | 'none';
}

/** Every way a call can fail, classified once, where it is understood. */
export const FAILURES = {
  connect_failed: { kind: 'retry', answer: 'unavailable', sick: true, counts: true, repeat: 'any' },
  busy: { kind: 'retry', answer: 'unavailable', sick: true, counts: true, repeat: 'any' },
  rate_limited: { kind: 'retry', answer: 'rate_limited', sick: false, counts: false, repeat: 'any' },
  bad_gateway: { kind: 'unsure', answer: 'core_error', sick: true, counts: true, repeat: 'full-state' },
  cut: { kind: 'unsure', answer: 'unavailable', sick: true, counts: true, repeat: 'full-state' },
  timeout: { kind: 'unsure', answer: 'unavailable', sick: true, counts: true, repeat: 'none' },
  core_error: { kind: 'unsure', answer: 'core_error', sick: true, counts: true, repeat: 'none' },
  not_understood: { kind: 'unsure', answer: 'core_error', sick: false, counts: true, repeat: 'none' },
  credentials: { kind: 'retry', answer: 'core_credentials', sick: false, counts: false, repeat: 'none' },
  refused: { kind: 'rejected', answer: 'core_refused', sick: false, counts: true, repeat: 'none' },
  unknown_subscriber: { kind: 'rejected', answer: 'unknown_subscriber', sick: false, counts: true, repeat: 'none' },
  // Of targets that record events, and of a place where no core is. Only the last of them says anything about the event itself.
  unauthorized: { kind: 'retry', answer: 'unavailable', sick: false, counts: false, repeat: 'any' },
  misconfigured: { kind: 'retry', answer: 'unavailable', sick: false, counts: false, repeat: 'none' },
  place_missing: { kind: 'retry', answer: 'place_missing', sick: false, counts: false, repeat: 'none' },
  row_refused: { kind: 'rejected', answer: 'validation_failed', sick: false, counts: true, repeat: 'none' },
  // The rest never reached the core.
  circuit_open: { kind: 'retry', answer: 'unavailable', sick: false, counts: false, repeat: 'none' },
  no_turn: { kind: 'retry', answer: 'unavailable', sick: false, counts: false, repeat: 'none' },
  // The number cannot be given yet: its release was announced since, could not even be tried, or fails.
  number_held: { kind: 'retry', answer: 'unavailable', sick: false, counts: false, repeat: 'none' },
  not_released: { kind: 'retry', answer: 'unavailable', sick: false, counts: true, repeat: 'none' },
  store_failed: { kind: 'retry', answer: 'unavailable', sick: false, counts: false, repeat: 'none' },
  crowded: { kind: 'retry', answer: 'rate_limited', sick: false, counts: false, repeat: 'none' },
} as const satisfies Record<string, FailureKind>;

/** A way to fail. */
export type FailureCode = keyof typeof FAILURES;

/** A failed call, or one that was not made. */
export interface Failure {
  readonly code: FailureCode;
  /** The core's own words, or what happened on the way to it. */
  readonly why: string;
  /** HTTP status of the core, when it answered. */
  readonly coreStatus?: number;
  /** When to come back, in milliseconds from now, if somebody said so. */
  readonly retryAfterMs?: number;
}

/** The longest `Retry-After` that is believed and passed on, in milliseconds. */
export const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** What one call did. */
export type Outcome = { readonly kind: 'done' } | Failed;

/** A call that failed, or was not made. */
export interface Failed {
  readonly kind: 'failed';
  readonly failure: Failure;
}

export const DONE: Outcome = { kind: 'done' };

/** A call that failed, or was not made. @param why in the core's own words, or what happened on the way to it. */
export function failed(code: FailureCode, why: string, more: Omit<Failure, 'code' | 'why'> = {}): Failed {
  return { kind: 'failed', failure: { code, why, ...more } };
}

/** Whether the same call may be made again at once. Source: contract §4 and RFC 9110 §9.2.2. */
export function mayRepeat(code: FailureCode, action: Action): boolean {
  const { repeat } = FAILURES[code];
  const fullState = action !== 'insert' && action !== 'delete';
  return repeat === 'any' || (repeat === 'full-state' && fullState);
}

/** First pause before a repeat, and the longest one, in milliseconds. */
const BACKOFF_BASE_MS = 100;
const BACKOFF_CAP_MS = 5_000;

/**
 * How long a subscriber rests after a failed attempt of the connector's own: exponential, with jitter over its upper
 * half, and never sooner than the core asked for.
 * @param attempts failed in a row before this one.
 * @param random from 0 (inclusive) to 1.
 * @returns milliseconds.
 */
export function pauseBeforeAttempt(
  attempts: number,
  failure: Failure,
  random: number,
  { firstMs, longestMs }: { firstMs: number; longestMs: number },
): number {
  const backoff = Math.min(longestMs, firstMs * 2 ** Math.min(attempts, 30)) * (0.5 + random / 2);
  return Math.max(backoff, failure.retryAfterMs ?? 0);
}

/**
 * How long to wait before attempt `attempt + 1`: exponential with full jitter, so that many events failing together do
 * not come back together; never sooner than the core asked for.
 * @param attempt attempts made so far, from 1.
 * @param random from 0 (inclusive) to 1.
 * @returns milliseconds.
 */
export function pauseBeforeRepeat(attempt: number, failure: Failure, random: number): number {
  const backoff = random * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt);
  return Math.max(backoff, failure.retryAfterMs ?? 0);
}
