import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failed } from '../../src/core/outcome.ts';
import type { Effect, Wanted } from '../../src/core/subscriber.ts';
import type { Arrival } from '../../src/delivery/arrival.ts';
import { InlineDelivery } from '../../src/delivery/inline.ts';
import { Reconciler } from '../../src/delivery/reconciler.ts';
import type { Store } from '../../src/ports/store.ts';
import { directStore } from '../helpers/direct-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { memoryLog } from '../helpers/log.ts';
import {
  acceptanceOf,
  effects,
  entryOf,
  IMSI,
  LIMITS,
  OTHER_IMSI,
  versionAt,
  wantedAt,
} from '../helpers/subscribers.ts';
import { attemptsOn, barredAt, CALL_MS, confirmed, SlowCore, TIMED_OUT } from '../helpers/swaps.ts';

const REFUSED = { kind: 'failed', imsi: IMSI, result: 'rejected', why: 'refused', retryInMs: 1, counts: true } as const;
const UNSURE = { ...REFUSED, result: 'unsure', why: 'no answer', retryInMs: null } as const;

/** State 1 was confirmed, and event 5 is a dead letter. */
async function site(wanted = wantedAt(5)) {
  const clock = new FakeClock();
  const store = directStore(LIMITS, clock);
  await confirmed(store, wantedAt(1));
  await store.write({ ...acceptanceOf(5), effects: [{ kind: 'want', imsi: IMSI, wanted, after: [] }] });
  await store.write(effects({ ...REFUSED, wanted }));
  assert.equal((await store.look(IMSI)).dead, 'refused');
  return { clock, store };
}

/** While NSPS waits. */
function connector(store: Store, core: SlowCore, clock: FakeClock) {
  const parts = { store, attempts: attemptsOn(core, clock), clock, random: () => 0.5 };
  const limits = { deadlineMs: 5_000, concurrency: 1, rest: { firstMs: 10, longestMs: 10 } };
  const newIds = () => ({ requestId: 'r', uniqueId: 'u' });
  const reconciler = new Reconciler({ ...parts, log: memoryLog(), limits, newIds });
  const done = reconciler.passOn.bind(reconciler);
  const delivery = new InlineDelivery({ ...parts, done, limits: { deadlineMs: 5_000, capacity: 9, retries: 0 } });
  return { delivery, reconciler };
}

async function stopped(reconciler: Reconciler, clock: FakeClock): Promise<void> {
  const stopping = reconciler.stop();
  await clock.advance(1_000);
  await stopping;
}

function arrivalOf(n: number, msisdn = wantedAt(n).change.state.msisdn): Arrival {
  const { version, change } = wantedAt(n, { msisdn });
  const { state: _, why, status, attempts, ...draft } = entryOf(n);
  return { decision: { kind: 'provision', action: 'update', version, changes: [change] }, draft };
}

describe('a dead letter waits for an operator', () => {
  const meanwhile: readonly (readonly [string, Effect])[] = [
    ['somebody who died while he looked at it', { kind: 'abandoned', imsi: IMSI, wanted: null }],
    ['somebody who died while he sent it', { kind: 'abandoned', imsi: IMSI, wanted: wantedAt(5) }],
    ['an event older than what was confirmed', { kind: 'stale', imsi: IMSI, eventId: 'event-0' }],
    ['one more call for it without a result', { ...UNSURE, wanted: wantedAt(5) }],
    ['a confirmation that comes too late', { ...appliedAt(0), late: true }],
    ['what was confirmed by a call for something older', appliedAt(2)],
    ['a release that failed', { ...REFUSED, result: 'retry', wanted: { ...barredAt(5, IMSI), eventId: 'event-5' } }],
  ];
  for (const [what, effect] of meanwhile) {
    test(`after ${what}`, async () => {
      const { clock, store } = await site();
      await store.write(effects(effect));
      const { dead, dueAt } = await store.look(IMSI);
      assert.deepEqual([dead, dueAt], ['refused', null]);
      await clock.advance(2 * LIMITS.settleAfterMs);
      assert.deepEqual(await store.claimDue(1, CALL_MS), []);
      await store.close();
    });
  }
});

function appliedAt(n: number): Extract<Effect, { kind: 'applied' }> {
  return { kind: 'applied', imsi: IMSI, wanted: wantedAt(n, { owed: false }), ageMs: 1, released: [] };
}

