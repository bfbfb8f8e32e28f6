import {
  type Detail,
  ERRORS,
  type ErrorBody,
  type ErrorCode,
  errorBody,
  type SuccessBody,
} from '../contract/answers.ts';
import { type Fault, faultsText } from '../contract/fault.ts';
import { FAILURES, type Failure } from '../core/outcome.ts';
import type { Change } from '../core/types.ts';
import { stateOfFailure } from '../delivery/arrival.ts';

/** An answer before it is bytes. */
export interface Answer {
  readonly status: number;
  readonly body: SuccessBody | ErrorBody;
  /** Where it leaves an event that failed, as in the journal. */
  readonly state?: 'rejected' | 'failed';
  /** Seconds. */
  readonly retryAfter?: number;
}

/** When nobody said when to come back, in milliseconds. NSPS comes back after a minute or more anyway. */
const RETRY_LATER_MS = 5_000;

/** Words that the contract's table fixes; what the core said goes into `details`. */
const FIXED_WORDS: ReadonlySet<ErrorCode> = new Set(['unknown_subscriber', 'core_credentials', 'rate_limited']);

/** Builds answers, in the spelling the settings ask for. */
export class Answers {
  readonly #lowerCase: boolean;

  constructor(errorTypeCase: 'upper' | 'lower') {
    this.#lowerCase = errorTypeCase === 'lower';
  }

  error(code: ErrorCode, more: { error?: string; details?: readonly Detail[]; retryAfterMs?: number } = {}): Answer {
    const { status } = ERRORS[code];
    const comeBack = status === 429 || status === 503;
    return {
      status,
      body: errorBody(code, { ...more, lowerCase: this.#lowerCase }),
      ...(comeBack && { retryAfter: Math.max(1, Math.ceil((more.retryAfterMs ?? RETRY_LATER_MS) / 1000)) }),
    };
  }

  /** 422 with every fault's path. */
  invalid(faults: readonly Fault[]): Answer {
    const error = faultsText(faults);
    return { ...this.error('validation_failed', { error, details: faults }), state: 'rejected' };
  }

  /** What a failed delivery means for NSPS. */
  failure(failure: Failure, change: Change | null): Answer {
    const { answer: code } = FAILURES[failure.code];
    const detail = {
      // Where an operator has to look: the core was not even asked when the store failed.
      path: failure.code === 'store_failed' ? 'store' : 'core',
      message: failure.why,
      ...(failure.coreStatus !== undefined && { status: failure.coreStatus }),
      ...(change && { imsi: change.state.imsi }),
    };
    const answer = this.error(code, {
      ...(!FIXED_WORDS.has(code) && { error: failure.why }),
      ...(failure.retryAfterMs !== undefined && { retryAfterMs: failure.retryAfterMs }),
      details: [detail],
    });
    return { ...answer, state: stateOfFailure(failure.code) };
  }
}
