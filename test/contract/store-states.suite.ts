import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StoreError } from '../../src/ports/store.ts';
import { until } from '../helpers/polling.ts';
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
import { HOLD_MS, type StoreBench, there, untilClaimed } from './store-bench.ts';

/** What is known of subscribers, whatever the store is made of. */
export function statesContract(name: string, makeBench: () => Promise<StoreBench>): void {
  describe(`store contract, subscribers: ${name}`, () => {
    test('knows nothing of a subscriber it never heard of', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const found = await store.claim(IMSI, null, HOLD_MS);
      assert.equal(found?.imsi, IMSI);
      assert.deepEqual([found?.applied, found?.desired, found?.dueAt], [null, null, null]);
      assert.equal(await store.views.subscriber(IMSI), null);
    });

    test('shows a subscriber by what is known of him: a release that his number waits for, but not an event that names him', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const release = { version: versionAt(2), change: wantedAt(2, { imsi: OTHER_IMSI, msisdn: null }).change };
      await store.write({ entry: entryOf(1, { imsi: OTHER_IMSI, state: 'ignored' }), story: null, effects: [] });
      await store.write(effects({ kind: 'expect', imsi: IMSI, after: [release], wanted: null }));
      const shown = await store.views.subscribers({ limit: 9 });
      assert.deepEqual(
        shown.map(({ imsi, after }) => [imsi, after]),
        [[IMSI, [release]]],
      );
      assert.deepEqual((await store.views.subscriber(IMSI))?.after, [release]);
      assert.equal(await store.views.subscriber(OTHER_IMSI), null);
    });

    test('holds a subscriber for one at a time, until something is written for him', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      assert.ok(await store.claim(IMSI, wantedAt(1), 60_000));
      assert.equal(await store.claim(IMSI, wantedAt(2), 60_000), null);
      assert.ok(await store.claim(OTHER_IMSI, null, 60_000), 'others are not held up');
      await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(1), ageMs: 5, released: [] }));
      const again = await store.claim(IMSI, wantedAt(2), 60_000);
      assert.deepEqual(again?.applied, wantedAt(1));
    });

    test('keeps what was applied, and everything about the event, for the next process', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      await store.claim(IMSI, wantedAt(1), HOLD_MS);
      const attempts = [
        { at: 17, imsi: IMSI, action: 'update', result: 'done' as const, coreStatus: 200, durationMs: 3 },
      ];
      const entry = entryOf(1, { state: 'processed', attempts });
      await store.write({
        entry,
        story: null,
        effects: [{ kind: 'applied', imsi: IMSI, wanted: wantedAt(1), ageMs: 5, released: [] }],
      });
      await store.close();
      const next = await bench.open();
      assert.deepEqual((await next.views.subscriber(IMSI))?.applied, wantedAt(1));
      const { seq, deliveries, updatedAt, body, ...kept } = there(await next.views.event('event-1'));
      const { body: sent, names, ...expected } = entry;
      assert.deepEqual(kept, expected);
      assert.deepEqual(Buffer.from(body), Buffer.from(sent));
      assert.deepEqual([deliveries, seq > 0, updatedAt > 0], [1, true, true]);
    });

    test('refuses to let an applied state go back, and takes it for a reason to confirm the newest (G2, G4)', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      for (const n of [2, 1]) {
        await store.claim(IMSI, wantedAt(n), HOLD_MS);
        await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(n), ageMs: 1, released: [] }));
      }
      const known = await store.views.subscriber(IMSI);
      assert.deepEqual(known?.applied?.version, versionAt(2));
      assert.ok(known?.unsettledUntil, 'somebody held on for too long: the older may lie on top');
    });

    test('makes subscribers due in the moment their events are accepted, and supersedes what they overtake', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      assert.deepEqual(await store.write(acceptanceOf(1)), [true]);
      assert.deepEqual(await store.write(acceptanceOf(3)), [true]);
      assert.deepEqual(await store.write(acceptanceOf(2)), [false], 'older than what waits');
      assert.equal((await store.views.event('event-1'))?.state, 'superseded');
      assert.equal((await store.views.event('event-2'))?.state, 'superseded');
      assert.equal((await store.views.event('event-3'))?.state, 'queued');
      const due = await store.claimDue(10, HOLD_MS);
      assert.deepEqual(
        due.map(({ imsi, desired }) => [imsi, desired]),
        [[IMSI, wantedAt(3)]],
      );
      assert.deepEqual(await store.claimDue(10, HOLD_MS), [], 'he is held');
      await store.write({
        entry: null,
        story: {
          eventId: 'event-3',
          attempts: [{ at: 1, imsi: IMSI, action: 'update', result: 'done', durationMs: 1 }],
        },
        effects: [{ kind: 'applied', imsi: IMSI, wanted: wantedAt(3), ageMs: 1, released: [] }],
      });
      assert.deepEqual(await store.claimDue(10, HOLD_MS), [], 'nothing is left to do');
      const done = await store.views.event('event-3');
      assert.deepEqual([done?.state, done?.attempts.length], ['processed', 1]);
      assert.deepEqual(await store.views.backlog(), { waiting: 0, oldest: null, dead: 0 });
    });

    test('keeps a change that comes in while the one before is under way', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      await store.write(acceptanceOf(1));
      const [held] = await store.claimDue(1, HOLD_MS);
      await store.write(acceptanceOf(2));
      await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: there(held?.desired), ageMs: 1, released: [] }));
      const [next] = await store.claimDue(1, HOLD_MS);
      assert.deepEqual([next?.applied, next?.desired], [wantedAt(1), wantedAt(2)]);
    });

    test('serves those who wait longest and those who came last alike', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const imsis = Array.from({ length: 20 }, (_, index) => String(250010000000000 + index));
      for (const [index, imsi] of imsis.entries()) {
        await store.write(acceptanceOf(index, { imsi }));
        // Due at different times: the order is what this is about.
        const { dueAt } = await store.look(imsi);
        await until('its time is over', () => Date.now() > there(dueAt));
      }
      const claimed = (await store.claimDue(4, HOLD_MS)).map(({ imsi }) => imsi);
      assert.deepEqual(new Set(claimed), new Set([...imsis.slice(0, 2), ...imsis.slice(-2)]));
      // Where places become free one at a time, neither may be left out.
      const [first, second] = [await store.claimDue(1, HOLD_MS), await store.claimDue(1, HOLD_MS)];
      const next = [...first, ...second].map(({ imsi }) => imsi);
      assert.deepEqual(new Set(next), new Set([imsis[2], imsis[17]]));
    });

    test('tries again when told to, gives up at the limit, and lives again with a newer event', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      await store.write(acceptanceOf(1));
      for (let attempt = 1; attempt <= LIMITS.maxAttempts; attempt++) {
        const [held] = await store.claimDue(1, HOLD_MS);
        assert.ok(held, `attempt ${attempt}`);
        const failure = { result: 'retry', why: 'no', retryInMs: 0, counts: true } as const;
        await store.write(effects({ kind: 'failed', imsi: IMSI, wanted: there(held.desired), ...failure }));
      }
      assert.deepEqual(await store.claimDue(1, HOLD_MS), []);
      const dead = await store.views.event('event-1');
      assert.deepEqual([dead?.state, dead?.why], ['dead', 'no (after 3 attempts)']);
      assert.equal((await store.views.subscribers({ dead: true, limit: 9 })).length, 1);
      await store.write(acceptanceOf(2));
      const [revived] = await store.claimDue(1, HOLD_MS);
      assert.deepEqual([revived?.desired, revived?.attempts, revived?.dead], [wantedAt(2), 0, null]);
      assert.equal((await store.views.event('event-1'))?.state, 'superseded');
    });

    test('makes an unknown result due for confirmation after its time, also for the next process', async () => {
      await using bench = await makeBench();
      const soon = { ...LIMITS, settleAfterMs: 30 };
      const store = await bench.open(soon);
      const wanted = wantedAt(1, { owed: false });
      await store.claim(IMSI, wanted, HOLD_MS);
      const failure = { result: 'unsure', why: 'cut', retryInMs: null, counts: true } as const;
      await store.write(effects({ kind: 'failed', imsi: IMSI, wanted, ...failure }));
      await store.close();
      const next = await bench.open(soon);
      const [held] = await untilClaimed(next);
      assert.deepEqual(held?.desired, wanted);
      await next.write(effects({ kind: 'applied', imsi: IMSI, wanted, ageMs: 0, released: [] }));
      const settled = await next.views.subscriber(IMSI);
      assert.deepEqual([settled?.applied, settled?.desired, settled?.unsettledUntil], [wanted, null, null]);
    });

    test('takes delays in fractions of milliseconds, as timers and random waits give them', async () => {
      await using bench = await makeBench();
      const store = await bench.open({ ...LIMITS, settleAfterMs: 0.25 });
      await store.write(acceptanceOf(1));
      const [held] = await store.claimDue(1, 1000.5);
      const wanted = there(held?.desired);
      const failure = { result: 'unsure', why: 'cut', retryInMs: 0.75, counts: true } as const;
      await store.write(effects({ kind: 'failed', imsi: IMSI, wanted, ...failure }));
      await untilClaimed(store);
      await store.write(effects({ kind: 'untouched', imsi: IMSI, retryInMs: 0.5 }));
      assert.ok(await store.claim(IMSI, wanted, 1000.5));
    });

    test('keeps a promise when an attempt without a known result takes its place, and says so of its event', async () => {
      await using bench = await makeBench();
      const store = await bench.open({ ...LIMITS, settleAfterMs: 0 });
      await store.write(acceptanceOf(1));
      const newer = wantedAt(4, { owed: false });
      await store.claim(IMSI, newer, HOLD_MS);
      const failure = { kind: 'failed', imsi: IMSI, why: 'no', counts: true } as const;
      await store.write(effects({ ...failure, wanted: newer, result: 'unsure', retryInMs: null }));
      assert.equal((await store.views.event('event-1'))?.state, 'superseded');
      const [held] = await untilClaimed(store);
      const wanted = there(held?.desired);
      assert.deepEqual(wanted, { ...newer, owed: true });
      await store.write(effects({ ...failure, wanted, result: 'rejected', retryInMs: 0 }));
      const [dead] = await store.views.subscribers({ dead: true, limit: 1 });
      assert.deepEqual(dead?.desired, wanted, 'somebody has to look');
    });

    test('refuses one of many writes without a word about the others', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const imsis = Array.from({ length: 20 }, (_, index) => String(250010000000000 + index));
      const results = await Promise.allSettled(
        imsis.map((imsi, index) => {
          const accepted = acceptanceOf(index, { imsi });
          const broken = { ...entryOf(index), state: null as unknown as 'queued' };
          return store.write(index === 10 ? { ...accepted, entry: broken } : accepted);
        }),
      );
      assert.deepEqual(
        results.flatMap((result, index) => (result.status === 'rejected' ? [index] : [])),
        [10],
      );
      const { reason } = results[10] as PromiseRejectedResult;
      assert.ok(reason instanceof StoreError && !reason.passing);
      assert.equal((await store.views.events({ limit: 100 })).length, 19);
      assert.equal(await store.views.subscriber(there(imsis[10])), null, 'all of a write, or nothing');
    });

    test('can be closed twice', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      await store.close();
      await store.close();
    });
  });
}