describe('a dead letter is none any more once its place is taken', () => {
  const newer: Wanted = wantedAt(6, { owed: false });
  const takers: readonly (readonly [string, Effect])[] = [
    ['by a newer state of unknown result', { ...UNSURE, wanted: newer }],
    ['by one that somebody may have sent who died', { kind: 'abandoned', imsi: IMSI, wanted: newer }],
    ['by the release of a swap', { kind: 'expect', imsi: IMSI, after: [], wanted: barredAt(6, IMSI) }],
  ];
  for (const [what, effect] of takers) {
    test(what, async () => {
      const { store } = await site();
      await store.write(effects(effect));
      const { dead, dueAt, waitingSince, attempts, desired } = await store.look(IMSI);
      assert.deepEqual([dead, attempts, desired?.eventId, desired?.owed], [null, 0, 'event-6', true]);
      assert.ok(dueAt !== null && waitingSince !== null, 'it was promised, and is waited for');
      assert.equal((await store.views.event('event-5'))?.state, 'superseded');
      await store.close();
    });
  }
});

describe('what was discarded does not come back by a call for it that ends without a result, not even late', () => {
  const letters: readonly (readonly [string, Wanted])[] = [
    ['newer than what was confirmed', wantedAt(5)],
    ['no newer by its stamps', { ...wantedAt(5), version: versionAt(1) }],
  ];
  for (const [what, wanted] of letters) {
    test(what, async () => {
      const ends: Effect[] = [
        { ...UNSURE, wanted },
        { kind: 'abandoned', imsi: IMSI, wanted },
      ];
      for (const effect of ends) {
        const { store } = await site(wanted);
        await store.write(effects({ kind: 'discard', imsi: IMSI, why: 'not ours' }));
        await store.write(effects(effect));
        const { desired, dead, unsettledUntil, dueAt } = await store.look(IMSI);
        assert.deepEqual([desired, dead], [null, null]);
        assert.ok(
          unsettledUntil !== null && dueAt === unsettledUntil,
          'what was confirmed before is confirmed once more',
        );
        await store.close();
      }
    });
  }
});

test('inline: a dead letter whose number becomes free by an event is tried again, as by the work of the connector itself', async () => {
  const clock = new FakeClock();
  const store = directStore(LIMITS, clock);
  await confirmed(store, wantedAt(1));
  const names = { msisdn: wantedAt(1).change.state.msisdn, account: null, iccid: null };
  await store.write({ ...acceptanceOf(2, { imsi: OTHER_IMSI }), entry: entryOf(2, { imsi: OTHER_IMSI, names }) });
  await store.write(effects({ ...REFUSED, imsi: OTHER_IMSI, wanted: wantedAt(2, { imsi: OTHER_IMSI }) }));
  const { delivery, reconciler } = connector(store, new SlowCore(clock), clock);
  reconciler.start();
  const told = delivery.deliver(arrivalOf(3, null), []);
  await clock.advance(1_000);
  assert.equal((await told).kind, 'processed');
  const { applied, dead } = await store.look(OTHER_IMSI);
  assert.deepEqual([applied?.eventId, dead], ['event-2', null]);
  await stopped(reconciler, clock);
  await store.close();
});

test('inline: a dead letter that an operator discards while an older event has it tried once more stays discarded', async () => {
  const { clock, store } = await site();
  const core = new SlowCore(clock);
  const { delivery, reconciler } = connector(store, core, clock);
  const call = `${IMSI} ${wantedAt(5).change.state.msisdn}`;
  core.answers.set(call, TIMED_OUT);
  core.meanwhile.set(call, () => store.write(effects({ kind: 'discard', imsi: IMSI, why: 'not ours' })));
  const told = delivery.deliver(arrivalOf(3), []);
  await clock.advance(1_000);
  assert.equal((await told).kind, 'failed');
  core.meanwhile.clear();
  core.answers.set(call, failed('refused', 'No such profile'));
  reconciler.start();
  await clock.advance(2 * LIMITS.settleAfterMs);
  const { desired, applied } = await store.look(IMSI);
  assert.deepEqual([desired, applied?.eventId], [null, 'event-1']);
  assert.equal((await store.views.event('event-5'))?.state, 'discarded');
  await stopped(reconciler, clock);
  await store.close();
});
