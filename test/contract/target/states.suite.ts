import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change, SubscriberState } from '../../../src/core/types.ts';
import { systemClock } from '../../../src/observe/clock.ts';
import type { Clock } from '../../../src/ports/runtime.ts';
import type { Target } from '../../../src/ports/target.ts';
import { until } from '../../helpers/polling.ts';
import { type Caller, callSuite, type Run, type SystemUnderTest } from './calls.suite.ts';

/** A system that holds subscribers, and a way to look inside. */
export interface StateSystem extends SystemUnderTest {
  /** A target that knows the system by its line; nothing but the deadline limits its calls. */
  connect(clock: Clock): Target;
  /** What the system holds, in our terms; null for an unknown subscriber. */
  holds(imsi: string): Promise<Pick<SubscriberState, 'status' | 'msisdn'> | null>;
}

const IMSI = '001010000000001';
const OTHER = '001010000000002';
const BARRED = { status: 'operatorDeterminedBarring' } as const;

function update(state: Partial<SubscriberState>): Change {
  const full = { imsi: IMSI, status: 'serviceGranted', msisdn: null, csProfile: 'cs', epsProfile: 'eps' } as const;
  return { action: 'update', state: { ...full, ...state } };
}

function within(clock: Clock, ms = 10_000) {
  return { requestId: 'r', uniqueId: 'u', deadline: clock.now() + ms };
}

/** A target that bars a subscriber who is granted service. */
async function begin(system: StateSystem, clock: Clock, callMs: number): Promise<Caller> {
  const before = system.connect(systemClock);
  assert.deepEqual(await before.apply(update({}), within(systemClock)), { kind: 'done' });
  await before.close();
  const target = system.connect(clock);
  const bar = () => target.apply(update(BARRED), within(clock, callMs));
  return {
    call: bar,
    deliver: () => until('it is confirmed', async () => (await bar()).kind === 'done').then(() => {}),
    contents: () => system.holds(IMSI),
    wanted: { ...BARRED, msisdn: null },
    close: () => target.close(),
    end: async () => {},
  };
}

/** What every target of subscribers' states promises; run it on each of them. */
export function stateTargetSuite<S extends StateSystem>(name: string, run: Run<S>): void {
  describe(`target: ${name}`, () => {
    callSuite(run, begin);
    describe('subscribers have the states they were brought to', () => statesSuite(run));
  });
}

/** A system, and what a target of it says. */
async function opened<S extends StateSystem>(run: Run<S>) {
  const system = await run.open();
  const target = system.connect(systemClock);
  return {
    system,
    apply: (state: Partial<SubscriberState>, ms?: number) => target.apply(update(state), within(systemClock, ms)),
    [Symbol.asyncDispose]: async () => {
      await target.close();
      await system[Symbol.asyncDispose]();
    },
  };
}

function statesSuite<S extends StateSystem>(run: Run<S>): void {
  test('a subscriber is brought to a state, and to the next; each may be applied again', async () => {
    await using bench = await opened(run);
    for (const state of [
      { status: 'serviceGranted', msisdn: '79123456789' },
      { status: 'operatorDeterminedBarring', msisdn: '79123456789' },
      { status: 'operatorDeterminedBarring', msisdn: null },
      { status: 'serviceGranted', msisdn: '79123456780' },
    ] as const) {
      for (let time = 0; time < 2; time++) {
        assert.deepEqual(await bench.apply(state), { kind: 'done' });
        assert.deepEqual(await bench.system.holds(IMSI), state);
      }
    }
  });
  test('a number that another subscriber holds is refused, in words', async () => {
    await using bench = await opened(run);
    await bench.apply({ msisdn: '79123456789' });
    const outcome = await bench.apply({ imsi: OTHER, msisdn: '79123456789' });
    assert.equal(outcome.kind === 'failed' && outcome.failure.code, 'refused');
    assert.match(outcome.kind === 'failed' ? outcome.failure.why : '', /79123456789/);
  });
  test('a number released by one subscriber is free for another', async () => {
    await using bench = await opened(run);
    await bench.apply({ msisdn: '79123456789' });
    await bench.apply(BARRED);
    assert.deepEqual(await bench.apply({ imsi: OTHER, msisdn: '79123456789' }), { kind: 'done' });
  });
  test('without time left nothing is sent', async () => {
    await using bench = await opened(run);
    const outcome = await bench.apply({}, 0);
    assert.equal(outcome.kind === 'failed' && outcome.failure.code, 'connect_failed');
    assert.equal(await bench.system.holds(IMSI), null);
  });
}
