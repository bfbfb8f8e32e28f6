import assert from 'node:assert/strict';
import { FAILURES, type Failure, type FailureCode, type Outcome } from '../../../src/core/outcome.ts';

/**
 * What can be wrong with an external system, whatever it speaks. The first four happen on the way to it, and the suite's
 * line makes them; the others are said in the system's own words, and whoever runs the suite makes them.
 */
export interface Expectation {
  readonly what: string;
  /** Whether the change is certainly not applied (`retry`), or nobody can tell (`unsure`). */
  readonly kind: 'retry' | 'unsure';
  readonly codes: readonly FailureCode[];
}

const WAY = {
  refused: { what: 'nobody listens', kind: 'retry', codes: ['connect_failed'] },
  deaf: { what: 'connecting never ends', kind: 'retry', codes: ['connect_failed'] },
  cut: { what: 'the connection is cut after the change was asked for', kind: 'unsure', codes: ['cut'] },
  silence: { what: 'the change was asked for, and no answer comes', kind: 'unsure', codes: ['timeout'] },
} as const satisfies Record<string, Expectation>;

const SPOKEN = {
  credentials: {
    what: 'it refuses our credentials',
    kind: 'retry',
    codes: ['credentials', 'unauthorized', 'misconfigured'],
  },
  busy: { what: 'it has too much to do, or cannot now', kind: 'retry', codes: ['busy', 'rate_limited'] },
  wait: { what: 'it says for how long to stay away', kind: 'retry', codes: ['busy', 'rate_limited'] },
  error: { what: 'it fails after it began with the change', kind: 'unsure', codes: ['core_error', 'bad_gateway'] },
  garbage: {
    what: 'the change was asked for, and no answer of its kind comes',
    kind: 'unsure',
    codes: ['not_understood', 'cut'],
  },
} as const satisfies Record<string, Expectation>;

export type SpokenFault = keyof typeof SPOKEN;
export const SPOKEN_FAULTS = Object.keys(SPOKEN) as readonly SpokenFault[];

export const EXPECTED: Readonly<Record<keyof typeof WAY | SpokenFault, Expectation>> = { ...WAY, ...SPOKEN };

/** What a system that says for how long to stay away says, in seconds. */
export const WAIT_S = 7;

/** How a system shows a fault, and its words, which people must get to read. */
export type Spoken<S> =
  /** The next request for a change meets it. */
  | { readonly make: (system: S) => void; readonly words: RegExp }
  /** All requests meet it until what this gives is called. */
  | { readonly hold: (system: S) => () => void; readonly words: RegExp }
  /** Why it has no such fault. */
  | { readonly cannot: string };

/** Fails the test unless a call came to what a fault comes to, in words that name it. */
export function assertFault(outcome: Outcome, fault: keyof typeof EXPECTED, words: RegExp): Failure {
  if (outcome.kind === 'done') assert.fail('the call is said to be done');
  const { failure } = outcome;
  const { codes, kind } = EXPECTED[fault];
  const told = `${failure.code}: ${failure.why}`;
  assert.ok(codes.includes(failure.code), `${told}; expected ${codes.join(' or ')}`);
  assert.equal(FAILURES[failure.code].kind, kind, told);
  assert.match(failure.why, words);
  return failure;
}
