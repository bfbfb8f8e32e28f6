import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NAMELESS } from '../../src/core/names.ts';
import { DONE, failed, type Outcome } from '../../src/core/outcome.ts';
import type { Change, SubscriberState } from '../../src/core/types.ts';
import type { Arrival } from '../../src/delivery/arrival.ts';
import type { Target } from '../../src/ports/target.ts';
import type { FakeClock } from './fake-clock.ts';
import { entryOf, versionAt } from './subscribers.ts';

/** What billing does: numbers only move by swaps, and a new one is one that nobody ever had. */
export type Step = { readonly kind: 'number' | 'bar' | 'swap'; readonly sim: number; readonly to: number };

export interface Story {
  readonly steps: readonly Step[];
  /** What comes of the calls, in their order, once everybody has his first number; those after them are done. */
  readonly plan: readonly Answer[];
}

type Answer = 'done' | 'away' | 'lost' | 'unheard';

export const SIMS = ['001010000000001', '001010000000002', '001010000000003'] as const;

const aSim = fc.nat(SIMS.length - 1);
/** `lost`: it did not come to the core, which nobody knows; `unheard`: it did, and its answer was lost. */
const anAnswer = fc.constantFrom<Answer>('done', 'done', 'away', 'lost', 'unheard');

export const stories: fc.Arbitrary<Story> = fc.record({
  steps: fc.array(fc.record({ kind: fc.constantFrom('swap', 'swap', 'number', 'bar'), sim: aSim, to: aSim }), {
    minLength: 2,
    maxLength: 8,
  }),
  plan: fc.array(anAnswer, { maxLength: 30 }),
});

/** The events of a story as NSPS sends them, and what billing holds in the end. */
export function tell({ steps }: Story): { arrivals: Arrival[]; truth: ReadonlyMap<string, SubscriberState> } {
  const truth = new Map<string, SubscriberState>();
  const arrivals: Arrival[] = [];
  const state = (imsi: string, msisdn: string | null, n: number): SubscriberState => {
    const status = msisdn === null ? 'operatorDeterminedBarring' : 'serviceGranted';
    return { imsi, status, msisdn, csProfile: `cs-${n}`, epsProfile: 'default' };
  };
  const say = (n: number, ...states: SubscriberState[]) => {
    for (const one of states) truth.set(one.imsi, one);
    arrivals.push(arrivalOf(n, states));
  };
  // Everybody has a number to begin with.
  for (const [n, imsi] of SIMS.entries()) say(n, state(imsi, `7900000000${n}`, n));
  for (const [index, { kind, sim, to }] of steps.entries()) {
    const n = SIMS.length + index;
    const [from, other] = [SIMS[sim] as string, SIMS[to] as string];
    const number = truth.get(from)?.msisdn ?? null;
    if (kind === 'number') say(n, state(from, `7911111111${index}`, n));
    else if (kind === 'swap' && from !== other && number !== null)
      say(n, state(from, null, n), state(other, number, n));
    else say(n, state(from, null, n));
  }
  return { arrivals, truth };
}

function arrivalOf(n: number, states: readonly SubscriberState[]): Arrival {
  const { imsi, msisdn } = states.at(-1) as SubscriberState;
  const previousImsi = states.length > 1 ? (states[0]?.imsi as string) : null;
  const {
    state: _,
    why,
    status,
    attempts,
    ...draft
  } = entryOf(n, { imsi, previousImsi, names: { ...NAMELESS, msisdn } });
  const changes = states.map((state): Change => ({ action: 'update', state })) as [Change, ...Change[]];
  const action = states.length > 1 ? 'replace' : 'update';
  return { decision: { kind: 'provision', action, version: versionAt(n), changes }, draft };
}

const CALL_MS = 20;
const OUTCOMES: Record<Answer, Outcome> = {
  done: DONE,
  away: failed('connect_failed', 'no core'),
  lost: failed('timeout', 'no answer'),
  unheard: failed('timeout', 'no answer'),
};

/**
 * Follows the plan, and fails the test at two SIMs with one number, or two calls for one SIM at a time. In disorder only at a
 * number that an older event takes from a newer one: that another SIM had it, no event may have told yet.
 */
export class PlannedCore implements Target {
  readonly name = 'planned';
  readonly states = new Map<string, SubscriberState>();
  readonly faults: string[] = [];
  calls = 0;
  readonly #underWay = new Set<string>();
  readonly #plan: Answer[];
  readonly #clock: FakeClock;
  readonly #inDisorder: boolean;

  constructor(clock: FakeClock, plan: readonly Answer[], inDisorder = false) {
    this.#clock = clock;
    this.#inDisorder = inDisorder;
    this.#plan = [...SIMS.map(() => 'done' as const), ...plan];
  }

  async apply({ state }: Change): Promise<Outcome> {
    const answer = this.#plan.shift() ?? 'done';
    this.calls++;
    if (this.#underWay.has(state.imsi)) this.faults.push(`two calls for ${state.imsi}`);
    this.#underWay.add(state.imsi);
    await new Promise<void>((resolve) => this.#clock.after(CALL_MS, resolve));
    this.#underWay.delete(state.imsi);
    if (answer === 'done' || answer === 'unheard') this.#keep(state);
    return OUTCOMES[answer];
  }

  #keep(state: SubscriberState): void {
    this.states.set(state.imsi, state);
    const others = [...this.states.values()].filter(
      ({ imsi, msisdn }) => imsi !== state.imsi && msisdn === state.msisdn,
    );
    const wronged = others.filter((other) => !this.#inDisorder || eventOf(other) > eventOf(state));
    if (state.msisdn === null || wronged.length === 0) return;
    this.faults.push(`${state.imsi} gets ${state.msisdn}, which ${wronged.map(({ imsi }) => imsi).join(' and ')} has`);
  }

  /** What billing holds is what the core holds. */
  assertEquals(truth: ReadonlyMap<string, SubscriberState>): void {
    assert.deepEqual(this.faults, []);
    assert.deepEqual(byImsi(this.states), byImsi(truth));
  }

  async close() {}
}

/** Which event made a state, by the profile it carries. */
function eventOf({ csProfile }: SubscriberState): number {
  return Number(csProfile.slice('cs-'.length));
}

function byImsi(states: ReadonlyMap<string, SubscriberState>) {
  return Object.fromEntries([...states].sort(([a], [b]) => a.localeCompare(b)));
}
