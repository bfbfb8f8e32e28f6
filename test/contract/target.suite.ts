import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change, SubscriberState } from '../../src/core/types.ts';
import { systemClock } from '../../src/observe/clock.ts';
import type { Target } from '../../src/ports/target.ts';

/** A target against a system of its kind that is up and empty, and a way to look inside that system. */
export interface TargetUnderTest extends AsyncDisposable {
  readonly target: Target;
  /** What the system holds, in our terms; null for an unknown subscriber. */
  holds(imsi: string): Promise<Pick<SubscriberState, 'status' | 'msisdn'> | null>;
  /** Makes the system answer nothing from now on. */
  hang(): void;
}

const IMSI = '001010000000001';

function update(state: Partial<SubscriberState>): Change {
  const full = { imsi: IMSI, status: 'serviceGranted', msisdn: null, csProfile: 'cs', epsProfile: 'eps' } as const;
  return { action: 'update', state: { ...full, ...state } };
}

/** What every target of subscribers' states promises; run it on each of them. */
export function targetSuite(name: string, open: () => Promise<TargetUnderTest>): void {
  const context = (ms = 5_000) => ({ requestId: 'r', uniqueId: 'u', deadline: systemClock.now() + ms });
  describe(`target: ${name}`, () => {
    test('brings a subscriber to a state, and to the next', async () => {
      await using system = await open();
      for (const state of [
        { status: 'serviceGranted', msisdn: '79123456789' },
        { status: 'operatorDeterminedBarring', msisdn: '79123456789' },
        { status: 'operatorDeterminedBarring', msisdn: null },
        { status: 'serviceGranted', msisdn: '79123456780' },
      ] as const) {
        assert.deepEqual(await system.target.apply(update(state), context()), { kind: 'done' });
        assert.deepEqual(await system.holds(IMSI), state);
      }
    });
    test('a full state may be applied again', async () => {
      await using system = await open();
      for (let time = 0; time < 3; time++) {
        assert.equal((await system.target.apply(update({ msisdn: '79123456789' }), context())).kind, 'done');
      }
      assert.deepEqual(await system.holds(IMSI), { status: 'serviceGranted', msisdn: '79123456789' });
    });
    test('a number that another subscriber holds is refused, in words', async () => {
      await using system = await open();
      await system.target.apply(update({ msisdn: '79123456789' }), context());
      const outcome = await system.target.apply(update({ imsi: '001010000000002', msisdn: '79123456789' }), context());
      assert.equal(outcome.kind, 'failed');
      assert.equal(outcome.kind === 'failed' && outcome.failure.code, 'refused');
      assert.match(outcome.kind === 'failed' ? outcome.failure.why : '', /79123456789/);
    });
    test('a number released by one subscriber is free for another', async () => {
      await using system = await open();
      await system.target.apply(update({ msisdn: '79123456789' }), context());
      await system.target.apply(update({ status: 'operatorDeterminedBarring' }), context());
      const outcome = await system.target.apply(update({ imsi: '001010000000002', msisdn: '79123456789' }), context());
      assert.equal(outcome.kind, 'done');
    });
    test('never throws, and answers by the deadline', async () => {
      await using system = await open();
      system.hang();
      const outcome = await system.target.apply(update({}), context(100));
      assert.equal(outcome.kind === 'failed' && outcome.failure.code, 'timeout');
    });
    test('closing twice is fine', async () => {
      await using system = await open();
      await system.target.close();
    });
  });
}
