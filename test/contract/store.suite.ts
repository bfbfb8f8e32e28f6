import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Limits } from '../../src/core/subscriber.ts';
import { type Store, StoreError } from '../../src/ports/store.ts';
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

/** A fresh, empty database, opened as often as a test likes; closing drops it. */
export interface StoreBench extends AsyncDisposable {
  open(limits?: Limits): Promise<Store>;
  /** A store whose claims outlive it: `abandon` leaves them behind as a killed process would. */
  openMortal(limits?: Limits): Promise<{ store: Store; abandon(): Promise<void> }>;
}

const HOLD_MS = 200;

/** What every store must do, whatever it is made of. */
export function storeContract(name: string, makeBench: () => Promise<StoreBench>): void {
  describe(`store contract: ${name}`, () => {
    test('knows nothing of a subscriber it never heard of', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const found = await store.claim(IMSI, null, HOLD_MS);
      assert.equal(found?.imsi, IMSI);
      assert.deepEqual([found?.applied, found?.desired, found?.dueAt], [null, null, null]);
      assert.equal(await store.views.subscriber(IMSI), null);
      await store.close();
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
      await store.close();
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
      const { body: sent, ...expected } = entry;
      assert.deepEqual(kept, expected);
      assert.deepEqual(Buffer.from(body), Buffer.from(sent));
      assert.deepEqual([deliveries, seq > 0, updatedAt > 0], [1, true, true]);
      await next.close();
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
      await store.close();
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
      await store.close();
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
      await store.close();
    });

    test('serves those who wait longest and those who came last alike', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const imsis = Array.from({ length: 20 }, (_, index) => String(250010000000000 + index));
      for (const [index, imsi] of imsis.entries()) {
        await store.write(acceptanceOf(index, { imsi }));
        // Due at different times: the order is what this is about.
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      const claimed = (await store.claimDue(4, HOLD_MS)).map(({ imsi }) => imsi);
      assert.deepEqual(new Set(claimed), new Set([...imsis.slice(0, 2), ...imsis.slice(-2)]));
      // Where places become free one at a time, neither may be left out.
      const [first, second] = [await store.claimDue(1, HOLD_MS), await store.claimDue(1, HOLD_MS)];
      const next = [...first, ...second].map(({ imsi }) => imsi);
      assert.deepEqual(new Set(next), new Set([imsis[2], imsis[17]]));
      await store.close();
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
      await store.close();
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
      await next.close();
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
      await store.close();
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
      await store.close();
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
      await store.close();
    });

    test('takes a claim whose holder is gone for an unknown result', async () => {
      await using bench = await makeBench();
      const { store, abandon } = await bench.openMortal();
      await store.claim(IMSI, wantedAt(1, { owed: false }), HOLD_MS);
      await abandon();
      const next = await bench.open();
      const found = await untilFree(next, IMSI);
      assert.deepEqual(found.desired, wantedAt(1, { owed: false }), 'it may have been sent');
      assert.ok(found.unsettledUntil && found.dueAt);
      await next.close();
    });

    test('doubts the newest state when an older event comes that it never heard of', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      await store.claim(IMSI, wantedAt(5), HOLD_MS);
      await store.write({
        entry: entryOf(5, { state: 'processed' }),
        story: null,
        effects: [{ kind: 'applied', imsi: IMSI, wanted: wantedAt(5), ageMs: 1, released: [] }],
      });
      const stale = async (n: number) => {
        await store.claim(IMSI, wantedAt(n), HOLD_MS);
        const entry = entryOf(n, { state: 'superseded' });
        await store.write({ entry, story: null, effects: [{ kind: 'stale', imsi: IMSI, eventId: entry.eventId }] });
      };
      await store.write({ entry: entryOf(3, { state: 'failed', status: 503 }), story: null, effects: [] });
      await stale(3);
      assert.equal((await store.views.subscriber(IMSI))?.unsettledUntil, null, 'it is known what became of it');
      await stale(2);
      assert.ok((await store.views.subscriber(IMSI))?.unsettledUntil);
      await store.close();
    });

    test('does not forget a release that a number waits for before it was done (G5)', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const release = { version: versionAt(2), change: wantedAt(2, { imsi: OTHER_IMSI, msisdn: null }).change };
      await store.write(effects({ kind: 'expect', imsi: IMSI, after: [release] }));
      const claimed = await store.claim(IMSI, wantedAt(3), HOLD_MS);
      assert.deepEqual(claimed?.after, [release]);
      const grant = effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(3), ageMs: 1, released: [release] });
      await assert.rejects(store.write(grant), (error) => error instanceof StoreError && !error.passing);
      const released = wantedAt(2, { imsi: OTHER_IMSI, msisdn: null });
      await store.claim(OTHER_IMSI, released, HOLD_MS);
      await store.write(effects({ kind: 'applied', imsi: OTHER_IMSI, wanted: released, ageMs: 1, released: [] }));
      assert.deepEqual(await store.write(grant), [true]);
      assert.deepEqual((await store.views.subscriber(IMSI))?.after, []);
      await store.close();
    });

    test('keeps a release that was announced while an earlier number was on its way', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const release = { version: versionAt(2), change: wantedAt(2, { imsi: OTHER_IMSI, msisdn: null }).change };
      await store.claim(IMSI, wantedAt(3), HOLD_MS);
      await store.write(effects({ kind: 'expect', imsi: IMSI, after: [release] }));
      await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(3), ageMs: 1, released: [] }));
      assert.deepEqual((await store.views.subscriber(IMSI))?.after, [release]);
      await store.close();
    });

    test('writes all of a swap or nothing, and shows its event as done when both SIMs are', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const [release, grant] = [wantedAt(2, { imsi: OTHER_IMSI, msisdn: null }), wantedAt(2)];
      await store.write({
        entry: entryOf(2, { previousImsi: OTHER_IMSI }),
        story: null,
        effects: [
          { kind: 'want', imsi: OTHER_IMSI, wanted: release, after: [] },
          { kind: 'want', imsi: IMSI, wanted: grant, after: [release] },
        ],
      });
      assert.equal((await store.claimDue(9, 60_000)).length, 2);
      await store.write(effects({ kind: 'applied', imsi: OTHER_IMSI, wanted: release, ageMs: 1, released: [] }));
      assert.equal((await store.views.event('event-2'))?.state, 'queued');
      await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: grant, ageMs: 1, released: [] }));
      assert.equal((await store.views.event('event-2'))?.state, 'processed');
      assert.equal((await store.views.events({ imsi: OTHER_IMSI, limit: 9 })).length, 1);
      await store.close();
    });

    test('adds a new delivery to the story of its event, and does not forget that it was done', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const attempts = [{ at: 1, imsi: IMSI, action: 'update', result: 'done' as const, durationMs: 1 }];
      await store.write({ entry: entryOf(1, { state: 'processed', attempts }), story: null, effects: [] });
      await store.write({ entry: entryOf(1, { state: 'superseded', uniqueId: 'second' }), story: null, effects: [] });
      const event = await store.views.event('event-1');
      assert.deepEqual(
        [event?.state, event?.deliveries, event?.uniqueId, event?.attempts],
        ['processed', 2, 'second', attempts],
      );
      await store.close();
    });

    test('does many things at once, each with its own result', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      const imsis = Array.from({ length: 300 }, (_, index) => String(250010000000000 + index));
      await Promise.all(
        imsis.map(async (imsi, index) => {
          const wanted = wantedAt(index, { imsi });
          const twice = await Promise.all([store.claim(imsi, wanted, 60_000), store.claim(imsi, wanted, 60_000)]);
          assert.equal(twice.filter((one) => one?.imsi === imsi).length, 1);
          await store.write({
            entry: entryOf(index, { imsi, state: 'processed' }),
            story: null,
            effects: [{ kind: 'applied', imsi, wanted, ageMs: 1, released: [] }],
          });
        }),
      );
      const page = await store.views.subscribers({ afterImsi: there(imsis[9]), limit: 10 });
      assert.deepEqual(
        page.map(({ imsi }) => imsi),
        imsis.slice(10, 20),
      );
      await store.close();
    });

    test('finds events by state, subscriber and time, newest first, page by page', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      for (let n = 1; n <= 6; n++) {
        const entry = entryOf(n, { imsi: n % 2 ? IMSI : OTHER_IMSI, state: n < 4 ? 'processed' : 'failed' });
        await store.write({ entry, story: null, effects: [] });
      }
      const ids = async (filter: Omit<Parameters<Store['views']['events']>[0], 'limit'>) =>
        (await store.views.events({ limit: 9, ...filter })).map(({ eventId }) => eventId);
      assert.deepEqual(await ids({ state: 'failed' }), ['event-6', 'event-5', 'event-4']);
      assert.deepEqual(await ids({ imsi: IMSI }), ['event-5', 'event-3', 'event-1']);
      const { receivedAt } = entryOf(3);
      assert.deepEqual(await ids({ from: receivedAt, until: receivedAt + 2 }), ['event-4', 'event-3']);
      const [first] = await store.views.events({ limit: 1 });
      assert.deepEqual((await ids({ beforeSeq: there(first).seq })).slice(0, 2), ['event-5', 'event-4']);
      await store.close();
    });

    test('shows a replayed event as queued again, and does not count it as a delivery', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      for (const n of [1, 2]) {
        await store.write({ ...acceptanceOf(n), entry: entryOf(n, { state: 'failed' }), effects: [] });
      }
      const replay = (n: number) => store.write({ ...acceptanceOf(n), entry: null });
      const stateOf = async (n: number) => (await store.views.event(`event-${n}`))?.state;
      assert.deepEqual(await replay(2), [true]);
      assert.deepEqual(await replay(1), [false]);
      const again = await store.views.event('event-2');
      assert.deepEqual([again?.state, again?.deliveries], ['queued', 1]);
      assert.equal(await stateOf(1), 'failed', 'something newer is wanted: nothing happens to it');
      await store.write(effects({ kind: 'applied', imsi: IMSI, wanted: wantedAt(2), ageMs: 1, released: [] }));
      assert.equal(await stateOf(2), 'processed');
      await store.close();
    });

    test('forgets old events in small batches, but none that something waits for', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      await store.write(acceptanceOf(1));
      for (let n = 2; n <= 6; n++)
        await store.write({ entry: entryOf(n, { state: 'processed' }), story: null, effects: [] });
      const before = entryOf(5).receivedAt;
      assert.equal(await store.clean(before, 2), 2);
      assert.equal(await store.clean(before, 2), 1);
      assert.equal(await store.clean(before, 2), 0);
      const left = await store.views.events({ limit: 9 });
      assert.deepEqual(
        left.map(({ eventId }) => eventId),
        ['event-6', 'event-5', 'event-1'],
      );
      await store.close();
    });

    test('can be closed twice', async () => {
      await using bench = await makeBench();
      const store = await bench.open();
      await store.close();
      await store.close();
    });
  });
}

function there<T>(value: T | null | undefined): T {
  assert.ok(value !== null && value !== undefined);
  return value;
}

async function untilClaimed(store: Store) {
  for (;;) {
    const claimed = await store.claimDue(1, 60_000);
    if (claimed.length > 0) return claimed;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function untilFree(store: Store, imsi: string) {
  for (;;) {
    const claimed = await store.claim(imsi, null, 60_000);
    if (claimed) return claimed;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
